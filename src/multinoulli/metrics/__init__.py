# SPDX-License-Identifier: BSD-3-Clause
"""How good probabilities are, every number with its interval."""

from multinoulli.metrics._intervals import Estimate, mean_estimate, proportion_estimate

__all__ = ["Estimate", "mean_estimate", "proportion_estimate"]
