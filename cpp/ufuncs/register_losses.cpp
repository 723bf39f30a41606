// SPDX-License-Identifier: BSD-3-Clause
// Losses with everything that may be asked of them, over whole contiguous arrays, which the Python side arranges and
// checks.
#include <algorithm>
#include <type_traits>
#include <vector>

#include "compute_losses.hpp"
#include "contiguous.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

// Reads arguments one by one; the first that is not as expected sets an exception, and `failed`.
class Arguments {
    PyObject* const* args_;
    Py_ssize_t left_;

  public:
    bool failed = false;

    Arguments(PyObject* const* args, Py_ssize_t n_args, Py_ssize_t expected) : args_(args), left_(n_args) {
        if (n_args != expected) {
            failed = true;
            PyErr_Format(PyExc_TypeError, "%zd arguments are expected, not %zd", expected, n_args);
        }
    }
    // A contiguous, aligned, native array; null for None.
    PyArrayObject* array() {
        if (failed) return nullptr;
        PyObject* const argument = next();
        if (argument == Py_None) return nullptr;
        if (PyArray_CheckExact(argument) && PyArray_ISCARRAY_RO(reinterpret_cast<PyArrayObject*>(argument)))
            return reinterpret_cast<PyArrayObject*>(argument);
        return fail("is not a contiguous array");
    }
    // Its data, where it has this type and size; null for None.
    void* data_of(int type, npy_intp size) {
        PyArrayObject* const found = array();
        if (found && (PyArray_TYPE(found) != type || PyArray_SIZE(found) != size))
            return fail("has another type or size than expected");
        return found ? PyArray_DATA(found) : nullptr;
    }
    double number() {
        if (failed) return 0;
        const double value = PyFloat_AsDouble(next());
        failed = PyErr_Occurred() != nullptr;
        return value;
    }
    PyArrayObject* fail(const char* why) {
        if (!failed) PyErr_Format(PyExc_TypeError, "the argument with %zd behind it %s", left_, why);
        failed = true;
        return nullptr;
    }

  private:
    PyObject* next() { return left_--, *args_++; }
};

bool floating(PyArrayObject* array) {
    return array && (PyArray_TYPE(array) == NPY_FLOAT || PyArray_TYPE(array) == NPY_DOUBLE);
}

// A weight a class, or 1, and the zeros that the kernels want behind them.
std::vector<double> padded(const void* class_weight, size_t n_classes) {
    std::vector<double> weights((n_classes + share_padding - 1) / share_padding * share_padding);
    if (class_weight)
        std::copy_n(static_cast<const double*>(class_weight), n_classes, weights.begin());
    else
        std::fill_n(weights.begin(), n_classes, 1);
    return weights;
}

PyObject* weighted_cross_entropy(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    Arguments arguments(args, n_args, 11);
    PyArrayObject* const scores = arguments.array();
    if (!arguments.failed && (!floating(scores) || PyArray_NDIM(scores) != 2)) arguments.fail("must be scores");
    if (arguments.failed) return nullptr;
    const npy_intp rows = PyArray_DIM(scores, 0), n_classes = PyArray_DIM(scores, 1), size = rows * n_classes;
    void* const labels = arguments.data_of(NPY_INT64, rows);
    PyArrayObject* const targets = arguments.array();
    if (targets ? labels || !floating(targets) || PyArray_SIZE(targets) != size : !labels)
        arguments.fail("must be the targets, or None behind labels");
    void* const class_weight = arguments.data_of(NPY_DOUBLE, n_classes);
    const double smoothing = arguments.number(), z_loss = arguments.number();
    void* const offsets = arguments.data_of(NPY_DOUBLE, rows);
    void* const weights = arguments.data_of(NPY_DOUBLE, rows);
    const double divisor = arguments.number();
    void* const losses = arguments.data_of(NPY_DOUBLE, rows);
    if (!losses) arguments.fail("must be an array for the losses");
    void* const gradient = arguments.data_of(PyArray_TYPE(scores), size);
    if (arguments.failed) return nullptr;
    if (size == 0) Py_RETURN_NONE;
    return run(PyArray_TYPE(scores), [&](auto type) {
        using T = decltype(type);
        using Other = std::conditional_t<sizeof(T) == sizeof(float), double, float>;
        const bool same = targets && PyArray_TYPE(targets) == PyArray_TYPE(scores);
        const std::vector<double> of_classes = padded(class_weight, size_t(n_classes));
        const Shares<T> shares{static_cast<const int64_t*>(labels),
                               same ? data<T>(targets) : nullptr,
                               of_classes.data(),
                               smoothing,
                               z_loss,
                               static_cast<const double*>(offsets),
                               static_cast<const double*>(weights),
                               divisor,
                               static_cast<double*>(losses),
                               static_cast<T*>(gradient)};
        compute_shares<T, Other>(shares, targets && !same ? data<Other>(targets) : nullptr, data<T>(scores),
                                 size_t(rows), size_t(n_classes));
    });
}

PyObject* weigh_targets(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    Arguments arguments(args, n_args, 3);
    PyArrayObject* const targets = arguments.array();
    if (!arguments.failed && (!floating(targets) || PyArray_NDIM(targets) != 2)) arguments.fail("must be targets");
    if (arguments.failed) return nullptr;
    const npy_intp rows = PyArray_DIM(targets, 0), n_classes = PyArray_DIM(targets, 1);
    void* const class_weight = arguments.data_of(NPY_DOUBLE, n_classes);
    void* const sums = arguments.data_of(NPY_DOUBLE, rows);
    if (!sums) arguments.fail("must be an array for the sums");
    if (arguments.failed) return nullptr;
    if (rows * n_classes == 0) Py_RETURN_NONE;
    return run(PyArray_TYPE(targets), [&](auto type) {
        using T = decltype(type);
        const std::vector<double> of_classes = padded(class_weight, size_t(n_classes));
        compute_weighed<T>(data<T>(targets), of_classes.data(), size_t(rows), size_t(n_classes),
                           static_cast<double*>(sums));
    });
}

bool read_label_type(PyArrayObject* labels, LabelType& type) {
    switch (PyArray_TYPE(labels)) {
        case NPY_BOOL:
        case NPY_UINT8:
            return type = LabelType::uint8, true;
        case NPY_INT64:
            return type = LabelType::int64, true;
        case NPY_FLOAT:
            return type = LabelType::float32, true;
        case NPY_DOUBLE:
            return type = LabelType::float64, true;
        default:
            return false;
    }
}

PyObject* weighted_binary_cross_entropy(PyObject*, PyObject* const* args, Py_ssize_t n_args) {
    Arguments arguments(args, n_args, 10);
    PyArrayObject* const scores = arguments.array();
    if (!arguments.failed && !floating(scores)) arguments.fail("must be scores");
    if (arguments.failed) return nullptr;
    const npy_intp n = PyArray_SIZE(scores);
    PyArrayObject* const labels = arguments.array();
    LabelType label_type{};
    if (!labels || PyArray_SIZE(labels) != n || !read_label_type(labels, label_type))
        arguments.fail("must be the labels");
    const double first = arguments.number(), second = arguments.number();
    const double smoothing = arguments.number(), z_loss = arguments.number();
    void* const weights = arguments.data_of(NPY_DOUBLE, n);
    const double divisor = arguments.number();
    void* const losses = arguments.data_of(PyArray_TYPE(scores), n);
    void* const gradient = arguments.data_of(PyArray_TYPE(scores), n);
    if (arguments.failed) return nullptr;
    double sum = 0;
    bool valid = true;
    PyObject* const done = run(PyArray_TYPE(scores), [&](auto type) {
        using T = decltype(type);
        const BinaryLoss<T> loss{data<T>(scores),
                                 PyArray_DATA(labels),
                                 label_type,
                                 first,
                                 second,
                                 smoothing,
                                 z_loss,
                                 static_cast<const double*>(weights),
                                 divisor,
                                 static_cast<T*>(losses),
                                 static_cast<T*>(gradient)};
        sum = compute_binary<T>(loss, size_t(n), valid);
    });
    if (!done || !valid) return done;
    Py_DECREF(done);
    return PyFloat_FromDouble(sum);
}

PyMethodDef methods[] = {
    method<weighted_cross_entropy>(
        "weighted_cross_entropy",
        "weighted_cross_entropy(scores, labels, targets, class_weight, label_smoothing, z_loss, offsets, weights,\n"
        "    divisor, losses, gradient, /)\n--\n\nContiguous arrays, scores of two dimensions; labels or targets are "
        "None,\nand whatever else is not there."),
    method<weigh_targets>(
        "weigh_targets",
        "weigh_targets(targets, class_weight, sums, /)\n--\n\nThe sum of each row, in two dimensions, "
        "of targets times class weights;\nNaN where a target is not at least 0."),
    method<weighted_binary_cross_entropy>(
        "weighted_binary_cross_entropy",
        "weighted_binary_cross_entropy(scores, labels, first, second, label_smoothing, z_loss, weights, divisor,\n"
        "    losses, gradient, /)\n--\n\nContiguous arrays. The sum of the losses, or None if a label is not in "
        "[0, 1]."),
    {nullptr, nullptr, 0, nullptr},
};

}  // namespace

bool register_losses(PyObject* module) { return PyModule_AddFunctions(module, methods) == 0; }

}  // namespace multinoulli
