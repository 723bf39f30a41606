// SPDX-License-Identifier: BSD-3-Clause
// Loss, gradient and Hessian in the few variables of a search: steps along J directions e_ij and an offset for each
// class. With p_i = softmax(z_i) and c_ij = e_ij - <p_i, e_ij>:
//   gradient  sum_i weight_i <p_i - onehot, e_ij> = -sum_i weight_i c_ij[label_i];  sum_i weight_i (p_i - onehot)
//   Hessian   sum_i weight_i <p_i, c_ij c_ij'>;  sum_i weight_i p_i * c_ij;  sum_i weight_i (diag(p_i) - p_i p_i^T)
// The last block costs K^2 a row, so only chosen rows enter it, and only as the sums of p_k p_l: its rows sum to 0, so
// its diagonal follows without cancellation.
#pragma once
#include "linear_rows.hpp"

namespace multinoulli {
namespace {

INLINE Vec<double> load_as_double(const double* p) { return load(p); }
INLINE Vec<double> load_as_double(const float* p) { return widened(*reinterpret_cast<const HalfAnywhere<float>*>(p)); }

// to = from + step * by; `from` may be `to`.
template <class E>
INLINE void add_scaled(const double* from, double step, const E* by, double* to, size_t n) {
    constexpr size_t L = lanes<double>;
    size_t i = 0;
    for (; i + L <= n; i += L) store(to + i, load(from + i) + step * load_as_double(by + i));
    for (; i < n; i++) to[i] = from[i] + step * double(by[i]);
}

void move_kernel(const SearchPoint& point, size_t begin, size_t end, double* out) {
    const size_t n = point.n_classes;
    constexpr size_t pattern_size = 512;
    double pattern[pattern_size];  // the offsets of several short rows, one after the other
    const double* offset = point.offset;
    size_t at_once = 1;
    if (2 * n <= pattern_size) {
        at_once = pattern_size / n < end - begin ? pattern_size / n : end - begin;
        for (size_t i = 0; i < at_once; i++) __builtin_memcpy(pattern + i * n, offset, n * sizeof(double));
        offset = pattern;
    }
    for (size_t row = begin, some; row < end; row += some) {
        some = end - row < at_once ? end - row : at_once;
        double* const to = out + (row - begin) * n;
        add_scaled(point.scores + row * n, 1, offset, to, some * n);
        for (size_t j = 0; j < point.n_directions; j++) {
            const Direction& direction = point.directions[j];
            if (direction.single)
                add_scaled(to, direction.step, static_cast<const float*>(direction.rows) + row * n, to, some * n);
            else
                add_scaled(to, direction.step, static_cast<const double*>(direction.rows) + row * n, to, some * n);
        }
    }
}

// Probabilities of chosen rows, (K, chosen_at_once), and their weights, until there are enough for one product.
class ChosenRows {
    static constexpr size_t most = 64, L = lanes<double>, vectors = most / L;
    const size_t n_;
    double *const p_, *const weight_;
    size_t count_ = 0;

    INLINE Vec<double>* of_class(size_t k) const { return reinterpret_cast<Vec<double>*>(p_ + k * most); }
    template <size_t count>
    INLINE void add_products(const Vec<double>* weighted, size_t k, size_t l, double* out, size_t stride) const {
        Vec<double> sum[count] = {};
        for (size_t v = 0; v < vectors; v++)
            for (size_t i = 0; i < count; i++) sum[i] += weighted[v] * of_class(l + i)[v];
        for (size_t i = 0; i < count; i++) out[(l + i) * stride + k] += sum_of_lanes(sum[i]);
    }

  public:
    ChosenRows(size_t n_classes, Arena& arena)
        : n_(n_classes), p_(arena.take<double>(n_classes * most)), weight_(arena.take<double>(most)) {
        clear();
    }
    void clear() {
        count_ = 0;
        __builtin_memset(p_, 0, n_ * most * sizeof(double));
        __builtin_memset(weight_, 0, most * sizeof(double));
    }
    bool full() const { return count_ == most; }
    void take(const Vec<double>* p, size_t lane, double weight) {
        for (size_t k = 0; k < n_; k++) p_[k * most + count_] = reinterpret_cast<const double*>(p + k)[lane];
        weight_[count_++] = weight;
    }
    // out[l, k] += sum of weight p_k p_l, l < k.
    void flush(double* out, size_t stride) {
        for (size_t k = 0; k < n_; k++) {
            Vec<double> weighted[vectors];
            for (size_t v = 0; v < vectors; v++) weighted[v] = load(weight_ + v * L) * of_class(k)[v];
            size_t l = 0;
            for (; l + 4 <= k; l += 4) add_products<4>(weighted, k, l, out, stride);
            for (; l < k; l++) add_products<1>(weighted, k, l, out, stride);
        }
        clear();
    }
};

void search_kernel(const SearchPass& pass, size_t begin, size_t end, SearchSums& out) {
    using V = Vec<double>;
    constexpr size_t L = lanes<double>;
    const SearchPoint& point = pass.point;
    const size_t n = point.n_classes, n_directions = point.n_directions, size = n_directions + n,
                 rows = search_block(n), pitch = padded_length<double>(n), every = pass.hessian_every;
    Arena arena(pass.scratch);
    double *const z = arena.take<double>(rows * n), *const padded = arena.take<double>(padding_for<double>(n));
    const MarkedRows marked_rows(n, rows, arena);
    V *e[most_directions], *cross[most_directions], *const classes = arena.take<V>(n);
    for (size_t j = 0; j < most_directions; j++) {
        e[j] = arena.take<V>(pitch);
        cross[j] = arena.take<V>(n);
        for (size_t k = 0; k < n; k++) cross[j][k] = V{};
    }
    for (size_t k = 0; k < n; k++) classes[k] = V{};
    ChosenRows chosen(n, arena);
    V loss = {}, weights = {}, slopes[most_directions] = {}, curvatures[most_directions][most_directions] = {};

    for (size_t first = begin; first < end; first += rows) {
        const size_t count = end - first < rows ? end - first : rows;
        move_kernel(point, first, first + count, z);
        const auto add = [&](size_t i, V* p, V losses) __attribute__((always_inline)) {
            const size_t row = first + i, left = count - i;
            const V weight = read_some(pass.weight + row, left);
            weights += weight;
            loss += weight * losses;
            for (size_t j = 0; j < n_directions; j++) {
                const Direction& direction = point.directions[j];
                if (direction.single)
                    read_lanes(e[j], static_cast<const float*>(direction.rows) + row * n, n, left, padded);
                else
                    read_lanes(e[j], static_cast<const double*>(direction.rows) + row * n, n, left, padded);
                V centre = {}, rest = {}, of_label = {};
                for (size_t k = 0; k < n; k++) centre += magnitude(p[k]) * e[j][k];
                for (size_t k = 0; k < n; k++) rest += magnitude(p[k]) * (e[j][k] - centre);  // as in `curvature`
                for (size_t k = 0; k < n; k++) {
                    const V c = (e[j][k] - centre) - rest;
                    e[j][k] = c;
                    of_label = p[k] < 0 ? c : of_label;
                }
                slopes[j] -= weight * of_label;
            }
            const V others = sum_of_others(p, n);
            for (size_t k = 0; k < n; k++) {
                classes[k] += weight * less_label(p[k], others);
                p[k] = magnitude(p[k]);
            }
            for (size_t j = 0; j < n_directions; j++) {
                V sums[most_directions] = {};
                for (size_t k = 0; k < n; k++) {
                    const V half = p[k] * e[j][k];
                    cross[j][k] += weight * half;
                    for (size_t i = 0; i <= j; i++) sums[i] += half * e[i][k];
                }
                for (size_t i = 0; i <= j; i++) curvatures[i][j] += weight * sums[i];
            }
            for (size_t lane = (every - row % every) % every; lane < L && lane < left; lane += every) {
                if (chosen.full()) chosen.flush(out.hessian + n_directions * (size + 1), size);
                chosen.take(p, lane, weight[lane]);
                out.chosen_weight += weight[lane];
            }
        };
        marked_rows.for_each_group(z, pass.labels + first, count, count, add);
    }

    chosen.flush(out.hessian + n_directions * (size + 1), size);
    out.loss += sum_of_lanes(loss);
    out.weight += sum_of_lanes(weights);
    for (size_t k = 0; k < n; k++) out.gradient[n_directions + k] += sum_of_lanes(classes[k]);
    for (size_t j = 0; j < n_directions; j++) {
        out.gradient[j] += sum_of_lanes(slopes[j]);
        for (size_t i = 0; i <= j; i++) out.hessian[i * size + j] += sum_of_lanes(curvatures[i][j]);
        for (size_t k = 0; k < n; k++) out.hessian[j * size + n_directions + k] += sum_of_lanes(cross[j][k]);
    }
}

}  // namespace
}  // namespace multinoulli
