// SPDX-License-Identifier: BSD-3-Clause
// Functions over whole contiguous arrays, which the Python side arranges and checks: products with derivatives, and
// ragged rows, which no universal function knows.
#include "compute_calculus.hpp"
#include "contiguous.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

// The arrays of a call if they are contiguous, aligned and native, of one floating type but for `indptr`; null and an
// exception otherwise.
template <int n>
bool read(PyObject* const* args, Py_ssize_t n_args, int indptr, PyArrayObject* (&arrays)[n]) {
    for (int i = 0; i < n; i++) {
        const bool array = n_args == n && PyArray_CheckExact(args[i]);
        arrays[i] = array ? reinterpret_cast<PyArrayObject*>(args[i]) : nullptr;
        const int wanted = i == indptr ? int(NPY_INT64) : array ? PyArray_TYPE(arrays[0]) : -1;
        if (!array || !PyArray_ISCARRAY_RO(arrays[i]) || PyArray_TYPE(arrays[i]) != wanted ||
            (wanted != NPY_FLOAT && wanted != NPY_DOUBLE && i != indptr)) {
            PyErr_Format(PyExc_TypeError, "argument %d is not the contiguous array that is expected", i);
            return false;
        }
    }
    return true;
}

template <Product product>
PyObject* times_derivative(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    PyArrayObject* arrays[3];
    if (!read(args, n_args, -1, arrays)) return nullptr;
    const auto [scores, vectors, out] = arrays;
    const size_t size = size_t(PyArray_SIZE(scores));
    if (size_t(PyArray_SIZE(vectors)) != size || size_t(PyArray_SIZE(out)) != size || PyArray_NDIM(scores) == 0)
        return PyErr_Format(PyExc_ValueError, "the arrays differ in size");
    if (size == 0) Py_RETURN_NONE;
    const size_t n_classes = size_t(PyArray_DIM(scores, PyArray_NDIM(scores) - 1));
    return run(PyArray_TYPE(scores), [&, scores = scores, vectors = vectors, out = out](auto type) {
        using T = decltype(type);
        compute_product<T>(product, data<T>(scores), data<T>(vectors), data<T>(out), size / n_classes, n_classes);
    });
}

template <Function function>
PyObject* of_segments(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    PyArrayObject* arrays[3];
    if (!read(args, n_args, 1, arrays)) return nullptr;
    const auto [scores, indptr, out] = arrays;
    const npy_intp rows = PyArray_SIZE(indptr) - 1;
    constexpr bool elements = function == softmax;
    if (rows < 0 || PyArray_SIZE(out) != (elements ? PyArray_SIZE(scores) : rows) ||
        data<int64_t>(indptr)[rows] != PyArray_SIZE(scores))
        return PyErr_Format(PyExc_ValueError, "the arrays differ in size");
    return run(PyArray_TYPE(scores), [&, scores = scores, indptr = indptr, out = out](auto type) {
        using T = decltype(type);
        compute_segments<T>(function, data<T>(scores), data<int64_t>(indptr), size_t(rows),
                            elements ? data<T>(out) : nullptr, elements ? nullptr : data<T>(out));
    });
}

PyMethodDef methods[] = {
    method<times_derivative<softmax_product>>(
        "softmax_vjp", "softmax_vjp(scores, cotangent, out, /)\n--\n\nOver the last axis; contiguous arrays."),
    method<times_derivative<log_softmax_product>>(
        "log_softmax_vjp", "log_softmax_vjp(scores, cotangent, out, /)\n--\n\nOver the last axis; contiguous arrays."),
    method<of_segments<softmax>>("segment_softmax",
                                 "segment_softmax(scores, indptr, out, /)\n--\n\nOver ragged rows; contiguous arrays."),
    method<of_segments<logsumexp>>(
        "segment_logsumexp", "segment_logsumexp(scores, indptr, out, /)\n--\n\nOver ragged rows; contiguous arrays."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_calculus(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace multinoulli
