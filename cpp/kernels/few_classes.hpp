// SPDX-License-Identifier: BSD-3-Clause
// Up to 64 classes: as many rows as a vector has lanes are transposed in registers, one row a lane. Every lane runs the
// same arithmetic whatever its neighbours hold, so a row's bits are its own.
#pragma once
#include "../math/transpose.hpp"
#include "fallback.hpp"
#include "staging.hpp"

namespace multinoulli {
namespace {

template <class T>
struct Group {
    Vec<T> column[few + lanes<T>];  // class k of every row: its score, then its exp, then what the function makes of it
    LaneSummary<T> summary;
    IntVec<T> odd;  // lanes that only the fallback can do; what else they hold means nothing
};

// column[k] = class k of `lanes` rows. Reads in whole vectors: up to the length rounded up, from the last row on.
template <class T>
INLINE void read_transposed(Group<T>& group, const T* scores, size_t n) {
    constexpr size_t L = lanes<T>;
    for (size_t k = 0; k < n; k += L) {
        Vec<T> tile[L];
#pragma GCC unroll 16
        for (size_t r = 0; r < L; r++) tile[r] = load(scores + r * n + k);
        transpose<T>(tile);
#pragma GCC unroll 16
        for (size_t i = 0; i < L; i++) group.column[k + i] = tile[i];
    }
}

// The last columns first, the first row first: what spills over a row's end is overwritten by the rows after it.
template <class T>
INLINE void write_transposed(const Group<T>& group, T* elements, size_t n) {
    constexpr size_t L = lanes<T>;
    for (size_t k = (n - 1) / L * L + L; k > 0; k -= L) {
        Vec<T> tile[L];
#pragma GCC unroll 16
        for (size_t i = 0; i < L; i++) tile[i] = group.column[k - L + i];
        transpose<T>(tile);
#pragma GCC unroll 16
        for (size_t r = 0; r < L; r++) store(elements + r * n + k - L, tile[r]);
    }
}

template <class Function, class T>
INLINE void summarise(Group<T>& group, size_t n) {
    using V = Vec<T>;
    using C = ExpConstants<T>;
    const V zero = {};
    V max = zero - __builtin_inff();
    for (size_t k = 0; k < n; k++) max = max_ignoring_nan(max, group.column[k]);
    group.odd = ~((max <= C::limit) & (max >= -C::limit));
    max = group.odd ? zero : max;
    const V exponent = exponent_near(max), offset = exp_offset(exponent), negligible = max - C::reach;
    IntVec<T> maxima = {};
    Total<T> rest;
    auto exp_below_max = [&](size_t k) __attribute__((always_inline)) {
        const V score = group.column[k], e = scaled_exp(at_least(negligible, score), offset);
        const IntVec<T> top = score == max;
        maxima -= top;
        if constexpr (Function::from_exps) group.column[k] = top ? zero + exp_of_maximum<T> : e;
        return top ? zero : e;
    };
    size_t k = 0;
    for (; k + 2 <= n; k += 2) rest.add(exp_below_max(k) + exp_below_max(k + 1));
    if (k < n) rest.add(exp_below_max(k));
    group.summary = {max, exponent, to_floating(maxima), rest};
}

template <class Function, class T>
void few_classes(const Rows<T>& rows, size_t begin, size_t end) {
    constexpr size_t L = lanes<T>;
    const size_t n = rows.n_classes, reading = (L - 1) * n + (n + L - 1) / L * L;
    Group<T> group;
    Staging<T, L * few> staging(Function::elements ? rows.elements + begin * n : nullptr,
                                rows.streamed && rows.elements != rows.scores);
    T padded[L * few + L] = {};  // in place of rows behind which there is no more to read
    alignas(vector_bytes) T label_scores[L] = {}, per_row[L];
    for (size_t row = begin; row < end; row += L) {
        const size_t count = end - row < L ? end - row : L;
        const T* scores = rows.scores + row * n;
        const int64_t* labels = Function::labels ? rows.labels + row : nullptr;
        for (size_t ahead = 0; ahead < n * vector_bytes; ahead += 64) prefetch(scores, 4 * n * vector_bytes + ahead);
        if ((end - row) * n < reading)
            scores = static_cast<const T*>(__builtin_memcpy(padded, scores, count * n * sizeof(T)));
        read_transposed(group, scores, n);
        if constexpr (Function::labels)
            for (size_t r = 0; r < count; r++) label_scores[r] = scores[r * n + size_t(labels[r])];
        summarise<Function>(group, n);
        Vec<T> values = {};
        const auto normaliser = normalise_lanes<Function>(group.summary, load(label_scores), values);
        store(per_row, values);
        T* const elements = staging.group();
        if constexpr (Function::elements) {
            for (size_t k = 0; k < n; k++) group.column[k] = Function::element(group.column[k], normaliser);
            write_transposed(group, elements, n);
            if constexpr (Function::labels)
                for (size_t r = 0; r < count; r++) {
                    T& gradient = elements[r * n + size_t(labels[r])];
                    gradient =
                        Function::at_label(gradient, label_scores[r], T(normaliser.max[r]), T(normaliser.others[r]));
                }
        }
        if (any_lane(group.odd))
            for (size_t r = 0; r < count; r++)
                if (group.odd[r])
                    fallback_row<Function>(Row<T>{scores + r * n, Function::labels ? labels[r] : 0, elements + r * n,
                                                  per_row + r, n, false});
        if constexpr (Function::elements) {
            if (count == L)
                staging.flush(n);
            else
                staging.finish(count * n);
        }
        if constexpr (Function::per_row) __builtin_memcpy(rows.per_row + row, per_row, count * sizeof(T));
    }
    if constexpr (Function::elements)
        if ((end - begin) % L == 0 && end > begin) staging.finish(0);
}

}  // namespace
}  // namespace multinoulli
