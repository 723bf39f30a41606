# SPDX-License-Identifier: BSD-3-Clause
"""Two classes are K = 2: sigmoid, softmax, the losses and the estimator say the same, to the ulps that they promise."""

import numpy as np
import pytest
from scipy.optimize import minimize

import multinoulli
from multinoulli import (
    SoftmaxRegression,
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    cross_entropy,
    cross_entropy_gradient,
    log_sigmoid,
    log_softmax,
    sigmoid,
    softmax,
)

# Of softmax and of sigmoid, each against the exact result: what may lie between the two.
APART = {np.float32: 3 + 1.5, np.float64: 4 + 1.5}
LOGS_APART = 2 + 1.5


def ulps(a, b):
    """How far apart, in units in the last place of the larger; subnormal results not counted."""
    larger = np.maximum(np.abs(a), np.abs(b))
    normal = larger >= np.finfo(b.dtype).tiny
    return (np.abs(a.astype(np.longdouble) - b.astype(np.longdouble)) / np.spacing(larger))[normal].max()


def differences(dtype):
    rng = np.random.default_rng(0)
    edges = [0.0, -0.0, 1e-30, -1e-30, 0.5, -0.5, 30.0, -30.0, 85.0, -85.0]
    return np.concatenate([edges, rng.standard_normal(5000) * 5, rng.uniform(-80, 80, 5000)]).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sigmoid_is_the_softmax_of_two_scores(dtype):
    s = differences(dtype)
    scores = np.column_stack([np.zeros_like(s), s])
    assert ulps(softmax(scores)[:, 1], sigmoid(s)) <= APART[dtype]
    assert ulps(softmax(scores)[:, 0], sigmoid(-s)) <= APART[dtype]
    assert ulps(log_softmax(scores)[:, 1], log_sigmoid(s)) <= LOGS_APART


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_losses_of_one_score_are_those_of_two(dtype):
    s = differences(dtype)
    labels, scores = np.arange(len(s)) % 2, np.column_stack([np.zeros_like(s), s])
    assert ulps(cross_entropy(scores, labels), binary_cross_entropy(s, labels)) <= 4
    two, one = cross_entropy_gradient(scores, labels)[1], binary_cross_entropy_gradient(s, labels)[1]
    assert ulps(two[:, 1], one) <= APART[dtype]


def two_classes():
    rng = np.random.default_rng(1)
    X = rng.standard_normal((300, 4))
    return X, (X @ [1.0, -2.0, 0.5, 0.0] + rng.logistic(size=300) > 0).astype(int)


def agree_with_sigmoid(model, X):
    """But for the rounding of the difference of two scores, which softmax has not: a relative error of the result."""
    decision, proba, log_proba = model.decision_function(X), model.predict_proba(X), model.predict_log_proba(X)
    rounding = np.spacing(np.abs(decision)) / 2
    for got, expected, apart, slope in (
        (proba[:, 1], sigmoid(decision), APART[np.float64], proba[:, 1]),
        (log_proba[:, 1], log_sigmoid(decision), LOGS_APART, np.ones(len(decision))),
    ):
        larger = np.maximum(np.abs(got), np.abs(expected))
        assert (np.abs(got - expected) <= apart * np.spacing(larger) + rounding * slope).all()


def test_the_estimator_is_logistic_regression():
    X, y = two_classes()
    model = SoftmaxRegression(C=0.7, tol=1e-13).fit(X, y)
    decision = model.decision_function(X)
    np.testing.assert_array_equal(decision, model.scores(X)[:, 1] - model.scores(X)[:, 0])
    agree_with_sigmoid(model, X)
    np.testing.assert_array_equal(model.predict(X), (decision > 0).astype(int))

    def logistic(
        theta,
    ):  # one score, whose coefficients are w_1 - w_0 = 2 w_1: the penalty of both is a half of its own
        z = X @ theta[:4] + theta[4]
        loss, slope = binary_cross_entropy_gradient(z, y)
        value = loss.mean() + np.sum(theta[:4] ** 2) / (4 * 0.7 * 300)
        return value, np.append(slope @ X / 300 + theta[:4] / (2 * 0.7 * 300), slope.mean())

    found = minimize(logistic, np.zeros(5), jac=True, method="BFGS", options={"gtol": 1e-10})
    np.testing.assert_allclose(model.coef_[1] - model.coef_[0], found.x[:4], rtol=1e-6)
    np.testing.assert_allclose(model.intercept_[1] - model.intercept_[0], found.x[4], rtol=1e-5, atol=1e-7)
    assert model.certificate_.primal == pytest.approx(found.fun, rel=1e-10)


@pytest.mark.parametrize(
    "name",
    ["LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis", "GaussianNB", "MixedNB", "SoftmaxRegression"],
)
def test_two_scores_of_any_classifier_are_one_for_sigmoid(name):
    X, y = two_classes()
    model = getattr(multinoulli, name)().fit(X, y)
    agree_with_sigmoid(model, X)
