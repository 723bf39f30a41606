// SPDX-License-Identifier: BSD-3-Clause
// The face of the kernels for linear scores: what the bindings see of them. One table per instruction set.
//
// With x_i = X[i] - mean, d features and K classes, weights as a (d, K) matrix:
//   scores    z_i = x_i coef + offset
//   gradient  sum_i x_i^T r_i,  r_i = weight_i (p_i - onehot(label_i)),  p_i = softmax(z_i)
//   Hessian   sum_i x_i^T u_i,  u_i = weight_i (p_i * (t_i - <p_i, t_i>) + damping (t_i - mean of t_i)),
//             t_i = x_i vector + offset
// A pass reads its rows once, in blocks, and adds to the caller's sums: rows begin..end-1, begin a multiple of the
// block. T computes, From is what X is stored in: float in float; float or double in double.
//
// Functions here are static: a kernel must not share them by name with one of another instruction set.
#pragma once
#include "kernels.hpp"

namespace multinoulli {

// Fortran's xGEMM, as SciPy exports it: C = alpha op(A) op(B) + beta C, all by columns.
template <class T>
using Gemm = void (*)(char* op_a, char* op_b, int* m, int* n, int* k, T* alpha, T* a, int* lda, T* b, int* ldb, T* beta,
                      T* c, int* ldc);

// Three ways to multiply. Narrow: one row a lane, all sums of x_f r_k in the nearest cache. Tiled: a few rows times
// some vectors of classes at a time, in registers. Wide: BLAS, which copies its operands first. All on blocks of rows
// that stay in the level-2 cache.
enum class Way { narrow, tiled, wide };
static constexpr Way way_for(size_t d, size_t n_classes) {
    if (d <= 64 && n_classes <= few && d * n_classes <= 700) return Way::narrow;
    return n_classes <= 128 ? Way::tiled : Way::wide;
}

template <class T, class From>
struct Design {
    const From* X;       // (rows, d)
    const double* mean;  // (d,) or null
    size_t n_rows, d, n_classes;
    Gemm<T> gemm;   // used where the way is wide
    char* scratch;  // of this thread alone, linear_scratch bytes at a multiple of 64
};

// Rows of a block. Fixed by the shape: BLAS adds in another order for another one, so the last block is padded. BLAS
// copies every block of X that it multiplies: where K is small that is half the work, and twice as dear once the block
// and its copy do not fit the level-2 cache with room to spare.
template <class T>
static constexpr size_t linear_block(size_t d, size_t n_classes) {
    const Way way = way_for(d, n_classes);
    if (way == Way::narrow) return 256 / sizeof(T);
    if (way == Way::tiled) {
        const size_t fitting = (size_t(1) << 19) / (sizeof(T) * d) / 16 * 16;
        return fitting < 16 ? 16 : fitting > 128 ? 128 : fitting;
    }
    const size_t fitting = (size_t(1) << 18) / (sizeof(T) * d), enough = n_classes < 256 ? n_classes : 256;
    const size_t rows = (fitting < enough ? enough : fitting) / 64 * 64;
    return rows < 64 ? 64 : rows > 512 ? 512 : rows;
}

// Enough for any pass over vectors of up to 64 bytes.
template <class T>
static constexpr size_t linear_scratch(size_t d, size_t n_classes) {
    constexpr size_t most_lanes = 64 / sizeof(T);
    const size_t rows = linear_block<T>(d, n_classes), longest = d > n_classes ? d : n_classes;
    const Way way = way_for(d, n_classes);
    const size_t padded = n_classes + most_lanes;
    const size_t sums = way == Way::narrow  ? d * n_classes * most_lanes
                        : way == Way::tiled ? 2 * d * padded
                                            : d * n_classes;
    const size_t blocks = rows * (d + most_lanes + 3 * padded + 1), lanes = most_lanes * (6 * longest + 80);
    return sizeof(T) * (sums + blocks + lanes + scratch_for_rows<T>(rows, n_classes)) + 16 * 64;
}

template <class From>
struct ScoresPass {
    Design<double, From> design;
    const double *coef, *offset;  // (d, K), (K,)
    double* out;                  // (rows, K)
    bool single;                  // products of floats in float are enough; see single_stretch
};
template <class From>
struct GradientPass {
    Design<double, From> design;
    const double* scores;   // (rows, K)
    const int64_t* labels;  // (rows,)
    const double* weight;   // (rows,)
    double* spread;         // (rows,) or null: 1 - |p_i|^2
    float* proba;           // (rows, K) or null
};
template <class T>
struct HessianPass {
    Design<T, T> design;
    const T *proba, *weight;  // (rows, K), (rows,)
    T damping;
    const T *vector, *offset;  // (d, K), (K,)
};

template <class From>
using GradientKernel = double (*)(const GradientPass<From>&, size_t begin, size_t end, double* gradient, double* sums);
template <class T>
using HessianKernel = void (*)(const HessianPass<T>&, size_t begin, size_t end, double* product, double* sums);
// False: a score is not finite, of a class whose offset is not -inf.
template <class From>
using ScoresKernel = bool (*)(const ScoresPass<From>&, size_t begin, size_t end);

// A search among points z_i = scores_i + sum_j steps_j directions_j[i] + offset.
constexpr size_t most_directions = 2;
struct Direction {
    const void* rows;  // (rows, K), of floats or doubles
    bool single;
    double step;
};
struct SearchPoint {
    const double* scores;  // (rows, K)
    Direction directions[most_directions];
    size_t n_directions;
    const double* offset;  // (K,)
    size_t n_rows, n_classes;
};
struct SearchPass {
    SearchPoint point;
    const int64_t* labels;
    const double* weight;
    size_t hessian_every;
    char* scratch;  // search_scratch bytes at a multiple of 64
};
// What a search adds up, with J directions before the K classes.
struct SearchSums {
    double loss, weight, chosen_weight;
    double* gradient;  // (J + K,)
    double* hessian;   // (J + K, J + K): all but the blocks of the classes with directions and each other lie in the
                       // upper triangle; of the classes, the sum of weight p_k p_l over the chosen rows for l < k
};
static constexpr size_t search_block(size_t n_classes) {
    const size_t fitting = (size_t(1) << 12) / n_classes / 64 * 64;
    return fitting < 64 ? 64 : fitting;
}
static constexpr size_t search_scratch(size_t n_classes) {
    const size_t rows = search_block(n_classes);
    return sizeof(double) * (rows * (2 * n_classes + 1) + 8 * (10 * n_classes + 80) + 64 * (n_classes + 1) +
                             scratch_for_rows<double>(rows, n_classes)) +
           16 * 64;
}

// out[i] = offset + sum of data[e] matrix[indices[e]] over e from indptr[i] to indptr[i + 1]: a sparse matrix times a
// dense one, by the rows of X (CSR) or by its columns (CSC).
template <class T, class From>
struct SparseProduct {
    const From* data;
    const int32_t* indices;
    const int64_t* indptr;
    const T* matrix;  // (.., K)
    const T* offset;  // (K,) or null
    T* out;           // (rows, K)
    size_t n_classes;
};
template <class T, class From>
using SparseKernel = void (*)(const SparseProduct<T, From>&, size_t begin, size_t end);

struct LinearTable {
    ScoresKernel<float> scores_f;
    ScoresKernel<double> scores_d;
    GradientKernel<float> gradient_f;
    GradientKernel<double> gradient_d;
    HessianKernel<float> hessian_f;
    HessianKernel<double> hessian_d;
    // out = z of rows begin..end-1; out may be where their scores are.
    void (*move)(const SearchPoint&, size_t begin, size_t end, double* out);
    void (*search)(const SearchPass&, size_t begin, size_t end, SearchSums&);
    SparseKernel<float, float> sparse_ff;
    SparseKernel<float, double> sparse_fd;
    SparseKernel<double, float> sparse_df;
    SparseKernel<double, double> sparse_dd;
};

#if defined(__x86_64__)
extern const LinearTable linear_v2, linear_v3, linear_v4;
#else
extern const LinearTable linear_baseline;
#endif

}  // namespace multinoulli
