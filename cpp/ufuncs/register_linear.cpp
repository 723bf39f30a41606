// SPDX-License-Identifier: BSD-3-Clause
// Passes over the rows of a linear model: weights are (d, K) matrices, `threads` changes no bit of any result.
#include <cstring>

#include "arguments.hpp"
#include "compute.hpp"
#include "compute_linear.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

struct Shape {
    size_t n_rows, d, n_classes;
};

// X is argument 0, an array of shape (.., K) is argument `of_classes`.
Shape shape_of(const Arguments& arguments, int of_classes) {
    const Shape shape{arguments.length(0, 0, 2), arguments.length(0, 1, 2), arguments.length(of_classes, 1, 2)};
    if (shape.d == 0 || shape.n_classes == 0) fail(PyExc_ValueError, "there must be features and classes");
    if (way_for(shape.d, shape.n_classes) == Way::wide && !(blas_sgemm && blas_dgemm))
        fail(PyExc_RuntimeError, "use_blas must be called before a product of this shape");
    return shape;
}

template <class T, class From>
Design<T, From> design_of(const Arguments& arguments, const Shape& shape, int mean) {
    return {arguments.array<const From>(0, {shape.n_rows, shape.d}),
            mean < 0 ? nullptr : arguments.array_or_null<const double>(mean, {shape.d}),
            shape.n_rows,
            shape.d,
            shape.n_classes,
            nullptr,
            nullptr};
}

const int64_t* labels_of(const Arguments& arguments, int i, size_t n_rows, size_t n_classes) {
    const int64_t* const labels = arguments.array<const int64_t>(i, {n_rows});
    Operand operand;
    operand.data = const_cast<char*>(reinterpret_cast<const char*>(labels));
    operand.row_stride = sizeof(int64_t);
    if (const int64_t* const bad = find_bad_label(operand, npy_intp(n_rows), npy_intp(n_classes)))
        fail(PyExc_ValueError, "label %lld is not in 0..%zu", static_cast<long long>(*bad), n_classes - 1);
    return labels;
}

template <class From>
bool scores_in(const Arguments& arguments, const Shape& shape, bool single, Kernel<double> then, int out) {
    const auto [n_rows, d, n_classes] = shape;
    const ScoresPass<From> pass{
        design_of<double, From>(arguments, shape, 1), arguments.array<const double>(2, {d, n_classes}),
        arguments.array<const double>(3, {n_classes}), arguments.array<double>(out, {n_rows, n_classes}), single};
    const int threads = arguments.at_least_one(out + 1);
    const WithoutGil running;
    return linear_scores(pass, then, threads);
}
PyObject* scores(const Arguments& arguments, bool single, Kernel<double> then, int out) {
    const Shape shape = shape_of(arguments, 2);
    return PyBool_FromLong(arguments.is_of<float>(0) ? scores_in<float>(arguments, shape, single, then, out)
                                                     : scores_in<double>(arguments, shape, single, then, out));
}
PyObject* exact_scores(const Arguments& arguments) { return scores(arguments, false, nullptr, 4); }
PyObject* predictions(const Arguments& arguments) {
    PyObject* const name = arguments.object(4);
    const auto is = [name](const char* text) {
        return PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, text) == 0;
    };
    Kernel<double> then = nullptr;
    if (is("softmax"))
        then = kernels->f64.rows[softmax];
    else if (is("log_softmax"))
        then = kernels->f64.rows[log_softmax];
    else if (!is("scores"))
        fail(PyExc_ValueError, "argument 4 must be 'scores', 'softmax' or 'log_softmax', not %R", name);
    return scores(arguments, true, then, 5);
}

template <class From>
double gradient_in(const Arguments& arguments, const Shape& shape) {
    const auto [n_rows, d, n_classes] = shape;
    const GradientPass<From> pass{
        design_of<double, From>(arguments, shape, 1), arguments.array<const double>(2, {n_rows, n_classes}),
        labels_of(arguments, 3, n_rows, n_classes),   arguments.array<const double>(4, {n_rows}),
        arguments.array_or_null<double>(7, {n_rows}), arguments.array_or_null<float>(8, {n_rows, n_classes})};
    double *const gradient = arguments.array<double>(5, {d, n_classes}), *const sums =
                                                                             arguments.array<double>(6, {n_classes});
    const int threads = arguments.at_least_one(9);
    const WithoutGil running;
    return linear_gradient(pass, gradient, sums, threads);
}
PyObject* gradient(const Arguments& arguments) {
    const Shape shape = shape_of(arguments, 2);
    return PyFloat_FromDouble(arguments.is_of<float>(0) ? gradient_in<float>(arguments, shape)
                                                        : gradient_in<double>(arguments, shape));
}

template <class T>
void hessian_in(const Arguments& arguments, const Shape& shape) {
    const auto [n_rows, d, n_classes] = shape;
    const HessianPass<T> pass{
        design_of<T, T>(arguments, shape, -1),       arguments.array<const T>(1, {n_rows, n_classes}),
        arguments.array<const T>(2, {n_rows}),       T(arguments.number(3)),
        arguments.array<const T>(4, {d, n_classes}), arguments.array<const T>(5, {n_classes})};
    double *const out = arguments.array<double>(6, {d, n_classes}), *const sums =
                                                                        arguments.array<double>(7, {n_classes});
    const int threads = arguments.at_least_one(8);
    const WithoutGil running;
    linear_hessian(pass, out, sums, threads);
}
PyObject* hessian(const Arguments& arguments) {
    const Shape shape = shape_of(arguments, 1);
    arguments.is_of<float>(0) ? hessian_in<float>(arguments, shape) : hessian_in<double>(arguments, shape);
    Py_RETURN_NONE;
}

// scores, directions, steps and offset are arguments 0 to 3.
SearchPoint point_of(const Arguments& arguments) {
    const size_t n_rows = arguments.length(0, 0, 2), n_classes = arguments.length(0, 1, 2);
    if (n_classes == 0) fail(PyExc_ValueError, "there must be classes");
    SearchPoint point{arguments.array<const double>(0, {n_rows, n_classes}), {},     0,
                      arguments.array<const double>(3, {n_classes}),         n_rows, n_classes};
    point.n_directions = arguments.items(1, most_directions, [&](size_t j, PyObject* direction) {
        const bool single = PyArray_TYPE(as_array(direction, 1, 2)) == NPY_FLOAT;
        point.directions[j].single = single;
        if (single)
            point.directions[j].rows = data_of<const float>(direction, 1, {n_rows, n_classes});
        else
            point.directions[j].rows = data_of<const double>(direction, 1, {n_rows, n_classes});
    });
    const size_t n_steps = arguments.items(
        2, most_directions, [&](size_t j, PyObject* step) { point.directions[j].step = Arguments::number_of(step); });
    if (n_steps != point.n_directions) fail(PyExc_ValueError, "there must be as many steps as directions");
    return point;
}

// A new array, kept by whoever asked for it.
PyArrayObject* new_array(int n_axes, size_t length) {
    const npy_intp shape[] = {npy_intp(length), npy_intp(length)};
    PyObject* const array = PyArray_SimpleNew(n_axes, shape, NPY_DOUBLE);
    if (!array) throw Failed();
    return reinterpret_cast<PyArrayObject*>(array);
}

PyObject* search(const Arguments& arguments) {
    const SearchPoint point = point_of(arguments);
    const SearchPass pass{point, labels_of(arguments, 4, point.n_rows, point.n_classes),
                          arguments.array<const double>(5, {point.n_rows}), size_t(arguments.at_least_one(6)), nullptr};
    const int threads = arguments.at_least_one(7);
    const size_t size = point.n_directions + point.n_classes;
    std::vector<double> gradient(size), hessian(size * size);
    double loss;
    {
        const WithoutGil running;
        loss = linear_search(pass, gradient.data(), hessian.data(), threads);
    }
    PyArrayObject* const first = new_array(1, size);
    PyArrayObject* const second = new_array(2, size);
    std::memcpy(PyArray_DATA(first), gradient.data(), gradient.size() * sizeof(double));
    std::memcpy(PyArray_DATA(second), hessian.data(), hessian.size() * sizeof(double));
    return Py_BuildValue("dNN", loss, first, second);
}

PyObject* move(const Arguments& arguments) {
    const SearchPoint point = point_of(arguments);
    double* const scores = arguments.array<double>(0, {point.n_rows, point.n_classes});
    const int threads = arguments.at_least_one(4);
    {
        const WithoutGil running;
        linear_move(point, scores, threads);
    }
    Py_RETURN_NONE;
}

// data, indices and indptr are arguments 0 to 2, (.., K) matrices 3 and `out`: the sparse matrix has as many rows as
// `out`, and as many columns as the other has rows.
template <class T, class From>
void sparse_in(const Arguments& arguments, int offset, int out, int threads_at) {
    const size_t size = arguments.length(0, 0, 1), n_inner = arguments.length(3, 0, 2),
                 n_classes = arguments.length(3, 1, 2), n_rows = arguments.length(out, 0, 2);
    const SparseProduct<T, From> product{arguments.array<const From>(0, {size}),
                                         arguments.array<const int32_t>(1, {size}),
                                         arguments.array<const int64_t>(2, {n_rows + 1}),
                                         arguments.array<const T>(3, {n_inner, n_classes}),
                                         offset < 0 ? nullptr : arguments.array<const T>(offset, {n_classes}),
                                         arguments.array<T>(out, {n_rows, n_classes}),
                                         n_classes};
    const int threads = arguments.at_least_one(threads_at);
    bool right = product.indptr[0] == 0 && size_t(product.indptr[n_rows]) == size;
    for (size_t i = 0; i < n_rows; i++) right &= product.indptr[i] <= product.indptr[i + 1];
    for (size_t e = 0; e < size; e++) right &= size_t(product.indices[e]) < n_inner;  // a negative one is huge
    if (!right) fail(PyExc_ValueError, "indices and indptr are not those of a sparse matrix of these shapes");
    const WithoutGil running;
    sparse_product(product, n_rows, threads);
}
void sparse(const Arguments& arguments, int offset, int out, int threads) {
    if (arguments.is_of<float>(3) && arguments.is_of<float>(0))
        sparse_in<float, float>(arguments, offset, out, threads);
    else if (arguments.is_of<float>(3))
        sparse_in<float, double>(arguments, offset, out, threads);
    else if (arguments.is_of<float>(0))
        sparse_in<double, float>(arguments, offset, out, threads);
    else
        sparse_in<double, double>(arguments, offset, out, threads);
}
PyObject* sparse_scores(const Arguments& arguments) {
    sparse(arguments, 4, 5, 6);
    Py_RETURN_NONE;
}
PyObject* sparse_adjoint(const Arguments& arguments) {
    sparse(arguments, -1, 4, 5);
    Py_RETURN_NONE;
}

// The function in one of the capsules of scipy.linalg.cython_blas.__pyx_capi__.
template <class T>
Gemm<T> gemm_in(PyObject* capsule, const char* item) {
    const char* const name = PyCapsule_CheckExact(capsule) ? PyCapsule_GetName(capsule) : nullptr;
    constexpr char beginning[] = "void (char *, char *, int *, int *, int *, ";
    if (!name || std::strncmp(name, beginning, sizeof beginning - 1) != 0 || !std::strstr(name, item))
        fail(PyExc_TypeError, "the capsules of SciPy's dgemm and sgemm are expected");
    void* const function = PyCapsule_GetPointer(capsule, name);
    if (!function) throw Failed();
    return reinterpret_cast<Gemm<T>>(function);
}
PyObject* use_blas(const Arguments& arguments) {
    const Gemm<double> dgemm = gemm_in<double>(arguments.object(0), "_blas_d *");
    blas_sgemm = gemm_in<float>(arguments.object(1), "_blas_s *");
    blas_dgemm = dgemm;
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    checked_method<exact_scores, 6>(
        "linear_scores",
        "linear_scores(X, mean, coef, offset, out, threads, /)\n--\n\n"
        "out = (X - mean) @ coef + offset. Whether all are finite, but for classes whose offset is -inf."),
    checked_method<predictions, 7>(
        "linear_predictions",
        "linear_predictions(X, mean, coef, offset, function, out, threads, /)\n--\n\n"
        "out = function of the same, 'scores', 'softmax' or 'log_softmax'. A float32 X may be multiplied in float32."),
    checked_method<gradient, 10>(
        "linear_gradient",
        "linear_gradient(X, mean, scores, labels, weight, gradient, sums, spread, proba, threads, /)\n--\n\n"
        "gradient = (X - mean).T @ residual, sums = residual.sum(0); the sum of the weighted losses."),
    checked_method<hessian, 9>(
        "linear_hessian",
        "linear_hessian(X, proba, weight, damping, vector, offset, out, sums, threads, /)\n--\n\n"
        "out = X.T @ u, sums = u.sum(0), u = Hessian of the losses times X @ vector + offset."),
    checked_method<search, 8>("linear_search",
                              "linear_search(scores, directions, steps, offset, labels, weight, hessian_every, threads,"
                              " /)\n--\n\nLoss, gradient and Hessian along directions and in each class's offset."),
    checked_method<move, 5>("linear_move",
                            "linear_move(scores, directions, steps, offset, threads, /)\n--\n\n"
                            "scores += steps times directions + offset."),
    checked_method<sparse_scores, 7>("csr_scores",
                                     "csr_scores(data, indices, indptr, coef, offset, out, threads, /)"
                                     "\n--\n\nout = X @ coef + offset, X by rows."),
    checked_method<sparse_adjoint, 6>("csr_adjoint",
                                      "csr_adjoint(data, indices, indptr, residual, out, threads, /)"
                                      "\n--\n\nout = X.T @ residual, X by columns."),
    checked_method<use_blas, 2>("use_blas",
                                "use_blas(dgemm, sgemm, /)\n--\n\n"
                                "Multiply with these, capsules of scipy.linalg.cython_blas."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_linear(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace multinoulli
