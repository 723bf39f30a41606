// SPDX-License-Identifier: BSD-3-Clause
// The softmax family as generalised universal functions: NumPy broadcasts, casts and copies, one loop calls the
// kernels.
#include <cfenv>
#include <limits>
#include <new>

#include "compute.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

// NumPy reads the floating-point flags after a loop and warns of what a kernel meets on its way, such as exp(-inf).
struct QuietFlags {
    ~QuietFlags() { std::feclearexcept(FE_ALL_EXCEPT); }
};

// NumPy calls loops without the interpreter's lock, and once for each run of rows: the first error stays.
void raise_first(PyObject* type, const char* format, long long a, long long b) {
    const PyGILState_STATE state = PyGILState_Ensure();
    if (!PyErr_Occurred()) PyErr_Format(type, format, a, b);
    PyGILState_Release(state);
}

template <class T>
void loop(char** args, const npy_intp* dimensions, const npy_intp* strides, void* function_id) {
    const QuietFlags quiet;
    const auto function = Function(reinterpret_cast<intptr_t>(function_id));
    const Face& face = faces[function];
    const npy_intp rows = dimensions[0], n_classes = dimensions[1];
    const int n_operands = 1 + face.labels + face.per_row + face.elements;

    // NumPy's order: the strides over rows of every operand, then those within a row of the operands that have classes.
    int next = 1;
    Operands operands{
        .scores = {args[0], strides[0], strides[n_operands]}, .labels = {}, .per_row = {}, .elements = {}};
    if (face.labels) operands.labels = {args[next], strides[next], 0}, next++;
    if (face.per_row) operands.per_row = {args[next], strides[next], 0}, next++;
    if (face.elements) operands.elements = {args[next], strides[next], strides[n_operands + 1]};

    if (face.labels) {
        if (const int64_t* bad = find_bad_label(operands.labels, rows, n_classes))
            return raise_first(PyExc_ValueError,
                               "labels must lie in 0...K-1, but one is %lld and K, the number of classes, is %lld",
                               *bad, n_classes);
    }
    if (n_classes == 0) {
        for (npy_intp row = 0; face.per_row && row < rows; row++)
            *reinterpret_cast<T*>(operands.per_row.data + row * operands.per_row.row_stride) =
                -std::numeric_limits<T>::infinity();
        return;
    }
    try {
        compute<T>(function, operands, rows, n_classes);
    } catch (const std::bad_alloc&) {
        raise_first(PyExc_MemoryError, "no memory for a block of rows (%lld rows of %lld classes)", rows, n_classes);
    }
}

constexpr char F = NPY_FLOAT, D = NPY_DOUBLE, L = NPY_INT64;

struct Signature {
    const char* text;
    int n_in, n_out;
    char types[8];  // the float loop's operands, then the double loop's
};
constexpr Signature signatures[n_functions] = {
    {"(k)->(k)", 1, 1, {F, F, D, D}},
    {"(k)->(k)", 1, 1, {F, F, D, D}},
    {"(k)->()", 1, 1, {F, F, D, D}},
    {"(k),()->()", 2, 1, {F, L, F, D, L, D}},
    {"(k),()->(),(k)", 2, 2, {F, L, F, F, D, L, D, D}},
};

}  // namespace

bool register_softmax(PyObject* module) {
    static PyUFuncGenericFunction loops[] = {loop<float>, loop<double>};
    static void* function_ids[n_functions][2];
    for (intptr_t f = 0; f < n_functions; f++) {
        function_ids[f][0] = function_ids[f][1] = reinterpret_cast<void*>(f);
        const Signature& signature = signatures[f];
        PyObject* ufunc = PyUFunc_FromFuncAndDataAndSignature(
            loops, function_ids[f], signature.types, 2, signature.n_in, signature.n_out, PyUFunc_None, faces[f].name,
            "Over the last axis; the public function of the same name says the rest.", 0, signature.text);
        const int failed = PyModule_AddObjectRef(module, faces[f].name, ufunc);
        Py_XDECREF(ufunc);
        if (failed) return false;
    }
    return true;
}

}  // namespace multinoulli
