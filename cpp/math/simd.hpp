// SPDX-License-Identifier: BSD-3-Clause
// Vectors in plain C++: GCC and Clang vector extensions, as wide as the instruction set this file is compiled for.
//
// All of math/ and kernels/ lives in unnamed namespaces. One source is compiled once per instruction set, and an inline
// function that two objects share by name would be taken from either: an AVX-512 body in the SSE path.
#pragma once
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#if defined(__x86_64__)
#include <immintrin.h>  // what vector extensions cannot spell, or compilers take apart
#endif

#if !defined(MULTINOULLI_VECTOR_BYTES)  // tests widen it: code for 64 bytes then runs on any machine, split in two
#if defined(__AVX512F__)
#define MULTINOULLI_VECTOR_BYTES 64
#elif defined(__AVX2__)
#define MULTINOULLI_VECTOR_BYTES 32
#else
#define MULTINOULLI_VECTOR_BYTES 16
#endif
#endif
#define INLINE inline __attribute__((always_inline))

namespace multinoulli {
namespace {

constexpr int vector_bytes = MULTINOULLI_VECTOR_BYTES;
template <class T>
constexpr int lanes = vector_bytes / int(sizeof(T));

template <class T, int bytes>
struct VectorOf;
template <int bytes>
struct VectorOf<float, bytes> {
    typedef float type __attribute__((vector_size(bytes)));
    typedef int32_t integers __attribute__((vector_size(bytes)));
    typedef uint32_t bits __attribute__((vector_size(bytes)));
    typedef type anywhere __attribute__((aligned(alignof(float)), may_alias));
};
template <int bytes>
struct VectorOf<double, bytes> {
    typedef double type __attribute__((vector_size(bytes)));
    typedef int64_t integers __attribute__((vector_size(bytes)));
    typedef uint64_t bits __attribute__((vector_size(bytes)));
    typedef type anywhere __attribute__((aligned(alignof(double)), may_alias));
};

template <class T>
using Vec = typename VectorOf<T, vector_bytes>::type;
template <class T>
using IntVec = typename VectorOf<T, vector_bytes>::integers;  // also what comparing two Vec<T> gives: 0 or -1
template <class T>
using BitVec = typename VectorOf<T, vector_bytes>::bits;  // for arithmetic on representations, which may wrap
template <class V>
using ElementOf = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;

template <class T>
INLINE Vec<T> load(const T* p) {
    return *reinterpret_cast<const typename VectorOf<T, vector_bytes>::anywhere*>(p);
}
template <class T>
INLINE void store(T* p, Vec<T> v) {
    *reinterpret_cast<typename VectorOf<T, vector_bytes>::anywhere*>(p) = v;
}
// Half a vector from each of two places.
template <class T>
using Half = typename VectorOf<T, vector_bytes / 2>::type;
template <class T>
using HalfAnywhere = typename VectorOf<T, vector_bytes / 2>::anywhere;
template <class T, int... lane>
INLINE Vec<T> joined(Half<T> low, Half<T> high, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(low, high, lane...);
}
template <class T>
INLINE Vec<T> load_halves(const T* low, const T* high) {
    return joined<T>(*reinterpret_cast<const HalfAnywhere<T>*>(low), *reinterpret_cast<const HalfAnywhere<T>*>(high),
                     std::make_integer_sequence<int, lanes<T>>{});
}
template <int first, class T, int... lane>
INLINE void store_half(T* p, Vec<T> v, std::integer_sequence<int, lane...>) {
    *reinterpret_cast<HalfAnywhere<T>*>(p) = __builtin_shufflevector(v, v, (first + lane)...);
}
template <class T>
INLINE void store_low(T* p, Vec<T> v) {
    store_half<0>(p, v, std::make_integer_sequence<int, lanes<T> / 2>{});
}
template <class T>
INLINE void store_high(T* p, Vec<T> v) {
    store_half<lanes<T> / 2>(p, v, std::make_integer_sequence<int, lanes<T> / 2>{});
}
template <class T>
INLINE Vec<T> splat(T a) {
    return a - Vec<T>{};  // a sum would turn -0 into 0, and cost an addition
}

// Asks for the line `bytes` after p, as far as the second cache: from there the processor fetches by itself, and the
// few lines that the first may wait for at a time are not enough to keep the memory busy. No address is a wrong one.
template <class T>
INLINE void prefetch(const T* p, size_t bytes) {
    __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(p) + bytes), 0, 2);
}

// A store past the caches, to an address aligned to the vector: it need not read the line first. `stream_end` once
// after the last one makes them visible to other threads like any other store.
template <class T>
INLINE void stream(T* p, Vec<T> v) {
#if defined(__AVX512F__)
    _mm512_stream_ps(reinterpret_cast<float*>(p), reinterpret_cast<__m512>(v));
#elif defined(__AVX__)
    typedef float Part __attribute__((vector_size(32), may_alias));
    for (int i = 0; i < vector_bytes / 32; i++)
        _mm256_stream_ps(reinterpret_cast<float*>(p) + 8 * i, reinterpret_cast<Part*>(&v)[i]);
#elif defined(__x86_64__)
    typedef float Part __attribute__((vector_size(16), may_alias));
    for (int i = 0; i < vector_bytes / 16; i++)
        _mm_stream_ps(reinterpret_cast<float*>(p) + 4 * i, reinterpret_cast<Part*>(&v)[i]);
#elif defined(__clang__)
    __builtin_nontemporal_store(v, reinterpret_cast<Vec<T>*>(p));
#else
    store(p, v);
#endif
}
INLINE void stream_end() {
#if defined(__x86_64__)
    _mm_sfence();
#endif
}

// `v` with a rounding of its own. In a * b + c * d the compiler may fuse either product, and copies of the same code
// have been seen to differ; a * b + rounded(c * d) leaves it no choice. GCC's own barrier takes some vectors apart and
// puts them together again by twenty shuffles, so where one register holds the vector, an empty instruction does it.
template <class V>
INLINE V rounded(V v) {
#if defined(__clang__)
    return __arithmetic_fence(v);
#else
#if defined(__AVX512F__)
    constexpr size_t of_register = 64;
#elif defined(__AVX__)
    constexpr size_t of_register = 32;
#elif defined(__x86_64__)
    constexpr size_t of_register = 16;
#else
    constexpr size_t of_register = 0;
#endif
    if constexpr (sizeof(V) > of_register) {
        return __builtin_assoc_barrier(v);
    } else {
        asm("" : "+v"(v));
        return v;
    }
#endif
}

// A NaN in `v` leaves `best` as it is: NaN reaches a result through the sums, so a maximum may pass it by.
template <class V>
INLINE V max_ignoring_nan(V best, V v) {
    return v > best ? v : best;
}

// `v`, but no less than `least`; NaN stays NaN.
template <class V>
INLINE V at_least(V least, V v) {
    return v < least ? least : v;
}

// `v`, but 0 in the lanes of `mask`. GCC makes a blend of the plain expression, which fewer units can do: rows of 100
// classes take 1.07 times as long.
template <class V>
INLINE V without(IntVec<ElementOf<V>> mask, V v) {
#if MULTINOULLI_VECTOR_BYTES == 32 && defined(__AVX2__)
    return reinterpret_cast<V>(_mm256_andnot_si256(reinterpret_cast<__m256i>(mask), reinterpret_cast<__m256i>(v)));
#else
    using Integers = IntVec<ElementOf<V>>;
    return reinterpret_cast<V>(~mask & reinterpret_cast<Integers>(v));
#endif
}

// Combines all lanes by halves, always in the same order.
template <int step, class V, int... lane>
INLINE V rotated(V v, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(v, v, ((lane + step) % int(sizeof...(lane)))...);
}
template <class V, class Combine, int step = int(sizeof(V) / sizeof(ElementOf<V>)) / 2>
INLINE ElementOf<V> fold(V v, Combine combine) {
    if constexpr (step == 0) {
        return v[0];
    } else {
        constexpr int count = int(sizeof(V) / sizeof(ElementOf<V>));
        const V other = rotated<step>(v, std::make_integer_sequence<int, count>{});
        return fold<V, Combine, step / 2>(combine(v, other), combine);
    }
}
template <class V>
INLINE ElementOf<V> sum_of_lanes(V v) {
    return fold(v, [](V a, V b) __attribute__((always_inline)) { return a + b; });
}
template <class V>
INLINE ElementOf<V> max_of_lanes(V v) {
    return fold(v, [](V a, V b) __attribute__((always_inline)) { return max_ignoring_nan(a, b); });
}
template <class V>
INLINE bool any_lane(V mask) {
#if defined(__AVX__)
    __m256i any = reinterpret_cast<__m256i*>(&mask)[0];
    for (size_t i = 1; i < sizeof(V) / 32; i++) any |= reinterpret_cast<__m256i*>(&mask)[i];
    return !_mm256_testz_si256(any, any);
#elif defined(__SSE4_1__)
    return !_mm_testz_si128(reinterpret_cast<__m128i>(mask), reinterpret_cast<__m128i>(mask));
#else
    return fold(mask, [](V a, V b) __attribute__((always_inline)) { return a | b; }) != 0;
#endif
}

// 0, 1, 2, ... by lane.
template <class T, class Integer = ElementOf<IntVec<T>>, Integer... lane>
INLINE IntVec<T> lane_numbers(std::integer_sequence<Integer, lane...>) {
    return IntVec<T>{lane...};
}
template <class T>
INLINE IntVec<T> lane_numbers() {
    return lane_numbers<T>(std::make_integer_sequence<ElementOf<IntVec<T>>, lanes<T>>{});
}

// A number in two parts, `low` far below the last place of `high`.
template <class V>
struct HighLow {
    V high, low;
};
// a + b and what rounding it lost, exactly and whichever is the larger.
template <class V>
INLINE HighLow<V> two_sum(V a, V b) {
    const V sum = a + b, part = sum - a;
    return {sum, (a - (sum - part)) + (b - part)};
}

// What rounding the product of two doubles lost, exactly, where no fused product tells (Dekker 1971).
INLINE Vec<double> rounding_of(Vec<double> product, Vec<double> a, Vec<double> b) {
    const auto upper_half = [](Vec<double> v) __attribute__((always_inline)) {
        const Vec<double> shifted = v * 0x1.0000002p27;
        return shifted - (shifted - v);
    };
    const Vec<double> a_high = upper_half(a), a_low = a - a_high, b_high = upper_half(b), b_low = b - b_high;
    return ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low;
}

// The product of a number in two parts and a count of less than 2^27, by which the upper half of `high` is multiplied
// exactly.
INLINE HighLow<Vec<double>> multiple(Vec<double> count, HighLow<Vec<double>> v) {
    const Vec<double> upper = reinterpret_cast<Vec<double>>(reinterpret_cast<BitVec<double>>(v.high) >> 27 << 27);
    const HighLow<Vec<double>> product = two_sum(count * upper, count * (v.high - upper));
    return {product.high, product.low + count * v.low};
}

// The sum of all lanes of `sum` and of `low`.
template <class V, int step = int(sizeof(V) / sizeof(ElementOf<V>)) / 2>
INLINE HighLow<ElementOf<V>> two_sum_of_lanes(V sum, V low) {
    if constexpr (step == 0) {
        return {sum[0], low[0]};
    } else {
        const auto lanes = std::make_integer_sequence<int, int(sizeof(V) / sizeof(ElementOf<V>))>{};
        const HighLow<V> half = two_sum(sum, rotated<step>(sum, lanes));
        return two_sum_of_lanes<V, step / 2>(half.high, (low + rotated<step>(low, lanes)) + half.low);
    }
}

// Integers of less than 2^51 as floating-point numbers. AVX2 has no conversion from 64 bits, but adding them to 1.5 *
// 2^52 as integers adds them as doubles, too.
INLINE Vec<float> to_floating(IntVec<float> v) { return __builtin_convertvector(v, Vec<float>); }
INLINE Vec<double> to_floating(IntVec<double> v) {
    const Vec<double> magic = Vec<double>{} + 0x1.8p52;
    return reinterpret_cast<Vec<double>>(reinterpret_cast<IntVec<double>>(magic) + v) - magic;
}

// One vector of floats is two of doubles. Not through memory: a vector pieced together there waits for its stores (1.5
// times the whole cost of a row of two classes). GCC takes the conversion apart, so where there is an instruction it is
// named.
template <int first, int... lane>
INLINE Half<float> half_of(Vec<float> v, std::integer_sequence<int, lane...>) {
    return __builtin_shufflevector(v, v, (first + lane)...);
}
INLINE Vec<double> widened(Half<float> v) {
#if MULTINOULLI_VECTOR_BYTES == 64 && defined(__AVX512F__)
    return reinterpret_cast<Vec<double>>(_mm512_maskz_cvtps_pd(0xff, reinterpret_cast<__m256>(v)));
#elif MULTINOULLI_VECTOR_BYTES == 32 && defined(__AVX__)
    return reinterpret_cast<Vec<double>>(_mm256_cvtps_pd(reinterpret_cast<__m128>(v)));
#else
    return __builtin_convertvector(v, Vec<double>);
#endif
}
INLINE Vec<double> widen_low(Vec<float> v) {
    return widened(half_of<0>(v, std::make_integer_sequence<int, lanes<double>>{}));
}
INLINE Vec<double> widen_high(Vec<float> v) {
    return widened(half_of<lanes<double>>(v, std::make_integer_sequence<int, lanes<double>>{}));
}
INLINE Vec<float> narrow(Vec<double> low, Vec<double> high) {
    return joined<float>(__builtin_convertvector(low, Half<float>), __builtin_convertvector(high, Half<float>),
                         std::make_integer_sequence<int, lanes<float>>{});
}

}  // namespace
}  // namespace multinoulli
