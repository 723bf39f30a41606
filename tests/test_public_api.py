# SPDX-License-Identifier: BSD-3-Clause
"""The public names are the defined names, each documented, with an example where it can be called."""

import importlib
import inspect
import pkgutil
import subprocess
import sys

import pytest

import multinoulli

ROOMS = ["multinoulli"] + [
    f"multinoulli.{room.name}" for room in pkgutil.iter_modules(multinoulli.__path__) if not room.name.startswith("_")
]
PUBLIC = [(room, name) for room in ROOMS for name in importlib.import_module(room).__all__]


@pytest.mark.parametrize("room", ROOMS)
def test_all_is_complete(room: str) -> None:
    module = importlib.import_module(room)
    assert len(set(module.__all__)) == len(module.__all__)
    defined = {
        name
        for name, value in vars(module).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and (inspect.isclass(value) or callable(value))
        and getattr(value, "__module__", "").startswith("multinoulli")
    }
    assert defined <= set(module.__all__)


@pytest.mark.parametrize(("room", "name"), PUBLIC)
def test_public_names_are_documented(room: str, name: str) -> None:
    value = getattr(importlib.import_module(room), name)
    if callable(value):
        assert inspect.getdoc(value), f"{room}.{name} has no docstring"


@pytest.mark.parametrize("name", [n for n in multinoulli.__all__ if callable(getattr(multinoulli, n))])
def test_top_level_names_have_an_example(name: str) -> None:
    assert ">>>" in (inspect.getdoc(getattr(multinoulli, name)) or "")


def test_names_are_loaded_when_they_are_used() -> None:
    script = (
        "import sys, multinoulli\n"
        "assert 'sklearn' not in sys.modules\n"
        "assert set(multinoulli.__all__) <= set(dir(multinoulli))\n"
        "multinoulli.softmax([0.0])\n"
        "assert 'sklearn' not in sys.modules\n"
        "multinoulli.SoftmaxRegression\n"
        "assert 'sklearn' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_an_unknown_name_is_an_attribute_error() -> None:
    missing = "softmin"
    with pytest.raises(AttributeError, match="'multinoulli' has no attribute 'softmin'"):
        getattr(multinoulli, missing)


def test_top_level_names() -> None:
    assert multinoulli.__all__ == [
        "BernoulliNB",
        "CategoricalNB",
        "ComplementNB",
        "GaussianNB",
        "LinearDiscriminantAnalysis",
        "MLPClassifier",
        "MixedNB",
        "Model",
        "MultinomialNB",
        "QuadraticDiscriminantAnalysis",
        "SoftmaxRegression",
        "__version__",
        "binary_cross_entropy",
        "binary_cross_entropy_gradient",
        "cross_entropy",
        "cross_entropy_gradient",
        "cross_entropy_hvp",
        "fit",
        "gumbel_softmax",
        "linear_cross_entropy",
        "linear_cross_entropy_gradient",
        "load",
        "log1mexp",
        "log_sigmoid",
        "log_softmax",
        "log_softmax_vjp",
        "logit",
        "logsumexp",
        "sample_categorical",
        "segment_logsumexp",
        "segment_softmax",
        "sigmoid",
        "softmax",
        "softmax_jacobian",
        "softmax_jvp",
        "softmax_vjp",
        "softplus",
    ]
