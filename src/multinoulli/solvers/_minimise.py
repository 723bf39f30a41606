# SPDX-License-Identifier: BSD-3-Clause
"""The one way to minimise an objective: iterate until the gap is proved small."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from multinoulli.solvers._lbfgs import ROUNDING, Memory, Point, line_search
from multinoulli.solvers._objective import Objective
from multinoulli.solvers._result import Certificate, Progress, Result, Status

Float64 = NDArray[np.float64]

# Steps that L-BFGS remembers: many, because a step costs a pass over the data and a pair only two vectors, but no
# more than half a gigabyte of them.
MAX_PAIRS, MAX_PAIR_ENTRIES = 60, 1 << 26
# The curvature changes fastest in the first iterations, so it is measured at 10, 30, 90 ...
FIRST_REFRESH, REFRESH_FACTOR = 10, 3
# Iterations in which neither the value nor the best gap moves beyond rounding: more will not help.
PATIENCE = 30


def minimise(
    objective: Objective,
    start: Float64 | None = None,
    *,
    tol: float = 1e-6,
    max_iter: int = 1000,
    callback: Callable[[Progress], object] | None = None,
) -> Result:
    """Minimise a smooth convex objective by L-BFGS, until its relative duality gap is proved to be at most `tol`.

    Parameters
    ----------
    objective : Objective
        What to minimise.
    start : ndarray, optional
        Where to begin; without it, where the objective says.
    tol : float
        Largest relative gap, ``(primal - dual) / primal``, of a converged result.
    max_iter : int
        Iterations after which to stop all the same; 0 certifies the start.
    callback : callable, optional
        Called with a `Progress` after every iteration.

    Returns
    -------
    Result
        Its certificate is computed afresh at the returned point, whatever the status.
    """
    theta = objective.start() if start is None else start
    at = Point(theta, *objective.value_and_gradient(theta))
    n_pairs = int(np.clip(MAX_PAIR_ENTRIES // (2 * theta.size), 5, MAX_PAIRS))
    memory = Memory(n_pairs, objective.precondition)
    objective.refresh(at.theta)
    status: Status = "max_iter"
    # The cheap estimate says when a certificate is worth its passes; after one that failed, it must be smaller.
    worth = 0.9 * tol
    n_iter, next_refresh = 0, FIRST_REFRESH
    best, lowest, idle = np.inf, at.value, 0
    while True:
        estimate = objective.gap_at(at.gradient) / at.value if at.value > 0 else 0.0
        if callback is not None and n_iter:
            callback(Progress(n_iter, objective.n_passes, at.value, estimate, tol))
        if estimate <= worth:
            bounds = objective.certify(at.theta)
            if bounds.primal - bounds.dual <= tol * bounds.primal:
                status = "converged"
                break
            worth = 0.25 * estimate
            memory.clear()
            at = Point(bounds.theta, *objective.value_and_gradient(bounds.theta))
        moved = estimate < 0.99 * best or at.value < lowest - ROUNDING * abs(lowest)
        best, lowest, idle = min(best, estimate), min(lowest, at.value), 0 if moved else idle + 1
        if n_iter >= max_iter or idle > PATIENCE:
            status = "max_iter" if n_iter >= max_iter else "stalled"
            bounds = objective.certify(at.theta)
            break
        if n_iter == next_refresh:
            objective.refresh(at.theta)
            next_refresh *= REFRESH_FACTOR
        next_point = line_search(objective.value_and_gradient, at, memory.direction(at.gradient))
        if next_point is None and len(memory):  # the model may be at fault: once more without it
            memory.clear()
            next_point = line_search(objective.value_and_gradient, at, memory.direction(at.gradient))
        if next_point is None:
            bounds, status = objective.certify(at.theta), "stalled"
            break
        memory.add(next_point.theta - at.theta, next_point.gradient - at.gradient)
        at, n_iter = next_point, n_iter + 1

    gap = max(bounds.primal - bounds.dual, 0.0)
    relative = gap / bounds.primal if bounds.primal > 0 else (0.0 if gap == 0 else np.inf)
    if status != "converged" and relative <= tol:
        status = "converged"
    certificate = Certificate(
        primal=bounds.primal,
        dual=bounds.dual,
        gap=gap,
        relative_gap=relative,
        gradient_norm=bounds.gradient_norm,
        n_passes=objective.n_passes,
        status=status,
    )
    return Result(bounds.theta, bounds.primal, n_iter, objective.n_passes, status, certificate)
