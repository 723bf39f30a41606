// SPDX-License-Identifier: BSD-3-Clause
// The passes of linear_kernels.hpp: a block of rows is read, what the rows make of it added up, and so on.
#pragma once
#include "linear_products.hpp"
#include "linear_tiles.hpp"

namespace multinoulli {
namespace {

// Calls f(first) for the blocks of rows begin..end-1, and folds the sums of each stretch of them: those of the product
// into `matrix`, of `sums` into `vector`.
template <class Product, class V, class F>
INLINE void for_each_block(Product& product, size_t begin, size_t end, size_t n_classes, V* sums, double* matrix,
                           double* vector, F f) {
    const size_t rows = product.rows(), blocks = stretch / rows;
    for (size_t first = begin; first < end;) {
        product.clear();
        for (size_t k = 0; k < n_classes; k++) sums[k] = V{};
        for (size_t i = 0; i < blocks && first < end; i++, first += rows) f(first);
        product.fold(matrix);
        for (size_t k = 0; k < n_classes; k++) vector[k] += sum_in_double(sums[k]);
    }
}

template <class Product, class From>
bool scores_of(const ScoresPass<From>& pass, size_t begin, size_t end) {
    using T = double;
    constexpr size_t L = lanes<T>;
    const size_t n_rows = pass.design.n_rows, n = pass.design.n_classes;
    Arena arena(pass.design.scratch);
    Product product(pass.design, arena);
    Vec<T>* const column = arena.take<Vec<T>>(padded_length<T>(n));
    T* const results = arena.take<T>(padding_for<T>(n));
    IntVec<T> odd = {};
    for (size_t first = begin; first < end; first += product.rows()) {
        product.read(first);
        product.scores(pass.coef, pass.offset);
        for (size_t row = first, g = 0; row < end && row < first + product.rows(); row += L, g++) {
            for (size_t k = 0; k < n; k++) {
                const Vec<T> score = column[k] = product.column(g)[k];
                if (pass.offset[k] > -__builtin_inf()) odd |= ~(magnitude(score) <= __DBL_MAX__);
            }
            write_transposed(column, results, n);
            const size_t left = n_rows - row;
            __builtin_memcpy(pass.out + row * n, results, (left < L ? left : L) * n * sizeof(T));
        }
    }
    IntVec<T> none = {};
    return __builtin_memcmp(&odd, &none, sizeof odd) == 0;
}

template <class Product, class From>
double gradient_of(const GradientPass<From>& pass, size_t begin, size_t end, double* gradient, double* sums_out) {
    constexpr size_t L = lanes<double>;
    const size_t n_rows = pass.design.n_rows, n = pass.design.n_classes;
    Arena arena(pass.design.scratch);
    Product product(pass.design, arena);
    const size_t rows = product.rows();
    Vec<double>*const sums = arena.take<Vec<double>>(n), *const column =
                                                             arena.take<Vec<double>>(padded_length<double>(n));
    double* const results = arena.take<double>(padding_for<double>(n));
    const MarkedRows marked_rows(n, rows, arena);
    Vec<double> total = {};
    for_each_block(product, begin, end, n, sums, gradient, sums_out, [&](size_t first) {
        const size_t left = n_rows - first, count = left < rows ? left : rows;
        product.read(first);
        marked_rows.for_each_group(pass.scores + first * n, pass.labels + first, count, left,
                                   [&](size_t row, Vec<double>* marked, Vec<double> losses)
                                       __attribute__((always_inline)) {
                                           const size_t some = count - row;
                                           const Vec<double> weight = read_some(pass.weight + first + row, some);
                                           total += weight * losses;
                                           residual(marked, n, weight, product.column(row / L), sums);
                                           if (pass.spread)
                                               write_some(pass.spread + first + row, spread_of(marked, n), some);
                                           if (!pass.proba) return;
                                           for (size_t k = 0; k < n; k++) column[k] = magnitude(marked[k]);
                                           write_transposed(column, results, n);
                                           for (size_t i = 0; i < (some < L ? some : L) * n; i++)
                                               pass.proba[(first + row) * n + i] = float(results[i]);
                                       });
        for (size_t row = (count + L - 1) / L * L; row < rows; row += L)
            for (size_t k = 0; k < n; k++) product.column(row / L)[k] = Vec<double>{};
        product.add();
    });
    return sum_of_lanes(total);
}

template <class Product, class T>
void hessian_of(const HessianPass<T>& pass, size_t begin, size_t end, double* matrix, double* sums_out) {
    constexpr size_t L = lanes<T>;
    const size_t n_rows = pass.design.n_rows, n = pass.design.n_classes;
    Arena arena(pass.design.scratch);
    Product product(pass.design, arena);
    Vec<T>*const p = arena.take<Vec<T>>(padded_length<T>(n)), *const sums = arena.take<Vec<T>>(n);
    T* const padded = arena.take<T>(padding_for<T>(n));
    for_each_block(product, begin, end, n, sums, matrix, sums_out, [&](size_t first) {
        product.read(first);
        product.scores(pass.vector, pass.offset);
        for (size_t g = 0; g * L < product.rows(); g++) {
            const size_t row = first + g * L, left = rows_left(n_rows, row), at = left ? row : 0;
            read_lanes(p, pass.proba + at * n, n, left, padded);
            curvature(product.column(g), p, n, read_some(pass.weight + at, left), pass.damping, sums);
        }
        product.add();
    });
}

// Calls pass(Product) with the type of the product that suits the design.
template <class T, class From, class F>
INLINE auto by_way(const Design<T, From>& design, F pass) {
    switch (way_for(design.d, design.n_classes)) {
        case Way::narrow:
            return pass.template operator()<NarrowProduct<T, From>>();
        case Way::tiled:
            return pass.template operator()<TiledProduct<T, From>>();
        default:
            return pass.template operator()<WideProduct<T, From>>();
    }
}

template <class From>
bool scores_kernel(const ScoresPass<From>& pass, size_t begin, size_t end) {
    if constexpr (sizeof(From) == sizeof(float))
        if (pass.single && way_for(pass.design.d, pass.design.n_classes) == Way::tiled)
            return scores_of<TiledProduct<double, float, float>>(pass, begin, end);
    return by_way(pass.design, [&]<class Product>() { return scores_of<Product>(pass, begin, end); });
}
template <class From>
double gradient_kernel(const GradientPass<From>& pass, size_t begin, size_t end, double* gradient, double* sums) {
    return by_way(pass.design, [&]<class Product>() { return gradient_of<Product>(pass, begin, end, gradient, sums); });
}
template <class T>
void hessian_kernel(const HessianPass<T>& pass, size_t begin, size_t end, double* product, double* sums) {
    by_way(pass.design, [&]<class Product>() { hessian_of<Product>(pass, begin, end, product, sums); });
}

}  // namespace
}  // namespace multinoulli
