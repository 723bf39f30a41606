// SPDX-License-Identifier: BSD-3-Clause
// Rows whose maximum is infinite, NaN or beyond the range of the exponential. They are rare, so this is plain; what the
// fast ways of reading pay for it is one comparison a group, a row or a block.
#pragma once
#include "running.hpp"

namespace multinoulli {
namespace {

// One row of Rows. `elements` may be `scores`.
template <class T>
struct Row {
    const T* scores;
    int64_t label;
    T* elements;
    T* per_row;
    size_t n_classes;
    T* scratch;  // n_classes elements, of a row of more than a few classes that is not long
};

template <class Function, class T>
void few_classes(const Rows<T>& rows, size_t begin, size_t end);
template <class Function, class T>
void many_classes(const Rows<T>& rows, size_t begin, size_t end);
template <class Function, class T>
void long_rows(const Rows<T>& rows, size_t begin, size_t end);

// However many classes: the way that they are read alone depends on their number.
template <class Function, class T>
void rows_of_any_length(const Rows<T>& rows, size_t begin, size_t end) {
    // Where no exps are kept, a row that is read span by span is read once less.
    constexpr size_t longest = Function::from_exps ? long_row_bytes : long_row_bytes / 4;
    if (rows.n_classes <= few) return few_classes<Function>(rows, begin, end);
    if (rows.n_classes * sizeof(T) <= longest) return many_classes<Function>(rows, begin, end);
    long_rows<Function>(rows, begin, end);
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
        if constexpr (Function::per_row) *row.per_row = nan || !Function::moves ? __builtin_nanf("") : max;
        return;
    }
    if (Function::elements || n <= few) {
        T on_stack[few];
        T* shifted = n <= few ? on_stack : row.elements;  // the output holds the shifted scores: no memory to ask for
        for (size_t k = 0; k < n; k++) shifted[k] = shifted_by(row.scores[k], max);
        rows_of_any_length<Function>(Rows<T>{shifted, &row.label, row.elements, row.per_row, n, false, row.scratch}, 0,
                                     1);
    } else if constexpr (!Function::elements) {
        Running<T> total;
        const T label_score = Function::labels ? shifted_by(row.scores[row.label], max) : T(0);
        read_in_blocks<Function::logarithm>(row.scores, n, max, total);
        const auto normaliser = normalise<Function, T>(total.summary());
        *row.per_row = T(Function::row(normaliser, splat(double(label_score)))[0]);
    }
    if constexpr (Function::moves) *row.per_row += max;
}

}  // namespace
}  // namespace multinoulli
