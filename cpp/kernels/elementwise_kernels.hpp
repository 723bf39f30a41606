// SPDX-License-Identifier: BSD-3-Clause
// The face of the elementwise kernels: what the bindings see of them. One table per instruction set.
#pragma once
#include <cstddef>
#include <cstdint>

namespace multinoulli {

enum ElementwiseFunction { sigmoid, log_sigmoid, softplus, logit, log1mexp, n_elementwise_functions };

// y[i] = f(x[i]) for i < n, both contiguous; y may be x, or else must not overlap it.
// `streamed`: y is far larger than the cache, store around it. The bits of y[i] depend on x[i], the function and the
// instruction set alone.
template <class T>
using ElementwiseKernel = void (*)(const T* x, T* y, size_t n, bool streamed);

// Samples of two classes with one score each. With q the label, or the second class's share of the target, smoothed to
// (1 - e) q + e / 2, the loss is weight (second q softplus(-s) + first (1 - q) softplus(s) + z_loss softplus(s)^2), and
// its derivative is divided by `divisor`, too.
enum class LabelType { uint8, int64, float32, float64 };
template <class T>
struct BinaryLoss {
    const T* scores;
    const void* labels;
    LabelType label_type;
    double first, second;  // class weights
    double smoothing, z_loss;
    const double* weights;  // null: 1
    double divisor;
    T *losses, *gradient;  // either may be null; the gradient may be `scores`
};
// Of samples begin..end-1; `sum` becomes the sum of their losses. False: a label is neither 0 nor 1, or no probability.
template <class T>
using BinaryKernel = bool (*)(const BinaryLoss<T>&, size_t begin, size_t end, double& sum);

struct ElementwiseTable {
    ElementwiseKernel<float> f32[n_elementwise_functions];
    ElementwiseKernel<double> f64[n_elementwise_functions];
    BinaryKernel<float> binary_f32;
    BinaryKernel<double> binary_f64;
};

#if defined(__x86_64__)
extern const ElementwiseTable elementwise_v2, elementwise_v3, elementwise_v4;
#else
extern const ElementwiseTable elementwise_baseline;
#endif

}  // namespace multinoulli
