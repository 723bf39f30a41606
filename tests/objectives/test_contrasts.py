# SPDX-License-Identifier: BSD-3-Clause
"""The Hessian by contrasts of the classes against its definition, formed from all of its terms and from some."""

from types import SimpleNamespace

import numpy as np
import pytest

from multinoulli.objectives._contrasts import contrast_hessian, contrasts, drawn_contrast_hessian


def sample(n=400, d=3, n_classes=4, damping=0.0):
    rng = np.random.default_rng(0)
    return SimpleNamespace(
        X=rng.standard_normal((n, d)).astype(np.float32),
        proba=rng.dirichlet(np.full(n_classes, 0.3), n).astype(np.float32),
        weight=rng.uniform(0.5, 2, n) / n,
        damping=damping,
    )


def by_definition(rows, n_inputs):
    """B' H B of the sum over rows of c (diag(p) - p p' + mu (I - 11'/K)) (x) x x', contrast by contrast."""
    n, n_classes = rows.proba.shape
    x = np.ones((n, n_inputs))
    x[:, : rows.X.shape[1]] = rows.X
    p, basis = rows.proba.astype(np.float64), contrasts(n_classes)
    of_classes = np.einsum("ij,jk->ijk", p, np.eye(n_classes)) - np.einsum("ij,ik->ijk", p, p)
    of_classes += rows.damping * (np.eye(n_classes) - 1 / n_classes)
    H = np.einsum("i,ijk,jr,ks,ia,ib->rasb", rows.weight, of_classes, basis, basis, x, x, optimize=True)
    return H.reshape((n_classes - 1) * n_inputs, -1)


@pytest.mark.parametrize("n_classes", [2, 3, 7])
def test_contrasts_are_orthonormal_and_sum_to_nothing(n_classes):
    basis = contrasts(n_classes)
    np.testing.assert_allclose(basis.T @ basis, np.eye(n_classes - 1), atol=1e-15)
    np.testing.assert_allclose(basis.sum(axis=0), 0, atol=1e-15)


@pytest.mark.parametrize("damping", [0.0, 0.3])
@pytest.mark.parametrize("n_inputs", [3, 4])
@pytest.mark.parametrize("n_classes", [2, 3, 6])
def test_all_terms_make_the_hessian(damping, n_inputs, n_classes):
    rows = sample(damping=damping, n_classes=n_classes)
    expected = np.tril(by_definition(rows, n_inputs))
    whole = contrast_hessian(rows.X.astype(np.float64), rows.proba, rows.weight, damping, n_inputs)
    drawn = drawn_contrast_hessian(rows, n_inputs, 1e12, np.random.default_rng(1))
    np.testing.assert_allclose(np.tril(whole), expected, atol=1e-7 * np.abs(expected).max())
    np.testing.assert_allclose(np.tril(drawn), expected, atol=1e-6 * np.abs(expected).max())


@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_some_terms_make_the_hessian_on_average(damping):
    rows = sample(damping=damping)
    rng, expected = np.random.default_rng(2), np.tril(by_definition(rows, 4))
    draws = np.array([np.tril(drawn_contrast_hessian(rows, 4, 300, rng)) for _ in range(500)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert draws.std(axis=0).max() > 0.01 * np.abs(expected).max()  # few enough to differ
    assert np.abs(draws.mean(axis=0) - expected).max() < 5 * error.max()


def test_a_class_of_no_probability_has_no_terms():
    rows = sample()
    rows.proba[:, 1] = 0
    rows.proba /= rows.proba.sum(axis=1, keepdims=True)
    drawn = drawn_contrast_hessian(rows, 4, 1e12, np.random.default_rng(3))
    expected = np.tril(by_definition(rows, 4))
    np.testing.assert_allclose(np.tril(drawn), expected, atol=1e-6 * np.abs(expected).max())
