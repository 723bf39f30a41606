# SPDX-License-Identifier: BSD-3-Clause
"""What a solver needs to know of a problem."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


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


class Objective(Protocol):
    """A smooth convex function of a flat vector `theta`. A solver sees this and never the data behind it."""

    n_passes: float
    """Passes over the data so far, all products with them counted."""

    def start(self) -> Float64:
        """Where to begin when nothing better is known."""

    def value_and_gradient(self, theta: Float64) -> tuple[float, Float64]:
        """The value, and the gradient of the shape of `theta`."""

    def refresh(self, theta: Float64) -> None:
        """Fit what `precondition` knows of the curvature to this point."""

    def precondition(self, gradient: Float64) -> Float64:
        """Symmetric and positive: the gradient times an approximate inverse of the Hessian."""

    def gap_at(self, gradient: Float64) -> float:
        """A cheap estimate of what `certify` would find at a point with this gradient."""

    def certify(self, theta: Float64) -> Bounds:
        """Improve `theta` where that costs little, and prove bounds on the minimum."""
