// SPDX-License-Identifier: BSD-3-Clause
// A sparse matrix times a dense one of K columns: every entry adds a multiple of K contiguous numbers. The sums of a
// row stay in registers; they are folded after so many entries, lest a long sum in float lose what comes last.
#pragma once
#include "../math/simd.hpp"
#include "linear_kernels.hpp"

namespace multinoulli {
namespace {

constexpr size_t entries_at_once = 256;

// Columns at[0], at[1] ... and as many after each as a vector has lanes.
template <int count, class T, class From>
INLINE void add_columns(const SparseProduct<T, From>& product, size_t row, const size_t* at) {
    const size_t begin = size_t(product.indptr[row]), end = size_t(product.indptr[row + 1]);
    Vec<T> total[count];
    for (int i = 0; i < count; i++) total[i] = product.offset ? load(product.offset + at[i]) : Vec<T>{};
    for (size_t first = begin; first < end; first += entries_at_once) {
        const size_t last = end - first < entries_at_once ? end : first + entries_at_once;
        Vec<T> sum[count] = {};
        for (size_t e = first; e < last; e++) {
            const T* const from = product.matrix + size_t(product.indices[e]) * product.n_classes;
            const T factor = T(product.data[e]);
            for (int i = 0; i < count; i++) sum[i] += factor * load(from + at[i]);
        }
        for (int i = 0; i < count; i++) total[i] += sum[i];
    }
    for (int i = 0; i < count; i++) store(product.out + row * product.n_classes + at[i], total[i]);
}

// Fewer columns than a vector has lanes.
template <class T, class From>
INLINE void add_few_columns(const SparseProduct<T, From>& product, size_t row) {
    const size_t n = product.n_classes, begin = size_t(product.indptr[row]), end = size_t(product.indptr[row + 1]);
    T total[lanes<T>] = {};
    for (size_t k = 0; product.offset && k < n; k++) total[k] = product.offset[k];
    for (size_t first = begin; first < end; first += entries_at_once) {
        const size_t last = end - first < entries_at_once ? end : first + entries_at_once;
        T sum[lanes<T>] = {};
        for (size_t e = first; e < last; e++) {
            const T* const from = product.matrix + size_t(product.indices[e]) * n;
            const T factor = T(product.data[e]);
            for (size_t k = 0; k < n; k++) sum[k] += factor * from[k];
        }
        for (size_t k = 0; k < n; k++) total[k] += sum[k];
    }
    for (size_t k = 0; k < n; k++) product.out[row * n + k] = total[k];
}

// The last vector of a row ends with it, over some of what precedes it: the same numbers once more.
template <class T, class From>
void sparse_kernel(const SparseProduct<T, From>& product, size_t begin, size_t end) {
    constexpr size_t L = lanes<T>;
    const size_t n = product.n_classes, vectors = (n + L - 1) / L;
    for (size_t row = begin; row < end; row++) {
        if (n < L) {
            add_few_columns(product, row);
            continue;
        }
        for (size_t v = 0; v < vectors; v += 4) {
            size_t at[4];
            for (size_t i = 0; i < 4; i++) at[i] = (v + i + 1) * L <= n ? (v + i) * L : n - L;
            switch (vectors - v) {
                case 1:
                    add_columns<1>(product, row, at);
                    break;
                case 2:
                    add_columns<2>(product, row, at);
                    break;
                case 3:
                    add_columns<3>(product, row, at);
                    break;
                default:
                    add_columns<4>(product, row, at);
            }
        }
    }
}

}  // namespace
}  // namespace multinoulli
