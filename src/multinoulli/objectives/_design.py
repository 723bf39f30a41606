# SPDX-License-Identifier: BSD-3-Clause
"""The design matrix in coordinates that suit a solver, and the products that it asks for."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cython_blas

from multinoulli import _core
from multinoulli.objectives._blocks import BLOCK_ENTRIES, Blocks
from multinoulli.objectives._sparse_rows import SparseRows

Float64 = NDArray[np.float64]
Rows = NDArray[np.intp]

_core.use_blas(*(cython_blas.__pyx_capi__[name] for name in ("dgemm", "sgemm")))

# A column whose spread is below this share of its mean is constant but for rounding.
CONSTANT = 1e-12
# Rows whose mean is near enough to that of all, unless rows come in an odd order.
FEW = 100
# Entries of a standardised X in float64 that are kept (8 MB).
MAX_KEPT = 1 << 20
ROUGH_ROWS = 1 << 13


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
        self.mean, self.scale = np.zeros(self.n_features), np.ones(self.n_features)
        self._rows: dict[type, SparseRows] = {}
        if self.is_sparse:
            self._columns = X.tocsc()
            if centred:
                self.mean = X.T @ weight
                self.n_passes += 0.5
            return
        first, second = self._centred_moments(weight) if centred else self._moments(weight)
        if centred:
            self.mean = first
        varies = second > (CONSTANT * np.abs(first)) ** 2
        self.scale = np.where(varies, np.sqrt(second, where=varies, out=np.ones_like(second)), 1.0)

    def _centred_moments(self, weight: Float64) -> tuple[Float64, Float64]:
        """Weighted mean and variance of every column of a dense X.

        E[x^2] - mean^2 cancels where the mean is large. About the mean of some rows it does not, as a rule; where it
        does there is a second reading, about the mean itself.
        """
        self.mean = self._X[:: max(1, self.n_samples // FEW)].mean(axis=0, dtype=np.float64)
        for _ in range(2):
            shift, second = self._moments(weight)
            mean, square = self.mean + shift, shift**2
            if not np.any(square > np.maximum(0.99 * second, (CONSTANT * np.abs(mean)) ** 2)):
                break
            self.mean = mean
        return mean, second - square

    def _moments(self, weight: Float64) -> tuple[Float64, Float64]:
        """Weighted mean and mean square of every column of a dense X, about the present `mean`."""
        blocks = self.blocks(1)

        def of_span(rows: slice) -> tuple[Any, ...]:
            first, second = np.zeros(self.n_features), np.zeros(self.n_features)
            for some in blocks.blocks(rows):
                block = blocks.read(some)
                first += block.T @ weight[some]
                second += np.square(block).T @ weight[some]
            return first, second

        self.n_passes += 0.5
        first, second = blocks.total(of_span)
        return first, second

    def blocks(self, n_outputs: int) -> Blocks:
        """The rows, centred but not scaled, in float64 and by blocks."""
        X = self.sparse_rows(None, np.float64) if self.is_sparse else self._X
        return Blocks(X, self.mean, n_outputs=n_outputs, n_threads=self.n_threads)

    def scores(self, coef: Float64, offset: Float64) -> Float64:
        """Of all rows, (n_samples, n_outputs), for coefficients (n_features, n_outputs)."""
        out = np.empty((self.n_samples, coef.shape[1]))
        if not coef.any():  # as at the start
            out[...] = offset
            return out
        self.n_passes += 0.5
        if self.is_sparse:
            return self.sparse_rows(None, np.float64).times(coef, offset)
        coef = np.ascontiguousarray(coef / self.scale[:, None])
        _core.linear_scores(self._X, self.mean, coef, np.ascontiguousarray(offset), out, self.n_threads)
        return out

    def rough_scores(self, coef: Float64, offset: Float64) -> NDArray[np.float32]:
        """The same in float32, by blocks of standardised rows."""
        self.n_passes += 0.5
        if self.is_sparse:
            return self.sparse_rows(None).times(coef, offset)
        out = np.empty((self.n_samples, coef.shape[1]), np.float32)
        coef, offset = coef.astype(np.float32), offset.astype(np.float32)

        def fill(begin: int) -> None:
            some = out[begin : begin + ROUGH_ROWS]
            np.matmul(self.standard(np.arange(begin, begin + len(some))), coef, out=some)
            some += offset

        with ThreadPoolExecutor(self.n_threads, thread_name_prefix="multinoulli") as pool:
            list(pool.map(fill, range(0, self.n_samples, ROUGH_ROWS)))
        return out

    def gradient(
        self, scores: Float64, labels: NDArray[np.int64], weight: Float64, of_coef: Float64, of_offset: Float64
    ) -> tuple[float, Float64]:
        """Of the weighted cross-entropy at these scores.

        Writes its derivatives with respect to the coefficients and to an offset of all scores, and returns the loss and
        ``1 - |p|^2`` of every row.
        """
        self.n_passes += 0.5
        spread = np.empty(len(scores))
        if self.is_sparse:
            return self._sparse_gradient(scores, labels, weight, of_coef, of_offset, spread), spread
        loss = _core.linear_gradient(
            self._X, self.mean, scores, labels, weight, of_coef, of_offset, spread, None, self.n_threads
        )
        of_coef /= self.scale[:, None]
        return loss, spread

    def gradient_of_constant(
        self, proba: Float64, labels: NDArray[np.int64], weight: Float64, of_coef: Float64, of_offset: Float64
    ) -> tuple[float, Float64]:
        """The same where every row of a dense X predicts `proba`, (n_classes,): of X it needs the sums over classes."""
        n_classes, centre = len(proba), np.tile(self.mean, (len(proba), 1))

        def of_span(rows: slice) -> tuple[Float64, Float64]:
            sums = np.zeros((n_classes, self.n_features))
            _core.class_moments(self._X[rows], labels[rows], weight[rows], centre, sums, None)
            return sums, np.bincount(labels[rows], weight[rows], n_classes).astype(np.float64, copy=False)

        sums, mass = self.blocks(n_classes).total(of_span)
        np.subtract(np.outer(sums.sum(axis=0), proba), sums.T, out=of_coef)
        of_coef /= self.scale[:, None]
        np.subtract(proba * mass.sum(), mass, out=of_offset)
        return -float(mass @ np.log(proba)), np.full(self.n_samples, 1 - float(proba @ proba))

    def _sparse_gradient(
        self,
        scores: Float64,
        labels: NDArray[np.int64],
        weight: Float64,
        of_coef: Float64,
        of_offset: Float64,
        spread: Float64,
    ) -> float:
        losses, residual = _core.cross_entropy_gradient(scores, labels)
        at_label = np.take_along_axis(residual, labels[:, None], axis=1)[:, 0]
        # |p|^2 = |p - onehot|^2 + 2 (p_y - 1) + 1: 1 - that of what is exact.
        np.subtract(-2 * at_label, np.vecdot(residual, residual), out=spread)
        residual *= weight[:, None]
        of_offset[...] = self.sparse_rows(None, np.float64).adjoint(residual, of_coef)
        return float(weight @ losses)

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
        if self._X.dtype == dtype == np.float32:  # rounding the mean moves rows by less than they are rounded
            near, factor = self.mean.astype(np.float32), (1 / self.scale).astype(np.float32)
            for begin in range(0, n, step):
                some = slice(begin, begin + step)
                np.subtract(self._X[some if rows is None else rows[some]], near, out=out[some])
                out[some] *= factor
            return out
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

    def sparse_rows(self, rows: Rows | None, dtype: type = np.float32) -> SparseRows:
        """Rows of a sparse X, None for all, centred; those of all are kept."""
        if rows is not None:
            some = self._X[rows]
            return SparseRows(some, some.tocsc(), self.mean, self.n_threads, dtype)
        if dtype not in self._rows:
            self._rows[dtype] = SparseRows(self._X, self._columns, self.mean, self.n_threads, dtype)
        return self._rows[dtype]
