# SPDX-License-Identifier: BSD-3-Clause
"""The objective of one batch of a stream: its cross-entropy, and how far the estimate goes from that of all before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli.functions import softmax
from multinoulli.objectives._bounds import Bounds
from multinoulli.objectives._contrasts import contrasts
from multinoulli.objectives._posterior import Inverse, Posterior
from multinoulli.objectives._search import Plane, search

Float64 = NDArray[np.float64]
Vector = NDArray[Any]


@dataclass
class Point:
    """Parameters, the scores there, and the loss."""

    theta: Float64
    scores: Float64  # (m, K)
    objective: AnchoredCrossEntropy

    @cached_property
    def parts(self) -> tuple[float, Float64]:
        """The loss and its gradient."""
        return self.objective.parts(self)

    @property
    def loss(self) -> float:
        """The anchor included."""
        return self.parts[0]


@dataclass(frozen=True)
class Move:
    """A step and the scores that it adds."""

    step: Float64
    scores: Float64


@dataclass(frozen=True)
class Hessian:
    """Of a batch, damped, and of the anchor."""

    objective: AnchoredCrossEntropy
    proba: Float64
    damping: float
    share: float = 1.0

    def product(self, vector: Vector) -> Vector:
        """Times a vector."""
        return self.objective.bent(vector, self.proba, self.damping)


@dataclass(frozen=True)
class Preconditioner:
    """Flat vectors to flat vectors."""

    inverse: Inverse
    shape: tuple[int, ...]
    cost: float

    def __call__(self, vector: Vector) -> Vector:
        return self.inverse(vector.reshape(self.shape)).ravel()


class AnchoredCrossEntropy:
    """``sum_i w_i cross_entropy(z_i) + (theta - mean)' precision (theta - mean) / 2``, flat parameters.

    The anchor is part of the loss here: to a solver there is one level, and no ridge.

    Parameters
    ----------
    posterior : Posterior
        What earlier batches have taught.
    X : ndarray or csr_array of shape (n_samples, n_features)
        The batch; it is copied in float64.
    labels : ndarray of shape (n_samples,)
        Integer codes; some may not occur.
    weight : ndarray of shape (n_samples,)
        Positive.
    n_threads : int
        Threads over rows.
    """

    least = 0.0
    precision: type[np.floating[Any]] = np.float64

    def __init__(
        self, posterior: Posterior, X: Any, labels: NDArray[np.int64], weight: Float64, n_threads: int
    ) -> None:
        self._whole, self._posterior, self._n_threads = posterior, posterior, n_threads
        self._inputs, self._labels, self._weight = posterior.inputs(X), labels, weight
        self._active: NDArray[np.intp] | None = None
        if sparse.issparse(self._inputs):
            self._active = np.unique(self._inputs.indices)
            self._inputs, self._posterior = self._inputs[:, self._active], posterior.part(self._active)
        self._basis = contrasts(len(posterior.theta) + 1)
        self.n_samples, self.n_passes = len(labels), 0.0
        self._precondition(softmax(self._scores(self.start())))

    def start(self) -> Float64:
        """The estimate so far."""
        return self._posterior.theta.ravel()

    def levels(self) -> Sequence[float]:
        """One."""
        return [1.0]

    def ridge(self, level: float) -> Float64:
        """None."""
        return np.zeros(self._posterior.theta.size)

    def point(self, theta: Float64) -> Point:
        """The scores at theta."""
        return Point(theta, self._scores(theta), self)

    def parts(self, point: Point) -> tuple[float, Float64]:
        """What `Point` keeps."""
        losses, residual = _core.cross_entropy_gradient(point.scores, self._labels)
        away = self._away(point)
        pull = self._posterior.product(away)
        return float(self._weight @ losses + 0.5 * np.vdot(away, pull)), (self._adjoint(residual) + pull).ravel()

    def gradient(self, point: Point) -> Float64:
        """Of the loss."""
        return point.parts[1]

    def gap_at(self, gradient: Vector, level: float) -> float:
        """An estimate: half the squared decrement in the preconditioner's metric."""
        return 0.5 * float(gradient @ self._preconditioner(gradient))

    def first_sample(self) -> int:
        """All rows."""
        return self.n_samples

    def curvature(self, point: Point, rows: int, damping: float, explicit: bool) -> Hessian:
        """Of all rows."""
        return Hessian(self, softmax(point.scores), damping)

    def bent(self, vector: Vector, proba: Float64, damping: float) -> Float64:
        """The damped Hessian at these probabilities times a vector."""
        scores = self._scores(vector)
        bent = proba * (scores - np.vecdot(proba, scores)[:, None]) + damping * scores
        return np.ravel(self._adjoint(bent) + self._posterior.product(vector.reshape(self._posterior.theta.shape)))

    def precondition(
        self, point: Point, curvature: Hessian, level: float, damping: float, explicit: bool
    ) -> Preconditioner:
        """An approximate inverse of what the precision will be."""
        return self._precondition(curvature.proba)

    def explicit_cost(self, rows: int) -> float:
        """There is none."""
        return np.inf

    def move(self, step: Float64) -> Move:
        """The scores that a step adds."""
        return Move(step, self._scores(step))

    def bend(self, point: Point, move: Move) -> float:
        """The second derivative along the move."""
        return float(move.step @ self.bent(move.step, softmax(point.scores), 0.0))

    def search(self, point: Point, moves: Sequence[Move], level: float) -> tuple[Point, Float64]:
        """The best point on the plane of the moves, and their lengths."""
        shape, away = self._posterior.theta.shape, self._away(point)
        pulls = [self._posterior.product(move.step.reshape(shape)).ravel() for move in moves]
        linear = np.array([float(np.vdot(away, pull)) for pull in pulls])
        quadratic = np.array([[float(move.step @ pull) for pull in pulls] for move in moves])
        scores = tuple(move.scores for move in moves)
        plane = Plane(point.scores, self._labels, self._weight, scores, quadratic, linear, False, self._n_threads)
        anchor = 0.5 * float(np.vdot(away, self._posterior.product(away)))
        lengths = search(plane, point.loss - anchor).lengths
        step = self.combine(moves, lengths)
        return Point(point.theta + step.step, point.scores + step.scores, self), lengths

    def polish(self, point: Point) -> Point:
        """The point: nothing is free of the anchor."""
        return point

    def combine(self, moves: Sequence[Move], lengths: Float64) -> Move:
        """What the moves come to together."""
        step, scores = np.zeros_like(moves[0].step), np.zeros_like(moves[0].scores)
        for length, move in zip(lengths, moves, strict=True):
            step += length * move.step
            scores += length * move.scores
        return Move(step, scores)

    def separates(self, point: Point, last: Move | None) -> bool:
        """Not asked: the anchor holds."""
        return False

    def certify(self, theta: Float64) -> Bounds:
        """An estimate, which is all that a batch is worth."""
        point = self.point(theta)
        loss, gradient = point.parts
        return Bounds(theta, loss, loss - self.gap_at(gradient, 1.0), float(np.linalg.norm(gradient)))

    def learn(self, theta: Float64) -> None:
        """Put what the batch says into the posterior."""
        self._posterior.learn(theta, self._inputs, softmax(self._scores(theta)), self._weight)
        if self._active is not None:
            self._whole.put(self._active, self._posterior)

    def _precondition(self, proba: Float64) -> Preconditioner:
        inverse = self._posterior.inverse_with(self._inputs, proba, self._weight)
        n_contrasts, n_inputs = self._posterior.theta.shape
        self._preconditioner = Preconditioner(inverse, (n_contrasts, n_inputs), 1 + n_inputs / (4 * n_contrasts))
        return self._preconditioner

    def _away(self, point: Point) -> Float64:
        return point.theta.reshape(self._posterior.theta.shape) - self._posterior.theta

    def _scores(self, theta: Vector) -> Float64:
        self.n_passes += 0.5
        scores: Float64 = self._inputs @ (self._basis @ theta.reshape(self._posterior.theta.shape)).T
        return scores

    def _adjoint(self, residual: Float64) -> Float64:
        """By parameter, of what is one number a score; every row counts by its weight."""
        self.n_passes += 0.5
        of_contrasts = (residual * self._weight[:, None]) @ self._basis
        return np.asarray((self._inputs.T @ of_contrasts).T)
