# SPDX-License-Identifier: BSD-3-Clause
"""Both discriminant analyses against the definitions in plain float64, scikit-learn's solvers, and every option."""

import warnings

import numpy as np
import pytest
from sklearn import discriminant_analysis as theirs
from sklearn.covariance import oas
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from multinoulli import LinearDiscriminantAnalysis as Linear
from multinoulli import QuadraticDiscriminantAnalysis as Quadratic
from normal_classes import close, moments, posterior

BOTH = pytest.mark.parametrize("kind", [Linear, Quadratic])


def refused(estimator):
    """Checks of partial_fit, where it cannot be had."""
    checks = ["check_fit_score_takes_y", "check_n_features_in_after_fitting", "check_estimators_partial_fit_n_features"]
    return dict.fromkeys(checks, "a stream has no 'auto'") if estimator.shrinkage == "auto" else {}


@parametrize_with_checks(
    [Linear(), Linear(shrinkage="auto"), Quadratic(reg_param=0.01), Quadratic(shrinkage="oas", reg_param=0.01)],
    expected_failed_checks=refused,
)
def test_obeys_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own data are hard on purpose
        check(estimator)


@pytest.mark.parametrize("divisor", ["n_samples", "degrees_of_freedom"])
@pytest.mark.parametrize("weighted", [False, True])
def test_linear_is_bayes_rule_of_normal_classes(wine, divisor, weighted):
    X, y = wine
    weight = np.random.default_rng(0).integers(1, 4, len(y)) if weighted else None
    mass, means, scatters = moments(X, y, weight)
    covariance = scatters.sum(axis=0) / (mass.sum() - (3 if divisor == "degrees_of_freedom" else 0))
    model = Linear(covariance_divisor=divisor).fit(X, y, weight)
    close(model.priors_, mass / mass.sum(), 1e-15)
    close(model.means_, means, 1e-14)
    close(model.covariance_, covariance, 1e-12)
    close(model.xbar_, mass @ means / mass.sum(), 1e-14)
    close(model.predict_proba(X), posterior(X, means, [covariance] * 3, mass / mass.sum()))
    coef = np.linalg.solve(covariance, (means - model.xbar_).T).T
    close(model.coef_, coef)
    np.testing.assert_allclose(model.priors_ @ model.coef_, 0, atol=1e-12 * np.abs(coef).max())


@pytest.mark.parametrize("divisor", ["n_samples", "degrees_of_freedom"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("reg_param", [0.0, 0.3])
@pytest.mark.parametrize("shrinkage", [None, 0.2])
def test_quadratic_is_bayes_rule_of_normal_classes(wine, divisor, weighted, reg_param, shrinkage):
    X, y = wine
    weight = np.random.default_rng(0).integers(1, 4, len(y)) if weighted else None
    mass, means, scatters = moments(X, y, weight)
    covariances = scatters / (mass - (divisor == "degrees_of_freedom"))[:, None, None]
    if shrinkage:
        level = np.trace(covariances, axis1=1, axis2=2)[:, None, None] / 13
        covariances = (1 - shrinkage) * covariances + shrinkage * level * np.eye(13)
    covariances = (1 - reg_param) * covariances + reg_param * np.eye(13)
    model = Quadratic(covariance_divisor=divisor, reg_param=reg_param, shrinkage=shrinkage).fit(X, y, weight)
    close(model.covariance_, covariances, 1e-12)
    close(model.means_, means, 1e-14)
    close(model.predict_proba(X), posterior(X, means, covariances, mass / mass.sum()), 1e-8)


@pytest.mark.parametrize("solver", ["svd", "lsqr", "eigen"])
def test_linear_is_scikit_learns(wine, solver):
    X, y = wine
    other = theirs.LinearDiscriminantAnalysis(solver=solver).fit(X, y)
    model = Linear().fit(X, y)
    close(model.predict_proba(X), other.predict_proba(X))
    close(model.predict_log_proba(X), other.predict_log_proba(X))
    if solver == "svd":
        close(model.coef_, other.coef_)
        close(model.intercept_, other.intercept_)
        close(model.xbar_, other.xbar_)
        close(np.abs(model.scalings_), np.abs(other.scalings_[:, :2]))
        close(np.abs(model.transform(X)), np.abs(other.transform(X)))
    if solver != "lsqr":
        close(model.explained_variance_ratio_, other.explained_variance_ratio_)


@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
@pytest.mark.parametrize("shrinkage", [0.0, 0.43, 1.0, "auto"])
def test_shrunk_linear_is_scikit_learns(solver, shrinkage):
    for load in load_iris, load_wine, load_digits:
        X, y = load(return_X_y=True)
        if load is load_digits:
            if shrinkage == 0.0:  # singular: the solvers differ among themselves
                continue
            X = X[:300] if solver == "lsqr" else X  # some classes have fewer rows than features
            y = y[: len(X)]
        other = theirs.LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage).fit(X, y)
        model = Linear(shrinkage=shrinkage).fit(X, y)
        close(model.covariance_, other.covariance_, 1e-12)
        close(model.predict_proba(X), other.predict_proba(X), 1e-8)


class StandardizedOAS:
    """What scikit-learn's "auto" does to the columns, with its oracle approximating shrinkage."""

    def fit(self, X):
        scaler = StandardScaler().fit(X)
        self.covariance_ = scaler.scale_[:, None] * oas(scaler.transform(X))[0] * scaler.scale_
        return self


def test_oas_is_scikit_learns_on_standardised_columns(wine):
    X, y = wine
    other = theirs.LinearDiscriminantAnalysis(solver="lsqr", covariance_estimator=StandardizedOAS()).fit(X, y)
    model = Linear(shrinkage="oas").fit(X, y)
    close(model.covariance_, other.covariance_, 1e-12)
    close(model.predict_proba(X), other.predict_proba(X), 1e-8)
    other = theirs.QuadraticDiscriminantAnalysis(
        solver="eigen", covariance_estimator=StandardizedOAS(), store_covariance=True
    ).fit(X, y)
    quadratic = Quadratic(shrinkage="oas").fit(X, y)
    close(quadratic.covariance_, other.covariance_, 1e-12)
    assert not np.allclose(model.covariance_, Linear(shrinkage="auto").fit(X, y).covariance_, rtol=1e-3)


@pytest.mark.parametrize(
    ("options", "same"),
    [
        ({"solver": "svd"}, {}),
        ({"solver": "svd", "reg_param": 0.1}, {"reg_param": 0.1}),
        ({"solver": "eigen"}, {}),
        ({"solver": "eigen", "shrinkage": 0.3}, {"shrinkage": 0.3}),
        ({"solver": "eigen", "shrinkage": "auto"}, {"shrinkage": "auto"}),
    ],
)
def test_quadratic_is_scikit_learns(wine, options, same):
    X, y = wine
    other = theirs.QuadraticDiscriminantAnalysis(store_covariance=True, tol=0, **options).fit(X, y)
    model = Quadratic(**same).fit(X, y)
    if "reg_param" not in options:  # there it is among the square roots
        close(model.covariance_, other.covariance_, 1e-11)
    close(model.predict_proba(X), other.predict_proba(X), 1e-8)
    close(model.predict_log_proba(X), other.predict_log_proba(X), 1e-8)


def test_a_column_that_a_class_lacks_is_shrunk_as_scikit_learn_does(iris):
    X, y = iris
    X = np.column_stack([X, np.where(y == 0, 3.0, X[:, 0] * X[:, 1])])
    other = theirs.LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y)
    close(Linear(shrinkage="auto").fit(X, y).covariance_, other.covariance_, 1e-12)


@pytest.mark.parametrize("shrinkage", ["auto", "oas"])
def test_one_column_is_not_shrunk(iris, shrinkage):
    X, y = iris
    close(Linear(shrinkage=shrinkage).fit(X[:, :1], y).covariance_, Linear().fit(X[:, :1], y).covariance_, 1e-14)


@pytest.mark.parametrize("rows", [slice(0, 150, 5), slice(None)])
def test_directions_that_do_not_vary_are_left_out_as_scikit_learn_does(rows):
    X, y = load_digits(return_X_y=True)
    X, y = X[rows], y[rows]  # thirty rows of 64 features, or all with columns that are 0
    X = np.column_stack([X, X[:, 20] - X[:, 30], np.full(len(X), 0.5)])  # which theirs takes no rounding of for spread
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # theirs, of a division
        other = theirs.LinearDiscriminantAnalysis(solver="svd").fit(X, y)
    model = Linear().fit(X, y)
    close(model.predict_log_proba(X), other.predict_log_proba(X), 1e-7)
    close(np.abs(model.transform(X)), np.abs(other.transform(X)), 1e-7)
    np.testing.assert_array_equal(model.coef_[:, -1], 0)


def test_tol_decides_what_does_not_vary():
    rng = np.random.default_rng(0)
    y = np.arange(200) % 2
    X = rng.standard_normal((200, 2)) + y[:, None]
    X[:, 1] = X[:, 0] + 1e-3 * X[:, 1]
    loose, tight = Linear(tol=0.1).fit(X, y), Linear(tol=1e-5).fit(X, y)
    assert loose.coef_[1, 0] == pytest.approx(loose.coef_[1, 1], rel=1e-2)  # only their sum was left
    assert abs(tight.coef_[1, 1]) > 100 * abs(loose.coef_[1, 1])
    with pytest.raises(np.linalg.LinAlgError, match=r"class 0 is not full rank.* vary in 1 of 2 directions"):
        Quadratic(tol=0.1).fit(X, y)
    assert Quadratic(tol=1e-5).fit(X, y).score(X, y) > 0.5


def test_transform_has_the_axes_on_which_classes_lie_apart(wine):
    X, y = wine
    model = Linear().fit(X, y)
    Z = model.transform(X)
    mass, _, scatters = moments(Z, y)
    close(scatters.sum(axis=0) / mass.sum(), np.eye(2))
    between = model.priors_ * (means := moments(Z, y)[1]).T @ means
    close(between, np.diag(np.diagonal(between)))
    close(np.diagonal(between) / np.trace(between), model.explained_variance_ratio_)
    one = Linear(n_components=1).fit(X, y)
    close(one.transform(X)[:, 0], Z[:, 0], 1e-13)
    assert one.scalings_.shape == (13, 1)
    assert one.explained_variance_ratio_.tolist() == model.explained_variance_ratio_[:1].tolist()
    assert one.get_feature_names_out().tolist() == ["lineardiscriminantanalysis0"]
    assert (model.scalings_[np.abs(model.scalings_).argmax(axis=0), [0, 1]] > 0).all()
    np.testing.assert_array_equal(one.coef_, model.coef_)
    with pytest.raises(ValueError, match=r"n_components cannot be larger than .* = 2, got 3"):
        Linear(n_components=3).fit(X, y)
    with pytest.raises(ValueError, match="n_components must be a positive integer or None, got 0"):
        Linear(n_components=0).fit(X, y)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        model.transform(np.full((1, 13), np.nan))


@BOTH
def test_priors_are_used_and_checked(iris, kind):
    X, y = iris
    priors = np.array([0.2, 0.7, 0.1])
    model = kind(priors=priors).fit(X, y)
    _mass, means, scatters = moments(X, y)
    covariances = scatters / 50 if kind is Quadratic else [scatters.sum(axis=0) / 150] * 3
    close(model.predict_proba(X), posterior(X, means, covariances, priors))
    np.testing.assert_array_equal(model.priors_, priors)
    if kind is Linear:
        close(model.xbar_, priors @ means, 1e-14)
    names = np.array(["a", "b", "c"])
    named = kind(priors={"c": 0.1, "b": 0.7, "a": 0.2}).fit(X, names[y])
    np.testing.assert_array_equal(named.predict_proba(X), model.predict_proba(X))
    none = kind(priors=[0.5, 0.0, 0.5]).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(none[:, 1], 0)
    for bad, message in [
        ([0.5, 0.5], r"priors has shape \(2,\), expected \(3,\)"),
        ([0.5, 0.6, -0.1], r"priors must be non-negative, got -0\.1 for class 2"),
        ([np.nan, 0.5, 0.5], "priors must be non-negative, got nan for class 0"),
        ([0.5, 0.5, 0.5], r"priors must sum to 1, got 1\.5: divide"),
        ({0: 0.5, 1: 0.5}, r"priors must have one value for each of the classes \[0, 1, 2\]"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind(priors=bad).fit(X, y)


def test_means_that_coincide_tell_nothing():
    X = np.array([[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] * 2)
    model = Linear().fit(X, np.arange(8) // 4)
    np.testing.assert_allclose(model.predict_proba(X), 0.5)
    assert model.transform(X).shape == (8, 0)


def test_tol_decides_which_axes_tell_classes_apart():
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 3
    X = rng.standard_normal((3000, 3))
    X += np.array([[0.0, 0.0, 0.0], [10.0, 0.0, 0.0], [20.0, 1.0, 0.0]])[y]
    assert Linear(tol=1e-4).fit(X, y).scalings_.shape == (3, 2)
    model = Linear(tol=0.3).fit(X, y)
    assert model.scalings_.shape == (3, 1)
    close(model.predict_log_proba(X), Linear().fit(X, y).predict_log_proba(X), 1e-12)  # which lose none


@BOTH
@pytest.mark.parametrize("shrinkage", ["auto", "oas"])
def test_shrinkage_does_not_depend_on_the_divisor(wine, kind, shrinkage):
    X, y = wine
    ml, unbiased = (
        kind(shrinkage=shrinkage, covariance_divisor=d).fit(X, y) for d in ("n_samples", "degrees_of_freedom")
    )
    n = np.bincount(y)
    factor = len(y) / (len(y) - 3) if kind is Linear else (n / (n - 1))[:, None, None]
    close(unbiased.covariance_, factor * ml.covariance_, 1e-13)
