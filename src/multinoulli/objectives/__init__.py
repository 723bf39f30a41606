# SPDX-License-Identifier: BSD-3-Clause
"""Parameters and data to a total loss, its gradient, its curvature and a proved bound on its minimum."""

from multinoulli.objectives._anchored_cross_entropy import AnchoredCrossEntropy
from multinoulli.objectives._linear_cross_entropy import LinearCrossEntropy
from multinoulli.objectives._posterior import Posterior
from multinoulli.objectives._separation import Separation

__all__ = ["AnchoredCrossEntropy", "LinearCrossEntropy", "Posterior", "Separation"]
