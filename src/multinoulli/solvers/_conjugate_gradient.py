# SPDX-License-Identifier: BSD-3-Clause
"""Preconditioned conjugate gradients, which leave behind what they learnt of the matrix.

Source: Nocedal & Wright, Numerical Optimization, 2nd ed., algorithm 5.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs

Vector = NDArray[np.floating]
Operator = Callable[[Vector], Vector]

# Rounding has taken over where the residual's squared norm is so many times that of the gradient.
DIVERGED = 1e6


class Solved(NamedTuple):
    """An approximate solution of ``H step = -gradient``."""

    step: Vector
    pairs: list[tuple[Vector, Vector]]
    """The directions that were tried and their products with H, if they were to be remembered."""
    n_products: int
    decrement: float
    """The squared norm of the gradient in the preconditioner's metric: twice the decrease that is to be had, if the
    preconditioner were the inverse of H."""
    converged: bool


def conjugate_gradient(
    product: Operator,
    precondition: Operator,
    gradient: Vector,
    enough: Callable[[Vector, float], bool],
    limit: int,
    *,
    remember: bool = True,
) -> Solved:
    """Solve, in the precision of `gradient`, until `enough(residual, reduction)` says so.

    The reduction is that of the squared norm of the residual in the preconditioner's metric. `product` and
    `precondition` are symmetric and positive, and return new arrays; where rounding makes `product` something else, the
    solution so far is returned.
    """
    axpy = get_blas_funcs("axpy", (gradient,))  # y += a x without an array in between
    step, residual, pairs = np.zeros_like(gradient), -gradient, []
    z = precondition(residual)
    direction, rz = z.copy(), float(residual @ z)
    first, converged, k = rz, False, 0
    while k < limit:
        image = product(direction)
        curvature = float(direction @ image)
        if not curvature > 0:
            break
        k += 1
        if remember:
            pairs.append((direction, image))
        axpy(direction, step, a=rz / curvature)
        axpy(image, residual, a=-rz / curvature)
        z = precondition(residual)
        with np.errstate(over="ignore", invalid="ignore"):  # of a residual that float64 has no room for
            new = float(residual @ z)
        if not math.isfinite(new):
            if not np.isfinite(step).all():
                step[:] = 0
            break
        converged = enough(residual, new / first)
        if converged or not 0 < new < DIVERGED * first:
            break
        if remember:
            direction = z + new / rz * direction
        else:
            direction *= new / rz
            direction += z
        rz = new
    return Solved(step, pairs, k, first, converged)
