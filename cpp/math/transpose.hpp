// SPDX-License-Identifier: BSD-3-Clause
// Transpose of a square tile in registers: log2(lanes) rounds, two shuffles for each pair of vectors.
#pragma once
#include "simd.hpp"

namespace multinoulli {
namespace {

// Swaps the off-diagonal blocks of side `step` between two vectors that stand `step` apart.
template <int step, class V, int... lane>
INLINE void swap_blocks(V& a, V& b, std::integer_sequence<int, lane...>) {
    constexpr int n = sizeof...(lane);
    const V upper = __builtin_shufflevector(a, b, ((lane & step) ? n + (lane & ~step) : lane)...);
    const V lower = __builtin_shufflevector(a, b, ((lane & step) ? n + lane : (lane | step))...);
    a = upper;
    b = lower;
}

// v[i][j] becomes v[j][i], for `count` vectors: all lanes<T> of them, or so many that the vectors hold several squares
// side by side, each of which is transposed.
template <class T, int count = lanes<T>, int step = 1>
INLINE void transpose(Vec<T>* v) {
    if constexpr (step < count) {
#pragma GCC unroll 16
        for (int i = 0; i < count; i++)
            if (!(i & step)) swap_blocks<step>(v[i], v[i | step], std::make_integer_sequence<int, lanes<T>>{});
        transpose<T, count, 2 * step>(v);
    }
}

}  // namespace
}  // namespace multinoulli
