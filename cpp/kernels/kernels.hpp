// SPDX-License-Identifier: BSD-3-Clause
// The face of the kernels: what the bindings see of them. One table per instruction set; the module picks one at
// import.
#pragma once
#include <cstddef>
#include <cstdint>

namespace multinoulli {

enum Function { softmax, log_softmax, logsumexp, cross_entropy, cross_entropy_gradient, n_functions };

// Rows of contiguous scores, and where the results go; what a function lacks is null.
// Labels are 0..n_classes-1, checked by the caller. n_classes >= 1. `elements` may be `scores` (in place).
template <class T>
struct Rows {
    const T* scores;        // (rows, n_classes)
    const int64_t* labels;  // (rows,)            cross_entropy, cross_entropy_gradient
    T* elements;            // (rows, n_classes)  softmax, log_softmax, cross_entropy_gradient
    T* per_row;             // (rows,)            logsumexp, cross_entropy, cross_entropy_gradient (the loss)
    size_t n_classes;
    bool streamed;  // the outputs are far larger than the cache: store around it
};

// Computes rows begin..end-1. A row's bits depend on that row, the function and the instruction set alone.
template <class T>
using Kernel = void (*)(const Rows<T>&, size_t begin, size_t end);

struct KernelTable {
    const char* name;
    Kernel<float> f32[n_functions];
    Kernel<double> f64[n_functions];
};

#if defined(__x86_64__)
extern const KernelTable kernels_v2, kernels_v3, kernels_v4;  // x86-64-v2: SSE4.2, v3: AVX2 and FMA, v4: AVX-512
#else
extern const KernelTable kernels_baseline;  // what the compiler targets by default
#endif

}  // namespace multinoulli
