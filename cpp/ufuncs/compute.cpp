// SPDX-License-Identifier: BSD-3-Clause
#include "compute.hpp"

#include <memory>

namespace multinoulli {

namespace {

constexpr size_t chunk_elements = size_t(1) << 16;  // a thread's share at a time
constexpr size_t block_elements = size_t(1) << 14;  // gathered together: in f64 still within a level-2 cache
constexpr size_t streamed_bytes = size_t(8) << 20;  // an output of this size has left the cache before it is read

// Whole groups of rows where rows are short: the kernels take as many at a time as a vector has lanes.
size_t rows_of(size_t elements, size_t n_classes) {
    const size_t rows = elements / n_classes;
    return rows >= 64 ? rows / 64 * 64 : std::max<size_t>(rows, 1);
}

template <class T>
double estimated_ns(size_t rows, size_t n_classes) {
    return double(rows) * (5 + 0.125 * sizeof(T) * double(n_classes));
}

template <class T>
void compute_contiguous(Function function, const Operands& operands, size_t rows, size_t n_classes) {
    const bool streamed = operands.elements.data && rows * n_classes * sizeof(T) > streamed_bytes;
    const Rows<T> all{reinterpret_cast<const T*>(operands.scores.data),
                      reinterpret_cast<const int64_t*>(operands.labels.data),
                      reinterpret_cast<T*>(operands.elements.data),
                      reinterpret_cast<T*>(operands.per_row.data),
                      n_classes,
                      streamed};
    const Kernel<T> run = kernel<T>(function);
    over_rows(rows, rows_of(chunk_elements, n_classes), estimated_ns<T>(rows, n_classes),
              [&](size_t begin, size_t end) { run(all, begin, end); });
}

// The rows that are gathered together. Where the rows lie side by side a cache line holds 64 / sizeof(T) of them: so
// many at least, or each line is read that often; but one row at a time where so many would not fit the last cache
// either.
template <class T>
size_t block_rows_of(size_t rows, size_t n_classes) {
    const size_t side_by_side = n_classes <= chunk_elements ? 64 / sizeof(T) : 1;
    return std::min(rows, std::max(rows_of(block_elements, n_classes), side_by_side));
}

// Copies rows x items between two layouts, along the smaller stride inside: a transposed block is read as it lies.
template <class T>
void copy(const Operand& from, const Operand& to, size_t rows, size_t items) {
    const auto item = [&](size_t row, size_t k) {
        *reinterpret_cast<T*>(to.data + npy_intp(row) * to.row_stride + npy_intp(k) * to.item_stride) =
            *reinterpret_cast<const T*>(from.data + npy_intp(row) * from.row_stride + npy_intp(k) * from.item_stride);
    };
    const Operand& strided = from.item_stride == npy_intp(sizeof(T)) ? to : from;
    if (std::abs(strided.row_stride) < std::abs(strided.item_stride)) {
        for (size_t k = 0; k < items; k++)
            for (size_t row = 0; row < rows; row++) item(row, k);
    } else {
        for (size_t row = 0; row < rows; row++)
            for (size_t k = 0; k < items; k++) item(row, k);
    }
}

Operand from_row(const Operand& operand, size_t row) {
    return {operand.data + npy_intp(row) * operand.row_stride, operand.row_stride, operand.item_stride};
}

// Blocks that fit the cache are gathered, computed in place and scattered.
template <class T>
void compute_strided(Function function, const Operands& operands, size_t rows, size_t n_classes) {
    const size_t block_rows = block_rows_of<T>(rows, n_classes);
    const size_t chunk = std::max(block_rows, rows_of(chunk_elements, n_classes));
    const auto work = [&](size_t begin, size_t end) {
        const auto scores = std::make_unique_for_overwrite<T[]>(block_rows * n_classes);
        const auto per_row = std::make_unique_for_overwrite<T[]>(block_rows);
        const auto labels = std::make_unique_for_overwrite<int64_t[]>(block_rows);
        const Rows<T> block{scores.get(), labels.get(), scores.get(), per_row.get(), n_classes, false};
        const Operand block_scores{reinterpret_cast<char*>(scores.get()), npy_intp(n_classes * sizeof(T)), sizeof(T)};
        const Operand block_per_row{reinterpret_cast<char*>(per_row.get()), sizeof(T), sizeof(T)};
        const Operand block_labels{reinterpret_cast<char*>(labels.get()), sizeof(int64_t), sizeof(int64_t)};
        for (size_t row = begin; row < end; row += block_rows) {
            const size_t some = std::min(block_rows, end - row);
            copy<T>(from_row(operands.scores, row), block_scores, some, n_classes);
            if (operands.labels.data) copy<int64_t>(from_row(operands.labels, row), block_labels, some, 1);
            kernel<T>(function)(block, 0, some);
            if (operands.per_row.data) copy<T>(block_per_row, from_row(operands.per_row, row), some, 1);
            if (operands.elements.data) copy<T>(block_scores, from_row(operands.elements, row), some, n_classes);
        }
    };
    over_rows(rows, chunk, 2 * estimated_ns<T>(rows, n_classes), work);
}

}  // namespace

const int64_t* find_bad_label(const Operand& labels, npy_intp rows, npy_intp n_classes) {
    for (npy_intp row = 0; row < rows; row++) {
        const auto label = reinterpret_cast<const int64_t*>(labels.data + row * labels.row_stride);
        if (*label < 0 || *label >= n_classes) return label;
    }
    return nullptr;
}

template <class T>
void compute(Function function, const Operands& operands, npy_intp rows, npy_intp n_classes) {
    const bool contiguous = operands.scores.contiguous(rows, n_classes, sizeof(T)) &&
                            operands.labels.contiguous(rows, 1, sizeof(int64_t)) &&
                            operands.per_row.contiguous(rows, 1, sizeof(T)) &&
                            operands.elements.contiguous(rows, n_classes, sizeof(T));
    (contiguous ? compute_contiguous<T> : compute_strided<T>)(function, operands, size_t(rows), size_t(n_classes));
}

template void compute<float>(Function, const Operands&, npy_intp, npy_intp);
template void compute<double>(Function, const Operands&, npy_intp, npy_intp);

}  // namespace multinoulli
