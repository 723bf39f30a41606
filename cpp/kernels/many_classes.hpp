// SPDX-License-Identifier: BSD-3-Clause
// More than 64 classes, in rows that a cache holds: while one group of rows is read (its maxima, then its exps), the
// group before it is written, so that the memory and the arithmetic are busy at the same time. Groups are of as many
// rows as a vector has lanes where so many fit the nearest cache, and their normalisers are worked out together.
#pragma once
#include "fallback.hpp"

namespace multinoulli {
namespace {

template <class T>
constexpr size_t group_elements = (size_t(1) << 16) / sizeof(T);

template <class T>
struct RowGroup {
    T* exps = nullptr;  // (rows, n_classes)
    size_t first = 0, count = 0;
    alignas(vector_bytes) T max[lanes<T>] = {}, k[lanes<T>] = {}, maxima[lanes<T>] = {}, label_scores[lanes<T>] = {};
    alignas(vector_bytes) double rest[lanes<T>] = {}, rest_low[lanes<T>] = {};
    bool odd[lanes<T>] = {};  // rows that only the fallback can do
    Normaliser<Vec<T>> normaliser;

    LaneSummary<T> summary() const {
        const Vec<double> low = load(rest), high = load(sizeof(T) == 4 ? rest + lanes<double> : rest_low);
        return {load(max), load(k), load(maxima), {low, high}};
    }
};

// Reads row j of the group; `each_part` is called for every part of a row, as soon as that part has been read.
template <class Function, class T, class F>
INLINE void read_row(const Rows<T>& rows, RowGroup<T>& group, size_t j, F each_part) {
    const size_t n = rows.n_classes, at = (group.first + j) * n;
    const T* scores = rows.scores + at;
    Running<T> row;
    const T max = max_of(scores, n);
    group.odd[j] = !(max <= ExpConstants<T>::limit && max >= -ExpConstants<T>::limit);
    if (!group.odd[j]) row.start(max);
    for (size_t i = 0, length; i < n; i += length) {
        length = part_length(n - i, block);
        const size_t ahead = n < block ? block : n;
        if (!group.odd[j]) add_exps<Function::from_exps>(scores + i, group.exps + j * n + i, length, ahead, row);
        each_part(i, length);
    }
    group.max[j] = row.max;
    group.k[j] = row.k;
    group.maxima[j] = T(row.maxima);
    group.rest[j] = sizeof(T) == 4 ? row.rest + row.rest_low : row.rest;
    group.rest_low[j] = row.rest_low;
    if constexpr (Function::labels) group.label_scores[j] = scores[rows.labels[group.first + j]];
}

template <class Function, class T>
INLINE void normalise_group(const Rows<T>& rows, RowGroup<T>& group) {
    Vec<T> per_row = {};
    group.normaliser = normalise_lanes<Function>(group.summary(), load(group.label_scores), per_row);
    if constexpr (Function::per_row)
        for (size_t j = 0; j < group.count; j++) rows.per_row[group.first + j] = per_row[j];
    if constexpr (Function::elements && Function::labels)  // ready now, and known by its sign: it is never positive
        for (size_t j = 0; j < group.count; j++) {
            if (group.odd[j]) continue;
            const auto row = of_lane<T>(group.normaliser, j);
            T& exp = group.exps[j * rows.n_classes + size_t(rows.labels[group.first + j])];
            const T gradient = Function::at_label(element_of<Function>(splat(exp), row), splat(group.label_scores[j]),
                                                  row.max, row.others)[0];
            exp = gradient == 0 ? -T(0) : gradient;
        }
}

template <class V>
INLINE auto sign_bit(V v) {
    return reinterpret_cast<IntVec<ElementOf<V>>>(v) < 0;
}

template <class Function, class T>
INLINE void write_part(const Rows<T>& rows, const RowGroup<T>& group, size_t j, size_t begin, size_t length,
                       LineWriter<T>* writer) {
    const size_t n = rows.n_classes, row = group.first + j, at = row * n;
    if (group.odd[j]) {
        if constexpr (Function::elements)
            if (writer) writer->finish(), writer->start(rows.elements + at + begin + length);
        if (begin == 0)
            fallback_row<Function>(Row<T>{rows.scores + at, Function::labels ? rows.labels[row] : 0,
                                          Function::elements ? rows.elements + at : nullptr,
                                          Function::per_row ? rows.per_row + row : nullptr, n, group.exps + j * n});
        return;
    }
    if constexpr (Function::elements) {
        const auto normaliser = of_lane<T>(group.normaliser, j);
        const T* from = Function::from_exps ? group.exps + j * n : rows.scores + at;
        const auto element = [&](Vec<T> v) __attribute__((always_inline)) {
            const Vec<T> value = element_of<Function>(v, normaliser);
            return Function::labels ? sign_bit(v) ? v + 0 : value : value;
        };
        if (writer)
            writer->append(from + begin, length, element);
        else
            map(from + begin, rows.elements + at + begin, length, element);
    }
}

template <class Function, class T>
void many_classes(const Rows<T>& rows, size_t begin, size_t end) {
    const size_t n = rows.n_classes, at_once = n * lanes<T> <= group_elements<T> ? lanes<T> : 1;
    const size_t half = (end - begin < at_once ? end - begin : at_once) * n;
    RowGroup<T> groups[2];
    groups[0].exps = rows.scratch;
    groups[1].exps = rows.scratch + half;
    LineWriter<T> streaming(Function::elements ? rows.elements + begin * n : rows.scratch);
    LineWriter<T>* const writer =
        Function::elements && rows.streamed && rows.elements != rows.scores ? &streaming : nullptr;
    RowGroup<T>*current = &groups[0], *previous = &groups[1];  // a row alone needs but one
    for (size_t first = begin; first < end || previous->count > 0; first += at_once) {
        current->first = first;
        current->count = first >= end ? 0 : end - first < at_once ? end - first : at_once;
        const size_t both = current->count < previous->count ? current->count : previous->count;
        for (size_t j = 0; j < current->count; j++)
            read_row<Function>(rows, *current, j, [&](size_t i, size_t length) __attribute__((always_inline)) {
                if (j < both) write_part<Function>(rows, *previous, j, i, length, writer);
            });
        for (size_t j = both; j < previous->count; j++) write_part<Function>(rows, *previous, j, 0, n, writer);
        if (current->count > 0) normalise_group<Function>(rows, *current);
        RowGroup<T>* const written = previous;
        previous = current;
        current = written;
    }
    if constexpr (Function::elements)
        if (writer) writer->finish();
}

}  // namespace
}  // namespace multinoulli
