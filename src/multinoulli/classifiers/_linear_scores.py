# SPDX-License-Identifier: BSD-3-Clause
"""The scores of a linear model, the same bits for a row whatever stands beside it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli._threads import single_threaded_blas

# The core leaves more classes to BLAS, in blocks of one fixed shape, and calls it from its own threads.
MOST_WITHOUT_BLAS = 128


def linear_scores(
    X: NDArray[Any] | sparse.csr_array, coef: NDArray[np.float64], intercept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``X @ coef.T + intercept`` in float64.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 or float64, in C order; float32 data is converted a block of rows at a time.
    coef : ndarray of shape (n_classes, n_features)
        In Fortran order it is used as it lies.
    intercept : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of shape (n_samples, n_classes)

    Examples
    --------
    >>> import numpy as np
    >>> linear_scores(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, -1.0]))
    array([[1., 1.]])
    """
    weights, offset = np.ascontiguousarray(coef.T, dtype=np.float64), np.ascontiguousarray(intercept, dtype=np.float64)
    n_threads = _core.get_num_threads()
    scores = np.empty((X.shape[0], len(coef)))
    if sparse.issparse(X):
        rows: Any = X
        indices, indptr = np.asarray(rows.indices, np.int32), np.asarray(rows.indptr, np.int64)
        _core.csr_scores(np.asarray(rows.data), indices, indptr, weights, offset, scores, n_threads)
        return scores
    with single_threaded_blas() if len(coef) > MOST_WITHOUT_BLAS else nullcontext():
        _core.linear_scores(np.ascontiguousarray(X), None, weights, offset, scores, n_threads)
    return scores
