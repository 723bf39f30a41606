# SPDX-License-Identifier: BSD-3-Clause
"""MultinomialNB, ComplementNB and BernoulliNB: their definitions, in thousands of features too, and every option."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from scipy import sparse
from sklearn import naive_bayes

from multinoulli import BernoulliNB, ComplementNB, MultinomialNB

MODELS = [MultinomialNB, ComplementNB, BernoulliNB]
X = np.array([[3, 0, 1], [2, 0, 2], [0, 4, 1], [1, 1, 0]])
Y = np.array(["a", "a", "b", "b"])


def test_multinomial_is_as_defined():
    model = MultinomialNB(alpha=[0.5, 1.0, 2.0]).fit(X, Y)
    counts = np.array([[5.5, 1, 5], [1.5, 6, 3]])
    np.testing.assert_allclose(np.exp(model.feature_log_prob_), counts / counts.sum(axis=1, keepdims=True), rtol=1e-15)
    np.testing.assert_allclose(
        model.scores([[1, 0, 2]]), [np.log(0.5 * np.prod((counts.T / counts.sum(1)).T ** [1, 0, 2], 1))]
    )
    np.testing.assert_array_equal(model.intercept_, model.class_log_prior_)


@pytest.mark.parametrize("norm", [False, True])
def test_complement_is_as_defined_and_as_in_scikit_learn(norm):
    model = ComplementNB(alpha=0.5, norm=norm).fit(X, Y)
    others = np.array([[1, 5, 1], [5, 0, 3]]) + 0.5
    weights = -np.log(others / others.sum(axis=1, keepdims=True))
    if norm:
        weights /= weights.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(model.feature_log_prob_), weights, rtol=1e-15)
    theirs = naive_bayes.ComplementNB(alpha=0.5, norm=norm).fit(X, Y)
    np.testing.assert_allclose(model.scores(X), theirs.predict_joint_log_proba(X), rtol=1e-14)
    np.testing.assert_allclose(model.predict_log_proba(X), theirs.predict_log_proba(X), rtol=1e-13, atol=1e-15)


def test_what_only_one_class_has_is_absent_from_the_others_to_the_last_bit():
    # Sums of such weights in two orders differ by roundings, and 1e-300 is less than those.
    rows = np.zeros((30, 2))
    rows[:20, 0] = 0.1
    rows[20:, 1] = 0.1
    model = ComplementNB(alpha=1e-300).fit(rows, np.repeat([0, 1], [20, 10]))
    np.testing.assert_allclose(model.feature_log_prob_[0, 0], -np.log(1e-300), rtol=1e-3)


def test_bernoulli_is_as_defined():
    model = BernoulliNB(alpha=[0.5, 1.0, 2.0], binarize=1.0).fit(X, Y, [1, 2, 1, 1])
    there = np.array([[3, 0, 2], [0, 1, 0]])
    theta = np.add(there, [0.5, 1, 2]) / ([[3], [2]] + 2 * np.array([0.5, 1, 2]))
    np.testing.assert_allclose(np.exp(model.feature_log_prob_), theta, rtol=1e-15)
    want = np.log([3 / 5, 2 / 5]) + np.log(theta[:, 0]) + np.log(1 - theta[:, 1]) + np.log(1 - theta[:, 2])
    np.testing.assert_allclose(model.scores([[7, 1, 0.5]])[0], want, rtol=1e-14)
    np.testing.assert_allclose(model.scores(sparse.csr_array([[7, 1, 0.5]]))[0], want, rtol=1e-14)


@pytest.mark.parametrize("alpha", [1e-10, 1e-300])
def test_bernoulli_tells_a_probability_near_one_from_one(alpha):
    model = BernoulliNB(alpha=alpha).fit([[1], [1], [0], [1]], [0, 0, 1, 1])
    np.testing.assert_allclose(
        model.scores([[0]])[0, 0], np.log(0.5) + np.log(alpha) - np.log(2 + 2 * alpha), rtol=1e-14
    )


def test_binarize():
    low = BernoulliNB(binarize=-1.0).fit(X - 2, Y)
    np.testing.assert_array_equal(low.feature_count_, BernoulliNB(binarize=1.0).fit(X, Y).feature_count_)
    ones = (X > 1).astype(float)
    plain = BernoulliNB(binarize=None).fit(ones, Y)
    np.testing.assert_array_equal(plain.scores(ones), BernoulliNB().fit(ones, Y).scores(ones))
    twice = sparse.csr_array((np.array([1.0, -1.0, 1.0]), np.array([0, 0, 1]), np.array([0, 3])), shape=(1, 3))
    np.testing.assert_array_equal(plain.set_params(binarize=0.5).scores(twice), plain.scores([[0.0, 1.0, 0.0]]))
    for make in np.asarray, sparse.csr_array:
        with pytest.raises(
            ValueError, match=r"X must be zeros and ones where binarize is None, got 3.* at row 0, column 0"
        ):
            BernoulliNB(binarize=None).fit(make(X.astype(float)), Y)
        with pytest.raises(ValueError, match="X must be zeros and ones where binarize is None"):
            plain.set_params(binarize=None).predict(make(X.astype(float)))
    with pytest.raises(ValueError, match="binarize must not be negative for sparse data"):
        BernoulliNB(binarize=-1).fit(sparse.csr_array(X.astype(float)), Y)
    for bad in np.nan, np.inf, "0":
        with pytest.raises(ValueError, match="binarize must be a finite number or None, got"):
            BernoulliNB(binarize=bad).fit(X, Y)


@pytest.mark.parametrize("model", MODELS)
def test_thousands_of_features_do_not_underflow(model):
    rng = np.random.default_rng(0)
    y = np.arange(30) % 2
    rows = rng.poisson(1 + y[:, None] * rng.random(4000) * 2, (30, 4000)).astype(np.float32)
    ours = model().fit(rows, y)
    with mpmath.workdps(400):
        scores = []
        for k in 0, 1:
            weights = [mpmath.log(mpmath.mpf(15) / 30) if model is not ComplementNB else mpmath.mpf(0)]
            of_class = rows[y == k] if model is not ComplementNB else rows[y != k]
            total = mpmath.mpf(int(of_class.sum())) + 4000
            for count, present, value in zip(of_class.sum(0), (of_class > 0).sum(0), rows[0], strict=True):
                if model is BernoulliNB:
                    weights.append(mpmath.log(mpmath.mpf(int(present if value else 15 - present) + 1) / 17))
                else:
                    sign = -1 if model is ComplementNB else 1
                    weights.append(sign * int(value) * mpmath.log((int(count) + 1) / total))
            scores.append(mpmath.fsum(weights))
        log_proba = [float(score - mpmath.log(mpmath.fsum(mpmath.exp(s) for s in scores))) for score in scores]
        scores = [float(score) for score in scores]
    assert min(abs(score) for score in scores) > 1000
    for make in np.asarray, sparse.csr_array:
        np.testing.assert_allclose(ours.scores(make(rows[:1]))[0], scores, rtol=1e-13)
        np.testing.assert_allclose(ours.predict_log_proba(make(rows[:1]))[0], log_proba, rtol=1e-9)
        assert np.isfinite(ours.predict_proba(make(rows))).all()


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("model", [MultinomialNB, ComplementNB])
def test_a_negative_count_is_named_with_its_place(model, make):
    bad = X.astype(float)
    bad[2, 1] = -0.5
    with pytest.raises(
        ValueError, match=f"Negative values in data passed to {model.__name__}: -0.5 at row 2, column 1"
    ):
        model().fit(make(bad), Y)


@pytest.mark.parametrize("model", MODELS)
def test_alpha_zero_needs_every_count(model):
    with pytest.raises(
        ValueError, match=r"alpha=0 gives (for the other classes |the lack of )?feature . the probability 0"
    ):
        model(alpha=0).fit(X, Y)
    full = np.array([[1, 2], [3, 0], [0, 1], [1, 1], [0, 0], [0, 0]])
    y = [0, 0, 1, 1, 0, 1]
    ours = model(alpha=0, classes=[0, 1, 2]).fit(full, y)
    np.testing.assert_allclose(ours.scores(full)[:, :2], model(alpha=1e-13).fit(full, y).scores(full), rtol=1e-11)
    np.testing.assert_array_equal(ours.predict_proba(full)[:, 2], 0)


@pytest.mark.parametrize("model", MODELS)
def test_entries_of_a_sparse_matrix_in_any_order_and_given_twice(model):
    data, indices = np.array([2.0, 1.0, 1.0, 4.0, 1.0, 1.0]), np.array([2, 0, 2, 1, 2, 0], np.int64)
    messy = sparse.csr_array((data, indices, np.array([0, 3, 5, 6], np.int64)), shape=(3, 3))
    plain = np.array([[1, 0, 3], [0, 4, 1], [1, 0, 0]])
    ours = model().fit(messy, [0, 1, 1])
    np.testing.assert_allclose(ours.scores(messy), model().fit(plain, [0, 1, 1]).scores(plain), rtol=1e-14)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_data_are_not_copied(model, make):
    rng = np.random.default_rng(0)
    rows = make((rng.random((20_000, 100)) < 0.5) * rng.random((20_000, 100)))
    y = np.arange(20_000) % 3
    ours = model(n_jobs=1).fit(rows[:100], y[:100])
    tracemalloc.start()
    ours.fit(rows, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    size = rows.nbytes if make is np.asarray else rows.data.nbytes + rows.indices.nbytes
    assert peak < size / 2  # zeros and ones of a sparse matrix are half its numbers
