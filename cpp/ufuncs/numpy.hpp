// SPDX-License-Identifier: BSD-3-Clause
// Python's and NumPy's C interfaces, shared by the sources of one module: module.cpp imports the tables, the others use
// them.
#pragma once
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define NPY_TARGET_VERSION NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL multinoulli_array_api
#define PY_UFUNC_UNIQUE_SYMBOL multinoulli_ufunc_api
#ifndef MULTINOULLI_IMPORTS_NUMPY
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>
