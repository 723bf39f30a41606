// SPDX-License-Identifier: BSD-3-Clause
// exp and logarithms against long double, over the ranges their comments state. Compiled for the instruction set under
// test.
#include <cmath>
#include <random>

#include "exp.hpp"
#include "exp_shifted.hpp"
#include "harness.hpp"
#include "log.hpp"
#include "log_parts.hpp"
#include "reference.hpp"
#include "transpose.hpp"

namespace multinoulli::testing {
namespace {

// e^x 2^(bias - k). ln 2 in pieces of 32 bits: their products with k are exact.
Exact exact_scaled_exp(Exact x, Exact k, int bias) {
    Sum reduced;
    reduced.add(x);
    for (Exact part : {0x1.62e42feep-1L, 0x1.a39ef356p-33L, 0x1.93c7673p-65L}) reduced.add(-k * part);
    return std::ldexp(std::exp(reduced.value) * (1 + reduced.lost), bias);
}

template <class T>
void test_exp(std::mt19937_64& random) {
    using C = ExpConstants<T>;
    constexpr bool in_parts = exp_unit<T> == 1;
    Exact worst = 0, worst_high = 0, worst_pair = 0;
    for (int i = 0; i < 100000; i++) {
        const double range[] = {1, 50, 3000, double(C::limit)};
        const double size = range[i % 4];
        Vec<T> max = {}, x = {};
        for (int l = 0; l < lanes<T>; l++) {
            max[l] = T(std::uniform_real_distribution<double>(-size, size)(random));
            if (i < 40) max[l] = T(i % 8 < 4 ? size : -size);
            const double below = i % 3 ? 2 : double(C::reach);
            x[l] = max[l] - T(std::uniform_real_distribution<double>(0, below)(random));
            if (i < 80) x[l] = i % 2 ? max[l] - C::reach : max[l];
            if (x[l] < max[l] - C::reach) x[l] = max[l];
        }
        const Vec<T> k = exponent_near(max);
        HighLow<Vec<T>> e = {};
        if constexpr (in_parts) e = scaled_exp_pair(x, exp_offset(k));
        const Vec<T> alone = scaled_exp(x, exp_offset(k));
        for (int l = 0; l < lanes<T>; l++) {
            const Exact want = exact_scaled_exp(x[l], k[l], C::bias), unit = ulps(T(0), want) / want;
            worst = std::max(worst, ulps(T(alone[l]), want * Exact(exp_unit<T>)));
            if (in_parts) worst_high = std::max(worst_high, ulps(T(e.high[l]), want));
            if (in_parts && x[l] > max[l] - C::reach / 2)
                worst_pair = std::max(worst_pair, std::fabs(Exact(e.high[l]) + Exact(e.low[l]) - want) * unit);
        }
    }
    std::printf("%-6s scaled_exp %.3Lf ulp\n", type_name<T>, worst);
    const Exact promised = products_fuse && in_parts ? 1.11L : 0.75L;
    expect(worst <= promised, "scaled_exp: %.3Lf ulp, promised %.2Lf", worst, promised);
    if constexpr (in_parts) {
        std::printf("%-6s scaled_exp_pair %.3Lf ulp, high %.3Lf ulp\n", type_name<T>, worst_pair, worst_high);
        const Exact promised_pair = table_bits<T> > 0 ? 0.15L : 0.31L;
        expect(worst_high <= 0.75L, "scaled_exp_pair, high: %.3Lf ulp, promised 0.75", worst_high);
        expect(sizeof(T) == 4 || worst_pair <= promised_pair, "scaled_exp_pair: %.3Lf ulp, promised %.2Lf", worst_pair,
               promised_pair);
    }
    const Vec<T> nan = scaled_exp(splat(T(NAN)), exp_offset(Vec<T>{}));
    expect(std::isnan(nan[0]) && std::isnan(nan[lanes<T> - 1]), "scaled_exp(NaN) is a number");
}

void test_exp_of_remainder(std::mt19937_64& random) {
    Exact worst = 0;
    const double limit = ExpConstants<float>::limit;
    for (int i = 0; i < 100000; i++) {
        const double size = i % 2 ? limit : 30, max = std::uniform_real_distribution<double>(-size, size)(random);
        const Vec<double> k = exponent_near(splat(max));
        const Exact want = std::exp(Exact(max) - Exact(k[0]) * std::log(Exact(2)));
        worst = std::max(worst, std::fabs(exp_of_remainder(splat(max), k)[0] / want - 1));
    }
    std::printf("double exp_of_remainder %.2Lg relative\n", worst);
    expect(worst <= 1.1e-12L, "exp_of_remainder: %.3Lg, promised 1.1e-12", worst);
    expect(std::isnan(exp_of_remainder(splat(NAN + 0.), Vec<double>{})[0]), "exp_of_remainder(NaN) is a number");
}

void test_log1p(std::mt19937_64& random) {
    Exact worst = 0, worst_pair = 0, worst_half = 0;
    for (int i = 0; i < 100000; i++) {
        Vec<double> u = {}, u_low = {};
        for (int l = 0; l < lanes<double>; l++) {
            const double range[][2] = {{-1074, 60}, {-60, 5}, {-3, 3}, {-1.3, -1.2}};
            u[l] = std::exp2(std::uniform_real_distribution<double>(range[i % 4][0], range[i % 4][1])(random));
            const double ulp = std::nextafter(double(u[l]), INFINITY) - u[l];
            u_low[l] = std::uniform_real_distribution<double>(-0.5, 0.5)(random) * ulp;
            if (i < 10) u[l] = u_low[l] = 0;
            if (i >= 10 && i < 20) u[l] = std::exp2(double(l + i)) - 1, u_low[l] = 0;
        }
        const HighLow<Vec<double>> full = log1p_nonnegative<Precision::full>(u, u_low);
        const HighLow<Vec<double>> half = log1p_nonnegative<Precision::half>(u, u_low);
        for (int l = 0; l < lanes<double>; l++) {
            const Exact want = std::log1p(Exact(u[l]) + Exact(u_low[l])), rough = std::log1p(Exact(u[l]));
            worst = std::max(worst, ulps(full.high[l], want));
            const Exact both = Exact(full.high[l]) + Exact(full.low[l]);
            if (want > 1e-300L) worst_pair = std::max(worst_pair, std::fabs(both - want) * (ulps(0., want) / want));
            if (rough > 1e-300L) worst_half = std::max(worst_half, std::fabs(half.high[l] - rough) / rough);
        }
    }
    std::printf("double log1p_nonnegative %.3Lf ulp, in two parts %.3Lf; half precision %.2Lg relative\n", worst,
                worst_pair, worst_half);
    expect(worst <= 0.85L, "log1p: %.3Lf ulp, promised 0.85", worst);
    expect(worst_pair <= 0.35L, "log1p in two parts: %.3Lf ulp, promised 0.35", worst_pair);
    expect(worst_half <= 5e-12L, "log1p, half: %.3Lg, promised 5e-12", worst_half);
    expect(std::isnan(log1p_nonnegative<Precision::full>(splat(NAN + 0.), Vec<double>{}).high[0]),
           "log1p(NaN) is a number");
    expect(std::isnan(log1p_nonnegative<Precision::half>(splat(NAN + 0.), Vec<double>{}).high[0]),
           "log1p(NaN) is a number");
}

// Both ends of the range, and what elementwise functions ask for: 2^60 for floats, 2^500 for doubles.
template <class T>
void test_shifted_exp(std::mt19937_64& random) {
    constexpr int up = sizeof(T) == 4 ? 60 : 500, down = -up / 2;
    const double limit = sizeof(T) == 4 ? 105 : 750;
    Exact worst = 0, worst_pair = 0;
    for (int i = 0; i < 100000; i++) {
        Vec<T> negative = {}, any = {};
        for (int l = 0; l < lanes<T>; l++) {
            const double size = i < 20 ? limit : i % 2 ? limit : 2;
            negative[l] = T(std::uniform_real_distribution<double>(-size, 0)(random));
            any[l] = std::uniform_real_distribution<double>(0, 1)(random) * (i % 4 ? -1 : 1) * T(size / 3);
        }
        auto judge = [&](Vec<T> x, HighLow<Vec<T>> e, int shift) {
            for (int l = 0; l < lanes<T>; l++) {
                const Exact want = exact_scaled_exp(x[l], 0, shift), unit = ulps(T(0), want) / want;
                worst = std::max(worst, ulps(T(e.high[l]), want));
                if (want * std::numeric_limits<T>::epsilon() > std::numeric_limits<T>::min())
                    worst_pair = std::max(worst_pair, std::fabs(Exact(e.high[l]) + Exact(e.low[l]) - want) * unit);
            }
        };
        judge(negative, shifted_exp<up>(negative), up);
        judge(any, shifted_exp<down>(any), down);
    }
    std::printf("%-6s shifted_exp %.3Lf ulp, in two parts %.3Lf\n", type_name<T>, worst, worst_pair);
    expect(worst <= 0.75L, "shifted_exp: %.3Lf ulp, promised 0.75", worst);
    expect(worst_pair <= 0.31L, "shifted_exp, in two parts: %.3Lf ulp, promised 0.31", worst_pair);
    expect(std::isnan(shifted_exp<0>(splat(T(NAN))).high[0]), "shifted_exp(NaN) is a number");
}

template <class T>
void test_log1p_parts(std::mt19937_64& random) {
    constexpr int smallest = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
    Exact worst = 0;
    for (int i = 0; i < 100000; i++) {
        Vec<T> f = {};
        for (int l = 0; l < lanes<T>; l++) {
            const double exponent = std::uniform_real_distribution<double>(i % 2 ? smallest : -4, 0)(random);
            f[l] = T(std::exp2(exponent)) * T(i % 4 < 2 ? 1 : -0.5);
            if (i < 8) f[l] = i % 2 ? T(1) : T(-0.5);
        }
        const HighLow<Vec<T>> log = log1p_parts(f, Vec<T>{});
        for (int l = 0; l < lanes<T>; l++) {
            const Exact want = std::log1p(Exact(f[l])), unit = ulps(T(0), want) / std::fabs(want);
            worst = std::max(worst, std::fabs(Exact(log.high[l]) + Exact(log.low[l]) - want) * unit);
        }
    }
    std::printf("%-6s log1p_parts %.3Lf ulp\n", type_name<T>, worst);
    expect(worst <= 0.55L, "log1p_parts: %.3Lf ulp, promised 0.55", worst);

    const T f = T(0.375), low = f * std::numeric_limits<T>::epsilon() / 4;  // the low part: a derivative of 1 / 1.375
    const T added = log1p_parts(splat(f), splat(low)).low[0] - log1p_parts(splat(f), Vec<T>{}).low[0];
    expect(added > low * T(0.5) && added < low, "log1p_parts: a low part of %g adds %g", double(low), double(added));
    expect(std::isnan(log1p_parts(splat(T(NAN)), Vec<T>{}).high[0]), "log1p_parts(NaN) is a number");
}

template <class T>
void test_vectors() {
    constexpr int L = lanes<T>;
    T numbers[L * L], transposed[L * L];
    Vec<T> tile[L];
    for (int i = 0; i < L * L; i++) numbers[i] = T(i);
    for (int i = 0; i < L; i++) tile[i] = load(numbers + i * L);
    transpose<T>(tile);
    for (int i = 0; i < L; i++) store(transposed + i * L, tile[i]);
    bool right = true;
    for (int i = 0; i < L; i++)
        for (int j = 0; j < L; j++) right &= transposed[i * L + j] == T(j * L + i);
    expect(right, "%s: transpose", type_name<T>);
    const Vec<T> v = load(numbers + 1);
    expect(sum_of_lanes(v) == T(L * (L + 1) / 2) && max_of_lanes(v) == T(L), "%s: folds over lanes", type_name<T>);
    for (int i = 0; i < L; i++) {
        expect(any_lane(v == T(i + 1)), "%s: any_lane misses lane %d", type_name<T>, i);
        expect(lane_numbers<T>()[i] == i, "%s: lane_numbers[%d]", type_name<T>, i);
    }
    expect(!any_lane(v == T(-1)), "%s: any_lane sees a lane that is not there", type_name<T>);
}

}  // namespace

void test_math() {
    std::mt19937_64 random(1);
    test_vectors<float>();
    test_vectors<double>();
    const Vec<float> v = __builtin_convertvector(lane_numbers<float>(), Vec<float>);
    expect(!any_lane(narrow(widen_low(v), widen_high(v)) != v), "narrow does not undo widen");
    test_exp<float>(random);
    test_exp<double>(random);
    test_exp_of_remainder(random);
    test_log1p(random);
    test_shifted_exp<float>(random);
    test_shifted_exp<double>(random);
    test_log1p_parts<float>(random);
    test_log1p_parts<double>(random);
}

}  // namespace multinoulli::testing
