# SPDX-License-Identifier: BSD-3-Clause
"""Weighted sums of rows over every class."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]

SPARSE_ROWS = 1024  # of a block that is changed: enough to hide the interpreter, few beside all


def class_sums(data: FitData, n_threads: int, of_rows: Callable[[Any], Any] | None = None) -> Float64:
    """``sum_i weight[i] of_rows(X[i])`` over the rows of each class, (n_classes, n_features).

    `of_rows` changes a block of rows on its way.
    """
    n_classes, X = len(data.classes), data.X
    if sparse.issparse(X):
        return _sparse_sums(X, data, n_threads, of_rows)
    dense: Any = X
    blocks = Blocks(dense, np.zeros(1), n_outputs=n_classes, n_threads=n_threads)

    def of_span(rows: slice) -> tuple[Float64]:
        sums = np.zeros((n_classes, dense.shape[1]))
        for some in [rows] if of_rows is None else blocks.blocks(rows):
            block = dense[some] if of_rows is None else of_rows(dense[some])
            _core.class_moments(block, data.labels[some], data.weight[some], None, sums, None)
        return (sums,)

    total: Float64 = blocks.total(of_span)[0]
    return total


def _sparse_sums(X: Any, data: FitData, n_threads: int, of_rows: Callable[[Any], Any] | None) -> Float64:
    """Class by class, so that the sums of one stay in the cache."""
    sums = np.zeros((len(data.classes), X.shape[1]))
    order, ends = np.argsort(data.labels, kind="stable"), np.cumsum(np.bincount(data.labels, minlength=len(sums)))

    def add(some: Any, rows: NDArray[np.intp], weight: Float64, out: Float64) -> None:
        indices, indptr = np.asarray(some.indices, np.int32), np.asarray(some.indptr, np.int64)
        _core.csr_sums(some.data, indices, indptr, rows, weight, out)

    def of_class(k: int) -> None:
        rows = order[ends[k - 1] if k else 0 : ends[k]]
        if of_rows is None:
            add(X, rows, data.weight, sums[k])
            return
        for begin in range(0, len(rows), SPARSE_ROWS):
            some = rows[begin : begin + SPARSE_ROWS]
            add(of_rows(X[some]), np.arange(len(some)), data.weight[some], sums[k])

    with ThreadPoolExecutor(n_threads, thread_name_prefix="multinoulli") as pool:
        list(pool.map(of_class, range(len(sums))))
    return sums
