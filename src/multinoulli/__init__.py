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
    from multinoulli.classifiers import SoftmaxRegression
    from multinoulli.functions import (
        log1mexp,
        log_sigmoid,
        log_softmax,
        logit,
        logsumexp,
        sigmoid,
        softmax,
        softplus,
    )
    from multinoulli.losses import cross_entropy, cross_entropy_gradient
    from multinoulli.models import Model, fit, load

__version__ = version("multinoulli")

__all__ = [
    "Model",
    "SoftmaxRegression",
    "__version__",
    "cross_entropy",
    "cross_entropy_gradient",
    "fit",
    "load",
    "log1mexp",
    "log_sigmoid",
    "log_softmax",
    "logit",
    "logsumexp",
    "sigmoid",
    "softmax",
    "softplus",
]

_ROOM_OF = {
    "Model": "models",
    "SoftmaxRegression": "classifiers",
    "cross_entropy": "losses",
    "cross_entropy_gradient": "losses",
    "fit": "models",
    "load": "models",
    "log1mexp": "functions",
    "log_sigmoid": "functions",
    "log_softmax": "functions",
    "logit": "functions",
    "logsumexp": "functions",
    "sigmoid": "functions",
    "softmax": "functions",
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
