# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's own tests of softmax, log_softmax, logsumexp, expit and logit, run on our functions.

They come with SciPy. Its functions are replaced by ours in the modules of its tests, under its signatures; what its
tests say of another library's arrays (`xp`) is said of NumPy's here.
"""

import inspect

import array_api_compat.numpy as xp
import numpy as np
import pytest

import multinoulli
from borrowed import arguments

logsumexp_tests = pytest.importorskip("scipy.special.tests.test_logsumexp")
logit_tests = pytest.importorskip("scipy.special.tests.test_logit")

COMPLEX = "complex numbers are refused: a score is a real number"
DEVIATIONS = {
    "TestLogSumExp.test_logsumexp_complex_sign": COMPLEX,
    "TestLogSumExp.test_gh21610": COMPLEX,
    "TestLogSumExp.test_gh21709_small_imaginary": COMPLEX,
    "TestExpit.test_large": "long doubles are refused: the kernels are for 64 bits at most",
}


def logsumexp(a, axis=None, b=None, keepdims=False, return_sign=False):
    return multinoulli.logsumexp(a, axis=axis, weights=b, keepdims=keepdims, return_sign=return_sign)


OURS = {
    logsumexp_tests: {
        "logsumexp": logsumexp,
        "softmax": lambda x, axis=None: multinoulli.softmax(x, axis=axis),
        "log_softmax": lambda x, axis=None: multinoulli.log_softmax(x, axis=axis),
    },
    logit_tests: {
        "expit": multinoulli.sigmoid,
        "logit": multinoulli.logit,
        "log_expit": multinoulli.log_sigmoid,
    },
}


def cases():
    """Every test method with every combination of its parameters."""
    for module in OURS:
        for name, group in vars(module).items():
            if not name.startswith("Test"):
                continue
            for method, function in inspect.getmembers(group, inspect.isfunction):
                if method.startswith("test_"):
                    for given in arguments(function):
                        shown = "-".join(map(str, given.values()))
                        yield pytest.param(module, group, method, given, id=f"{name}.{method}[{shown}]")


def deviation(group, method, given):
    listed = DEVIATIONS.get(f"{group.__name__}.{method}")
    if listed is None and any("complex" in str(value) or isinstance(value, complex) for value in given.values()):
        return COMPLEX
    return listed


CASES = list(cases())  # once: some parameters are iterators


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of NumPy, where SciPy's tests make their own references
@pytest.mark.parametrize(("module", "group", "method", "given"), CASES)
def test_scipy(module, group, method, given, monkeypatch):
    for name, function in OURS[module].items():
        monkeypatch.setattr(module, name, function)
    test = getattr(group(), method)
    wanted = inspect.signature(test).parameters
    every = {**given, **{name: value for name, value in {"xp": xp, "devices": ["cpu"]}.items() if name in wanted}}
    if deviation(group, method, given):
        with pytest.raises(TypeError, match="must be real numbers of at most 64 bits"):
            test(**every)
    else:
        test(**every)


def test_the_list_of_deviations_is_current():
    known = {f"{group.__name__}.{method}" for _, group, method, _ in (case.values for case in CASES)}
    assert DEVIATIONS.keys() <= known
    assert np.isclose(logsumexp([0.0, 0.0]), np.log(2))
