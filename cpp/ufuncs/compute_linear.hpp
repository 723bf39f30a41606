// SPDX-License-Identifier: BSD-3-Clause
// Passes over the rows of a linear model, on several threads: contiguous arrays in, contiguous arrays out. Rows are cut
// into spans fixed by the shape alone, each with sums of its own in double, which are added in their order: the number
// of threads changes no bit. `design.scratch` and `scratch` are set here. All may throw std::bad_alloc.
#pragma once
#include "instruction_set.hpp"

namespace multinoulli {

// BLAS, once Python has handed it in.
inline Gemm<float> blas_sgemm = nullptr;
inline Gemm<double> blas_dgemm = nullptr;

// `then`: what becomes of the rows of scores, in their place, before they leave the cache; null for nothing. False: a
// score is not finite, of a class whose offset is not -inf.
template <class From>
bool linear_scores(const ScoresPass<From>& pass, Kernel<double> then, int threads);

// gradient: (d, K), sums: (K,). Returns the sum of the weighted losses.
template <class From>
double linear_gradient(const GradientPass<From>& pass, double* gradient, double* sums, int threads);

template <class T>
void linear_hessian(const HessianPass<T>& pass, double* product, double* sums, int threads);

// gradient: (J + K,), hessian: (J + K, J + K). Returns the loss.
double linear_search(const SearchPass& pass, double* gradient, double* hessian, int threads);

// out = z; out may be point.scores.
void linear_move(const SearchPoint& point, double* out, int threads);

// Rows of the result over threads, by equal shares of entries.
template <class T, class From>
void sparse_product(const SparseProduct<T, From>& product, size_t n_rows, int threads);

}  // namespace multinoulli
