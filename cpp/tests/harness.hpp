// SPDX-License-Identifier: BSD-3-Clause
// What every test of the kernels shares: batches of rows, results, counting what failed.
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

template <class T>
constexpr T untouched = T(-77);

template <class T>
struct Aligned {  // n elements that start `offset` elements after a 64-byte boundary
    std::vector<T> memory;
    T* data;
    Aligned(size_t n, size_t offset) : memory(n + offset + 64 / sizeof(T), untouched<T>) {
        const size_t past = reinterpret_cast<uintptr_t>(memory.data()) % 64 / sizeof(T);
        data = memory.data() + (past ? 64 / sizeof(T) - past : 0) + offset;
    }
};

void test_math();  // compiled for the instruction set under test, the others are not
void test_accuracy(const KernelTable&);
void test_special_values(const KernelTable&);
void test_invariance(const KernelTable&);
void test_memory(const KernelTable&);
void test_products(const KernelTable&);
void test_elementwise(const ElementwiseTable&);
void test_losses(const KernelTable&, const ElementwiseTable&);

}  // namespace multinoulli::testing
