// SPDX-License-Identifier: BSD-3-Clause
// More than 64 classes: one row after the other, in two readings. A row that fits the cache is read whole: its maximum,
// then its exps, which stay in the output until they are scaled. Elsewhere blocks small enough for the first-level
// cache bring their own maximum; the sum so far follows by an exact power of two, and elements are computed afresh at
// the end.
#pragma once
#include "fallback.hpp"

namespace multinoulli {
namespace {

constexpr size_t block = 1024;
template <class T>
constexpr size_t kept_limit = (size_t(1) << 20) / sizeof(T);
constexpr size_t streamed_limit = 4096;  // on shorter rows the lines half written at both ends cost more

// Blocks of `block`, the last of up to twice that: never less than a vector, so a tail can overlap what precedes it.
INLINE size_t block_length(size_t left) { return left < 2 * block ? left : block; }

template <class T>
INLINE T max_of(const T* scores, size_t n) {
    using V = Vec<T>;
    constexpr size_t L = lanes<T>;
    const V lowest = V{} - __builtin_inff();
    V max[4] = {max_ignoring_nan(lowest, load(scores + n - L)), lowest, lowest, lowest};
    size_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L)
        for (size_t j = 0; j < 4; j++) max[j] = max_ignoring_nan(max[j], load(scores + i + j * L));
    for (; i + L <= n; i += L) max[0] = max_ignoring_nan(max[0], load(scores + i));
    return max_of_lanes(max_ignoring_nan(max_ignoring_nan(max[0], max[1]), max_ignoring_nan(max[2], max[3])));
}

// What is known of a row so far; see Summary. Starts below every score that the exponential takes.
template <class T>
struct Running {
    T max, k;
    double rest = 0, rest_low = 0, maxima = 0;

    INLINE explicit Running(T first_max) : max(first_max), k(exponent_near(splat(first_max))[0]) {}

    // The old maxima join the rest, in the units of the new one.
    INLINE void raise(T new_max) {
        add({maxima * double(scaled_exp(splat(max), exp_offset(splat(k)))[0]), 0});
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
};

// Adds n >= lanes scores, none above row.max, to the row; with `keep` their exps go to `exps`, which may be `scores`.
template <bool keep, class T>
INLINE void add_exps(const T* scores, T* exps, size_t n, Running<T>& row) {
    using V = Vec<T>;
    constexpr size_t L = lanes<T>;
    const V max = splat(row.max), offset = exp_offset(splat(row.k)), negligible = max - ExpConstants<T>::reach;
    const V zero = {}, tail = load(scores + n - L);  // read before anything is written over it
    IntVec<T> maxima = {};
    Total<T> rest;
    auto exp_below_max = [&](V score, size_t i, IntVec<T> counted) __attribute__((always_inline)) {
        const V e = scaled_exp(at_least(negligible, score), offset);
        const IntVec<T> top = score == max;
        maxima -= top & counted;
        if constexpr (keep) store(exps + i, top ? zero + exp_of_maximum<T> : e);
        return top | ~counted ? zero : e;
    };
    auto exp_at = [&](size_t i)
                      __attribute__((always_inline)) { return exp_below_max(load(scores + i), i, ~IntVec<T>{}); };
    size_t i = 0;
    for (; i + 4 * L <= n; i += 4 * L) {
        for (size_t ahead = 0; ahead < 4 * vector_bytes; ahead += 64) prefetch(scores + i + block, ahead);
        rest.add((exp_at(i) + exp_at(i + L)) + (exp_at(i + 2 * L) + exp_at(i + 3 * L)));
    }
    for (; i + L <= n; i += L) rest.add(exp_at(i));
    if (i < n)
        rest.add(exp_below_max(tail, n - L, lane_numbers<T>() >= IntVec<T>{} + ElementOf<IntVec<T>>(L - (n - i))));
    row.add(rest.of_lanes());
    row.maxima += double(sum_of_lanes(maxima));
}

// False: only the fallback can do this row, nothing has been written.
template <class T>
INLINE bool read_whole(const T* scores, T* exps, size_t n, Running<T>& row) {
    const T max = max_of(scores, n);
    if (!(max <= ExpConstants<T>::limit && max >= -ExpConstants<T>::limit)) return false;
    row = Running<T>(max);
    add_exps<true>(scores, exps, n, row);
    return true;
}
template <class T>
INLINE bool read_in_blocks(const T* scores, size_t n, T shift, Running<T>& row) {
    T shifted[2 * block];
    for (size_t i = 0, length; i < n; i += length) {
        length = block_length(n - i);
        const T* part = scores + i;
        if (shift != 0) {
            for (size_t k = 0; k < length; k++) shifted[k] = shifted_by(part[k], shift);
            part = shifted;
        }
        const T max = max_of(part, length);
        if (max > ExpConstants<T>::limit) return false;
        if (max > row.max) row.raise(max);
        add_exps<false>(part, static_cast<T*>(nullptr), length, row);
    }
    return row.maxima > 0;
}

// to[i] = f(from[i]), n >= lanes, in place or not.
template <class T, class F>
INLINE void map(const T* from, T* to, size_t n, bool streamed, F f) {
    constexpr size_t L = lanes<T>;
    const Vec<T> tail = f(load(from + n - L));
    size_t i = 0;
    if (streamed && n >= streamed_limit && from != to) {
        store(to, f(load(from)));
        i = (vector_bytes - reinterpret_cast<uintptr_t>(to) % vector_bytes) / sizeof(T);
        for (; i + L <= n; i += L) stream(to + i, f(load(from + i)));
    } else {
        for (; i + L <= n; i += L) store(to + i, f(load(from + i)));
    }
    store(to + n - L, tail);
}

// `shift` is what the fallback wants taken off every score of a function without elements.
template <class Function, class T>
void many_classes(const Row<T>& row, T shift) {
    using V = Vec<T>;
    const size_t n = row.n_classes;
    const T label_score = Function::labels ? shifted_by(row.scores[row.label], shift) : T(0);
    const bool keep = Function::from_exps && n <= kept_limit<T>;
    Running<T> total(-ExpConstants<T>::limit);
    if (!(keep ? read_whole(row.scores, row.elements, n, total) : read_in_blocks(row.scores, n, shift, total)))
        return fallback_row<Function>(row);
    const Summary summary{splat(double(total.max)), splat(double(total.k)), splat(total.rest), splat(total.rest_low),
                          splat(total.maxima)};
    const auto exact = normalise<Function, T>(summary);
    if constexpr (Function::per_row) *row.per_row = T(Function::row(exact, splat(double(label_score)))[0]);
    if constexpr (Function::elements) {
        const Normaliser<V> normaliser = splat_normaliser<T>(exact);
        auto element = [&](V v) __attribute__((always_inline)) { return Function::element(v, normaliser); };
        if constexpr (!Function::from_exps) {
            map(row.scores, row.elements, n, row.streamed, element);
        } else if (keep) {
            map(row.elements, row.elements, n, false, element);
        } else {
            const V max = splat(total.max), offset = exp_offset(splat(total.k)), zero = {};
            const V negligible = max - ExpConstants<T>::reach;
            map(row.scores, row.elements, n, row.streamed, [&](V score) __attribute__((always_inline)) {
                const V e = scaled_exp(at_least(negligible, score), offset);
                return element(score == max ? zero + exp_of_maximum<T> : e);
            });
        }
        if constexpr (Function::labels) {
            T& gradient = row.elements[row.label];
            gradient = Function::at_label(gradient, label_score, total.max, T(exact.others[0]));
        }
    }
}

}  // namespace
}  // namespace multinoulli
