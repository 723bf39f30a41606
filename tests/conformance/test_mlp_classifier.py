# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own tests of MLPClassifier, run on ours where they say something of both. They come with it."""

import inspect

import pytest
from sklearn.neural_network import MLPRegressor

from borrowed import arguments
from multinoulli import MLPClassifier

theirs = pytest.importorskip("sklearn.neural_network.tests.test_mlp")

# Tests that never fit what is ours, by the reason why.
NOT_OURS = {
    "regression": {
        "test_lbfgs_regression",
        "test_lbfgs_regression_maxfun",
        "test_minimum_input_sample_size",
        "test_mlp_diverging_loss",
        "test_mlp_loading_from_joblib_partial_fit",
        "test_mlp_regressor_dtypes_casting",
        "test_mlp_sample_weight_with_early_stopping",
        "test_mlp_vs_poisson_glm_equivalent",
        "test_multioutput_regression",
        "test_nonfinite_params",
        "test_partial_fit_regression",
        "test_shuffle",
    },
    "several labels a row: ours is one of several classes": {
        "test_multilabel_classification",
        "test_predict_proba_multilabel",
    },
    "private functions and attributes; tests/classifiers/test_mlp_training.py has the worked example, and gradients": {
        "test_fit",
        "test_gradient",
    },
    "learning rates that are not here: cosine is": {
        "test_adaptive_learning_rate",
        "test_learning_rate_warmstart",
    },
}
# What is run and must fail: with which error, and why that is meant.
COUNTER = AttributeError, "_no_improvement_count", "a private counter; tests/classifiers has the epochs it counts"
CURVE = AttributeError, "validation_scores_", "validation_curve_ here: the log loss of what is held out, not accuracy"
DEVIATIONS = {
    "test_early_stopping": (AssertionError, "is None", "best_loss_ is the least held-out log loss, not None"),
    "test_early_stopping_stratified": (AssertionError, "class 1 has one row", "refused in other words"),
    "test_mlp_early_stopping_string_labels": CURVE,
    "test_mlp_param_dtypes[MLPClassifier-float64]": (AssertionError, "all", "the dtype is a parameter of ours"),
    "test_mlp_warm_start_with_early_stopping": CURVE,
    "test_n_iter_no_change": COUNTER,
    "test_n_iter_no_change_inf": COUNTER,
    "test_partial_fit_unseen_classes": (
        AssertionError,
        "0.0 > 0",
        "one of four rows is right after two steps: the luck of their first weights, for which ours needs another seed",
    ),
    "test_preserve_feature_names": (ValueError, "y has one class", "one class cannot be told from others"),
    "test_verbose_sgd": (AssertionError, "'Iteration' in", "the line names epochs"),
    "test_warm_start": (AssertionError, "warm_start needs the classes", "refused in other words"),
}


class Counted(MLPClassifier):
    """Ours, by its name."""

    n_fits = 0
    __init__ = MLPClassifier.__init__

    def fit(self, X, y, sample_weight=None):
        Counted.n_fits += 1
        return super().fit(X, y, sample_weight)


def cases():
    """Every case of every test that is ours."""
    refused = set().union(*NOT_OURS.values())
    for name, function in vars(theirs).items():
        if not name.startswith("test_") or name in refused:
            continue
        filters = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "filterwarnings"]
        for given in arguments(function):
            if MLPRegressor not in [value for value in given.values() if isinstance(value, type)]:
                shown = "-".join(getattr(value, "__name__", str(value)[:10]) for value in given.values())
                yield pytest.param(function, given, id=f"{name}[{shown}]" if shown else name, marks=filters)


CASES = list(cases())


def deviation(case):
    return DEVIATIONS.get(case) or DEVIATIONS.get(case.partition("[")[0])


@pytest.mark.filterwarnings("ignore:MLPClassifier stopped:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("function", "given"), CASES)
def test_scikit_learn(function, given, monkeypatch, request):
    their_class = theirs.MLPClassifier
    given = {name: Counted if value is their_class else value for name, value in given.items()}
    monkeypatch.setattr(theirs, "MLPClassifier", Counted)
    monkeypatch.setattr(Counted, "n_fits", 0)
    if "capsys" in (wanted := inspect.signature(function).parameters):
        given["capsys"] = request.getfixturevalue("capsys")
    assert set(wanted) == set(given)
    expected = deviation(request.node.callspec.id)
    if expected:
        with pytest.raises(expected[0], match=expected[1]):
            function(**given)
    else:
        function(**given)
    assert Counted.n_fits or "partial_fit" in function.__name__, "the test says nothing of ours: it is not ours"


def test_most_cases_agree():
    """A wrong name in a list above fails a case; one of another version of scikit-learn does not."""
    agree = [case.id for case in CASES if not deviation(case.id)]
    assert len(agree) >= max(15, 0.6 * len(CASES))
