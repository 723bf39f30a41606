// SPDX-License-Identifier: BSD-3-Clause
// Rows that no cache of one core holds: read span by span, each with a maximum of its own, and their exps computed
// afresh when they are written; a second trip through the memory for the exps themselves would cost more. The spans
// depend on the row's length alone, so several threads may share a row without changing a bit.
#pragma once
#include "fallback.hpp"

namespace multinoulli {
namespace {

// `precise`: for a logarithm; see Term.
template <bool precise, class T>
RowSummary read_span(const T* scores, size_t n) {
    Running<T> part;
    const bool odd = !read_in_blocks<precise>(scores, n, T(0), part);
    return {double(part.max), double(part.k), part.rest, part.rest_low, part.maxima, 0, odd};
}

template <class T>
RowSummary merge_spans(const RowSummary& before, const RowSummary& next) {
    auto running = [](const RowSummary& s) { return Running<T>{T(s.max), T(s.k), s.rest, s.rest_low, s.maxima}; };
    Running<T> row = running(before);
    row.merge(running(next));
    return {double(row.max), double(row.k), row.rest, row.rest_low, row.maxima, 0, before.odd || next.odd};
}

template <class Function, class T>
void write_span(const Rows<T>& rows, size_t row, const RowSummary& read, size_t begin, size_t end) {
    using V = Vec<T>;
    const size_t n = rows.n_classes;
    const T* scores = rows.scores + row * n;
    T* elements = Function::elements ? rows.elements + row * n : nullptr;
    T* per_row = Function::per_row ? rows.per_row + row : nullptr;
    const int64_t label = Function::labels ? rows.labels[row] : 0;
    if (read.odd || read.maxima == 0) {  // the whole row is written at once, by whoever writes its beginning
        if (begin == 0) fallback_row<Function>(Row<T>{scores, label, elements, per_row, n, nullptr});
        return;
    }
    const auto exact = normalise<Function, T>(
        {splat(read.max), splat(read.k), splat(read.rest), splat(read.rest_low), splat(read.maxima)});
    if constexpr (Function::per_row)
        if (begin == 0) *per_row = T(Function::row(exact, splat(read.label_score))[0]);
    if constexpr (Function::elements) {
        const Normaliser<V> normaliser = in_all_lanes<T>(exact);
        const V max = splat(T(read.max)), offset = exp_offset(splat(T(read.k)));
        const V negligible = max - ExpConstants<T>::reach;
        const auto element = [&](V score) __attribute__((always_inline)) {
            if constexpr (!Function::from_exps) {
                return Function::element(score, normaliser);
            } else {
                const V e = scaled_exp(at_least(negligible, score), offset);
                const V value = Function::element(e, normaliser);
                return score == max ? Function::maximum(normaliser) : value;
            }
        };
        if (rows.streamed && elements != scores)
            map_streamed(scores + begin, elements + begin, end - begin, element);
        else
            map(scores + begin, elements + begin, end - begin, element);
        if constexpr (Function::labels)
            if (size_t(label) >= begin && size_t(label) < end)
                elements[label] =
                    Function::at_label(splat(elements[label]), splat(T(read.label_score)), max, normaliser.others)[0];
    }
}

template <class Function, class T>
void long_rows(const Rows<T>& rows, size_t begin, size_t end) {
    const size_t n = rows.n_classes;
    for (size_t row = begin; row < end; row++) {
        const T* scores = rows.scores + row * n;
        RowSummary whole = read_span<Function::logarithm>(scores, part_length(n, span));
        for (size_t i = part_length(n, span), length; i < n; i += length) {
            length = part_length(n - i, span);
            whole = merge_spans<T>(whole, read_span<Function::logarithm>(scores + i, length));
        }
        if constexpr (Function::labels) whole.label_score = double(scores[rows.labels[row]]);
        write_span<Function>(rows, row, whole, 0, n);
    }
}

}  // namespace
}  // namespace multinoulli
