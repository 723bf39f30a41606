// SPDX-License-Identifier: BSD-3-Clause
// multinoulli._core: a table of contents.
#define MULTINOULLI_IMPORTS_NUMPY
#include "module.hpp"

#include "instruction_set.hpp"

namespace {

PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "multinoulli._core",
    .m_doc = "The compiled core: arrays in, arrays out.",
    .m_size = -1,
    .m_methods = nullptr,
    .m_slots = nullptr,
    .m_traverse = nullptr,
    .m_clear = nullptr,
    .m_free = nullptr,
};

}  // namespace

PyMODINIT_FUNC PyInit__core() {
    using namespace multinoulli;
    import_array();
    import_umath();
    if (!choose_kernels()) return nullptr;
    PyObject* module = PyModule_Create(&definition);
    if (module && register_softmax(module) && register_elementwise(module) && register_calculus(module) &&
        register_losses(module) && register_linear(module) && register_naive_bayes(module) && register_steps(module) &&
        register_entry(module) && register_threads(module) &&
        PyModule_AddStringConstant(module, "isa", kernels->name) == 0)
        return module;
    Py_XDECREF(module);
    return nullptr;
}
