// SPDX-License-Identifier: BSD-3-Clause
// Losses of which every class of a row has a share, row by row, from the row's probabilities and l = log(sum(e^(z -
// max))). No term of
//
//     sum_k a_k (-log p_k) = sum_k a_k (max - z_k) + l sum_k a_k
//
// is negative: nothing cancels. In double for both types.
#pragma once
#include "../math/tails.hpp"
#include "kernels.hpp"
#include "summary.hpp"
#include "wide.hpp"

namespace multinoulli {
namespace {

INLINE void add(Total<double>& total, const Wide<double>& v) { total.add(v.part[0]); }
INLINE void add(Total<float>& total, const Wide<float>& v) {
    total.low += v.part[0];
    total.high += v.part[1];
}

// to[k] = f of p[k] in doubles, a vector at a time: f(values, k, count) changes those from k on.
template <class T, class F>
INLINE void rewrite(const T* p, T* to, size_t n, F f) {
    over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
        Wide<T> values = widen(load_some(p + k, count));
        f(values, k, count);
        store_some(to + k, narrowed(values), count);
    });
}

template <class T>
INLINE void finish_plain(const Shares<T>& shares, const Rows<T>& rows, size_t row) {
    const double weight = shares.weights ? shares.weights[row] : 1;
    const double factor = weight * shares.class_weight[shares.labels[row]], scale = factor / shares.divisor;
    shares.losses[row] = cost_of(factor, double(rows.per_row[row]));
    if (!shares.gradient) return;
    const auto scaled = [scale](Wide<T>& g, size_t, auto) __attribute__((always_inline)) {
        for (Vec<double>& part : g.part) part *= scale;
    };
    const size_t at = row * rows.n_classes;
    rewrite(rows.elements + at, shares.gradient + at, rows.n_classes, scaled);
}

// The classes' shares of one row: `spread` those of the target, or of smoothing alone, to which a label adds its own.
template <class T>
struct SharesOfRow {
    const T* target;
    const double* class_weight;
    double kept, even;
    size_t label;
    double of_label;

    INLINE SharesOfRow(const Shares<T>& shares, size_t row, size_t n)
        : target(shares.targets ? shares.targets + row * n : nullptr),
          class_weight(shares.class_weight),
          kept(1 - shares.smoothing),
          even(shares.smoothing / double(n)),
          label(shares.labels ? size_t(shares.labels[row]) : n),
          of_label(shares.labels ? rounded(class_weight[label] * kept) : 0) {}

    template <class Count>
    INLINE Wide<T> spread(size_t k, Count count) const {
        Wide<T> a = {};
        if (target) a = widen(load_some(target + k, count));
        for (int i = 0; i < Wide<T>::parts; i++)
            a.part[i] = rounded(load(class_weight + k + size_t(i) * lanes<double>) * (kept * a.part[i] + even));
        return a;
    }
    INLINE double at_label() const { return rounded(class_weight[label] * even) + of_label; }
};

template <class T>
INLINE void finish_shared(const Shares<T>& shares, const Rows<T>& rows, size_t row) {
    using V = Vec<double>;
    const size_t n = rows.n_classes;
    const T* const scores = rows.scores + row * n;
    const SharesOfRow<T> a(shares, row, n);
    const double max = double(maximum(scores, n)), log_sum = double(rows.per_row[row]);
    Total<T> all = {}, gaps = {};
    over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
        const Wide<T> share = a.spread(k, count), z = widen(load_some(scores + k, count));
        Wide<T> gap;
        for (int i = 0; i < Wide<T>::parts; i++)  // a maximum is at no distance, be it infinite
            gap.part[i] = without<V>((share.part[i] == 0) | (z.part[i] == max), share.part[i] * (max - z.part[i]));
        add(all, share);
        add(gaps, gap);
    });
    const HighLow<double> of_gaps = gaps.of_lanes();  // the low part of infinity is NaN
    double sum = value_of(all), loss = of_gaps.high == __builtin_inf() ? of_gaps.high : of_gaps.high + of_gaps.low;
    if (shares.labels) {
        const double z = double(scores[a.label]);
        sum += a.of_label;
        loss += cost_of(a.of_label, z == max ? 0 : max - z);
    }
    loss += rounded(sum * log_sum);  // NaN if the row is
    if (shares.z_loss != 0) {
        const double log_sum_exp = (max + log_sum) + (shares.offsets ? shares.offsets[row] : 0);
        loss += rounded(shares.z_loss * log_sum_exp * log_sum_exp);
        sum += rounded(2 * shares.z_loss * log_sum_exp);
    }
    const double weight = shares.weights ? shares.weights[row] : 1, scale = weight / shares.divisor;
    shares.losses[row] = weight * loss;
    if (!shares.gradient) return;

    const T* const p = rows.elements + row * n;
    T* const gradient = shares.gradient + row * n;
    rewrite(p, gradient, n, [&](Wide<T>& values, size_t k, auto count) __attribute__((always_inline)) {
        const Wide<T> share = a.spread(k, count);
        for (int i = 0; i < Wide<T>::parts; i++) values.part[i] = (sum * values.part[i] - share.part[i]) * scale;
    });
    if (shares.labels) gradient[a.label] = T((sum * double(p[a.label]) - rounded(a.at_label())) * scale);
}

template <class T>
INLINE void finish_absent(const Shares<T>& shares, const Rows<T>& rows, size_t row) {
    shares.losses[row] = 0;
    if (shares.gradient) __builtin_memset(shares.gradient + row * rows.n_classes, 0, rows.n_classes * sizeof(T));
}

template <class T>
void finish_shares(const Shares<T>& shares, const Rows<T>& rows, size_t n_rows) {
    const bool plain = shares.plain();
    for (size_t row = 0; row < n_rows; row++) {
        if (shares.absent(row))
            finish_absent(shares, rows, row);
        else if (plain)
            finish_plain(shares, rows, row);
        else
            finish_shared(shares, rows, row);
    }
}

template <class T>
void weigh_targets(const T* targets, const double* class_weight, size_t rows, size_t n_classes, double* sums) {
    for (size_t row = 0; row < rows; row++) {
        const T* const q = targets + row * n_classes;
        Total<T> total = {};
        IntVec<T> bad = {};
        over_vectors<T>(n_classes, [&](size_t k, auto count) __attribute__((always_inline)) {
            const Vec<T> v = load_some(q + k, count);
            Wide<T> weighed = widen(v);
            bad |= ~(v >= 0);
            for (int i = 0; i < Wide<T>::parts; i++)
                weighed.part[i] *= load(class_weight + k + size_t(i) * lanes<double>);
            add(total, weighed);
        });
        sums[row] = any_lane(bad) ? __builtin_nan("") : value_of(total);
    }
}

}  // namespace
}  // namespace multinoulli
