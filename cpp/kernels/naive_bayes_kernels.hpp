// SPDX-License-Identifier: BSD-3-Clause
// The face of the kernels for naive Bayes: what the bindings see of them. One table per instruction set.
//
// Every kernel goes through the rows that it is given, on one thread; sums are added to. `labels` are 0..n_classes-1
// and codes of column j 0..n_j-1, checked by the caller, but where something else is said.
#pragma once
#include <cstddef>
#include <cstdint>

namespace multinoulli {

// first[k] += weight (x - centre[k]), second[k] += weight (x - centre[k])^2, for the class k of each row. `centre` and
// `second` may be null: 0, and not wanted.
template <class From>
struct ClassMoments {
    const From* X;           // (rows, d)
    const int64_t* labels;   // (rows,)
    const double* weight;    // (rows,)
    const double* centre;    // (n_classes, d)
    double *first, *second;  // (n_classes, d)
    size_t n_rows, d;
};

// out[k] = offset[k] - sum_j ((x_j - mean[k, j] - low[k, j]) scale[k, j])^2 / 2
template <class From>
struct GaussianScores {
    const From* X;                     // (rows, d)
    const double *mean, *low, *scale;  // (n_classes, d)
    const double* offset;              // (n_classes,)
    double* out;                       // (rows, n_classes)
    size_t n_rows, d, n_classes;
};

// Column j has the lines starts[j] .. starts[j + 1] - 1 of a table, one a category.
struct Categories {
    const int64_t* codes;   // (rows, d)
    const int64_t* starts;  // (d + 1,)
    size_t n_rows, d;
};

// Lines of tables of log-probabilities are so many doubles for every as many classes.
constexpr size_t classes_at_once = 8;

struct NaiveBayesTable {
    void (*moments_f)(const ClassMoments<float>&);
    void (*moments_d)(const ClassMoments<double>&);
    void (*gaussian_f)(const GaussianScores<float>&);
    void (*gaussian_d)(const GaussianScores<double>&);
    // counts[line of code, label] += weight; counts: (lines, n_classes).
    void (*count)(const Categories&, const int64_t* labels, const double* weight, double* counts, size_t n_classes);
    // out[k] = offset[k] + sum_j table[line of code_j, k]; table: (lines, pitch), offset: (pitch,), pitch a multiple of
    // classes_at_once. The last line of a column is for all codes that are too large: whether there was one.
    bool (*lookup)(const Categories&, const double* table, const double* offset, double* out, size_t n_classes);
};

#if defined(__x86_64__)
extern const NaiveBayesTable naive_bayes_v2, naive_bayes_v3, naive_bayes_v4;
#else
extern const NaiveBayesTable naive_bayes_baseline;
#endif

}  // namespace multinoulli
