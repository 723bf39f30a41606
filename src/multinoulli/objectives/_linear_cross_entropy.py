# SPDX-License-Identifier: BSD-3-Clause
"""The objective of softmax regression: the mean cross-entropy of linear scores, with a ridge on the coefficients."""

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
from multinoulli.objectives._certificate import best_intercept, prove
from multinoulli.objectives._contrasts import contrast_hessian, drawn_contrast_hessian
from multinoulli.objectives._curvature import Hessian, Sample, draw
from multinoulli.objectives._design import Design
from multinoulli.objectives._preconditioners import ClassBlocks, Explicit, Kronecker
from multinoulli.objectives._search import MANY, Found, Plane, bend, polish, search, spread
from multinoulli.objectives._separation import Separation, complete, quasi_complete
from multinoulli.objectives._size import Size

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating[Any]]

# Part of the features' squared scale below which a penalty is lost in the Hessian's rounding.
LEAST_VISIBLE = 1e-16
# Penalties come down from this share of the curvature, at most so many times the one that is meant, by factors of ten;
# to none at all by factors of a hundred.
EASY, MOST, FALL, FALLS_TO_NOTHING = 1e-3, 1e3, 10.0, 4
# Near a minimum a step changes no score by so many times its length in the metric of the Hessian; where the minimum is
# at infinity, scores go on that bend the loss no more.
RECEDING = 100.0
# Part of the way that scores have come below which a step drowns in the rounding of those in float32.
TOO_ROUGH = 1e-4
# One row in so many tells how much the loss of a large problem bends.
BENDING = 31


@dataclass
class Point:
    """Parameters, the scores of all rows, and their loss."""

    theta: Float64
    scores: Float64  # (n_samples, n_classes)
    objective: LinearCrossEntropy
    path: float = 0.0  # how far the scores have come in float32

    @cached_property
    def parts(self) -> tuple[float, Float64, Float64]:
        """The loss, its gradient, and how much every row bends it: half a pass, once."""
        return self.objective.parts(self)

    @property
    def loss(self) -> float:
        """Mean cross-entropy."""
        return self.parts[0]


@dataclass(frozen=True)
class Move:
    """A step and the scores that it adds."""

    step: Float64
    scores: NDArray[Any]


class LinearCrossEntropy:
    """Mean cross-entropy of linear scores with a ridge penalty on the coefficients.

    The parameters ``theta`` are the coefficients in coordinates where the columns of a dense X are centred and have
    standard deviation 1, (n_features, n_classes) in C order, and then the intercept, (n_classes,), if there is one.
    The penalty is the one on the original coefficients, carried over exactly.

    Parameters
    ----------
    X : ndarray or csr_array of shape (n_samples, n_features)
        float32 or float64.
    labels : ndarray of shape (n_samples,)
        Integer codes 0..n_classes-1; with an intercept every class occurs.
    weight : ndarray of shape (n_samples,)
        Positive.
    n_classes : int
        At least 2.
    l2 : float
        At least 0: second derivative of the penalty, per unit of weight.
    fit_intercept : bool
        Whether there is an intercept. It is not penalised.
    n_threads : int
        Threads over rows; they change no bit of any result.
    rng : numpy.random.Generator
        Draws the rows that the curvature is estimated from, where there are too many to take all.
    """

    least = 0.0

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
        self._labels, self._rng, self.n_classes = np.ascontiguousarray(labels), rng, n_classes
        self._weight = np.ascontiguousarray(weight / weight.sum())
        self._has_intercept, self._n_threads = fit_intercept, n_threads
        self._design = Design(X, self._weight, centred=fit_intercept, n_threads=n_threads)
        self._l2 = l2
        self._is_visible = not l2 or l2 > LEAST_VISIBLE * float(np.mean(self._design.scale**2))
        self._prior = np.bincount(labels, weights=self._weight, minlength=n_classes).astype(np.float64)
        self.n_samples, self.n_features = map(int, X.shape)
        self.size = Size(self.n_samples, self.n_features, n_classes, self._design.n_entries, self._design.is_sparse)
        self.precision: type[np.floating[Any]] = np.float64 if self.size.takes_doubles else np.float32
        self._own_passes = 0.0
        self.separation: Separation | None = None
        self._ridge: tuple[float, Float64] | None = None  # the last one asked for

    @property
    def n_passes(self) -> float:
        """Passes over the data so far: X times a matrix and X' times a matrix, for all rows."""
        return self._own_passes + self._design.n_passes

    @n_passes.setter
    def n_passes(self, passes: float) -> None:
        self._own_passes = passes - self._design.n_passes

    # --- parameters -------------------------------------------------------------------------------------------------

    def start(self) -> Float64:
        """The class frequencies: coefficients 0, intercept the log of the frequencies."""
        coef = np.zeros((self.n_features, self.n_classes))
        if not self._has_intercept:
            return coef.ravel()
        logs = np.log(self._prior)
        return self._join(coef, logs - logs.mean())

    def pack(self, coef: Float64, intercept: Float64) -> Float64:
        """Theta of coefficients (n_classes, n_features) and intercept (n_classes,) in the user's coordinates."""
        return self._join(coef.T * self._design.scale[:, None], intercept + coef @ self._design.mean)

    def unpack(self, theta: Float64) -> tuple[Float64, Float64]:
        """Coefficients and intercept in the user's coordinates; the intercept has mean 0 over the classes."""
        coef, intercept = self._split(theta)
        coef = (coef / self._design.scale[:, None]).T
        if self._has_intercept:
            intercept = intercept - coef @ self._design.mean
            intercept = intercept - intercept.mean()
        return coef, intercept

    def _join(self, coef: Float64, intercept: Float64) -> Float64:
        return np.concatenate([coef.ravel(), intercept]) if self._has_intercept else coef.ravel()

    def _split(self, theta: Any) -> tuple[Any, Any]:
        size = self.n_classes * self.n_features
        coef = theta[:size].reshape(self.n_features, self.n_classes)
        return coef, theta[size:] if self._has_intercept else np.zeros(self.n_classes)

    # --- the penalty ------------------------------------------------------------------------------------------------

    def levels(self) -> Sequence[float]:
        """Penalties from one at which the problem is easy, in factors of ten, down to the one that is meant."""
        if self._design.is_sparse or (self._l2 and not self.explicit_cost(self.n_samples)):
            return [self._l2]
        spread = 1 - float(self._prior @ self._prior)
        easy = EASY * spread / self.n_classes * float(np.mean(self._design.scale**2))
        if not self._l2:
            return [*(easy * FALL ** (-2 * i) for i in range(FALLS_TO_NOTHING)), 0.0]
        level, levels = min(easy, MOST * self._l2), []
        while level > 1.5 * self._l2:
            levels.append(level)
            level /= FALL
        return [*levels, self._l2]

    def ridge(self, level: float) -> Float64:
        """The penalty's second derivative by every parameter."""
        if self._ridge is None or self._ridge[0] != level:
            of_features = np.repeat(level / self._design.scale**2, self.n_classes)
            self._ridge = level, self._join(of_features, np.zeros(self.n_classes))
        return self._ridge[1]

    def gap_at(self, gradient: Vector, level: float) -> float:
        """F - D if the intercept were at its optimum: costs nothing, proves nothing."""
        of_coef = self._split(gradient)[0]
        if not self._design.is_sparse:
            of_coef = self._design.scale[:, None] * of_coef
        return 0.5 * float(np.vdot(of_coef, of_coef)) / level

    # --- points -----------------------------------------------------------------------------------------------------

    def point(self, theta: Float64) -> Point:
        """The scores at theta."""
        return Point(theta, self._design.scores(*self._split(theta)), self)

    def parts(self, point: Point) -> tuple[float, Float64, Float64]:
        """What `Point` keeps."""
        gradient = np.empty_like(point.theta)
        rows, out = (self._labels, self._weight), self._split(gradient)
        coef, offset = self._split(point.theta)
        if coef.any() or self.size.is_sparse:
            loss, spread = self._design.gradient(point.scores, *rows, *out)
        else:  # as at the start
            loss, spread = self._design.gradient_of_constant(softmax(offset), *rows, *out)
        return loss, gradient, spread

    def gradient(self, point: Point) -> Float64:
        """Of the loss."""
        return point.parts[1]

    def move(self, step: Float64) -> Move:
        """A step, less what it would do to all classes alike, and the scores that it adds."""
        coef, offset = self._split(step)
        coef, offset = coef - coef.sum(axis=1, keepdims=True) / self.n_classes, offset - offset.sum() / self.n_classes
        scores = (self._design.rough_scores if self.size.is_large else self._design.scores)(coef, offset)
        return Move(self._join(coef, offset), scores)

    def combine(self, moves: Sequence[Move], lengths: Float64) -> Move | None:
        """What the moves come to together; None if their scores are too many to keep."""
        if self.size.is_large:
            return None
        step = _sum(lengths, [move.step for move in moves])
        scores = np.zeros_like(moves[0].scores)
        _add(scores, moves, lengths, np.zeros(self.n_classes), self._n_threads)
        return Move(step, scores)

    def bend(self, point: Point, move: Move) -> float:
        """The second derivative of the loss along the move, of all rows."""
        return bend(self._plane(point, [move], np.zeros((1, 1)), np.zeros(1)), BENDING if self.size.is_large else 1)

    def search(self, point: Point, moves: Sequence[Move], level: float) -> tuple[Point, Float64]:
        """The best point on the plane of the moves, and their lengths."""
        ridge, steps = self.ridge(level), [move.step for move in moves]
        pulls = [ridge * u for u in steps]
        quadratic, linear = [[u @ v for u in pulls] for v in steps], [u @ point.theta for u in pulls]
        plane = self._plane(point, moves, np.array(quadratic), np.array(linear))
        found = search(plane, point.loss)
        theta = point.theta + _sum(found.lengths, steps)
        return self._moved(point, theta, moves, found), found.lengths

    def polish(self, point: Point) -> Point:
        """The point with the intercept at its optimum; with many classes the certificate sees to that."""
        if not self._has_intercept or (self.size.is_large and self.n_classes > MANY):
            return point
        found = polish(self._plane(point, [], np.zeros((0, 0)), np.zeros(0)))
        return self._moved(point, point.theta.copy(), [], found)

    def _plane(self, point: Point, moves: Sequence[Move], quadratic: Float64, linear: Float64) -> Plane:
        scores = tuple(move.scores for move in moves)
        return Plane(
            point.scores, self._labels, self._weight, scores, quadratic, linear, self._has_intercept, self._n_threads
        )

    def _moved(self, point: Point, theta: Float64, moves: Sequence[Move], found: Found) -> Point:
        if self._has_intercept:
            theta[-self.n_classes :] += found.offset
        path = point.path
        if self.size.is_large and moves:
            length = abs(float(found.lengths[0])) * spread(moves[0].scores)
            path += length
            if length < TOO_ROUGH * path:
                return self.point(theta)
        _add(point.scores, moves, found.lengths, found.offset, self._n_threads)
        return Point(theta, point.scores, self, path)

    # --- curvature --------------------------------------------------------------------------------------------------

    def first_sample(self) -> int:
        """How many rows to estimate the curvature from at first."""
        return self.size.first_sample

    def curvature(self, point: Point, rows: int, damping: float, explicit: bool) -> Hessian:
        """The Hessian from about so many rows; in float64 where it is to be factored and is small enough."""
        return Hessian(self._sample(point, self.size.sample(rows), damping, explicit), self._has_intercept)

    def _sample(self, point: Point, rows: int, damping: float, explicit: bool = False) -> Sample:
        dtype = np.float64 if explicit and self.size.is_formed_exactly else np.float32
        return draw(self._design, point.scores, self._weight, point.parts[2], rows, damping, self._rng, dtype)

    def precondition(
        self, point: Point, curvature: Hessian, level: float, damping: float, explicit: bool
    ) -> Kronecker | ClassBlocks | Explicit:
        """An approximate inverse, from no more rows than make it worth its price."""
        ridge, sample, size = self._ridge_of_features(level), curvature.sample, self.size
        m = len(sample.weight)
        if size.is_sparse:
            base: Kronecker | ClassBlocks | Explicit = ClassBlocks(sample, ridge, self._has_intercept)
        elif explicit:
            n_inputs = size.n_features + self._has_intercept
            if size.is_formed_exactly:
                H = contrast_hessian(sample.X, sample.proba, sample.weight, damping, n_inputs)
            else:
                H = drawn_contrast_hessian(sample, n_inputs, size.n_terms, self._rng)
            base = Explicit(H, size.n_classes, ridge, self._has_intercept, self.explicit_cost(m))
        else:
            if m > size.rows_of_factors:
                sample = self._sample(point, size.rows_of_factors, damping)
            base = Kronecker(sample, ridge, self._has_intercept, count_eigenvectors=not size.is_small)
        self.n_passes += base.cost
        return base

    def explicit_cost(self, rows: int) -> float:
        """Of an explicit preconditioner from so many rows, in passes."""
        return 0.0 if self._is_visible and self.size.is_tiny else self.size.price_of_forming(rows)

    def _ridge_of_features(self, level: float) -> Float64:
        return level / self._design.scale**2

    # --- proofs -----------------------------------------------------------------------------------------------------

    def separates(self, point: Point, last: Move | None) -> bool:
        """Whether the loss has no minimum, which `separation` then says more of.

        Proved by scores that put every row's own class first; and looked for by a linear program where the last move
        still changes scores at a point that otherwise looks like the minimum: a sign of quasi-complete separation.
        """
        own = np.take_along_axis(point.scores, self._labels[:, None], axis=1)
        ahead = point.scores < own
        np.put_along_axis(ahead, self._labels[:, None], True, axis=1)
        coef, scale = self._split(point.theta)[0], self._design.scale
        if ahead.all():
            self.separation = complete(coef / scale[:, None], scale)
        elif last is not None and float(np.abs(last.scores).max()) > RECEDING * self.bend(point, last) ** 0.5:
            X = self._design.whole()
            self.separation = quasi_complete(X, self._labels, self.n_classes, self._has_intercept)
        return self.separation is not None

    def certify(self, theta: Float64) -> Bounds:
        """Move the intercept to its optimum, then bound the minimum of F from both sides, on its own."""
        blocks, scale = self._design.blocks(self.n_classes), self._design.scale[:, None]
        coef, intercept = self._split(theta)
        coef = coef - coef.mean(axis=1, keepdims=True)  # what all classes have in common changes the penalty alone
        original, mean = coef / scale, self._prior
        products, readings = blocks.products(original), 0
        if self._has_intercept:
            intercept, mean, readings = best_intercept(blocks, products, self._weight, intercept, self._prior)
        proof = prove(
            blocks, products, self._labels, self._weight, original, intercept, self._l2,
            has_intercept=self._has_intercept, mean_proba=mean, prior=self._prior,
        )  # fmt: skip
        self.n_passes += 1 if blocks.keeps(self.n_classes) else 1 + 0.5 * readings
        gradient = self._join(proof.of_coef / scale, proof.of_intercept)
        return Bounds(self._join(coef, intercept), proof.primal, proof.dual, float(np.linalg.norm(gradient)))


def _sum(lengths: Float64, steps: Sequence[Float64]) -> Float64:
    total: Float64 = lengths[0] * steps[0]
    for length, step in zip(lengths[1:], steps[1:], strict=True):
        total += length * step
    return total


def _add(scores: Float64, moves: Sequence[Move], lengths: Float64, offset: Float64, n_threads: int) -> None:
    _core.linear_move(scores, tuple(move.scores for move in moves), lengths, offset, n_threads)
