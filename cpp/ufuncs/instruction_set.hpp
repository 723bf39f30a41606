// SPDX-License-Identifier: BSD-3-Clause
// Which of the compiled instruction sets this process computes with; chosen once, at import.
#pragma once
#include "kernels.hpp"

namespace multinoulli {

extern const KernelTable* kernels;

// The best set that the processor has, or the one that MULTINOULLI_ISA names. False: an ImportError is set.
bool choose_kernels();

template <class T>
Kernel<T> kernel(Function function) {
    if constexpr (sizeof(T) == sizeof(float))
        return kernels->f32[function];
    else
        return kernels->f64[function];
}

}  // namespace multinoulli
