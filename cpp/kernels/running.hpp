// SPDX-License-Identifier: BSD-3-Clause
// How rows of more than a few classes are read and written: what is known of a row so far, and what adds to it.
#pragma once
#include "functions.hpp"
#include "kernels.hpp"
#include "line_writer.hpp"

namespace multinoulli {
namespace {

constexpr size_t block = 1024;

// Parts of `size`, the last of up to twice that: never less than a vector, so a tail can overlap what precedes it.
INLINE size_t part_length(size_t left, size_t size) { return left < 2 * size ? left : size; }

// The score relative to the maximum: exact where the result can tell. An infinite maximum gives the limit.
template <class T>
INLINE T shifted_by(T score, T max) {
    return score == max ? T(0) : score - max;
}

// The maximum of every lane; NaN is passed by.
template <class T>
INLINE Vec<T> spread_max(const T* scores, size_t n) {
    using V = Vec<T>;
    constexpr size_t L = lanes<T>;
    const V lowest = V{} - __builtin_inff();
    V max[4] = {max_ignoring_nan(lowest, load(scores + n - L)), lowest, lowest, lowest};
    size_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L)
        for (size_t j = 0; j < 4; j++) max[j] = max_ignoring_nan(max[j], load(scores + i + j * L));
    for (; i + L <= n; i += L) max[0] = max_ignoring_nan(max[0], load(scores + i));
    return max_ignoring_nan(max_ignoring_nan(max[0], max[1]), max_ignoring_nan(max[2], max[3]));
}

// count e^x, in the units of scaled_exp<T>.
template <class T>
INLINE HighLow<double> multiple_of_exp(double count, T x, T k) {
    const auto exp = exp_term<true>(splat(x), exp_offset(splat(k)));
    if constexpr (sizeof(T) == 4)
        return {count * double(exp[0]), 0};
    else {
        const HighLow<Vec<double>> product = multiple(splat(count), exp);
        return {product.high[0], product.low[0]};
    }
}

// What is known of a row so far; see Summary. Starts below every score that the exponential takes.
template <class T>
struct Running {
    T max = -ExpConstants<T>::limit, k = exponent_near(splat(max))[0];
    double rest = 0, rest_low = 0, maxima = 0;  // an aggregate: a summary that was stored can go on

    INLINE Summary summary() const {
        return {splat(double(max)), splat(double(k)), splat(rest), splat(rest_low), splat(maxima)};
    }

    // The old maxima join the rest, in the units of the new one.
    INLINE void raise(T new_max) {
        add(multiple_of_exp(maxima, max, k));
        const T old_k = k;
        k = exponent_near(splat(new_max))[0];
        const double change = old_k - k < -3000 ? -3000. : double(old_k - k);
        rest = __builtin_ldexp(rest, int(change));
        rest_low = __builtin_ldexp(rest_low, int(change));
        max = new_max;
        maxima = 0;
    }

    INLINE void add(HighLow<double> part) {  // a row may have many thousand blocks
        const HighLow<double> next = two_sum(rest, part.high);
        rest = next.high;
        rest_low += next.low + part.low;
    }

    // Another part of the row joins, `this` before `next`.
    INLINE void merge(Running next) {
        if (next.maxima == 0) return;
        if (next.max > max) raise(next.max);
        if (next.max < max) next.raise(max);
        add({next.rest, next.rest_low});
        maxima += next.maxima;
    }
};

// The sum of the exps of some scores but the maxima, and the number of these, still spread over lanes.
template <class T>
struct SpreadSum {
    Total<T> rest;
    IntVec<T> maxima;
};

// Adds n >= lanes scores, none above max; with `keep` their exps go to `exps`. `ahead`: how far on the next scores to
// be wanted lie. Without maxima among the scores, `with_maxima` changes no bit, but a sixth of the work is to look for
// them.
template <bool precise, bool keep, bool with_maxima, class T>
INLINE void add_exps(const T* scores, T* exps, size_t n, size_t ahead, T row_max, T k, SpreadSum<T>& sum) {
    using V = Vec<T>;
    constexpr size_t L = lanes<T>;
    const V max = splat(row_max), offset = exp_offset(splat(k)), negligible = max - ExpConstants<T>::reach;
    IntVec<T> maxima = sum.maxima;
    Total<T> rest = sum.rest;
    auto exp_below_max = [&](size_t i) __attribute__((always_inline)) {
        const auto below = exp_below<precise, with_maxima>(load(scores + i), max, negligible, offset, maxima);
        if constexpr (keep) store(exps + i, high_of(below));
        return below;
    };
    size_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        for (size_t line = 0; line < 4 * vector_bytes; line += line_bytes) prefetch(scores + i + ahead, line);
        add_terms<precise>(rest, exp_below_max(i), exp_below_max(i + L), exp_below_max(i + 2 * L),
                           exp_below_max(i + 3 * L));
    }
    for (; i + L <= n; i += L) rest.add(exp_below_max(i));
    if (i < n) {
        const IntVec<T> read = lane_numbers<T>() < ElementOf<IntVec<T>>(L - (n - i)), before = maxima;
        rest.add(without(read, exp_below_max(n - L)));
        maxima = read ? before : maxima;
    }
    sum = {rest, maxima};
}
template <bool precise, bool keep, class T>
INLINE void add_exps(const T* scores, T* exps, size_t n, size_t ahead, T row_max, T k, bool with_maxima,
                     SpreadSum<T>& sum) {
    if (with_maxima)
        add_exps<precise, keep, true>(scores, exps, n, ahead, row_max, k, sum);
    else
        add_exps<precise, keep, false>(scores, exps, n, ahead, row_max, k, sum);
}

// Reads scores less `shift`, block after block. False: only the fallback can do the row.
template <bool precise, class T>
INLINE bool read_in_blocks(const T* scores, size_t n, T shift, Running<T>& row) {
    T shifted[2 * block];
    for (size_t i = 0, length; i < n; i += length) {
        length = part_length(n - i, block);
        const T* part = scores + i;
        if (shift != 0) {
            for (size_t k = 0; k < length; k++) shifted[k] = shifted_by(part[k], shift);
            part = shifted;
        }
        const T max = max_of_lanes(spread_max(part, length));
        if (max > ExpConstants<T>::limit) return false;
        if (max > row.max) row.raise(max);
        SpreadSum<T> sum = {};
        add_exps<precise, false, T>(part, nullptr, length, block, row.max, row.k, max == row.max, sum);
        row.add(sum.rest.of_lanes());
        row.maxima += double(sum_of_lanes(sum.maxima));
    }
    return true;
}

// to[i] = f(from[i]), n >= lanes, in place or not.
template <class T, class F>
INLINE void map(const T* from, T* to, size_t n, F f) {
    constexpr size_t L = lanes<T>;
    const Vec<T> tail = f(load(from + n - L));
    for (size_t i = 0; i + L <= n; i += L) store(to + i, f(load(from + i)));
    store(to + n - L, tail);
}

// The same for an output that does not fit the cache, not in place.
template <class T, class F>
INLINE void map_streamed(const T* from, T* to, size_t n, F f) {
    if (n * sizeof(T) < 2 * line_bytes) return map(from, to, n, f);
    LineWriter<T> writer(to);
    writer.append(from, n, f);
    writer.finish();
}

}  // namespace
}  // namespace multinoulli
