// SPDX-License-Identifier: BSD-3-Clause
// The third way to multiply blocks of rows by a (d, K) matrix, for many features and not too many classes: a few rows
// times a few vectors of classes, all of it in registers while the features go by. BLAS would copy its operands first,
// which a product with ten columns does not repay (60,000 x 784 times 784 x 10: a fifth of the speed of this).
#pragma once
#include "linear_rows.hpp"

namespace multinoulli {
namespace {

// Rows of a tile beside so many vectors of classes: sums and operands fill the registers that there are.
template <int vectors>
constexpr int rows_beside = vectors <= (vector_bytes == 64 ? 2 : 1) ? 8
                            : vector_bytes == 64 || vectors == 2    ? 4
                                                                    : 2;
constexpr int most_vectors = 4;

// Products in float are added up in float over so many features, and these sums in double: the error of a score is then
// one of so many roundings, however many features there are, and the double sums cost a twentieth.
constexpr size_t single_stretch = 128;

INLINE void put(double* z, Vec<double> sum, bool) { store(z, sum); }
INLINE void put(float* z, Vec<float> sum, bool) { store(z, sum); }
INLINE void put(double* z, Vec<float> sum, bool first) {
    constexpr size_t L = lanes<double>;
    const Vec<double> low = widen_low(sum), high = widen_high(sum);
    store(z, first ? low : load(z) + low);
    store(z + L, first ? high : load(z + L) + high);
}

// z[r] = x[r] w for some rows, w of shape (d, pitch). Asks for the rows that come next.
template <int vectors, class T, class P>
void tile_scores(const P* x, size_t d, const P* w, size_t pitch, T* z) {
    constexpr int rows = rows_beside<vectors>;
    constexpr size_t L = lanes<P>;
    const size_t length = sizeof(T) == sizeof(P) ? d : single_stretch;
    for (size_t begin = 0; begin < d; begin += length) {
        const size_t end = d - begin < length ? d : begin + length;
        Vec<P> sum[rows][vectors] = {};
        for (size_t f = begin; f < end; f++) {
            prefetch(x + rows * d, f * rows * sizeof(P));
            Vec<P> of_feature[vectors];
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) of_feature[v] = load(w + f * pitch + v * L);
#pragma GCC unroll 8
            for (int r = 0; r < rows; r++) {
                const Vec<P> value = splat(x[r * d + f]);
#pragma GCC unroll 4
                for (int v = 0; v < vectors; v++) sum[r][v] += value * of_feature[v];
            }
        }
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) put(z + r * pitch + v * L, sum[r][v], begin == 0);
    }
}

// g += x' u for some rows, g of shape (d, pitch).
template <int vectors, class T>
void tile_adjoint(const T* x, size_t d, const T* u, size_t pitch, T* g) {
    constexpr int rows = rows_beside<vectors>;
    constexpr size_t L = lanes<T>;
    Vec<T> of_row[rows][vectors];
    for (int r = 0; r < rows; r++)
        for (int v = 0; v < vectors; v++) of_row[r][v] = load(u + r * pitch + v * L);
    for (size_t f = 0; f < d; f++) {
        Vec<T> sum[vectors];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) sum[v] = load(g + f * pitch + v * L);
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const Vec<T> value = splat(x[r * d + f]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++) sum[v] += value * of_row[r][v];
        }
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) store(g + f * pitch + v * L, sum[v]);
    }
}

// Results are in T, products in P: float for double results where that is asked for.
template <class T, class From, class P = T>
class TiledProduct {
    static constexpr size_t L = lanes<T>, wide = lanes<P>;

    const Design<T, From>& design_;
    const size_t d_, n_classes_, pitch_, block_, groups_;
    P *const own_, *const weights_, *const sums_;  // (block, d), (d, pitch), (d, pitch)
    T *const rows_, *const shift_;                 // (block, pitch); (K,) what subtracting the mean in P leaves
    Vec<T>* const columns_;                        // (pitch, groups)
    const P* x_ = nullptr;
    const T* packed_ = nullptr;  // the matrix that `weights_` is a copy of

    // Calls f for all vectors of classes, up to most_vectors at a time.
    template <class F>
    void for_classes(F f) const {
        size_t k = 0;
        for (; k + most_vectors * wide <= pitch_; k += most_vectors * wide)
            f(std::integral_constant<int, most_vectors>(), k);
        switch ((pitch_ - k) / wide) {
            case 3:
                return f(std::integral_constant<int, 3>(), k);
            case 2:
                return f(std::integral_constant<int, 2>(), k);
            case 1:
                return f(std::integral_constant<int, 1>(), k);
        }
    }

  public:
    TiledProduct(const Design<T, From>& design, Arena& arena)
        : design_(design),
          d_(design.d),
          n_classes_(design.n_classes),
          pitch_(padded_length<P>(n_classes_)),
          block_(linear_block<T>(d_, n_classes_)),
          groups_(block_ / L),
          own_(arena.take<P>(block_ * d_)),
          weights_(arena.take<P>(d_ * pitch_)),
          sums_(arena.take<P>(d_ * pitch_)),
          rows_(arena.take<T>(block_ * pitch_)),
          shift_(arena.take<T>(n_classes_)),
          columns_(arena.take<Vec<T>>(pitch_ * groups_)) {
        for (size_t i = 0; i < pitch_ * groups_; i++) columns_[i] = Vec<T>{};  // classes that there are not stay so
    }

    size_t rows() const { return block_; }
    Column<T> column(size_t g) const { return {columns_ + g, groups_}; }

    // The mean as it is subtracted; `shift_` makes up for its rounding.
    P mean(size_t f) const { return design_.mean ? P(design_.mean[f]) : P(0); }

    void read(size_t first) {
        const From* const from = design_.X + first * d_;
        const size_t left = design_.n_rows - first, some = left < block_ ? left : block_;
        if constexpr (sizeof(P) == sizeof(From))
            if (!design_.mean && some == block_) {
                x_ = from;
                return;
            }
        x_ = own_;
        for (size_t i = 0; i < some; i++) {
            for (size_t ahead = 0; ahead < d_ * sizeof(From); ahead += line_bytes)  // the next block
                prefetch(from + (i + block_) * d_, ahead);
            if (design_.mean)
                for (size_t f = 0; f < d_; f++) own_[i * d_ + f] = P(from[i * d_ + f]) - mean(f);
            else
                for (size_t f = 0; f < d_; f++) own_[i * d_ + f] = P(from[i * d_ + f]);
        }
        __builtin_memset(own_ + some * d_, 0, (block_ - some) * d_ * sizeof(P));
    }

    void scores(const T* coef, const T* offset) {
        if (packed_ != coef) {
            for (size_t f = 0; f < d_; f++) {
                for (size_t k = 0; k < n_classes_; k++) weights_[f * pitch_ + k] = P(coef[f * n_classes_ + k]);
                for (size_t k = n_classes_; k < pitch_; k++) weights_[f * pitch_ + k] = 0;
            }
            for (size_t k = 0; k < n_classes_; k++) shift_[k] = 0;
            if constexpr (sizeof(P) != sizeof(T))
                for (size_t f = 0; f < (design_.mean ? d_ : 0); f++)
                    for (size_t k = 0; k < n_classes_; k++)
                        shift_[k] += (T(mean(f)) - design_.mean[f]) * coef[f * n_classes_ + k];
            packed_ = coef;
        }
        for_classes([&](auto vectors, size_t k) {
            for (size_t i = 0; i < block_; i += rows_beside<vectors>)
                tile_scores<vectors>(x_ + i * d_, d_, weights_ + k, pitch_, rows_ + i * pitch_ + k);
        });
        Vec<T> tile[L];
        for (size_t g = 0; g < groups_; g++)
            for (size_t k = 0; k < n_classes_; k += L) {
                for (size_t r = 0; r < L; r++) tile[r] = load(rows_ + (g * L + r) * pitch_ + k);
                transpose<T>(tile);
                for (size_t i = 0; i < L && k + i < n_classes_; i++)
                    columns_[(k + i) * groups_ + g] = tile[i] + (offset[k + i] + shift_[k + i]);
            }
    }

    void clear() { __builtin_memset(sums_, 0, d_ * pitch_ * sizeof(P)); }
    void add() {
        Vec<T> tile[L];
        for (size_t g = 0; g < groups_; g++)
            for (size_t k = 0; k < pitch_; k += L) {
                for (size_t i = 0; i < L; i++) tile[i] = columns_[(k + i) * groups_ + g];
                transpose<T>(tile);
                for (size_t r = 0; r < L; r++) store(rows_ + (g * L + r) * pitch_ + k, tile[r]);
            }
        for_classes([&](auto vectors, size_t k) {
            for (size_t i = 0; i < block_; i += rows_beside<vectors>)
                tile_adjoint<vectors>(x_ + i * d_, d_, rows_ + i * pitch_ + k, pitch_, sums_ + k);
        });
    }
    void fold(double* out) const {
        for (size_t f = 0; f < d_; f++)
            for (size_t k = 0; k < n_classes_; k++) out[f * n_classes_ + k] += double(sums_[f * pitch_ + k]);
    }
};

}  // namespace
}  // namespace multinoulli
