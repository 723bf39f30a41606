# SPDX-License-Identifier: BSD-3-Clause
"""Rows of a sparse matrix, centred but never densified, times matrices from both sides."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

from multinoulli import _core

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating]
Parts = tuple[Any, NDArray[np.int32], NDArray[np.int64]]  # of a CSR or CSC matrix: data, indices, indptr


class SparseRows:
    """X - mean, by rows and by columns.

    Products are in the type of `data`, whatever they are multiplied with; threads change no bit of them.
    """

    def __init__(self, X: Any, columns: Any, mean: Float64, n_threads: int, dtype: type) -> None:
        self.shape: tuple[int, int] = X.shape
        self.mean: Vector = mean.astype(dtype, copy=False)
        self._n_threads, self._dtype = n_threads, dtype
        self._rows, self._columns = _parts(X, dtype), _parts(columns, dtype)

    def times(self, coef: Vector, offset: Vector) -> NDArray[Any]:
        """``(X - mean) @ coef + offset``."""
        coef = np.ascontiguousarray(coef, self._dtype)
        offset = (offset - self.mean @ coef).astype(self._dtype, copy=False)
        out: NDArray[Any] = np.empty((self.shape[0], coef.shape[1]), self._dtype)
        _core.csr_scores(*self._rows, coef, offset, out, self._n_threads)
        return out

    def adjoint(self, residual: NDArray[Any], out: Vector) -> Float64:
        """Write ``(X - mean).T @ residual`` to `out`, and return the residual's sum over the rows."""
        product = out if out.dtype == self._dtype else np.empty(out.shape, self._dtype)
        _core.csr_adjoint(*self._columns, residual, product, self._n_threads)
        total: Float64 = residual.sum(axis=0, dtype=np.float64)
        _subtract_outer(product, self.mean, total)
        if product is not out:
            out[...] = product
        return total

    def second_moments(self, values: NDArray[Any]) -> NDArray[Any]:
        """``sum_i values[i] (X[i] - mean)**2`` for every feature, (n_features, columns of `values`)."""
        data, indices, indptr = self._columns
        shape = self.shape[1], values.shape[1]
        squares: NDArray[Any] = np.empty(shape, self._dtype)
        plain: NDArray[Any] = np.empty(shape, self._dtype)
        _core.csr_adjoint(np.square(data), indices, indptr, values, squares, self._n_threads)
        _core.csr_adjoint(data, indices, indptr, values, plain, self._n_threads)
        plain *= -2 * self.mean[:, None]
        squares += plain
        _subtract_outer(squares, -np.square(self.mean), values.sum(axis=0, dtype=np.float64))
        return squares


def _subtract_outer(out: Vector, column: Vector, row: Float64) -> None:
    """``out -= outer(column, row)``, without an array of that size if BLAS can do it in place."""
    ger = get_blas_funcs("ger", (out,))
    ger(-1.0, row, column, a=out.T, overwrite_a=True)


def _parts(X: Any, dtype: type) -> Parts:
    return (
        X.data.astype(dtype, copy=False) if dtype is np.float32 else X.data,
        X.indices.astype(np.int32, copy=False),
        X.indptr.astype(np.int64, copy=False),
    )
