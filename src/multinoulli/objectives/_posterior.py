# SPDX-License-Identifier: BSD-3-Clause
"""What a stream has taught so far: a Gaussian about the present estimate, which stands for all rows seen.

Its precision begins as the penalty, and every batch adds its Hessian at the estimate that it leads to: Laplace's
approximation, one batch at a time (Spiegelhalter & Lauritzen, Networks 20, 1990). The whole Hessian is kept where it is
small; else what classes do times what inputs do, A (x) G with the sums of both (Ritter, Botev & Barber, "Online
structured Laplace approximations", NeurIPS 2018), and of very many inputs the diagonal of G. Nothing depends on the
scale of the features but the penalty itself.

Parameters are (K - 1, n_inputs): contrasts of the classes, by features and by a 1 if there is an intercept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli.objectives._contrasts import contrast_hessian, contrasts
from multinoulli.objectives._preconditioners import LEAST_RIDGE

Float64 = NDArray[np.float64]

# Parameters up to which the whole Hessian is kept (8 MB), and inputs up to which G is.
MAX_WHOLE, MAX_INPUTS = 1000, 2048
# The prior's precision of an intercept: enough to keep that of a class finite which no row had yet.
INTERCEPT = 1e-6
# An approximate inverse is made anew when what it is made from has changed by so much.
CHANGED = 1.5


@dataclass
class Posterior:
    """Mean and precision."""

    theta: Float64  # (K - 1, n_inputs)
    origin: Float64  # (n_features,): subtracted from features, for the sake of digits alone
    ridge: Float64  # (n_inputs,): the prior's precision
    between: Float64  # (K - 1, K - 1): A times `spread`
    moments: Float64  # (n_inputs, n_inputs), or its diagonal: G times `spread`
    spread: float  # of all rows, sum w (1 - |p|^2)
    hessian: Float64 | None  # the whole one, without the prior, if it is small
    inverse: Inverse | None = None
    n_samples: int = 0

    @classmethod
    def prior(cls, X: Any, weight: Float64, n_classes: int, l2: float, *, fit_intercept: bool) -> Posterior:
        """Before any data: the penalty, whose second derivative by every coefficient is `l2`.

        The first batch only tells what to subtract from the features.
        """
        centred = fit_intercept and len(weight) and not sparse.issparse(X)
        origin = (weight / weight.sum()) @ X.astype(np.float64, copy=False) if centred else np.zeros(X.shape[1])
        ridge = np.append(np.full(len(origin), l2), [INTERCEPT] * fit_intercept)
        n_contrasts, n_inputs = n_classes - 1, len(ridge)
        size = n_contrasts * n_inputs
        return cls(
            np.zeros((n_contrasts, n_inputs)),
            origin,
            ridge,
            np.zeros((n_contrasts, n_contrasts)),
            np.zeros((n_inputs, n_inputs) if n_inputs <= MAX_INPUTS else n_inputs),
            0.0,
            np.zeros((size, size)) if size <= MAX_WHOLE else None,
        )

    def inputs(self, X: Any) -> Any:
        """Rows beside a 1, in float64; sparse ones stay so where there are very many features."""
        ones = np.ones((X.shape[0], len(self.ridge) - len(self.origin)))
        if sparse.issparse(X) and self.moments.ndim == 1 and not self.origin.any():
            return sparse.csr_array(sparse.hstack([X.astype(np.float64), ones]))
        dense = X.toarray() if sparse.issparse(X) else X
        return np.hstack([np.subtract(dense, self.origin, dtype=np.float64), ones])

    def product(self, vector: Float64) -> Float64:
        """The precision times (K - 1, n_inputs)."""
        bent = vector * self.ridge
        if self.hessian is not None:
            bent += (self.hessian @ vector.ravel()).reshape(vector.shape)
        elif self.spread:
            within = vector @ self.moments if self.moments.ndim == 2 else vector * self.moments
            bent += self.between @ within / self.spread
        return bent

    def inverse_with(self, inputs: Any, proba: Float64, weight: Float64) -> Inverse:
        """An approximate inverse of the precision that it would have with a batch."""
        between, moments, spread = _factors(inputs, proba, weight, diagonal=self.moments.ndim == 1)
        total = self.spread + spread
        if self.inverse is None or not self.inverse.spread / CHANGED < total < self.inverse.spread * CHANGED:
            self.inverse = Inverse(self.between + between, self.moments + moments, total, self.ridge)
        return self.inverse

    def learn(self, theta: Float64, inputs: Any, proba: Float64, weight: Float64) -> None:
        """Move to `theta`, and add the curvature of a batch there."""
        between, moments, spread = _factors(inputs, proba, weight, diagonal=self.moments.ndim == 1)
        if self.hessian is not None:
            lower = contrast_hessian(inputs, proba, weight, 0.0, len(self.ridge))
            self.hessian += np.tril(lower) + np.tril(lower, -1).T
        self.theta, self.spread = theta.reshape(self.theta.shape), self.spread + spread
        self.between, self.moments = self.between + between, self.moments + moments
        self.n_samples += len(weight)

    def part(self, active: NDArray[np.intp]) -> Posterior:
        """Of some inputs, where G is diagonal: those that a sparse batch has are all that it says anything of."""
        origin = np.zeros(len(active) + len(self.origin) - len(self.ridge))
        theta, ridge, moments = self.theta[:, active], self.ridge[active], self.moments[active]
        return replace(self, theta=theta, origin=origin, ridge=ridge, moments=moments, inverse=None)

    def put(self, active: NDArray[np.intp], part: Posterior) -> None:
        """Take over what a part has learnt."""
        self.theta[:, active], self.moments[active] = part.theta, part.moments
        self.between, self.spread, self.n_samples = part.between, part.spread, part.n_samples

    def unpack(self) -> tuple[Float64, Float64]:
        """Coefficients (K, n_features) and intercept (K,) at the mean, for features as they come."""
        by_class = contrasts(len(self.theta) + 1) @ self.theta
        coef = by_class[:, : len(self.origin)]
        if len(self.ridge) == len(self.origin):
            return coef, np.zeros(len(coef))
        return coef, by_class[:, -1] - coef @ self.origin


class Inverse:
    """(A (x) G + ridge)^-1: a preconditioner."""

    def __init__(self, between: Float64, moments: Float64, spread: float, ridge: Float64) -> None:
        self.spread = spread
        share = 1 / max(spread, float(np.finfo(float).tiny))
        a, self._Q = np.linalg.eigh(between)
        scales = (moments.diagonal() if moments.ndim == 2 else moments) * share
        floor = np.maximum(ridge, LEAST_RIDGE * float(np.mean(a)) * scales)
        self._root = np.sqrt(np.where(floor > 0, floor, 1.0))
        self._U: Float64 | None = None
        g = scales / self._root**2
        if moments.ndim == 2:
            g, self._U = np.linalg.eigh(moments * share / self._root / self._root[:, None])
        self._inverse = 1 / (np.outer(np.maximum(a, 0), np.maximum(g, 0)) + 1)

    def __call__(self, vector: Float64) -> Float64:
        """Times (K - 1, n_inputs)."""
        rotated = self._Q.T @ vector / self._root
        rotated = self._inverse * (rotated if self._U is None else rotated @ self._U)
        rotated = self._Q @ (rotated if self._U is None else rotated @ self._U.T)
        return np.asarray(rotated / self._root)


def _factors(inputs: Any, proba: Float64, weight: Float64, *, diagonal: bool) -> tuple[Float64, Float64, float]:
    """What a batch adds to A, to G and to the spread."""
    contrast = proba @ contrasts(proba.shape[1])
    own = contrasts(proba.shape[1]).T * (weight @ proba) @ contrasts(proba.shape[1])
    between = own - (contrast.T * weight) @ contrast
    spread = weight * np.sum(proba * (1 - proba), axis=1)
    if not diagonal:
        moments = (inputs.T * spread) @ inputs
    elif sparse.issparse(inputs):
        moments = inputs.multiply(inputs).T @ spread
    else:
        moments = spread @ np.square(inputs)
    return between, moments, float(spread.sum())
