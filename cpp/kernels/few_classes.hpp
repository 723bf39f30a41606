// SPDX-License-Identifier: BSD-3-Clause
// Up to 64 classes in contiguous rows: as many rows as a vector has lanes are transposed in registers, on the way in
// and on the way out.
#pragma once
#include "../math/transpose.hpp"
#include "lanes.hpp"

namespace multinoulli {
namespace {

// A remainder of at most half a vector of classes is done two rows to a vector, in half the steps.
template <class T>
constexpr size_t half_tile = lanes<T> / 2;

// column[k] = class k of `lanes` rows. Reads in whole or half vectors: up to the length rounded up, from the last row
// on.
template <class T>
INLINE void read_transposed(Vec<T>* column, const T* scores, size_t n) {
    constexpr size_t L = lanes<T>, H = half_tile<T>;
    Vec<T> tile[L];
    size_t k = 0;
    for (; k + H < n; k += L) {
#pragma GCC unroll 16
        for (size_t r = 0; r < L; r++) tile[r] = load(scores + r * n + k);
        transpose<T>(tile);
#pragma GCC unroll 16
        for (size_t i = 0; i < L; i++) column[k + i] = tile[i];
    }
    if (k < n) {
#pragma GCC unroll 16
        for (size_t r = 0; r < H; r++) tile[r] = load_halves(scores + r * n + k, scores + (r + H) * n + k);
        transpose<T, H>(tile);
#pragma GCC unroll 16
        for (size_t i = 0; i < H; i++) column[k + i] = tile[i];
    }
}

// The last columns first, the first row first: what spills over a row's end is overwritten by the rows after it.
template <class T>
INLINE void write_transposed(const Vec<T>* column, T* elements, size_t n) {
    constexpr size_t L = lanes<T>, H = half_tile<T>;
    Vec<T> tile[L];
    size_t k = n / L * L;
    if (k + H < n) {
        k += L;
    } else if (k < n) {
#pragma GCC unroll 16
        for (size_t i = 0; i < H; i++) tile[i] = column[k + i];
        transpose<T, H>(tile);
#pragma GCC unroll 16
        for (size_t r = 0; r < H; r++) store_low(elements + r * n + k, tile[r]);
#pragma GCC unroll 16
        for (size_t r = 0; r < H; r++) store_high(elements + (r + H) * n + k, tile[r]);
    }
    for (; k > 0; k -= L) {
#pragma GCC unroll 16
        for (size_t i = 0; i < L; i++) tile[i] = column[k - L + i];
        transpose<T>(tile);
#pragma GCC unroll 16
        for (size_t r = 0; r < L; r++) store(elements + r * n + k - L, tile[r]);
    }
}

// The copy of a group of rows behind which there is no more to read.
template <class T>
constexpr size_t padded_size = lanes<T> * few + lanes<T>;

// What read_transposed can read in place of the first of `left` elements: themselves, or a copy in `padded`. What
// memory happens to hold would be subnormal numbers, on which some processors take a microsecond, so lanes without a
// row hold 0.
template <class T>
INLINE const T* readable(const T* scores, size_t left, size_t n, T* padded) {
    constexpr size_t L = lanes<T>;
    if (left >= (L - 1) * n + (n + L - 1) / L * L) return scores;
    const size_t known = left < L * n ? left : L * n;
    __builtin_memcpy(padded, scores, known * sizeof(T));
    __builtin_memset(padded + known, 0, (L * n - known) * sizeof(T));
    return padded;
}

template <class Function, class T>
void few_classes(const Rows<T>& rows, size_t begin, size_t end) {
    constexpr size_t L = lanes<T>;
    Lanes<T> batch(rows.n_classes);
    const size_t n = batch.n, at_once = batch.rows_at_once();
    const bool streamed = rows.streamed && rows.elements != rows.scores;
    LineWriter<T> writer(Function::elements ? rows.elements + begin * n : nullptr);
    alignas(vector_bytes) T results[(Lanes<T>::most_columns + 1) * L];  // of all rows at once, as they leave
    T padded[padded_size<T>];
    for (size_t first = begin; first < end; first += at_once) {
        const size_t count = end - first < at_once ? end - first : at_once, groups = (count + L - 1) / L;
        for (size_t g = 0; g < groups; g++) {
            const T* scores = rows.scores + (first + g * L) * n;
            read_transposed(batch.group(g), readable(scores, (end - first - g * L) * n, n, padded), n);
        }
        const T* const next = rows.scores + (first + at_once) * n;
        compute<Function>(
            batch, count, Function::labels ? rows.labels + first : nullptr,
            [&](size_t row, T* to) { __builtin_memcpy(to, rows.scores + (first + row) * n, n * sizeof(T)); },
            [&](size_t g, size_t k) __attribute__((always_inline)) {
                if (k * vector_bytes % line_bytes == 0) prefetch(next, (g * n + k) * vector_bytes);
            });
        if constexpr (Function::per_row) __builtin_memcpy(rows.per_row + first, batch.per_row, count * sizeof(T));
        if constexpr (Function::elements) {
            for (size_t g = 0; g < groups; g++) write_transposed(batch.group(g), results + g * L * n, n);
            const auto same = [](Vec<T> v) __attribute__((always_inline)) { return v; };
            if (streamed && count == at_once) {
                writer.append(results, count * n, same);
            } else {
                if (streamed) writer.finish();
                __builtin_memcpy(rows.elements + first * n, results, count * n * sizeof(T));
            }
        }
    }
    if (Function::elements && streamed && (end - begin) % at_once == 0) writer.finish();
}

}  // namespace
}  // namespace multinoulli
