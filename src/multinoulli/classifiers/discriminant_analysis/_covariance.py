# SPDX-License-Identifier: BSD-3-Clause
"""A covariance shrunk towards a diagonal, and the change of coordinates that makes it the identity."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.linalg.lapack import dtrtri

Float64 = NDArray[np.float64]

EPSILON = float(np.finfo(np.float64).eps)


class Whitening(NamedTuple):
    """``matrix.T @ covariance @ matrix`` is the identity, on the directions that vary."""

    matrix: Float64  # (n_features, rank)
    log_determinant: float  # of the covariance, on these directions


def spreads(variance: Float64, mean: Float64) -> Float64:
    """The standard deviation of every column, 0 where it is no more than rounding of means so large."""
    spread = np.sqrt(np.maximum(variance, 0.0))
    return np.where(spread > 8 * EPSILON * np.abs(mean), spread, 0.0)


def shrunk(
    scatter: Float64,
    mean: Float64,
    mass: float,
    shrinkage: float | str | None,
    fourth_moment: Callable[[Float64], float] | None = None,
) -> Float64:
    """`mass` times the covariance of one class, shrunk by the meaning of the parameter `shrinkage`.

    ``"auto"`` and ``"oas"`` say how much of the correlation matrix is to be kept; they are those of scikit-learn for
    columns of standard deviation 1, with weights as numbers of rows. `fourth_moment` is asked by ``"auto"`` only: for
    the weighted sum over rows of ``((x - mean)**2 @ precision)**2``.
    """
    n_features = len(scatter)
    if shrinkage is None or mass == 0 or (n_features == 1 and isinstance(shrinkage, str)):
        return scatter
    if not isinstance(shrinkage, str):
        return _towards(scatter, np.full(n_features, np.trace(scatter) / n_features), shrinkage)
    spread = spreads(np.diagonal(scatter) / mass, mean)
    scale = np.where(spread > 0, spread, 1.0)  # a constant column gets its share in its own units
    precision = np.where(spread > 0, scale**-2.0, 0.0)
    level = float(np.count_nonzero(spread)) / n_features  # the mean eigenvalue of the correlation matrix
    squares = float(precision @ np.square(scatter) @ precision) / mass**2  # the sum of its entries' squares
    away = squares / n_features - level**2  # how far it is from its target, squared
    if away <= 0:
        return scatter
    if shrinkage == "oas":
        amount = (squares / n_features**2 + level**2) / ((mass + 1) * away / n_features)
    else:
        assert fourth_moment is not None
        amount = max(fourth_moment(precision) / mass - squares, 0.0) / (n_features * mass) / away
    return _towards(scatter, mass * level * scale**2, min(amount, 1.0))


def _towards(scatter: Float64, diagonal: Float64, amount: float) -> Float64:
    out = (1 - amount) * scatter
    out[np.diag_indices(len(out))] += amount * diagonal
    return out


def whitening(covariance: Float64, spread: Float64, tol: float) -> Whitening:
    """The change of coordinates, without directions that hardly vary.

    Columns of `spread` 0 are left out, and of the others, brought to standard deviation 1, directions whose standard
    deviation is at most `tol`. Cholesky's factor serves where its inverse proves that there are none: the sum of its
    squares is that of the inverse eigenvalues, so at least the largest. Else eigenvectors tell.
    """
    varies = spread > 0
    if not varies.any():
        return Whitening(np.zeros((len(covariance), 0)), 0.0)
    scale = spread[varies]
    correlation = covariance[np.ix_(varies, varies)] / scale / scale[:, None]
    log_determinant, inverse = 2 * float(np.log(scale).sum()), _inverse_factor(correlation, tol)
    if inverse is not None:
        log_determinant -= 2 * float(np.log(np.diagonal(inverse)).sum())
    else:
        values, vectors = linalg.eigh(correlation, check_finite=False, overwrite_a=True)
        kept = values > max(tol**2, len(values) * EPSILON * values.max(initial=0.0))
        log_determinant += float(np.log(values[kept]).sum())
        inverse = vectors[:, kept] / np.sqrt(values[kept])
    matrix = np.zeros((len(covariance), inverse.shape[1]))
    matrix[varies] = inverse / scale[:, None]
    return Whitening(matrix, log_determinant)


def _inverse_factor(correlation: Float64, tol: float) -> Float64 | None:
    """The inverse of the upper Cholesky factor, if it proves that all eigenvalues are above ``tol**2``."""
    try:
        factor = linalg.cholesky(correlation, check_finite=False)
    except linalg.LinAlgError:
        return None
    inverse, info = dtrtri(factor)
    proved = info == 0 and np.square(inverse).sum() < 1 / max(tol**2, len(correlation) * EPSILON)
    return np.asarray(inverse) if proved else None
