# SPDX-License-Identifier: BSD-3-Clause
"""A fit that ends with an exception leaves a fitted estimator as it was, whatever had been looked at by then."""

import numpy as np
import pytest

import multinoulli

KINDS = {
    "SoftmaxRegression": {},
    "LinearDiscriminantAnalysis": {},
    "QuadraticDiscriminantAnalysis": {"shrinkage": 0.5},
    "GaussianNB": {},
    "MultinomialNB": {},
    "ComplementNB": {},
    "BernoulliNB": {"binarize": 2.0},
    "CategoricalNB": {},
    "MixedNB": {},
    "MLPClassifier": {"tol": 1e3, "random_state": 0},  # content with any loss
}


def interrupt(_):
    raise KeyboardInterrupt


def narrower(X):
    """Another table, of fewer columns."""
    return np.ascontiguousarray(X[:, :3])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fault", ["value", "classes", "weight", "labels as text"])
def test_bad_data_change_nothing(iris, kind, fault):
    X, y = np.floor(iris[0]), iris[1]
    model = getattr(multinoulli, kind)(**KINDS[kind]).fit(X, y)
    before, weight, bad = model.predict_proba(X), None, narrower(X)
    if fault in ("value", "labels as text"):
        bad[3, 1] = np.inf
    if fault == "labels as text":
        y = y.astype(str)
    if fault == "classes":
        y = np.zeros(150, int)
    if fault == "weight":
        weight = np.full(150, -1.0)
    with pytest.raises(ValueError, match=r"infinity|one class|negative|large"):
        model.fit(bad, y, sample_weight=weight)
    np.testing.assert_array_equal(model.predict_proba(X), before)


@pytest.mark.parametrize("kind", ["SoftmaxRegression", "MLPClassifier"])
def test_an_interrupt_changes_nothing(iris, kind):
    X, y = iris
    model = getattr(multinoulli, kind)(**KINDS[kind]).fit(X, y)
    before = model.predict_proba(X)
    with pytest.raises(KeyboardInterrupt):
        model.set_params(callback=interrupt).fit(narrower(X), y)
    np.testing.assert_array_equal(model.predict_proba(X), before)
