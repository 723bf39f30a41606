# SPDX-License-Identifier: BSD-3-Clause
"""Weighted sums of rows over every class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli._threads import single_threaded_blas
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]


def class_sums(data: FitData, n_threads: int, of_rows: Callable[[Any], Any] = lambda rows: rows) -> Float64:
    """``sum_i weight[i] of_rows(X[i])`` over the rows of each class, (n_classes, n_features).

    `of_rows` changes a block of rows of a dense X on its way; one that is sparse has been changed before.
    """
    n_classes = len(data.classes)
    if sparse.issparse(data.X):
        return np.asarray((_shares(data, slice(None), n_classes) @ data.X).toarray(), np.float64)
    dense: Any = data.X
    blocks = Blocks(dense, np.zeros(1), n_outputs=n_classes, n_threads=n_threads)

    def of_span(rows: slice) -> tuple[Float64]:
        sums = np.zeros((n_classes, dense.shape[1]))
        for some in blocks.blocks(rows):
            sums += _shares(data, some, n_classes).toarray() @ np.asarray(of_rows(dense[some]), np.float64)
        return (sums,)

    with single_threaded_blas():
        return blocks.total(of_span)[0]  # type: ignore[no-any-return]


def _shares(data: FitData, rows: slice, n_classes: int) -> Any:
    """The weights of these rows, each in the line of its class: (n_classes, rows), sparse."""
    labels, weight = data.labels[rows], data.weight[rows]
    return sparse.csr_array((weight, (labels, np.arange(len(labels)))), shape=(n_classes, len(labels)))
