// SPDX-License-Identifier: BSD-3-Clause
// Up to 64 classes, one row a lane: every lane runs the same arithmetic whatever its neighbours hold, so a row's bits
// are its own. Several groups of lanes take each step together, so that no group waits for the divisions and logarithms
// of the one before it.
#pragma once
#include "fallback.hpp"

namespace multinoulli {
namespace {

// For every group: column[k] holds class k of its rows: the scores, then their exps, then what the function makes of
// them.
template <class T>
struct Lanes {
    static constexpr size_t most_groups = 16, most_columns = 256;
    Vec<T> columns[most_columns];
    LaneSummary<T> summaries[most_groups];
    Normaliser<Vec<T>> normalisers[most_groups];
    alignas(vector_bytes) T label_scores[most_groups * lanes<T>], per_row[most_groups * lanes<T>];
    IntVec<T> odd[most_groups];  // lanes that only the fallback can do; what else they hold means nothing
    size_t n, pitch;             // classes, and columns from one group to the next

    explicit Lanes(size_t n) : n(n), pitch((n + lanes<T> - 1) / lanes<T> * lanes<T>) {}
    size_t rows_at_once() const {
        return (most_columns / pitch < most_groups ? most_columns / pitch : most_groups) * lanes<T>;
    }
    Vec<T>* group(size_t g) { return columns + g * pitch; }
    T& at(size_t row, size_t k) { return reinterpret_cast<T*>(group(row / lanes<T>) + k)[row % lanes<T>]; }
};

// The maximum of every row and what the exponential has to know of it.
template <class T>
INLINE void find_maxima(const Vec<T>* column, size_t n, LaneSummary<T>& summary, IntVec<T>& odd) {
    using V = Vec<T>;
    using C = ExpConstants<T>;
    const V zero = {};
    V max = zero - __builtin_inff();
#pragma GCC unroll 4
    for (size_t k = 0; k < n; k++) max = max_ignoring_nan(max, column[k]);
    odd = ~((max <= C::limit) & (max >= -C::limit));
    summary.max = odd ? zero : max;
    summary.k = exponent_near(summary.max);
}

// `ask(k)` asks for what is to be read next, spread over the classes: the memory then works while the exps are
// computed.
template <class Function, class T, class Ask>
INLINE void sum_exps(Vec<T>* column, size_t n, LaneSummary<T>& summary, Ask ask) {
    using V = Vec<T>;
    const V max = summary.max, offset = exp_offset(summary.k), negligible = max - ExpConstants<T>::reach;
    IntVec<T> maxima = {};
    Total<T> rest = {};
    auto exp_below_max = [&](size_t k) __attribute__((always_inline)) {
        ask(k);
        const auto below = exp_below<Function::logarithm, true>(column[k], max, negligible, offset, maxima);
        if constexpr (Function::from_exps) column[k] = high_of(below);
        return below;
    };
    size_t k = 0;
    for (; k + 2 <= n; k += 2) add_terms<Function::logarithm>(rest, exp_below_max(k), exp_below_max(k + 1));
    if (k < n) rest.add(exp_below_max(k));
    summary.maxima = to_floating(maxima);
    summary.rest = rest;
}

// The labels of `count` rows, or of as many as there are lanes.
template <class T>
INLINE IntVec<T> some_labels(const int64_t* labels, size_t count) {
    IntVec<T> some = {};
    for (size_t i = 0; i < lanes<T>; i++) some[i] = i < count ? ElementOf<IntVec<T>>(labels[i]) : 0;
    return some;
}

// Every class is compared with the labels: a row whose label is its maximum would be as many wrong guesses of a branch.
template <class Function, class T>
INLINE void write_elements(Vec<T>* column, size_t n, IntVec<T> labels, Vec<T> label_scores,
                           const Normaliser<Vec<T>>& normaliser) {
    const auto row = normaliser;
    IntVec<T> label = {};
#pragma GCC unroll 4
    for (size_t k = 0; k < n; k++, label += 1) {
        column[k] = element_of<Function>(column[k], row);
        if constexpr (Function::labels)
            column[k] = labels == label ? Function::at_label(column[k], label_scores, row.max, row.others) : column[k];
    }
}

// From scores to results, for `count` rows. `scores_of(row, to)` copies a row's scores, untouched so far; `ask(g, k)`
// asks for class k of group g of the rows after these.
template <class Function, class T, class ScoresOf, class Ask>
INLINE void compute(Lanes<T>& lanes_of, size_t count, const int64_t* labels, ScoresOf scores_of, Ask ask) {
    constexpr size_t L = lanes<T>;
    const size_t n = lanes_of.n, groups = (count + L - 1) / L;
    if constexpr (Function::labels)
        for (size_t row = 0; row < groups * L; row++)
            lanes_of.label_scores[row] = row < count ? lanes_of.at(row, size_t(labels[row])) : T(0);
    for (size_t g = 0; g < groups; g++) find_maxima(lanes_of.group(g), n, lanes_of.summaries[g], lanes_of.odd[g]);
    for (size_t g = 0; g < groups; g++)
        sum_exps<Function>(lanes_of.group(g), n, lanes_of.summaries[g],
                           [&](size_t k) __attribute__((always_inline)) { ask(g, k); });
    for (size_t g = 0; g < groups; g++) {
        Vec<T> values = {}, label_scores = {};
        if constexpr (Function::labels) label_scores = load(lanes_of.label_scores + g * L);
        const auto normaliser = normalise_lanes<Function>(lanes_of.summaries[g], label_scores, values);
        if constexpr (Function::elements) lanes_of.normalisers[g] = normaliser;
        if constexpr (Function::per_row) store(lanes_of.per_row + g * L, values);
    }
    if constexpr (Function::elements)
        for (size_t g = 0; g < groups; g++) {
            const IntVec<T> of_group = Function::labels ? some_labels<T>(labels + g * L, count - g * L) : IntVec<T>{};
            write_elements<Function, T>(lanes_of.group(g), n, of_group, load(lanes_of.label_scores + g * L),
                                        lanes_of.normalisers[g]);
        }
    IntVec<T> odd = {};
    for (size_t g = 0; g < groups; g++) odd |= lanes_of.odd[g];
    for (size_t g = 0; g < groups && any_lane(odd); g++) {
        for (size_t row = g * L; row < count && row < (g + 1) * L; row++) {
            if (!lanes_of.odd[g][row % L]) continue;
            T scores[few], elements[few];
            scores_of(row, scores);
            fallback_row<Function>(
                Row<T>{scores, Function::labels ? labels[row] : 0, elements, lanes_of.per_row + row, n, nullptr});
            if constexpr (Function::elements)
                for (size_t k = 0; k < n; k++) lanes_of.at(row, k) = elements[k];
        }
    }
}

}  // namespace
}  // namespace multinoulli
