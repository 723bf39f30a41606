# SPDX-License-Identifier: BSD-3-Clause
"""The objective of softmax regression, and a proof of how far any point is from its minimum.

Primal, with weights that sum to 1 and a free intercept::

    F(coef, intercept) = sum_i w_i [logsumexp(z_i) - z_i,y_i] + l2/2 |coef|^2,      z_i = coef x_i + intercept

Dual. logsumexp(z) is the largest value of <q, z> + entropy(q) over distributions q; exchange minimum and maximum, and
any distributions q_i whose weighted mean is the class frequencies (else the intercept would make it -inf) give a
lower bound::

    D(q) = sum_i w_i entropy(q_i) - |V|^2 / (2 l2),      V = sum_i w_i (q_i - onehot(y_i)) x_i'

At q = softmax(z) that meets the constraint, F - D = |dF/dcoef|^2 / (2 l2) exactly (Fenchel-Young). Without an
intercept there is no constraint. The gap F - D bounds how far F is from its minimum, in nats a sample.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.special import entr

from multinoulli.functions import softmax
from multinoulli.losses import cross_entropy, cross_entropy_gradient
from multinoulli.objectives._design import Design
from multinoulli.objectives._preconditioner import Preconditioner, fits_in_memory

Float64 = NDArray[np.float64]

# Newton steps for the intercept when a certificate is made: two or three are usual.
MAX_INTERCEPT_STEPS = 20


class Bounds(NamedTuple):
    """A point and what was proved about it: ``dual <= minimum <= primal``, in nats a sample."""

    theta: Float64
    primal: float
    dual: float
    gradient_norm: float


class LinearCrossEntropy:
    """Mean cross-entropy of linear scores with a ridge penalty on the coefficients.

    The parameters ``theta`` are the coefficients in coordinates where the columns of a dense X are centred and have
    standard deviation 1, (n_classes, n_features) in C order, and then the intercept, (n_classes,), if there is one.
    The penalty is the one on the original coefficients, carried over exactly.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 or float64.
    labels : ndarray of shape (n_samples,)
        Integer codes 0..n_classes-1; every class occurs.
    weight : ndarray of shape (n_samples,)
        Positive.
    n_classes : int
        At least 2.
    l2 : float
        Positive: second derivative of the penalty, per unit of weight.
    fit_intercept : bool
        Whether there is an intercept. It is not penalised.
    n_threads : int
        Threads over rows; they change no bit of any result.
    rng : numpy.random.Generator
        Draws the rows that the preconditioner is fitted to, where there are too many to take all.
    """

    def __init__(
        self,
        X: NDArray[Any] | sparse.csr_array,
        labels: NDArray[np.int64],
        weight: Float64,
        *,
        n_classes: int,
        l2: float,
        fit_intercept: bool,
        n_threads: int,
        rng: np.random.Generator,
    ) -> None:
        self._labels, self._rng, self.n_classes = labels, rng, n_classes
        self._weight = weight / weight.sum()
        self._has_intercept = fit_intercept
        self._design = Design(X, self._weight, centred=fit_intercept, n_outputs=n_classes, n_threads=n_threads)
        self._l2 = l2
        self._ridge = l2 / self._design.scale**2
        self._prior = np.bincount(labels, weights=self._weight, minlength=n_classes).astype(np.float64)
        between: Float64 = np.diag(self._prior) - np.outer(self._prior, self._prior)
        self._preconditioner = Preconditioner(between, np.ones(self._design.n_features), self._ridge)
        self.n_passes = self._design.n_passes

    # --- parameters -------------------------------------------------------------------------------------------------

    def start(self) -> Float64:
        """The class frequencies: coefficients 0, intercept the log of the frequencies."""
        logs = np.log(self._prior)
        return self._join(np.zeros((self.n_classes, self._design.n_features)), logs - logs.mean())

    def pack(self, coef: Float64, intercept: Float64) -> Float64:
        """Theta of coefficients (n_classes, n_features) and intercept (n_classes,) in the user's coordinates."""
        return self._join(coef * self._design.scale, intercept + coef @ self._design.mean)

    def unpack(self, theta: Float64) -> tuple[Float64, Float64]:
        """Coefficients and intercept in the user's coordinates; the intercept has mean 0 over the classes."""
        coef, intercept = self._split(theta)
        coef = coef / self._design.scale
        if self._has_intercept:
            intercept = intercept - coef @ self._design.mean
            intercept = intercept - intercept.mean()
        return coef, intercept

    def _join(self, coef: Float64, intercept: Float64) -> Float64:
        return np.concatenate([coef.ravel(), intercept]) if self._has_intercept else coef.ravel().copy()

    def _split(self, theta: Float64) -> tuple[Float64, Float64]:
        size = self.n_classes * self._design.n_features
        coef = theta[:size].reshape(self.n_classes, self._design.n_features)
        return coef, theta[size:] if self._has_intercept else np.zeros(self.n_classes)

    # --- what a solver asks -----------------------------------------------------------------------------------------

    def value_and_gradient(self, theta: Float64) -> tuple[float, Float64]:
        """F and its gradient, of the shape of `theta`: one pass over the data."""
        coef, intercept = self._split(theta)
        weights = coef / self._design.scale

        def of_span(rows: slice) -> tuple[float, Float64, Float64]:
            total, slope, mean = 0.0, np.zeros_like(coef), np.zeros(self.n_classes)
            for some in self._design.blocks(rows):
                block, weight = self._design.read(some), self._weight[some]
                loss, residual = cross_entropy_gradient(
                    self._design.scores(block, weights, intercept), self._labels[some]
                )
                total += float(weight @ loss)
                mean += weight @ residual
                residual *= weight[:, None]
                self._design.add_adjoint(block, residual, slope)
            return total, slope, mean

        value, slope, mean = self._design.total(of_span)
        self.n_passes += 1
        value += 0.5 * float(np.sum(self._ridge * coef**2))
        return value, self._join(slope / self._design.scale + self._ridge * coef, mean)

    def gap_at(self, gradient: Float64) -> float:
        """F - D if the intercept were at its optimum: costs nothing, proves nothing."""
        return 0.5 * float(np.sum(self._split(gradient)[0] ** 2 / self._ridge))

    def precondition(self, gradient: Float64) -> Float64:
        """An approximate Newton step for a gradient (without its sign)."""
        coef, intercept = self._split(gradient)
        return self._join(self._preconditioner.coef(coef), self._preconditioner.intercept(intercept))

    def refresh(self, theta: Float64) -> None:
        """Fit the preconditioner to the predictions at `theta`.

        It reads as many rows as make that no dearer than four passes.
        """
        design, diagonal = self._design, self._diagonal
        coef, intercept = self._split(theta)
        weights = coef / design.scale
        chosen = np.ones(design.n_samples, dtype=bool)
        enough = max(4 * design.n_features, 1000, 8 * design.n_samples * self.n_classes // max(1, design.n_features))
        if not diagonal and enough < design.n_samples:
            chosen = self._rng.random(design.n_samples) < enough / design.n_samples
        shape = (design.n_features,) if diagonal else (design.n_features, design.n_features)

        def of_span(rows: slice) -> tuple[Float64, Float64, float]:
            between, gram, total = np.zeros((self.n_classes, self.n_classes)), np.zeros(shape), 0.0
            for some in design.blocks(rows):
                if not chosen[some].any():
                    continue
                block, weight = design.read(some)[chosen[some]], self._weight[some][chosen[some]]
                p = softmax(design.scores(block, weights, intercept))
                weighted = p * weight[:, None]
                between += np.diag(weighted.sum(axis=0)) - weighted.T @ p
                spread = weight * (1 - np.sum(p * p, axis=1))
                gram += design.gram(block, spread, diagonal=diagonal)
                total += float(spread.sum())
            return between, gram, total

        between, gram, total = design.total(of_span)
        share = float(np.mean(chosen))
        self.n_passes += share * (0.5 if diagonal else 0.5 + design.n_features / (4 * self.n_classes))
        if total > 0:  # else every row is predicted with certainty, and the last fit is the best there is
            between /= float(self._weight[chosen].sum())
            self._preconditioner = Preconditioner(between, gram / total, self._ridge)

    @property
    def _diagonal(self) -> bool:
        return self._design.is_sparse or not fits_in_memory(self.n_classes, self._design.n_features)

    def certify(self, theta: Float64) -> Bounds:
        """Move the intercept to its optimum, then bound the minimum of F from both sides.

        Source: Fenchel duality, as in the module's docstring. The constraint on the mean of q is met to rounding by the
        intercept and then exactly by mixing: q <- (1 - mix) q + mix s with one distribution s for all rows. Good to
        about 1e-14 of F.
        """
        theta, mean = self._centre_mean(theta)
        coef, intercept = self._split(theta)
        weights = coef / self._design.scale
        mix, s = 0.0, np.zeros(self.n_classes)
        if self._has_intercept:
            with np.errstate(divide="ignore"):  # a class that no row predicts at all: -inf is no bound
                mix = max(0.0, float(np.max(1 - self._prior / mean)))
            s = np.maximum(self._prior - (1 - mix) * mean, 0.0)  # mix * s

        def of_span(rows: slice) -> tuple[float, float, Float64]:
            total, entropy, V = 0.0, 0.0, np.zeros_like(coef)
            for some in self._design.blocks(rows):
                block, labels, weight = self._design.read(some), self._labels[some], self._weight[some]
                scores = self._design.scores(block, weights, intercept)
                total += float(cross_entropy(scores, labels) @ weight)
                q = softmax(scores) * (1 - mix) + s
                entropy += float(entr(q).sum(axis=1) @ weight)
                q[np.arange(len(labels)), labels] -= 1
                q *= weight[:, None]
                self._design.add_adjoint(block, q, V)
            return total, entropy, V

        loss, entropy, V = self._design.total(of_span)
        self.n_passes += 1
        V /= self._design.scale
        gradient = np.append((V + self._ridge * coef).ravel(), mean - self._prior if self._has_intercept else [])
        primal = loss + 0.5 * float(np.sum(self._ridge * coef**2))
        dual = entropy - 0.5 * float(np.sum(V**2 / self._ridge))
        return Bounds(theta, primal, dual, float(np.linalg.norm(gradient)))

    def _centre_mean(self, theta: Float64) -> tuple[Float64, Float64]:
        """Newton's method on the intercept alone, until the mean prediction is the class frequencies."""
        if not self._has_intercept:
            return theta, self._prior
        coef, intercept = self._split(theta)
        weights, intercept = coef / self._design.scale, intercept.copy()

        def of_span(rows: slice) -> tuple[Float64, Float64]:
            mean, square = np.zeros(self.n_classes), np.zeros((self.n_classes, self.n_classes))
            for some in self._design.blocks(rows):
                p = softmax(self._design.scores(self._design.read(some), weights, intercept))
                weighted = p * self._weight[some, None]
                mean += self._weight[some] @ p
                square += weighted.T @ p
            return mean, square

        last = np.inf
        for _ in range(MAX_INTERCEPT_STEPS):
            mean, square = self._design.total(of_span)
            self.n_passes += 0.5
            wrong = float(np.max(np.abs(mean - self._prior) / self._prior))
            if wrong < 1e-13 or wrong > 0.5 * last < 1e-9:  # exact, or as near as rounding lets it come
                break
            last = wrong
            hessian = np.diag(mean) - square + 1 / self.n_classes**2  # + 11'/K^2: no step along the constant vector
            step = np.linalg.lstsq(hessian, self._prior - mean, rcond=None)[0]
            intercept += step * min(1.0, 2.0 / float(np.max(np.abs(step)) + 1e-300))
        return self._join(coef, intercept - intercept.mean()), mean
