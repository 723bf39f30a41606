# SPDX-License-Identifier: BSD-3-Clause
"""The L-BFGS model of the Hessian, around a preconditioner, and a line search for convex functions.

Sources: Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 7.4 (two loops) and section 3.1 (Wolfe
conditions).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

MAX_TRIALS = 30
# Differences of values this small, relative to the value, are rounding: the slope decides there.
ROUNDING = 1e-14


class Memory:
    """The last steps and the changes of the gradient along them."""

    def __init__(self, size: int, precondition: Callable[[Float64], Float64]) -> None:
        self._pairs: deque[tuple[Float64, Float64, float]] = deque(maxlen=size)
        self._precondition = precondition

    def __len__(self) -> int:
        return len(self._pairs)

    def add(self, step: Float64, change: Float64) -> None:
        """Remember a step, unless rounding has lost its curvature."""
        curvature = float(step @ change)
        if curvature > 1e-14 * float(np.linalg.norm(step) * np.linalg.norm(change)):
            self._pairs.append((step, change, curvature))

    def clear(self) -> None:
        """Forget all steps."""
        self._pairs.clear()

    def direction(self, gradient: Float64) -> Float64:
        """Minus the approximate inverse Hessian times the gradient."""
        q, shares = gradient.copy(), []
        for step, change, curvature in reversed(self._pairs):
            share = float(step @ q) / curvature
            q -= share * change
            shares.append(share)
        q = self._precondition(q)
        if self._pairs:  # as long as the last step says, in the preconditioner's metric
            _, change, curvature = self._pairs[-1]
            q *= curvature / float(change @ self._precondition(change))
        for (step, change, curvature), share in zip(self._pairs, reversed(shares), strict=True):
            q += (share - float(change @ q) / curvature) * step
        return -q


class Point(NamedTuple):
    """Where a line search went."""

    theta: Float64
    value: float
    gradient: Float64


def line_search(
    value_and_gradient: Callable[[Float64], tuple[float, Float64]], at: Point, direction: Float64, first: float = 1.0
) -> Point | None:
    """A point along `direction` that meets the weak Wolfe conditions; None if rounding forbids it.

    They ask for enough decrease, and for a descent at most 0.9 as steep as at the beginning.
    The function is convex, so the slope only grows along the line: bracketed by its sign, the next trial is where
    the secant of the slopes is zero.
    """
    slope = float(at.gradient @ direction)
    low, low_slope, high, high_slope, t = 0.0, slope, np.inf, np.nan, first
    for _ in range(MAX_TRIALS):
        theta = at.theta + t * direction
        value, gradient = value_and_gradient(theta)
        here = float(gradient @ direction)
        if not np.isfinite(value) or value > at.value + 1e-4 * t * slope + ROUNDING * abs(at.value):
            high, high_slope = t, here
        elif here < 0.9 * slope:
            low, low_slope = t, here
        else:
            return Point(theta, value, gradient)
        if np.isinf(high):
            t = float(np.clip(t * slope / (slope - here) if here > slope else 10 * t, 2 * t, 10 * t))
        else:
            share = -low_slope / (high_slope - low_slope) if high_slope > low_slope else 0.5
            t = low + float(np.clip(share, 0.1, 0.9)) * (high - low)
    return None
