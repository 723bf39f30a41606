// SPDX-License-Identifier: BSD-3-Clause
// Doubles, as many as there are numbers in a vector of either type: losses are put together in them.
#pragma once
#include "../math/simd.hpp"

namespace multinoulli {
namespace {

template <class T>
struct Wide {
    static constexpr int parts = lanes<T> / lanes<double>;
    Vec<double> part[parts];
};
INLINE Wide<double> widen(Vec<double> v) { return {{v}}; }
INLINE Wide<float> widen(Vec<float> v) { return {{widen_low(v), widen_high(v)}}; }
INLINE Vec<double> narrowed(const Wide<double>& v) { return v.part[0]; }
INLINE Vec<float> narrowed(const Wide<float>& v) { return narrow(v.part[0], v.part[1]); }

// share * cost, where what has no share costs nothing, be its cost infinite; NaN stays NaN.
INLINE Vec<double> cost_of(Vec<double> share, Vec<double> cost) {
    return without<Vec<double>>((share == 0) & (cost == cost), share * cost);
}
INLINE double cost_of(double share, double cost) { return share == 0 && cost == cost ? 0 : share * cost; }

}  // namespace
}  // namespace multinoulli
