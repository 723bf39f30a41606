# SPDX-License-Identifier: BSD-3-Clause
"""What scikit-learn's machinery asks of an estimator: routed weights, data frames and their names, copies."""

import pickle
import warnings

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from multinoulli import SoftmaxRegression

X, y = load_iris(return_X_y=True)
NAMES = ["sepal length", "sepal width", "petal length", "petal width"]
WEIGHT = np.random.default_rng(0).uniform(0.0, 3.0, len(y))


@pytest.fixture(autouse=True)
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


def test_weights_reach_the_fit_in_a_pipeline():
    model = make_pipeline(StandardScaler(), SoftmaxRegression().set_fit_request(sample_weight=True))
    model[0].set_fit_request(sample_weight=False)
    model.fit(X, y, sample_weight=WEIGHT)
    direct = SoftmaxRegression().fit(StandardScaler().fit_transform(X), y, WEIGHT)
    np.testing.assert_array_equal(model[-1].coef_, direct.coef_)


def test_weights_reach_fit_and_score_in_a_search():
    model = SoftmaxRegression().set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
    search = GridSearchCV(model, {"C": [0.01, 1.0]}, cv=[(np.arange(0, 150, 2), np.arange(1, 150, 2))])
    search.fit(X, y, sample_weight=WEIGHT)
    np.testing.assert_array_equal(
        search.best_estimator_.coef_, SoftmaxRegression(search.best_params_["C"]).fit(X, y, WEIGHT).coef_
    )
    by_hand = SoftmaxRegression(0.01).fit(X[::2], y[::2], WEIGHT[::2])
    accuracy = accuracy_score(y[1::2], by_hand.predict(X[1::2]), sample_weight=WEIGHT[1::2])
    assert search.cv_results_["mean_test_score"][0] == accuracy
    assert by_hand.score(X[1::2], y[1::2], sample_weight=WEIGHT[1::2]) == accuracy != by_hand.score(X[1::2], y[1::2])


def test_weights_that_nobody_asked_for_are_refused():
    with pytest.raises(ValueError, match="sample_weight"):
        cross_validate(SoftmaxRegression(), X, y, params={"sample_weight": WEIGHT})


def test_partial_fit_may_ask_for_weights_and_classes():
    model = SoftmaxRegression().set_partial_fit_request(sample_weight=True, classes=True)
    requests = model.get_metadata_routing().partial_fit.requests
    assert requests == {"sample_weight": True, "classes": True}


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("way", ["fit", "partial_fit"])
def test_names_of_a_data_frame_are_kept_and_compared(library, way):
    frame = pytest.importorskip(library).DataFrame({name: X[:, j] for j, name in enumerate(NAMES)})
    options = {"classes": [0, 1, 2]} if way == "partial_fit" else {}
    model = getattr(SoftmaxRegression(), way)(frame, y, **options)
    assert model.feature_names_in_.tolist() == NAMES
    plain = getattr(SoftmaxRegression(), way)(X, y, **options)
    np.testing.assert_array_equal(model.coef_, plain.coef_)
    np.testing.assert_array_equal(model.predict_proba(frame), plain.predict_proba(X))
    with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
        model.predict(frame[NAMES[::-1]])
    with pytest.raises(ValueError, match="Feature names unseen at fit time"):
        model.predict(frame.rename({"sepal width": "width"} if library == "polars" else str.upper, **_columns(library)))
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    with pytest.warns(UserWarning, match="was fitted without feature names"):
        plain.predict(frame)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict_proba(frame)
    if way == "partial_fit":
        with pytest.raises(ValueError, match="must be in the same order as they were in fit"):
            model.partial_fit(frame[NAMES[::-1]], y)


def _columns(library):
    return {"axis": "columns"} if library == "pandas" else {}


@pytest.mark.parametrize("fitted", [False, True])
def test_clone_and_pickle(fitted):
    model = SoftmaxRegression(3.0, class_weight="balanced", warm_start=True, tol=1e-8)
    model.set_fit_request(sample_weight=True)
    if fitted:
        model.fit(X, y)
    copy, fresh = pickle.loads(pickle.dumps(model)), clone(model)
    for other in copy, fresh:
        assert other.get_params() == model.get_params()
        assert other.get_metadata_routing().fit.requests == {"sample_weight": True}
    assert hasattr(fresh, "coef_") is False
    if fitted:
        np.testing.assert_array_equal(copy.predict_proba(X), model.predict_proba(X))
        assert copy.certificate_ == model.certificate_
        assert copy.fit(X, y).n_iter_ == 0  # the start of a warm one
