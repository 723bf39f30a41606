# SPDX-License-Identifier: BSD-3-Clause
"""How far to go along some directions, found where it is cheap: among the scores.

Along steps whose scores are known, the loss of all rows is a function of a few numbers, the lengths of the steps and an
offset of all scores; Newton's method finds its minimum without another pass over the features.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dposv

from multinoulli import _core
from multinoulli.functions import softmax

Float64 = NDArray[np.float64]

MAX_STEPS, MAX_POLISHING_STEPS = 5, 20
# Changes of scores: what to begin with, and the largest in one step.
BOLD, FAR, SOME_ROWS = 4.0, 8.0, 4096
# For many classes some rows say enough about how the classes' offsets depend on each other.
COVARIANCE_WORK = 2e5
MANY = 128  # classes from which BLAS multiplies their probabilities
LEAST_PIVOT = 1e-5  # of a Cholesky factor with a diagonal of about 1
TINY = float(np.finfo(float).tiny)


class Plane(NamedTuple):
    """Where to search: scores, those of the directions, and the penalty along them."""

    scores: Float64  # (n, K)
    labels: NDArray[np.int64]
    weight: Float64  # (n,), with sum 1
    directions: tuple[NDArray[Any], ...]  # J arrays (n, K)
    quadratic: Float64  # (J, J): second derivatives of the penalty
    linear: Float64  # (J,): its first derivatives at 0
    free_offset: bool
    n_threads: int


class Found(NamedTuple):
    """The lengths, the offset, and the loss there, without the penalty."""

    lengths: Float64
    offset: Float64
    loss: float


def search(plane: Plane, loss: float) -> Found:
    """The best point, to a tenth of what is to be gained; `loss` is the one at 0."""
    n_classes, spreads = plane.scores.shape[1], _spreads(plane)
    lengths, offset = np.zeros(len(spreads)), np.zeros(n_classes)
    lengths[0] = BOLD / max(BOLD, spreads[0])  # a bold start costs many trials
    every = max(1, int(plane.scores.size / max(8 * n_classes**2, COVARIANCE_WORK)))
    here = _evaluate(plane, lengths, offset, every)
    while not here.value < loss + 1e-13 * abs(loss) and lengths[0] > 1e-12:
        lengths[0] *= 0.25
        here = _evaluate(plane, lengths, offset, every)
    first = None
    for _ in range(MAX_STEPS):
        step, decrement = _newton_step(plane, here)
        first = decrement if first is None else first
        if decrement <= max(0.01 * first, 1e-4 * (loss - here.value)):
            break
        there = _follow(plane, here, step, decrement, spreads, every)
        if there is None:
            break
        here = there
    return _found(plane, here)


def bend(plane: Plane, every: int = 1) -> float:
    """The second derivative of the loss along the first direction, at 0; from one row in `every`."""
    J, n_classes = len(plane.directions), plane.scores.shape[1]
    scores, labels, weight, *directions = (
        np.ascontiguousarray(rows[::every]) for rows in (plane.scores, plane.labels, plane.weight, *plane.directions)
    )
    hessian = _core.linear_search(
        scores, directions, np.zeros(J), np.zeros(n_classes), labels, weight, len(scores), plane.n_threads
    )[2]
    return float(hessian[0, 0]) * float(plane.weight.sum() / weight.sum())


def polish(plane: Plane) -> Found:
    """The offset at its optimum, to rounding; without directions."""
    here = _evaluate(plane, np.zeros(0), np.zeros(plane.scores.shape[1]), 1)
    for _ in range(MAX_POLISHING_STEPS):
        if np.abs(here.gradient).max() < 1e-15:
            break
        step, decrement = _newton_step(plane, here)
        there = _follow(plane, here, step, decrement, np.zeros(0), 1)
        if there is None:
            break
        here = there
    return _found(plane, here)


class _Place(NamedTuple):
    """A point of the plane, with the loss and the penalty there and their derivatives by lengths and offset."""

    lengths: Float64
    offset: Float64
    value: float
    gradient: Float64  # (J + K,)
    hessian: Float64  # (J + K, J + K)


def _evaluate(plane: Plane, lengths: Float64, offset: Float64, every: int) -> _Place:
    """One reading of all scores; the offset's own curvature from one row in `every`."""
    J, many = len(lengths), len(offset) > MANY
    loss, gradient, hessian = _core.linear_search(
        plane.scores, plane.directions, lengths, offset, plane.labels, plane.weight,
        len(plane.scores) if many else every, plane.n_threads,
    )  # fmt: skip
    if many and plane.free_offset:
        hessian[J:, J:] = _of_offset(plane, lengths, offset, every)
    if J:
        bent = plane.quadratic @ lengths
        loss += float((plane.linear + 0.5 * bent) @ lengths)
        gradient[:J] += plane.linear + bent
        hessian[:J, :J] += plane.quadratic
    if plane.free_offset:
        hessian[J:, J:] += 1 / len(offset) ** 2  # no step along the constant vector
    return _Place(lengths, offset, loss, gradient, hessian)


def _of_offset(plane: Plane, lengths: Float64, offset: Float64, every: int) -> Float64:
    """The loss's second derivatives by the offset, from one row in `every`."""
    n_classes = len(offset)
    square, total, taken, step = np.zeros((n_classes, n_classes)), np.zeros(n_classes), 0.0, every * SOME_ROWS
    for begin in range(0, len(plane.scores), step):
        rows = slice(begin, begin + step, every)
        moved = plane.scores[rows] + offset
        for length, direction in zip(lengths, plane.directions, strict=True):
            moved += length * direction[rows]
        p = softmax(moved.astype(np.float32))
        weighted = p * plane.weight[rows, None].astype(np.float32)
        square += weighted.T @ p
        total += weighted.sum(axis=0, dtype=np.float64)
        taken += float(plane.weight[rows].sum())
    square *= -1 / taken
    square.flat[:: n_classes + 1] += total / taken
    return square


def _newton_step(plane: Plane, here: _Place) -> tuple[Float64, float]:
    """For lengths and offset, and twice the decrease that it promises."""
    if plane.free_offset:
        step = -_solve(here.hessian, here.gradient)
    else:
        J, step = len(here.lengths), np.zeros_like(here.gradient)
        step[:J] = -_solve(here.hessian[:J, :J], here.gradient[:J])
    return step, float(-here.gradient @ step)


def _follow(plane: Plane, here: _Place, step: Float64, decrement: float, spreads: Float64, every: int) -> _Place | None:
    """The point at the end of a step, or so far along it that the value falls; None if it does not."""
    J = len(here.lengths)
    # Where all rows are certain the curvature says nothing of how far they may go.
    reach = float(np.abs(step[:J]) @ spreads + np.abs(step[J:]).max())
    t = min(1.0, FAR / reach) if reach > 0 else 1.0
    while t > 1e-9:
        there = _evaluate(plane, here.lengths + t * step[:J], here.offset + t * step[J:], every)
        if there.value <= here.value - 0.1 * t * decrement + 1e-14 * abs(here.value):
            return there
        t *= 0.3
    return None


def _found(plane: Plane, here: _Place) -> Found:
    return Found(
        here.lengths, here.offset - here.offset.sum() / len(here.offset), here.value - _penalty(plane, here.lengths)
    )


def _spreads(plane: Plane) -> Float64:
    """How much every direction changes scores, from some thousand rows; on average over the classes not at all."""
    return np.array([spread(scores) for scores in plane.directions])


def spread(scores: NDArray[Any]) -> float:
    """Root mean square of scores that are 0 on average, from some thousand rows."""
    some = scores[:: max(1, len(scores) // SOME_ROWS)]
    return float(np.sqrt(np.vdot(some, some) / some.size))


def _penalty(plane: Plane, lengths: Float64) -> float:
    return float(plane.linear @ lengths + 0.5 * lengths @ (plane.quadratic @ lengths))


def _solve(hessian: Float64, gradient: Float64) -> Float64:
    """H^-1 g, scaled first: lengths and offsets have nothing in common."""
    diagonal = hessian.diagonal()
    root = np.sqrt(np.maximum(diagonal, max(1e-14 * float(diagonal.max()), TINY)))
    scaled, right = hessian / root, gradient / root
    scaled /= root[:, None]
    scaled.ravel()[:: len(root) + 1] += 1e-12
    factor, solution, info = dposv(scaled, right)
    if info or float(factor.diagonal().min()) < LEAST_PIVOT:  # directions that are nearly one
        solution = np.linalg.lstsq(scaled, right, rcond=None)[0]
    solution /= root
    result: Float64 = solution
    return result
