// SPDX-License-Identifier: BSD-3-Clause
#include <climits>

#include "module.hpp"
#include "threads.hpp"

namespace multinoulli {

namespace {

PyObject* get_num_threads(PyObject*, PyObject*) { return PyLong_FromLong(thread_limit()); }

PyObject* set_num_threads(PyObject*, PyObject* number) {
    int overflow = 0;
    const long wanted = PyLong_AsLongAndOverflow(number, &overflow);
    if (wanted == -1 && PyErr_Occurred()) return nullptr;
    if (overflow < 0 || (!overflow && wanted < 1))
        return PyErr_Format(PyExc_ValueError, "num_threads must be at least 1, not %S", number);
    set_thread_limit(overflow ? INT_MAX : int(std::min<long>(wanted, INT_MAX)));
    Py_RETURN_NONE;
}

PyMethodDef methods[] = {
    {"get_num_threads", get_num_threads, METH_NOARGS, "get_num_threads()\n--\n\nHow many threads a call may use."},
    {"set_num_threads", set_num_threads, METH_O,
     "set_num_threads(num_threads, /)\n--\n\nSet how many threads a call may use, in the whole process."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_threads(PyObject* module) {
    read_thread_limit();
    return PyModule_AddFunctions(module, methods) == 0;
}

}  // namespace multinoulli
