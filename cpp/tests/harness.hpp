// SPDX-License-Identifier: BSD-3-Clause
// What every test of the kernels shares: batches of rows, calling a kernel on one, counting what failed.
#pragma once
#include <cmath>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <vector>

#include "elementwise_kernels.hpp"
#include "kernels.hpp"

namespace multinoulli::testing {

inline int failures = 0;

// Counts a failure, and shows it if it is one of the first.
__attribute__((format(printf, 2, 3))) inline void expect(bool holds, const char* format, ...) {
    if (holds || ++failures > 25) return;
    std::va_list arguments;
    va_start(arguments, format);
    std::vprintf(format, arguments);
    va_end(arguments);
    std::printf("\n");
}

constexpr Function functions[] = {softmax, log_softmax, logsumexp, cross_entropy, cross_entropy_gradient};
constexpr const char* names[] = {"softmax", "log_softmax", "logsumexp", "cross_entropy", "cross_entropy_gradient"};
constexpr bool has_elements(Function f) { return f == softmax || f == log_softmax || f == cross_entropy_gradient; }
constexpr bool has_per_row(Function f) { return f != softmax && f != log_softmax; }
constexpr bool has_labels(Function f) { return f == cross_entropy || f == cross_entropy_gradient; }

template <class T>
Kernel<T> kernel_of(const KernelTable& table, Function f) {
    if constexpr (sizeof(T) == 4)
        return table.f32.rows[f];
    else
        return table.f64.rows[f];
}
template <class T>
constexpr const char* type_name = sizeof(T) == 4 ? "float" : "double";

template <class T>
struct Batch {
    size_t rows, n_classes;
    std::vector<T> scores;
    std::vector<int64_t> labels;

    Batch(size_t rows, size_t n_classes) : rows(rows), n_classes(n_classes), scores(rows * n_classes), labels(rows) {}
    T* row(size_t r) { return scores.data() + r * n_classes; }
    const T* row(size_t r) const { return scores.data() + r * n_classes; }
};

// What a function does not write stays empty.
template <class T>
struct Result {
    std::vector<T> elements, per_row;

    bool operator==(const Result& other) const {  // bit for bit
        auto same = [](const std::vector<T>& a, const std::vector<T>& b) {
            return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0);
        };
        return same(elements, other.elements) && same(per_row, other.per_row);
    }
    Result rows(size_t begin, size_t end, size_t n_classes) const {
        Result part;
        if (!elements.empty())
            part.elements.assign(&elements[begin * n_classes],
                                 &elements[begin * n_classes] + (end - begin) * n_classes);
        if (!per_row.empty()) part.per_row.assign(&per_row[begin], &per_row[begin] + (end - begin));
        return part;
    }
};

// How a call may differ without a bit of the result differing. Offsets are in elements, against a 64-byte boundary.
struct Manner {
    bool streamed = false, in_place = false;
    size_t scores_offset = 0, elements_offset = 0;
};

template <class T>
struct Aligned {  // n elements that start `offset` elements after a 64-byte boundary
    std::vector<T> memory;
    T* data;
    Aligned(size_t n, size_t offset) : memory(n + offset + 64 / sizeof(T)) {
        const size_t past = reinterpret_cast<uintptr_t>(memory.data()) % 64 / sizeof(T);
        data = memory.data() + (past ? 64 / sizeof(T) - past : 0) + offset;
    }
};

template <class T>
Result<T> run(const KernelTable& table, Function f, const Batch<T>& batch, Manner manner = {}) {
    Result<T> result;
    const size_t n = batch.rows * batch.n_classes;
    Aligned<T> scores(n, manner.scores_offset), elements(has_elements(f) ? n : 0, manner.elements_offset);
    std::memcpy(scores.data, batch.scores.data(), n * sizeof(T));
    if (has_per_row(f)) result.per_row.resize(batch.rows);
    T* const to = !has_elements(f) ? nullptr : manner.in_place ? scores.data : elements.data;
    std::vector<T> scratch(scratch_for_rows<T>(batch.rows, batch.n_classes), T(NAN));
    kernel_of<T>(table, f)(
        {scores.data, has_labels(f) ? batch.labels.data() : nullptr, to,
         has_per_row(f) ? result.per_row.data() : nullptr, batch.n_classes, manner.streamed, scratch.data()},
        0, batch.rows);
    if (to) result.elements.assign(to, to + n);
    return result;
}

void test_math();  // compiled for the instruction set under test, the others are not
void test_accuracy(const KernelTable&);
void test_special_values(const KernelTable&);
void test_invariance(const KernelTable&);
void test_memory(const KernelTable&);
void test_elementwise(const ElementwiseTable&);

}  // namespace multinoulli::testing
