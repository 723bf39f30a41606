# SPDX-License-Identifier: BSD-3-Clause
"""Scores -> probabilities, and their calculus."""

from multinoulli.functions._log_softmax import log_softmax
from multinoulli.functions._logsumexp import logsumexp
from multinoulli.functions._softmax import softmax

__all__ = ["log_softmax", "logsumexp", "softmax"]
