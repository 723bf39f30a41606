// SPDX-License-Identifier: BSD-3-Clause
// The face of the kernels: what the bindings see of them. One table per instruction set; the module picks one at
// import.
#pragma once
#include <cstddef>
#include <cstdint>

namespace multinoulli {

enum Function { softmax, log_softmax, logsumexp, cross_entropy, cross_entropy_gradient, n_functions };

// Three layouts. In all of them: labels are 0..n_classes-1, checked by the caller; n_classes >= 1; what a function
// lacks is null; `elements` may be `scores` (in place); `streamed` says that the outputs are far larger than the cache,
// so that they are stored around it; `scratch` is memory of this thread alone, of the size that the layout's function
// below asks for.

// Contiguous rows.
template <class T>
struct Rows {
    const T* scores;        // (rows, n_classes)
    const int64_t* labels;  // (rows,)            cross_entropy, cross_entropy_gradient
    T* elements;            // (rows, n_classes)  softmax, log_softmax, cross_entropy_gradient
    T* per_row;             // (rows,)            logsumexp, cross_entropy, cross_entropy_gradient (the loss)
    size_t n_classes;
    bool streamed;
    T* scratch;
};

// Rows that stand upright, side by side: class k of row c is scores[k * class_stride + c]. n_classes < 2^31.
template <class T>
struct Columns {
    const T* scores;        // (n_classes, columns)
    const int64_t* labels;  // (columns,)
    T* elements;            // (n_classes, columns)
    T* per_row;             // (columns,)
    size_t n_classes;
    ptrdiff_t class_stride, element_stride;
    bool streamed;
    T* scratch;
};

// Rows of more bytes are long for all functions: read and written in spans, which several threads may share.
constexpr size_t long_row_bytes = size_t(1) << 20;
constexpr size_t span = size_t(1) << 16;  // scores; the last span of a row has up to twice as many

constexpr size_t few = 64;  // up to so many classes, rows are read one a lane

// So many bytes of rows are read together, or one row: the nearest cache keeps them from their maxima to their exps.
constexpr size_t group_bytes = size_t(1) << 13;

// Elements of scratch for up to `rows` rows, or any number of columns.
template <class T>
constexpr size_t scratch_for_rows(size_t rows, size_t n_classes) {
    if (n_classes <= few || n_classes * sizeof(T) > long_row_bytes) return 0;
    const size_t group = rows < 16 ? rows * n_classes : 16 * n_classes, most = group_bytes / sizeof(T);
    return group < most ? group : n_classes < most ? most : n_classes;
}
constexpr size_t scratch_for_columns(size_t n_classes) { return n_classes <= few ? 0 : (16 + 3) * n_classes; }

// What is known of a span or a whole row once it has been read; see summary.hpp.
struct RowSummary {
    double max, k, rest, rest_low, maxima;
    double label_score;  // of a whole row, read before anything is written: set by whoever has merged the spans
    bool odd;            // only the row as a whole can be computed, at leisure
};

// Computes rows begin..end-1. A row's bits depend on that row, the function, the layout and the instruction set alone.
template <class T>
using Kernel = void (*)(const Rows<T>&, size_t begin, size_t end);
template <class T>
using ColumnKernel = void (*)(const Columns<T>&, size_t begin, size_t end);

// One long row: every span is read, the summaries merged in their order, every span [begin, end) written. `write` for
// begin = 0 sets per_row too.
template <class T>
struct SpanKernels {
    RowSummary (*read[n_functions])(const T* scores, size_t n);
    RowSummary (*merge)(const RowSummary&, const RowSummary&);
    void (*write[n_functions])(const Rows<T>&, size_t row, const RowSummary&, size_t begin, size_t end);
};

// A vector times the derivative of softmax (symmetric: forwards it is the same) or of log_softmax, for each row, from
// its probabilities. n_classes < 2^31.
enum Product { softmax_product, log_softmax_product, n_products };
template <class T>
using ProductKernel = void (*)(const T* proba, const T* vectors, T* results, size_t rows, size_t n_classes);

// What contiguous rows are to be, and what else the loss is made of. Class k's share is a_k = class_weight_k ((1 - e)
// q_k
// + e / n_classes), where q is the row's target, or certainty of its label; then the loss is weight (sum a_k (-log p_k)
// + z_loss (log sum exp + offset)^2), and its derivatives are divided by `divisor`, too. A row of weight 0 is absent:
// whatever its scores and target are, its loss and derivatives are 0. The gradient may take the scores' place.
template <class T>
struct Shares {
    const int64_t* labels;       // (rows,), or null
    const T* targets;            // (rows, n_classes), or null: one of these two is there
    const double* class_weight;  // (n_classes,), and zeros up to a multiple of share_padding
    double smoothing, z_loss;
    const double* offsets;  // (rows,) what the row's scores have been lessened by; null: nothing
    const double* weights;  // (rows,) null: 1
    double divisor;
    double* losses;  // (rows,)
    T* gradient;     // (rows, n_classes), or null

    // Nothing but factors distinguishes the losses from the cross-entropy of the labels.
    bool plain() const { return labels && smoothing == 0 && z_loss == 0; }
    bool absent(size_t row) const { return weights && weights[row] == 0; }
    Shares from(size_t row, size_t n_classes) const {
        return {labels ? labels + row : nullptr,
                targets ? targets + row * n_classes : nullptr,
                class_weight,
                smoothing,
                z_loss,
                offsets ? offsets + row : nullptr,
                weights ? weights + row : nullptr,
                divisor,
                losses + row,
                gradient ? gradient + row * n_classes : nullptr};
    }
};
constexpr size_t share_padding = 16;

// `log_sums` and `probabilities` are what is to be done to rows first, with their log(sum(e^(x - max))) into per_row;
// if the shares are plain, the cross-entropy (and its gradient). `finish` makes the results of that; the gradient and
// `elements` must not overlap. `weigh`: sum_k class_weight_k q_k of each row of targets, NaN where a q_k is not >= 0.
template <class T>
struct ShareKernels {
    Kernel<T> log_sums, probabilities;
    void (*finish)(const Shares<T>&, const Rows<T>&, size_t rows);
    void (*weigh)(const T* targets, const double* class_weight, size_t rows, size_t n_classes, double* sums);
};

template <class T>
struct Kernels {
    Kernel<T> rows[n_functions];
    ColumnKernel<T> columns[n_functions];
    SpanKernels<T> spans;
    ProductKernel<T> products[n_products];
    ShareKernels<T> shares;
};

struct KernelTable {
    const char* name;
    Kernels<float> f32;
    Kernels<double> f64;
};

#if defined(__x86_64__)
extern const KernelTable kernels_v2, kernels_v3, kernels_v4;  // x86-64-v2: SSE4.2, v3: AVX2 and FMA, v4: AVX-512
#else
extern const KernelTable kernels_baseline;  // what the compiler targets by default
#endif

}  // namespace multinoulli
