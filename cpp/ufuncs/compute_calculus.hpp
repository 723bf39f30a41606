// SPDX-License-Identifier: BSD-3-Clause
// Derivatives times vectors, and softmax over ragged rows: contiguous arrays in, contiguous arrays out.
#pragma once
#include <cstdint>

#include "instruction_set.hpp"

namespace multinoulli {

// scores, vectors and results: (rows, n_classes), n_classes in 1...2^31 - 1; `results` overlaps neither of the others.
// May throw std::bad_alloc.
template <class T>
void compute_product(Product product, const T* scores, const T* vectors, T* results, size_t rows, size_t n_classes);

// Row i is scores[indptr[i]] ... scores[indptr[i + 1] - 1]; indptr ascends from 0. softmax writes `elements`, which may
// be `scores`; logsumexp writes `per_row`, -inf for an empty row. May throw std::bad_alloc.
template <class T>
void compute_segments(Function function, const T* scores, const int64_t* indptr, size_t rows, T* elements, T* per_row);

}  // namespace multinoulli
