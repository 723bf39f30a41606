// SPDX-License-Identifier: BSD-3-Clause
// `entry(name)` decorates the Python function that says what the general case means: the plain case (one contiguous
// float array, nothing but `axis=-1` and `out=` asked for) goes straight to the kernel, a third of a microsecond for
// ten scores against one for a ufunc; every other call goes on to the function. This file is the type, plain.cpp and
// plain_elementwise.cpp the case.
#include <cstring>

#include "module.hpp"
#include "plain.hpp"
#include "plain_elementwise.hpp"

namespace multinoulli {

namespace {

PyObject* entry_type = nullptr;

// The plain case of one function: null without an exception if a call is another.
struct Plain {
    const char* name;
    int function;
    PyObject* (*call)(int function, PyObject* const* args, Py_ssize_t n_positional, PyObject* names);
};
Plain plain_cases[int(n_functions) + int(n_elementwise_functions)];

struct Entry {
    PyObject_HEAD vectorcallfunc vectorcall;
    PyObject* general;
    PyObject* attributes;  // __dict__: the function's name, documentation, module ...
    PyObject* weak_references;
    const Plain* plain;
};

PyObject* call(PyObject* self, PyObject* const* args, size_t n_args, PyObject* names) {
    const auto entry = reinterpret_cast<Entry*>(self);
    PyObject* result = entry->plain->call(entry->plain->function, args, PyVectorcall_NARGS(n_args), names);
    if (result || PyErr_Occurred()) return result;
    return PyObject_Vectorcall(entry->general, args, n_args, names);
}

// As a function's: in a class body an entry is a method.
PyObject* bind(PyObject* self, PyObject* instance, PyObject*) {
    return instance && instance != Py_None ? PyMethod_New(self, instance) : Py_NewRef(self);
}

// By name, like a function: pickling and copying find the one that the module holds.
PyObject* reduce(PyObject* self, PyObject*) { return PyObject_GetAttrString(self, "__qualname__"); }

PyObject* represent(PyObject* self) {
    return PyUnicode_FromFormat("<entry to %R>", reinterpret_cast<Entry*>(self)->general);
}

int traverse(PyObject* self, visitproc visit, void* arg) {
    const auto entry = reinterpret_cast<Entry*>(self);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(entry->general);
    Py_VISIT(entry->attributes);
    return 0;
}

int clear(PyObject* self) {
    const auto entry = reinterpret_cast<Entry*>(self);
    Py_CLEAR(entry->general);
    Py_CLEAR(entry->attributes);
    return 0;
}

void deallocate(PyObject* self) {
    PyTypeObject* type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (reinterpret_cast<Entry*>(self)->weak_references) PyObject_ClearWeakRefs(self);
    clear(self);
    type->tp_free(self);
    Py_DECREF(type);
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Entry, vectorcall), READONLY, nullptr},
    {"__dictoffset__", T_PYSSIZET, offsetof(Entry, attributes), READONLY, nullptr},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Entry, weak_references), READONLY, nullptr},
    {nullptr, 0, 0, 0, nullptr},
};
PyMethodDef entry_methods[] = {
    {"__reduce__", reduce, METH_NOARGS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};
PyGetSetDef properties[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, nullptr, nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr},
};
PyType_Slot slots[] = {
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_descr_get, reinterpret_cast<void*>(bind)},
    {Py_tp_repr, reinterpret_cast<void*>(represent)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
    {Py_tp_members, members},
    {Py_tp_methods, entry_methods},
    {Py_tp_getset, properties},
    {0, nullptr},
};
PyType_Spec specification = {
    .name = "multinoulli._core.Entry",
    .basicsize = sizeof(Entry),
    .itemsize = 0,
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

PyObject* decorate(PyObject* plain, PyObject* general) {
    const auto entry = PyObject_GC_New(Entry, reinterpret_cast<PyTypeObject*>(entry_type));
    if (!entry) return nullptr;
    entry->vectorcall = call;
    entry->general = Py_NewRef(general);
    entry->attributes = entry->weak_references = nullptr;
    entry->plain = static_cast<const Plain*>(PyCapsule_GetPointer(plain, nullptr));
    const auto self = reinterpret_cast<PyObject*>(entry);
    PyObject_GC_Track(self);

    PyObject* functools = PyImport_ImportModule("functools");
    PyObject* updated = functools ? PyObject_CallMethod(functools, "update_wrapper", "OO", self, general) : nullptr;
    Py_XDECREF(functools);
    Py_DECREF(self);
    return updated;  // self again, with one reference
}
PyMethodDef decorate_method = {"entry", decorate, METH_O, "The C entry in front of this function."};

PyObject* entry(PyObject*, PyObject* name) {
    const char* wanted = PyUnicode_AsUTF8(name);
    if (!wanted) return nullptr;
    for (Plain& plain : plain_cases) {
        if (std::strcmp(wanted, plain.name) != 0) continue;
        PyObject* capsule = PyCapsule_New(&plain, nullptr, nullptr);
        PyObject* decorator = capsule ? PyCFunction_New(&decorate_method, capsule) : nullptr;
        Py_XDECREF(capsule);
        return decorator;
    }
    return PyErr_Format(PyExc_ValueError, "the core has no function named %R", name);
}
PyMethodDef module_methods[] = {
    {"entry", entry, METH_O,
     "entry(name, /)\n--\n\nDecorator: a C entry, to the kernel of this name, in front of a function."},
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_entry(PyObject* module) {
    for (int f = 0; f < n_functions; f++)
        plain_cases[f] = {faces[f].name, f,
                          [](int function, auto... call) { return call_plain(Function(function), call...); }};
    for (int f = 0; f < n_elementwise_functions; f++)
        plain_cases[n_functions + f] = {elementwise_names[f], f, [](int function, auto... call) {
                                            return call_plain_elementwise(ElementwiseFunction(function), call...);
                                        }};
    entry_type = PyType_FromSpec(&specification);
    return entry_type && prepare_plain() && prepare_plain_elementwise() &&
           PyModule_AddFunctions(module, module_methods) == 0;
}

}  // namespace multinoulli
