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


def class_sums(data: FitData, n_threads: int, of_rows: Callable[[Any], Any] | None = None) -> Float64:
    """``sum_i weight[i] of_rows(X[i])`` over the rows of each class, (n_classes, n_features).

    `of_rows` changes a block of rows of a dense X on its way; one that is sparse has been changed before.
    """
    n_classes, X = len(data.classes), data.X
    if sparse.issparse(X):
        return _sparse_sums(X, data, n_threads)
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


def _sparse_sums(X: Any, data: FitData, n_threads: int) -> Float64:
    """Class by class, so that the sums of one stay in the cache."""
    sums = np.zeros((len(data.classes), X.shape[1]))
    indices, indptr = np.asarray(X.indices, np.int32), np.asarray(X.indptr, np.int64)
    order, ends = np.argsort(data.labels, kind="stable"), np.cumsum(np.bincount(data.labels, minlength=len(sums)))

    def of_class(k: int) -> None:
        rows = order[ends[k - 1] if k else 0 : ends[k]]
        _core.csr_sums(X.data, indices, indptr, rows, data.weight, sums[k])

    with ThreadPoolExecutor(n_threads, thread_name_prefix="multinoulli") as pool:
        list(pool.map(of_class, range(len(sums))))
    return sums
