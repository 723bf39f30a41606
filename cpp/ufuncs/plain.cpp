// SPDX-License-Identifier: BSD-3-Clause
// The plain case: scores (and labels) are C-contiguous, aligned and native, axis is one integer, out is absent or fits.
#include "plain.hpp"

#include <new>

namespace multinoulli {

namespace {

// Releasing the interpreter's lock costs more than the work on fewer scores.
constexpr npy_intp release_elements = 10000;

PyObject *axis_name, *out_name;

struct PlainCall {
    PyArrayObject *scores, *labels = nullptr, *out = nullptr;
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

bool out_fits(const Face& face, PlainCall& plain) {
    PyArrayObject *out = plain.out, *scores = plain.scores;
    if (PyArray_TYPE(out) != PyArray_TYPE(scores) || !PyArray_ISWRITEABLE(out)) return false;
    if (face.elements ? !has_shape(out, PyArray_DIMS(scores), plain.ndim)
                      : !has_shape(out, plain.batch, plain.ndim - 1))
        return false;
    const bool in_place = face.elements && PyArray_BYTES(out) == PyArray_BYTES(scores);
    return (in_place || !overlap(out, scores)) && !(plain.labels && overlap(out, plain.labels));
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
        if (name != out_name) return false;
        if (value == Py_None) continue;
        if (!is_plain(value) || (face.per_row && face.elements)) return false;  // two results: out is a pair
        plain.out = reinterpret_cast<PyArrayObject*>(value);
    }
    plain.split();
    if (plain.columns > 1 && !may_stand_upright(plain.columns, plain.n_classes)) return false;
    if (face.labels) {
        if (!is_plain(args[1])) return false;
        plain.labels = reinterpret_cast<PyArrayObject*>(args[1]);
        if (PyArray_TYPE(plain.labels) != NPY_INT64 || !has_shape(plain.labels, plain.batch, plain.ndim - 1))
            return false;
    }
    return !plain.out || out_fits(face, plain);
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

    const auto result = [&](bool wanted, int ndim, npy_intp* shape) {
        if (!wanted) return static_cast<PyArrayObject*>(nullptr);
        if (plain.out) return reinterpret_cast<PyArrayObject*>(Py_NewRef(as_array(plain.out)));
        return reinterpret_cast<PyArrayObject*>(PyArray_SimpleNew(ndim, shape, PyArray_TYPE(plain.scores)));
    };
    PyArrayObject* per_row = result(face.per_row, plain.ndim - 1, plain.batch);
    PyArrayObject* elements = result(face.elements, plain.ndim, PyArray_DIMS(plain.scores));
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
    PyObject* scalar_or_array = plain.out ? as_array(per_row) : PyArray_Return(per_row);  // as NumPy's reductions do
    return face.elements ? Py_BuildValue("NN", scalar_or_array, as_array(elements)) : scalar_or_array;
}

bool prepare_plain() {
    axis_name = PyUnicode_InternFromString("axis");
    out_name = PyUnicode_InternFromString("out");
    return axis_name && out_name;
}

}  // namespace multinoulli
