// SPDX-License-Identifier: BSD-3-Clause
// All functions for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its name.
#include "kernels.hpp"

#include "few_classes.hpp"
#include "many_classes.hpp"

namespace multinoulli {
namespace {

template <class Function, class T>
void kernel(const Rows<T>& rows, size_t begin, size_t end) {
    if (rows.n_classes <= few) {
        few_classes<Function>(rows, begin, end);
    } else {
        for (size_t row = begin; row < end; row++) {
            const size_t at = row * rows.n_classes;
            many_classes<Function>(
                Row<T>{rows.scores + at, Function::labels ? rows.labels[row] : 0,
                       Function::elements ? rows.elements + at : nullptr,
                       Function::per_row ? rows.per_row + row : nullptr, rows.n_classes, rows.streamed},
                T(0));
        }
    }
    if (rows.streamed) stream_end();
}

#define TEXT(name) #name
#define NAME_OF(isa) TEXT(isa)
#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(kernels_, isa)
// In the order of `Function`.
#define KERNELS(T)                                                                             \
    {kernel<Softmax, T>, kernel<LogSoftmax, T>, kernel<LogSumExp, T>, kernel<CrossEntropy, T>, \
     kernel<CrossEntropyGradient, T>}

}  // namespace

extern const KernelTable TABLE_OF(MULTINOULLI_ISA);
const KernelTable TABLE_OF(MULTINOULLI_ISA) = {NAME_OF(MULTINOULLI_ISA), KERNELS(float), KERNELS(double)};

}  // namespace multinoulli
