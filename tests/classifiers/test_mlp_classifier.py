# SPDX-License-Identifier: BSD-3-Clause
"""MLPClassifier against definitions written here, SoftmaxRegression, and every option."""

import copy
import pickle
import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax, ndtr, softmax
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.utils.estimator_checks import check_sample_weight_equivalence_on_dense_data, parametrize_with_checks

from multinoulli import MLPClassifier, SoftmaxRegression

STOCHASTIC = {
    f"check_sample_weight_equivalence_on_{kind}_data": "rows of a batch are drawn: repeated rows give other batches"
    for kind in ("dense", "sparse")
}
ignore_unconverged = pytest.mark.filterwarnings("ignore:MLPClassifier stopped .max_iter:")


@parametrize_with_checks(
    [MLPClassifier(max_iter=100)], expected_failed_checks=lambda estimator: STOCHASTIC, xfail_strict=False
)
def test_obeys_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own data are hard on purpose
        check(estimator)


def test_weights_are_repetitions_at_the_optimum():
    model = MLPClassifier((), solver="lbfgs", alpha=1.0, max_iter=2000, tol=1e-8)  # the one case with one optimum
    check_sample_weight_equivalence_on_dense_data("MLPClassifier", model)


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def definition(coefs, intercepts, activation, X):
    """Scores, in float64."""
    functions = {
        "relu": lambda z: np.where(z > 0, z, 0),
        "tanh": np.tanh,
        "logistic": lambda z: 1 / (1 + np.exp(-z)),
        "gelu": lambda z: z * ndtr(z),
        "identity": lambda z: z,
    }
    h = X.astype(np.float64)
    for coef, intercept in zip(coefs[:-1], intercepts[:-1], strict=True):
        h = functions[activation](h @ coef + intercept)
    return h @ coefs[-1] + intercepts[-1]


@ignore_unconverged
@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic", "gelu", "identity"])
@pytest.mark.parametrize("hidden", [(), 7, (5, 6)])
def test_scores_are_those_of_the_definition(scaled_iris, activation, hidden):
    X, y = scaled_iris
    model = MLPClassifier(hidden, activation, max_iter=3, dtype="float64", random_state=0).fit(X, y)
    expected = definition(model.coefs_, model.intercepts_, activation, X)
    np.testing.assert_allclose(model.scores(X), expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(model.predict_proba(X), softmax(expected, axis=1), rtol=1e-12)
    np.testing.assert_allclose(model.predict_log_proba(X), log_softmax(expected, axis=1), rtol=1e-11)


@ignore_unconverged
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
def test_weights_are_repetitions_in_every_step_of_all_rows(scaled_iris, solver):
    X, y = scaled_iris
    times = np.random.default_rng(0).integers(0, 3, len(y))
    options = {"dtype": "float64", "batch_size": 1000, "shuffle": False, "max_iter": 5, "alpha": 0.5, "random_state": 0}
    weighted = MLPClassifier(8, solver=solver, **options).fit(X, y, times)
    repeated = MLPClassifier(8, solver=solver, **options).fit(np.repeat(X, times, axis=0), np.repeat(y, times))
    present = MLPClassifier(8, solver=solver, **options).fit(X[times > 0], y[times > 0], times[times > 0])
    np.testing.assert_allclose(weighted.predict_proba(X), repeated.predict_proba(X), rtol=1e-8)
    np.testing.assert_array_equal(weighted.predict_proba(X), present.predict_proba(X))
    assert weighted.loss_ == pytest.approx(repeated.loss_, rel=1e-9)


@pytest.mark.parametrize("C", [0.1, 10.0])
def test_without_hidden_layers_it_is_softmax_regression(scaled_iris, C):
    X, y = scaled_iris
    weight = np.random.default_rng(0).uniform(0.1, 2, len(y))
    exact = SoftmaxRegression(C, tol=1e-12).fit(X, y, weight)
    model = MLPClassifier((), solver="lbfgs", alpha=1 / C, tol=1e-9, max_iter=2000, random_state=0)
    model.fit(X, y, weight)
    assert model.loss_ == pytest.approx(exact.certificate_.primal, rel=1e-9)
    np.testing.assert_allclose(model.predict_proba(X), exact.predict_proba(X), atol=1e-5)
    np.testing.assert_allclose(model.coefs_[0].T, exact.coef_, atol=1e-5)
    assert model.status_ == "converged"
    loose = MLPClassifier((), solver="lbfgs", alpha=1 / C, tol=0.1, max_iter=2000, random_state=0).fit(X, y, weight)
    assert loose.n_iter_ < model.n_iter_


@ignore_unconverged
@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_one_seed_gives_the_same_bits_for_any_number_of_threads(digits, solver, kind):
    X, y = digits
    X = X.astype(np.float32) if kind == "dense" else sparse.csr_array(X)
    options = {} if solver == "lbfgs" else {"dropout": 0.2, "early_stopping": True}
    models = [
        MLPClassifier(300, solver=solver, max_iter=3, batch_size=500, random_state=3, n_jobs=n, **options).fit(X, y)
        for n in (1, 2, 3)
    ]
    for other in models[1:]:
        for ours, theirs in zip(
            models[0].coefs_ + models[0].intercepts_, other.coefs_ + other.intercepts_, strict=True
        ):
            np.testing.assert_array_equal(ours, theirs)
        assert other.loss_curve_ == models[0].loss_curve_
        np.testing.assert_array_equal(models[0].scores(X), other.scores(X))
    again = clone(models[0]).set_params(random_state=4).fit(X, y)
    assert (again.coefs_[0] != models[0].coefs_[0]).any()


@ignore_unconverged
def test_a_row_has_the_same_scores_whatever_stands_beside_it(digits):
    X, y = digits
    model = MLPClassifier((64, 32), max_iter=2, random_state=0).fit(X, y)
    every = model.scores(X)
    for some in (slice(0, 1), slice(5, 70), slice(1700, 1797)):
        np.testing.assert_array_equal(model.scores(X[some]), every[some])
    csr = sparse.csr_array(X)
    every = model.scores(csr)
    np.testing.assert_array_equal(model.scores(csr[77:80]), every[77:80])


@ignore_unconverged
def test_epochs_of_a_fit_are_calls_of_partial_fit(scaled_iris):
    X, y = scaled_iris
    whole = MLPClassifier(8, max_iter=6, batch_size=32, random_state=0).fit(X, y)
    stream = MLPClassifier(8, batch_size=32, random_state=0)
    for _ in range(6):
        stream.partial_fit(X, y, classes=[0, 1, 2])
    for ours, theirs in zip(whole.coefs_, stream.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (stream.n_iter_, stream.t_, stream.loss_curve_) == (6, 900, whole.loss_curve_)
    continued = pickle.loads(pickle.dumps(stream)).partial_fit(X, y)
    np.testing.assert_array_equal(continued.coefs_[0], copy.deepcopy(stream).partial_fit(X, y).coefs_[0])


def test_absent_classes_have_probability_zero_and_may_come_later(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier(8, classes=[0, 1, 2, 7], max_iter=200, solver="lbfgs", alpha=1.0, random_state=0).fit(X, y)
    proba = model.predict_proba(X)
    assert (proba[:, 3] == 0).all()
    assert model.intercepts_[-1][3] == -np.inf
    plain = MLPClassifier(8, max_iter=200, solver="lbfgs", alpha=1.0, random_state=0).fit(X, y)
    np.testing.assert_allclose(proba[:, :3], plain.predict_proba(X), atol=1e-12)
    model.set_params(solver="adam").partial_fit(X, np.full(len(y), 7))
    assert (model.predict_proba(X)[:, 3] > 0).all()
