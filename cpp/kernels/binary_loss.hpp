// SPDX-License-Identifier: BSD-3-Clause
// The cross-entropy of two classes told apart by one score s, and its derivative, from one exponential: with e = e^-|s|
// and l = log(1 + e), softplus(+-s) is max(+-s, 0) + l, and sigmoid(+-s) 1 / (1 + e) or e / (1 + e).
#pragma once
#include "elementwise.hpp"
#include "elementwise_kernels.hpp"
#include "wide.hpp"

namespace multinoulli {
namespace {

// Of s and of -s.
template <class V>
struct BothWays {
    V up, down;
};
// sigmoid(+-s), e = e^-|s|: 1.2 ulp. 1 + e and its reciprocal are taken in two parts, as in Sigmoid.
template <class V>
INLINE BothWays<V> sigmoids(V s, HighLow<V> e) {
    const HighLow<V> sum = two_sum(splat(ElementOf<V>(1)), e.high);
    const V inverse = 1 / sum.high, lost = (1 - inverse * sum.high) - inverse * (sum.low + e.low);
    const V large = inverse + inverse * lost;
    V small;
    if constexpr (products_fuse) {
        small = e.high * inverse + rounded(inverse * (e.high * lost + e.low));
    } else {  // `lost` is not exact then: 1.6 ulp without a division of its own
        small = e.high / sum.high;
        small += inverse * (e.low - small * (sum.low + e.low));
    }
    return {s > 0 ? large : small, s > 0 ? small : large};
}
// softplus(+-s), 1.2 ulp.
template <class V>
INLINE BothWays<V> softpluses(V s, HighLow<V> e) {
    const HighLow<V> log = log1p_parts(e.high, e.low);
    return {((s > 0 ? s : V{}) + log.low) + log.high, ((s < 0 ? -s : V{}) + log.low) + log.high};
}

// Whole vectors of samples, with the second class's shares q, weights, and scales of the derivatives. Adds the losses
// to `sum`; false if a q is no probability. In doubles, but for the functions of s.
template <class T>
ONE_COPY bool binary_vectors(const BinaryLoss<T>& loss, const T* scores, const double* q, const double* weights,
                             const double* scales, T* losses, T* gradient, size_t n, double& sum) {
    using D = Vec<double>;
    constexpr int L = lanes<double>;
    const double kept = 1 - loss.smoothing, even = loss.smoothing / 2, twice = 2 * loss.z_loss;
    D total = {};
    IntVec<double> bad = {};
    for (size_t i = 0; i < n; i += lanes<T>) {
        const Vec<T> s = load(scores + i);
        const HighLow<Vec<T>> e = exp_of_negative(minus_absolute(s));
        const BothWays<Vec<T>> costs = softpluses(s, e);
        const Wide<T> up = widen(costs.up), down = widen(costs.down);
        const bool infinite = any_lane((costs.up == T(__builtin_inf())) | (costs.down == T(__builtin_inf())));
        Wide<T> first, second, value;
        for (int j = 0; j < Wide<T>::parts; j++) {
            const D share = load(q + i + j * L), weight = load(weights + i + j * L);
            const D other = 1 - share;
            bad |= ~(share * other >= 0);
            second.part[j] = loss.second * (kept * share + even);
            first.part[j] = loss.first * (kept * other + even);
            D of_second = rounded(second.part[j] * down.part[j]), of_first = rounded(first.part[j] * up.part[j]);
            if (infinite) {
                of_second = cost_of(second.part[j], down.part[j]);
                of_first = cost_of(first.part[j], up.part[j]);
            }
            D cost = of_second + of_first;
            if (loss.z_loss != 0) {
                cost += rounded(loss.z_loss * up.part[j] * up.part[j]);
                first.part[j] += rounded(twice * up.part[j]);
            }
            value.part[j] = rounded(cost * weight);
            total += value.part[j];
        }
        if (losses) store(losses + i, narrowed(value));
        if (!gradient) continue;
        const BothWays<Vec<T>> proba = sigmoids(s, e);
        const Wide<T> up_slope = widen(proba.up), down_slope = widen(proba.down);
        for (int j = 0; j < Wide<T>::parts; j++) {
            const D slope = first.part[j] * up_slope.part[j] - rounded(second.part[j] * down_slope.part[j]);
            value.part[j] = slope * load(scales + i + j * L);
        }
        store(gradient + i, narrowed(value));
    }
    sum += sum_of_lanes(total);
    return !any_lane(bad);
}

constexpr size_t binary_block = 512;

template <class T>
INLINE void read_labels(const BinaryLoss<T>& loss, size_t begin, size_t n, double* q) {
    const auto read = [&](auto type) __attribute__((always_inline)) {
        const auto labels = static_cast<const decltype(type)*>(loss.labels) + begin;
        for (size_t i = 0; i < n; i++) q[i] = double(labels[i]);
    };
    switch (loss.label_type) {
        case LabelType::uint8:
            return read(uint8_t());
        case LabelType::int64:
            return read(int64_t());
        case LabelType::float32:
            return read(float());
        case LabelType::float64:
            return read(double());
    }
}

template <class T>
bool binary_loss(const BinaryLoss<T>& loss, size_t begin, size_t end, double& sum) {
    constexpr size_t L = lanes<T>;
    double q[binary_block], weights[binary_block], scales[binary_block];
    T scores[binary_block] = {}, losses[binary_block], gradient[binary_block];  // of the last, incomplete block
    bool valid = true;
    sum = 0;
    for (size_t i = 0; i < binary_block; i++) weights[i] = 1, scales[i] = 1 / loss.divisor;
    for (size_t at = begin; at < end; at += binary_block) {
        const size_t n = end - at < binary_block ? end - at : binary_block, vectors = (n + L - 1) / L * L;
        read_labels(loss, at, n, q);
        for (size_t i = 0; loss.weights && i < n; i++)
            weights[i] = loss.weights[at + i], scales[i] = weights[i] / loss.divisor;
        if (n == binary_block) {
            valid &=
                binary_vectors(loss, loss.scores + at, q, weights, scales, loss.losses ? loss.losses + at : nullptr,
                               loss.gradient ? loss.gradient + at : nullptr, n, sum);
            continue;
        }
        __builtin_memcpy(scores, loss.scores + at, n * sizeof(T));
        for (size_t i = n; i < vectors; i++) q[i] = weights[i] = scores[i] = 0;
        valid &= binary_vectors(loss, scores, q, weights, scales, losses, gradient, vectors, sum);
        if (loss.losses) __builtin_memcpy(loss.losses + at, losses, n * sizeof(T));
        if (loss.gradient) __builtin_memcpy(loss.gradient + at, gradient, n * sizeof(T));
    }
    return valid;
}

}  // namespace
}  // namespace multinoulli
