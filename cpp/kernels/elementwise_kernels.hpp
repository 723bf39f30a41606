// SPDX-License-Identifier: BSD-3-Clause
// The face of the elementwise kernels: what the bindings see of them. One table per instruction set.
#pragma once
#include <cstddef>

namespace multinoulli {

enum ElementwiseFunction { sigmoid, log_sigmoid, softplus, logit, log1mexp, n_elementwise_functions };

// y[i] = f(x[i]) for i < n, both contiguous; y may be x, or else must not overlap it.
// `streamed`: y is far larger than the cache, store around it. The bits of y[i] depend on x[i], the function and the
// instruction set alone.
template <class T>
using ElementwiseKernel = void (*)(const T* x, T* y, size_t n, bool streamed);

struct ElementwiseTable {
    ElementwiseKernel<float> f32[n_elementwise_functions];
    ElementwiseKernel<double> f64[n_elementwise_functions];
};

#if defined(__x86_64__)
extern const ElementwiseTable elementwise_v2, elementwise_v3, elementwise_v4;
#else
extern const ElementwiseTable elementwise_baseline;
#endif

}  // namespace multinoulli
