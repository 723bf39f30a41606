# SPDX-License-Identifier: BSD-3-Clause
"""Conjugate gradients, and the pairs they leave, on matrices that are known."""

import warnings

import numpy as np
import pytest

from multinoulli.solvers._conjugate_gradient import conjugate_gradient
from multinoulli.solvers._pairs import CurvaturePairs


def matrix(n=12, condition=1e3):
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((n, n)))[0]
    return Q * np.geomspace(1, condition, n) @ Q.T


def solve(A, g, precondition=lambda v: v.copy(), limit=100, reduction=1e-20, **options):
    return conjugate_gradient(lambda v: A @ v, precondition, g, lambda _, fall: fall <= reduction, limit, **options)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("remember", [True, False])
def test_it_solves(dtype, remember):
    A, g = matrix(condition=10).astype(dtype), np.arange(1.0, 13.0, dtype=dtype)
    solved = solve(A, g, reduction=1e-10, remember=remember)
    assert solved.converged
    assert solved.step.dtype == dtype
    np.testing.assert_allclose(solved.step, -np.linalg.solve(A.astype(float), g), rtol=1e-3)
    assert solved.decrement == pytest.approx(g @ g)
    assert len(solved.pairs) == (solved.n_products if remember else 0)


def test_the_limit_ends_it():
    solved = solve(matrix(condition=1e8), np.ones(12), limit=3)
    assert solved.n_products == 3
    assert not solved.converged


def test_a_preconditioner_that_is_the_inverse_needs_one_product():
    A = matrix()
    solved = solve(A, np.ones(12), lambda v: np.linalg.solve(A, v))
    assert solved.n_products == 1
    assert solved.decrement == pytest.approx(np.ones(12) @ np.linalg.solve(A, np.ones(12)))


def test_a_matrix_without_curvature_ends_it_with_what_there_is():
    solved = solve(np.diag([1.0, -1.0]), np.array([1.0, 2.0]))
    assert not solved.converged
    assert np.isfinite(solved.step).all()


def test_a_residual_that_only_grows_ends_it():
    def contradicts(v):  # positive along every direction, and the inverse of nothing
        return np.array([[1e-9, 1e3], [-1e3, 1e-9]]) @ v

    solved = conjugate_gradient(contradicts, lambda r: r.copy(), np.array([1.0, 2.0]), lambda r, reduction: False, 100)
    assert solved.n_products < 3
    assert np.isfinite(solved.step).all()


def test_directions_are_conjugate_and_products_theirs():
    A = matrix()
    pairs = solve(A, np.ones(12)).pairs
    for i, (s, y) in enumerate(pairs[:5]):
        np.testing.assert_allclose(y, A @ s)
        for t, _ in pairs[:i]:
            assert abs(t @ y) < 1e-6 * np.sqrt((s @ y) * (t @ A @ t))


def test_all_pairs_of_a_matrix_are_its_inverse():
    """After as many conjugate directions as dimensions, BFGS has the Hessian, the penalty's share added."""
    A, ridge = np.diag([1.0, 10.0, 100.0, 2.0]), np.array([0.1, 0.2, 0.3, 0.4])
    pairs = CurvaturePairs(10)
    H = A + np.diag(ridge)
    pairs.keep([(step, H @ step) for step in np.eye(4)], ridge)
    other = np.array([1.0, 0.0, 2.0, 0.5])
    v = np.array([1.0, -2.0, 3.0, 0.5])
    for r in ridge, other:
        got = pairs.correct(lambda v: 3.0 * v, r)(v)
        np.testing.assert_allclose(got, np.linalg.solve(A + np.diag(r), v), rtol=1e-4)


def test_the_closed_form_is_the_two_loops():
    """Nocedal & Wright, algorithm 7.4, with a preconditioner as the initial matrix."""
    rng = np.random.default_rng(1)
    A, M = matrix(20, 100.0), np.diag(rng.uniform(0.5, 2, 20))
    steps = rng.standard_normal((6, 20))
    pairs = CurvaturePairs(4)
    pairs.keep([(s, A @ s) for s in steps], np.zeros(20))
    assert len(pairs) == 4
    v = rng.standard_normal(20)
    q, shares = v.copy(), []
    for s in steps[:1:-1]:
        shares.append((s @ q) / (s @ A @ s))
        q -= shares[-1] * (A @ s)
    want = M @ q
    for s, share in zip(steps[2:], shares[::-1], strict=True):
        want += (share - (A @ s) @ want / (s @ A @ s)) * s
    np.testing.assert_allclose(pairs.correct(lambda v: M @ v, np.zeros(20))(v), want, rtol=1e-3, atol=1e-3)


def test_pairs_without_curvature_are_left_out():
    pairs = CurvaturePairs(5)
    pairs.keep([(np.ones(3), np.zeros(3)), (np.zeros(3), np.zeros(3))], np.zeros(3))
    np.testing.assert_array_equal(pairs.correct(lambda v: 2 * v, np.zeros(3))(np.ones(3)), [2, 2, 2])


def test_pairs_can_be_forgotten():
    pairs = CurvaturePairs(5)
    pairs.keep([(np.ones(3), np.ones(3))], np.zeros(3))
    pairs.forget()
    assert len(pairs) == 0


def test_no_capacity_remembers_nothing():
    pairs = CurvaturePairs(0)
    pairs.keep([(np.ones(3), np.ones(3))], np.zeros(3))
    assert len(pairs) == pairs.size == 0


def test_a_step_that_no_number_holds_is_not_taken():
    """Rounding has left of the matrix next to nothing: no warning, no infinity, and no step."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        solved = conjugate_gradient(lambda v: 1e-320 * v, np.copy, np.ones(3), lambda residual, reduction: False, 10)
    np.testing.assert_array_equal(solved.step, 0)
    assert not solved.converged
