# SPDX-License-Identifier: BSD-3-Clause
"""Scores and labels -> loss per sample, and its gradient with respect to the scores."""

from multinoulli.losses._cross_entropy import cross_entropy
from multinoulli.losses._cross_entropy_gradient import cross_entropy_gradient

__all__ = ["cross_entropy", "cross_entropy_gradient"]
