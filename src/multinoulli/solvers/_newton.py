# SPDX-License-Identifier: BSD-3-Clause
"""The one way to minimise an objective: a damped, inexact Newton method, until the gap is proved small.

A step solves the Newton equations by conjugate gradients, on a Hessian estimated from no more rows than its steps need;
its length is found by the objective, where that costs no pass over the data, together with that of the step before. The
penalty comes down to the one that is meant from one at which the problem is easy. What conjugate gradients learn of the
curvature corrects the preconditioner of later solves.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from multinoulli.solvers._conjugate_gradient import Operator, Solved, Vector, conjugate_gradient
from multinoulli.solvers._objective import C, M, Objective, P, Preconditioner
from multinoulli.solvers._pairs import CurvaturePairs
from multinoulli.solvers._result import Certificate, Progress, Result, Status

Float64 = NDArray[np.float64]

# Conjugate gradients stop at a tenth of the gradient, in the preconditioner's metric: a quadratic model of few rows is
# not worth more. Limits of their iterations on some rows, and on all.
REDUCTION, LIMIT, LIMIT_OF_ALL = 0.01, 40, 120
# A step is as long as its model says (1), or it is not to be trusted so far: below SHORT it is damped, above LONG the
# damping is relaxed.
SHORT, LONG = 0.4, 0.7
# The loss may bend so much more along a step than the model of some rows says, or they mislead.
MISLED = 2.0
# The gradient should fall at least so much from one solve to the next, or the rows mislead.
SLOW = 0.7
# Relative gap at which the next penalty is taken up.
NEXT_LEVEL = 0.1
# Part of the tolerance below which a gap that is not quite exact is believed to be: the certificate will tell.
SURE = 0.1
# Iterations in which neither the value nor the best gap moves beyond rounding: more will not help.
PATIENCE, ROUNDING = 10, 1e-14


@dataclass
class _Model:
    """How the curvature is estimated at present, as the steps taken so far have shown to be right."""

    rows: int
    near: float  # how many tolerances from the end the problem is nearly quadratic
    damping: float = 0.0
    explicit: bool = False
    base: Preconditioner | None = None
    base_damping: float = 0.0
    spent: float = 0.0  # passes of conjugate gradients since `base` was made
    last_decrement: float = math.inf
    last_cost: float = 0.0
    last_distance: float = 0.0

    def judge(self, length: float, bent: float, solved: Solved, all_rows: int) -> None:
        """Learn from a step: its best length, how much more it bends than the model says, how far the gradient fell."""
        fall = math.sqrt(max(solved.decrement, 0.0) / self.last_decrement)
        self.last_decrement = solved.decrement
        if self.rows < all_rows and (bent > MISLED or (fall > SLOW and solved.converged)):
            self.rows = all_rows if 2 * self.rows > 0.7 * all_rows else 2 * self.rows
        if length < SHORT:
            self.damping = max(4 * self.damping, 1e-3)
        elif length > LONG:
            self.damping = self.damping / 4 if self.damping > 1e-3 else 0.0

    def consider_factoring(self, cost: float, distance: float, price: float) -> None:
        """Form and factor the Hessian once conjugate gradients are predicted to cost more than that.

        `cost`: passes of the last solve; `distance`: of the gap from the tolerance, before it. The solves to come are
        taken to gain the digits that they are stopped at, and to cost as much as the last one; near the end, to gain as
        many as that did and to grow as costs did.
        """
        digits, gained, growth = math.log10(max(distance, 1.0)), -math.log10(REDUCTION), 1.0
        if distance < min(self.near, self.last_distance):
            gained = min(max(math.log10(self.last_distance / distance), 0.5), 3.0)
            growth = min(max(cost / self.last_cost, 1.0), 1.5)
        solves = digits / gained - 1
        to_come = sum(cost * growth**k * min(1.0, solves - k + 1) for k in range(1, math.ceil(solves) + 1))
        self.last_cost, self.last_distance = cost, distance
        if not self.explicit and to_come > price:
            self.explicit, self.base = True, None

    def outdated(self) -> bool:
        """Whether the preconditioner is worth making anew."""
        return (
            self.base is None
            or self.spent >= self.base.cost
            or not self.base_damping / 16 <= self.damping <= 4 * self.base_damping
        )


def minimise(
    objective: Objective[P, M, C],
    start: Float64 | None = None,
    *,
    tol: float = 1e-6,
    max_iter: int = 1000,
    time_limit: float = math.inf,
    callback: Callable[[Progress], object] | None = None,
    pairs: CurvaturePairs | None = None,
) -> Result:
    """Minimise a smooth convex objective until its relative duality gap is proved to be at most `tol`.

    Parameters
    ----------
    objective : Objective
        What to minimise.
    start : ndarray, optional
        Where to begin; without it, where the objective says, and with the penalties that it says.
    tol : float
        Largest relative gap, ``(primal - dual) / primal``, of a converged result. Without a penalty, where there is no
        gap, largest estimate of the same from the Newton decrement.
    max_iter : int
        Iterations after which to stop all the same; 0 certifies the start.
    time_limit : float
        Seconds after which to stop, at the end of an iteration.
    callback : callable, optional
        Called with a `Progress` after every iteration.
    pairs : CurvaturePairs, optional
        What earlier solves of a similar problem have learnt; it learns more.

    Returns
    -------
    Result
        Its certificate is computed afresh at the returned point, whatever the status.

    Notes
    -----
    Sources: Byrd, Chin, Neveitt & Nocedal, SIAM J. Optim. 21 (2011), for Hessians from some of the rows; Morales &
    Nocedal (2000) for the pairs.
    """
    began, n = time.monotonic(), objective.n_samples
    levels = [objective.levels()[-1]] if start is not None else list(objective.levels())
    pairs = CurvaturePairs(0) if pairs is None else pairs
    point = objective.point(objective.start() if start is None else start)
    level, ridge, rows = levels[0], objective.ridge(levels[0]), objective.first_sample()
    model, polished = _Model(rows, NEXT_LEVEL / tol, explicit=not objective.explicit_cost(rows)), False
    last_move: M | None = None
    n_iter, shown, best, lowest, idle, decrement = 0, 0, math.inf, math.inf, 0, math.inf
    # The cheap estimate says when a certificate is worth its passes; after one that failed, it must be smaller.
    worth = tol
    status: Status = "max_iter"
    while True:
        gradient = ridge * point.theta
        value = point.loss + 0.5 * float(gradient @ point.theta)
        gradient += objective.gradient(point)
        gap = _relative(objective.gap_at(gradient, level) if level else 0.5 * decrement, value)
        if callback is not None and n_iter > shown:
            shown = n_iter
            callback(
                Progress(n_iter, objective.n_passes, value, gap, tol, _relative(level, levels[-1]),
                         min(1.0, model.rows / n), model.damping, model.explicit)
            )  # fmt: skip
        late = n_iter >= max_iter or time.monotonic() - began > time_limit
        optimal = gap <= worth and len(levels) == 1 and (level > 0 or model.rows >= n)
        if not levels[-1] and objective.separates(point, last_move if optimal or late else None):
            bounds, status = objective.certify(point.theta), "separable"
            break
        if len(levels) > 1 and (gap <= NEXT_LEVEL or late):
            levels = levels[-1:] if late else levels[1:]
            level, ridge = levels[0], objective.ridge(levels[0])
            model.base, model.last_decrement = None, math.inf
            decrement, lowest, idle = math.inf, math.inf, 0
            continue
        if optimal:
            # The gap is exact only where unpenalised parameters are at their optimum; one well below is not in doubt.
            if not polished and not (level and gap <= SURE * worth):
                point, polished = objective.polish(point), True
                continue
            bounds = objective.certify(point.theta)
            proved = _relative(bounds.primal - bounds.dual, bounds.primal)
            if proved <= tol or not level:
                status = "converged"
                break
            worth = 0.25 * gap
        polished = False
        moved = gap < 0.99 * best or value < lowest - ROUNDING * abs(lowest)
        best, lowest, idle = min(best, gap), min(lowest, value), 0 if moved else idle + 1
        if late:
            status = "max_iter" if n_iter >= max_iter else "time_limit"
        elif idle > PATIENCE:
            status = "stalled"
        if late or idle > PATIENCE:
            bounds = objective.certify(point.theta)
            break

        curvature = objective.curvature(point, model.rows, model.damping, model.explicit)
        near = 1.2 * tol * value if len(levels) == 1 and level and model.rows >= n else 0.0
        gradient = gradient.astype(objective.precision, copy=False)
        # Whether to factor is asked where the problem is the one that is meant, and the model's steps are trusted.
        distance = gap / tol if len(levels) == 1 and not model.damping else math.inf
        solved = _solve(objective, model, point, gradient, curvature, ridge, level, near, pairs, distance)
        del curvature  # its rows make room for the scores of the step
        decrement = float(-gradient @ solved.step)
        step, bent = solved.step, 1.0
        moves: list[M] = [objective.move(step.astype(np.float64, copy=False))]
        if last_move is not None and solved.n_products:  # Newton's own step has nothing to gain from the last one
            moves.append(last_move)
        if model.rows < n:
            expected = float(-gradient @ step - (ridge * step) @ step)  # along a step of conjugate gradients
            bent = objective.bend(point, moves[0]) / max(expected, ROUNDING)
        point, lengths = objective.search(point, moves, level)
        if solved.n_products or not levels[-1]:  # for the next search, or to tell a minimum at infinity
            last_move = objective.combine(moves, lengths)
        del moves
        model.judge(float(lengths[0]), bent, solved, n)
        n_iter += 1

    dual = max(bounds.dual, objective.least) if levels[-1] else bounds.dual
    gap = max(bounds.primal - dual, 0.0)
    relative = _relative(gap, bounds.primal)
    if relative <= tol and status != "separable":
        status = "converged"
    certificate = Certificate(
        primal=bounds.primal,
        dual=dual,
        gap=gap,
        relative_gap=relative,
        gradient_norm=bounds.gradient_norm,
        decrement=0.5 * decrement,
        n_passes=objective.n_passes,
        status=status,
    )
    return Result(bounds.theta, bounds.primal, n_iter, objective.n_passes, status, certificate)


def _solve(
    objective: Objective[P, M, C],
    model: _Model,
    point: P,
    gradient: Vector,
    curvature: C,
    ridge: Vector,
    level: float,
    near: float,
    pairs: CurvaturePairs,
    distance: float,
) -> Solved:
    """The Newton step, and what it says about how to find the next one."""
    n = objective.n_samples
    if model.outdated():
        model.base = objective.precondition(point, curvature, level, model.damping, model.explicit)
        model.base_damping, model.spent = model.damping, 0.0
    assert model.base is not None
    if model.explicit and not model.base.cost:  # made at every point, of all rows: there is nothing left to solve
        step = model.base(-gradient)
        return Solved(step, [], 0, float(-gradient @ step), True)

    def enough(residual: Vector, reduction: float) -> bool:
        # The residual of the last solve is the next gradient: it need be no smaller than the tolerance asks.
        return reduction <= REDUCTION or (near > 0 and 2 * objective.gap_at(residual, level) <= near)

    precondition: Operator = model.base
    if not model.explicit:
        precondition = pairs.correct(model.base, ridge)
        if not float(gradient @ precondition(gradient)) > 0:  # rounding has made them contradict each other
            pairs.forget()
            precondition = model.base
    limit = LIMIT if model.rows < n else LIMIT_OF_ALL
    ridge, penalty = ridge.astype(gradient.dtype, copy=False), np.empty_like(gradient)
    remember = pairs.capacity > 0 and not model.explicit

    def product(v: Vector) -> Vector:
        image = curvature.product(v)
        image += np.multiply(ridge, v, out=penalty)
        return image

    solved = conjugate_gradient(product, precondition, gradient, enough, limit, remember=remember)
    pairs.keep(solved.pairs, ridge)
    cost = solved.n_products * curvature.share
    objective.n_passes += cost
    model.spent += cost
    if model.rows >= n and distance < math.inf:
        model.consider_factoring(cost, distance, objective.explicit_cost(model.rows))
    return solved


def _relative(part: float, whole: float) -> float:
    return part / whole if whole > 0 else (0.0 if part <= 0 else math.inf)
