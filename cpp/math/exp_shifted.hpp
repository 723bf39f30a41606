// SPDX-License-Identifier: BSD-3-Clause
// The exponential of numbers that stand alone: e^x 2^shift. There is no maximum to be near to; the caller knows which
// power of two keeps normal whatever can matter to it, and multiplies the result by it once, at the end.
#pragma once
#include "exp.hpp"

namespace multinoulli {
namespace {

// e^x 2^shift, and in `low` what rounding it took away. Exact: 0.75 ulp, of high + low 0.31, where both are normal.
// Range: |x| <= 800, and e^x 2^shift a normal number. NaN gives NaN; other x give meaningless bits.
template <int shift>
INLINE HighLow<Vec<double>> shifted_exp(Vec<double> x) {
    return scaled_exp_pair(x, exp_offset(splat(double(ExpConstants<double>::bias - shift))));
}

// The same for floats, |x| <= 170. Without a table, and ln 2 in two parts of which the first has 15 bits, so that its
// products are exact with and without fused ones.
template <int shift>
INLINE HighLow<Vec<float>> shifted_exp(Vec<float> x) {
    using V = Vec<float>;
    const V offset = splat(0x1.8p23f + float(shift)), rounded = x * 0x1.715476p+0f + offset, n = rounded - offset;
    const V exact = x - n * 0x1.62e4p-1f, r = exact - n * 0x1.7f7d1cp-20f, square = r * r;
    const V c4 = 0x1.555858p-5f + r * (0x1.123dcap-7f + r * 0x1.6ac506p-10f);  // e^r - 1 - r: 3.2e-9 relative to e^r
    const V tail = square * (0x1.fffffcp-2f + r * (0x1.55548cp-3f + r * c4));
    const V power = reinterpret_cast<V>((reinterpret_cast<BitVec<float>>(rounded) << 23) + 0x3f800000u);
    const V first = 1 + r, q = ((exact - (first - 1)) - n * 0x1.7f7d1cp-20f) + tail, sum = first + q;
    return {power * sum, power * ((first - sum) + q)};
}

}  // namespace
}  // namespace multinoulli
