# SPDX-License-Identifier: BSD-3-Clause
"""The scores of a linear model, the same bits for a row whatever stands beside it."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli._threads import single_threaded_blas
from multinoulli.functions import log_softmax, softmax

Function: TypeAlias = Literal["scores", "softmax", "log_softmax"]

# The core leaves more classes to BLAS, in blocks of one fixed shape, and calls it from its own threads.
MOST_WITHOUT_BLAS = 128


def linear_scores(
    X: NDArray[Any] | sparse.csr_array, coef: NDArray[np.float64], intercept: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``X @ coef.T + intercept`` in float64.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 or float64, in C order. Products of a dense float32 X may be made in float32, see the notes.
    coef : ndarray of shape (n_classes, n_features)
        In Fortran order it is used as it lies.
    intercept : ndarray of shape (n_classes,)

    Returns
    -------
    ndarray of shape (n_samples, n_classes)

    Notes
    -----
    A dense float32 X of more than 64 features or 700 coefficients, and up to 128 classes, is multiplied in float32, and
    the sums of every 128 features are added up in float64: a score is wrong by at most ``130 * 2**-24 * |x| @ |coef|``,
    and on average by less than ``2 * 2**-24`` times it. Other scores are in float64 throughout.

    Examples
    --------
    >>> import numpy as np
    >>> linear_scores(np.array([[1.0, 2.0]]), np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.0, -1.0]))
    array([[1., 1.]])
    """
    return linear_predictions(X, coef, intercept, "scores")[0]


def linear_predictions(
    X: NDArray[Any] | sparse.csr_array,
    coef: NDArray[np.float64],
    intercept: NDArray[np.float64],
    function: Function,
    *,
    single: bool = True,
) -> tuple[NDArray[np.float64], bool]:
    """A function of the rows of `linear_scores`, and whether the scores are finite (but those of intercepts of -inf).

    Every row of a dense X goes through it while the cache holds its scores; but not without `single`, which lets
    products of a float32 X be made in float32.
    """
    weights, offset = np.ascontiguousarray(coef.T, dtype=np.float64), np.ascontiguousarray(intercept, dtype=np.float64)
    n_threads = _core.get_num_threads()
    out = np.empty((X.shape[0], len(coef)))
    if sparse.issparse(X):
        rows: Any = X
        indices, indptr = np.asarray(rows.indices, np.int32), np.asarray(rows.indptr, np.int64)
        _core.csr_scores(np.asarray(rows.data), indices, indptr, weights, offset, out, n_threads)
        return _applied(function, out), True
    dense: Any = np.ascontiguousarray(X)
    with single_threaded_blas() if len(coef) > MOST_WITHOUT_BLAS else nullcontext():
        if dense.dtype == np.float32 and not single:
            finite = _core.linear_scores(dense, None, weights, offset, out, n_threads)
            return _applied(function, out), finite
        finite = _core.linear_predictions(dense, None, weights, offset, function, out, n_threads)
        if finite or dense.dtype != np.float32:
            return out, finite
        # Beyond float32 there is float64: for the rows that need it, so that every row is what it is alone.
        _core.linear_predictions(dense, None, weights, offset, "scores", out, n_threads)
        beyond = ~np.isfinite(out[:, offset > -np.inf]).all(axis=1)
        of_those = np.empty((int(beyond.sum()), len(coef)))
        finite = _core.linear_scores(dense[beyond], None, weights, offset, of_those, n_threads)
        out[beyond] = of_those
    return _applied(function, out), finite


def _applied(function: Function, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    if function == "softmax":
        softmax(scores, out=scores)
    elif function == "log_softmax":
        log_softmax(scores, out=scores)
    return scores
