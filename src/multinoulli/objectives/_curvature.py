# SPDX-License-Identifier: BSD-3-Clause
"""The Hessian of the cross-entropy of linear scores, from some of the rows.

With p_i the probabilities of row i and x_i its features beside a 1, it is

    sum_i c_i (diag(p_i) - p_i p_i' + mu (I - 11'/K)) (x) x_i x_i'

where c_i is the row's weight over the chance with which it was drawn, and mu a damping, in units of the scores'
curvature (Levenberg-Marquardt). Rows are drawn with a chance that follows their share of it, w_i (1 - |p_i|^2 + mu (K -
1)), mixed with a tenth by weight alone: those predicted with certainty hardly bend the loss.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core
from multinoulli.functions import softmax
from multinoulli.objectives._blocks import BLOCK_ENTRIES
from multinoulli.objectives._design import Design, Rows
from multinoulli.objectives._sparse_rows import SparseRows

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating]
UNIFORM = 0.1  # of the rows, by weight alone
# Smaller ones bend nothing; their products would be subnormal numbers, ten times as slow on some processors.
LEAST_PROBA = 1e-18


@dataclass(frozen=True)
class Sample:
    """Rows, what each counts, and their probabilities."""

    design: Design
    rows: Rows | None  # None: all
    weight: Float64  # (m,)
    proba: NDArray[Any]  # (m, K), in the type of products, and of a dense X
    damping: float
    X: Any  # (m, n_features): standardised in float32 or float64, or SparseRows

    @property
    def share(self) -> float:
        """Of all rows."""
        return len(self.weight) / self.design.n_samples

    @property
    def spread(self) -> Float64:
        """``c_i (1 - |p_i|^2 + mu (K - 1))``: the trace of every row's curvature."""
        p = self.proba
        spread: Float64 = self.weight * (
            np.sum(p * (1 - p), axis=1, dtype=np.float64) + self.damping * (p.shape[1] - 1)
        )
        return spread

    def covariance(self) -> Float64:
        """``sum_i c_i (diag(p_i) - p_i p_i' + mu (I - 11'/K))``, (K, K)."""
        p, n_classes = self.proba, self.proba.shape[1]
        weighted = p * self.weight.astype(p.dtype)[:, None]
        between = np.diag(weighted.sum(axis=0, dtype=np.float64)) - (p.T @ weighted).astype(np.float64)
        damped = self.damping * float(self.weight.sum()) * (np.eye(n_classes) - 1 / n_classes)
        return np.asarray((between + between.T) / 2 + damped)


def draw(
    design: Design,
    scores: Float64,
    weight: Float64,
    spread: Float64,
    size: int,
    damping: float,
    rng: np.random.Generator,
    dtype: type,
) -> Sample:
    """Draw about `size` rows; all of them if there are no more. `dtype` is that of products."""
    n, n_classes = scores.shape
    rows, counted = None, weight
    if size < n:
        curvature = weight * (spread + damping * (n_classes - 1))
        total = float(curvature.sum())
        density = UNIFORM * weight + ((1 - UNIFORM) / total * curvature if total > 0 else 0)
        factor = float(size)
        for _ in range(6):  # no chance above 1, and still as many rows
            factor *= size / float(np.minimum(1, factor * density).sum())
        chance = np.minimum(1, factor * density)
        rows = np.flatnonzero(rng.random(n) < chance)
        counted = weight[rows] / chance[rows]
    proba: NDArray[Any] = np.empty((len(counted), n_classes), dtype)
    step = max(1, BLOCK_ENTRIES // n_classes)
    for begin in range(0, len(proba), step):
        some = slice(begin, begin + step)
        proba[some] = softmax(scores[some if rows is None else rows[some]].astype(dtype, copy=False))
    proba[proba < LEAST_PROBA] = 0
    X = design.sparse_rows(rows) if design.is_sparse else design.standard(rows, dtype)
    return Sample(design, rows, counted, proba, damping, X)


class Hessian:
    """Products with it."""

    def __init__(self, sample: Sample, has_offset: bool) -> None:
        self.sample, self._has_offset = sample, has_offset
        self.share = sample.share
        self._weight = sample.weight.astype(sample.proba.dtype, copy=False)

    def product(self, vector: Vector) -> Vector:
        """Times a vector of the coefficients, (n_features, K), and the offset if there is one, flat."""
        s = self.sample
        n_features, n_classes = s.design.n_features, s.proba.shape[1]
        size = n_features * n_classes
        coef = vector[:size].reshape(n_features, n_classes)
        offset = vector[size:] if self._has_offset else np.zeros(n_classes, vector.dtype)
        out = np.empty_like(vector)
        if isinstance(s.X, SparseRows):
            of_coef = out[:size].reshape(coef.shape)
            total = s.X.adjoint(self._bent(s.X.times(coef, offset)), of_coef)
        else:
            kind = s.X.dtype
            of_coef, total = np.empty((n_features, n_classes)), np.empty(n_classes)
            _core.linear_hessian(
                s.X, s.proba, self._weight, s.damping, coef.astype(kind, copy=False), offset.astype(kind, copy=False),
                of_coef, total, s.design.n_threads,
            )  # fmt: skip
            out[:size] = of_coef.ravel()
        if self._has_offset:
            out[size:] = total
        return out

    def _bent(self, scores: NDArray[Any]) -> NDArray[Any]:
        s = self.sample
        bent: NDArray[Any] = scores - np.vecdot(s.proba, scores)[:, None]
        bent *= s.proba
        if s.damping:
            bent += s.damping * (scores - scores.mean(axis=1, keepdims=True))
        bent *= self._weight[:, None]
        return bent
