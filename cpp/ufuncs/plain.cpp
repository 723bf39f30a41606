// SPDX-License-Identifier: BSD-3-Clause
// The plain case: scores (and labels) are C-contiguous, aligned and native, axis is the last, out is absent or fits.
#include "plain.hpp"

#include <new>

namespace multinoulli {

namespace {

// Releasing the interpreter's lock costs more than the work on fewer scores.
constexpr npy_intp release_elements = 10000;

PyObject *axis_name, *out_name;

struct PlainCall {
    PyArrayObject *scores, *labels = nullptr, *out = nullptr;
};

bool is_plain(PyObject* object) {
    return PyArray_CheckExact(object) && PyArray_ISCARRAY_RO(reinterpret_cast<PyArrayObject*>(object));
}

bool same_shape(PyArrayObject* a, PyArrayObject* b, int ndim) {
    return PyArray_NDIM(a) == ndim && PyArray_CompareLists(PyArray_DIMS(a), PyArray_DIMS(b), ndim);
}

bool is_last_axis(PyObject* axis, int ndim) {
    if (!PyLong_CheckExact(axis)) return false;
    int overflow = 0;
    const long value = PyLong_AsLongAndOverflow(axis, &overflow);
    return !overflow && (value == -1 || value == ndim - 1);
}

bool overlap(PyArrayObject* a, PyArrayObject* b) {
    const char *a_begin = PyArray_BYTES(a), *b_begin = PyArray_BYTES(b);
    return a_begin < b_begin + PyArray_NBYTES(b) && b_begin < a_begin + PyArray_NBYTES(a);
}

bool out_fits(const Face& face, const PlainCall& plain) {
    PyArrayObject *out = plain.out, *scores = plain.scores;
    const int ndim = PyArray_NDIM(scores) - !face.elements;
    if (PyArray_TYPE(out) != PyArray_TYPE(scores) || !PyArray_ISWRITEABLE(out) || !same_shape(out, scores, ndim))
        return false;
    const bool in_place = face.elements && PyArray_BYTES(out) == PyArray_BYTES(scores);
    return (in_place || !overlap(out, scores)) && !(plain.labels && overlap(out, plain.labels));
}

bool parse(const Face& face, PyObject* const* args, Py_ssize_t n_positional, PyObject* names, PlainCall& plain) {
    if (n_positional != 1 + face.labels || !is_plain(args[0])) return false;
    plain.scores = reinterpret_cast<PyArrayObject*>(args[0]);
    const int type = PyArray_TYPE(plain.scores), ndim = PyArray_NDIM(plain.scores);
    if ((type != NPY_FLOAT && type != NPY_DOUBLE) || ndim == 0 || PyArray_SIZE(plain.scores) == 0) return false;
    if (face.labels) {
        if (!is_plain(args[1])) return false;
        plain.labels = reinterpret_cast<PyArrayObject*>(args[1]);
        if (PyArray_TYPE(plain.labels) != NPY_INT64 || !same_shape(plain.labels, plain.scores, ndim - 1)) return false;
    }
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i), *value = args[n_positional + i];
        if (name == axis_name && is_last_axis(value, ndim)) continue;
        if (name != out_name) return false;
        if (value == Py_None) continue;
        if (!is_plain(value) || (face.per_row && face.elements)) return false;  // two results: out is a pair
        plain.out = reinterpret_cast<PyArrayObject*>(value);
        if (!out_fits(face, plain)) return false;
    }
    return true;
}

Operand whole(PyArrayObject* array, npy_intp row_items) {
    if (!array) return {};
    const npy_intp item = PyArray_ITEMSIZE(array);
    return {PyArray_BYTES(array), row_items * item, item};
}

bool run(Function function, int type, const Operands& operands, npy_intp rows, npy_intp n_classes) {
    PyThreadState* state = rows * n_classes > release_elements ? PyEval_SaveThread() : nullptr;
    bool done = true;
    try {
        (type == NPY_FLOAT ? compute<float> : compute<double>)(function, operands, rows, n_classes);
    } catch (const std::bad_alloc&) {
        done = false;
    }
    if (state) PyEval_RestoreThread(state);
    if (!done) PyErr_NoMemory();
    return done;
}

PyObject* as_array(PyArrayObject* array) { return reinterpret_cast<PyObject*>(array); }

}  // namespace

PyObject* call_plain(Function function, PyObject* const* args, Py_ssize_t n_positional, PyObject* names) {
    const Face& face = faces[function];
    PlainCall plain;
    if (!parse(face, args, n_positional, names, plain)) return nullptr;

    const int ndim = PyArray_NDIM(plain.scores), type = PyArray_TYPE(plain.scores);
    npy_intp* shape = PyArray_DIMS(plain.scores);
    const npy_intp n_classes = shape[ndim - 1], rows = PyArray_SIZE(plain.scores) / n_classes;
    const Operand labels = whole(plain.labels, 1);
    if (plain.labels && find_bad_label(labels, rows, n_classes)) return nullptr;  // the general path says so

    const auto result = [&](bool wanted, int result_ndim) {
        if (!wanted) return static_cast<PyArrayObject*>(nullptr);
        if (plain.out) return reinterpret_cast<PyArrayObject*>(Py_NewRef(as_array(plain.out)));
        return reinterpret_cast<PyArrayObject*>(PyArray_SimpleNew(result_ndim, shape, type));
    };
    PyArrayObject* per_row = result(face.per_row, ndim - 1);
    PyArrayObject* elements = result(face.elements, ndim);
    const Operands operands{whole(plain.scores, n_classes), labels, whole(per_row, 1), whole(elements, n_classes)};
    if ((face.per_row && !per_row) || (face.elements && !elements) || !run(function, type, operands, rows, n_classes)) {
        Py_XDECREF(as_array(per_row));
        Py_XDECREF(as_array(elements));
        return nullptr;
    }
    if (!face.per_row) return as_array(elements);
    PyObject* scalar_or_array = plain.out ? as_array(per_row) : PyArray_Return(per_row);  // as NumPy's reductions do
    return face.elements ? Py_BuildValue("NN", scalar_or_array, as_array(elements)) : scalar_or_array;
}

bool prepare_plain() {
    axis_name = PyUnicode_InternFromString("axis");
    out_name = PyUnicode_InternFromString("out");
    return axis_name && out_name;
}

}  // namespace multinoulli
