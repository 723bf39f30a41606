// SPDX-License-Identifier: BSD-3-Clause
// The promise: largest error of each function in ulp, over all kinds of scores, lengths and layouts.
#include "batches.hpp"
#include "reference.hpp"

namespace multinoulli::testing {
namespace {

template <class T>
double promise(Function f) {
    const bool single = sizeof(T) == 4;
    if (f == softmax || f == cross_entropy_gradient) return single ? 3 : 4;
    return 2;  // logsumexp: in ulp of max(|result|, log_sum); near 0 it is a difference of the two
}

struct Worst {
    Exact ulps = 0;
    Scores kind{};
    size_t n = 0;
    void see(Exact found, Scores k, size_t length) {
        if (!(found <= ulps)) *this = {found, k, length};
    }
};

using Errors = Worst[n_functions];

template <class T>
void compare(const Batch<T>& batch, Scores kind, const std::vector<ExactRow>& exact, const Result<T>* got,
             Errors& worst) {
    const size_t n = batch.n_classes;
    for (size_t r = 0; r < batch.rows; r++) {
        if (*std::max_element(batch.row(r), batch.row(r) + n) == -INFINITY) continue;  // see special_values.cpp
        const ExactRow& want = exact[r];
        for (size_t k = 0; k < n; k++) {
            worst[softmax].see(ulps(got[softmax].elements[r * n + k], want.softmax[k]), kind, n);
            worst[log_softmax].see(ulps(got[log_softmax].elements[r * n + k], want.log_softmax[k]), kind, n);
            const T gradient = got[cross_entropy_gradient].elements[r * n + k];
            worst[cross_entropy_gradient].see(ulps(gradient, want.gradient[k]), kind, n);
        }
        worst[logsumexp].see(ulps(got[logsumexp].per_row[r], want.logsumexp, want.log_sum), kind, n);
        worst[cross_entropy].see(ulps(got[cross_entropy].per_row[r], want.cross_entropy), kind, n);
        worst[cross_entropy].see(ulps(got[cross_entropy_gradient].per_row[r], want.cross_entropy), kind, n);
    }
}

constexpr Layout layouts[] = {Layout::rows, Layout::columns};

template <class T>
void compare_layouts(const KernelTable& table, Scores kind, size_t n, Errors (&worst)[2]) {
    const Batch<T> batch = batch_of<T>(kind, rows_for(n), n, uint32_t(n * 100 + size_t(kind)));
    std::vector<ExactRow> exact;
    for (size_t r = 0; r < batch.rows; r++) exact.push_back(exact_row(batch.row(r), n, size_t(batch.labels[r])));
    for (Layout layout : layouts) {
        Result<T> got[n_functions];
        for (Function f : functions) got[f] = run(table, f, batch, {.layout = layout});
        compare(batch, kind, exact, got, worst[int(layout)]);
    }
}

template <class T>
void test(const KernelTable& table) {
    Errors worst[2];
    for (int kind = 0; kind < int(Scores::last); kind++) {
        for (size_t n : lengths()) compare_layouts<T>(table, Scores(kind), n, worst);
        for (size_t n : long_rows)
            if (kind % 4 == 0) compare_layouts<T>(table, Scores(kind), n, worst);
    }
    for (Layout layout : layouts)
        for (Function f : functions) {
            const Worst& w = worst[int(layout)][f];
            const char* const as = layout_names[int(layout)];
            std::printf("%-6s %-22s %-7s %5.2Lf ulp (scores %d, %zu classes)\n", type_name<T>, names[f], as, w.ulps,
                        int(w.kind), w.n);
            expect(w.ulps <= promise<T>(f), "%s %s in %s: %.2Lf ulp, promised %.2f", type_name<T>, names[f], as, w.ulps,
                   promise<T>(f));
        }
}

// Digits from a 50-digit computation, so that the reference above is not the only witness.
template <class T>
void test_known_values(const KernelTable& table) {
    Batch<T> batch(1, 3);
    batch.scores = {0, 1, 2};
    batch.labels = {1};
    const Exact p[] = {0.0900305731703804580L, 0.2447284710547976318L, 0.6652409557748219102L};
    const Exact log_p[] = {-2.4076059644443805L, -1.4076059644443805L, -0.4076059644443805L};
    const Exact gradient[] = {p[0], p[1] - 1, p[2]};
    const Result<T> soft = run(table, softmax, batch), log_soft = run(table, log_softmax, batch);
    const Result<T> sum = run(table, logsumexp, batch), loss = run(table, cross_entropy, batch);
    const Result<T> both = run(table, cross_entropy_gradient, batch);
    for (int k = 0; k < 3; k++) {
        expect(ulps(soft.elements[k], p[k]) <= 4, "softmax(0, 1, 2)[%d] = %.17g", k, double(soft.elements[k]));
        expect(ulps(log_soft.elements[k], log_p[k]) <= 4, "log_softmax(0, 1, 2)[%d] = %.17g", k,
               double(log_soft.elements[k]));
        expect(ulps(both.elements[k], gradient[k]) <= 4, "gradient(0, 1, 2)[%d] = %.17g", k, double(both.elements[k]));
    }
    expect(ulps(sum.per_row[0], -log_p[0]) <= 4, "logsumexp(0, 1, 2) = %.17g", double(sum.per_row[0]));
    expect(ulps(loss.per_row[0], -log_p[1]) <= 4, "cross_entropy(0, 1, 2; 1) = %.17g", double(loss.per_row[0]));
    expect(both.per_row[0] == loss.per_row[0], "the gradient's loss is another than the loss");
}

}  // namespace

void test_accuracy(const KernelTable& table) {
    test_known_values<float>(table);
    test_known_values<double>(table);
    test<float>(table);
    test<double>(table);
}

}  // namespace multinoulli::testing
