// SPDX-License-Identifier: BSD-3-Clause
// From arrays in memory to elementwise kernels: any strides, elements over threads.
#pragma once
#include "instruction_set.hpp"
#include "numpy.hpp"

namespace multinoulli {

inline constexpr const char* elementwise_names[n_elementwise_functions] = {"sigmoid", "log_sigmoid", "softplus",
                                                                           "logit", "log1mexp"};

// y[i] = f(x[i]), strides in bytes. Where x and y overlap, element i is read before y[i] is written and never after.
template <class T>
void compute_elementwise(ElementwiseFunction function, const char* x, npy_intp x_stride, char* y, npy_intp y_stride,
                         npy_intp n);

}  // namespace multinoulli
