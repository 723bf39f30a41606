// SPDX-License-Identifier: BSD-3-Clause
// What the module is put together from; each adds its part, or sets an exception and returns false.
#pragma once
#include "numpy.hpp"

namespace multinoulli {

bool register_softmax(PyObject* module);
bool register_elementwise(PyObject* module);
bool register_calculus(PyObject* module);
bool register_linear(PyObject* module);
bool register_losses(PyObject* module);
bool register_naive_bayes(PyObject* module);
bool register_steps(PyObject* module);
bool register_entry(PyObject* module);
bool register_threads(PyObject* module);

}  // namespace multinoulli
