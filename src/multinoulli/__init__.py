# SPDX-License-Identifier: BSD-3-Clause
"""Scores in, probabilities you can trust out.

A name is loaded when it is first used (as SPEC 1 of the scientific Python ecosystem describes), so that the functions
do not wait for scikit-learn, nor the command's help for either.
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from multinoulli import _threads as _threads  # its import registers the core with threadpoolctl

if TYPE_CHECKING:
    from multinoulli.classifiers import (
        BernoulliNB,
        CategoricalNB,
        ComplementNB,
        GaussianNB,
        LinearDiscriminantAnalysis,
        MixedNB,
        MLPClassifier,
        MultinomialNB,
        QuadraticDiscriminantAnalysis,
        SoftmaxRegression,
    )
    from multinoulli.functions import (
        gumbel_softmax,
        log1mexp,
        log_sigmoid,
        log_softmax,
        log_softmax_vjp,
        logit,
        logsumexp,
        sample_categorical,
        segment_logsumexp,
        segment_softmax,
        sigmoid,
        softmax,
        softmax_jacobian,
        softmax_jvp,
        softmax_vjp,
        softplus,
    )
    from multinoulli.losses import (
        binary_cross_entropy,
        binary_cross_entropy_gradient,
        cross_entropy,
        cross_entropy_gradient,
        cross_entropy_hvp,
        linear_cross_entropy,
        linear_cross_entropy_gradient,
    )
    from multinoulli.models import Model, fit, load

__version__ = version("multinoulli")

__all__ = [
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

_ROOM_OF = {
    "BernoulliNB": "classifiers",
    "CategoricalNB": "classifiers",
    "ComplementNB": "classifiers",
    "GaussianNB": "classifiers",
    "LinearDiscriminantAnalysis": "classifiers",
    "MLPClassifier": "classifiers",
    "MixedNB": "classifiers",
    "Model": "models",
    "MultinomialNB": "classifiers",
    "QuadraticDiscriminantAnalysis": "classifiers",
    "SoftmaxRegression": "classifiers",
    "binary_cross_entropy": "losses",
    "binary_cross_entropy_gradient": "losses",
    "cross_entropy": "losses",
    "cross_entropy_gradient": "losses",
    "cross_entropy_hvp": "losses",
    "fit": "models",
    "gumbel_softmax": "functions",
    "linear_cross_entropy": "losses",
    "linear_cross_entropy_gradient": "losses",
    "load": "models",
    "log1mexp": "functions",
    "log_sigmoid": "functions",
    "log_softmax": "functions",
    "log_softmax_vjp": "functions",
    "logit": "functions",
    "logsumexp": "functions",
    "sample_categorical": "functions",
    "segment_logsumexp": "functions",
    "segment_softmax": "functions",
    "sigmoid": "functions",
    "softmax": "functions",
    "softmax_jacobian": "functions",
    "softmax_jvp": "functions",
    "softmax_vjp": "functions",
    "softplus": "functions",
}


def __getattr__(name: str) -> Any:
    if name not in _ROOM_OF:
        raise AttributeError(f"module 'multinoulli' has no attribute {name!r}")
    value = getattr(import_module(f"multinoulli.{_ROOM_OF[name]}"), name)
    globals()[name] = value  # found at once from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
