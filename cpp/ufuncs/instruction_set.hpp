// SPDX-License-Identifier: BSD-3-Clause
// Which of the compiled instruction sets this process computes with; chosen once, at import.
#pragma once
#include "elementwise_kernels.hpp"
#include "kernels.hpp"
#include "linear_kernels.hpp"
#include "naive_bayes_kernels.hpp"
#include "steps.hpp"

namespace multinoulli {

extern const KernelTable* kernels;
extern const ElementwiseTable* elementwise_kernels;
extern const LinearTable* linear_kernels;
extern const NaiveBayesTable* naive_bayes_kernels;
extern const StepTable* steps;

// The best set that the processor has, or the one that MULTINOULLI_ISA names. False: an ImportError is set.
bool choose_kernels();

template <class T>
const Kernels<T>& kernels_for() {
    if constexpr (sizeof(T) == sizeof(float))
        return kernels->f32;
    else
        return kernels->f64;
}
template <class T>
ElementwiseKernel<T> elementwise_kernel(ElementwiseFunction function) {
    if constexpr (sizeof(T) == sizeof(float))
        return elementwise_kernels->f32[function];
    else
        return elementwise_kernels->f64[function];
}
template <class T>
BinaryKernel<T> binary_kernel() {
    if constexpr (sizeof(T) == sizeof(float))
        return elementwise_kernels->binary_f32;
    else
        return elementwise_kernels->binary_f64;
}

}  // namespace multinoulli
