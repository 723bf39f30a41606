// SPDX-License-Identifier: BSD-3-Clause
// Logarithms as sums of parts, for both types: what the elementwise functions add up differs, the parts do not.
#pragma once
#include "simd.hpp"

namespace multinoulli {
namespace {

// The layout of T, ln 2 in two parts (an exponent times the first is exact), and a power of two that makes every
// subnormal number normal.
template <class T>
struct LogConstants;
template <>
struct LogConstants<float> {
    static constexpr int mantissa_bits = 23, exponent_bias = 127, lift = 30;
    static constexpr float ln2_high = 0x1.62e4p-1f, ln2_low = 0x1.7f7d1cp-20f, lifting = 0x1p30f;
};
template <>
struct LogConstants<double> {
    static constexpr int mantissa_bits = 52, exponent_bias = 1023, lift = 100;
    static constexpr double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33, lifting = 0x1p100;
};

// 2 atanh(s) / s^3 - 2 / s^2 as a polynomial in s * s, |s| <= 1/3; minimax, error of 2 atanh(s) relative to 2 s.
INLINE Vec<float> atanh_series(Vec<float> s2) {  // 4.6e-9
    return (0x1.5555p-1f + s2 * 0x1.99d29ep-2f) + (s2 * s2) * (0x1.1eb3a2p-2f + s2 * 0x1.1f056ap-2f);
}
INLINE Vec<double> atanh_series(Vec<double> s2) {  // 1.4e-18
    const Vec<double> s4 = s2 * s2, s8 = s4 * s4;
    const Vec<double> c0 = 0x1.5555555555535p-1 + s2 * 0x1.99999999a0786p-2;
    const Vec<double> c2 = 0x1.249249208a090p-2 + s2 * 0x1.c71c741daed0dp-3;
    const Vec<double> c4 = 0x1.745cb3d488264p-3 + s2 * 0x1.3b1ddeea43f13p-3;
    const Vec<double> c6 = 0x1.10679ac50663cp-3 + s2 * 0x1.efdaac43ba8b7p-4;
    const Vec<double> c8 = 0x1.55a7ca5a6ff4bp-4 + s2 * 0x1.5c806b3642b26p-3;
    return (c0 + s4 * c2) + s8 * ((c4 + s4 * c6) + s8 * c8);
}

// log(1 + f + f_low) in two parts, -1/2 <= f <= 1, |f_low| no more than an ulp of f; subnormal f is right.
// Error: 0.55 ulp, and at most a quarter of f_low. NaN gives NaN.
// 2 atanh(s) with s = f / (2 + f); what rounding s lost is known exactly and put back.
template <class V>
INLINE HighLow<V> log1p_parts(V f, V f_low) {
    using T = ElementOf<V>;
    const V s = f / (2 + f), s2 = s * s, lost = (f - 2 * s) - s * f;
    const V put_back = (lost + f_low) * (1 - T(0.5) * f);  // 2 / (2 + f) and 1 / (1 + f), near enough
    return {2 * s, s * (s2 * atanh_series(s2)) + rounded(put_back)};
}

}  // namespace
}  // namespace multinoulli
