// SPDX-License-Identifier: BSD-3-Clause
// Losses with shares, and those of two classes, against long double; and the same bits for a row whatever stands beside
// it, with its gradient or without.
#include <random>

#include "calls.hpp"
#include "elementwise_kernels.hpp"
#include "reference.hpp"

namespace multinoulli::testing {
namespace {

enum Kind { of_labels, of_targets, of_certain_targets };
struct Options {
    Kind kind;
    double smoothing, z_loss;
    bool class_weight, weights, offsets;
    double divisor;
};
const Options options[] = {
    {of_labels, 0, 0, true, false, false, 1},         {of_labels, 0, 0, false, true, false, 0.3},
    {of_labels, 0.1, 0, false, false, false, 1},      {of_labels, 0.2, 0.01, true, true, true, 0.7},
    {of_labels, 0, 0.1, false, false, false, 1},      {of_labels, 1, 0, true, false, false, 1},
    {of_targets, 0, 0, false, false, false, 1},       {of_targets, 0.3, 0.1, true, true, false, 1e-3},
    {of_certain_targets, 0, 0, true, false, false, 1}};

template <class T>
struct Problem {
    Batch<T> batch;
    std::vector<T> targets;
    std::vector<double> class_weight, offsets, weights;
    Options asked;

    Problem(size_t rows, size_t n, const Options& asked, double spread)
        : batch(rows, n),
          targets(rows * n),
          class_weight((n + share_padding - 1) / share_padding * share_padding),
          offsets(rows),
          weights(rows),
          asked(asked) {
        std::mt19937_64 random(n);
        std::uniform_real_distribution<double> uniform(0, 1);
        for (T& score : batch.scores) score = T(spread * (uniform(random) - 0.5));
        for (size_t k = 0; k < n; k++) class_weight[k] = asked.class_weight ? 0.5 + uniform(random) : 1;
        for (size_t r = 0; r < rows; r++) {
            batch.labels[r] = int64_t(random() % n);
            if (r % 3 == 0) batch.row(r)[batch.labels[r]] = T(spread);  // certain
            if (r % 4 == 1) batch.row(r)[random() % n] = T(spread);     // another label is, or two tie
            offsets[r] = uniform(random);
            weights[r] = 0.1 + uniform(random);
            if (absent(r)) {
                weights[r] = 0;
                for (size_t k = 0; k < n; k++) batch.row(r)[k] = T(r % 2 ? NAN : INFINITY);
            }
            for (size_t k = 0; k < n; k++)
                targets[r * n + k] =
                    asked.kind == of_targets ? T(uniform(random) / double(n)) : T(int64_t(k) == batch.labels[r]);
        }
    }
    bool absent(size_t row) const { return asked.weights && row % 5 == 2; }
    Shares<T> shares(double* losses, T* gradient) const {
        const bool soft = asked.kind != of_labels;
        return {soft ? nullptr : batch.labels.data(),
                soft ? targets.data() : nullptr,
                class_weight.data(),
                asked.smoothing,
                asked.z_loss,
                asked.offsets ? offsets.data() : nullptr,
                asked.weights ? weights.data() : nullptr,
                asked.divisor,
                losses,
                gradient};
    }
};

// Rows begin..end-1, as the bindings do it.
template <class T>
void run(const Kernels<T>& kernels, const Problem<T>& problem, size_t begin, size_t end, double* losses, T* gradient) {
    const size_t n = problem.batch.n_classes, rows = end - begin;
    const Shares<T> all = problem.shares(losses - begin, gradient ? gradient - begin * n : nullptr);
    const Shares<T> shares = all.from(begin, n);
    std::vector<T> scratch(scratch_for_rows<T>(rows, n)), per_row(rows), elements(gradient ? rows * n : 0);
    const Rows<T> these{problem.batch.row(begin),
                        shares.labels,
                        gradient ? elements.data() : nullptr,
                        per_row.data(),
                        n,
                        false,
                        scratch.data()};
    const Kernel<T> plain = kernels.rows[gradient ? cross_entropy_gradient : cross_entropy];
    const Kernel<T> shared = gradient ? kernels.shares.probabilities : kernels.shares.log_sums;
    (shares.plain() ? plain : shared)(these, 0, rows);
    kernels.shares.finish(shares, these, rows);
}

template <class T>
void expect_exact(const Problem<T>& problem, size_t r, double loss, const T* gradient) {
    const Options& asked = problem.asked;
    if (problem.absent(r)) {
        bool nothing = loss == 0;
        for (size_t k = 0; k < problem.batch.n_classes; k++) nothing &= gradient[k] == 0;
        return expect(nothing, "%s row %zu of weight 0 is there, %zu classes", type_name<T>, r,
                      problem.batch.n_classes);
    }
    const size_t n = problem.batch.n_classes, label = size_t(problem.batch.labels[r]);
    const T* scores = problem.batch.row(r);
    const ExactRow exact = exact_row(scores, n, label);
    std::vector<Exact> a(n);
    Sum sum, cost;
    for (size_t k = 0; k < n; k++) {
        const Exact q = asked.kind == of_labels ? Exact(k == label) : Exact(problem.targets[r * n + k]);
        a[k] = Exact(problem.class_weight[k]) * ((1 - Exact(asked.smoothing)) * q + Exact(asked.smoothing) / Exact(n));
        sum.add(a[k]);
        cost.add(-a[k] * exact.log_softmax[k]);
    }
    const Exact weight = asked.weights ? problem.weights[r] : 1;
    const Exact log_sum = exact.logsumexp + (asked.offsets ? Exact(problem.offsets[r]) : 0);
    const Exact factors = sum.total() + 2 * Exact(asked.z_loss) * log_sum;
    const Exact want = weight * (cost.total() + Exact(asked.z_loss) * log_sum * log_sum);
    // The log-sum-exp is known to two units of the larger of its terms.
    const Exact of_z = asked.z_loss * 4 * std::max(std::fabs(log_sum), std::fabs(Exact(exact.log_sum)));
    expect(ulps(T(loss), want, weight * of_z) <= 4, "%s loss of %zu classes, row %zu: %g, not %g", type_name<T>, n, r,
           loss, double(want));
    for (size_t k = 0; k < n; k++) {
        const bool certain = asked.kind == of_labels && asked.smoothing == 0 && asked.z_loss == 0;
        const Exact others = exact.gradient[label];
        const Exact scale = weight / asked.divisor;
        const Exact slope = certain && k == label ? scale * a[k] * others : scale * (factors * exact.softmax[k] - a[k]);
        // A subnormal probability is known to half a unit of its own; factors may lift it.
        const Exact least = 4 * scale * (1 + std::fabs(factors)) * Exact(std::numeric_limits<T>::min());
        const Exact terms = certain ? 0 : scale * std::max(std::fabs(factors * exact.softmax[k]), a[k]);
        expect(ulps(gradient[k], slope, std::max(terms, least)) <= 5.5,
               "%s gradient of %zu classes, row %zu, class %zu: %g, not %g; %g", type_name<T>, n, r, k,
               double(gradient[k]), double(slope), double(ulps(gradient[k], slope, std::max(terms, least))));
    }
}

template <class T>
void test_shares(const Kernels<T>& kernels, size_t n, const Options& asked) {
    constexpr size_t rows = 21;
    for (double spread : {4., 60.}) {
        const Problem<T> problem(rows, n, asked, spread);
        std::vector<double> losses(rows), others(rows, -1);
        std::vector<T> gradient(rows * n + 1, untouched<T>), alone(n + 1, untouched<T>);
        run(kernels, problem, 0, rows, losses.data(), gradient.data());
        for (size_t r = 0; r < rows; r++) expect_exact(problem, r, losses[r], &gradient[r * n]);
        expect(gradient[rows * n] == untouched<T>, "%s shares wrote beyond the end, %zu classes", type_name<T>, n);
        run<T>(kernels, problem, 0, rows, others.data(), nullptr);
        expect(losses == others, "%s losses of %zu classes differ without the gradient", type_name<T>, n);
        for (size_t r = 0; r < rows; r++) {
            run(kernels, problem, r, r + 1, &others[r], alone.data());
            expect(std::memcmp(alone.data(), &gradient[r * n], n * sizeof(T)) == 0 && others[r] == losses[r],
                   "%s shares of %zu classes: row %zu has other bits alone", type_name<T>, n, r);
            expect(alone[n] == untouched<T>, "%s shares wrote beyond a row of %zu", type_name<T>, n);
        }
    }
}

template <class T>
void test_weighing(const Kernels<T>& kernels, size_t n) {
    const Problem<T> problem(5, n, {of_targets, 0, 0, true, false, false, 1}, 1);
    std::vector<double> sums(5);
    auto targets = problem.targets;
    targets[3 * n] = T(-0.1);
    targets[4 * n + n - 1] = T(NAN);
    kernels.shares.weigh(targets.data(), problem.class_weight.data(), 5, n, sums.data());
    for (size_t r = 0; r < 3; r++) {
        Exact sum = 0;
        for (size_t k = 0; k < n; k++) sum += Exact(targets[r * n + k]) * problem.class_weight[k];
        expect(std::fabs(sums[r] - sum) <= 1e-13L * sum, "%s targets weigh %g, not %g", type_name<T>, sums[r],
               double(sum));
    }
    expect(std::isnan(sums[3]) && std::isnan(sums[4]), "%s targets that are none weigh something", type_name<T>);
}

template <class T>
BinaryKernel<T> binary_of(const ElementwiseTable& table) {
    if constexpr (sizeof(T) == 4)
        return table.binary_f32;
    else
        return table.binary_f64;
}

// Every sample alone and all together, q = 0, 1 and between.
template <class T>
void test_binary(const ElementwiseTable& table) {
    constexpr size_t n = 3001;
    std::mt19937_64 random(3);
    std::uniform_real_distribution<double> uniform(0, 1);
    std::vector<T> scores(n), losses(n), gradient(n);
    std::vector<double> q(n), weights(n);
    for (size_t i = 0; i < n; i++) {
        scores[i] = T((uniform(random) - 0.5) * (i % 5 == 0 ? 1500 : i % 5 == 1 ? 0.1 : 30));
        q[i] = i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : uniform(random);
        weights[i] = 0.5 + uniform(random);
    }
    const BinaryLoss<T> plain{scores.data(), q.data(),       LabelType::float64, 1, 1, 0, 0, nullptr, 1,
                              losses.data(), gradient.data()};
    BinaryLoss<T> all = plain;
    all.first = 0.7, all.second = 1.9, all.smoothing = 0.2, all.z_loss = 0.05, all.weights = weights.data();
    all.divisor = 3;
    for (const BinaryLoss<T>& loss : {plain, all}) {
        double sum = 0, total = 0, part = 0;
        expect(binary_of<T>(table)(loss, 0, n, sum), "%s binary labels are refused", type_name<T>);
        for (size_t i = 0; i < n; i++) {
            const Exact promised = loss.weights || (q[i] != 0 && q[i] != 1) ? 4 : 1.5L;
            const Exact s = scores[i], e = std::exp(-std::fabs(s)), log = std::log1p(e);
            const Exact up = std::max<Exact>(s, 0) + log, down = std::max<Exact>(-s, 0) + log;
            const Exact of_one = s > 0 ? 1 / (1 + e) : e / (1 + e), of_zero = s > 0 ? e / (1 + e) : 1 / (1 + e);
            const Exact kept = 1 - Exact(loss.smoothing), even = Exact(loss.smoothing) / 2;
            const Exact second = loss.second * (kept * q[i] + even), first = loss.first * (kept * (1 - q[i]) + even);
            const Exact weight = loss.weights ? weights[i] : 1, z = loss.z_loss;
            const Exact want = weight * (second * down + first * up + z * up * up);
            const Exact plus = weight / loss.divisor * (first + 2 * z * up) * of_one;
            const Exact minus = weight / loss.divisor * second * of_zero;
            total += losses[i];
            expect(ulps(losses[i], want) <= promised, "%s binary loss of %g, q %g: %g, not %g", type_name<T>, double(s),
                   q[i], double(losses[i]), double(want));
            expect(ulps(gradient[i], plus - minus, std::max(plus, minus)) <= promised,
                   "%s slope at %g, q %g: %g, not %g", type_name<T>, double(s), q[i], double(gradient[i]),
                   double(plus - minus));
        }
        expect(std::fabs(sum - total) <= 1e-6 * total, "%s binary losses sum to %g, not %g", type_name<T>, sum, total);
        const auto whole = losses, slopes = gradient;
        for (size_t i = 0; i < n; i += 7) binary_of<T>(table)(loss, i, i + 1, part);
        BinaryLoss<T> single = loss;
        single.gradient = nullptr;
        binary_of<T>(table)(single, 5, n - 3, part);
        expect(losses == whole && gradient == slopes, "%s binary losses have other bits elsewhere", type_name<T>);
    }
    q[n - 1] = 1.5;
    double sum;
    expect(!binary_of<T>(table)(plain, 0, n, sum), "%s binary label 1.5 is allowed", type_name<T>);
}

}  // namespace

void test_losses(const KernelTable& table, const ElementwiseTable& elementwise) {
    for (size_t n : {1, 2, 3, 7, 8, 9, 10, 15, 16, 17, 33, 64, 65, 100, 1000}) {
        for (const Options& asked : options) {
            test_shares<float>(table.f32, n, asked);
            test_shares<double>(table.f64, n, asked);
        }
        test_weighing<float>(table.f32, n);
        test_weighing<double>(table.f64, n);
    }
    test_binary<float>(elementwise);
    test_binary<double>(elementwise);
}

}  // namespace multinoulli::testing
