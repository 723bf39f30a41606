# SPDX-License-Identifier: BSD-3-Clause
"""A stream of batches beside a fit of all rows, and every option of partial_fit."""

import pickle

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

import multinoulli.objectives._posterior as posterior
from multinoulli import SoftmaxRegression, cross_entropy


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(y))
    return X[order], y[order]


def stream(model, X, y, size, **options):
    for begin in range(0, len(y), size):
        model.partial_fit(X[begin : begin + size], y[begin : begin + size], classes=np.unique(y), **options)
    return model


def value(model, X, y, C):
    return cross_entropy(model.scores(X), y, reduction="mean") + np.sum(model.coef_**2) / (2 * C * len(y))


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_one_batch_of_all_is_the_fit(load, C, fit_intercept):
    X, y = load(return_X_y=True)
    proved = SoftmaxRegression(C, fit_intercept=fit_intercept, tol=1e-9).fit(X, y).certificate_
    one = SoftmaxRegression(C, fit_intercept=fit_intercept).partial_fit(X, y, classes=np.unique(y))
    assert value(one, X, y, C) <= proved.dual * (1 + 1e-5)
    assert np.all(one.intercept_ == 0) == (not fit_intercept)


def test_it_is_scikit_learns_model(iris):
    X, y = iris
    one = SoftmaxRegression(tol=1e-12).partial_fit(X, y, classes=[0, 1, 2])
    theirs = LogisticRegression(tol=1e-12, max_iter=1000, solver="newton-cg").fit(X, y)
    np.testing.assert_allclose(one.coef_, theirs.coef_, atol=1e-4)
    np.testing.assert_allclose(one.coef_.sum(axis=0), 0, atol=1e-12)
    assert one.intercept_.sum() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("kind", ["whole", "factors", "diagonal"])
@pytest.mark.parametrize("size", [32, 200])
def test_one_pass_comes_close_to_the_fit(monkeypatch, kind, size):
    if kind != "whole":
        monkeypatch.setattr(posterior, "MAX_WHOLE", 0)
    if kind == "diagonal":
        monkeypatch.setattr(posterior, "MAX_INPUTS", 0)
    X, y = load_digits(return_X_y=True)
    X, held, y, held_y = train_test_split(X, y, random_state=0)
    fitted, streamed = SoftmaxRegression().fit(X, y), stream(SoftmaxRegression(), X, y, size)
    losses = [cross_entropy(model.scores(held), held_y, reduction="mean") for model in (fitted, streamed)]
    assert losses[1] < losses[0] + 0.03  # of log(10) without a model
    assert streamed.score(held, held_y) > fitted.score(held, held_y) - 0.01


def test_all_of_the_stream_counts(iris):
    """What the first batches said is not forgotten: the end is nearer to the fit of all than to that of the last."""
    X, y = iris
    streamed = stream(SoftmaxRegression(), X, y, 50)
    whole, last = SoftmaxRegression().fit(X, y), SoftmaxRegression().fit(X[100:], y[100:])
    far = [np.linalg.norm(streamed.coef_ - other.coef_) for other in (whole, last)]
    assert far[0] < 0.5 * far[1]


def test_scales_do_not_matter_without_a_penalty_to_speak_of(iris):
    X, y = iris
    scale, shift = np.array([1e-3, 1.0, 1e3, 1e6]), np.array([0.0, 1e4, 0.0, 1e7])
    y = np.where(np.random.default_rng(1).random(150) < 0.3, (y + 1) % 3, y)  # so that classes overlap
    plain, scaled = (stream(SoftmaxRegression(1e13, tol=1e-8), data, y, 50) for data in (X, X * scale + shift))
    np.testing.assert_allclose(scaled.predict_proba(X * scale + shift), plain.predict_proba(X), atol=2e-3)


@pytest.mark.parametrize("max_inputs", [2048, 0])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_is_dense(monkeypatch, iris, make, max_inputs):
    monkeypatch.setattr(posterior, "MAX_INPUTS", max_inputs)
    monkeypatch.setattr(posterior, "MAX_WHOLE", 0 if max_inputs == 0 else 1000)
    X, y = iris
    X = np.where(X > 2, X, 0)
    thin, dense = SoftmaxRegression(tol=1e-10), SoftmaxRegression(tol=1e-10)
    dense.partial_fit(
        make(X[:1] * 0), y[:1], classes=[0, 1, 2], sample_weight=[0.0]
    )  # begins where the sparse one does
    stream(dense, X, y, 40)
    for begin in range(0, 150, 40):
        thin.partial_fit(make(X[begin : begin + 40]), y[begin : begin + 40], classes=[0, 1, 2])
    np.testing.assert_allclose(thin.coef_, dense.coef_, atol=1e-4)


def test_features_that_no_sparse_batch_has_stay_where_they_are(monkeypatch):
    monkeypatch.setattr(posterior, "MAX_INPUTS", 0)
    monkeypatch.setattr(posterior, "MAX_WHOLE", 0)
    X = sparse.csr_array(np.array([[1.0, 0, 0], [0, 1.0, 0], [1.0, 1.0, 0]]))
    model = SoftmaxRegression().partial_fit(X, [0, 1, 1], classes=[0, 1])
    before = model.coef_.copy()
    model.partial_fit(sparse.csr_array(np.array([[0, 0, 1.0], [0, 0, 2.0]])), [0, 1])
    np.testing.assert_array_equal(model.coef_[:, :2], before[:, :2])
    assert np.abs(before[:, 2]).max() == 0 < np.abs(model.coef_[:, 2]).max()


def test_float32_is_computed_as_the_numbers_that_it_holds(iris):
    X, y = iris
    single = X.astype(np.float32)
    models = [stream(SoftmaxRegression(), data, y, 40) for data in (single, single.astype(np.float64))]
    np.testing.assert_array_equal(models[0].coef_, models[1].coef_)
    assert models[0].coef_.dtype == np.float64


def test_labels_are_declared_in_any_order(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    model = SoftmaxRegression().partial_fit(X[:40], names[y[:40]], classes=["virginica", "setosa", "versicolor"])
    model.partial_fit(X[40:], names[y[40:]], classes=["versicolor", "virginica", "setosa"])
    assert model.classes_.tolist() == names.tolist()
    numbers = SoftmaxRegression(classes=[2, 0, 1]).partial_fit(X[:40], y[:40]).partial_fit(X[40:], y[40:])
    np.testing.assert_array_equal(model.coef_, numbers.coef_)
    assert set(model.predict(X)) == set(names)


def test_a_class_may_be_absent_and_come_later(iris):
    X, y = iris
    order = np.argsort(y, kind="stable")
    model = SoftmaxRegression().partial_fit(X[order[:100]], y[order[:100]], classes=[0, 1, 2])
    assert np.isfinite(model.intercept_).all()
    assert (model.predict_proba(X)[:, 2] < 1e-4).all()
    model.partial_fit(X[order[100:]], y[order[100:]])
    assert model.score(X[y == 2], y[y == 2]) > 0.9
    one_class = SoftmaxRegression().partial_fit(X[:1], y[:1], classes=[0, 1, 2])
    assert one_class.predict(X[:1])[0] == y[0]


def test_weights_are_repetition_and_0_is_absence(iris):
    X, y = iris
    weight = np.random.default_rng(0).integers(0, 3, 100)
    models = [SoftmaxRegression(tol=1e-12) for _ in range(2)]
    models[0].partial_fit(X[:100], y[:100], [0, 1, 2], weight).partial_fit(X[100:], y[100:])
    models[1].partial_fit(np.repeat(X[:100], weight, axis=0), np.repeat(y[:100], weight), [0, 1, 2])
    models[1].partial_fit(X[100:], y[100:])
    np.testing.assert_allclose(models[0].coef_, models[1].coef_, atol=1e-5)
    assert not np.allclose(models[0].coef_, stream(SoftmaxRegression(), X, y, 100).coef_, atol=1e-2)
    before = models[0].coef_.copy()
    models[0].partial_fit(X, y, sample_weight=np.zeros(150))
    np.testing.assert_array_equal(models[0].coef_, before)
    assert models[0].n_iter_ == 0


def test_class_weight_is_of_all_classes_of_the_stream(iris):
    X, y = iris
    factors = {0: 1.0, 1: 2.5, 2: 0.5}
    by_class = stream(SoftmaxRegression(class_weight=factors), X, y, 50)
    by_sample = SoftmaxRegression()
    for begin in range(0, 150, 50):
        rows = slice(begin, begin + 50)
        by_sample.partial_fit(X[rows], y[rows], [0, 1, 2], [factors[k] for k in y[rows]])
    np.testing.assert_array_equal(by_class.coef_, by_sample.coef_)
    SoftmaxRegression(class_weight={0: 2.0, 2: 3.0}).partial_fit(X[y == 1], y[y == 1], classes=[0, 1, 2])


def test_what_is_counted_and_what_is_not_proved(iris):
    X, y = iris
    model = SoftmaxRegression().fit(X, y)
    assert not hasattr(model, "n_samples_seen_")
    model.partial_fit(X[:100], y[:100], [0, 1, 2]).partial_fit(X[100:], y[100:])
    assert model.n_samples_seen_ == 150
    assert model.n_iter_ > 0
    assert not hasattr(model, "certificate_")


def test_fit_forgets_the_stream_and_a_stream_the_fit(iris):
    X, y = iris
    model = stream(SoftmaxRegression(), X, y, 50).fit(X, y)
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, y).coef_)
    assert model.certificate_.status == "converged"
    model.partial_fit(X[:50], y[:50])
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().partial_fit(X[:50], y[:50], [0, 1, 2]).coef_)
    warm = stream(SoftmaxRegression(warm_start=True), X, y, 150).fit(X, y)
    assert warm.n_iter_ < SoftmaxRegression().fit(X, y).n_iter_


def test_pickle_between_calls(iris):
    X, y = iris
    model = SoftmaxRegression().partial_fit(X[:75], y[:75], classes=[0, 1, 2])
    other = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(model.partial_fit(X[75:], y[75:]).coef_, other.partial_fit(X[75:], y[75:]).coef_)


def test_c_is_the_prior(iris):
    X, y = iris
    weak, strong = (stream(SoftmaxRegression(C), X, y, 50) for C in (10.0, 0.01))
    assert np.linalg.norm(weak.coef_) > 10 * np.linalg.norm(strong.coef_)


def test_a_limit_is_said(iris):
    X, y = iris
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 1 iterations: .* seems to be about"):
        SoftmaxRegression(max_iter=1).partial_fit(X, y, classes=[0, 1, 2])


def test_an_interrupted_call_leaves_the_stream_as_it_was(iris):
    X, y = iris
    model, other = (SoftmaxRegression().partial_fit(X[:75], y[:75], [0, 1, 2]) for _ in range(2))

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(callback=interrupt).partial_fit(X[75:], y[75:])
    np.testing.assert_array_equal(model.coef_, other.coef_)
    model.set_params(callback=None).partial_fit(X[75:], y[75:])
    np.testing.assert_allclose(model.coef_, other.partial_fit(X[75:], y[75:]).coef_, atol=1e-8)


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({}, {}, "classes must be given at the first call of partial_fit"),
        ({}, {"classes": [0]}, r"classes must be at least 2 labels, got \[0\]"),
        ({}, {"classes": [0, 1]}, r"y has the label .*2.* at row .*, which is not in classes: \[0, 1\]"),
        ({"class_weight": "balanced"}, {"classes": [0, 1, 2]}, "class_weight='balanced' cannot be had from a stream"),
        ({"C": np.inf}, {"classes": [0, 1, 2]}, "C must be finite for partial_fit"),
        ({"C": -1.0}, {"classes": [0, 1, 2]}, "C must be a positive number"),
        ({}, {"classes": [0, 1, 2], "sample_weight": [1.0]}, r"sample_weight has shape \(1,\)"),
    ],
)
def test_errors_come_before_any_work(iris, options, given, message):
    model = SoftmaxRegression(**options)
    with pytest.raises(ValueError, match=message):
        model.partial_fit(*iris, **given)
    assert not hasattr(model, "coef_")


def test_classes_must_not_change(iris):
    model = SoftmaxRegression().partial_fit(*iris, classes=[0, 1, 2])
    with pytest.raises(
        ValueError, match=r"classes must be what they were at the first call .*\[0, 1, 2\], got \[0, 1\]"
    ):
        model.partial_fit(*iris, classes=[0, 1])
    with pytest.raises(ValueError, match="features"):
        model.partial_fit(iris[0][:, :2], iris[1])
