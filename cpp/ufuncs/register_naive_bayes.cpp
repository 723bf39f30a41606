// SPDX-License-Identifier: BSD-3-Clause
// Passes over the rows of naive Bayes: contiguous arrays in, contiguous arrays out. Whoever calls them from several
// threads gives each rows of its own.
#include "arguments.hpp"
#include "instruction_set.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

const int64_t* labels_of(const Arguments& arguments, int i, size_t n_rows, size_t n_classes) {
    const int64_t* const labels = arguments.array<const int64_t>(i, {n_rows});
    for (size_t row = 0; row < n_rows; row++)
        if (labels[row] < 0 || size_t(labels[row]) >= n_classes)
            fail(PyExc_ValueError, "label %lld is not in 0..%zu", static_cast<long long>(labels[row]), n_classes - 1);
    return labels;
}

template <class From>
void moments_in(const Arguments& arguments, void (*kernel)(const ClassMoments<From>&)) {
    const size_t n_rows = arguments.length(0, 0, 2), d = arguments.length(0, 1, 2),
                 n_classes = arguments.length(4, 0, 2);
    const ClassMoments<From> of{arguments.array<const From>(0, {n_rows, d}),
                                labels_of(arguments, 1, n_rows, n_classes),
                                arguments.array<const double>(2, {n_rows}),
                                arguments.array_or_null<const double>(3, {n_classes, d}),
                                arguments.array<double>(4, {n_classes, d}),
                                arguments.array_or_null<double>(5, {n_classes, d}),
                                n_rows,
                                d};
    const WithoutGil running;
    kernel(of);
}
PyObject* moments(const Arguments& arguments) {
    arguments.is_of<float>(0) ? moments_in(arguments, naive_bayes_kernels->moments_f)
                              : moments_in(arguments, naive_bayes_kernels->moments_d);
    Py_RETURN_NONE;
}

template <class From>
void gaussian_in(const Arguments& arguments, void (*kernel)(const GaussianScores<From>&)) {
    const size_t n_rows = arguments.length(0, 0, 2), d = arguments.length(0, 1, 2),
                 n_classes = arguments.length(1, 0, 2);
    const GaussianScores<From> of{arguments.array<const From>(0, {n_rows, d}),
                                  arguments.array<const double>(1, {n_classes, d}),
                                  arguments.array<const double>(2, {n_classes, d}),
                                  arguments.array<const double>(3, {n_classes, d}),
                                  arguments.array<const double>(4, {n_classes}),
                                  arguments.array<double>(5, {n_rows, n_classes}),
                                  n_rows,
                                  d,
                                  n_classes};
    const WithoutGil running;
    kernel(of);
}
PyObject* gaussian(const Arguments& arguments) {
    arguments.is_of<float>(0) ? gaussian_in(arguments, naive_bayes_kernels->gaussian_f)
                              : gaussian_in(arguments, naive_bayes_kernels->gaussian_d);
    Py_RETURN_NONE;
}

// codes and starts are arguments 0 and 1, a table of so many lines `lines_at`; codes may be `too_large` for it.
Categories categories_of(const Arguments& arguments, int lines_at, bool too_large) {
    const size_t n_rows = arguments.length(0, 0, 2), d = arguments.length(0, 1, 2),
                 n_lines = arguments.length(lines_at, 0, 2);
    const Categories of{arguments.array<const int64_t>(0, {n_rows, d}), arguments.array<const int64_t>(1, {d + 1}),
                        n_rows, d};
    bool right = of.starts[0] == 0 && size_t(of.starts[d]) == n_lines;
    for (size_t j = 0; j < d; j++) right &= of.starts[j] < of.starts[j + 1];
    if (!right) fail(PyExc_ValueError, "starts are not those of a table of %zu lines", n_lines);
    for (size_t row = 0; row < n_rows; row++)
        for (size_t j = 0; j < d; j++) {
            const int64_t code = of.codes[row * d + j];
            right &= code >= 0 && (too_large || code < of.starts[j + 1] - of.starts[j]) && code < INT64_MAX / 2;
        }
    if (!right) fail(PyExc_ValueError, "a code is not one of its column");
    return of;
}
PyObject* count(const Arguments& arguments) {
    const Categories of = categories_of(arguments, 4, false);
    const size_t n_lines = arguments.length(4, 0, 2), n_classes = arguments.length(4, 1, 2);
    const int64_t* const labels = labels_of(arguments, 2, of.n_rows, n_classes);
    const double* const weight = arguments.array<const double>(3, {of.n_rows});
    double* const counts = arguments.array<double>(4, {n_lines, n_classes});
    {
        const WithoutGil running;
        naive_bayes_kernels->count(of, labels, weight, counts, n_classes);
    }
    Py_RETURN_NONE;
}
PyObject* lookup(const Arguments& arguments) {
    const Categories of = categories_of(arguments, 2, true);
    const size_t n_lines = arguments.length(2, 0, 2), n_classes = arguments.length(4, 1, 2),
                 pitch = (n_classes + classes_at_once - 1) / classes_at_once * classes_at_once;
    const double *const table = arguments.array<const double>(2, {n_lines, pitch}), *const offset =
                                                                                        arguments.array<const double>(
                                                                                            3, {pitch});
    double* const out = arguments.array<double>(4, {of.n_rows, n_classes});
    bool too_large;
    {
        const WithoutGil running;
        too_large = naive_bayes_kernels->lookup(of, table, offset, out, n_classes);
    }
    return PyBool_FromLong(too_large);
}

// sums += weight times some rows of a sparse matrix: nothing in it is one of several instruction sets' to do better.
template <class From>
void sparse_sums_in(const Arguments& arguments) {
    const size_t size = arguments.length(0, 0, 1), n_ends = arguments.length(2, 0, 1), n = arguments.length(3, 0, 1),
                 n_rows = arguments.length(4, 0, 1), d = arguments.length(5, 0, 1);
    const From* const data = arguments.array<const From>(0, {size});
    const int32_t* const indices = arguments.array<const int32_t>(1, {size});
    const int64_t *const indptr = arguments.array<const int64_t>(2, {n_ends}), *const rows =
                                                                                   arguments.array<const int64_t>(3,
                                                                                                                  {n});
    const double* const weight = arguments.array<const double>(4, {n_rows});
    double* const sums = arguments.array<double>(5, {d});
    bool right = n_ends == n_rows + 1;
    {
        const WithoutGil running;
        for (size_t i = 0; i < n && right; i++) {
            const size_t row = size_t(rows[i]);  // a negative one is huge
            right =
                row < n_rows && indptr[row] >= 0 && indptr[row] <= indptr[row + 1] && size_t(indptr[row + 1]) <= size;
            for (int64_t e = right ? indptr[row] : 0, end = right ? indptr[row + 1] : 0; e < end; e++) {
                if (size_t(indices[e]) >= d)
                    right = false;
                else
                    sums[indices[e]] += weight[row] * double(data[e]);
            }
        }
    }
    if (!right) fail(PyExc_ValueError, "rows, indices and indptr are not those of a sparse matrix of these shapes");
}
PyObject* sparse_sums(const Arguments& arguments) {
    arguments.is_of<float>(0) ? sparse_sums_in<float>(arguments) : sparse_sums_in<double>(arguments);
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    checked_method<sparse_sums, 6>("csr_sums",
                                   "csr_sums(data, indices, indptr, rows, weight, sums, /)\n--\n\n"
                                   "sums += weight[i] X[i] over the given rows, X by rows."),
    checked_method<moments, 6>("class_moments",
                               "class_moments(X, labels, weight, centre, first, second, /)\n--\n\n"
                               "first and second += sums of weight (X - centre) and its squares over every class."),
    checked_method<gaussian, 6>("gaussian_scores",
                                "gaussian_scores(X, mean, low, scale, offset, out, /)\n--\n\n"
                                "out = offset - sum of ((X - mean - low) scale)^2 / 2 for every class."),
    checked_method<count, 5>("count_categories",
                             "count_categories(codes, starts, labels, weight, counts, /)\n--\n\n"
                             "counts += weights by category, one a line, and class."),
    checked_method<lookup, 5>("category_scores",
                              "category_scores(codes, starts, table, offset, out, /)\n--\n\n"
                              "out = offset + sum of the codes' lines; whether a code had to take its column's last."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_naive_bayes(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace multinoulli
