// SPDX-License-Identifier: BSD-3-Clause
// What the passes over linear scores make of rows, one row a lane, however the scores came about.
#pragma once
#include "few_classes.hpp"
#include "linear_kernels.hpp"
#include "long_rows.hpp"
#include "many_classes.hpp"

namespace multinoulli {
namespace {

// Scratch memory, handed out from front to back.
class Arena {
    char* at_;

  public:
    explicit Arena(char* scratch) : at_(scratch) {}
    template <class Item>
    Item* take(size_t count) {
        Item* const items = reinterpret_cast<Item*>(at_);
        at_ += (count * sizeof(Item) + 63) / 64 * 64;
        return items;
    }
};

// Entry k of the rows of a group, which a block keeps `stride` vectors apart.
template <class T>
struct Column {
    Vec<T>* first;
    size_t stride;
    INLINE Vec<T>& operator[](size_t k) const { return first[k * stride]; }
};

template <class T>
constexpr size_t padded_length(size_t n) {
    return (n + lanes<T> - 1) / lanes<T> * lanes<T>;
}
template <class T>
constexpr size_t padding_for(size_t n) {  // elements of `padded` below
    return lanes<T> * n + lanes<T>;
}

// column[k] = entry k of a group of rows, zeros in place of rows that there are not. `left`: rows from here to the end
// of the array. column has padded_length(n) vectors.
template <class T, class From>
INLINE void read_lanes(Vec<T>* column, const From* rows, size_t n, size_t left, T* padded) {
    constexpr size_t L = lanes<T>;
    const size_t reading = (L - 1) * n + padded_length<T>(n), present = (left < L ? left : L) * n;
    if constexpr (sizeof(T) == sizeof(From))
        if (left >= L && left * n >= reading) return read_transposed(column, rows, n);
    for (size_t i = 0; i < present; i++) padded[i] = T(rows[i]);
    for (size_t i = present; i < reading; i++) padded[i] = 0;
    read_transposed(column, padded, n);
}
template <class T>
INLINE Vec<T> read_some(const T* values, size_t left) {
    if (left >= lanes<T>) return load(values);
    Vec<T> some = {};
    for (size_t i = 0; i < left; i++) some[i] = values[i];
    return some;
}
template <class T>
INLINE void write_some(T* values, Vec<T> v, size_t left) {
    if (left >= lanes<T>) return store(values, v);
    for (size_t i = 0; i < left; i++) values[i] = v[i];
}
// Rows from `row` to the end of an array of n.
INLINE size_t rows_left(size_t n, size_t row) { return n > row ? n - row : 0; }

INLINE double sum_in_double(Vec<double> v) { return sum_of_lanes(v); }
INLINE double sum_in_double(Vec<float> v) { return sum_of_lanes(widen_low(v) + widen_high(v)); }

// Probabilities and the loss. The probability of the label has a minus sign, and is never 0, so that it has one: who
// knows the label's place can tell the others' sum, which is 1 - p without cancellation.
struct MarkedSoftmax : CrossEntropyGradient {
    template <class V>
    static INLINE V at_label(V p, V, V, V) {
        return -at_least(V{} + ElementOf<V>(0x1p-1022), p);
    }
};

// Where marked probabilities are worked out: in lanes from the start, or row by row and then transposed.
struct MarkedRows {
    size_t n;
    double *proba, *losses, *inner, *padded;  // for `rows` rows of more than a few classes
    Vec<double>* column;

    MarkedRows(size_t n, size_t rows, Arena& arena)
        : n(n),
          proba(arena.take<double>(n <= few ? 0 : rows * n)),
          losses(arena.take<double>(rows + lanes<double>)),
          inner(arena.take<double>(scratch_for_rows<double>(rows, n))),
          padded(arena.take<double>(padding_for<double>(n))),
          column(arena.take<Vec<double>>(padded_length<double>(n))) {}

    __attribute__((noinline)) void fill(Lanes<double>& batch, const double* scores, const int64_t* labels, size_t count,
                                        size_t left) const {
        constexpr size_t L = lanes<double>;
        for (size_t row = 0; row < count; row += L)
            read_lanes(batch.group(row / L), scores + row * n, n, left - row, padded);
        compute<MarkedSoftmax>(
            batch, count, labels,
            [&](size_t row, double* to) { __builtin_memcpy(to, scores + row * n, n * sizeof(double)); },
            [](size_t, size_t) {});
    }

    // f(row, marked, losses) for every group of the first `count` rows of `left`; in place of rows that there are not
    // it gets any finite numbers.
    template <class F>
    INLINE void for_each_group(const double* scores, const int64_t* labels, size_t count, size_t left, F f) const {
        constexpr size_t L = lanes<double>;
        if (n <= few) {
            Lanes<double> batch(n);
            const size_t at_once = batch.rows_at_once();
            for (size_t first = 0; first < count; first += at_once) {
                const size_t some = count - first < at_once ? count - first : at_once;
                fill(batch, scores + first * n, labels + first, some, left - first);
                for (size_t row = 0; row < some; row += L)
                    f(first + row, batch.group(row / L), load(batch.per_row + row));
            }
            return;
        }
        rows_of_any_length<MarkedSoftmax>(Rows<double>{scores, labels, proba, losses, n, false, inner}, 0, count);
        for (size_t row = 0; row < count; row += L) {
            read_lanes(column, proba + row * n, n, count - row, padded);
            f(row, column, read_some(losses + row, count - row));
        }
    }
};

INLINE Vec<double> magnitude(Vec<double> marked) { return marked < 0 ? -marked : marked; }
// p - onehot(label); `others`: the sum of p over the other classes.
INLINE Vec<double> less_label(Vec<double> marked, Vec<double> others) { return marked < 0 ? -others : marked; }
INLINE Vec<double> sum_of_others(const Vec<double>* marked, size_t n) {
    Vec<double> others = {};
    for (size_t k = 0; k < n; k++) others += without(marked[k] < 0, marked[k]);
    return others;
}

// 1 - |p|^2 = 2 sum of p_j p_k over j < k: nothing is subtracted.
INLINE Vec<double> spread_of(const Vec<double>* marked, size_t n) {
    Vec<double> before = {}, pairs = {};
    for (size_t k = 0; k < n; k++) {
        const Vec<double> p = magnitude(marked[k]);
        pairs += p * before;
        before += p;
    }
    return 2 * pairs;
}

// r_k = weight (p_k - onehot(label)_k), added to `sums`.
INLINE void residual(const Vec<double>* marked, size_t n, Vec<double> weight, Column<double> r, Vec<double>* sums) {
    const Vec<double> others = sum_of_others(marked, n);
    for (size_t k = 0; k < n; k++) {
        const Vec<double> of_class = weight * less_label(marked[k], others);
        r[k] = of_class;
        sums[k] += of_class;
    }
}

// t_k becomes u_k = weight (p_k (t_k - <p, t>) + damping (t_k - mean of t)), added to `sums`. Where one p is nearly 1,
// t_k - <p, t> is a small difference, and p sums to 1 only up to rounding: so it is centred twice, which leaves an
// error relative to itself.
template <class T>
INLINE void curvature(Column<T> t, const Vec<T>* p, size_t n, Vec<T> weight, T damping, Vec<T>* sums) {
    Vec<T> sum = {}, centre = {}, rest = {};
    for (size_t k = 0; k < n; k++) {
        sum += t[k];
        centre += p[k] * t[k];
    }
    for (size_t k = 0; k < n; k++) rest += p[k] * (t[k] - centre);
    const Vec<T> mean = sum / T(n);
    for (size_t k = 0; k < n; k++) {
        const Vec<T> damped = damping * (t[k] - mean), u = weight * (p[k] * ((t[k] - centre) - rest) + rounded(damped));
        t[k] = u;
        sums[k] += u;
    }
}

}  // namespace
}  // namespace multinoulli
