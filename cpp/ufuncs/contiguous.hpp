// SPDX-License-Identifier: BSD-3-Clause
// What functions over whole contiguous arrays share, which are no universal functions.
#pragma once
#include <new>

#include "numpy.hpp"

namespace multinoulli {

template <class T>
T* data(PyArrayObject* array) {
    return static_cast<T*>(PyArray_DATA(array));
}

// Calls work(float()) or work(double()), by the NumPy type, without the interpreter's lock. None, or null and an
// exception.
template <class Work>
PyObject* run(int type, const Work& work) {
    PyThreadState* state = PyEval_SaveThread();
    bool done = true;
    try {
        type == NPY_FLOAT ? work(float()) : work(double());
    } catch (const std::bad_alloc&) {
        done = false;
    }
    PyEval_RestoreThread(state);
    if (!done) return PyErr_NoMemory();
    Py_RETURN_NONE;
}

template <PyObject* (*function)(PyObject*, PyObject* const*, Py_ssize_t)>
constexpr PyMethodDef method(const char* name, const char* documentation) {
    return {name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)), METH_FASTCALL, documentation};
}

}  // namespace multinoulli
