// SPDX-License-Identifier: BSD-3-Clause
// Rows whose maximum is infinite, NaN or beyond the range of the exponential. They are rare, so this is plain; what the
// fast ways of reading pay for it is one comparison a group, a row or a block.
#pragma once
#include "functions.hpp"
#include "kernels.hpp"

namespace multinoulli {
namespace {

constexpr size_t few = 64;  // up to so many classes, rows are read one a lane

// One row of Rows. `elements` may be `scores`.
template <class T>
struct Row {
    const T* scores;
    int64_t label;
    T* elements;
    T* per_row;
    size_t n_classes;
    bool streamed;
};

template <class Function, class T>
void few_classes(const Rows<T>& rows, size_t begin, size_t end);
template <class Function, class T>
void many_classes(const Row<T>& row, T shift);

// The score relative to the maximum: exact where the result can tell. An infinite maximum gives the limit.
template <class T>
INLINE T shifted_by(T score, T max) {
    return score == max ? T(0) : score - max;
}

// The row, whatever it holds, from the same arithmetic on shifted scores. NaN in the row, or nothing above -inf: no
// distribution, NaN; only the log-sum-exp of nothing but -inf is -inf.
template <class Function, class T>
__attribute__((noinline)) void fallback_row(const Row<T>& row) {
    const size_t n = row.n_classes;
    T max = -__builtin_inff();
    bool nan = false;
    for (size_t k = 0; k < n; k++) {
        max = max_ignoring_nan(max, row.scores[k]);
        nan |= row.scores[k] != row.scores[k];
    }
    if (nan || max == -__builtin_inff()) {
        if constexpr (Function::elements)
            for (size_t k = 0; k < n; k++) row.elements[k] = __builtin_nanf("");
        if constexpr (Function::per_row) *row.per_row = nan || Function::labels ? __builtin_nanf("") : max;
        return;
    }
    if (n <= few) {
        T scores[few];
        for (size_t k = 0; k < n; k++) scores[k] = shifted_by(row.scores[k], max);
        few_classes<Function>(Rows<T>{scores, &row.label, row.elements, row.per_row, n, false}, 0, 1);
    } else if constexpr (Function::elements) {  // the output holds the shifted scores: no memory to ask for
        for (size_t k = 0; k < n; k++) row.elements[k] = shifted_by(row.scores[k], max);
        many_classes<Function>(Row<T>{row.elements, row.label, row.elements, row.per_row, n, false}, T(0));
    } else {
        many_classes<Function>(row, max);
    }
    if constexpr (Function::per_row && !Function::labels) *row.per_row += max;
}

}  // namespace
}  // namespace multinoulli
