# SPDX-License-Identifier: BSD-3-Clause
"""Scores and labels -> loss per sample, and its derivatives with respect to the scores."""

from multinoulli.losses._binary_cross_entropy import binary_cross_entropy
from multinoulli.losses._binary_cross_entropy_gradient import binary_cross_entropy_gradient
from multinoulli.losses._cross_entropy import cross_entropy
from multinoulli.losses._cross_entropy_gradient import cross_entropy_gradient
from multinoulli.losses._cross_entropy_hvp import cross_entropy_hvp
from multinoulli.losses._linear_cross_entropy import linear_cross_entropy
from multinoulli.losses._linear_cross_entropy_gradient import linear_cross_entropy_gradient
from multinoulli.losses._linear_gradient import LinearGradient

__all__ = [
    "LinearGradient",
    "binary_cross_entropy",
    "binary_cross_entropy_gradient",
    "cross_entropy",
    "cross_entropy_gradient",
    "cross_entropy_hvp",
    "linear_cross_entropy",
    "linear_cross_entropy_gradient",
]
