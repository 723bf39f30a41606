// SPDX-License-Identifier: BSD-3-Clause
// What the derivatives of softmax and of log_softmax make of a vector v, row by row, from the row's probabilities p.
//
// Where one p is nearly 1, what is asked for is what is left when nearly equal numbers are subtracted. So its class m
// is set apart: v is taken less v_m, and 1 - p_m is the sum of the others. An entry's error is then a few units in the
// last place of the terms that it is the difference of, not of v.
#pragma once
#include "../math/tails.hpp"
#include "few_classes.hpp"

namespace multinoulli {
namespace {

// Where the first of the largest of n > few probabilities stands; in a row of NaN, anywhere.
template <class T>
INLINE size_t largest(const T* p, size_t n) {
    constexpr size_t L = lanes<T>;
    const T max = max_of_lanes(spread_max(p, n));
    size_t k = 0;
    while (k + L <= n && !any_lane(load(p + k) == max)) k += L;
    if (k == n) return 0;
    const IntVec<T> found = (k + L <= n ? load(p + k) : load_some(p + k, n - k, T(-1))) == max;
    const auto least = [](IntVec<T> a, IntVec<T> b) __attribute__((always_inline)) { return a < b ? a : b; };
    const size_t lane = size_t(fold(found ? lane_numbers<T>() : IntVec<T>{} + ElementOf<IntVec<T>>(L), least));
    return lane < L ? k + lane : 0;
}

// One row a lane: the largest probability of each, and its v.
template <class T>
struct LargestOfEach {
    Vec<T> p, v;
    IntVec<T> k;
};
template <class T>
INLINE LargestOfEach<T> largest_of_each(const Vec<T>* p, const Vec<T>* v, size_t n) {
    LargestOfEach<T> largest{p[0], v[0], {}};
    for (size_t k = 1; k < n; k++) {
        const IntVec<T> above = p[k] > largest.p, number = IntVec<T>{} + ElementOf<IntVec<T>>(k);
        largest = {above ? p[k] : largest.p, above ? v[k] : largest.v, above ? number : largest.k};
    }
    return largest;
}

// The vectors of doubles that lanes of T take: two for floats.
template <int part>
INLINE Vec<double> widen(Vec<float> v) {
    return part == 0 ? widen_low(v) : widen_high(v);
}
template <int part>
INLINE Vec<double> widen(const Total<float>& total) {
    return part == 0 ? total.low : total.high;
}
template <int part>
INLINE Vec<double> widen(Vec<double> v) {
    return v;
}
template <int part>
INLINE Vec<double> widen(const Total<double>& total) {
    return total.sum + total.lost;
}

// f(values ...), computed in double and rounded once.
template <class T, class F, class... Values>
INLINE Vec<T> in_double(F f, const Values&... values) {
    if constexpr (sizeof(T) == 8)
        return f(widen<0>(values)...);
    else
        return narrow(f(widen<0>(values)...), f(widen<1>(values)...));
}

// p_k (v_k - sum p_j v_j)
struct SoftmaxProduct {
    template <class T>
    static INLINE void row(const T* p, const T* v, T* to, size_t n) {
        const Vec<T> centre = splat(v[largest(p, n)]);
        Total<T> total = {};
        over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
            total.add(rounded(load_some(p + k, count) * (load_some(v + k, count) - centre)));
        });
        const Vec<T> mean = splat(T(value_of(total)));
        over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
            store_some(to + k, load_some(p + k, count) * ((load_some(v + k, count) - centre) - mean), count);
        });
    }
    template <class T>
    static INLINE void row_a_lane(Vec<T>* p, const Vec<T>* v, size_t n) {
        const Vec<T> centre = largest_of_each<T>(p, v, n).v;
        Total<T> total = {};
        for (size_t k = 0; k < n; k++) total.add(rounded(p[k] * (v[k] - centre)));
        const Vec<T> mean = in_double<T>([](Vec<double> sum) __attribute__((always_inline)) { return sum; }, total);
        for (size_t k = 0; k < n; k++) p[k] = p[k] * ((v[k] - centre) - mean);
    }
};

// v_k - p_k sum v_j
struct LogSoftmaxProduct {
    template <class T>
    static INLINE void row(const T* p, const T* v, T* to, size_t n) {
        const size_t m = largest(p, n);
        const double p_m = p[m], v_m = v[m];
        const IntVec<T> numbers = lane_numbers<T>(), step = IntVec<T>{} + ElementOf<IntVec<T>>(lanes<T>);
        IntVec<T> from_m = numbers - ElementOf<IntVec<T>>(m);
        Total<T> p_others = {}, v_others = {};
        over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
            p_others.add(without(from_m == 0, load_some(p + k, count)));
            v_others.add(without(from_m == 0, load_some(v + k, count)));
            from_m += step;
        });
        const double rest = value_of(v_others);
        const Vec<T> sum = splat(T(rest + v_m));
        over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
            store_some(to + k, load_some(v + k, count) - load_some(p + k, count) * sum, count);
        });
        to[m] = T(v_m * value_of(p_others) - rounded(p_m * rest));
    }
    template <class T>
    static INLINE void row_a_lane(Vec<T>* p, const Vec<T>* v, size_t n) {
        using Doubles = Vec<double>;
        const LargestOfEach<T> m = largest_of_each<T>(p, v, n);
        Total<T> p_others = {}, v_others = {};
        for (size_t k = 0; k < n; k++) {
            const IntVec<T> largest = m.k == ElementOf<IntVec<T>>(k);
            p_others.add(without(largest, p[k]));
            v_others.add(without(largest, v[k]));
        }
        const auto add = [](Doubles rest, Doubles v_m) __attribute__((always_inline)) { return rest + v_m; };
        const auto at_m = [](Doubles p_m, Doubles v_m, Doubles others, Doubles rest)
                              __attribute__((always_inline)) { return v_m * others - rounded(p_m * rest); };
        const Vec<T> sum = in_double<T>(add, v_others, m.v), largest = in_double<T>(at_m, m.p, m.v, p_others, v_others);
        for (size_t k = 0; k < n; k++) p[k] = m.k == ElementOf<IntVec<T>>(k) ? largest : v[k] - p[k] * sum;
    }
};

template <class Product, class T>
void product_of_few_classes(const T* proba, const T* vectors, T* to, size_t rows, size_t n) {
    constexpr size_t L = lanes<T>;
    Vec<T> p[few], v[few];
    T padded[padded_size<T>], results[padded_size<T>];
    for (size_t left = rows * n, some; left > 0; left -= some, proba += some, vectors += some, to += some) {
        some = left < L * n ? left : L * n;
        read_transposed(p, readable(proba, left, n, padded), n);
        read_transposed(v, readable(vectors, left, n, padded), n);
        Product::template row_a_lane<T>(p, v, n);
        write_transposed(p, results, n);
        __builtin_memcpy(to, results, some * sizeof(T));
    }
}

template <class Product, class T>
void product_kernel(const T* proba, const T* vectors, T* results, size_t rows, size_t n_classes) {
    if (n_classes <= few) return product_of_few_classes<Product>(proba, vectors, results, rows, n_classes);
    for (size_t i = 0; i < rows * n_classes; i += n_classes)
        Product::row(proba + i, vectors + i, results + i, n_classes);
}

}  // namespace
}  // namespace multinoulli
