# SPDX-License-Identifier: BSD-3-Clause
"""One loss a sample -> their sum or mean."""

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from multinoulli._validation.scores import as_number

Reduction = Literal["sum", "mean"]


def check_reduction(reduction: Reduction | None, empty_mean: float | None) -> None:
    """Raise unless the two arguments make sense, and make it together."""
    if reduction not in ("sum", "mean", None):
        raise ValueError(f"reduction must be 'sum', 'mean' or None (one loss a sample), not {reduction!r}")
    if empty_mean is not None:
        as_number(empty_mean, "empty_mean")
        if reduction != "mean":
            raise ValueError(f"empty_mean={empty_mean!r} is the mean of no samples and needs reduction='mean'")


def reduce(losses: NDArray[Any], total_weight: float, reduction: Reduction, empty_mean: float | None) -> NDArray[Any]:
    """Return the sum of the (weighted) losses, or that over the total weight; in float64 whatever their type."""
    total = losses.sum(dtype=np.float64)
    if reduction == "sum":
        return np.asarray(total)
    if total_weight > 0:
        return np.asarray(total / total_weight)
    if empty_mean is None:
        raise ValueError("there is no mean loss without samples that weigh something; empty_mean= can say what it is")
    return np.asarray(float(empty_mean))
