// SPDX-License-Identifier: BSD-3-Clause
// Calling a kernel on a batch of rows, in every layout and manner that must not matter.
#pragma once
#include <algorithm>

#include "harness.hpp"

namespace multinoulli::testing {

template <class T>
const Kernels<T>& kernels_of(const KernelTable& table) {
    if constexpr (sizeof(T) == 4)
        return table.f32;
    else
        return table.f64;
}

enum class Layout { rows, columns, spans };  // spans: contiguous long rows, read and written span by span
constexpr const char* layout_names[] = {"rows", "columns", "spans"};

// How calls in one layout may differ without a bit of the result differing. Offsets are in elements, against a 64-byte
// boundary; gaps are columns that belong to somebody else; rows outside begin ... end-1 are left as they are.
struct Manner {
    Layout layout = Layout::rows;
    bool streamed = false, in_place = false;
    size_t scores_offset = 0, elements_offset = 0;
    size_t scores_gap = 0, elements_gap = 0;
    bool last_halves_first = false;  // spans are written in two, from the end of the row on
    size_t begin = 0, end = SIZE_MAX;
};

// From rows of n_classes to columns `stride` apart, and back.
template <class T>
void stand_up(const T* rows, T* columns, size_t n_rows, size_t n_classes, size_t stride) {
    for (size_t r = 0; r < n_rows; r++)
        for (size_t k = 0; k < n_classes; k++) columns[k * stride + r] = rows[r * n_classes + k];
}
template <class T>
void lay_down(const T* columns, T* rows, size_t n_rows, size_t n_classes, size_t stride) {
    for (size_t r = 0; r < n_rows; r++)
        for (size_t k = 0; k < n_classes; k++) rows[r * n_classes + k] = columns[k * stride + r];
}
// Elements of such columns, up to the last one.
inline size_t extent(size_t n_rows, size_t n_classes, size_t stride) { return (n_classes - 1) * stride + n_rows; }

template <class T>
void run_columns(const KernelTable& table, Function f, const Batch<T>& batch, const Manner& manner, size_t end,
                 Result<T>& result) {
    const size_t n = batch.n_classes, rows = batch.rows, stride = rows + manner.scores_gap;
    const size_t to_stride = manner.in_place ? stride : rows + manner.elements_gap;
    Aligned<T> scores(extent(rows, n, stride), manner.scores_offset);
    Aligned<T> elements(extent(rows, n, to_stride), manner.elements_offset);
    stand_up(batch.scores.data(), scores.data, rows, n, stride);
    T* const to = !has_elements(f) ? nullptr : manner.in_place ? scores.data : elements.data;
    std::vector<T> scratch(scratch_for_columns(n), T(NAN));
    kernels_of<T>(table).columns[f]({scores.data, has_labels(f) ? batch.labels.data() : nullptr, to,
                                     has_per_row(f) ? result.per_row.data() : nullptr, n, ptrdiff_t(stride),
                                     ptrdiff_t(to_stride), manner.streamed, scratch.data()},
                                    manner.begin, end);
    if (!to) return;
    lay_down(to, result.elements.data(), rows, n, to_stride);
    bool gaps_stand = true;
    for (size_t k = 0; k + 1 < n; k++)
        for (size_t c = rows; c < to_stride; c++) gaps_stand &= to[k * to_stride + c] == untouched<T>;
    expect(gaps_stand, "%s %s wrote between the columns, %zu columns of %zu", type_name<T>, names[f], rows, n);
}

// A row as several threads would do it, each some spans of it.
template <class T>
void run_in_spans(const Kernels<T>& kernels, Function f, const Rows<T>& rows, size_t row, bool last_halves_first) {
    const size_t n = rows.n_classes, spans = std::max<size_t>(n / span, 1);
    const T* scores = rows.scores + row * n;
    auto end_of = [&](size_t i) { return i + 1 == spans ? n : (i + 1) * span; };
    RowSummary whole = kernels.spans.read[f](scores, end_of(0));
    for (size_t i = 1; i < spans; i++)
        whole = kernels.spans.merge(whole, kernels.spans.read[f](scores + i * span, end_of(i) - i * span));
    if (rows.labels) whole.label_score = double(scores[rows.labels[row]]);
    const auto write = kernels.spans.write[f];
    for (size_t i = 0; i < spans; i++) {
        const size_t at = last_halves_first ? spans - 1 - i : i, begin = at * span, end = end_of(at);
        if (!last_halves_first) {
            write(rows, row, whole, begin, end);
        } else {
            const size_t middle = begin + (end - begin) / 2;
            write(rows, row, whole, middle, end);
            write(rows, row, whole, begin, middle);
        }
    }
}

template <class T>
void run_rows(const KernelTable& table, Function f, const Batch<T>& batch, const Manner& manner, size_t end,
              Result<T>& result) {
    const size_t n = batch.n_classes, all = batch.rows * n;
    Aligned<T> scores(all, manner.scores_offset), elements(has_elements(f) ? all : 0, manner.elements_offset);
    std::memcpy(scores.data, batch.scores.data(), all * sizeof(T));
    T* const to = !has_elements(f) ? nullptr : manner.in_place ? scores.data : elements.data;
    std::vector<T> scratch(scratch_for_rows<T>(end - manner.begin, n), T(NAN));
    const Rows<T> rows{scores.data,
                       has_labels(f) ? batch.labels.data() : nullptr,
                       to,
                       has_per_row(f) ? result.per_row.data() : nullptr,
                       n,
                       manner.streamed,
                       scratch.data()};
    if (manner.layout == Layout::rows)
        kernels_of<T>(table).rows[f](rows, manner.begin, end);
    else
        for (size_t row = manner.begin; row < end; row++)
            run_in_spans(kernels_of<T>(table), f, rows, row, manner.last_halves_first);
    if (to) result.elements.assign(to, to + all);
}

template <class T>
Result<T> run(const KernelTable& table, Function f, const Batch<T>& batch, const Manner& manner = {}) {
    Result<T> result;
    if (has_elements(f)) result.elements.assign(batch.rows * batch.n_classes, untouched<T>);
    if (has_per_row(f)) result.per_row.assign(batch.rows, untouched<T>);
    const size_t end = std::min(manner.end, batch.rows);
    (manner.layout == Layout::columns ? run_columns<T> : run_rows<T>)(table, f, batch, manner, end, result);
    return result;
}

}  // namespace multinoulli::testing
