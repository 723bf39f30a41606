// SPDX-License-Identifier: BSD-3-Clause
// Not a byte beyond what was given is read or written: rows and columns stand against inaccessible pages, on one side
// or the other.
#include "batches.hpp"
#include "guarded.hpp"

namespace multinoulli::testing {
namespace {

template <class T>
void test_rows(const KernelTable& table, size_t n, size_t rows, Side side) {
    const Batch<T> batch = batch_of<T>(Scores::normal, rows, n, uint32_t(n));
    Guarded<T> scores(rows * n, side), elements(rows * n, side), per_row(rows, side);
    Guarded<int64_t> labels(rows, side);
    Guarded<T> scratch(scratch_for_rows<T>(rows, n), side);
    std::copy(batch.labels.begin(), batch.labels.end(), labels.data());
    for (Function f : functions)
        for (bool in_place : {false, true})
            for (bool streamed : {false, true}) {
                if (in_place && !has_elements(f)) continue;
                std::copy(batch.scores.begin(), batch.scores.end(), scores.data());
                T* const to = !has_elements(f) ? nullptr : in_place ? scores.data() : elements.data();
                kernels_of<T>(table).rows[f]({scores.data(), has_labels(f) ? labels.data() : nullptr, to,
                                              has_per_row(f) ? per_row.data() : nullptr, n, streamed, scratch.data()},
                                             0, rows);
                const bool whole = scores.sentinels_stand() && elements.sentinels_stand() &&
                                   per_row.sentinels_stand() && labels.sentinels_stand() && scratch.sentinels_stand();
                expect(whole, "%s %s wrote outside, %zu rows of %zu", type_name<T>, names[f], rows, n);
                const bool kept = in_place || std::equal(batch.scores.begin(), batch.scores.end(), scores.data());
                expect(kept, "%s %s changed its scores, %zu rows of %zu", type_name<T>, names[f], rows, n);
                Result<T> got;
                if (to) got.elements.assign(to, to + rows * n);
                if (has_per_row(f)) got.per_row.assign(per_row.data(), per_row.data() + rows);
                expect(got == run(table, f, batch), "%s %s, %zu rows of %zu: other bits", type_name<T>, names[f], rows,
                       n);
            }
}

// Upright, in columns that lie `gap` further apart than they need to: the gaps are out of bounds too.
template <class T>
void test_columns(const KernelTable& table, size_t n, size_t columns, size_t gap, Side side) {
    const Batch<T> batch = batch_of<T>(Scores::normal, columns, n, uint32_t(n));
    const size_t stride = columns + gap, all = extent(columns, n, stride);
    const std::vector<T> nothing(all, untouched<T>);
    std::vector<T> upright = nothing;
    stand_up(batch.scores.data(), upright.data(), columns, n, stride);
    Guarded<T> scores(all, side), elements(all, side), per_row(columns, side), scratch(scratch_for_columns(n), side);
    Guarded<int64_t> labels(columns, side);
    std::copy(batch.labels.begin(), batch.labels.end(), labels.data());
    for (Function f : functions) {
        const Result<T> want = run(table, f, batch, {.layout = Layout::columns});
        for (bool in_place : {false, true})
            for (bool streamed : {false, true}) {
                if (in_place && !has_elements(f)) continue;
                std::copy(upright.begin(), upright.end(), scores.data());
                std::copy(nothing.begin(), nothing.end(), elements.data());
                T* const to = !has_elements(f) ? nullptr : in_place ? scores.data() : elements.data();
                kernels_of<T>(table).columns[f]({scores.data(), has_labels(f) ? labels.data() : nullptr, to,
                                                 has_per_row(f) ? per_row.data() : nullptr, n, ptrdiff_t(stride),
                                                 ptrdiff_t(stride), streamed, scratch.data()},
                                                0, columns);
                const bool whole = scores.sentinels_stand() && elements.sentinels_stand() &&
                                   per_row.sentinels_stand() && labels.sentinels_stand() && scratch.sentinels_stand();
                expect(whole, "%s %s wrote outside, %zu columns of %zu", type_name<T>, names[f], columns, n);
                const bool kept = in_place || std::equal(upright.begin(), upright.end(), scores.data());
                expect(kept, "%s %s changed its scores, %zu columns of %zu", type_name<T>, names[f], columns, n);
                Result<T> got;
                if (has_per_row(f)) got.per_row.assign(per_row.data(), per_row.data() + columns);
                if (to) {
                    got.elements.resize(columns * n);
                    lay_down(to, got.elements.data(), columns, n, stride);
                    std::vector<T> there(to, to + all), expected = nothing;
                    stand_up(got.elements.data(), expected.data(), columns, n, stride);
                    expect(std::memcmp(there.data(), expected.data(), all * sizeof(T)) == 0,
                           "%s %s wrote between %zu columns of %zu", type_name<T>, names[f], columns, n);
                }
                expect(got == want, "%s %s, %zu columns of %zu: other bits", type_name<T>, names[f], columns, n);
            }
    }
}

template <class T>
void test(const KernelTable& table, Side side) {
    for (size_t n : lengths()) {
        const size_t most = n <= 35 ? 2 * 16 + 1 : n <= 130 ? 17 : 2;
        const size_t step = n <= 17 && side == Side::end ? 1 : 1 + most / 4;  // what is read too far is read at the end
        for (size_t rows = 1; rows <= most; rows += step) test_rows<T>(table, n, rows, side);
    }
    test_rows<T>(table, sizeof(T) == 4 ? 265001 : 140001, 2, side);

    // Fewer than a vector, tails of every length, more than a tile; whole cache lines apart, which can be streamed, and
    // not.
    for (size_t n : {1, 2, 9, 33, 64, 65, 72, 1001})
        for (size_t columns : {1, 3, 7, 8, 16, 17, 45, 64, 1030})
            for (size_t gap : {size_t(0), size_t(1), (columns + 15) / 16 * 16 - columns}) {
                if (n * columns > 75000) continue;
                test_columns<T>(table, n, columns, gap, side);
            }
}

}  // namespace

void test_memory(const KernelTable& table) {
    for (Side side : {Side::start, Side::end}) {
        test<float>(table, side);
        test<double>(table, side);
    }
}

}  // namespace multinoulli::testing
