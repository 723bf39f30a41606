// SPDX-License-Identifier: BSD-3-Clause
// All kernels for naive Bayes for one instruction set, the one this file is compiled for; MULTINOULLI_ISA is its name.
// All of them wait for the memory rather than for the arithmetic, so they are plain loops.
#include "naive_bayes_kernels.hpp"

#include "../math/simd.hpp"

namespace multinoulli {
namespace {

constexpr size_t L = lanes<double>;

INLINE Vec<double> load_doubles(const double* p) { return load(p); }
INLINE Vec<double> load_doubles(const float* p) { return widened(*reinterpret_cast<const HalfAnywhere<float>*>(p)); }

template <bool centred, bool squares, class From>
INLINE void add_row(const From* x, double weight, const double* centre, double* first, double* second, size_t d) {
    size_t j = 0;
    for (; j + L <= d; j += L) {
        Vec<double> step = load_doubles(x + j);
        if constexpr (centred) step -= load(centre + j);
        const Vec<double> weighed = weight * step;
        store(first + j, load(first + j) + weighed);
        if constexpr (squares) store(second + j, load(second + j) + rounded(weighed * step));
    }
    for (; j < d; j++) {
        double step = double(x[j]);
        if constexpr (centred) step -= centre[j];
        const double weighed = weight * step;
        first[j] += weighed;
        if constexpr (squares) second[j] += weighed * step;
    }
}

template <class From>
void moments(const ClassMoments<From>& of) {
    const size_t d = of.d;
    for (size_t row = 0; row < of.n_rows; row++) {
        const size_t at = size_t(of.labels[row]) * d;
        const From* const x = of.X + row * d;
        if (of.centre && of.second)
            add_row<true, true>(x, of.weight[row], of.centre + at, of.first + at, of.second + at, d);
        else if (of.centre)
            add_row<true, false>(x, of.weight[row], of.centre + at, of.first + at, nullptr, d);
        else if (of.second)
            add_row<false, true>(x, of.weight[row], nullptr, of.first + at, of.second + at, d);
        else
            add_row<false, false>(x, of.weight[row], nullptr, of.first + at, nullptr, d);
    }
}

// Some rows share what is read of a class. There are always as many: the last row stands in for those that lack, so
// that every row goes through the same code.
constexpr size_t rows_at_once = 4;

template <class From>
void gaussian(const GaussianScores<From>& of) {
    const size_t d = of.d;
    for (size_t first = 0; first < of.n_rows; first += rows_at_once) {
        const From* x[rows_at_once];
        for (size_t i = 0; i < rows_at_once; i++) x[i] = of.X + (first + i < of.n_rows ? first + i : of.n_rows - 1) * d;
        for (size_t k = 0; k < of.n_classes; k++) {
            const double *const mean = of.mean + k * d, *const low = of.low + k * d, *const scale = of.scale + k * d;
            Vec<double> sum[rows_at_once] = {};
            size_t j = 0;
            for (; j + L <= d; j += L) {
                const Vec<double> m = load(mean + j), rest_of_m = load(low + j), s = load(scale + j);
                for (size_t i = 0; i < rows_at_once; i++) {
                    const Vec<double> z = (load_doubles(x[i] + j) - m - rest_of_m) * s;
                    sum[i] += z * z;
                }
            }
            double rest[rows_at_once] = {};
            for (; j < d; j++)
                for (size_t i = 0; i < rows_at_once; i++) {
                    const double z = (double(x[i][j]) - mean[j] - low[j]) * scale[j];
                    rest[i] += z * z;
                }
            for (size_t i = 0; i < rows_at_once && first + i < of.n_rows; i++)
                of.out[(first + i) * of.n_classes + k] = of.offset[k] - 0.5 * (sum_of_lanes(sum[i]) + rest[i]);
        }
    }
}

void count(const Categories& of, const int64_t* labels, const double* weight, double* counts, size_t n_classes) {
    for (size_t row = 0; row < of.n_rows; row++) {
        const int64_t* const codes = of.codes + row * of.d;
        double* const of_class = counts + labels[row];
        for (size_t j = 0; j < of.d; j++) of_class[size_t(of.starts[j] + codes[j]) * n_classes] += weight[row];
    }
}

bool lookup(const Categories& of, const double* table, const double* offset, double* out, size_t n_classes) {
    constexpr size_t vectors = classes_at_once / L;
    const size_t pitch = (n_classes + classes_at_once - 1) / classes_at_once * classes_at_once;
    int64_t too_large = 0;
    for (size_t row = 0; row < of.n_rows; row++) {
        const int64_t* const codes = of.codes + row * of.d;
        for (size_t k = 0; k < n_classes; k += classes_at_once) {
            Vec<double> sum[vectors];
            for (size_t v = 0; v < vectors; v++) sum[v] = load(offset + k + v * L);
            for (size_t j = 0; j < of.d; j++) {
                const int64_t last = of.starts[j + 1] - 1, line = of.starts[j] + codes[j];
                too_large |= int64_t(line >= last);
                const double* const from = table + size_t(line < last ? line : last) * pitch + k;
                for (size_t v = 0; v < vectors; v++) sum[v] += load(from + v * L);
            }
            double sums[classes_at_once];
            for (size_t v = 0; v < vectors; v++) store(sums + v * L, sum[v]);
            for (size_t i = 0; i < classes_at_once && k + i < n_classes; i++) out[row * n_classes + k + i] = sums[i];
        }
    }
    return too_large != 0;
}

}  // namespace

#define JOIN(a, b) a##b
#define TABLE_OF(isa) JOIN(naive_bayes_, isa)

extern const NaiveBayesTable TABLE_OF(MULTINOULLI_ISA);
const NaiveBayesTable TABLE_OF(MULTINOULLI_ISA) = {
    .moments_f = moments<float>,
    .moments_d = moments<double>,
    .gaussian_f = gaussian<float>,
    .gaussian_d = gaussian<double>,
    .count = count,
    .lookup = lookup,
};

}  // namespace multinoulli
