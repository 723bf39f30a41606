// SPDX-License-Identifier: BSD-3-Clause
// The arguments of functions over whole contiguous arrays: checked one by one, so that no wrong call reads or writes
// where it should not.
#pragma once
#include <climits>
#include <cstdarg>
#include <initializer_list>
#include <new>
#include <vector>

#include "numpy.hpp"

namespace multinoulli {

struct Failed {};  // thrown once a Python exception is set

// Sets one, with the formats of PyErr_Format.
[[noreturn]] inline void fail(PyObject* type, const char* format, ...) {
    va_list values;
    va_start(values, format);
    PyErr_FormatV(type, format, values);
    va_end(values);
    throw Failed();
}

template <class T>
constexpr int type_number = 0;
template <>
inline constexpr int type_number<float> = NPY_FLOAT;
template <>
inline constexpr int type_number<double> = NPY_DOUBLE;
template <>
inline constexpr int type_number<int32_t> = NPY_INT32;
template <>
inline constexpr int type_number<int64_t> = NPY_INT64;

// A contiguous, aligned, native array of `n_axes`.
inline PyArrayObject* as_array(PyObject* object, int i, int n_axes) {
    const auto array = reinterpret_cast<PyArrayObject*>(object);
    if (!PyArray_CheckExact(object) || !PyArray_ISCARRAY_RO(array))
        fail(PyExc_TypeError, "argument %d is not a contiguous array", i);
    if (PyArray_NDIM(array) != n_axes)
        fail(PyExc_ValueError, "argument %d must have %d axes, not %d", i, n_axes, PyArray_NDIM(array));
    return array;
}

// Its memory, if it is of type T and that shape.
template <class T>
T* data_of(PyObject* object, int i, std::initializer_list<size_t> shape) {
    using Item = std::remove_const_t<T>;
    PyArrayObject* const array = as_array(object, i, int(shape.size()));
    if (PyArray_TYPE(array) != type_number<Item>)
        fail(PyExc_TypeError, "argument %d has dtype %S, which is not expected there", i,
             reinterpret_cast<PyObject*>(PyArray_DESCR(array)));
    int axis = 0;
    for (const size_t length : shape) {
        if (size_t(PyArray_DIM(array, axis)) != length)
            fail(PyExc_ValueError, "argument %d has length %zd along axis %d, not %zu", i, PyArray_DIM(array, axis),
                 axis, length);
        axis++;
    }
    if (!std::is_const_v<T> && !PyArray_ISWRITEABLE(array)) fail(PyExc_ValueError, "argument %d is read-only", i);
    return static_cast<T*>(PyArray_DATA(array));
}

class Arguments {
    PyObject* const* args_;

  public:
    Arguments(PyObject* const* args, Py_ssize_t n_args, Py_ssize_t wanted) : args_(args) {
        if (n_args != wanted) fail(PyExc_TypeError, "%zd arguments are expected, not %zd", wanted, n_args);
    }

    PyObject* object(int i) const { return args_[i]; }
    bool is_none(int i) const { return args_[i] == Py_None; }
    template <class T>
    bool is_of(int i) const {
        return PyArray_Check(args_[i]) &&
               PyArray_TYPE(reinterpret_cast<PyArrayObject*>(args_[i])) == type_number<std::remove_const_t<T>>;
    }
    size_t length(int i, int axis, int n_axes) const {
        const npy_intp length = PyArray_DIM(as_array(args_[i], i, n_axes), axis);
        if (length > INT_MAX && axis > 0) fail(PyExc_ValueError, "argument %d is too long along axis %d", i, axis);
        return size_t(length);
    }
    template <class T>
    T* array(int i, std::initializer_list<size_t> shape) const {
        return data_of<T>(args_[i], i, shape);
    }
    template <class T>
    T* array_or_null(int i, std::initializer_list<size_t> shape) const {
        return is_none(i) ? nullptr : array<T>(i, shape);
    }
    double number(int i) const { return number_of(args_[i]); }
    int at_least_one(int i) const {
        const long value = PyLong_AsLong(args_[i]);
        if (value == -1 && PyErr_Occurred()) throw Failed();
        if (value < 1 || value > INT_MAX)
            fail(PyExc_ValueError, "argument %d must be from 1 to %d, not %ld", i, INT_MAX, value);
        return int(value);
    }
    static double number_of(PyObject* object) {
        const double value = PyFloat_AsDouble(object);
        if (value == -1 && PyErr_Occurred()) throw Failed();
        return value;
    }
    // The items of a sequence; they live as long as the arguments do, or are copied to by `read`.
    template <class Read>
    size_t items(int i, size_t most, const Read& read) const {
        PyObject* const sequence = PySequence_Fast(args_[i], "a tuple is expected");
        if (!sequence) throw Failed();
        const size_t count = size_t(PySequence_Fast_GET_SIZE(sequence));
        try {
            if (count > most) fail(PyExc_ValueError, "argument %d has %zu items, more than %zu", i, count, most);
            for (size_t j = 0; j < count; j++) read(j, PySequence_Fast_GET_ITEM(sequence, Py_ssize_t(j)));
        } catch (...) {
            Py_DECREF(sequence);
            throw;
        }
        Py_DECREF(sequence);
        return count;
    }
};

// Python runs on while this lives.
class WithoutGil {
    PyThreadState* const state_ = PyEval_SaveThread();

  public:
    WithoutGil() = default;
    WithoutGil(const WithoutGil&) = delete;
    ~WithoutGil() { PyEval_RestoreThread(state_); }
};

// A function of `wanted` arguments.
template <PyObject* (*function)(const Arguments&), Py_ssize_t wanted>
PyObject* checked(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    try {
        return function(Arguments(args, n_args, wanted));
    } catch (const Failed&) {
        return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}
template <PyObject* (*function)(const Arguments&), Py_ssize_t wanted>
constexpr PyMethodDef checked_method(const char* name, const char* documentation) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(checked<function, wanted>)), METH_FASTCALL,
            documentation};
}

}  // namespace multinoulli
