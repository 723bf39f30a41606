// SPDX-License-Identifier: BSD-3-Clause
#include "compute_calculus.hpp"

#include <limits>
#include <memory>
#include <vector>

#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t chunk_elements = size_t(1) << 16;  // a thread's share at a time
constexpr size_t block_elements = size_t(1) << 13;  // probabilities that are still in a near cache when they are used

// Ragged rows; see compute_segments.
template <class T>
struct Segments {
    const T* scores;
    const int64_t* indptr;
    T *elements, *per_row;

    size_t length(size_t row) const { return size_t(indptr[row + 1] - indptr[row]); }
};

constexpr size_t side_by_side = block_elements / few;  // rows of one length that are computed together

// The kernels take as many short rows at a time as a vector has lanes, and one alone takes as long as all of these. So
// rows of one length, wherever they lie in a chunk, are copied side by side, and their results to where they belong.
template <class T>
class ShortRows {
    const Kernel<T> kernel_;
    const Segments<T> all_;
    std::vector<size_t> rows_[few + 1];  // by their length
    std::unique_ptr<T[]> block_ = std::make_unique_for_overwrite<T[]>(block_elements);
    std::unique_ptr<T[]> block_per_row_ = std::make_unique_for_overwrite<T[]>(side_by_side);

    // std::memcpy would become `rep movs`, which takes longer to start than the rest of a row of ten.
    void compute(size_t n) {
        std::vector<size_t>& rows = rows_[n];
        T *const block = block_.get(), *const block_per_row = block_per_row_.get();
        for (size_t i = 0; i < rows.size(); i++) std::copy_n(all_.scores + all_.indptr[rows[i]], n, block + i * n);
        kernel_({block, nullptr, block, block_per_row, n, false, nullptr}, 0, rows.size());
        if (all_.elements)
            for (size_t i = 0; i < rows.size(); i++)
                std::copy_n(block + i * n, n, all_.elements + all_.indptr[rows[i]]);
        if (all_.per_row)
            for (size_t i = 0; i < rows.size(); i++) all_.per_row[rows[i]] = block_per_row[i];
        rows.clear();
    }

  public:
    ShortRows(Kernel<T> kernel, const Segments<T>& all) : kernel_(kernel), all_(all) {}

    // A row of n scores, 0 < n <= few. It is asked for now, in its order in memory, not row by row when it is computed.
    void add(size_t row, size_t n) {
        __builtin_prefetch(all_.scores + all_.indptr[row]);
        if (all_.elements) __builtin_prefetch(all_.elements + all_.indptr[row], 1);
        rows_[n].push_back(row);
        if (rows_[n].size() == side_by_side) compute(n);
    }
    void finish() {
        for (size_t n = 1; n <= few; n++)
            if (!rows_[n].empty()) compute(n);
    }
};

}  // namespace

template <class T>
void compute_product(Product product, const T* scores, const T* vectors, T* results, size_t rows, size_t n_classes) {
    const size_t block = std::max<size_t>(block_elements / n_classes, 1);
    const size_t chunk = std::max<size_t>(chunk_elements / n_classes / block, 1) * block;
    const double estimated_ns = 0.25 * sizeof(T) * double(rows * n_classes);
    over_rows(rows, chunk, estimated_ns, [&] {
        return [&, scratch = std::vector<T>(scratch_for_rows<T>(block, n_classes)),
                proba = std::vector<T>(block * n_classes)](size_t begin, size_t end) mutable {
            for (size_t row = begin; row < end; row += block) {
                const size_t some = std::min(block, end - row), first = row * n_classes;
                const Rows<T> these{scores + first, nullptr, proba.data(), nullptr, n_classes, false, scratch.data()};
                kernels_for<T>().rows[softmax](these, 0, some);
                kernels_for<T>().products[product](proba.data(), vectors + first, results + first, some, n_classes);
            }
        };
    });
}

// A chunk is a stretch of scores, of the rows that begin in it: however their lengths differ, threads get equal shares.
template <class T>
void compute_segments(Function function, const T* scores, const int64_t* indptr, size_t rows, T* elements, T* per_row) {
    const size_t size = size_t(indptr[rows]), chunks = size / chunk_elements + 1;
    const auto first_row_from = [&](size_t chunk) {
        if (chunk == chunks) return rows;
        return size_t(std::lower_bound(indptr, indptr + rows, int64_t(chunk * chunk_elements)) - indptr);
    };
    const Segments<T> all{scores, indptr, elements, per_row};
    const double estimated_ns = 10. * double(rows) + 0.125 * sizeof(T) * double(size);
    over_rows(chunks, 1, estimated_ns, [&] {
        return [&, short_rows = ShortRows<T>(kernels_for<T>().rows[function], all), scratch = std::vector<T>()](
                   size_t begin, size_t end) mutable {
            for (size_t chunk = begin, row = first_row_from(begin); chunk < end; chunk++) {
                const size_t last = first_row_from(chunk + 1);
                for (size_t next; row < last; row = next) {  // rows of one length that follow each other go together
                    const size_t n = all.length(row);
                    for (next = row + 1; next < last && all.length(next) == n;) next++;
                    if (n == 0) {
                        if (per_row) std::fill(per_row + row, per_row + next, -std::numeric_limits<T>::infinity());
                    } else if (n <= few && next - row < side_by_side) {
                        for (; row < next; row++) short_rows.add(row, n);
                    } else {
                        scratch.resize(std::max(scratch.size(), scratch_for_rows<T>(next - row, n)));
                        const int64_t at = indptr[row];
                        kernels_for<T>().rows[function](
                            Rows<T>{scores + at, nullptr, elements ? elements + at : nullptr,
                                    per_row ? per_row + row : nullptr, n, false, scratch.data()},
                            0, next - row);
                    }
                }
                short_rows.finish();  // while the chunk is still in a cache
            }
        };
    });
}

template void compute_product<float>(Product, const float*, const float*, float*, size_t, size_t);
template void compute_product<double>(Product, const double*, const double*, double*, size_t, size_t);
template void compute_segments<float>(Function, const float*, const int64_t*, size_t, float*, float*);
template void compute_segments<double>(Function, const double*, const int64_t*, size_t, double*, double*);

}  // namespace multinoulli
