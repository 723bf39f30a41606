# SPDX-License-Identifier: BSD-3-Clause
"""GaussianNB against its definition in mpmath, far from zero and in many dimensions, and every option."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from sklearn.datasets import load_iris

import multinoulli
from multinoulli import GaussianNB


def exact_scores(X, y, rows, var_smoothing=0):
    """The definition, in 60 digits; (rows, n_classes)."""
    with mpmath.workdps(60):
        columns = [[mpmath.mpf(float(value)) for value in column] for column in X.T]
        labels = sorted(set(y.tolist()))

        def moments(values):
            mean = mpmath.fsum(values) / len(values)
            return mean, mpmath.fsum((value - mean) ** 2 for value in values) / len(values)

        epsilon = mpmath.mpf(var_smoothing) * max(moments(column)[1] for column in columns)
        scores = []
        for row in rows:
            of_row = []
            for label in labels:
                members = np.flatnonzero(y == label)
                score = mpmath.log(mpmath.mpf(len(members)) / len(y))
                for column in columns:
                    mean, variance = moments([column[i] for i in members])
                    variance += epsilon
                    score -= (mpmath.log(2 * mpmath.pi * variance) + (column[row] - mean) ** 2 / variance) / 2
                of_row.append(score)
            scores.append(of_row)
        total = [mpmath.log(mpmath.fsum(mpmath.exp(score) for score in row)) for row in scores]
        logs = [[float(score - log) for score in row] for row, log in zip(scores, total, strict=True)]
        return np.array([[float(score) for score in row] for row in scores]), np.array(logs)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_scores_are_as_defined_however_far_from_zero(offset, dtype):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=60)
    X = (rng.normal(y[:, None], 1.0 + y[:, None], (60, 4)) * (1 if dtype == np.float64 else 100) + offset).astype(dtype)
    rows = range(0, 60, 13)
    model = GaussianNB(var_smoothing=0.0).fit(X, y)
    scores, log_proba = exact_scores(X, y, rows)
    np.testing.assert_allclose(model.scores(X[list(rows)]), scores, rtol=1e-13)
    np.testing.assert_allclose(model.predict_log_proba(X[list(rows)]), log_proba, rtol=1e-12, atol=1e-13)


def test_thousands_of_features_do_not_underflow():
    rng = np.random.default_rng(0)
    y = np.arange(24) % 2
    X = rng.normal(y[:, None] * 3.0, 1.0, (24, 3000))
    scores, log_proba = exact_scores(X, y, [0, 1], 1e-9)
    model = GaussianNB().fit(X, y)
    np.testing.assert_allclose(model.scores(X[:2]), scores, rtol=1e-13)
    np.testing.assert_allclose(model.predict_log_proba(X[:2]), log_proba, rtol=1e-12, atol=0)
    assert model.predict_log_proba(X[:2]).min() < -5000
    assert model.predict_proba(X[:2]).tolist() == [[1, 0], [0, 1]]


def test_classes_far_apart_for_their_spread_are_told_to_the_last_digit():
    # A feature that is constant in each class has no variance but what is smoothed: of the order of 1e-9, while the
    # classes are 1 apart. Its own class's rows are at distance 0 all the same.
    X = np.array([[0.0, 1.0], [0.0, 2.0], [1.0, 1.0], [1.0, 5.0]])
    model = GaussianNB().fit(X, [0, 0, 1, 1])
    scores, _ = exact_scores(X, np.array([0, 0, 1, 1]), range(4), 1e-9)
    np.testing.assert_allclose(model.scores(X), scores, rtol=1e-13)


def test_moments_of_skewed_columns_far_from_their_first_rows():
    # The first rows say nothing of the others: one reading about their mean would leave no digit of the variance.
    rng = np.random.default_rng(0)
    X = np.concatenate([rng.normal(1e9, 1.0, (40, 2)), rng.normal(0.0, 1e-3, (4000, 2)) + 7.0])
    y = np.repeat([0, 1, 0], [20, 20, 4000])
    y[-100:] = 1
    model = GaussianNB(var_smoothing=0.0).fit(X, y)
    for k in 0, 1:
        rows = X[y == k].astype(np.longdouble)
        error = model.theta_[k] - rows.mean(axis=0)
        assert (np.abs(error) < 1e-13 * rows.std(axis=0)).all()
        np.testing.assert_allclose(model.var_[k], rows.var(axis=0).astype(float), rtol=1e-13)


def test_var_smoothing_is_a_share_of_the_largest_variance():
    X, y = load_iris(return_X_y=True)
    plain, smooth = GaussianNB(var_smoothing=0.0).fit(X, y), GaussianNB(var_smoothing=0.1).fit(X, y)
    assert smooth.epsilon_ == pytest.approx(0.1 * X.var(axis=0).max(), rel=1e-13)
    np.testing.assert_allclose(smooth.var_, plain.var_ + smooth.epsilon_, rtol=1e-14)
    weight = np.arange(150.0)
    weighed = GaussianNB(var_smoothing=0.1).fit(X, y, weight).epsilon_
    largest = np.max(np.average((X - np.average(X, axis=0, weights=weight)) ** 2, axis=0, weights=weight))
    assert weighed == pytest.approx(0.1 * largest, rel=1e-13)
    for bad in -1e-9, np.nan, np.inf, "0", None:
        with pytest.raises(ValueError, match="var_smoothing must be a non-negative finite number, got"):
            GaussianNB(var_smoothing=bad).fit(X, y)


def test_constant_features():
    X = np.array([[5.0, 1.0], [5.0, 2.0], [5.0, 6.0], [5.0, 8.0]])
    y = [0, 0, 1, 1]
    model = GaussianNB().fit(X, y)
    np.testing.assert_allclose(
        model.predict_proba(X), GaussianNB().fit(X[:, 1:], y).predict_proba(X[:, 1:]), rtol=1e-12
    )
    assert np.isfinite(model.predict_proba(X + 1e6)).all()
    with pytest.raises(ValueError, match=r"feature 0 is constant in class .*0.*, and var_smoothing=0.0 adds nothing"):
        GaussianNB(var_smoothing=0.0).fit(X, y)
    with pytest.raises(ValueError, match=r"feature 0 is constant in class .*0.*, and var_smoothing=1e-09 adds nothing"):
        GaussianNB().fit(np.full((4, 2), 0.1), y)
    stream = GaussianNB(var_smoothing=0.0).partial_fit(X[:1], [0], classes=[0, 1])
    with pytest.raises(ValueError, match="feature 0 is constant in class"):
        stream.predict(X)
    X[:, 0] = [1, 2, 3, 5]
    assert np.isfinite(stream.partial_fit(X, y).predict_proba(X)).all()


def test_rows_beyond_all_classes_have_probabilities():
    X, y = load_iris(return_X_y=True)
    model = GaussianNB().fit(X, y)
    far = np.array([[1e200, 0, 0, 0], [-1e308, 1e308, 0, 0], X[0]])
    proba = model.predict_proba(far)
    assert np.isfinite(proba).all()
    np.testing.assert_allclose(proba.sum(axis=1), 1)
    np.testing.assert_array_equal(proba[2], model.predict_proba(X[:1])[0])
    with pytest.raises(ValueError, match="the variance of column 0 of X is beyond float64"):
        GaussianNB().fit(X * [1e200, 1, 1, 1], y)


def test_a_row_has_the_same_scores_alone_and_in_any_batch():
    rng = np.random.default_rng(0)
    for d in 1, 3, 8, 37:
        X = rng.normal(size=(500, d))
        model = GaussianNB().fit(X, np.arange(500) % 3)
        together = model.scores(X)
        for begin, end in (0, 1), (5, 6), (3, 8), (100, 357):
            np.testing.assert_array_equal(model.scores(X[begin:end]), together[begin:end])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_data_are_used_where_they_lie(dtype):
    X = np.random.default_rng(0).random((20_000, 100)).astype(dtype)
    y = np.arange(20_000) % 3
    model = GaussianNB().fit(X[:100], y[:100])
    tracemalloc.start()
    model.fit(X, y)
    model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 4


def test_n_jobs_is_the_number_of_threads(monkeypatch):
    asked = []
    pool = multinoulli.objectives._blocks.ThreadPoolExecutor
    monkeypatch.setattr(
        multinoulli.objectives._blocks, "ThreadPoolExecutor", lambda n, **named: asked.append(n) or pool(n, **named)
    )
    X = np.random.default_rng(0).random((10_000, 40))
    GaussianNB(n_jobs=3).fit(X, np.arange(10_000) % 2).scores(X)
    assert asked == [3, 3]
