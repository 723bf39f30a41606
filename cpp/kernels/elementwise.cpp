// SPDX-License-Identifier: BSD-3-Clause
// All elementwise functions for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its name.
#include "elementwise.hpp"

#include "binary_loss.hpp"
#include "elementwise_kernels.hpp"

namespace multinoulli {

#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(elementwise_, isa)
// In the order of `ElementwiseFunction`.
#define KERNELS(T) {map<Sigmoid, T>, map<LogSigmoid, T>, map<Softplus, T>, map<Logit, T>, map<Log1mExp, T>}

extern const ElementwiseTable TABLE_OF(MULTINOULLI_ISA);
const ElementwiseTable TABLE_OF(MULTINOULLI_ISA) = {KERNELS(float), KERNELS(double), binary_loss<float>,
                                                    binary_loss<double>};

}  // namespace multinoulli
