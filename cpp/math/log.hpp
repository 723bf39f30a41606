// SPDX-License-Identifier: BSD-3-Clause
// log(1 + u) for the log-sum-exp, where u is the sum of all exps but the largest, in units of the largest.
#pragma once
#include "simd.hpp"

namespace multinoulli {
namespace {

enum class Precision { half, full };  // of a double: `half` is for those who round to float

// 2 atanh(s) / s - 2 as a polynomial in s * s, |s| <= (sqrt 2 - 1) / (sqrt 2 + 1); minimax, error relative to 2 s.
template <Precision precision>
INLINE Vec<double> atanh_tail(Vec<double> s2) {
    if constexpr (precision == Precision::half)  // 4.8e-12
        return s2 * (0x1.555554fd882ebp-1 +
                     s2 * (0x1.999a7ab1449d5p-2 + s2 * (0x1.2438cd8ab37fp-2 + s2 * 0x1.e2f7f45e5b4dcp-3)));
    const Vec<double> s4 = s2 * s2;  // 1.2e-18
    const Vec<double> even = 0x1.999999997fefcp-2 + s4 * (0x1.c71c521162566p-3 + s4 * 0x1.39a1d32352464p-3);
    const Vec<double> odd = 0x1.24924941e40e8p-2 + s4 * (0x1.74663da79d4e2p-3 + s4 * 0x1.2f04aece5c5dcp-3);
    return s2 * 0x1.5555555555592p-1 + (rounded(s4 * even) + (s4 * s2) * odd);
}

// log(1 + u + u_low) for finite u >= 0 and |u_low| no more than an ulp of u, and in `low` what rounding it took away.
// Error: of high + low 0.35 ulp (`full`), 5e-12 relative without u_low (`half`, where `low` is 0); subnormal u is
// right, NaN gives NaN. 1 + u = 2^k (1 + f) with 1 + f in sqrt(1/2) ... sqrt(2), log(1 + f) = 2 atanh(s), s = f / (2 +
// f). What rounding 1 + u lost comes back as the first term of its series; below sqrt(2) - 1 nothing is lost, for f is
// u itself.
template <Precision precision>
INLINE HighLow<Vec<double>> log1p_nonnegative(Vec<double> u, Vec<double> u_low) {
    using V = Vec<double>;
    using Bits = BitVec<double>;
    constexpr uint64_t one = 0x3ff0000000000000, sqrt_half = 0x3fe6a09e00000000, fraction = 0x000fffffffffffff;
    const V sum = 1. + u;
    const Bits bits = reinterpret_cast<Bits>(sum) + (one - sqrt_half);
    const IntVec<double> k = reinterpret_cast<IntVec<double>>(bits >> 52) - 1023, whole = k == 0;
    const V f = whole ? u : reinterpret_cast<V>((bits & fraction) + sqrt_half) - 1.;
    const V k_double = to_floating(k), half_square = rounded(0.5 * f * f), s = f / (2. + f);
    V small = rounded(k_double * 0x1.a39ef35793c76p-33);  // ln 2 in two parts: k times the first is exact
    if constexpr (precision == Precision::full) {
        const V rounding = sum >= 2. ? 1. - (sum - u) : u - (sum - 1.);
        small += ((whole ? V{} : rounding) + u_low) / sum;
    }
    const V correction = (s * (half_square + atanh_tail<precision>(s * s)) + small) - half_square;
    const V powers = k_double * 0x1.62e42feep-1;
    if constexpr (precision == Precision::half) {
        const V result = powers + (correction + f);
        return {u == u ? result : u, V{}};  // the work on bits would make a number of NaN
    }
    const HighLow<V> most = two_sum(powers, f), result = two_sum(most.high, correction + most.low);
    return {u == u ? result.high : u, result.low};
}

}  // namespace
}  // namespace multinoulli
