# SPDX-License-Identifier: BSD-3-Clause
"""The design matrix in coordinates that suit a solver, and the products that it asks for."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cython_blas, get_blas_funcs

from multinoulli import _core
from multinoulli.objectives._blocks import BLOCK_ENTRIES, Blocks

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating]
Rows = NDArray[np.intp]
Parts = tuple[Any, NDArray[np.int32], NDArray[np.int64]]  # of a CSR or CSC matrix: data, indices, indptr

_core.use_blas(*(cython_blas.__pyx_capi__[name] for name in ("dgemm", "sgemm")))

# A column whose spread is below this share of its mean is constant but for rounding.
CONSTANT = 1e-12
# Entries of a standardised X in float64 that are kept (8 MB).
MAX_KEPT = 1 << 20


class Design:
    """(X - mean) / scale.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 or float64.
    weight : ndarray of shape (n_samples,)
        Non-negative, with sum 1.
    centred : bool
        Whether to subtract the weighted mean, which makes a free intercept and the coefficients nearly independent.
        Columns of a dense X are divided by their weighted standard deviation, too; those of a sparse one stay.
    n_threads : int
        They change no bit of any result.
    """

    def __init__(self, X: Any, weight: Float64, *, centred: bool, n_threads: int) -> None:
        self.n_samples, self.n_features = map(int, X.shape)
        self.is_sparse = bool(sparse.issparse(X))
        self.n_entries = int(X.nnz if self.is_sparse else X.size)
        self.n_threads = n_threads
        self.n_passes = 0.0
        self._X: Any = X
        self._standard: dict[type, NDArray[Any]] = {}
        self._all_rows: SparseRows | None = None
        self.mean, self.scale = np.zeros(self.n_features), np.ones(self.n_features)
        if self.is_sparse:
            self._rows = _parts(X)
            self._columns = _parts(X.tocsc())
        first = self._moment(weight, squared=False)
        if centred:
            self.mean = first
        if not self.is_sparse:
            # A second reading, about the mean: E[x^2] - mean^2 cancels where the mean is large.
            second = self._moment(weight, squared=True)
            varies = second > (CONSTANT * np.abs(first)) ** 2
            self.scale = np.where(varies, np.sqrt(second, where=varies, out=np.ones_like(second)), 1.0)

    def _moment(self, weight: Float64, *, squared: bool) -> Float64:
        """Weighted mean of every column, or of its squares, about the present `mean`."""
        blocks = Blocks(self._X, self.mean, n_outputs=1, n_threads=self.n_threads)

        def of_span(rows: slice) -> tuple[Any, ...]:
            total = np.zeros(self.n_features)
            for some in blocks.blocks(rows):
                block = blocks.read(some)
                total += (np.square(block) if squared else block).T @ weight[some]
            return (total,)

        self.n_passes += 0.5
        moment: Float64 = blocks.total(of_span)[0]
        return moment

    def blocks(self, n_outputs: int) -> Blocks:
        """The rows, centred but not scaled, in float64 and by blocks."""
        return Blocks(self._X, self.mean, n_outputs=n_outputs, n_threads=self.n_threads)

    def scores(self, coef: Float64, offset: Float64) -> Float64:
        """Of all rows, (n_samples, n_outputs), for coefficients (n_features, n_outputs)."""
        self.n_passes += 0.5
        coef = np.ascontiguousarray(coef / self.scale[:, None])
        out = np.empty((self.n_samples, coef.shape[1]))
        if self.is_sparse:
            _core.csr_scores(*self._rows, coef, offset - self.mean @ coef, out, self.n_threads)
        else:
            _core.linear_scores(self._X, self.mean, coef, np.ascontiguousarray(offset), out, self.n_threads)
        return out

    def gradient(
        self, scores: Float64, labels: NDArray[np.int64], weight: Float64
    ) -> tuple[float, Float64, Float64, Float64]:
        """Of the weighted cross-entropy at these scores.

        Returns the loss, its derivatives with respect to the coefficients and to an offset of all scores, and
        ``1 - |p|^2`` of every row.
        """
        self.n_passes += 0.5
        n_outputs = scores.shape[1]
        of_coef, of_offset, spread = np.empty((self.n_features, n_outputs)), np.empty(n_outputs), np.empty(len(scores))
        if self.is_sparse:
            loss, of_offset = self._sparse_gradient(scores, labels, weight, of_coef, spread)
        else:
            loss = _core.linear_gradient(
                self._X, self.mean, scores, labels, weight, of_coef, of_offset, spread, None, self.n_threads
            )
        return loss, of_coef / self.scale[:, None], of_offset, spread

    def _sparse_gradient(
        self, scores: Float64, labels: NDArray[np.int64], weight: Float64, of_coef: Float64, spread: Float64
    ) -> tuple[float, Float64]:
        losses, residual = _core.cross_entropy_gradient(scores, labels)
        at_label = np.take_along_axis(residual, labels[:, None], axis=1)[:, 0]
        # |p|^2 = |p - onehot|^2 + 2 (p_y - 1) + 1: 1 - that of what is exact.
        np.subtract(-2 * at_label, np.vecdot(residual, residual), out=spread)
        residual *= weight[:, None]
        _core.csr_adjoint(*self._columns, residual, of_coef, self.n_threads)
        total = residual.sum(axis=0)
        _subtract_outer(of_coef, self.mean, total)
        return float(weight @ losses), total

    def standard(self, rows: Rows | None, dtype: type = np.float32) -> NDArray[Any]:
        """Rows of a dense X, None for all, centred and scaled; those of all are kept in float32, or if they are few."""
        if rows is not None:
            kept = self._standard.get(dtype)
            return self._standardised(rows, dtype) if kept is None else kept[rows]
        if dtype not in self._standard:
            every = self._standardised(None, dtype)
            if dtype is not np.float32 and every.size > MAX_KEPT:
                return every
            self._standard[dtype] = every
        return self._standard[dtype]

    def _standardised(self, rows: Rows | None, dtype: type) -> NDArray[Any]:
        n = self.n_samples if rows is None else len(rows)
        out: NDArray[Any] = np.empty((n, self.n_features), dtype)
        step = max(1, BLOCK_ENTRIES // self.n_features)
        inverse, block = 1 / self.scale, np.empty((min(step, n), self.n_features))
        for begin in range(0, n, step):  # by blocks that the cache keeps
            some = slice(begin, begin + step)
            centred = block[: len(out[some])]
            np.subtract(self._X[some if rows is None else rows[some]], self.mean, out=centred)
            np.multiply(centred, inverse, out=out[some], casting="same_kind")
        return out

    def whole(self) -> Any:
        """All rows, sparse as they are or dense centred and scaled."""
        return self._X if self.is_sparse else self.standard(None)

    def sparse_rows(self, rows: Rows | None) -> SparseRows:
        """Rows of a sparse X, None for all, as they are, in float32."""
        if rows is not None:
            some = self._X[rows]
            return SparseRows(some.shape, _parts(some), _parts(some.tocsc()), self.mean, self.n_threads)
        if self._all_rows is None:
            self._all_rows = SparseRows(self._X.shape, self._rows, self._columns, self.mean, self.n_threads)
        return self._all_rows


class SparseRows:
    """Rows of a sparse matrix in float32: X - mean times matrices, from both sides."""

    def __init__(self, shape: tuple[int, int], rows: Parts, columns: Parts, mean: Float64, n_threads: int) -> None:
        self._n_threads, self.shape = n_threads, shape
        self._rows = rows[0].astype(np.float32, copy=False), *rows[1:]
        self._columns = columns[0].astype(np.float32, copy=False), *columns[1:]
        self.mean = mean.astype(np.float32)

    def times(self, coef: Vector, offset: Vector) -> NDArray[np.float32]:
        """``(X - mean) @ coef + offset``."""
        coef = coef.astype(np.float32, copy=False)
        offset = (offset - self.mean @ coef).astype(np.float32)
        out = np.empty((self.shape[0], coef.shape[1]), np.float32)
        _core.csr_scores(*self._rows, coef, offset, out, self._n_threads)
        return out

    def adjoint(self, residual: NDArray[np.float32], out: Vector) -> Float64:
        """Write ``(X - mean).T @ residual`` to `out`, and return the residual's sum over the rows."""
        product = out if out.dtype == np.float32 else np.empty(out.shape, np.float32)
        _core.csr_adjoint(*self._columns, residual, product, self._n_threads)
        total: Float64 = residual.sum(axis=0, dtype=np.float64)
        _subtract_outer(product, self.mean, total)
        if product is not out:
            out[...] = product
        return total

    def second_moments(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """``sum_i values[i] (X[i] - mean)**2`` for every feature, (n_features, columns of `values`)."""
        data, indices, indptr = self._columns
        squares, plain = (np.empty((self.shape[1], values.shape[1]), np.float32) for _ in range(2))
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


def _parts(X: Any) -> Parts:
    return X.data, X.indices.astype(np.int32, copy=False), X.indptr.astype(np.int64, copy=False)
