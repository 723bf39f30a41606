# SPDX-License-Identifier: BSD-3-Clause
"""Scores -> probabilities, and their calculus."""

from multinoulli.functions._gumbel_softmax import gumbel_softmax
from multinoulli.functions._log1mexp import log1mexp
from multinoulli.functions._log_sigmoid import log_sigmoid
from multinoulli.functions._log_softmax import log_softmax
from multinoulli.functions._log_softmax_vjp import log_softmax_vjp
from multinoulli.functions._logit import logit
from multinoulli.functions._logsumexp import logsumexp
from multinoulli.functions._sample_categorical import sample_categorical
from multinoulli.functions._segment_logsumexp import segment_logsumexp
from multinoulli.functions._segment_softmax import segment_softmax
from multinoulli.functions._sigmoid import sigmoid
from multinoulli.functions._softmax import softmax
from multinoulli.functions._softmax_jacobian import softmax_jacobian
from multinoulli.functions._softmax_jvp import softmax_jvp
from multinoulli.functions._softmax_vjp import softmax_vjp
from multinoulli.functions._softplus import softplus

__all__ = [
    "gumbel_softmax",
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
