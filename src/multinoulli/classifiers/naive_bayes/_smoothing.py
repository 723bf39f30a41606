# SPDX-License-Identifier: BSD-3-Clause
"""From counts to log-probabilities: priors of classes, and shares of counts smoothed by alpha."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float64 = NDArray[np.float64]


def log_prior(class_count: Float64, given: ArrayLike | None, *, fitted: bool = True, name: str) -> Float64:
    """Log-probabilities of the classes, (n_classes,): those `given`, the shares of the counts, or all the same."""
    n_classes = len(class_count)
    if given is None:
        prior = class_count / class_count.sum() if fitted else np.full(n_classes, 1 / n_classes)
    else:
        prior = np.asarray(given, np.float64)
        if prior.shape != (n_classes,):
            raise ValueError(f"{name} has shape {prior.shape}, expected ({n_classes},): one probability a class")
        if not (prior >= 0).all() or not abs(prior.sum() - 1) <= 1e-8:
            raise ValueError(f"{name} must be probabilities that sum to 1, got {prior.tolist()}")
        if not prior[class_count > 0].any():
            raise ValueError(f"{name} is 0 for every class that has rows, got {prior.tolist()}")
    with np.errstate(divide="ignore"):
        logs: Float64 = np.log(prior)
    return logs


def smoothing(alpha: Any, n_features: int) -> Float64:
    """The parameter `alpha` as (n_features,)."""
    try:
        values = np.asarray(alpha, np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"alpha must be a number, or one a feature, got {alpha!r}") from None
    if values.shape not in ((), (n_features,)):
        raise ValueError(f"alpha has shape {values.shape}, expected a number or shape ({n_features},): one a feature")
    bad = ~(np.isfinite(values) & (values >= 0))
    if bad.any():
        where = "" if values.ndim == 0 else f" for feature {int(np.argmax(bad))}"
        raise ValueError(f"alpha must be non-negative and finite, got {float(values[bad].flat[0])}{where}")
    return np.broadcast_to(values, (n_features,))


def check_counts(smoothed: Float64, present: NDArray[np.bool_], classes: NDArray[Any], what: str) -> None:
    """Raise ValueError if a class that has rows gives `what`, with its number put in, the probability 0."""
    zero = (smoothed <= 0) & present[:, None]
    if zero.any():
        of_class, at = map(int, np.unravel_index(int(np.argmax(zero)), zero.shape))
        raise ValueError(
            f"alpha=0 gives {what.format(at)} the probability 0 in class {classes.tolist()[of_class]!r}, of which no "
            "row has it: raise alpha above 0"
        )
