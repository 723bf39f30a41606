// SPDX-License-Identifier: BSD-3-Clause
// A row's bits are its own: neighbours, order, alignment, streaming, place and the split of a batch change none of
// them.
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

template <class T>
void test(const KernelTable& table, size_t n, size_t rows) {
    const Batch<T> batch = mixed<T>(rows, n);
    std::vector<size_t> backwards;
    for (size_t r = rows; r-- > 0;) backwards.push_back(r);
    for (Function f : functions) {
        const Result<T> together = run(table, f, batch);
        auto same = [&](const Result<T>& other, const char* what) {
            expect(other == together, "%s %s, %zu classes: other bits %s", type_name<T>, names[f], n, what);
        };
        for (size_t offset : {1, 2, 5, 8, 15}) {
            same(run(table, f, batch, {.scores_offset = offset}), "with the scores elsewhere");
            same(run(table, f, batch, {.elements_offset = offset}), "with the output elsewhere");
            same(run(table, f, batch, {.streamed = true, .elements_offset = offset}), "streamed elsewhere");
            same(run(table, f, batch, {.in_place = true, .scores_offset = offset}), "in place elsewhere");
        }
        same(run(table, f, batch, {.streamed = true}), "streamed");
        same(run(table, f, batch, {.in_place = true}), "in place");
        same(run(table, f, batch, {.streamed = true, .in_place = true}), "streamed in place");

        const Result<T> reversed = run(table, f, rows_of(batch, backwards));
        for (size_t r = 0; r < rows; r++) {
            const Result<T> row = together.rows(r, r + 1, n);
            expect(reversed.rows(rows - 1 - r, rows - r, n) == row, "%s %s, %zu classes: other bits in another order",
                   type_name<T>, names[f], n);
            expect(run(table, f, rows_of(batch, {r})) == row, "%s %s, %zu classes: row %zu has other bits alone",
                   type_name<T>, names[f], n, r);
        }
        for (size_t begin : {size_t(0), size_t(1), size_t(3), rows / 2})  // chunks leave the other rows as they are
            for (size_t end : {begin, begin + 1, rows - 2, rows}) {
                if (end > rows || begin > end) continue;
                Result<T> chunk{std::vector<T>(together.elements.size(), T(-77)),
                                std::vector<T>(together.per_row.size(), T(-77))};
                std::vector<T> scratch(scratch_for_rows<T>(end - begin, n));
                kernel_of<T>(table, f)({batch.scores.data(), batch.labels.data(), chunk.elements.data(),
                                        chunk.per_row.data(), n, false, scratch.data()},
                                       begin, end);
                expect(chunk.rows(begin, end, n) == together.rows(begin, end, n),
                       "%s %s, %zu classes: other bits in a chunk", type_name<T>, names[f], n);
                bool untouched = true;
                for (size_t r = 0; r < rows; r++) {
                    if (r >= begin && r < end) continue;
                    for (T value : chunk.rows(r, r + 1, n).elements) untouched &= value == T(-77);
                    for (T value : chunk.rows(r, r + 1, n).per_row) untouched &= value == T(-77);
                }
                expect(untouched, "%s %s, %zu classes: rows outside %zu ... %zu written", type_name<T>, names[f], n,
                       begin, end);
            }
    }
}

}  // namespace

void test_invariance(const KernelTable& table) {
    for (size_t n : {1, 2, 3, 7, 8, 10, 15, 16, 17, 31, 33, 63, 64, 65, 100, 1000, 1025, 3000, 4096, 4101}) {
        test<float>(table, n, n <= 100 ? 53 : 15);
        test<double>(table, n, n <= 100 ? 53 : 15);
    }
    test<float>(table, 265001, 3);  // beyond kept_limit: the exps are computed twice
    test<double>(table, 140001, 3);
}

}  // namespace multinoulli::testing
