// SPDX-License-Identifier: BSD-3-Clause
// The functions of one number, each as what it makes of a vector, and the loop that runs them over an array. Floats are
// worked out in floats: with the same low parts kept they are as exact as doubles, in well under half the time that a
// detour through doubles takes.
//
// A sum a * b + c * d would leave the compiler the choice of which product to fuse, and copies of the code could
// differ, while an element's bits must not depend on its position. Hence `rounded`, here and in math/.
#pragma once
#include "../math/exp_shifted.hpp"
#include "../math/log_parts.hpp"

namespace multinoulli {
namespace {

// Below `lowest` e^x rounds to 0; below `least` it shows neither in 1 + e^x nor in e^x - x. e^-x times `tiny` =
// 2^tiny_shift is a normal number down to x = `lowest`, e^x over `per_huge` = 2^-huge_shift is one from there to 0.
template <class T>
struct ElementwiseConstants;
template <>
struct ElementwiseConstants<float> {
    static constexpr float lowest = -105, least = -20, tiny = 0x1p-30f, per_huge = 0x1p-60f;
    static constexpr int tiny_shift = -30, huge_shift = 60;
};
template <>
struct ElementwiseConstants<double> {
    static constexpr double lowest = -750, least = -40, tiny = 0x1p-596, per_huge = 0x1p-500;
    static constexpr int tiny_shift = -596, huge_shift = 500;
};

template <class V>
INLINE V at_most(V most, V v) {
    return v > most ? most : v;
}
template <class V>
INLINE V minus_absolute(V v) {
    using Bits = BitVec<ElementOf<V>>;
    return reinterpret_cast<V>(reinterpret_cast<Bits>(v) | reinterpret_cast<Bits>(-V{}));
}

// e^x for x <= 0, and in `low` what rounding it took away; rounded once, also where it is subnormal.
template <class V>
INLINE HighLow<V> exp_of_negative(V x) {
    using C = ElementwiseConstants<ElementOf<V>>;
    const HighLow<V> e = shifted_exp<C::huge_shift>(at_least(splat(C::lowest), x));
    return {e.high * C::per_huge, e.low * C::per_huge};
}

// 1 / (1 + e^-x). Both 1 + e^-x and its reciprocal are taken in two parts: 2.5 ulp without.
struct Sigmoid {
    template <class V>
    static INLINE V of(V x) {
        using C = ElementwiseConstants<ElementOf<V>>;
        const V z = at_most(splat(-C::lowest), at_least(splat(C::least), -x));
        const HighLow<V> e = shifted_exp<C::tiny_shift>(z), sum = two_sum(splat(C::tiny), e.high);
        const V inverse = 1 / sum.high, lost = (1 - inverse * sum.high) - inverse * (sum.low + e.low);
        return (inverse + inverse * lost) * C::tiny;
    }
};

// max(x, 0) + log(1 + e^-|x|). Far above 0 the exponential is cut off early: subnormal numbers are slow.
struct Softplus {
    template <class V>
    static INLINE V of(V x) {
        using C = ElementwiseConstants<ElementOf<V>>;
        const HighLow<V> e = exp_of_negative(minus_absolute(at_most(splat(-C::least), x)));
        const HighLow<V> log = log1p_parts(e.high, e.low);
        return ((x > 0 ? x : V{}) + log.low) + log.high;  // the other way round: 1.5 ulp instead of 1.2
    }
};

struct LogSigmoid {
    template <class V>
    static INLINE V of(V x) {
        return -Softplus::of(-x);
    }
};

// log(b / a) for the smaller of p and 1 - p, a, and the larger, b, with the sign of p - 1/2. With k = floor(log2(b /
// a)) and m = 2^k a it is k ln 2 + 2 atanh((b - m) / (b + m)): no term is negative. b - m = 1 - (a + m) and b + m = 1 +
// (m - a) are had from a, which is exact, without b, which is not; for k = 0 they are 1 - 2a and 1, without error.
struct Logit {
    template <class V>
    static INLINE V of(V p) {
        using T = ElementOf<V>;
        using C = LogConstants<T>;
        using Bits = BitVec<T>;
        constexpr ElementOf<Bits> lifted = ElementOf<Bits>(C::lift) << C::mantissa_bits;
        const IntVec<T> upper = p >= T(0.5);
        const V a = upper ? 1 - p : p;
        const Bits bits_of_a = reinterpret_cast<Bits>(a * C::lifting) - lifted;  // the exponent may be below its range
        const Bits k = (reinterpret_cast<Bits>(1 - a) - bits_of_a) >> C::mantissa_bits;
        const V k_floating = to_floating(reinterpret_cast<IntVec<T>>(k));
        const V m = reinterpret_cast<V>(bits_of_a + (k << C::mantissa_bits));

        const V sum = a + m, s = ((1 - sum) - (a - (sum - m))) / (1 + (m - a)), s2 = s * s;
        const V high = k_floating * C::ln2_high, total = high + 2 * s, lost = (high - total) + 2 * s;
        const V low = s * (s2 * atanh_series(s2)) + rounded(k_floating * C::ln2_low);
        const V log = total + (lost + low);
        const V anywhere = a > 0 ? log : a == 0 ? splat(T(__builtin_inf())) : splat(T(__builtin_nan("")));
        return upper ? anywhere : -anywhere;
    }
};

// log((1 - e^x) / -x) = x / 2 + x^2 / 24 - ...: the series after x / 2 as x^2 times a polynomial in x^2, x^2 <= 0.49;
// minimax, absolute error.
INLINE Vec<float> log_sinh_series(Vec<float> x2) {  // 6.3e-11
    return 0x1.555554p-5f + x2 * (-0x1.6c0ed4p-12f + x2 * 0x1.6b2706p-18f);
}
INLINE Vec<double> log_sinh_series(Vec<double> x2) {  // 8.5e-19
    const Vec<double> x4 = x2 * x2;
    const Vec<double> c0 = 0x1.5555555555546p-5 - x2 * 0x1.6c16c16c03bfcp-12;
    const Vec<double> c2 = 0x1.71de3a16a60a6p-18 - x2 * 0x1.bbd719cf10bffp-24;
    const Vec<double> c4 = 0x1.1ec8dcf9c5772p-29 - x2 * 0x1.75654621283eep-35;
    return c0 + x4 * (c2 + x4 * c4);
}

// Near 0 log(-x) + log((1 - e^x) / -x), with -x = 2^k m and m in 1/2 ... 1; farther off log(1 - e^x) as it stands. No
// large term is positive: nothing cancels.
struct Log1mExp {
    template <class V>
    static INLINE V of(V x) {
        using T = ElementOf<V>;
        using C = LogConstants<T>;
        using Bits = BitVec<T>;
        constexpr ElementOf<Bits> one = 1, fraction = (one << C::mantissa_bits) - 1;
        constexpr ElementOf<Bits> half = ElementOf<Bits>(C::exponent_bias - 1) << C::mantissa_bits;
        const IntVec<T> near = x > T(-0.7);
        const V zero = {}, close = near ? x : zero, x2 = close * close;
        const HighLow<V> e = exp_of_negative(x);

        const Bits bits = reinterpret_cast<Bits>((near ? -x : splat(T(0.5))) * C::lifting);
        const V k =
            to_floating(reinterpret_cast<IntVec<T>>(bits >> C::mantissa_bits) - (C::exponent_bias - 1 + C::lift));
        const V m = reinterpret_cast<V>((bits & fraction) | half);
        const HighLow<V> log = log1p_parts(near ? m - 1 : -e.high, near ? zero : -e.low);

        const V high = k * C::ln2_high, sum = high + log.high, total = sum + T(0.5) * close;
        const V lost = ((high - sum) + log.high) + ((sum - total) + T(0.5) * close);
        const V low = x2 * log_sinh_series(x2) + (log.low + rounded(k * C::ln2_low));
        const V result = minus_absolute(total + (lost + low));  // never positive: a zero is -0
        return x < 0 ? result : x == 0 ? splat(-T(__builtin_inf())) : splat(T(__builtin_nan("")));
    }
};

#if defined(__clang__)
#define ONE_COPY __attribute__((noinline))
#else
#define ONE_COPY __attribute__((noinline, noclone))
#endif

// Two vectors at a time: their chains of some hundred cycles run side by side (1.2 times the speed).
template <class T>
constexpr size_t stride = 2 * lanes<T>;

// One copy of the code for whole arrays and for what is left of them.
template <class F, bool streamed, class T>
ONE_COPY void map_strides(const T* x, T* y, size_t strides) {
    for (size_t i = 0; i < strides * stride<T>; i += stride<T>) {
        const Vec<T> a = F::of(load(x + i)), b = F::of(load(x + i + lanes<T>));
        if constexpr (streamed) {
            stream(y + i, a);
            stream(y + i + lanes<T>, b);
        } else {
            store(y + i, a);
            store(y + i + lanes<T>, b);
        }
    }
}

// n < stride elements.
template <class F, class T>
INLINE void map_few(const T* x, T* y, size_t n) {
    T padded[stride<T>] = {};
    __builtin_memcpy(padded, x, n * sizeof(T));
    map_strides<F, false>(padded, padded, 1);
    __builtin_memcpy(y, padded, n * sizeof(T));
}

// y[i] = F(x[i]), i < n; y may be x. `streamed`: stored around the caches.
template <class F, class T>
void map(const T* x, T* y, size_t n, bool streamed) {
    size_t done = 0;
    if (streamed && x != y) {
        const size_t unaligned = -(reinterpret_cast<uintptr_t>(y) / sizeof(T)) % lanes<T>;
        done = unaligned < n ? unaligned : n;
        map_few<F>(x, y, done);
        const size_t strides = (n - done) / stride<T>;
        map_strides<F, true>(x + done, y + done, strides);
        stream_end();
        done += strides * stride<T>;
    }
    const size_t strides = (n - done) / stride<T>;
    map_strides<F, false>(x + done, y + done, strides);
    done += strides * stride<T>;
    if (done < n) map_few<F>(x + done, y + done, n - done);
}

}  // namespace
}  // namespace multinoulli
