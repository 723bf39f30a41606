# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own tests of its discriminant analyses, run on ours.

They come with scikit-learn. Ours takes the place of every solver there; what is made with a covariance estimator, which
ours has not, or with a shrinkage that the solver refuses stays theirs: so a test that compares the two compares us.
"""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import multinoulli
from borrowed import arguments

theirs = pytest.importorskip("sklearn.tests.test_discriminant_analysis")

# Tests that never fit what is ours, or ask for what is not, by the reason why.
NOT_OURS = {
    "private functions": {"test_covariance"},
    "a solver refuses a shrinkage or a covariance estimator: ours has one solver, and no such estimators": {
        "test_qda_covariance_estimator"
    },
    "the axes of every class, which another change of coordinates serves here": {"test_qda_coefs"},
}
# What is run and must fail: with which error, and why that is meant.
ALWAYS = AssertionError, "covariance_", "covariance_ is always there"
WORDS = AssertionError, "not full rank", "one error for every class with too few rows, of one row too"
DEVIATIONS = {
    "test_lda_priors": (pytest.fail.Exception, "DID NOT WARN", "priors of another sum than 1 are an error"),
    "test_lda_transform": (pytest.fail.Exception, "DID NOT RAISE", "there is one solver, and it has the axes"),
    "test_lda_store_covariance": ALWAYS,
    "test_qda_store_covariance": ALWAYS,
    "test_lda_dtype_match[float32-float32]": (
        AssertionError,
        "float64",
        "coefficients are float64 for float32 data: so are the sums",
    ),
    "test_qda_regularization[svd]": (AssertionError, "not full rank", "reg_param serves where rows are few, too"),
    "test_raises_value_error_on_one_sample_per_class": WORDS,
}


class InTheirPlace(ClassifierMixin, BaseEstimator):
    """Ours by the names of theirs; of two classes one row of coefficients."""

    n_fits = 0

    def fit(self, X, y):
        InTheirPlace.n_fits += 1
        self.ours = self.kind(**{name: getattr(self, name) for name in self.shared}).fit(X, y)
        self.classes_ = self.ours.classes_
        return self

    def __getattr__(self, name):
        if name.startswith("__") or "ours" not in vars(self):
            raise AttributeError(name)
        value = getattr(self.ours, name)
        return value[1:] - value[:1] if name in ("coef_", "intercept_") and len(value) == 2 else value


class Linear(InTheirPlace):
    __init__ = theirs.LinearDiscriminantAnalysis.__init__
    kind, shared = multinoulli.LinearDiscriminantAnalysis, ("shrinkage", "priors", "n_components", "tol")


class Quadratic(InTheirPlace):
    __init__ = theirs.QuadraticDiscriminantAnalysis.__init__
    kind, shared = multinoulli.QuadraticDiscriminantAnalysis, ("shrinkage", "priors", "reg_param")


def cases():
    """Every case of every test that is ours, with the filters of warnings that it came with."""
    refused = set().union(*NOT_OURS.values())
    for name, function in vars(theirs).items():
        if name.startswith("test_") and name not in refused:
            marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "filterwarnings"]
            for given in arguments(function):
                shown = "-".join(getattr(value, "__name__", str(value)) for value in given.values())
                yield pytest.param(function, given, id=f"{name}[{shown}]" if shown else name, marks=marks)


CASES = list(cases())


def deviation(case):
    return DEVIATIONS.get(case) or DEVIATIONS.get(case.partition("[")[0])


@pytest.mark.parametrize(("function", "given"), CASES)
def test_scikit_learn(function, given, monkeypatch, request):
    for ours in Linear, Quadratic:
        name = ours.kind.__name__
        original = getattr(theirs, name)

        def ours_or_theirs(*, ours=ours, original=original, **named):
            stays = named.get("covariance_estimator") is not None or (
                named.get("solver", "svd") == "svd" and named.get("shrinkage") is not None
            )
            return (original if stays else ours)(**named)

        monkeypatch.setattr(theirs, name, ours_or_theirs)
    monkeypatch.setattr(InTheirPlace, "n_fits", 0)
    if "global_random_seed" in inspect.signature(function).parameters:
        given = {**given, "global_random_seed": 42}  # their default
    expected = deviation(request.node.callspec.id)
    if expected:
        with pytest.raises(expected[0], match=expected[1]):
            function(**given)
    else:
        function(**given)
    assert InTheirPlace.n_fits, "the test says nothing of ours: it belongs among NOT_OURS"


def test_lists_are_current():
    """A wrong name among the deviations fails a case, or is of another version of scikit-learn; most cases agree."""
    assert all(hasattr(theirs, name) for names in NOT_OURS.values() for name in names)
    agree = [case.id for case in CASES if not deviation(case.id)]
    assert len(agree) >= max(30, 0.7 * len(CASES))
    assert np.isin([name.partition("[")[0] for name in DEVIATIONS], list(vars(theirs))).all()
