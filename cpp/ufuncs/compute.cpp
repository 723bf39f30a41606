// SPDX-License-Identifier: BSD-3-Clause
#include "compute.hpp"

#include <cstring>
#include <memory>
#include <vector>

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

// A thread's memory for its kernels; small needs are met without asking the heap.
template <class T>
class Scratch {
    static constexpr size_t own = (size_t(1) << 14) / sizeof(T);
    alignas(64) T own_[own];
    std::unique_ptr<T[]> borrowed_;

  public:
    explicit Scratch(size_t size) {
        if (size > own) borrowed_ = std::make_unique_for_overwrite<T[]>(size);
    }
    T* data() { return borrowed_ ? borrowed_.get() : own_; }
};

template <class T>
Rows<T> as_rows(const Operands& operands, size_t n_classes, bool streamed) {
    return {reinterpret_cast<const T*>(operands.scores.data),
            reinterpret_cast<const int64_t*>(operands.labels.data),
            reinterpret_cast<T*>(operands.elements.data),
            reinterpret_cast<T*>(operands.per_row.data),
            n_classes,
            streamed,
            nullptr};
}

// A few rows that no cache holds: threads share each of them. More rows than threads are better left whole.
template <class T>
void compute_long_row(Function function, const Rows<T>& rows, size_t row) {
    const SpanKernels<T>& kernels = kernels_for<T>().spans;
    const T* const scores = rows.scores + row * rows.n_classes;
    const size_t spans = std::max<size_t>(rows.n_classes / span, 1);
    const auto end_of = [&](size_t i) { return i + 1 == spans ? rows.n_classes : (i + 1) * span; };
    const double estimated = estimated_ns<T>(1, rows.n_classes);
    std::vector<RowSummary> read(spans);
    over_rows(spans, 1, estimated, [&] {
        return [&](size_t begin, size_t end) {
            for (size_t i = begin; i < end; i++)
                read[i] = kernels.read[function](scores + i * span, end_of(i) - i * span);
        };
    });
    RowSummary whole = read[0];
    for (size_t i = 1; i < spans; i++) whole = kernels.merge(whole, read[i]);
    if (rows.labels) whole.label_score = double(scores[rows.labels[row]]);
    over_rows(rows.elements ? spans : 1, 1, estimated, [&] {
        return
            [&](size_t begin, size_t end) { kernels.write[function](rows, row, whole, begin * span, end_of(end - 1)); };
    });
}

template <class T>
void compute_contiguous(Function function, const Operands& operands, size_t rows, size_t n_classes) {
    const bool streamed = operands.elements.data && rows * n_classes * sizeof(T) > streamed_bytes;
    const Rows<T> all = as_rows<T>(operands, n_classes, streamed);
    if (n_classes * sizeof(T) > long_row_bytes && rows < size_t(thread_limit())) {
        for (size_t row = 0; row < rows; row++) compute_long_row(function, all, row);
        return;
    }
    const Kernel<T> run = kernels_for<T>().rows[function];
    over_rows(rows, rows_of(chunk_elements, n_classes), estimated_ns<T>(rows, n_classes), [&] {
        return [&, run, scratch = Scratch<T>(scratch_for_rows<T>(rows, n_classes))](size_t begin, size_t end) mutable {
            Rows<T> mine = all;
            mine.scratch = scratch.data();
            run(mine, begin, end);
        };
    });
}

// The rows that are gathered together. Where the rows lie side by side a cache line holds 64 / sizeof(T) of them: so
// many at least, or each line is read that often; but one row at a time where so many would not fit the last cache
// either.
template <class T>
size_t block_rows_of(size_t rows, size_t n_classes) {
    const size_t side_by_side = n_classes <= chunk_elements ? 64 / sizeof(T) : 1;
    return std::min(rows, std::max(rows_of(block_elements, n_classes), side_by_side));
}

// Copies `count` items; strides in bytes.
template <class T>
void copy_items(const char* from, npy_intp from_stride, char* to, npy_intp to_stride, size_t count) {
    if (from_stride == npy_intp(sizeof(T)) && to_stride == npy_intp(sizeof(T))) {
        std::memcpy(to, from, count * sizeof(T));
        return;
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < count; i++, from += from_stride, to += to_stride)
        *reinterpret_cast<T*>(to) = *reinterpret_cast<const T*>(from);
}

// Copies rows x items between two layouts, along the smaller stride inside: a transposed block is read as it lies.
template <class T>
void copy(const Operand& from, const Operand& to, size_t rows, size_t items) {
    const Operand& strided = from.item_stride == npy_intp(sizeof(T)) ? to : from;
    if (std::abs(strided.row_stride) < std::abs(strided.item_stride))
        for (size_t k = 0; k < items; k++)
            copy_items<T>(from.data + npy_intp(k) * from.item_stride, from.row_stride,
                          to.data + npy_intp(k) * to.item_stride, to.row_stride, rows);
    else
        for (size_t row = 0; row < rows; row++)
            copy_items<T>(from.data + npy_intp(row) * from.row_stride, from.item_stride,
                          to.data + npy_intp(row) * to.row_stride, to.item_stride, items);
}

Operand from_row(const Operand& operand, size_t row) {
    return {operand.data + npy_intp(row) * operand.row_stride, operand.row_stride, operand.item_stride};
}

// Blocks that fit the cache are gathered and computed; where the elements cannot go straight to their places, they are
// computed in place and scattered.
template <class T>
void compute_strided(Function function, const Operands& operands, size_t rows, size_t n_classes) {
    const size_t block_rows = block_rows_of<T>(rows, n_classes);
    const size_t chunk = std::max(block_rows, rows_of(chunk_elements, n_classes));
    const bool scattered = !operands.elements.contiguous(npy_intp(rows), npy_intp(n_classes), sizeof(T));
    const bool direct = operands.elements.data && !scattered;
    const bool streamed = direct && rows * n_classes * sizeof(T) > streamed_bytes;
    const auto new_work = [&] {
        return [&, scratch = Scratch<T>(scratch_for_rows<T>(block_rows, n_classes)),
                scores = std::make_unique_for_overwrite<T[]>(block_rows * n_classes),
                per_row = std::make_unique_for_overwrite<T[]>(block_rows),
                labels = std::make_unique_for_overwrite<int64_t[]>(block_rows)](size_t begin, size_t end) mutable {
            Rows<T> block{scores.get(), labels.get(), scores.get(), per_row.get(), n_classes, streamed, scratch.data()};
            const Operand block_scores{reinterpret_cast<char*>(scores.get()), npy_intp(n_classes * sizeof(T)),
                                       sizeof(T)};
            const Operand block_per_row{reinterpret_cast<char*>(per_row.get()), sizeof(T), sizeof(T)};
            const Operand block_labels{reinterpret_cast<char*>(labels.get()), sizeof(int64_t), sizeof(int64_t)};
            for (size_t row = begin; row < end; row += block_rows) {
                const size_t some = std::min(block_rows, end - row);
                copy<T>(from_row(operands.scores, row), block_scores, some, n_classes);
                if (operands.labels.data) copy<int64_t>(from_row(operands.labels, row), block_labels, some, 1);
                if (direct) block.elements = reinterpret_cast<T*>(from_row(operands.elements, row).data);
                kernels_for<T>().rows[function](block, 0, some);
                if (operands.per_row.data) copy<T>(block_per_row, from_row(operands.per_row, row), some, 1);
                if (scattered) copy<T>(block_scores, from_row(operands.elements, row), some, n_classes);
            }
        };
    };
    over_rows(rows, chunk, 2 * estimated_ns<T>(rows, n_classes), new_work);
}

// Whether the rows stand upright, side by side.
template <class T>
bool upright(const Operands& operands, size_t rows, size_t n_classes) {
    const auto side_by_side = [&](const Operand& operand, size_t item) {
        return !operand.data || operand.row_stride == npy_intp(item);
    };
    const auto whole = [](const Operand& operand) { return operand.item_stride % npy_intp(sizeof(T)) == 0; };
    return may_stand_upright(npy_intp(rows), npy_intp(n_classes)) && side_by_side(operands.scores, sizeof(T)) &&
           side_by_side(operands.labels, sizeof(int64_t)) && side_by_side(operands.per_row, sizeof(T)) &&
           side_by_side(operands.elements, sizeof(T)) && whole(operands.scores) && whole(operands.elements);
}

// Enough columns to keep a thread busy for a while, in whole cache lines of each class; fewer if there are few in all.
size_t columns_of(size_t outer, size_t n_classes, size_t columns) {
    const size_t worthwhile = std::max<size_t>(chunk_elements / n_classes, 1024);
    const size_t share = outer * columns / size_t(thread_limit());
    return (std::min({worthwhile, columns, std::max<size_t>(share, 1)}) + 15) / 16 * 16;
}

// `outer` times such columns, one slab after the other.
template <class T>
void compute_upright(Function function, const Operands& operands, size_t outer, size_t n_classes, size_t columns) {
    // Chunks begin with a cache line of the output.
    const size_t before = reinterpret_cast<uintptr_t>(operands.elements.data) % 64 / sizeof(T);
    const size_t chunk = columns_of(outer, n_classes, columns), shift = chunk < columns ? before : 0;
    const size_t chunks = (columns + shift + chunk - 1) / chunk;
    const bool streamed = operands.elements.data && outer * n_classes * columns * sizeof(T) > streamed_bytes;
    const Rows<T> all = as_rows<T>(operands, n_classes, streamed);
    const auto stride = [](const Operand& operand) { return operand.item_stride / npy_intp(sizeof(T)); };
    const auto slab = [&](size_t i, T* scratch) {
        const size_t elements = i * n_classes * columns, rows = i * columns;
        return Columns<T>{all.scores + elements,
                          all.labels ? all.labels + rows : nullptr,
                          all.elements ? all.elements + elements : nullptr,
                          all.per_row ? all.per_row + rows : nullptr,
                          n_classes,
                          stride(operands.scores),
                          stride(operands.elements),
                          streamed,
                          scratch};
    };
    over_rows(outer * chunks, 1, 2 * estimated_ns<T>(outer * columns, n_classes), [&] {
        return [&, scratch = Scratch<T>(scratch_for_columns(n_classes))](size_t begin, size_t end) mutable {
            for (size_t i = begin; i < end; i++) {
                const size_t end = (i % chunks + 1) * chunk - shift, first = end > chunk ? end - chunk : 0;
                kernels_for<T>().columns[function](slab(i / chunks, scratch.data()), first, std::min(columns, end));
            }
        };
    });
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
    if (contiguous) return compute_contiguous<T>(function, operands, size_t(rows), size_t(n_classes));
    if (upright<T>(operands, size_t(rows), size_t(n_classes)))
        return compute_upright<T>(function, operands, 1, size_t(n_classes), size_t(rows));
    compute_strided<T>(function, operands, size_t(rows), size_t(n_classes));
}

template <class T>
void compute_columns(Function function, const Operands& operands, npy_intp outer, npy_intp n_classes,
                     npy_intp columns) {
    compute_upright<T>(function, operands, size_t(outer), size_t(n_classes), size_t(columns));
}

template void compute<float>(Function, const Operands&, npy_intp, npy_intp);
template void compute<double>(Function, const Operands&, npy_intp, npy_intp);
template void compute_columns<float>(Function, const Operands&, npy_intp, npy_intp, npy_intp);
template void compute_columns<double>(Function, const Operands&, npy_intp, npy_intp, npy_intp);

}  // namespace multinoulli
