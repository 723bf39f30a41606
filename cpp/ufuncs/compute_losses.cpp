// SPDX-License-Identifier: BSD-3-Clause
#include "compute_losses.hpp"

#include <algorithm>
#include <atomic>
#include <vector>

#include "threads.hpp"

namespace multinoulli {

namespace {

constexpr size_t chunk_elements = size_t(1) << 16;  // a thread's share at a time
constexpr size_t block_elements = size_t(1) << 13;  // what a kernel writes is still in a near cache for the next

// Up to `few` classes the rows are computed side by side, the absent with the others.
template <class T>
void begin_present(Kernel<T> begin_with, const Shares<T>& shares, const Rows<T>& rows, size_t n_rows) {
    if (rows.n_classes <= few || !shares.weights) return begin_with(rows, 0, n_rows);
    for (size_t begin = 0, end = 0; begin < n_rows; begin = end + 1) {
        for (end = begin; end < n_rows && !shares.absent(end);) end++;
        if (begin < end) begin_with(rows, begin, end);
    }
}

}  // namespace

template <class T, class Other>
void compute_shares(const Shares<T>& shares, const Other* other_targets, const T* scores, size_t rows,
                    size_t n_classes) {
    const size_t block = std::max<size_t>(block_elements / n_classes, 1);
    const size_t chunk = std::max<size_t>(chunk_elements / n_classes / block, 1) * block;
    const double estimated_ns = double(rows) * (10 + 0.25 * sizeof(T) * double(n_classes));
    const auto [log_sums, probabilities, finish, weigh] = kernels_for<T>().shares;
    const Kernel<T>* const rows_of = kernels_for<T>().rows;
    const Kernel<T> begin_with = shares.plain() ? rows_of[shares.gradient ? cross_entropy_gradient : cross_entropy]
                                                : (shares.gradient ? probabilities : log_sums);
    over_rows(rows, chunk, estimated_ns, [&, finish = finish] {
        return [&, finish, scratch = std::vector<T>(scratch_for_rows<T>(block, n_classes)),
                per_row = std::vector<T>(block), elements = std::vector<T>(shares.gradient ? block * n_classes : 0),
                targets = std::vector<T>(other_targets ? block * n_classes : 0)](size_t begin, size_t end) mutable {
            for (size_t row = begin; row < end; row += block) {
                const size_t some = std::min(block, end - row), first = row * n_classes;
                Shares<T> of_block = shares.from(row, n_classes);
                if (other_targets) {
                    std::copy_n(other_targets + first, some * n_classes, targets.data());
                    of_block.targets = targets.data();
                }
                const Rows<T> these{scores + first, of_block.labels, shares.gradient ? elements.data() : nullptr,
                                    per_row.data(), n_classes,       false,
                                    scratch.data()};
                begin_present(begin_with, of_block, these, some);
                finish(of_block, these, some);
            }
        };
    });
}

template <class T>
void compute_weighed(const T* targets, const double* class_weight, size_t rows, size_t n_classes, double* sums) {
    const size_t chunk = std::max<size_t>(chunk_elements / n_classes, 1);
    over_rows(rows, chunk, 0.03 * sizeof(T) * double(rows * n_classes), [&] {
        return [&](size_t begin, size_t end) {
            kernels_for<T>().shares.weigh(targets + begin * n_classes, class_weight, end - begin, n_classes,
                                          sums + begin);
        };
    });
}

template <class T>
double compute_binary(const BinaryLoss<T>& loss, size_t n, bool& valid) {
    const size_t chunks = (n + chunk_elements - 1) / chunk_elements;
    std::vector<double> sums(chunks);
    std::atomic<bool> all_valid{true};
    over_rows(chunks, 1, double(n) * 0.5 * sizeof(T), [&] {
        return [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++)
                if (!binary_kernel<T>()(loss, i * chunk_elements, std::min(n, (i + 1) * chunk_elements), sums[i]))
                    all_valid = false;
        };
    });
    valid = all_valid;
    double total = 0;
    for (double sum : sums) total += sum;
    return total;
}

template void compute_shares<float, double>(const Shares<float>&, const double*, const float*, size_t, size_t);
template void compute_shares<double, float>(const Shares<double>&, const float*, const double*, size_t, size_t);
template void compute_weighed<float>(const float*, const double*, size_t, size_t, double*);
template void compute_weighed<double>(const double*, const double*, size_t, size_t, double*);
template double compute_binary<float>(const BinaryLoss<float>&, size_t, bool&);
template double compute_binary<double>(const BinaryLoss<double>&, size_t, bool&);

}  // namespace multinoulli
