# SPDX-License-Identifier: BSD-3-Clause
"""Scores -> probabilities, and their calculus."""

from multinoulli.functions._log1mexp import log1mexp
from multinoulli.functions._log_sigmoid import log_sigmoid
from multinoulli.functions._log_softmax import log_softmax
from multinoulli.functions._logit import logit
from multinoulli.functions._logsumexp import logsumexp
from multinoulli.functions._sigmoid import sigmoid
from multinoulli.functions._softmax import softmax
from multinoulli.functions._softplus import softplus

__all__ = [
    "log1mexp",
    "log_sigmoid",
    "log_softmax",
    "logit",
    "logsumexp",
    "sigmoid",
    "softmax",
    "softplus",
]
