# SPDX-License-Identifier: BSD-3-Clause
"""The scores of a linear model, the same bits for a row whatever stands beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# BLAS adds in another order for another shape. Products of one fixed shape, padded with zeros, keep a row's bits apart
# from how many rows come with it; the padding costs a lone row microseconds.
BLOCK_ROWS = 128


def linear_scores(
    X: NDArray[Any] | sparse.csr_array, coef: NDArray[np.float64], intercept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``X @ coef.T + intercept`` in float64.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 data is converted a block of rows at a time.
    coef : ndarray of shape (n_classes, n_features)
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
    if sparse.issparse(X):
        return np.asarray(X @ coef.T + intercept)
    n_samples, n_features = X.shape
    weights = np.ascontiguousarray(coef.T, dtype=np.float64)
    scores = np.empty((n_samples, len(coef)))
    block, product = np.zeros((BLOCK_ROWS, n_features)), np.empty((BLOCK_ROWS, len(coef)))
    for begin in range(0, n_samples, BLOCK_ROWS):
        rows = X[begin : begin + BLOCK_ROWS]
        block[: len(rows)] = rows
        block[len(rows) :] = 0.0
        np.matmul(block, weights, out=product)
        np.add(product[: len(rows)], intercept, out=scores[begin : begin + len(rows)])
    return scores
