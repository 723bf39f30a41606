# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's own tests of its naive Bayes models, run on ours of the same names."""

import inspect

import numpy as np
import pytest

import multinoulli
from borrowed import arguments

theirs = pytest.importorskip("sklearn.tests.test_naive_bayes")
NAMES = ["BernoulliNB", "CategoricalNB", "ComplementNB", "GaussianNB", "MultinomialNB"]

# Tests that never fit what is ours, by the reason why.
NOT_OURS = {
    "private methods": {"test_check_alpha", "test_gnb_check_update_with_no_data"},
    "force_alpha, which ours has not: where alpha=0 would take a logarithm of 0, ours says so": {
        "test_alpha",
        "test_alpha_vector",
    },
    "arrays of other libraries: estimators take NumPy's and SciPy's": {"test_gnb_array_api_compliance"},
}
# What is run and must fail: where, with which error, and why that is meant.
NO_PRIOR = TypeError, "unexpected keyword argument '(class_prior|fit_prior)'", "the method has no prior, so no option"
ONE_CLASS = ValueError, "y has one class|at least 2 labels", "a classifier needs two classes, everywhere here"
DEVIATIONS = {
    "test_discretenb_prior[ComplementNB]": (AttributeError, "no attribute 'class_log_prior_'", "the same"),
    "test_discretenb_uniform_prior[ComplementNB]": (ValueError, "Invalid parameter 'fit_prior'", "the same"),
    "test_discretenb_provide_prior[ComplementNB]": NO_PRIOR,
    "test_discretenb_provide_prior": (
        pytest.fail.Exception,
        "DID NOT RAISE",
        "it ends with classes=[0, 1, 1], which are the labels 0 and 1",
    ),
    "test_discretenb_provide_prior_with_partial_fit[ComplementNB]": NO_PRIOR,
    "test_discretenb_provide_prior_with_partial_fit[CategoricalNB]": (
        ValueError,
        "X is not of integers: 5.1",
        "it takes lengths of leaves for categories, which are rounded down there",
    ),
    "test_discretenb_degenerate_one_class_case": ONE_CLASS,
    "test_gnb_sample_weight": (*ONE_CLASS[:2], "as before, where all but one class have weight 0"),
    "test_gnb_partial_fit": (AssertionError, "float64", "moments are float64 for float32 data"),
}
AGREE = {  # cases of the tests above that do
    "test_discretenb_degenerate_one_class_case": {"train_on_single_class_y": False},
}
# What our messages say in place of theirs, as patterns.
OUR_WORDS = {
    "The target label.* in y do not exist in the initial classes": "y has the label .* which is not in classes",
    "Priors must be non-negative": "priors must be probabilities",
    "Number of priors must match number of classes": r"prior.* has shape \(.*\), expected",
    "Number of priors must match number of classes.": r"prior.* has shape \(.*\), expected",
    "The sum of the priors should be 1": "priors must be probabilities that sum to 1",
    "classes must be passed on the first call to partial_fit.": "classes must be given at the first call",
    "is not the same as on last call to partial_fit": "classes must be what they were at the first call",
    "Negative values in data passed to ComplementNB (input X)": "Negative values in data passed to ComplementNB: ",
    "Negative values in data passed to CategoricalNB (input X)": "Negative values in data passed to CategoricalNB: ",
    "'min_categories' should have shape": "min_categories has shape",
}


class WithOurWords:
    """pytest, but for the words that an error is expected to have."""

    def __getattr__(self, name):
        return getattr(pytest, name)

    def raises(self, error, match):
        return pytest.raises(error, match=OUR_WORDS.get(match.replace("\\", ""), match))


def in_its_place(name):
    """Ours, with what theirs calls its scores."""
    ours = getattr(multinoulli, name)
    return type(name, (ours,), {"__init__": ours.__init__, "predict_joint_log_proba": ours.scores})


IN_THEIR_PLACE = {getattr(theirs, name): in_its_place(name) for name in NAMES}


def cases():
    refused = set().union(*NOT_OURS.values())
    for name, function in vars(theirs).items():
        if not name.startswith("test_") or name in refused:
            continue
        for given in arguments(function):
            shown = "-".join(getattr(value, "__name__", str(value)) for value in given.values())
            yield pytest.param(function, given, id=f"{name}[{shown}]" if shown else name)


CASES = list(cases())


def deviation(case, given):
    name = case.partition("[")[0]
    if name in AGREE and all(given[key] == value for key, value in AGREE[name].items()):
        return None
    return DEVIATIONS.get(case) or DEVIATIONS.get(name)


@pytest.mark.parametrize(("function", "given"), CASES)
def test_scikit_learn(function, given, monkeypatch, request):
    for name in NAMES:
        monkeypatch.setattr(theirs, name, IN_THEIR_PLACE[getattr(theirs, name)])
    monkeypatch.setattr(theirs, "pytest", WithOurWords())
    expected = deviation(request.node.callspec.id, given)
    given = {
        name: IN_THEIR_PLACE.get(value, value) if inspect.isclass(value) else value for name, value in given.items()
    }
    fixtures = {"global_random_seed": 42, "global_dtype": np.float32}  # their default, and the one that says more
    given |= {name: fixtures[name] for name in inspect.signature(function).parameters if name in fixtures}
    if expected:
        with pytest.raises(expected[0], match=expected[1]):
            function(**given)
    else:
        function(**given)


def test_most_cases_agree():
    """A wrong name in a list above fails a case; one of another version of scikit-learn does not."""
    assert set().union(*NOT_OURS.values()) <= set(vars(theirs)), "a test in NOT_OURS is gone"
    agree = [case.id for case in CASES if not deviation(case.id, case.values[1])]
    assert len(agree) >= max(60, 0.75 * len(CASES))
