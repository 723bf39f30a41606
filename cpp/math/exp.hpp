// SPDX-License-Identifier: BSD-3-Clause
// The exponential that softmax needs: e^x as a multiple of 2^k, for a k near (largest score) * log2 e.
//
// The largest score is never subtracted from x: rounding x - max is where others lose their digits (66 ulp for scores
// in -40 ... 40). It only picks the integer k, which goes into the exponent field. A bias keeps whatever can matter a
// normal number, so that gradual underflow happens once, in the caller's last product.
#pragma once
#include <bit>

#include "simd.hpp"

namespace multinoulli {
namespace {

// Where one permute of registers looks a power of two up, the polynomial is shorter: log2 of the number of powers, or 0
// where a look-up would go through memory. Floats take the permute within 16 bytes, the cheapest there is. Clang has no
// shuffle by a variable, only the instructions themselves.
template <class T>
constexpr int table_bits = 0;
#if MULTINOULLI_VECTOR_BYTES >= 32 && defined(__AVX__)
template <>
constexpr int table_bits<float> = 2;
#endif
#if MULTINOULLI_VECTOR_BYTES == 64 && (defined(__AVX512F__) || !defined(__clang__))
template <>
constexpr int table_bits<double> = 4;
#endif

// `limit`: largest |max| for which the reduced argument is exact. `reach`: how far below the maximum e^x still is a
// normal number. What lies further down may be put there: its probability underflows to 0 all the same, and fewer than
// 2^30 such classes change no bit of a sum's logarithm.
// `ln2_high`: n * ln2_high must be exact; within an FMA it always is, elsewhere the constant has to be short.
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
constexpr bool products_fuse = true;
#else
constexpr bool products_fuse = false;
#endif
template <class T>
struct ExpConstants;
template <>
struct ExpConstants<float> {
    static constexpr int mantissa_bits = 23, bias = 60;
    static constexpr float reach = 127, log2e = 0x1.715476p+0f;
    static constexpr float limit = products_fuse ? 65536 : 1024;
    static constexpr float ln2_high = products_fuse ? 0x1.62e43p-1f : 0x1.62ep-1f;
    static constexpr float ln2_low = products_fuse ? -0x1.05c61p-29f : 0x1.0bfbe8p-15f;
};
template <>
struct ExpConstants<double> {
    static constexpr int mantissa_bits = 52, bias = 500;
    static constexpr double reach = 1050, log2e = 0x1.71547652b82fep+0;
    static constexpr double limit = products_fuse ? 1e9 : 1e6;
    static constexpr double ln2_high = products_fuse ? 0x1.62e42fefa39efp-1 : 0x1.62e42feep-1;
    static constexpr double ln2_low = products_fuse ? 0x1.abc9e3b39803fp-56 : 0x1.a39ef35793c76p-33;
};

// Adding this rounds to a multiple of 2^-bits, which then stands in the low bits of the sum.
template <class T, int bits>
constexpr T rounding_constant = T(3LL << (ExpConstants<T>::mantissa_bits - 1 - bits));

// The integer nearest to max * log2 e: the k to give to `exp_offset`.
template <class V>
INLINE V exponent_near(V max) {
    using T = ElementOf<V>;
    const V magic = V{} + rounding_constant<T, 0>;
    return (max * ExpConstants<T>::log2e + magic) - magic;
}
// What `scaled_exp` has to know of k, ready to be added.
template <class V>
INLINE V exp_offset(V k) {
    using T = ElementOf<V>;
    return (rounding_constant<T, table_bits<T>> + ExpConstants<T>::bias) - k;
}

// e^r - 1 - r where |r| <= ln 2 / 2^(table_bits + 1), by minimax polynomials; at the right their error relative to e^r.
INLINE Vec<float> expm1_tail(Vec<float> r) {
    const Vec<float> square = r * r;
    if constexpr (table_bits<float> == 2) return square * (0.5f + r * (0x1.5571ap-3f + r * 0x1.555918p-5f));  // 5.7e-9
    const Vec<float> inner = 0x1.5558b8p-5f + r * (0x1.123e5ap-7f + r * 0x1.6a4daep-10f);                     // 3.4e-9
    return square * (0x1.fffffcp-2f + r * (0x1.55548cp-3f + r * inner));
}
INLINE Vec<double> expm1_tail(Vec<double> r) {  // short chains side by side instead of a long one
    const Vec<double> square = r * r;
    if constexpr (table_bits<double> == 4) {
        const Vec<double> c2 = 0x1.fffffffffffb9p-2 + r * 0x1.555555548f734p-3;  // 1.2e-17
        const Vec<double> c4 = 0x1.55555558fac92p-5 + r * 0x1.11123abe9e06cp-7;
        return square * (c2 + square * (c4 + square * 0x1.6c14c7b3a0edfp-10));
    }
    const Vec<double> c2 = 0x1.000000000000ap-1 + r * 0x1.5555555555507p-3;  // 3.7e-18
    const Vec<double> c4 = 0x1.55555555506cfp-5 + r * 0x1.1111111124b3p-7;
    const Vec<double> c6 = 0x1.6c16c1847172dp-10 + r * 0x1.a01a0139cd98fp-13;
    const Vec<double> c8 = 0x1.a019996f3def7p-16 + r * 0x1.71df047f7e9d4p-19;
    const Vec<double> c10 = 0x1.28adedc702dfp-22 + r * 0x1.adb14ad84e3f4p-26;
    const Vec<double> fourth = square * square;
    return square * ((c2 + square * c4) + fourth * ((c6 + square * c8) + fourth * c10));
}

// Powers of two as bits, without what their number itself will add to the exponent field: one shifted addition then
// does for whole and fraction. Repeated until they fill a vector.
template <class T>
struct PowerBits {
    ElementOf<BitVec<T>> bits[16];
};
template <class T, size_t count>
consteval PowerBits<T> power_bits(const T (&powers)[count]) {
    using Bits = ElementOf<BitVec<T>>;
    PowerBits<T> table{};
    for (size_t j = 0; j < 16; j++)
        table.bits[j] = std::bit_cast<Bits>(powers[j % count]) -
                        (Bits(j % count) << (ExpConstants<T>::mantissa_bits - table_bits<T>));
    return table;
}

// Floats look up 2^(j/4) times `exp_unit`. Softmax does not see a factor that all exps have in common, so it is one
// that brings the four within 2^-32 of a float: nothing is lost that would have to be looked up, too.
template <class T>
constexpr double exp_unit = 1;
template <>
constexpr double exp_unit<float> = table_bits<float> > 0 ? 0x1.07692c00de8aep+0 : 1;
alignas(64) constexpr PowerBits<float> float_powers = power_bits<float>({0x1.07692cp+0f, 0x1.394002p+0f, 0x1.7484e8p+0f,
                                                                         0x1.bb00ap+0f});

// Doubles look up 2^(j/16), and what rounding them lost, relative to them.
alignas(64) constexpr PowerBits<double> double_powers =
    power_bits<double>({0x1p+0, 0x1.0b5586cf9890fp+0, 0x1.172b83c7d517bp+0, 0x1.2387a6e756238p+0, 0x1.306fe0a31b715p+0,
                        0x1.3dea64c123422p+0, 0x1.4bfdad5362a27p+0, 0x1.5ab07dd485429p+0, 0x1.6a09e667f3bcdp+0,
                        0x1.7a11473eb0187p+0, 0x1.8ace5422aa0dbp+0, 0x1.9c49182a3f09p+0, 0x1.ae89f995ad3adp+0,
                        0x1.c199bdd85529cp+0, 0x1.d5818dcfba487p+0, 0x1.ea4afa2a490dap+0});
alignas(64) constexpr double lost_of_powers[16] = {0,
                                                   0x1.79aa65d837b6dp-54,
                                                   -0x1.01b15eaa59348p-55,
                                                   0x1.68efde3a8a894p-54,
                                                   0x1.34d754db0abb6p-55,
                                                   0x1.59f48a72a4c6dp-55,
                                                   0x1.690cebb7aafbp-56,
                                                   0x1.063e1e21c5409p-54,
                                                   -0x1.3b3efbf5e2228p-54,
                                                   -0x1.b32dcb94da51dp-56,
                                                   0x1.db72fc1f0eab4p-55,
                                                   0x1.1affc2b91ce27p-56,
                                                   0x1.c1a7792cb3387p-55,
                                                   0x1.36eae30af0cb3p-56,
                                                   0x1.4a385a63d07a7p-56,
                                                   -0x1.ff7128fd391fp-55};

// Entry index[i] mod 4: one permute that stays within 16 bytes.
INLINE Vec<float> look_up(const float* entries, BitVec<float> index) {
    Vec<float> found = load(entries);
#if MULTINOULLI_VECTOR_BYTES == 64 && defined(__AVX512F__)
    found = reinterpret_cast<Vec<float>>(
        _mm512_permutevar_ps(reinterpret_cast<__m512>(found), reinterpret_cast<__m512i>(index)));
#elif defined(__AVX__)
    for (int half = 0; half < vector_bytes / 32; half++)
        reinterpret_cast<__m256*>(&found)[half] =
            _mm256_permutevar_ps(reinterpret_cast<__m256*>(&found)[half], reinterpret_cast<__m256i*>(&index)[half]);
#endif
    return found;
}
// Entry index[i] mod 16: one permute of two registers.
INLINE Vec<double> look_up(const double* entries, BitVec<double> index) {
    const Vec<double> first = load(entries), second = load(entries + lanes<double>);
#if !defined(__clang__)
    return __builtin_shuffle(first, second, index);
#elif defined(__AVX512F__)
    return reinterpret_cast<Vec<double>>(_mm512_permutex2var_pd(
        reinterpret_cast<__m512d>(first), reinterpret_cast<__m512i>(index), reinterpret_cast<__m512d>(second)));
#else
    return first;
#endif
}
INLINE Vec<float> power_bits_of(BitVec<float> index) {
    return look_up(reinterpret_cast<const float*>(float_powers.bits), index);
}
INLINE Vec<double> power_bits_of(BitVec<double> index) {
    return look_up(reinterpret_cast<const double*>(double_powers.bits), index);
}

// x = n ln 2 + r, with the work that both exponentials below begin with.
template <class V>
struct Reduced {
    V n, exact, r;  // r = exact - n * ln2_low
    BitVec<ElementOf<V>> index;
};
template <class V>
INLINE Reduced<V> reduced(V x, V offset) {
    using C = ExpConstants<ElementOf<V>>;
    const V rounded = x * C::log2e + offset, n = rounded - offset, exact = x - n * C::ln2_high;
    return {n, exact, exact - n * C::ln2_low, reinterpret_cast<BitVec<ElementOf<V>>>(rounded)};
}

// The power of two in e^x, scaled, that multiplies e^r.
template <class V>
INLINE V power_of(BitVec<ElementOf<V>> index) {
    using T = ElementOf<V>;
    using Bits = BitVec<T>;
    constexpr int mantissa_bits = ExpConstants<T>::mantissa_bits;
    if constexpr (table_bits<T> > 0) {
        const Bits base = reinterpret_cast<Bits>(power_bits_of(index));
        return reinterpret_cast<V>(base + (index << (mantissa_bits - table_bits<T>)));
    } else {
        return reinterpret_cast<V>((index << mantissa_bits) + std::bit_cast<ElementOf<Bits>>(T(1)));
    }
}

// e^x * 2^(bias - k), and in `low` what rounding it took away; offset = exp_offset(k). Not of floats with a table.
// Range: |max| <= limit, max - reach <= x <= max, k = exponent_near(max).
// Error: `high` 0.75 ulp; of high + low, for doubles, 0.31 ulp, 0.15 with a table, where x > max - reach / 2.
// NaN gives NaN. Other x, infinities among them, give meaningless bits: the caller keeps them out.
template <class V>
INLINE HighLow<V> scaled_exp_pair(V x, V offset) {
    using T = ElementOf<V>;
    const Reduced<V> reduction = reduced(x, offset);
    const V power = power_of<V>(reduction.index), tail = expm1_tail(reduction.r);
    if constexpr (table_bits<T> > 0) {
        static_assert(exp_unit<T> == 1);
        const V q = (reduction.r + look_up(lost_of_powers, reduction.index)) + tail, high = power + power * q;
        return {high, (power - high) + power * q};
    } else {  // without a table r is not small, so 1 + r is kept in two parts
        const V first = 1 + reduction.r;
        const V q = ((reduction.exact - (first - 1)) - reduction.n * ExpConstants<T>::ln2_low) + tail, sum = first + q;
        return {power * sum, power * ((first - sum) + q)};
    }
}

// e^x * 2^(bias - k) * exp_unit, in one part; a quarter faster where products fuse.
// Error: 0.75 ulp; 1.11 where products fuse, but for floats with a table.
template <class V>
INLINE V scaled_exp(V x, V offset) {
    if constexpr (!products_fuse) {
        return scaled_exp_pair(x, offset).high;
    } else {
        const Reduced<V> reduction = reduced(x, offset);
        const V power = power_of<V>(reduction.index), q = reduction.r + expm1_tail(reduction.r);
        return power + power * q;
    }
}

// e^(max - k ln 2) to a relative 1.1e-12, for those who round to float; |max| <= ExpConstants<float>::limit, k =
// exponent_near(max). NaN gives NaN. A minimax polynomial of degree 8.
INLINE Vec<double> exp_of_remainder(Vec<double> max, Vec<double> k) {
    using C = ExpConstants<double>;
    const Vec<double> r = (max - k * C::ln2_high) - k * C::ln2_low, square = r * r, fourth = square * square;
    const Vec<double> c0 = 0x1p+0 + r * 0x1.ffffffffd382fp-1, c2 = 0x1.fffffffff71b2p-2 + r * 0x1.555555a279c87p-3;
    const Vec<double> c4 = 0x1.555555742d965p-5 + r * 0x1.1110809f385f6p-7;
    const Vec<double> c6 = 0x1.6c164de86dafdp-10 + r * 0x1.a1aa939e677aep-13;
    return (c0 + square * c2) + fourth * ((c4 + square * c6) + fourth * 0x1.a15a600528a0fp-16);
}

}  // namespace
}  // namespace multinoulli
