# SPDX-License-Identifier: BSD-3-Clause
"""Approximate inverses of the Hessian of softmax regression, the penalty included.

`Kronecker` takes the Hessian as what classes do times what features do, A (x) G, with A the mean of diag(p_i) - p_i
p_i' and G the mean of x_i x_i', each row counted by its spread: exact where all rows predict the same, as they do at
the start. `Blocks` keeps the K x K block of every feature, the right thing where features hardly overlap (sparse X), or
its diagonal. `Explicit` is the Hessian itself, factored.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from multinoulli.objectives._contrasts import contrasts
from multinoulli.objectives._curvature import Sample

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating]

# Numbers in all blocks of a sparse problem together (160 MB); beyond it their diagonals serve.
MAX_BLOCK_ENTRIES = 20_000_000
# A ridge no smaller than this part of the curvature, so that collinear columns without a penalty have an inverse.
LEAST_RIDGE = 1e-8


def _split(vector: Vector, n_features: int, n_classes: int) -> tuple[Vector, Vector]:
    size = n_features * n_classes
    return vector[:size].reshape(n_features, n_classes), vector[size:]


class Kronecker:
    """(A (x) G + ridge)^-1, with G about its mean, so that coefficients and intercept fall apart."""

    def __init__(self, sample: Sample, ridge: Float64, has_offset: bool, *, count_eigenvectors: bool) -> None:
        X, n_classes = sample.X, sample.proba.shape[1]
        n_features = X.shape[1]
        self._shape, self._has_offset = (n_features, n_classes), has_offset
        spread = sample.spread
        total = max(float(spread.sum()), float(np.finfo(float).tiny))
        share = (spread / total).astype(X.dtype)
        self._mean = (share @ X).astype(np.float64) if has_offset else np.zeros(n_features)
        rooted = (X - self._mean.astype(X.dtype)) * np.sqrt(share)[:, None]
        root = np.sqrt(np.maximum(ridge, LEAST_RIDGE * total))[:, None]
        g, U = np.linalg.eigh((rooted.T @ rooted) / (root * root.T).astype(X.dtype))
        self._U = (U / root).astype(X.dtype)
        a, self._Q = np.linalg.eigh(sample.covariance())
        a[0] = 0  # adding the same to all classes changes nothing
        self._inverse = 1 / (np.outer(np.maximum(g, 0), np.maximum(a, 0)) + 1)
        self._of_offset = np.append(0, 1 / np.maximum(a[1:], 1e-9 * max(a[-1], np.finfo(float).tiny)))
        # The sums over rows, and the eigenvectors, in units of a pass.
        self.cost = sample.share * (n_features / (4 * n_classes) + 0.5)
        if count_eigenvectors:
            self.cost += 4 * n_features**2 / (n_classes * sample.design.n_samples)

    def __call__(self, vector: Vector) -> Vector:
        coef, offset = _split(vector, *self._shape)
        if self._has_offset:
            coef = coef - np.outer(self._mean, offset)
        rotated = self._U.T @ (coef @ self._Q).astype(self._U.dtype, copy=False)
        rotated = self._U @ (self._inverse * rotated).astype(self._U.dtype, copy=False)
        step: Vector = (rotated @ self._Q.T).astype(vector.dtype, copy=False)
        if not self._has_offset:
            return step.ravel()
        shift = self._Q @ (self._of_offset * (self._Q.T @ offset)) - self._mean @ step
        return np.concatenate([step.ravel(), shift.astype(vector.dtype, copy=False)])


class Explicit:
    """The Cholesky factor of the Hessian `H` by contrasts of the classes, of which it overwrites the lower triangle.

    The penalty is in these coordinates what it is in those of the classes; what all have in common is left to it alone.
    """

    def __init__(self, H: NDArray[np.floating], n_classes: int, ridge: Float64, has_offset: bool, cost: float) -> None:
        self.cost = cost
        n_inputs = len(H) // (n_classes - 1)
        kind, penalty = H.dtype.type, np.append(ridge, 0.0) if has_offset else ridge
        self._basis = contrasts(n_classes)
        self._common = np.divide(1 / n_classes, penalty, out=np.zeros(n_inputs), where=penalty > 0)
        diagonal = H.reshape(-1)[:: len(H) + 1]
        diagonal.reshape(-1, n_inputs)[...] += penalty
        self._root = np.sqrt(np.maximum(diagonal, np.finfo(kind).tiny))
        H /= self._root
        H /= self._root[:, None]
        double = kind is np.float64
        factorise, self._solve = (lapack.dpotrf, lapack.dpotrs) if double else (lapack.spotrf, lapack.spotrs)
        shift, failed = 1e-13 if double else 3e-6, True
        while failed:
            diagonal[:] = 1 + shift
            self._factor, failed = factorise(H.T, clean=False)
            shift *= 10

    def __call__(self, vector: Vector) -> Vector:
        by_input = vector.reshape(len(self._common), -1)
        contrasts = (by_input @ self._basis).T.ravel() / self._root
        solved = self._solve(self._factor, contrasts.astype(self._factor.dtype, copy=False))[0] / self._root
        step: Vector = solved.reshape(-1, len(self._common)).T @ self._basis.T
        step += (self._common * by_input.sum(axis=1))[:, None]
        return step.ravel()


class ClassBlocks:
    """One K x K block a feature, or its diagonal where the blocks would not fit: for a sparse X."""

    def __init__(self, sample: Sample, ridge: Float64, has_offset: bool) -> None:
        m, n_classes = sample.proba.shape
        X, n_features = sample.X, sample.X.shape[1]
        self._shape, self._has_offset = (n_features, n_classes), has_offset
        weight = sample.weight.astype(np.float32)[:, None]
        weighted, damped = sample.proba * weight, sample.damping * weight
        floor = np.maximum(ridge, 1e-12).astype(np.float32)[:, None]
        self._blocks = n_features * n_classes**2 <= MAX_BLOCK_ENTRIES
        if self._blocks:
            pairs = (weighted[:, :, None] * sample.proba[:, None]).reshape(m, n_classes**2)
            H, k = -X.second_moments(pairs).reshape(n_features, n_classes, n_classes), np.arange(n_classes)
            H[:, k, k] += 1.00001 * X.second_moments(weighted + damped) + floor  # positive in spite of rounding
            self._inverse = np.linalg.inv(H)
        else:
            self._inverse = 1 / (X.second_moments(weighted * (1 - sample.proba) + damped) + floor)
        self._of_offset = np.linalg.inv(sample.covariance() + 1 / n_classes**2)
        self.cost = sample.share * (0.5 + n_classes / 4 if self._blocks else 0.5)

    def __call__(self, vector: Vector) -> Vector:
        coef, offset = _split(vector, *self._shape)
        out = np.empty_like(vector)
        step, of_offset = _split(out, *self._shape)
        if self._blocks:
            step[...] = np.matmul(self._inverse, coef[:, :, None])[:, :, 0]
        else:
            np.multiply(self._inverse, coef, out=step, casting="same_kind")
        if self._has_offset:
            of_offset[...] = self._of_offset @ offset
        return out
