// SPDX-License-Identifier: BSD-3-Clause
// Losses with everything that may be asked of them: contiguous arrays in, contiguous arrays out, in one pass.
#pragma once
#include "instruction_set.hpp"

namespace multinoulli {

// scores: (rows, n_classes), n_classes >= 1; labels in range. Targets of the other floating type are `other_targets`,
// shares.targets being null. May throw std::bad_alloc.
template <class T, class Other>
void compute_shares(const Shares<T>& shares, const Other* other_targets, const T* scores, size_t rows,
                    size_t n_classes);

// See ShareKernels. May throw std::bad_alloc.
template <class T>
void compute_weighed(const T* targets, const double* class_weight, size_t rows, size_t n_classes, double* sums);

// The sum of the weighted losses, and false in `valid` if a label is neither 0 nor 1, or no probability; the same
// for any number of threads. May throw std::bad_alloc.
template <class T>
double compute_binary(const BinaryLoss<T>& loss, size_t n, bool& valid);

}  // namespace multinoulli
