// SPDX-License-Identifier: BSD-3-Clause
// What is known of a row once it has been read, and what follows from it: the meeting point of how rows are read and
// what functions write.
//
// The entries equal to the maximum are counted and left out of the sum. log(sum) - max is then log1p(others / e^max),
// exact however dominant the maximum is, and 1 - p of the largest class is others / sum, without cancellation.
#pragma once
#include "../math/exp.hpp"
#include "../math/log.hpp"

namespace multinoulli {
namespace {

// Sums that do not drift: floats are added as doubles, doubles carry their rounding errors along.
template <class T>
struct Total;
template <>
struct Total<float> {
    Vec<double> low, high;
    INLINE void add(Vec<float> v) {
        low += widen_low(v);
        high += widen_high(v);
    }
    INLINE void add_multiple(Vec<float> count, Vec<float> v) {
        low += widen_low(count) * widen_low(v);
        high += widen_high(count) * widen_high(v);
    }
    INLINE HighLow<double> of_lanes() const { return {sum_of_lanes(low + high), 0}; }
};
template <>
struct Total<double> {
    Vec<double> sum, lost;
    INLINE void add(Vec<double> v) {
        const HighLow<Vec<double>> next = two_sum(sum, v);
        sum = next.high;
        lost += next.low;
    }
    INLINE void add(HighLow<Vec<double>> v) {
        const HighLow<Vec<double>> next = two_sum(sum, v.high);
        sum = next.high;
        lost += next.low + v.low;
    }
    INLINE void add_multiple(Vec<double> count, HighLow<Vec<double>> v) { add(multiple(count, v)); }
    INLINE HighLow<double> of_lanes() const { return two_sum_of_lanes(sum, lost); }
};

template <class T>
INLINE double value_of(const Total<T>& total) {
    const HighLow<double> sum = total.of_lanes();
    return sum.high + sum.low;
}

// What an exp brings to a sum. Where one exp outweighs the others, the sum's logarithm shows all that this exp has
// lost, up to twice over: for a logarithm sums are `precise`: exps, of doubles both parts, join them one by one.
// Probabilities do not show it; exps for these are added to each other first, which costs less. Without fused products
// double exps have lost so much that more than one such addition would be too many.
template <bool precise, class T>
using Term = std::conditional_t<precise && sizeof(T) == 8, HighLow<Vec<T>>, Vec<T>>;
template <bool precise, class T>
INLINE void add_terms(Total<T>& total, Term<precise, T> a, Term<precise, T> b) {
    if constexpr (precise) {
        total.add(a);
        total.add(b);
    } else {
        total.add(a + b);
    }
}
template <bool precise, class T>
INLINE void add_terms(Total<T>& total, Term<precise, T> a, Term<precise, T> b, Term<precise, T> c, Term<precise, T> d) {
    if constexpr (precise || (sizeof(T) == 8 && !products_fuse)) {
        add_terms<precise>(total, a, b);
        add_terms<precise>(total, c, d);
    } else {
        total.add((a + b) + (c + d));
    }
}

// One row a lane. `rest` is the sum of e^x over all entries but the maxima, in the units of scaled_exp<T>: times
// 2^(bias - k) exp_unit, k = exponent_near(max); `maxima` counts the entries equal to max.
struct Summary {
    Vec<double> max, k, rest, rest_low, maxima;
};

template <bool precise, class V>
INLINE Term<precise, ElementOf<V>> exp_term(V score, V offset) {
    if constexpr (precise && sizeof(ElementOf<V>) == 8)
        return scaled_exp_pair(score, offset);
    else
        return scaled_exp(score, offset);
}
template <class V>
INLINE HighLow<V> without(IntVec<ElementOf<V>> mask, HighLow<V> v) {
    return {without(mask, v.high), without(mask, v.low)};
}
template <class V>
INLINE V high_of(V v) {
    return v;
}
template <class V>
INLINE V high_of(HighLow<V> v) {
    return v.high;
}

// The exp of a score, or, `with_maxima`, 0 if it is a maximum, which is counted. `negligible`: max - reach.
template <bool precise, bool with_maxima, class V>
INLINE Term<precise, ElementOf<V>> exp_below(V score, V max, V negligible, V offset, IntVec<ElementOf<V>>& maxima) {
    const auto e = exp_term<precise>(at_least(negligible, score), offset);
    if constexpr (!with_maxima) return e;
    const IntVec<ElementOf<V>> top = score == max;
    maxima -= top;
    return without(top, e);
}

// What stands in for the exp of a maximum among a row's exps, so that what is summed can be kept: no other exp is 0.
// The probability of a maximum is known better than from a rounded exp: what is certain comes out as 1.
constexpr int exp_of_maximum = 0;

// What a function is given of a row: 1 / sum in the units of scaled_exp<T>, log(sum(e^(x - max))), the probability of
// the maximum and of everything but one maximum. The low parts cost one more operation an element and save half an ulp;
// of 1 / sum, only doubles have one.
template <class V>
struct Normaliser {
    V max, inverse, inverse_low, log_sum, log_sum_low, top, others;
};

// a / b by way of 1 / b, with its remainder.
INLINE HighLow<Vec<double>> quotient(HighLow<Vec<double>> a, HighLow<Vec<double>> b, Vec<double> inverse_of_b) {
    const Vec<double> high = a.high * inverse_of_b, product = high * b.high;
    const Vec<double> remainder =
        products_fuse ? a.high - high * b.high : (a.high - product) - rounding_of(product, high, b.high);
    return {high, (remainder + (a.low - high * b.low)) * inverse_of_b};
}

// In double for both types. What a float row loses then is due to its own exps and the last rounding. A double row has
// nothing to spare and is worked out in two parts, in units of e^max, where ties count as the whole numbers they are.
template <class Function, class T>
INLINE Normaliser<Vec<double>> normalise(const Summary& row) {
    using V = Vec<double>;
    const V ties = row.maxima - 1.;
    Normaliser<V> n{row.max, {}, {}, {}, {}, {}, {}};
    if constexpr (sizeof(T) == 4) {
        constexpr double unbiased = 1 / (double(1LL << ExpConstants<T>::bias) * exp_unit<T>);
        const V inverse_top = exp_of_remainder(-row.max, -row.k), others = row.rest * unbiased * inverse_top + ties;
        if constexpr (Function::from_exps) {
            n.top = 1. / (1. + others);
            n.inverse = inverse_top * n.top * unbiased;
            n.others = others * n.top;
        }
        if constexpr (Function::logarithm) n.log_sum = log1p_nonnegative<Precision::half>(others, V{}).high;
    } else {
        const HighLow<V> top = scaled_exp_pair(row.max, exp_offset(row.k));
        const V inverse_top = 1. / top.high;
        const HighLow<V> rest = quotient({row.rest, row.rest_low}, top, inverse_top);
        HighLow<V> others = two_sum(ties, rest.high);
        others.low += rest.low;
        if constexpr (Function::from_exps) {
            const HighLow<V> sum = two_sum(1. + ties, rest.high);
            const V p = 1. / sum.high, p_low = ((1. - p * sum.high) - p * (sum.low + rest.low)) * p;
            const HighLow<V> inverse = quotient({p, p_low}, top, inverse_top);
            n.inverse = inverse.high;
            n.inverse_low = inverse.low;
            n.top = p + p_low;
            n.others = others.high * p + (rounded(others.high * p_low) + others.low * p);
        }
        if constexpr (Function::logarithm) {
            const HighLow<V> log_sum = log1p_nonnegative<Precision::full>(others.high, others.low);
            n.log_sum = log_sum.high;
            n.log_sum_low = log_sum.low;
        }
    }
    return n;
}

// Several rows at once, one a lane of Vec<T>.
template <class T>
struct LaneSummary {
    Vec<T> max, k, maxima;
    Total<T> rest;
};

// `per_row` receives the function's value of each row, where it has one.
template <class Function>
INLINE Normaliser<Vec<double>> normalise_lanes(const LaneSummary<double>& rows, Vec<double> label_scores,
                                               Vec<double>& per_row) {
    const auto n = normalise<Function, double>({rows.max, rows.k, rows.rest.sum, rows.rest.lost, rows.maxima});
    if constexpr (Function::per_row) per_row = Function::row(n, label_scores);
    return n;
}
template <class Function>
INLINE Normaliser<Vec<float>> normalise_lanes(const LaneSummary<float>& rows, Vec<float> label_scores,
                                              Vec<float>& per_row) {
    const auto a = normalise<Function, float>(
        {widen_low(rows.max), widen_low(rows.k), rows.rest.low, Vec<double>{}, widen_low(rows.maxima)});
    const auto b = normalise<Function, float>(
        {widen_high(rows.max), widen_high(rows.k), rows.rest.high, Vec<double>{}, widen_high(rows.maxima)});
    if constexpr (Function::per_row)
        per_row = narrow(Function::row(a, widen_low(label_scores)), Function::row(b, widen_high(label_scores)));
    Normaliser<Vec<float>> n;
    n.max = rows.max;
    if constexpr (Function::from_exps) {
        n.inverse = narrow(a.inverse, b.inverse);
        n.top = narrow(a.top, b.top);
        n.others = narrow(a.others, b.others);
    } else if constexpr (Function::elements) {
        n.log_sum = narrow(a.log_sum, b.log_sum);
        n.log_sum_low = narrow(a.log_sum - widen_low(n.log_sum), b.log_sum - widen_high(n.log_sum));
    }
    return n;
}

// One row in all lanes alike: a row worked out alone, or the row of one lane.
template <class T>
INLINE Normaliser<Vec<T>> in_all_lanes(const Normaliser<Vec<double>>& n) {
    const double log_sum = n.log_sum[0];
    if constexpr (sizeof(T) == 8)
        return n;
    else
        return {splat(T(n.max[0])),   splat(T(n.inverse[0])),         splat(T(0)),
                splat(T(log_sum)),    splat(T(log_sum - T(log_sum))), splat(T(n.top[0])),
                splat(T(n.others[0]))};
}
template <class T>
INLINE Normaliser<Vec<T>> of_lane(const Normaliser<Vec<T>>& n, size_t lane) {
    return {splat(T(n.max[lane])),     splat(T(n.inverse[lane])),     splat(T(n.inverse_low[lane])),
            splat(T(n.log_sum[lane])), splat(T(n.log_sum_low[lane])), splat(T(n.top[lane])),
            splat(T(n.others[lane]))};
}

}  // namespace
}  // namespace multinoulli
