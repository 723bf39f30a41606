// SPDX-License-Identifier: BSD-3-Clause
// From arrays in memory to kernels: what each function takes and gives, rows over threads, rows with any strides.
#pragma once
#include "instruction_set.hpp"
#include "numpy.hpp"
#include "threads.hpp"

namespace multinoulli {

// Operands in this order: scores, labels, per_row, elements; a function has those that its face names.
struct Face {
    const char* name;
    bool labels, per_row, elements;
};
inline constexpr Face faces[n_functions] = {
    {"softmax", false, false, true},
    {"log_softmax", false, false, true},
    {"logsumexp", false, true, false},
    {"cross_entropy", true, true, false},
    {"cross_entropy_gradient", true, true, true},
};

// One operand of n_rows rows; strides in bytes as NumPy gives them (with one row they mean nothing).
struct Operand {
    char* data = nullptr;
    npy_intp row_stride = 0, item_stride = 0;

    bool contiguous(npy_intp rows, npy_intp row_items, npy_intp item) const {
        return !data || ((row_items == 1 || item_stride == item) && (rows == 1 || row_stride == row_items * item));
    }
};

struct Operands {
    Operand scores, labels, per_row, elements;
};

// Other upright rows are gathered: of few columns most lanes would be empty, of more classes a lane could not keep
// count.
inline bool may_stand_upright(npy_intp columns, npy_intp n_classes) { return columns >= 8 && n_classes <= INT32_MAX; }

// The first label outside 0..n_classes-1, or null.
const int64_t* find_bad_label(const Operand& labels, npy_intp rows, npy_intp n_classes);

// Any strides, any n_classes but 0; labels are in range. May throw std::bad_alloc.
template <class T>
void compute(Function function, const Operands& operands, npy_intp rows, npy_intp n_classes);

// Operands as they lie in C-contiguous arrays of shape (outer, n_classes, columns), with one row a column: labels and
// per_row have shape (outer, columns). May throw std::bad_alloc.
template <class T>
void compute_columns(Function function, const Operands& operands, npy_intp outer, npy_intp n_classes, npy_intp columns);

}  // namespace multinoulli
