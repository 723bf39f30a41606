# SPDX-License-Identifier: BSD-3-Clause
"""CategoricalNB: its definition, what it takes for a category, and every option."""

import tracemalloc

import numpy as np
import pytest
from sklearn import naive_bayes

from multinoulli import CategoricalNB

X = np.array([[0, 1], [0, 2], [1, 1], [1, 0], [1, 1]])
Y = np.array(["no", "no", "yes", "yes", "yes"])


def test_scores_are_as_defined():
    model = CategoricalNB(alpha=[0.5, 2.0]).fit(X, Y, [1, 2, 1, 1, 3])
    assert model.n_categories_.tolist() == [2, 3]
    np.testing.assert_array_equal(model.category_count_[0], [[3, 0], [0, 5]])
    np.testing.assert_array_equal(model.category_count_[1], [[0, 1, 2], [1, 4, 0]])
    shares = [[3 / 8, 0.5 / 4, 3 / 9], [5 / 8, 5.5 / 6, 6 / 11]]
    np.testing.assert_allclose(np.exp(model.scores([[1, 1]])[0]), np.prod(shares, axis=1), rtol=1e-15)


def test_thousands_of_features_do_not_underflow():
    rng = np.random.default_rng(0)
    many = rng.integers(5, size=(60, 4000))
    y = np.arange(60) % 3
    ours, theirs = CategoricalNB().fit(many, y), naive_bayes.CategoricalNB().fit(many, y)
    np.testing.assert_allclose(ours.scores(many), theirs.predict_joint_log_proba(many), rtol=1e-13)
    assert ours.scores(many).max() < -2000
    np.testing.assert_allclose(ours.predict_proba(many).sum(axis=1), 1, rtol=1e-14)


def test_unseen_categories_are_smoothed_or_an_error():
    smooth = CategoricalNB(alpha=0.5).fit(X, Y)
    declared = CategoricalNB(alpha=0.5, min_categories=[2, 3]).fit(X, Y)
    unseen = np.log([2 / 5 * 0.5 / 3 * 1.5 / 3.5, 3 / 5 * 0.5 / 4 * 2.5 / 4.5])
    np.testing.assert_allclose(smooth.scores([[7, 1]])[0], unseen, rtol=1e-14)
    np.testing.assert_array_equal(declared.scores([[2**40, 1]]), smooth.scores([[7, 1]]))
    with pytest.raises(
        ValueError,
        match=r"X has the category 3 at row 1, column 1, but column 1 has 3 categories, 0 to 2: raise min_categories",
    ):
        CategoricalNB(unseen="error").fit(X, Y).predict([[1, 2], [0, 3]])
    known = CategoricalNB(unseen="error", min_categories=4).fit(X, Y)
    assert np.isfinite(known.predict_proba([[0, 3]])).all()
    with pytest.raises(ValueError, match="unseen must be"):
        CategoricalNB(unseen="ignore").fit(X, Y)
    full = np.array([[0], [1], [0], [1]])
    nothing = CategoricalNB(alpha=0).fit(full, [0, 0, 1, 1])  # has no mass to smooth with
    np.testing.assert_allclose(nothing.predict_proba([[5]]), 0.5)


def test_min_categories_is_checked():
    for bad, message in (
        ([1, 2, 3], r"min_categories has shape \(3,\)"),
        (0, "min_categories must be positive integers, got 0"),
        (2.5, "min_categories must be positive integers, got 2.5"),
    ):
        with pytest.raises(ValueError, match=message):
            CategoricalNB(min_categories=bad).fit(X, Y)


def test_a_batch_may_bring_new_categories():
    stream = CategoricalNB().partial_fit(X[:2], Y[:2], classes=["no", "yes"])
    stream.partial_fit(X[2:], Y[2:])
    assert stream.n_categories_.tolist() == [2, 3]
    np.testing.assert_array_equal(stream.scores(X), CategoricalNB().fit(X, Y).scores(X))
    stream.partial_fit([[0, 0]], ["no"])
    assert stream.n_categories_.tolist() == [2, 3]


@pytest.mark.parametrize(
    "dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint64, np.float32, np.float64, bool, object]
)
def test_codes_of_any_type(dtype):
    codes = X % 2 if dtype is bool else X
    ours = CategoricalNB().fit(codes.astype(dtype), Y)
    np.testing.assert_array_equal(ours.scores(codes.astype(dtype)), CategoricalNB().fit(codes, Y).scores(codes))


def test_what_is_no_code_is_named():
    half = X.astype(float)
    half[2, 1] = 0.5
    with pytest.raises(ValueError, match=r"X is not of integers: 0\.5 at row 2, column 1; categories are codes 0, 1"):
        CategoricalNB().fit(half, Y)
    with pytest.raises(ValueError, match=r"X is not of integers: 1e\+300 at row 0, column 0"):
        CategoricalNB().fit(X + 1e300, Y)
    many = np.zeros((20_000, 2), int)
    many[17_000, 1] = -3
    with pytest.raises(ValueError, match="passed to CategoricalNB: -3 at row 17000, column 1"):
        CategoricalNB().fit(many, np.arange(20_000) % 2)
    with pytest.raises(ValueError, match="passed to CategoricalNB: -3 at row 17000, column 1"):
        CategoricalNB().fit(X, Y).predict(many)


@pytest.mark.parametrize("n_classes", [2, 7, 8, 9, 30])
def test_any_number_of_classes(n_classes):
    rng = np.random.default_rng(0)
    many, y = rng.integers(6, size=(500, 5)), np.arange(500) % n_classes
    ours, theirs = CategoricalNB(alpha=0.1).fit(many, y), naive_bayes.CategoricalNB(alpha=0.1).fit(many, y)
    np.testing.assert_allclose(ours.scores(many), theirs.predict_joint_log_proba(many), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.float64])
def test_data_are_used_where_they_lie(dtype):
    many = np.random.default_rng(0).integers(10, size=(100_000, 20)).astype(dtype)
    y = np.arange(100_000) % 3
    model = CategoricalNB(n_jobs=1).fit(many[:100], y[:100])
    tracemalloc.start()
    model.fit(many, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000  # in int64 it takes twice as much
