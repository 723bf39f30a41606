// SPDX-License-Identifier: BSD-3-Clause
// All functions for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its name.
#include "kernels.hpp"

#include "columns.hpp"
#include "few_classes.hpp"
#include "long_rows.hpp"
#include "many_classes.hpp"
#include "products.hpp"
#include "shares.hpp"

namespace multinoulli {
namespace {

template <class Function, class T>
void row_kernel(const Rows<T>& rows, size_t begin, size_t end) {
    rows_of_any_length<Function>(rows, begin, end);
    if (rows.streamed) stream_end();
}
template <class Function, class T>
void column_kernel(const Columns<T>& all, size_t begin, size_t end) {
    columns<Function>(all, begin, end);
    if (all.streamed) stream_end();
}
template <class Function, class T>
void span_kernel(const Rows<T>& rows, size_t row, const RowSummary& summary, size_t begin, size_t end) {
    write_span<Function>(rows, row, summary, begin, end);
    if (rows.streamed) stream_end();
}

template <class T, class... Functions>
constexpr Kernels<T> kernels_of() {
    return {.rows = {row_kernel<Functions, T>...},
            .columns = {column_kernel<Functions, T>...},
            .spans = {{read_span<Functions::logarithm, T>...}, merge_spans<T>, {span_kernel<Functions, T>...}},
            .products = {product_kernel<SoftmaxProduct, T>, product_kernel<LogSoftmaxProduct, T>},
            .shares = {row_kernel<LogSum, T>, row_kernel<SoftmaxAndLogSum, T>, finish_shares<T>, weigh_targets<T>}};
}
// In the order of `Function`.
template <class T>
constexpr Kernels<T> all_kernels = kernels_of<T, Softmax, LogSoftmax, LogSumExp, CrossEntropy, CrossEntropyGradient>();

#define TEXT(name) #name
#define NAME_OF(isa) TEXT(isa)
#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(kernels_, isa)

}  // namespace

extern const KernelTable TABLE_OF(MULTINOULLI_ISA);
const KernelTable TABLE_OF(MULTINOULLI_ISA) = {NAME_OF(MULTINOULLI_ISA), all_kernels<float>, all_kernels<double>};

}  // namespace multinoulli
