// SPDX-License-Identifier: BSD-3-Clause
// NaN and infinities: one policy for all functions, wherever in a row they stand and however the row is read.
#include <functional>

#include "batches.hpp"

namespace multinoulli::testing {
namespace {

constexpr size_t special_lengths[] = {1, 2, 3, 7, 10, 16, 17, 33, 64, 65, 100, 1000, 1025, 3000};

bool is(double got, double want) { return std::isnan(want) ? std::isnan(got) : got == want; }

// A row among ordinary ones, and what each function has to make of it (element: by class).
template <class T>
struct Expected {
    std::function<double(size_t)> softmax, log_softmax, gradient;
    double logsumexp, cross_entropy;
    double tolerance = 0;  // relative, for values that are not exact
};

template <class T>
void check_in(Layout layout, const KernelTable& table, const char* what, const Batch<T>& batch,
              const Expected<T>& want) {
    const size_t n = batch.n_classes, r = batch.rows / 2;
    const char* const as = layout_names[int(layout)];
    auto near = [&](double got, double value) {
        return is(got, value) || std::fabs(got - value) <= want.tolerance * std::fabs(value);
    };
    auto elements = [&](Function f, const std::function<double(size_t)>& value) {
        const Result<T> got = run(table, f, batch, {.layout = layout});
        for (size_t k = 0; k < n; k++)
            expect(near(got.elements[r * n + k], value(k)), "%s %s in %s, %s: class %zu of %zu is %g, not %g",
                   type_name<T>, names[f], as, what, k, n, double(got.elements[r * n + k]), value(k));
        for (size_t other : {size_t(0), batch.rows - 1})
            for (size_t k = 0; k < n; k++)
                expect(std::isfinite(got.elements[other * n + k]), "%s in %s, %s: reached row %zu", names[f], as, what,
                       other);
        return got.per_row;
    };
    auto per_row = [&](Function f, const std::vector<T>& got, double value) {
        expect(near(got[r], value), "%s %s in %s, %s: %g, not %g (%zu classes)", type_name<T>, names[f], as, what,
               double(got[r]), value, n);
    };
    elements(softmax, want.softmax);
    elements(log_softmax, want.log_softmax);
    per_row(cross_entropy_gradient, elements(cross_entropy_gradient, want.gradient), want.cross_entropy);
    per_row(logsumexp, run(table, logsumexp, batch, {.layout = layout}).per_row, want.logsumexp);
    per_row(cross_entropy, run(table, cross_entropy, batch, {.layout = layout}).per_row, want.cross_entropy);
}

template <class T>
void check(const KernelTable& table, const char* what, const Batch<T>& batch, const Expected<T>& want) {
    for (Layout layout : {Layout::rows, Layout::columns}) check_in(layout, table, what, batch, want);
}

template <class T>
void test(const KernelTable& table, size_t n) {
    const double inf = INFINITY, nan = NAN, tolerance = 4 * std::numeric_limits<T>::epsilon();
    const Batch<T> plain = batch_of<T>(Scores::normal, n <= 100 ? 37 : 3, n, 7);
    const size_t r = plain.rows / 2, label = size_t(plain.labels[r]);
    auto constant = [](double value) { return [value](size_t) { return value; }; };
    const Expected<T> nothing{constant(nan), constant(nan), constant(nan), nan, nan};

    for (size_t at : {size_t(0), n / 2, n - 1}) {
        Batch<T> batch = plain;
        batch.row(r)[at] = NAN;
        check(table, "NaN", batch, nothing);
        batch.row(r)[(at + 1) % n] = INFINITY;
        batch.row(r)[at] = NAN;
        check(table, "NaN and +inf", batch, nothing);
        std::fill_n(batch.row(r), n, T(-INFINITY));
        batch.row(r)[at] = NAN;
        check(table, "NaN and -inf", batch, nothing);
        std::fill_n(batch.row(r), n, -std::numeric_limits<T>::max());
        batch.row(r)[at] = NAN;
        check(table, "NaN and lowest", batch, nothing);
    }

    Batch<T> batch = plain;
    std::fill_n(batch.row(r), n, T(NAN));
    check(table, "all NaN", batch, nothing);
    std::fill_n(batch.row(r), n, T(-INFINITY));
    Expected<T> empty = nothing;
    empty.logsumexp = -inf;
    check(table, "all -inf", batch, empty);

    // m infinite scores at the end, in the middle or everywhere; the label once among them, once not.
    for (size_t m : {size_t(1), size_t(2), size_t(3), n}) {
        if (m > n) continue;
        for (size_t first : {size_t(0), (n - m) / 2, n - m}) {
            auto chosen = [=](size_t k) { return k >= first && k < first + m; };
            for (bool among : {true, false}) {
                if (!among && m == n) continue;
                batch = plain;
                for (size_t k = 0; k < n; k++)
                    if (chosen(k)) batch.row(r)[k] = INFINITY;
                batch.row(r)[chosen(0) ? n - 1 : 0] = chosen(0) && chosen(n - 1) ? INFINITY : -INFINITY;
                const size_t y = among ? first + m / 2 : first > 0 ? first - 1 : m;
                batch.labels[r] = int64_t(y);
                check(table, "+inf", batch,
                      {[=](size_t k) { return chosen(k) ? 1. / double(m) : 0; },
                       [=](size_t k) { return chosen(k) ? -std::log(double(m)) : -inf; },
                       [=](size_t k) {
                           return k != y ? (chosen(k) ? 1. / double(m) : 0) : among ? -double(m - 1) / double(m) : -1;
                       },
                       inf, among ? std::log(double(m)) : inf, tolerance});
            }
        }
    }

    // Beside it, the largest scores that the exponentials take.
    for (double largest : {1024., 65536., 1e6, 1e9}) {
        batch = plain;
        std::fill_n(batch.row(r), n, T(largest));
        batch.row(r)[n / 2] = INFINITY;
        batch.labels[r] = int64_t(n / 2);
        check(table, "+inf and the range's end", batch,
              {[=](size_t k) { return k == n / 2 ? 1. : 0; }, [=](size_t k) { return k == n / 2 ? 0. : -inf; },
               constant(0), inf, 0});
    }

    // One score left: probability 1 and loss 0 exactly; elsewhere -inf, also where the label is.
    for (size_t at : {size_t(0), n / 2, n - 1})
        for (double left : {3.5, -7., 1e30, -1e30, double(std::numeric_limits<T>::max())}) {
            std::fill_n(batch.row(r), n, T(-INFINITY));
            batch.row(r)[at] = T(left);
            batch.labels[r] = int64_t(at);
            auto one = [=](size_t k) { return k == at ? 1. : 0; };
            auto log_one = [=](size_t k) { return k == at ? 0. : -inf; };
            check(table, "one score", batch, {one, log_one, constant(0), double(T(left)), 0});
            if (n == 1) continue;
            const size_t y = at == 0 ? n - 1 : 0;
            batch.labels[r] = int64_t(y);
            auto gradient = [=](size_t k) { return k == at ? 1. : k == y ? -1 : 0; };
            check(table, "label at -inf", batch, {one, log_one, gradient, double(T(left)), inf});
        }

    // -inf is as if the class were absent.
    if (n > 2) {
        batch = plain;
        for (size_t k = 0; k < n; k++) batch.row(r)[k] = k == 0 || k == n - 1 ? T(2.5) : T(-INFINITY);
        batch.labels[r] = int64_t(n - 1);
        auto kept = [=](size_t k) { return k == 0 || k == n - 1; };
        check(table, "two scores", batch,
              {[=](size_t k) { return kept(k) ? 0.5 : 0; }, [=](size_t k) { return kept(k) ? -std::log(2.) : -inf; },
               [=](size_t k) { return k == 0       ? 0.5
                                      : k == n - 1 ? -0.5
                                                   : 0; }, 2.5 + std::log(2.), std::log(2.),
               tolerance});
    }
    expect(label < n, "the label is a class");
}

// The loss of a class far away is the difference itself, whatever the offset; the top score's log-probability is the
// probability of the others, never -0.
template <class T>
void test_extremes(const KernelTable& table, Layout layout) {
    const double largest = std::numeric_limits<T>::max();
    const auto elements = [&](Function f, const Batch<T>& batch) {
        return run(table, f, batch, {.layout = layout}).elements;
    };
    const auto per_row = [&](Function f, const Batch<T>& batch) {
        return run(table, f, batch, {.layout = layout}).per_row[0];
    };
    for (size_t n : {2, 10, 64, 65, 3000}) {
        Batch<T> batch(1, n);
        std::fill_n(batch.row(0), n, T(-largest));
        batch.row(0)[n - 1] = T(largest / 2);
        batch.row(0)[0] = T(-largest / 4);
        batch.labels[0] = 0;
        expect(per_row(cross_entropy, batch) == T(0.75 * largest), "loss across 3/4 of the range");
        expect(elements(log_softmax, batch)[0] == T(-0.75 * largest), "log-probability across it");
        expect(per_row(logsumexp, batch) == T(largest / 2), "logsumexp at half the range");
        batch.row(0)[0] = T(-largest);
        expect(per_row(cross_entropy, batch) == INFINITY, "a loss beyond the range is +inf");
        expect(elements(softmax, batch)[n - 1] == 1, "softmax at half the range");

        const double gap = sizeof(T) == 4 ? 100 : 740;  // e^-gap is subnormal
        std::fill_n(batch.row(0), n, T(-INFINITY));
        batch.row(0)[n - 1] = T(7);
        batch.row(0)[0] = T(7 - gap);
        batch.labels[0] = int64_t(n - 1);
        const T rest = T(std::exp(-(long double)(gap)));
        expect(rest > 0 && rest < std::numeric_limits<T>::min(), "a subnormal to look for");
        const T spacing = std::numeric_limits<T>::denorm_min();
        auto near = [=](T got, T want) { return std::fabs(got - want) <= spacing; };
        expect(near(elements(log_softmax, batch)[n - 1], -rest), "log_softmax of a dominant class, %zu", n);
        expect(near(per_row(cross_entropy, batch), rest), "its loss, %zu", n);
        expect(near(elements(softmax, batch)[0], rest), "the other's probability, %zu", n);
        const std::vector<T> gradient = elements(cross_entropy_gradient, batch);
        expect(near(gradient[n - 1], -rest) && near(gradient[0], rest), "the gradient, %zu", n);
    }
}

// Rows of which no exps are kept: the special score is met only after many ordinary ones have been read.
void test_long_rows(const KernelTable& table, Layout layout) {
    Batch<double> batch = batch_of<double>(Scores::normal, 1, 140000, 3);
    const size_t last = batch.n_classes - 1;
    const auto elements = [&](Function f) { return run(table, f, batch, {.layout = layout}).elements; };
    batch.row(0)[last] = INFINITY;
    batch.row(0)[1] = -INFINITY;
    const std::vector<double> p = elements(softmax), log_p = elements(log_softmax);
    for (size_t k = 0; k <= last; k++) {
        expect(p[k] == (k == last), "softmax with +inf last: class %zu is %g", k, p[k]);
        expect(log_p[k] == (k == last ? 0 : -INFINITY), "log_softmax with +inf last: class %zu is %g", k, log_p[k]);
    }
    batch.row(0)[last] = NAN;
    for (Function f : {softmax, log_softmax, cross_entropy_gradient})
        for (double got : elements(f)) expect(std::isnan(got), "%s with NaN last: %g", names[f], got);
    for (Function f : {logsumexp, cross_entropy})
        expect(std::isnan(run(table, f, batch, {.layout = layout}).per_row[0]), "%s with NaN last", names[f]);
    batch.row(0)[last] = -3;
    expect(elements(softmax)[1] == 0, "a class of -inf in a long row has a probability");
}

}  // namespace

void test_special_values(const KernelTable& table) {
    for (size_t n : special_lengths) {
        test<float>(table, n);
        test<double>(table, n);
    }
    for (Layout layout : {Layout::rows, Layout::columns, Layout::spans}) test_long_rows(table, layout);
    for (Layout layout : {Layout::rows, Layout::columns}) {
        test_extremes<float>(table, layout);
        test_extremes<double>(table, layout);
    }
}

}  // namespace multinoulli::testing
