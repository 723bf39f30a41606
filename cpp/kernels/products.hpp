// SPDX-License-Identifier: BSD-3-Clause
// What the derivatives of softmax and of log_softmax make of a vector v, row by row, from the row's probabilities p.
//
// Where one p is nearly 1, what is asked for is what is left when nearly equal numbers are subtracted. So its class m
// is set apart: v is taken less v_m, and 1 - p_m is the sum of the others. An entry's error is then a few units in the
// last place of the terms that it is the difference of, not of v.
#pragma once
#include "summary.hpp"

namespace multinoulli {
namespace {

// f(p, v) of every vector of the row, the last one filled up with zeros.
template <class T, class F>
INLINE void read_pairs(const T* p, const T* v, size_t n, F f) {
    constexpr size_t L = lanes<T>;
    size_t k = 0;
    for (; k + L <= n; k += L) f(load(p + k), load(v + k));
    if (k == n) return;
    T some[2][L] = {};
    __builtin_memcpy(some[0], p + k, (n - k) * sizeof(T));
    __builtin_memcpy(some[1], v + k, (n - k) * sizeof(T));
    f(load(some[0]), load(some[1]));
}

// p[k] = f(p[k], v[k]).
template <class T, class F>
INLINE void write_pairs(T* p, const T* v, size_t n, F f) {
    constexpr size_t L = lanes<T>;
    size_t k = 0;
    for (; k + L <= n; k += L) store(p + k, f(load(p + k), load(v + k)));
    if (k == n) return;
    T some[2][L] = {};
    __builtin_memcpy(some[0], p + k, (n - k) * sizeof(T));
    __builtin_memcpy(some[1], v + k, (n - k) * sizeof(T));
    store(some[0], f(load(some[0]), load(some[1])));
    __builtin_memcpy(p + k, some[0], (n - k) * sizeof(T));
}

// Where the first of the largest probabilities stands; in a row of NaN, anywhere.
template <class T>
INLINE size_t largest(const T* p, size_t n) {
    constexpr size_t L = lanes<T>;
    Vec<T> best = {};
    read_pairs(p, p, n, [&](Vec<T> a, Vec<T>) __attribute__((always_inline)) { best = max_ignoring_nan(best, a); });
    const T max = max_of_lanes(best);
    size_t k = 0;
    while (k + L <= n && !any_lane(load(p + k) == max)) k += L;
    for (; k < n; k++)
        if (p[k] == max) return k;
    return 0;
}

template <class T>
INLINE double value_of(const Total<T>& total) {
    const HighLow<double> sum = total.of_lanes();
    return sum.high + sum.low;
}

// p_k (v_k - sum p_j v_j)
struct SoftmaxProduct {
    template <class T>
    static INLINE void row(T* p, const T* v, size_t n) {
        const Vec<T> centre = splat(v[largest(p, n)]);
        Total<T> total = {};
        read_pairs(p, v, n, [&](Vec<T> a, Vec<T> b) __attribute__((always_inline)) { total.add(a * (b - centre)); });
        const Vec<T> mean = splat(T(value_of(total)));
        write_pairs(p, v, n,
                    [&](Vec<T> a, Vec<T> b) __attribute__((always_inline)) { return a * ((b - centre) - mean); });
    }
};

// v_k - p_k sum v_j
struct LogSoftmaxProduct {
    template <class T>
    static INLINE void row(T* p, const T* v, size_t n) {
        const size_t m = largest(p, n);
        const double p_m = p[m], v_m = v[m];
        const IntVec<T> numbers = lane_numbers<T>(), step = IntVec<T>{} + ElementOf<IntVec<T>>(lanes<T>);
        IntVec<T> k = numbers - ElementOf<IntVec<T>>(m);
        Total<T> p_others = {}, v_others = {};
        read_pairs(p, v, n, [&](Vec<T> a, Vec<T> b) __attribute__((always_inline)) {
            p_others.add(without(k == 0, a));
            v_others.add(without(k == 0, b));
            k += step;
        });
        const double rest = value_of(v_others);
        const Vec<T> sum = splat(T(rest + v_m));
        write_pairs(p, v, n, [&](Vec<T> a, Vec<T> b) __attribute__((always_inline)) { return b - a * sum; });
        p[m] = T(v_m * value_of(p_others) - p_m * rest);
    }
};

template <class Product, class T>
void product_kernel(T* proba, const T* vectors, size_t rows, size_t n_classes) {
    for (size_t row = 0; row < rows; row++) Product::row(proba + row * n_classes, vectors + row * n_classes, n_classes);
}

}  // namespace
}  // namespace multinoulli
