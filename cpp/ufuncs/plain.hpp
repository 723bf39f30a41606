// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "compute.hpp"

namespace multinoulli {

// The function's result if the call is the plain case; null without an exception if it is not.
PyObject* call_plain(Function function, PyObject* const* args, Py_ssize_t n_positional, PyObject* names);

bool prepare_plain();

}  // namespace multinoulli
