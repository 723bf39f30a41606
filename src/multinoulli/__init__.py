# SPDX-License-Identifier: BSD-3-Clause
"""Scores in, probabilities you can trust out."""

from importlib.metadata import version

from multinoulli.classifiers import SoftmaxRegression
from multinoulli.functions import log_softmax, logsumexp, softmax
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
    "log_softmax",
    "logsumexp",
    "softmax",
]
