// SPDX-License-Identifier: BSD-3-Clause
// Blocks of rows of X times a (d, K) matrix, and their transpose times a block of K columns. Two ways with one face:
//   rows()                 rows of a block
//   read(first)            take the block that begins with that row of X; rows beyond the last count as any numbers
//   scores(coef, offset)   column(g)[k] = entry k of (x - mean) coef + offset, for group g of as many rows as lanes
//   clear(), add()         sum of (x - mean)^T column, one more block; columns of rows that there are not must be 0
//   fold(out)              out += that sum, (d, K), in double
// In float a sum is folded after so many rows that it has lost nothing yet: see `stretch`.
#pragma once
#include "linear_rows.hpp"

namespace multinoulli {
namespace {

constexpr size_t stretch = 4096;

// One row a lane: coefficients are broadcast, and every sum is a vector of partial sums.
template <class T, class From>
class NarrowProduct {
    static constexpr size_t L = lanes<T>, block = linear_block<T>(1, 1), groups = block / L;
    static constexpr size_t together = vector_bytes == 64 ? 4 : 2;  // groups that share a broadcast or a partial sum

    const Design<T, From>& design_;
    const size_t d_, n_classes_, pitch_;
    Vec<T>*const x_, *const columns_, *const sums_;
    T* const padded_;

    // Classes k..k+count-1 of the scores of some groups.
    template <int count>
    INLINE void add_scores(const Vec<T>* x, const T* coef, const T* offset, Vec<T>* columns) const {
        Vec<T> sum[count][together];
        for (int c = 0; c < count; c++)
            for (size_t g = 0; g < together; g++) sum[c][g] = splat(offset[c]);
        for (size_t f = 0; f < d_; f++)
            for (int c = 0; c < count; c++)
                for (size_t g = 0; g < together; g++) sum[c][g] += x[g * pitch_ + f] * coef[f * n_classes_ + c];
        for (int c = 0; c < count; c++)
            for (size_t g = 0; g < together; g++) columns[c * groups + g] = sum[c][g];
    }

    // Features f..f+count-1 of the sum, for some groups.
    template <int count>
    INLINE void add_features(const Vec<T>* x, const Vec<T>* columns, Vec<T>* sums) const {
        for (size_t k = 0; k < n_classes_; k++) {
            Vec<T> sum[count];
            for (int i = 0; i < count; i++) sum[i] = sums[i * n_classes_ + k];
            for (size_t g = 0; g < together; g++)
                for (int i = 0; i < count; i++) sum[i] += x[g * pitch_ + i] * columns[k * groups + g];
            for (int i = 0; i < count; i++) sums[i * n_classes_ + k] = sum[i];
        }
    }

  public:
    NarrowProduct(const Design<T, From>& design, Arena& arena)
        : design_(design),
          d_(design.d),
          n_classes_(design.n_classes),
          pitch_(padded_length<T>(d_)),
          x_(arena.take<Vec<T>>(groups * pitch_)),
          columns_(arena.take<Vec<T>>(groups * n_classes_)),
          sums_(arena.take<Vec<T>>(d_ * n_classes_)),
          padded_(arena.take<T>(padding_for<T>(d_))) {}

    size_t rows() const { return block; }
    Column<T> column(size_t g) const { return {columns_ + g, groups}; }

    void read(size_t first) {
        for (size_t g = 0; g < groups; g++) {
            const size_t row = first + g * L, left = rows_left(design_.n_rows, row);
            Vec<T>* const x = x_ + g * pitch_;
            read_lanes(x, design_.X + (left ? row * d_ : 0), d_, left, padded_);
            if (design_.mean)
                for (size_t f = 0; f < d_; f++) x[f] -= T(design_.mean[f]);
        }
    }

    void scores(const T* coef, const T* offset) {
        for (size_t g = 0; g < groups; g += together) {
            const Vec<T>* const x = x_ + g * pitch_;
            Vec<T>* const columns = columns_ + g;
            size_t k = 0;
            for (; k + 4 <= n_classes_; k += 4) add_scores<4>(x, coef + k, offset + k, columns + k * groups);
            if (k + 2 <= n_classes_) add_scores<2>(x, coef + k, offset + k, columns + k * groups), k += 2;
            if (k < n_classes_) add_scores<1>(x, coef + k, offset + k, columns + k * groups);
        }
    }

    void clear() { __builtin_memset(sums_, 0, d_ * n_classes_ * sizeof(Vec<T>)); }
    void add() {
        for (size_t g = 0; g < groups; g += together) {
            const Vec<T>* const x = x_ + g * pitch_;
            size_t f = 0;
            for (; f + 2 <= d_; f += 2) add_features<2>(x + f, columns_ + g, sums_ + f * n_classes_);
            if (f < d_) add_features<1>(x + f, columns_ + g, sums_ + f * n_classes_);
        }
    }
    void fold(double* out) const {
        for (size_t i = 0; i < d_ * n_classes_; i++) out[i] += sum_in_double(sums_[i]);
    }
};

// BLAS. Scores are kept upright, (K, rows): the long side of the product is then the one that BLAS spreads over lanes
// (with K = 10 the other way round it leaves most of them empty), and they are as the row arithmetic wants them.
template <class T, class From>
class WideProduct {
    const Design<T, From>& design_;
    const size_t d_, n_classes_, block_;
    T *const own_, *const columns_, *const sums_;  // sums of shape (K, d)
    T* x_ = nullptr;
    bool fresh_ = true;

    void multiply(char op_a, char op_b, size_t m, size_t k, T* a, size_t lda, T* b, size_t ldb, T beta, T* c) const {
        int m_ = int(m), n_ = int(n_classes_), k_ = int(k), lda_ = int(lda), ldb_ = int(ldb);
        T one = 1;
        design_.gemm(&op_a, &op_b, &m_, &n_, &k_, &one, a, &lda_, b, &ldb_, &beta, c, &m_);
    }

  public:
    WideProduct(const Design<T, From>& design, Arena& arena)
        : design_(design),
          d_(design.d),
          n_classes_(design.n_classes),
          block_(linear_block<T>(d_, n_classes_)),
          own_(arena.take<T>(block_ * d_)),
          columns_(arena.take<T>(block_ * n_classes_)),
          sums_(arena.take<T>(d_ * n_classes_)) {}

    size_t rows() const { return block_; }
    Column<T> column(size_t g) const { return {reinterpret_cast<Vec<T>*>(columns_) + g, block_ / lanes<T>}; }

    void read(size_t first) {
        const From* const from = design_.X + first * d_;
        const size_t left = design_.n_rows - first, some = left < block_ ? left : block_;
        if constexpr (sizeof(T) == sizeof(From))
            if (!design_.mean && some == block_) {
                x_ = const_cast<From*>(from);  // BLAS does not say that it only reads it
                return;
            }
        x_ = own_;
        for (size_t i = 0; i < some; i++)
            for (size_t f = 0; f < d_; f++)
                own_[i * d_ + f] = T(from[i * d_ + f]) - (design_.mean ? T(design_.mean[f]) : T(0));
        __builtin_memset(own_ + some * d_, 0, (block_ - some) * d_ * sizeof(T));
    }

    void scores(const T* coef, const T* offset) {
        for (size_t k = 0; k < n_classes_; k++)
            for (size_t i = 0; i < block_; i++) columns_[k * block_ + i] = offset[k];
        multiply('T', 'T', block_, d_, x_, d_, const_cast<T*>(coef), n_classes_, 1, columns_);
    }

    void clear() { fresh_ = true; }
    void add() {
        multiply('N', 'N', d_, block_, x_, d_, columns_, block_, fresh_ ? T(0) : T(1), sums_);
        fresh_ = false;
    }
    void fold(double* out) const {
        for (size_t k0 = 0; k0 < n_classes_; k0 += 16)  // a line of `out` at a time
            for (size_t f = 0; f < d_; f++)
                for (size_t k = k0; k < k0 + 16 && k < n_classes_; k++)
                    out[f * n_classes_ + k] += double(sums_[k * d_ + f]);
    }
};

}  // namespace
}  // namespace multinoulli
