// SPDX-License-Identifier: BSD-3-Clause
// The elementwise kernels: their ulps against long double over every exponent and around every threshold, special
// values, and the same bits wherever an element stands and however it is stored.
#include "elementwise_kernels.hpp"

#include <functional>
#include <random>

#include "harness.hpp"
#include "reference.hpp"

namespace multinoulli::testing {
namespace {

struct Case {
    ElementwiseFunction function;
    const char* name;
    std::function<Exact(Exact)> exact;
    std::vector<double> thresholds;  // where a formula, a rounding or the meaning changes
    double low, high;                // where the interesting values lie
    Exact promised;                  // ulps
};

const Case cases[] = {
    {sigmoid,
     "sigmoid",
     [](Exact x) { return 1 / (1 + std::exp(-x)); },
     {0, 20, 40, 17.5, 37.5, -17.5, -37.5, -87.3, -103.9, -105, -708.4, -745.1, -750},
     -760,
     60,
     1.2L},
    {log_sigmoid,
     "log_sigmoid",
     [](Exact x) { return x < 0 ? x - std::log1p(std::exp(x)) : -std::log1p(std::exp(-x)); },
     {0, 20, 40, -20, -40, 71, 87.3, 103.9, 105, 708.4, 745.1, 750},
     -60,
     760,
     1.3L},
    {softplus,
     "softplus",
     [](Exact x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); },
     {0, 20, 40, -20, -40, -71, -87.3, -103.9, -105, -708.4, -745.1, -750},
     -760,
     60,
     1.3L},
    {logit,
     "logit",
     [](Exact p) { return p > 0.25L && p < 0.75L ? 2 * std::atanh(2 * p - 1) : std::log(p) - std::log1p(-p); },
     {0, 1. / 3, 0.25, 0.2, 1. / 9, 0.5, 2. / 3, 0.75, 0.8, 8. / 9, 1},
     0,
     1,
     1.3L},
    {log1mexp,
     "log1mexp",
     [](Exact x) { return x > -1 ? std::log(-std::expm1(x)) : std::log1p(-std::exp(x)); },
     {0, -0.125, -0.25, -0.5, -0.7, -0.6931471805599453, -1, -20, -40, -87.3, -103.9, -105, -708.4, -745.1, -750},
     -760,
     0,
     1.15L},
};

template <class T>
ElementwiseKernel<T> kernel_of(const ElementwiseTable& table, ElementwiseFunction f) {
    if constexpr (sizeof(T) == 4)
        return table.f32[f];
    else
        return table.f64[f];
}

template <class T>
std::vector<T> values_for(const Case& c) {
    std::mt19937_64 random(c.function);
    auto uniform = [&](double low, double high) { return std::uniform_real_distribution<double>(low, high)(random); };
    std::vector<T> values;
    for (int exponent = std::numeric_limits<T>::min_exponent - std::numeric_limits<T>::digits;
         exponent <= std::numeric_limits<T>::max_exponent; exponent++)
        for (int i = 0; i < 60; i++) {
            const T size = std::ldexp(T(uniform(0.5, 1)), exponent);
            values.insert(values.end(), {size, -size});
        }
    for (double threshold : c.thresholds) {
        T above = T(threshold), below = above;
        for (int i = 0; i < 300; i++) {
            values.insert(values.end(), {above, below, T(threshold * uniform(0.99, 1.01))});
            above = std::nextafter(above, T(INFINITY));
            below = std::nextafter(below, T(-INFINITY));
        }
    }
    for (int i = 0; i < 100000; i++) {
        values.push_back(T(uniform(c.low, c.high)));
        values.push_back(T(uniform(c.low / 100, c.high / 100)));
        values.push_back(T(uniform(-3, 3)));
        values.push_back(T(uniform(0, 1)));
    }
    return values;
}

template <class T>
void test_accuracy(const ElementwiseTable& table, const Case& c) {
    const std::vector<T> x = values_for<T>(c);
    std::vector<T> y(x.size());
    kernel_of<T>(table, c.function)(x.data(), y.data(), x.size(), false);
    Exact worst = 0;
    T where = 0;
    size_t numbers = 0;
    for (size_t i = 0; i < x.size(); i++) {
        const Exact want = c.exact(x[i]);
        if (std::isnan(want)) {
            expect(std::isnan(y[i]), "%s %s(%a) is %g, not NaN", type_name<T>, c.name, double(x[i]), double(y[i]));
            continue;
        }
        numbers++;
        const Exact error = ulps(y[i], want);
        if (!(error <= worst)) worst = error, where = x[i];
    }
    std::printf("%-6s %-12s %.3Lf ulp at %a\n", type_name<T>, c.name, worst, double(where));
    expect(numbers > x.size() / 5, "%s: too few numbers", c.name);
    expect(worst <= c.promised, "%s %s(%a): %.3Lf ulp, promised %.2Lf", type_name<T>, c.name, double(where), worst,
           c.promised);
}

template <class T>
void test_special_values(const ElementwiseTable& table) {
    const T inf = INFINITY, nan = NAN, largest = std::numeric_limits<T>::max(),
            least = std::numeric_limits<T>::denorm_min();
    struct Special {
        ElementwiseFunction function;
        T x, y;
    };
    const T log2 = T(0.6931471805599453094L);
    for (Special s : std::initializer_list<Special>{
             {sigmoid, 0, T(0.5)},      {sigmoid, -T(0), T(0.5)},
             {sigmoid, inf, 1},         {sigmoid, -inf, 0},
             {sigmoid, largest, 1},     {sigmoid, -largest, 0},
             {sigmoid, nan, nan},       {sigmoid, least, T(0.5)},
             {log_sigmoid, 0, -log2},   {log_sigmoid, inf, -T(0)},
             {log_sigmoid, -inf, -inf}, {log_sigmoid, -largest, -largest},
             {log_sigmoid, nan, nan},   {log_sigmoid, largest, -T(0)},
             {softplus, 0, log2},       {softplus, -inf, 0},
             {softplus, inf, inf},      {softplus, largest, largest},
             {softplus, -largest, 0},   {softplus, nan, nan},
             {logit, 0, -inf},          {logit, -T(0), -inf},
             {logit, 1, inf},           {logit, T(0.5), 0},
             {logit, -least, nan},      {logit, std::nextafter(T(1), T(2)), nan},
             {logit, inf, nan},         {logit, -inf, nan},
             {logit, nan, nan},         {logit, largest, nan},
             {log1mexp, 0, -inf},       {log1mexp, -T(0), -inf},
             {log1mexp, -inf, -T(0)},   {log1mexp, -largest, -T(0)},
             {log1mexp, least, nan},    {log1mexp, inf, nan},
             {log1mexp, largest, nan},  {log1mexp, nan, nan},
         }) {
        T y;
        kernel_of<T>(table, s.function)(&s.x, &y, 1, false);
        const bool same =
            std::isnan(s.y) ? std::isnan(y) : y == s.y && (y != 0 || std::signbit(y) == std::signbit(s.y));
        expect(same, "%s %s(%g) is %g, not %g", type_name<T>, cases[s.function].name, double(s.x), double(y),
               double(s.y));
    }
}

// Every length up to four vectors and some beyond a block, at every offset, in place and streamed.
template <class T>
void test_places(const ElementwiseTable& table, const Case& c) {
    const ElementwiseKernel<T> kernel = kernel_of<T>(table, c.function);
    constexpr size_t vector = 64 / sizeof(T);
    std::vector<size_t> counts;
    for (size_t n = 0; n <= 4 * vector + 1; n++) counts.push_back(n);
    for (size_t n : {511, 512, 513, 1029, 3001}) counts.push_back(n);
    std::vector<T> x(3001), alone(x.size());
    std::mt19937_64 random(7);
    for (size_t i = 0; i < x.size(); i++) {
        x[i] = T(std::uniform_real_distribution<double>(i % 2 ? c.low : 0, i % 2 ? c.high : 1)(random));
        if (i % 17 == 3) x[i] = i % 2 ? T(NAN) : T(INFINITY);
        kernel(&x[i], &alone[i], 1, false);
    }
    const T sentinel = T(-77);
    for (size_t n : counts)
        for (size_t offset = 0; offset < vector; offset += n > 100 ? 3 : 1)
            for (bool streamed : {false, true})
                for (bool in_place : {false, true}) {
                    Aligned<T> from(n + 1, offset + 1), to(n + 1, offset);
                    std::fill_n(to.data, n + 1, sentinel);
                    std::copy_n(x.data(), n, from.data);
                    from.data[n] = sentinel;
                    T* const result = in_place ? from.data : to.data;
                    kernel(from.data, result, n, streamed);
                    expect(n == 0 || std::memcmp(result, alone.data(), n * sizeof(T)) == 0,
                           "%s %s: other bits among %zu, offset %zu%s%s", type_name<T>, c.name, n, offset,
                           streamed ? ", streamed" : "", in_place ? ", in place" : "");
                    expect(result[n] == sentinel, "%s %s wrote beyond %zu", type_name<T>, c.name, n);
                    expect(in_place || n == 0 || std::memcmp(from.data, x.data(), n * sizeof(T)) == 0,
                           "%s %s changed its argument", type_name<T>, c.name);
                }
}

}  // namespace

void test_elementwise(const ElementwiseTable& table) {
    for (const Case& c : cases) {
        test_accuracy<float>(table, c);
        test_accuracy<double>(table, c);
        test_places<float>(table, c);
        test_places<double>(table, c);
    }
    test_special_values<float>(table);
    test_special_values<double>(table);
}

}  // namespace multinoulli::testing
