# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own tests of LogisticRegression, run on SoftmaxRegression where they say something of both.

They come with scikit-learn. Ours takes the place of one solver there, by default of the default one, and the others
stay: so a test that compares solvers compares ours with theirs, and a case of another solver is not ours.
"""

import inspect

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression

from borrowed import arguments
from multinoulli import SoftmaxRegression

theirs = pytest.importorskip("sklearn.linear_model.tests.test_logistic")

# Tests that never fit what is ours, by the reason why.
NOT_OURS = {
    "the l1 penalty, alone or mixed: ours is the l2 penalty": {
        "test_LogisticRegressionCV_GridSearchCV_elastic_net",
        "test_LogisticRegressionCV_elasticnet_attribute_shapes",
        "test_LogisticRegression_elastic_net_objective",
        "test_elastic_net_coeffs",
        "test_elastic_net_l1_l2_equivalence",
        "test_elastic_net_versus_sgd",
        "test_elastic_net_vs_l1_l2",
        "test_elasticnet_l1_ratio_err_helpful",
        "test_l1_ratio_None_deprecated",
        "test_l1_ratio_non_elasticnet",
        "test_liblinear_not_stuck",
        "test_logreg_l1",
        "test_lr_penalty_l1ratio_incompatible",
        "test_scores_attribute_layout_elasticnet",
    },
    "what one solver of several refuses, or how it falls back on another: ours has one": {
        "test_check_solver_option",
        "test_liblinear_dual_random_state",
        "test_liblinear_multiclass_raises",
        "test_liblinear_with_large_values",
        "test_newton_cholesky_fallback_to_lbfgs",
        "test_sample_and_class_weight_equivalence_liblinear",
    },
    "parameters on their way out there, which never were here": {
        "test_logisticregression_warns_with_n_jobs",
        "test_penalty_deprecated",
        "test_penalty_none",
    },
    "private functions": {
        "test_logistic_regression_path_coefs_multinomial",
        "test_logistic_regression_path_convergence_fail",
        "test_logistic_regression_path_init_coefs",
    },
    "LogisticRegressionCV, of which there is no twin here": {
        "test_LogisticRegressionCV_no_refit",
        "test_get_default_scorer",
        "test_logistic_cv",
        "test_logistic_cv_mock_scorer",
        "test_logistic_cv_refit_false_non_elasticnet",
        "test_logistic_cv_sparse",
        "test_logistic_regression_cv_refit",
        "test_logistic_regressioncv_class_weights",
        "test_logisticregressioncv_warns_with_use_legacy_attributes",
        "test_lr_cv_scores_differ_when_sample_weight_is_requested",
        "test_lr_cv_scores_without_enabling_metadata_routing",
        "test_lr_scoring_warns",
        "test_multinomial_cv_iris",
        "test_passing_params_without_enabling_metadata_routing",
    },
    "set_callbacks: ours has a parameter, callback": {
        "test_logistic_regression_callback_fitted_estimator",
        "test_logistic_regression_callback_support",
        "test_logistic_regression_callback_support_warning",
    },
    "arrays of other libraries: estimators take NumPy's and SciPy's": {
        "test_logistic_regression_array_api_compliance",
        "test_logistic_regression_array_api_warm_start",
    },
}
# Whose place ours takes where the default solver has no part.
IN_PLACE_OF = {
    "test_LogisticRegressionCV_on_folds": "newton-cholesky",
    "test_liblinear_decision_function_zero": "liblinear",
    "test_logisticregression_liblinear_sample_weight": "liblinear",
    "test_saga_vs_liblinear": "saga",
    "test_single_feature_newton_cg": "newton-cg",
    "test_warm_start_converge_LR": "sag",
    "test_warm_start_newton_solver": "newton-cg",
}
# Of some tests only the cases that fit LogisticRegression itself, with the l2 penalty.
ONLY = {
    "test_logistic_regression_sample_weights": {"problem": "single"},
    "test_logisticregression_liblinear_sample_weight": {
        "params": {"l1_ratio": 0, "dual": False, "tol": 1e-12, "max_iter": 1000}
    },
    "test_saga_vs_liblinear": {"l1_ratio": 0},
}
# What is run and must fail: where, with which error, and why that is meant.
UNLIKE = AssertionError, "Not equal to tolerance"
PROVED_BEFORE = pytest.fail.Exception, "DID NOT WARN", "its optimum is proved by then"
PLANNED = (*UNLIKE, "an iteration is planned by all before it, also on easier problems")
DEVIATIONS = {
    "test_sparsify": (AttributeError, "no attribute 'sparsify'", "with an l2 penalty hardly a coefficient is 0"),
    "test_logreg_predict_proba_multinomial": (AttributeError, "'_predict_proba_lr'", "it calls a private method"),
    "test_dtype_match": (
        AssertionError,
        "float64",
        "coefficients are float64 for float32 data: rounded, they are not proved",
    ),
    "test_warm_start_newton_solver[1-True-newton-cg]": PLANNED,
    "test_warm_start_newton_solver[inf-True-newton-cg]": PLANNED,
    "test_warm_start_newton_solver[inf-False-newton-cg]": PLANNED,
    "test_logistic_cv_multinomial_score[neg_log_loss-['']]": (
        AssertionError,
        "not almost equal to 6 decimals",
        "theirs, which stops where its gradient is 1e-4, has not as many",
    ),
    "test_max_iter[lbfgs-lbfgs failed to converge-4]": PROVED_BEFORE,
}
OUR_WORDS = {"lbfgs failed to converge": r"SoftmaxRegression stopped \(max_iter\)"}

SHARED = "fit_intercept", "class_weight", "max_iter", "random_state", "warm_start"


class InItsPlace(ClassifierMixin, BaseEstimator):
    """SoftmaxRegression by the names and shapes of LogisticRegression: for two classes one score, at half our C."""

    __init__ = LogisticRegression.__init__
    n_fits = 0

    def fit(self, X, y, sample_weight=None):
        InItsPlace.n_fits += 1
        if not (self.warm_start and hasattr(self, "ours")):
            self.ours = SoftmaxRegression()
        self.ours.set_params(
            C=self.C / 2 if len(np.unique(y)) == 2 else self.C,
            tol=max(self.tol**2, 1e-13),  # of the gradient there; the gap goes with its square
            **{name: getattr(self, name) for name in SHARED},
        )
        self.ours.fit(X, y, sample_weight)
        self.classes_, self.n_iter_ = self.ours.classes_, np.array([self.ours.n_iter_])
        self.coef_, self.intercept_ = one_score(self.ours.coef_), one_score(self.ours.intercept_)
        return self

    def ask(self, method, X):
        self.ours.coef_, self.ours.intercept_ = two_scores(self.coef_), two_scores(self.intercept_)
        return getattr(self.ours, method)(X)

    def predict(self, X):
        return self.ask("predict", X)

    def predict_proba(self, X):
        return self.ask("predict_proba", X)

    def predict_log_proba(self, X):
        return self.ask("predict_log_proba", X)

    def decision_function(self, X):
        return self.ask("decision_function", X)


def one_score(rows):
    return rows[1:] - rows[:1] if len(rows) == 2 else rows


def two_scores(rows):
    return np.concatenate([-rows, rows]) / 2 if len(rows) == 1 else rows


def cases():
    """Every case of every test that is ours, with the filters of warnings that it came with."""
    refused = set().union(*NOT_OURS.values())
    for name, function in vars(theirs).items():
        if not name.startswith("test_") or name in refused:
            continue
        place, only = IN_PLACE_OF.get(name, "lbfgs"), ONLY.get(name, {})
        marks = [theirs.pytestmark, *getattr(function, "pytestmark", [])]
        filters = [mark for mark in marks if mark.name == "filterwarnings"]
        for given in arguments(function):
            if given.get("solver", place) == place and all(given[key] == value for key, value in only.items()):
                shown = "-".join(getattr(value, "__name__", str(value)) for value in given.values())
                yield pytest.param(place, function, given, id=f"{name}[{shown}]" if shown else name, marks=filters)


CASES = list(cases())


def deviation(case):
    return DEVIATIONS.get(case) or DEVIATIONS.get(case.partition("[")[0])


@pytest.mark.parametrize(("place", "function", "given"), CASES)
def test_scikit_learn(place, function, given, monkeypatch, request):
    def ours_or_theirs(*positional, solver="lbfgs", **named):
        kind = InItsPlace if solver == place else LogisticRegression
        return kind(*positional, solver=solver, **named)

    monkeypatch.setattr(theirs, "LogisticRegression", ours_or_theirs)
    monkeypatch.setattr(InItsPlace, "n_fits", 0)
    given = {name: OUR_WORDS.get(value, value) if isinstance(value, str) else value for name, value in given.items()}
    if "global_random_seed" in inspect.signature(function).parameters:
        given["global_random_seed"] = 42  # their default
    expected = deviation(request.node.callspec.id)
    if expected:
        with pytest.raises(expected[0], match=expected[1]):
            function(**given)
    else:
        function(**given)
    assert InItsPlace.n_fits, "the test says nothing of ours: it belongs among NOT_OURS"


def test_most_cases_agree():
    """A wrong name in a list above fails a case; one of another version of scikit-learn does not."""
    agree = [case.id for case in CASES if not deviation(case.id)]
    assert len(agree) >= max(40, 0.75 * len(CASES))
