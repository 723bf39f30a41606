# SPDX-License-Identifier: BSD-3-Clause
"""The solver on problems whose minimum is known, behind the face that every objective has."""

import math
from dataclasses import dataclass
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from multinoulli.solvers import CurvaturePairs, minimise


@dataclass
class Move:
    step: np.ndarray


class Quadratic:
    """(theta - c)' A (theta - c) / 2 + 1 plus a ridge of `l2`, whose rows are imagined."""

    precision, least = np.float64, -math.inf

    def __init__(self, A, centre, l2=0.01, easy=(), n_samples=100):
        self.A, self.centre, self.l2, self.easy = A, centre, l2, easy
        self.n_passes, self.n_samples = 0.0, n_samples
        self.solution = np.linalg.solve(A + l2 * np.eye(len(A)), A @ centre)
        self.minimum = self.value(self.solution, l2)
        self.asked = []  # (rows, damping, explicit) of every curvature
        self.made = []  # whether explicit, of every preconditioner

    def value(self, theta, level):
        away = theta - self.centre
        return 1 + 0.5 * away @ self.A @ away + 0.5 * level * theta @ theta

    def start(self):
        return np.zeros(len(self.A))

    def levels(self):
        return [*self.easy, self.l2]

    def ridge(self, level):
        return np.full(len(self.A), level)

    def point(self, theta):
        self.n_passes += 0.5
        return SimpleNamespace(theta=theta, loss=self.value(theta, 0))

    def gradient(self, point):
        self.n_passes += 0.5
        return self.A @ (point.theta - self.centre)

    def gap_at(self, gradient, level):  # of the quadratic itself
        return 0.5 * gradient @ np.linalg.solve(self.A + level * np.eye(len(self.A)), gradient)

    def first_sample(self):
        return self.n_samples

    def curvature(self, point, rows, damping, explicit):
        self.asked.append((rows, damping, explicit))
        return SimpleNamespace(share=rows / self.n_samples, product=lambda v: self.A @ v)

    def precondition(self, point, curvature, level, damping, explicit):
        self.made.append(explicit)
        matrix = self.A + level * np.eye(len(self.A))
        inverse = np.linalg.inv(matrix) if explicit else np.diag(1 / np.diag(matrix))

        class Inverse:
            cost = 1.0

            def __call__(self, v):
                return inverse @ v

        return Inverse()

    def explicit_cost(self, rows):
        return math.inf

    def move(self, step):
        self.n_passes += 0.5
        return Move(step)

    def combine(self, moves, lengths):
        return Move(sum(a * m.step for a, m in zip(lengths, moves, strict=True)))

    def search(self, point, moves, level):
        steps = np.array([m.step for m in moves])
        H = self.A + level * np.eye(len(self.A))
        gradient = self.gradient(point) + level * point.theta
        lengths = -np.linalg.lstsq(steps @ H @ steps.T, steps @ gradient, rcond=None)[0]
        theta = point.theta + lengths @ steps
        return SimpleNamespace(theta=theta, loss=self.value(theta, 0)), lengths

    def bend(self, point, move):
        return move.step @ self.A @ move.step

    def polish(self, point):
        return point

    def separates(self, point, last):
        return False

    def certify(self, theta):
        gradient = self.A @ (theta - self.centre) + self.l2 * theta
        value = self.value(theta, self.l2)
        return SimpleNamespace(
            theta=theta, primal=value, dual=self.minimum, gradient_norm=float(np.linalg.norm(gradient))
        )


def quadratic(n=30, condition=1e4, kind=Quadratic, **options):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return kind(Q * np.geomspace(1, condition, n) @ Q.T, rng.standard_normal(n), **options)


def test_finds_the_minimum_to_the_tolerance_and_says_so():
    problem = quadratic()
    loose, tight = minimise(problem, tol=1e-2), minimise(problem, tol=1e-12)
    for result, tol in (loose, 1e-2), (tight, 1e-12):
        assert result.status == result.certificate.status == "converged"
        assert result.certificate.relative_gap <= tol
        assert result.value == pytest.approx(problem.minimum, rel=2 * tol)
    assert loose.n_iter < tight.n_iter
    np.testing.assert_allclose(tight.theta, problem.solution, atol=1e-5)


def test_max_iter_stops_it_and_the_certificate_is_still_made():
    result = minimise(quadratic(), tol=1e-14, max_iter=2)
    assert (result.status, result.n_iter) == ("max_iter", 2)
    certificate = result.certificate
    assert certificate.gap == certificate.primal - certificate.dual > 1e-14
    assert certificate.relative_gap == certificate.gap / certificate.primal


def test_time_limit_stops_it():
    result = minimise(quadratic(), tol=1e-14, time_limit=1e-9)
    assert (result.status, result.n_iter) == ("time_limit", 0)


def test_max_iter_zero_certifies_the_start():
    problem = quadratic()
    result = minimise(problem, problem.solution, max_iter=0)
    assert (result.status, result.n_iter) == ("converged", 0)
    np.testing.assert_array_equal(result.theta, problem.solution)


def test_start_is_used_and_is_no_place_for_easier_penalties():
    problem = quadratic(easy=(10.0, 1.0, 0.1))
    near = problem.solution + 1e-6
    assert minimise(problem, near).n_iter < minimise(problem).n_iter


def test_penalties_come_down():
    seen = []
    problem = quadratic(easy=(100.0, 10.0, 1.0))
    result = minimise(problem, callback=seen.append)
    assert result.status == "converged"
    assert seen[0].level == pytest.approx(1e4)
    assert seen[-1].level == 1
    assert all(a.level >= b.level for a, b in pairwise(seen))


def test_an_end_before_the_last_penalty_is_not_convergence():
    problem = quadratic(easy=(1e6,))
    result = minimise(problem, max_iter=1)
    assert result.status == "max_iter"
    assert result.certificate.primal == pytest.approx(problem.value(result.theta, problem.l2))


def test_callback_sees_every_iteration():
    seen = []
    result = minimise(quadratic(), tol=1e-10, callback=seen.append)
    assert [p.n_iter for p in seen] == list(range(1, result.n_iter + 1))
    assert seen[-1].relative_gap <= 1e-10 < seen[0].relative_gap
    assert all(a.value >= b.value for a, b in pairwise(seen))


def test_rounding_is_a_stall_and_not_convergence():
    class Noisy(Quadratic):
        def certify(self, theta):
            bounds = super().certify(theta)
            bounds.dual = 0.5  # a proof that can never be had
            return bounds

        def gap_at(self, gradient, level):
            return 0.5

    problem = quadratic(5, kind=Noisy)
    result = minimise(problem, tol=1e-8)
    assert result.status == "stalled"
    np.testing.assert_allclose(result.theta, problem.solution, atol=1e-6)


def test_an_estimate_that_is_too_good_does_not_end_it():
    class Optimist(Quadratic):
        def gap_at(self, gradient, level):
            return 1e-4 * super().gap_at(gradient, level)

    problem = quadratic(kind=Optimist)
    result = minimise(problem, tol=1e-10)
    assert result.status == "converged"
    assert result.value - problem.minimum <= 1e-10 * result.value


def test_separation_ends_it():
    class Separable(Quadratic):
        def separates(self, point, last):
            return point.theta.any()

    result = minimise(quadratic(kind=Separable, l2=0.0))
    assert result.status == "separable"
    assert result.n_iter == 1


def test_what_no_value_is_below_is_a_bound_too():
    class Vague(Quadratic):
        least = 0.5

        def certify(self, theta):
            bounds = super().certify(theta)
            bounds.dual = -1e6
            return bounds

    problem = quadratic(kind=Vague)
    assert minimise(problem, problem.solution, max_iter=0).certificate.dual == 0.5


def test_without_a_penalty_the_decrement_decides():
    class Unbounded(Quadratic):
        def certify(self, theta):
            bounds = super().certify(theta)
            bounds.dual = -math.inf
            return bounds

    problem = quadratic(kind=Unbounded, l2=0.0)
    result = minimise(problem, tol=1e-8)
    assert result.status == "converged"
    assert result.certificate.relative_gap == math.inf
    assert result.certificate.decrement <= 1e-8 * result.value
    assert result.value - problem.minimum <= 1e-7


def test_short_steps_are_damped_and_fitted_to_more_rows():
    class Overshooting(Quadratic):
        """Its curvature is a tenth of what it should be, so that every step is ten times too long, until damped."""

        def first_sample(self):
            return 10

        def curvature(self, point, rows, damping, explicit):
            curvature = super().curvature(point, rows, damping, explicit)
            share = 0.1 if damping < 1e-2 else 1.0
            curvature.product = lambda v: share * (self.A @ v)
            return curvature

    problem = quadratic(kind=Overshooting)
    result = minimise(problem)
    assert result.status == "converged"
    rows = [asked[0] for asked in problem.asked]
    dampings = [asked[1] for asked in problem.asked]
    assert rows[:5] == [10, 20, 40, 100, 100]
    assert dampings[:5] == [0.0, 1e-3, 4e-3, 1.6e-2, 4e-3]  # and relaxed once a step was as long as promised


def test_the_hessian_is_factored_where_that_is_cheaper():
    class Cheap(Quadratic):
        def explicit_cost(self, rows):
            return 3.0

    problem = quadratic(condition=1e8, kind=Cheap)
    assert minimise(problem, tol=1e-12).status == "converged"
    assert problem.made[0] is False
    assert problem.made[-1] is True
    never = quadratic(condition=1e8)
    minimise(never, tol=1e-12)
    assert not any(never.made)


def test_the_hessian_is_factored_at_once_where_that_costs_nothing():
    class Free(Quadratic):
        def explicit_cost(self, rows):
            return 0.0

    problem = quadratic(condition=1e8, kind=Free)
    result = minimise(problem, tol=1e-12)
    assert result.status == "converged"
    assert all(problem.made)
    assert all(asked[2] for asked in problem.asked)
    assert result.n_iter < minimise(quadratic(condition=1e8), tol=1e-12).n_iter


def test_pairs_are_learnt_and_shorten_what_follows():
    pairs = CurvaturePairs(100)
    first = quadratic(condition=1e6)
    minimise(first, tol=1e-12, pairs=pairs)
    assert 0 < len(pairs) <= 100
    with_pairs, without = quadratic(condition=1e6, l2=0.02), quadratic(condition=1e6, l2=0.02)
    minimise(with_pairs, tol=1e-12, pairs=pairs)
    minimise(without, tol=1e-12)
    assert with_pairs.n_passes < without.n_passes
