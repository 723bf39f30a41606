// SPDX-License-Identifier: BSD-3-Clause
// The plain case of an elementwise function: x is contiguous in either order, aligned and native, out is absent or lies
// like it.
#include "plain_elementwise.hpp"

namespace multinoulli {

namespace {

// Releasing the interpreter's lock costs more than the work on fewer elements.
constexpr npy_intp release_elements = 10000;

PyObject* out_name;

PyArrayObject* plain_array(PyObject* object) {
    if (!PyArray_CheckExact(object)) return nullptr;
    const auto array = reinterpret_cast<PyArrayObject*>(object);
    return PyArray_ISCARRAY_RO(array) || PyArray_ISFARRAY_RO(array) ? array : nullptr;
}

bool fits(PyArrayObject* out, PyArrayObject* x) {
    const int ndim = PyArray_NDIM(x);
    if (!out || PyArray_TYPE(out) != PyArray_TYPE(x) || !PyArray_ISWRITEABLE(out) || PyArray_NDIM(out) != ndim ||
        !PyArray_CompareLists(PyArray_DIMS(out), PyArray_DIMS(x), ndim) ||
        PyArray_IS_C_CONTIGUOUS(out) != PyArray_IS_C_CONTIGUOUS(x))
        return false;
    const char *x_begin = PyArray_BYTES(x), *out_begin = PyArray_BYTES(out);
    const npy_intp bytes = PyArray_NBYTES(x);
    return x_begin == out_begin || x_begin + bytes <= out_begin || out_begin + bytes <= x_begin;
}

}  // namespace

PyObject* call_plain_elementwise(ElementwiseFunction function, PyObject* const* args, Py_ssize_t n_positional,
                                 PyObject* names) {
    PyArrayObject* x = n_positional == 1 ? plain_array(args[0]) : nullptr;
    if (!x || PyArray_NDIM(x) == 0) return nullptr;  // of a 0-d array NumPy makes a scalar
    const int type = PyArray_TYPE(x);
    const npy_intp n = PyArray_SIZE(x);
    if ((type != NPY_FLOAT && type != NPY_DOUBLE) || n == 0) return nullptr;
    PyArrayObject* out = nullptr;
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
        if (PyTuple_GET_ITEM(names, i) != out_name) return nullptr;
        PyObject* const value = args[1 + i];
        if (value == Py_None) continue;
        out = plain_array(value);
        if (!fits(out, x)) return nullptr;
    }
    PyObject* result = out ? Py_NewRef(reinterpret_cast<PyObject*>(out))
                           : PyArray_EMPTY(PyArray_NDIM(x), PyArray_DIMS(x), type, !PyArray_IS_C_CONTIGUOUS(x));
    if (!result) return nullptr;
    const npy_intp item = PyArray_ITEMSIZE(x);
    char* const y = PyArray_BYTES(reinterpret_cast<PyArrayObject*>(result));
    PyThreadState* state = n > release_elements ? PyEval_SaveThread() : nullptr;
    (type == NPY_FLOAT ? compute_elementwise<float> : compute_elementwise<double>)(function, PyArray_BYTES(x), item, y,
                                                                                   item, n);
    if (state) PyEval_RestoreThread(state);
    return result;
}

bool prepare_plain_elementwise() { return (out_name = PyUnicode_InternFromString("out")); }

}  // namespace multinoulli
