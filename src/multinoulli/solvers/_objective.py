# SPDX-License-Identifier: BSD-3-Clause
"""What a solver needs to know of a problem: a smooth convex loss of flat parameters, and a ridge penalty on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]
Vector = NDArray[np.floating]


class Bounds(Protocol):
    """A point and what was proved about it: ``dual <= minimum <= primal``."""

    @property
    def theta(self) -> Float64: ...
    @property
    def primal(self) -> float: ...
    @property
    def dual(self) -> float: ...
    @property
    def gradient_norm(self) -> float: ...


class Point(Protocol):
    """Parameters, the loss there, and what the objective keeps to go on from there."""

    @property
    def theta(self) -> Float64: ...
    @property
    def loss(self) -> float: ...


class Curvature(Protocol):
    """The Hessian of the loss at a point, damped, estimated from some rows."""

    @property
    def share(self) -> float:
        """Of all rows, those in it."""

    def product(self, vector: Vector) -> Vector:
        """Times a vector, as a new array of its type."""


class Preconditioner(Protocol):
    """An approximate inverse of a Hessian, the penalty included."""

    @property
    def cost(self) -> float:
        """Of making it, in passes."""

    def __call__(self, vector: Vector) -> Vector:
        """Times a vector, as a new array of its type."""


class Move(Protocol):
    """A step, and what it does to what the loss is computed from."""

    @property
    def step(self) -> Float64: ...


P = TypeVar("P", bound=Point)
M = TypeVar("M", bound=Move)
C = TypeVar("C", bound=Curvature)


class Objective(Protocol[P, M, C]):
    """A loss plus ``sum(ridge * theta**2) / 2``. A solver sees this and never the data behind it."""

    n_passes: float
    """Passes over the data so far, all products with them counted."""
    n_samples: int
    least: float
    """No value is below it: a bound of its own, where that of the duals is lost in rounding."""
    precision: type[np.floating[Any]]
    """Of the vectors that curvature is worked with."""

    def start(self) -> Float64:
        """Where to begin when nothing better is known."""

    def levels(self) -> Sequence[float]:
        """Penalties from one at which the problem is easy down to the one that is meant."""

    def ridge(self, level: float) -> Float64:
        """The penalty's second derivative by every parameter, at one of these levels."""

    def point(self, theta: Float64) -> P:
        """Half a pass."""

    def gradient(self, point: P) -> Float64:
        """Of the loss, in half a pass."""

    def gap_at(self, gradient: Vector, level: float) -> float:
        """A cheap estimate of what `certify` would find at a point with this gradient, the penalty's included."""

    def first_sample(self) -> int:
        """How many rows to estimate the curvature from at first."""

    def curvature(self, point: P, rows: int, damping: float, explicit: bool) -> C:
        """The Hessian from about so many rows; for an explicit preconditioner, or not."""

    def precondition(self, point: P, curvature: C, level: float, damping: float, explicit: bool) -> Preconditioner:
        """Make a preconditioner for it: the matrix itself, factored, if `explicit`."""

    def explicit_cost(self, rows: int) -> float:
        """Of an explicit preconditioner from so many rows, in passes.

        0 where it costs no more than a few calls do, infinite where there are too many parameters.
        """

    def move(self, step: Float64) -> M:
        """Half a pass."""

    def bend(self, point: P, move: M) -> float:
        """The second derivative of the loss along the move, without a pass."""

    def search(self, point: P, moves: Sequence[M], level: float) -> tuple[P, Float64]:
        """The best point on the plane of the moves, and their lengths, without a pass."""

    def polish(self, point: P) -> P:
        """The point with the unpenalised parameters at their optimum, without a pass."""

    def combine(self, moves: Sequence[M], lengths: Float64) -> M | None:
        """What the moves come to together, if it is worth keeping for the next search."""

    def separates(self, point: P, last: M | None) -> bool:
        """Without a penalty: whether the loss has no minimum, looked into where `last` led to what seems to be one."""

    def certify(self, theta: Float64) -> Bounds:
        """Improve `theta` where that costs little, and prove bounds on the minimum."""
