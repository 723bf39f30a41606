// SPDX-License-Identifier: BSD-3-Clause
// The elementwise functions as universal functions: NumPy broadcasts, casts and copies, one loop calls the kernels.
#include <cfenv>

#include "compute_elementwise.hpp"
#include "module.hpp"

namespace multinoulli {

namespace {

// The floating-point flags are cleared at the end: NumPy reads them and would warn of what a kernel meets on its way.
template <class T>
void loop(char** args, const npy_intp* dimensions, const npy_intp* strides, void* function_id) {
    const auto function = ElementwiseFunction(reinterpret_cast<intptr_t>(function_id));
    compute_elementwise<T>(function, args[0], strides[0], args[1], strides[1], dimensions[0]);
    std::feclearexcept(FE_ALL_EXCEPT);
}

}  // namespace

bool register_elementwise(PyObject* module) {
    static PyUFuncGenericFunction loops[] = {loop<float>, loop<double>};
    static constexpr char types[] = {NPY_FLOAT, NPY_FLOAT, NPY_DOUBLE, NPY_DOUBLE};
    static void* function_ids[n_elementwise_functions][2];
    for (intptr_t f = 0; f < n_elementwise_functions; f++) {
        function_ids[f][0] = function_ids[f][1] = reinterpret_cast<void*>(f);
        PyObject* ufunc =
            PyUFunc_FromFuncAndData(loops, function_ids[f], types, 2, 1, 1, PyUFunc_None, elementwise_names[f],
                                    "Elementwise; the public function of the same name says the rest.", 0);
        const int failed = PyModule_AddObjectRef(module, elementwise_names[f], ufunc);
        Py_XDECREF(ufunc);
        if (failed) return false;
    }
    return true;
}

}  // namespace multinoulli
