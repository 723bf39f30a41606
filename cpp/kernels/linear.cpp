// SPDX-License-Identifier: BSD-3-Clause
// All kernels for linear scores for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its
// name.
#include "linear_passes.hpp"
#include "linear_search.hpp"
#include "linear_sparse.hpp"

namespace multinoulli {

#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(linear_, isa)

extern const LinearTable TABLE_OF(MULTINOULLI_ISA);
const LinearTable TABLE_OF(MULTINOULLI_ISA) = {
    .scores_f = scores_kernel<float>,
    .scores_d = scores_kernel<double>,
    .gradient_f = gradient_kernel<float>,
    .gradient_d = gradient_kernel<double>,
    .hessian_f = hessian_kernel<float>,
    .hessian_d = hessian_kernel<double>,
    .move = move_kernel,
    .search = search_kernel,
    .sparse_ff = sparse_kernel<float, float>,
    .sparse_fd = sparse_kernel<float, double>,
    .sparse_df = sparse_kernel<double, float>,
    .sparse_dd = sparse_kernel<double, double>,
};

}  // namespace multinoulli
