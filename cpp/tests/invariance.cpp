// SPDX-License-Identifier: BSD-3-Clause
// A row's bits are its own: neighbours, order, alignment, streaming, place, the gaps between columns, the split of a
// batch and that of a long row into spans change none of them.
#include "batches.hpp"

namespace multinoulli::testing {
namespace {

// Ordinary rows with one of every kind of wild row among them.
template <class T>
Batch<T> mixed(size_t rows, size_t n) {
    Batch<T> batch = batch_of<T>(Scores::normal, rows, n, uint32_t(n));
    for (size_t r = 0; r < rows; r++) {
        T* row = batch.row(r);
        if (r % 13 == 1) std::fill_n(row, n, T(-INFINITY));
        if (r % 13 == 3) row[n / 2] = INFINITY;
        if (r % 13 == 5) row[n - 1] = NAN;
        if (r % 13 == 6 || r % 13 == 8)
            for (size_t k = 0; k < n; k++) row[k] *= T(1e10);
        if (r % 13 == 9)
            for (size_t k = 0; k < n; k++) row[k] += T(5e5);
        if (r % 13 == 10) row[0] = T(200);
    }
    return batch;
}

template <class T>
Batch<T> rows_of(const Batch<T>& batch, const std::vector<size_t>& chosen) {
    Batch<T> part(chosen.size(), batch.n_classes);
    for (size_t i = 0; i < chosen.size(); i++) {
        std::copy_n(batch.row(chosen[i]), batch.n_classes, part.row(i));
        part.labels[i] = batch.labels[chosen[i]];
    }
    return part;
}

std::vector<Manner> manners(Layout layout) {
    std::vector<Manner> all;
    for (size_t offset : {0, 1, 2, 5, 8, 15}) {
        all.push_back({.layout = layout, .scores_offset = offset});
        all.push_back({.layout = layout, .elements_offset = offset});
        all.push_back({.layout = layout, .streamed = true, .elements_offset = offset});
        all.push_back({.layout = layout, .in_place = true, .scores_offset = offset});
    }
    all.push_back({.layout = layout, .streamed = true, .in_place = true});
    return all;
}

// Gaps up to the next cache line, so that columns can be streamed, and one beyond.
std::vector<Manner> manners_of_columns(size_t columns) {
    std::vector<Manner> all = manners(Layout::columns);
    const size_t whole = (columns + 15) / 16 * 16 - columns;
    for (bool streamed : {false, true})
        for (size_t offset : {0, 3, 15}) {
            all.push_back({.layout = Layout::columns,
                           .streamed = streamed,
                           .elements_offset = offset,
                           .scores_gap = 1,
                           .elements_gap = whole});
            all.push_back({.layout = Layout::columns,
                           .streamed = streamed,
                           .scores_offset = offset,
                           .scores_gap = whole + 16,
                           .elements_gap = whole + 5});
            all.push_back(
                {.layout = Layout::columns, .streamed = streamed, .in_place = true, .scores_gap = whole + offset});
        }
    return all;
}

template <class T>
void expect_same(const Result<T>& got, const Result<T>& want, Function f, size_t n, const Manner& manner) {
    expect(got == want,
           "%s %s in %s, %zu classes: other bits, streamed %d, in place %d, offsets %zu and %zu, gaps %zu and %zu",
           type_name<T>, names[f], layout_names[int(manner.layout)], n, manner.streamed, manner.in_place,
           manner.scores_offset, manner.elements_offset, manner.scores_gap, manner.elements_gap);
}

// The rows begin ... end-1 have the bits that they have in the whole, the others are left alone.
template <class T>
void test_chunk(const KernelTable& table, Function f, const Batch<T>& batch, const Result<T>& whole, Manner manner) {
    const size_t n = batch.n_classes, rows = batch.rows;
    const Result<T> chunk = run(table, f, batch, manner), none = {std::vector<T>(whole.elements.size(), untouched<T>),
                                                                  std::vector<T>(whole.per_row.size(), untouched<T>)};
    const char* const as = layout_names[int(manner.layout)];
    expect(chunk.rows(manner.begin, manner.end, n) == whole.rows(manner.begin, manner.end, n),
           "%s %s in %s, %zu classes: other bits in the chunk %zu ... %zu", type_name<T>, names[f], as, n, manner.begin,
           manner.end);
    expect(chunk.rows(0, manner.begin, n) == none.rows(0, manner.begin, n) &&
               chunk.rows(manner.end, rows, n) == none.rows(manner.end, rows, n),
           "%s %s in %s, %zu classes: rows outside %zu ... %zu written", type_name<T>, names[f], as, n, manner.begin,
           manner.end);
}

template <class T>
void test(const KernelTable& table, Layout layout, size_t n, size_t rows) {
    const Batch<T> batch = mixed<T>(rows, n);
    const char* const as = layout_names[int(layout)];
    const Manner plain{.layout = layout};
    std::vector<size_t> backwards;
    for (size_t r = rows; r-- > 0;) backwards.push_back(r);
    for (Function f : functions) {
        const Result<T> together = run(table, f, batch, plain);
        for (const Manner& manner : layout == Layout::columns ? manners_of_columns(rows) : manners(layout))
            expect_same(run(table, f, batch, manner), together, f, n, manner);

        const Result<T> reversed = run(table, f, rows_of(batch, backwards), plain);
        for (size_t r = 0; r < rows; r++) {
            const Result<T> row = together.rows(r, r + 1, n);
            expect(reversed.rows(rows - 1 - r, rows - r, n) == row,
                   "%s %s in %s, %zu classes: other bits in another order", type_name<T>, names[f], as, n);
            if (r >= 60 && r % 41 != 0) continue;
            expect(run(table, f, rows_of(batch, {r}), plain) == row,
                   "%s %s in %s, %zu classes: row %zu has other bits alone", type_name<T>, names[f], as, n, r);
        }
        const size_t whole_lines = layout == Layout::columns ? (rows + 15) / 16 * 16 - rows : 0;
        for (size_t begin : {size_t(0), size_t(1), size_t(3), rows / 2})
            for (size_t end : {begin, begin + 1, rows - 2, rows})
                for (bool streamed : {false, true}) {
                    if (end > rows || begin > end) continue;
                    test_chunk(table, f, batch, together,
                               {.layout = layout,
                                .streamed = streamed,
                                .elements_gap = whole_lines,
                                .begin = begin,
                                .end = end});
                }
    }
}

// However a long row's spans are written, it is the row that the row kernel writes.
template <class T>
void test_spans(const KernelTable& table, size_t n, size_t rows) {
    const Batch<T> batch = mixed<T>(rows, n);
    for (Function f : functions) {
        const Result<T> whole = run(table, f, batch);
        for (bool last_halves_first : {false, true})
            for (bool streamed : {false, true})
                for (bool in_place : {false, true}) {
                    const Manner manner{.layout = Layout::spans,
                                        .streamed = streamed,
                                        .in_place = in_place,
                                        .scores_offset = 3,
                                        .elements_offset = 5,
                                        .last_halves_first = last_halves_first};
                    expect_same(run(table, f, batch, manner), whole, f, n, manner);
                }
    }
}

}  // namespace

void test_invariance(const KernelTable& table) {
    for (size_t n : {1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 33, 63, 64, 65, 100, 1000, 1025, 3000, 4096, 4101}) {
        test<float>(table, Layout::rows, n, n <= 100 ? 53 : 15);
        test<double>(table, Layout::rows, n, n <= 100 ? 53 : 15);
    }
    test<float>(table, Layout::rows, 265001, 3);  // long: the exps are computed twice
    test<double>(table, Layout::rows, 140001, 3);

    // One tile of columns and more.
    constexpr size_t shapes[][2] = {{1, 300},  {2, 40},  {7, 300}, {8, 45},    {17, 300}, {33, 150},
                                    {64, 150}, {65, 45}, {71, 40}, {72, 1100}, {1025, 40}};
    for (const auto& [n, columns] : shapes) {
        test<float>(table, Layout::columns, n, columns);
        test<double>(table, Layout::columns, n, columns);
    }

    // Four spans or more in float, two in double; the last of any length, and of the most scores. The rows up to the
    // eleventh are one of every kind.
    for (size_t n : {262145, 327679, 327680}) test_spans<float>(table, n, 2);
    for (size_t n : {131073, 196607, 196608}) test_spans<double>(table, n, 2);
    test_spans<float>(table, 265001, 11);
    test_spans<double>(table, 140001, 11);
}

}  // namespace multinoulli::testing
