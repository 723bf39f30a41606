# SPDX-License-Identifier: BSD-3-Clause
"""The solver on functions whose minimum is known by hand."""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.special import expit

from multinoulli.solvers import minimise
from multinoulli.solvers._lbfgs import Memory, Point, line_search


class Quadratic:
    """1 + x'Ax / 2 - b'x shifted so that the minimum is 1; strong duality gives its gap in closed form."""

    def __init__(self, A, b):
        self.A, self.solution, self.n_passes = A, np.linalg.solve(A, b), 0.0
        self.refreshed = []

    def start(self):
        return np.zeros(len(self.A))

    def value_and_gradient(self, theta):
        self.n_passes += 1
        r = theta - self.solution
        return 1 + 0.5 * r @ self.A @ r, self.A @ r

    def refresh(self, theta):
        self.refreshed.append(theta)

    def precondition(self, gradient):
        return gradient / np.diag(self.A)

    def gap_at(self, gradient):
        return 0.5 * gradient @ np.linalg.solve(self.A, gradient)

    def certify(self, theta):
        value, gradient = self.value_and_gradient(theta)
        return SimpleNamespace(theta=theta, primal=value, dual=1.0, gradient_norm=float(np.linalg.norm(gradient)))


def quadratic(n=30, condition=1e4):
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    return Quadratic(Q * np.geomspace(1, condition, n) @ Q.T, rng.standard_normal(n))


def test_finds_the_minimum_to_the_tolerance_and_says_so():
    problem = quadratic()
    loose, tight = minimise(problem, tol=1e-3), minimise(problem, tol=1e-10)
    for result, tol in (loose, 1e-3), (tight, 1e-10):
        assert result.status == result.certificate.status == "converged"
        assert result.certificate.relative_gap <= tol
        assert result.value == pytest.approx(1, rel=2 * tol)
    assert loose.n_iter < tight.n_iter
    np.testing.assert_allclose(tight.theta, problem.solution, atol=1e-4)


def test_max_iter_stops_it_and_the_certificate_is_still_made():
    result = minimise(quadratic(), max_iter=3)
    assert (result.status, result.n_iter) == ("max_iter", 3)
    certificate = result.certificate
    assert certificate.gap == certificate.primal - certificate.dual > 1e-6
    assert certificate.relative_gap == certificate.gap / certificate.primal


def test_max_iter_zero_certifies_the_start():
    problem = quadratic()
    result = minimise(problem, problem.solution, max_iter=0)
    assert (result.status, result.n_iter) == ("converged", 0)
    np.testing.assert_array_equal(result.theta, problem.solution)


def test_start_is_used():
    problem = quadratic()
    near = problem.solution + 1e-6
    assert minimise(problem, near).n_iter < minimise(problem).n_iter


def test_callback_sees_every_iteration():
    seen = []
    result = minimise(quadratic(), callback=seen.append)
    assert [p.n_iter for p in seen] == list(range(1, result.n_iter + 1))
    assert seen[-1].relative_gap <= 1e-6 < seen[0].relative_gap
    assert all(a.value >= b.value for a, b in pairwise(seen))


def test_rounding_is_a_stall_and_not_convergence():
    class Noisy(Quadratic):
        def certify(self, theta):
            bounds = super().certify(theta)
            bounds.dual = 0.5  # a proof that can never be had
            return bounds

        def gap_at(self, gradient):
            return 0.5

    problem = quadratic(5)
    problem.__class__ = Noisy
    result = minimise(problem, tol=1e-8)
    assert result.status == "stalled"
    np.testing.assert_allclose(result.theta, problem.solution, atol=1e-6)


def test_an_estimate_that_is_too_good_does_not_end_it():
    class Optimist(Quadratic):
        def gap_at(self, gradient):
            return 0.01 * super().gap_at(gradient)

    problem = quadratic()
    problem.__class__ = Optimist
    result = minimise(problem, tol=1e-8)
    assert result.status == "converged"
    assert result.value - 1 <= 1e-8 * result.value


def test_the_curvature_is_measured_again():
    problem = quadratic(condition=1e6)
    result = minimise(problem, tol=1e-12)
    assert result.n_iter > 30
    assert len(problem.refreshed) >= 3


def test_memory_of_a_quadratic_is_its_inverse_hessian():
    """After as many independent steps as dimensions, with exact pairs and line searches, BFGS has the Hessian."""
    A = np.diag([1.0, 10.0, 100.0])
    memory = Memory(10, lambda g: g)
    for i in range(3):
        step = np.eye(3)[i]
        memory.add(step, A @ step)
    g = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(memory.direction(g), -np.linalg.solve(A, g), rtol=1e-12)


def test_memory_refuses_a_step_without_curvature():
    memory = Memory(10, lambda g: g)
    memory.add(np.ones(3), np.zeros(3))
    assert len(memory) == 0


@pytest.mark.parametrize("first", [1e-6, 1.0, 1e6])
def test_line_search_meets_its_conditions(first):
    def f(x):
        value = np.logaddexp(0, x[0] - 3) + np.logaddexp(0, -x[0])
        return float(value), np.array([expit(x[0] - 3) - expit(-x[0])])

    at = Point(np.array([-20.0]), *f(np.array([-20.0])))
    found = line_search(f, at, np.array([1.0]), first)
    t = found.theta[0] + 20
    assert found.value <= at.value + 1e-4 * t * at.gradient[0]
    assert found.gradient[0] >= 0.9 * at.gradient[0]


def test_line_search_gives_up_where_nothing_falls():
    def rising(x):
        return float(abs(x[0]) + 1), np.sign(x)

    assert line_search(rising, Point(np.zeros(1), 1.0, np.array([-1.0])), np.array([1.0])) is None
