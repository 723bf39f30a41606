// SPDX-License-Identifier: BSD-3-Clause
#include "compute_calculus.hpp"

#include <limits>
#include <vector>

#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t chunk_elements = size_t(1) << 16;  // a thread's share at a time
constexpr size_t block_elements = size_t(1) << 13;  // probabilities that are still in a near cache when they are used

}  // namespace

template <class T>
void compute_product(Product product, const T* scores, const T* vectors, T* results, size_t rows, size_t n_classes) {
    const size_t block = std::max<size_t>(block_elements / n_classes, 1);
    const size_t chunk = std::max<size_t>(chunk_elements / n_classes / block, 1) * block;
    const double estimated_ns = 0.25 * sizeof(T) * double(rows * n_classes);
    over_rows(rows, chunk, estimated_ns, [&] {
        return [&, scratch = std::vector<T>(scratch_for_rows<T>(block, n_classes))](size_t begin, size_t end) mutable {
            for (size_t row = begin; row < end; row += block) {
                const size_t some = std::min(block, end - row), first = row * n_classes;
                T* const proba = results + first;
                const Rows<T> these{scores + first, nullptr, proba, nullptr, n_classes, false, scratch.data()};
                kernels_for<T>().rows[softmax](these, 0, some);
                kernels_for<T>().products[product](proba, vectors + first, some, n_classes);
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
    const double estimated_ns = 20. * double(rows) + 0.125 * sizeof(T) * double(size);
    over_rows(chunks, 1, estimated_ns, [&] {
        return [&, scratch = std::vector<T>()](size_t begin, size_t end) mutable {
            size_t row = first_row_from(begin);
            const size_t last = first_row_from(end);
            for (size_t next; row < last; row = next) {  // rows of one length that follow each other go together
                const size_t n = size_t(indptr[row + 1] - indptr[row]);
                for (next = row + 1; next < last && size_t(indptr[next + 1] - indptr[next]) == n;) next++;
                if (n == 0) {
                    for (; per_row && row < next; row++) per_row[row] = -std::numeric_limits<T>::infinity();
                    continue;
                }
                scratch.resize(std::max(scratch.size(), scratch_for_rows<T>(next - row, n)));
                const int64_t at = indptr[row];
                kernels_for<T>().rows[function](Rows<T>{scores + at, nullptr, elements ? elements + at : nullptr,
                                                        per_row ? per_row + row : nullptr, n, false, scratch.data()},
                                                0, next - row);
            }
        };
    });
}

template void compute_product<float>(Product, const float*, const float*, float*, size_t, size_t);
template void compute_product<double>(Product, const double*, const double*, double*, size_t, size_t);
template void compute_segments<float>(Function, const float*, const int64_t*, size_t, float*, float*);
template void compute_segments<double>(Function, const double*, const int64_t*, size_t, double*, double*);

}  // namespace multinoulli
