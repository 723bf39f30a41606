// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "compute_elementwise.hpp"

namespace multinoulli {

// The function's result if the call is the plain case; null without an exception if it is not.
PyObject* call_plain_elementwise(ElementwiseFunction function, PyObject* const* args, Py_ssize_t n_positional,
                                 PyObject* names);

bool prepare_plain_elementwise();

}  // namespace multinoulli
