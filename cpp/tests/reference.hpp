// SPDX-License-Identifier: BSD-3-Clause
// The functions in long double, plainly: 11 bits more than a double, with compensated sums, so that its own error is
// far below the kernels'. For rows with a finite maximum; scores of -inf are allowed.
#pragma once
#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace multinoulli::testing {

using Exact = long double;

struct Sum {  // a and what rounding it lost
    Exact value = 0, lost = 0;
    void add(Exact x) {
        const Exact next = value + x, part = next - value;
        lost += (value - (next - part)) + (x - part);
        value = next;
    }
    Exact total() const { return value + lost; }
};

struct ExactRow {
    std::vector<Exact> softmax, log_softmax, gradient;
    Exact logsumexp, cross_entropy, log_sum;  // log_sum = logsumexp - max
};

template <class T>
ExactRow exact_row(const T* scores, size_t n, size_t label) {
    ExactRow row{std::vector<Exact>(n), std::vector<Exact>(n), {}, 0, 0, 0};
    const Exact max = *std::max_element(scores, scores + n);
    const size_t top = std::max_element(scores, scores + n) - scores;
    Sum others;
    for (size_t k = 0; k < n; k++) {
        Sum gap;  // score - max can need more bits than even a long double has
        gap.add(scores[k]);
        gap.add(-max);
        row.softmax[k] = std::isinf(scores[k]) ? 0 : std::exp(gap.value) * (1 + gap.lost);
        if (k != top) others.add(row.softmax[k]);
    }
    const Exact sum = 1 + others.total();
    row.log_sum = std::log1p(others.total());
    for (size_t k = 0; k < n; k++) {
        row.log_softmax[k] = (scores[k] - max) - row.log_sum;
        row.softmax[k] /= sum;
    }
    row.logsumexp = max + row.log_sum;
    row.cross_entropy = (max - scores[label]) + row.log_sum;
    row.gradient = row.softmax;
    row.gradient[label] = label == top ? -others.total() / sum : row.softmax[label] - 1;
    return row;
}

// |got - want| in units of the last place of T at max(|want|, scale). What overflows T has to be infinite.
template <class T>
Exact ulps(T got, Exact want, Exact scale = 0) {
    using Limits = std::numeric_limits<T>;
    const Exact infinity = std::numeric_limits<Exact>::infinity();
    if (!std::isfinite(T(want))) return got == T(want) ? 0 : infinity;
    if (!std::isfinite(got)) return infinity;
    const Exact size = std::max(std::fabs(want), std::fabs(scale));
    const int exponent = size == 0 ? Limits::min_exponent - 1 : std::max(std::ilogb(size), Limits::min_exponent - 1);
    return std::fabs(got - want) / std::ldexp(Exact(1), exponent - Limits::digits + 1);
}

}  // namespace multinoulli::testing
