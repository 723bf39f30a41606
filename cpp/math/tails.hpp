// SPDX-License-Identifier: BSD-3-Clause
// Rows whose length is no multiple of a vector's: the loop and its tail, written once.
#pragma once
#include <type_traits>

#include "simd.hpp"

namespace multinoulli {
namespace {

// f(k, count) for the vectors of 0 ... n-1 that begin at k. `count` is how many numbers there are in one: known to the
// compiler but for the last.
template <class T, class F>
INLINE void over_vectors(size_t n, F f) {
    constexpr size_t L = lanes<T>;
    size_t k = 0;
    for (; k + L <= n; k += L) f(k, std::integral_constant<size_t, L>{});
    if (k < n) f(k, n - k);
}

// The `count` numbers from p on, fewer than a vector has, and `rest` behind them; no other memory is touched. Through
// memory of its own a tail would wait for its stores, and for rows of 10 classes that is several times their whole
// work.
template <class T>
INLINE Vec<T> load_some(const T* p, size_t count, T rest = 0) {
    const IntVec<T> wanted = lane_numbers<T>() < ElementOf<IntVec<T>>(count);
    [[maybe_unused]] const Vec<T> others = splat(rest);
#if MULTINOULLI_VECTOR_BYTES == 64 && defined(__AVX512F__)
    const unsigned mask = (1u << count) - 1;
    if constexpr (sizeof(T) == 4)
        return reinterpret_cast<Vec<T>>(_mm512_mask_loadu_ps(reinterpret_cast<__m512>(others), __mmask16(mask), p));
    else
        return reinterpret_cast<Vec<T>>(_mm512_mask_loadu_pd(reinterpret_cast<__m512d>(others), __mmask8(mask), p));
#elif MULTINOULLI_VECTOR_BYTES == 32 && defined(__AVX2__)
    if constexpr (sizeof(T) == 4)
        return wanted ? reinterpret_cast<Vec<T>>(_mm256_maskload_ps(p, reinterpret_cast<__m256i>(wanted))) : others;
    else
        return wanted ? reinterpret_cast<Vec<T>>(_mm256_maskload_pd(p, reinterpret_cast<__m256i>(wanted))) : others;
#else
    T some[lanes<T>];
    for (size_t i = 0; i < lanes<T>; i++) some[i] = i < count ? p[i] : rest;
    return load(some);
#endif
}
template <class T, size_t count>
INLINE Vec<T> load_some(const T* p, std::integral_constant<size_t, count>, T = 0) {
    return load(p);
}

// The first `count` lanes of `v`, fewer than all, to p. Processors do not forward a masked store: what is read from
// near it soon after waits for it, some 15 ns.
template <class T>
INLINE void store_some(T* p, Vec<T> v, size_t count) {
#if MULTINOULLI_VECTOR_BYTES == 64 && defined(__AVX512F__)
    const unsigned mask = (1u << count) - 1;
    if constexpr (sizeof(T) == 4)
        _mm512_mask_storeu_ps(p, __mmask16(mask), reinterpret_cast<__m512>(v));
    else
        _mm512_mask_storeu_pd(p, __mmask8(mask), reinterpret_cast<__m512d>(v));
#elif MULTINOULLI_VECTOR_BYTES == 32 && defined(__AVX2__)
    const __m256i wanted = reinterpret_cast<__m256i>(lane_numbers<T>() < ElementOf<IntVec<T>>(count));
    if constexpr (sizeof(T) == 4)
        _mm256_maskstore_ps(p, wanted, reinterpret_cast<__m256>(v));
    else
        _mm256_maskstore_pd(p, wanted, reinterpret_cast<__m256d>(v));
#else
    for (size_t i = 0; i < lanes<T>; i++)
        if (i < count) p[i] = v[i];
#endif
}
template <class T, size_t count>
INLINE void store_some(T* p, Vec<T> v, std::integral_constant<size_t, count>) {
    store(p, v);
}

// The largest of n numbers that is not NaN; -inf if there is none.
template <class T>
INLINE T maximum(const T* p, size_t n) {
    constexpr T infinity = __builtin_inff();
    Vec<T> best = splat(-infinity);
    over_vectors<T>(n, [&](size_t k, auto count) __attribute__((always_inline)) {
        best = max_ignoring_nan(best, load_some(p + k, count, -infinity));
    });
    return max_of_lanes(best);
}

}  // namespace
}  // namespace multinoulli
