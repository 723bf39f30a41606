// SPDX-License-Identifier: BSD-3-Clause
// More than 64 classes, in rows that a cache holds: while one group of rows is read (its maxima, then its exps), the
// group before it is written, so that the memory and the arithmetic are busy at the same time. Groups are of up to as
// many rows as a vector has lanes, and what follows from a row as a whole is worked out for all of them together. Exps
// wait in the scratch memory, (rows of a group, n_classes): each part is written out just before the next group's exps
// take its place.
#pragma once
#include "../math/transpose.hpp"
#include "fallback.hpp"

namespace multinoulli {
namespace {

// From one row a vector to one row a lane, all rows together: the maximum of each vector.
template <class T>
INLINE Vec<T> max_of_each(const Vec<T>* spread) {
    Vec<T> tile[lanes<T>];
    for (int j = 0; j < lanes<T>; j++) tile[j] = spread[j];
    transpose<T>(tile);
    Vec<T> max = tile[0];
    for (int i = 1; i < lanes<T>; i++) max = max_ignoring_nan(max, tile[i]);
    return max;
}

// The sum of each vector: always in the same order, carrying along what rounding loses if `lost` is given.
template <class T>
INLINE Vec<T> sum_of_each(Vec<T>* tile, Vec<T>* lost = nullptr) {
    transpose<T>(tile);
    Vec<T> sum = tile[0];
    for (int i = 1; i < lanes<T>; i++) {
        const HighLow<Vec<T>> next = two_sum(sum, tile[i]);
        if (lost) *lost += next.low;
        sum = next.high;
    }
    return sum;
}

INLINE Total<float> rest_of_each(const SpreadSum<float>* sums) {
    constexpr int half = lanes<double>;
    Vec<double> tile[2 * half];
    for (int j = 0; j < 2 * half; j++) tile[j] = sums[j].rest.low + sums[j].rest.high;
    return {sum_of_each<double>(tile), sum_of_each<double>(tile + half)};
}
INLINE Total<double> rest_of_each(const SpreadSum<double>* sums) {
    Vec<double> tile[lanes<double>], lost[lanes<double>], more = {};
    for (int j = 0; j < lanes<double>; j++) tile[j] = sums[j].rest.sum, lost[j] = sums[j].rest.lost;
    const Vec<double> sum = sum_of_each<double>(tile, &more);
    return {sum, sum_of_each<double>(lost) + more};
}

// The numbers of maxima: integers that are small enough to be exact.
template <class T>
INLINE Vec<T> maxima_of_each(const SpreadSum<T>* sums) {
    Vec<T> tile[lanes<T>];
    for (int j = 0; j < lanes<T>; j++) tile[j] = to_floating(sums[j].maxima);
    return sum_of_each<T>(tile);
}

// Longer rows are read and written in parts, so small that the processor can hold back the writing of one while it
// computes the next. Their maxima are kept: where a part's is not that of the row, none is looked for again.
constexpr size_t part = 256, most_parts = long_row_bytes / sizeof(float) / part;
INLINE size_t number_of_part(size_t row, size_t begin, size_t n) { return row * (n / part) + begin / part; }

// Calls f(begin, length) for each part of a row; `whole`: there is but one.
template <bool whole, class F>
INLINE void for_each_part(size_t n, F f) {
    if constexpr (whole)
        f(size_t(0), n);
    else
        for (size_t i = 0, length; i < n; i += length) f(i, length = part_length(n - i, part));
}

template <class T>
struct RowGroup {
    size_t first = 0, count = 0;
    T part_maxima[most_parts];     // of every part of every row
    bool with_maxima[most_parts];  // whether there is one of the row's
    Vec<T> maxima_of[lanes<T>];    // of every row, still spread over lanes
    SpreadSum<T> sums[lanes<T>];
    alignas(vector_bytes) T label_scores[lanes<T>];
    LaneSummary<T> summary;  // one row a lane from here on
    IntVec<T> odd;           // rows that only the fallback can do
    Normaliser<Vec<T>> normaliser;
};

template <class Function, bool whole, class T>
INLINE void find_maxima(const Rows<T>& rows, RowGroup<T>& group) {
    const size_t n = rows.n_classes;
    for (size_t j = 0; j < group.count; j++) {
        const T* scores = rows.scores + (group.first + j) * n;
        Vec<T> max = splat(T(-__builtin_inff()));
        for_each_part<whole>(n, [&](size_t i, size_t length) __attribute__((always_inline)) {
            const Vec<T> here = spread_max(scores + i, length);
            if constexpr (!whole) group.part_maxima[number_of_part(j, i, n)] = max_of_lanes(here);
            max = max_ignoring_nan(max, here);
        });
        group.maxima_of[j] = max;
        if constexpr (Function::labels) group.label_scores[j] = scores[rows.labels[group.first + j]];
    }
    for (size_t j = group.count; j < lanes<T>; j++) {  // lanes without a row compute, too
        group.maxima_of[j] = Vec<T>{};
        group.sums[j] = SpreadSum<T>{};
        if constexpr (Function::labels) group.label_scores[j] = 0;
    }
    const Vec<T> limit = splat(ExpConstants<T>::limit), max = max_of_each<T>(group.maxima_of);
    group.odd = ~((max <= limit) & (max >= -limit));
    group.summary.max = group.odd ? Vec<T>{} : max;
    group.summary.k = exponent_near(group.summary.max);
}

template <class Function, class T>
INLINE void normalise_group(const Rows<T>& rows, RowGroup<T>& group) {
    group.summary.maxima = maxima_of_each(group.sums);
    group.summary.rest = rest_of_each(group.sums);
    Vec<T> per_row = {}, label_scores = {};
    if constexpr (Function::labels) label_scores = load(group.label_scores);
    group.normaliser = normalise_lanes<Function>(group.summary, label_scores, per_row);
    if constexpr (Function::per_row)
        for (size_t j = 0; j < group.count; j++) rows.per_row[group.first + j] = per_row[j];
    if constexpr (Function::elements && Function::labels)  // ready now, and known by its sign: it is never positive
        for (size_t j = 0; j < group.count; j++) {
            if (group.odd[j]) continue;
            const auto row = of_lane<T>(group.normaliser, j);
            T& exp = rows.scratch[j * rows.n_classes + size_t(rows.labels[group.first + j])];
            const T gradient = Function::at_label(element_of<Function>(splat(exp), row), splat(group.label_scores[j]),
                                                  row.max, row.others)[0];
            exp = gradient == 0 ? -T(0) : gradient;
        }
}

template <class V>
INLINE auto sign_bit(V v) {
    return reinterpret_cast<IntVec<ElementOf<V>>>(v) < 0;
}

template <class Function, bool whole, class T>
INLINE void write_part(const Rows<T>& rows, const RowGroup<T>& group, size_t j, size_t begin, size_t length,
                       LineWriter<T>* writer) {
    const size_t n = rows.n_classes, row = group.first + j, at = row * n;
    if (group.odd[j]) {
        if constexpr (Function::elements)
            if (writer) writer->finish(), writer->start(rows.elements + at + begin + length);
        if (begin == 0)
            fallback_row<Function>(Row<T>{rows.scores + at, Function::labels ? rows.labels[row] : 0,
                                          Function::elements ? rows.elements + at : nullptr,
                                          Function::per_row ? rows.per_row + row : nullptr, n, rows.scratch + j * n});
        return;
    }
    if constexpr (Function::elements) {
        const auto normaliser = of_lane<T>(group.normaliser, j);
        const T* from = Function::from_exps ? rows.scratch + j * n : rows.scores + at;
        const auto write = [&](auto element_of_kept) __attribute__((always_inline)) {
            const auto element = [&](Vec<T> v) __attribute__((always_inline)) {
                const Vec<T> value = element_of_kept(v, normaliser);
                return Function::labels ? sign_bit(v) ? v + 0 : value : value;
            };
            if (writer)
                writer->append(from + begin, length, element);
            else
                map(from + begin, rows.elements + at + begin, length, element);
        };
        if (Function::from_exps && (whole || group.with_maxima[number_of_part(j, begin, n)]))
            write([](Vec<T> v, auto& n) __attribute__((always_inline)) { return element_of<Function>(v, n); });
        else
            write([](Vec<T> v, auto& n) __attribute__((always_inline)) { return Function::element(v, n); });
    }
}

template <class Function, bool whole, class T>
INLINE void many_classes_in_parts(const Rows<T>& rows, size_t begin, size_t end) {
    constexpr size_t bytes = Function::elements ? group_bytes : 2 * group_bytes;  // the more where nothing is kept
    const size_t n = rows.n_classes, fitting = bytes / sizeof(T) / n;
    const size_t at_once = fitting < 1 ? 1 : fitting > lanes<T> ? lanes<T> : fitting;
    RowGroup<T> groups[2];
    LineWriter<T> streaming(Function::elements ? rows.elements + begin * n : rows.scratch);
    LineWriter<T>* const writer =
        Function::elements && rows.streamed && rows.elements != rows.scores ? &streaming : nullptr;
    RowGroup<T>*current = &groups[0], *previous = &groups[1];  // a row alone needs but one
    for (size_t first = begin; first < end || previous->count > 0; first += at_once) {
        current->first = first;
        current->count = first >= end ? 0 : end - first < at_once ? end - first : at_once;
        const size_t both = current->count < previous->count ? current->count : previous->count;
        if (current->count > 0) find_maxima<Function, whole>(rows, *current);
        for (size_t j = 0; j < current->count; j++) {
            const T *scores = rows.scores + (first + j) * n, max = current->summary.max[j], k = current->summary.k[j];
            SpreadSum<T> sum = {};
            for_each_part<whole>(n, [&](size_t i, size_t length) __attribute__((always_inline)) {
                if (j < both) write_part<Function, whole>(rows, *previous, j, i, length, writer);
                bool with_maxima = true;
                if constexpr (!whole) {
                    const size_t number = number_of_part(j, i, n);
                    with_maxima = current->with_maxima[number] = current->part_maxima[number] == max;
                }
                add_exps<Function::logarithm, Function::from_exps>(scores + i, rows.scratch + j * n + i, length,
                                                                   at_once * n, max, k, with_maxima, sum);
            });
            current->sums[j] = sum;
        }
        for (size_t j = both; j < previous->count; j++)
            for_each_part<whole>(n, [&](size_t i, size_t length) __attribute__((always_inline)) {
                write_part<Function, whole>(rows, *previous, j, i, length, writer);
            });
        if (current->count > 0) normalise_group<Function>(rows, *current);
        RowGroup<T>* const written = previous;
        previous = current;
        current = written;
    }
    if constexpr (Function::elements)
        if (writer) writer->finish();
}

template <class Function, class T>
void many_classes(const Rows<T>& rows, size_t begin, size_t end) {
    if (rows.n_classes < 2 * part)
        many_classes_in_parts<Function, true>(rows, begin, end);
    else
        many_classes_in_parts<Function, false>(rows, begin, end);
}

}  // namespace
}  // namespace multinoulli
