// SPDX-License-Identifier: BSD-3-Clause
// The plain case: scores (and labels) are C-contiguous, aligned and native, axis is one integer, out is absent or fits
// (of two results: a pair, either of which may be None).
#include "plain.hpp"

#include <new>

namespace multinoulli {

namespace {

// Releasing the interpreter's lock costs more than the work on fewer scores.
constexpr npy_intp release_elements = 10000;

PyObject *axis_name, *out_name;

struct PlainCall {
    PyArrayObject *scores, *labels = nullptr;
    PyArrayObject *per_row_out = nullptr, *elements_out = nullptr;
    int ndim = 0, axis = 0;
    npy_intp outer = 1, n_classes = 1, columns = 1;  // the shape, with all axes before and behind `axis` in one each
    npy_intp batch[NPY_MAXDIMS];                     // the shape without `axis`

    void split() {
        const npy_intp* shape = PyArray_DIMS(scores);
        n_classes = shape[axis];
        for (int i = 0, j = 0; i < ndim; i++) {
            if (i == axis) continue;
            (i < axis ? outer : columns) *= shape[i];
            batch[j++] = shape[i];
        }
    }
};

bool is_plain(PyObject* object) {
    return PyArray_CheckExact(object) && PyArray_ISCARRAY_RO(reinterpret_cast<PyArrayObject*>(object));
}

bool has_shape(PyArrayObject* array, npy_intp* shape, int ndim) {
    return PyArray_NDIM(array) == ndim && PyArray_CompareLists(PyArray_DIMS(array), shape, ndim);
}

bool read_axis(PyObject* argument, PlainCall& plain) {
    if (!PyLong_CheckExact(argument)) return false;
    int overflow = 0;
    const long value = PyLong_AsLongAndOverflow(argument, &overflow);
    if (overflow || value < -plain.ndim || value >= plain.ndim) return false;
    plain.axis = int(value < 0 ? value + plain.ndim : value);
    return true;
}

bool overlap(PyArrayObject* a, PyArrayObject* b) {
    const char *a_begin = PyArray_BYTES(a), *b_begin = PyArray_BYTES(b);
    return a_begin < b_begin + PyArray_NBYTES(b) && b_begin < a_begin + PyArray_NBYTES(a);
}

bool read_array(PyObject* argument, PyArrayObject*& array) {
    if (argument == Py_None) return true;
    array = reinterpret_cast<PyArrayObject*>(argument);
    return is_plain(argument);
}

bool read_out(const Face& face, PyObject* argument, PlainCall& plain) {
    if (!face.per_row) return read_array(argument, plain.elements_out);
    if (!face.elements || argument == Py_None) return read_array(argument, plain.per_row_out);
    return PyTuple_CheckExact(argument) && PyTuple_GET_SIZE(argument) == 2 &&
           read_array(PyTuple_GET_ITEM(argument, 0), plain.per_row_out) &&
           read_array(PyTuple_GET_ITEM(argument, 1), plain.elements_out);
}

bool out_fits(PyArrayObject* out, npy_intp* shape, int ndim, const PlainCall& plain) {
    if (!out) return true;
    if (PyArray_TYPE(out) != PyArray_TYPE(plain.scores) || !PyArray_ISWRITEABLE(out) || !has_shape(out, shape, ndim))
        return false;
    const bool in_place = out == plain.elements_out && PyArray_BYTES(out) == PyArray_BYTES(plain.scores);
    return (in_place || !overlap(out, plain.scores)) && !(plain.labels && overlap(out, plain.labels));
}

bool outs_fit(PlainCall& plain) {
    PyArrayObject *per_row = plain.per_row_out, *elements = plain.elements_out;
    return out_fits(per_row, plain.batch, plain.ndim - 1, plain) &&
           out_fits(elements, PyArray_DIMS(plain.scores), plain.ndim, plain) &&
           !(per_row && elements && overlap(per_row, elements));
}

bool parse(const Face& face, PyObject* const* args, Py_ssize_t n_positional, PyObject* names, PlainCall& plain) {
    if (n_positional != 1 + face.labels || !is_plain(args[0])) return false;
    plain.scores = reinterpret_cast<PyArrayObject*>(args[0]);
    const int type = PyArray_TYPE(plain.scores);
    plain.ndim = PyArray_NDIM(plain.scores);
    plain.axis = plain.ndim - 1;
    if ((type != NPY_FLOAT && type != NPY_DOUBLE) || plain.ndim == 0 || PyArray_SIZE(plain.scores) == 0) return false;
    for (Py_ssize_t i = 0; names && i < PyTuple_GET_SIZE(names); i++) {
        PyObject *name = PyTuple_GET_ITEM(names, i), *value = args[n_positional + i];
        if (name == axis_name && read_axis(value, plain)) continue;
        if (name != out_name || !read_out(face, value, plain)) return false;
    }
    plain.split();
    if (plain.columns > 1 && !may_stand_upright(plain.columns, plain.n_classes)) return false;
    if (face.labels) {
        if (!is_plain(args[1])) return false;
        plain.labels = reinterpret_cast<PyArrayObject*>(args[1]);
        if (PyArray_TYPE(plain.labels) != NPY_INT64 || !has_shape(plain.labels, plain.batch, plain.ndim - 1))
            return false;
    }
    return outs_fit(plain);
}

Operand one_a_row(PyArrayObject* array) {
    if (!array) return {};
    const npy_intp item = PyArray_ITEMSIZE(array);
    return {PyArray_BYTES(array), item, item};
}

template <class T>
void compute_as(Function function, const Operands& operands, const PlainCall& plain) {
    if (plain.columns == 1)
        compute<T>(function, operands, plain.outer, plain.n_classes);
    else
        compute_columns<T>(function, operands, plain.outer, plain.n_classes, plain.columns);
}

bool run(Function function, const Operands& operands, const PlainCall& plain) {
    PyThreadState* state = PyArray_SIZE(plain.scores) > release_elements ? PyEval_SaveThread() : nullptr;
    bool done = true;
    try {
        (PyArray_TYPE(plain.scores) == NPY_FLOAT ? compute_as<float> : compute_as<double>)(function, operands, plain);
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

    const npy_intp rows = plain.outer * plain.columns, item = PyArray_ITEMSIZE(plain.scores);
    const Operand labels = one_a_row(plain.labels);
    if (plain.labels && find_bad_label(labels, rows, plain.n_classes)) return nullptr;  // the general path says so

    const auto result = [&](bool wanted, PyArrayObject* out, int ndim, npy_intp* shape) {
        if (!wanted) return static_cast<PyArrayObject*>(nullptr);
        if (out) return reinterpret_cast<PyArrayObject*>(Py_NewRef(as_array(out)));
        return reinterpret_cast<PyArrayObject*>(PyArray_SimpleNew(ndim, shape, PyArray_TYPE(plain.scores)));
    };
    PyArrayObject* per_row = result(face.per_row, plain.per_row_out, plain.ndim - 1, plain.batch);
    PyArrayObject* elements = result(face.elements, plain.elements_out, plain.ndim, PyArray_DIMS(plain.scores));
    const auto classes_of = [&](PyArrayObject* array) -> Operand {
        if (!array) return {};
        return {PyArray_BYTES(array), plain.columns == 1 ? plain.n_classes * item : item, plain.columns * item};
    };
    const Operands operands{classes_of(plain.scores), labels, one_a_row(per_row), classes_of(elements)};
    if ((face.per_row && !per_row) || (face.elements && !elements) || !run(function, operands, plain)) {
        Py_XDECREF(as_array(per_row));
        Py_XDECREF(as_array(elements));
        return nullptr;
    }
    if (!face.per_row) return as_array(elements);
    // As NumPy's reductions do.
    PyObject* const scalar_or_array = plain.per_row_out ? as_array(per_row) : PyArray_Return(per_row);
    return face.elements ? Py_BuildValue("NN", scalar_or_array, as_array(elements)) : scalar_or_array;
}

bool prepare_plain() {
    axis_name = PyUnicode_InternFromString("axis");
    out_name = PyUnicode_InternFromString("out");
    return axis_name && out_name;
}

}  // namespace multinoulli
