# SPDX-License-Identifier: BSD-3-Clause
"""How far to go along some directions, found where it is cheap: among the scores.

Along steps whose scores are known, the loss of all rows is a function of a few numbers, the lengths of the steps and an
offset of all scores; Newton's method finds its minimum without another pass over the features.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core

Float64 = NDArray[np.float64]

MAX_STEPS, MAX_POLISHING_STEPS = 5, 20
# Changes of scores: what to begin with, and the largest in one step.
BOLD, FAR, SOME_ROWS = 4.0, 8.0, 4096
# For many classes some rows say enough about how the classes' offsets depend on each other.
COVARIANCE_WORK = 2e5


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
    n_classes, n_lengths = plane.scores.shape[1], len(plane.directions)
    lengths, offset = np.zeros(n_lengths), np.zeros(n_classes)
    lengths[0] = BOLD / max(BOLD, _spreads(plane)[0])  # a bold start costs many trials
    begin, value = loss, _value(plane, lengths, offset)
    while not value < begin + 1e-13 * abs(begin) and lengths[0] > 1e-12:
        lengths[0] *= 0.25
        value = _value(plane, lengths, offset)
    return _newton(plane, lengths, offset, begin, value, polish=False)


def bend(plane: Plane) -> float:
    """The second derivative of the loss along the first direction, at 0."""
    J, n_classes = len(plane.directions), plane.scores.shape[1]
    hessian = _core.linear_search(
        plane.scores, plane.directions, np.zeros(J), np.zeros(n_classes), plane.labels, plane.weight,
        len(plane.scores), plane.n_threads,
    )[2]  # fmt: skip
    return float(hessian[0, 0])


def polish(plane: Plane) -> Found:
    """The offset at its optimum, to rounding; without directions."""
    n_classes = plane.scores.shape[1]
    return _newton(plane, np.zeros(0), np.zeros(n_classes), np.inf, np.inf, polish=True)


def _newton(plane: Plane, lengths: Float64, offset: Float64, begin: float, value: float, *, polish: bool) -> Found:
    n, n_classes = plane.scores.shape
    J = len(lengths)
    every = 1 if polish else max(1, int(n * n_classes / max(8 * n_classes**2, COVARIANCE_WORK)))
    first, spreads = None, _spreads(plane)
    for _ in range(MAX_POLISHING_STEPS if polish else MAX_STEPS):
        loss, gradient, hessian = _core.linear_search(
            plane.scores, plane.directions, lengths, offset, plane.labels, plane.weight, every, plane.n_threads
        )
        value = loss + _penalty(plane, lengths)
        gradient[:J] += plane.linear + plane.quadratic @ lengths
        hessian[:J, :J] += plane.quadratic
        if plane.free_offset:
            hessian[J:, J:] += 1 / n_classes**2  # no step along the constant vector
        else:
            gradient, hessian = gradient[:J], hessian[:J, :J]
        wrong = float(np.abs(gradient[J:]).max(initial=0))
        step = -_solve(hessian, gradient)
        decrement = float(-gradient @ step)
        first = decrement if first is None else first
        if polish:
            if wrong < 1e-15:
                break
        elif decrement <= max(0.01 * first, 1e-4 * (begin - value)):
            break
        # Where all rows are certain the curvature says nothing of how far they may go.
        reach = float(np.abs(step[:J]) @ spreads + np.abs(step[J:]).max(initial=0))
        t, falls = min(1.0, FAR / reach) if reach > 0 else 1.0, False
        while not falls and t > 1e-9:
            trial = _value(plane, lengths + t * step[:J], offset + t * _offset(step, J, n_classes))
            falls = trial <= value - 0.1 * t * decrement + 1e-14 * abs(value)
            t = t if falls else 0.3 * t
        if not falls:
            break
        lengths, offset, value = lengths + t * step[:J], offset + t * _offset(step, J, n_classes), trial
    return Found(lengths, offset - offset.mean(), value - _penalty(plane, lengths))


def _spreads(plane: Plane) -> Float64:
    """How much every direction changes scores, from some thousand rows."""
    return np.array([float(d[:: max(1, len(d) // SOME_ROWS)].std(dtype=np.float64)) for d in plane.directions])


def _offset(step: Float64, J: int, n_classes: int) -> Float64:
    return step[J:] if len(step) > J else np.zeros(n_classes)


def _value(plane: Plane, lengths: Float64, offset: Float64) -> float:
    loss: float = _core.linear_value(
        plane.scores, plane.directions, lengths, offset, plane.labels, plane.weight, plane.n_threads
    )
    return loss + _penalty(plane, lengths)


def _penalty(plane: Plane, lengths: Float64) -> float:
    return float(plane.linear @ lengths + 0.5 * lengths @ plane.quadratic @ lengths)


def _solve(hessian: Float64, gradient: Float64) -> Float64:
    """H^-1 g, scaled first: lengths and offsets have nothing in common."""
    diagonal = np.diag(hessian)
    root = np.sqrt(np.maximum(diagonal, max(1e-14 * float(diagonal.max(initial=0)), np.finfo(float).tiny)))
    scaled = hessian / np.outer(root, root) + 1e-12 * np.eye(len(root))
    solution: Float64 = np.linalg.lstsq(scaled, gradient / root, rcond=None)[0] / root
    return solution
