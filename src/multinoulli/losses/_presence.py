# SPDX-License-Identifier: BSD-3-Clause
"""Which samples count, and how much.

The others are absent: nothing about them raises or shows, be it NaN or a label out of range.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.losses import LossOptions
from multinoulli._validation.scores import as_weight

Floats = NDArray[Any]


@dataclass(frozen=True)
class Presence:
    """The present among all samples, and their weights."""

    batch: tuple[int, ...]  # of all samples
    present: NDArray[np.bool_] | None  # None: all are
    weights: NDArray[np.float64] | None  # of the present

    @classmethod
    def of(cls, batch: tuple[int, ...], weight: ArrayLike | None, ignored: NDArray[np.bool_] | None) -> "Presence":
        """Samples that weigh nothing or are ignored are absent."""
        if weight is None and ignored is None:
            return cls(batch, None, None)
        present = np.ones(batch, np.bool_)
        weights = None if weight is None else as_weight(weight, batch)
        if weights is not None:
            present &= weights > 0
        if ignored is not None:
            present &= ~ignored
        if present.all():
            return cls(batch, None, weights)
        return cls(batch, present, None if weights is None else weights[present])

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the present samples: one axis if some are absent."""
        return self.batch if self.present is None else (int(self.present.sum()),)

    def total(self) -> float:
        """Return the weight of all present samples together."""
        return float(math.prod(self.shape)) if self.weights is None else float(self.weights.sum())

    def factors(self) -> NDArray[np.float64] | None:
        """Return what multiplies each of all samples, 0 for the absent; None: nothing does."""
        if self.present is None:
            return self.weights
        return self.present.astype(np.float64) if self.weights is None else self.everyone(self.weights)

    def chosen(self, array: NDArray[Any], *classes: int) -> NDArray[Any]:
        """Return what belongs to the present samples, behind whose axes are those of the classes."""
        return array if self.present is None else np.broadcast_to(array, (*self.batch, *classes))[self.present]

    def weighted(self, results: Floats) -> Floats:
        """Multiply results of the present samples by their weights."""
        if self.weights is None:
            return results
        return results * self.weights.reshape(self.weights.shape + (1,) * (results.ndim - self.weights.ndim))

    def everyone(self, results: Floats) -> Floats:
        """Return results of the present samples in the shape of all, 0 for the absent."""
        if self.present is None:
            return results
        full = np.zeros((*self.batch, *results.shape[1:]), results.dtype)
        full[self.present] = results
        return full


def reduce(losses: Floats, total_weight: float, options: LossOptions) -> Floats:
    """Return the sum of the weighted losses, or that over the total weight; in float64 whatever their type."""
    total = losses.sum(dtype=np.float64)
    if options.reduction == "sum":
        return np.asarray(total)
    if total_weight > 0:
        return np.asarray(total / total_weight)
    if options.empty_mean is None:
        raise ValueError("there is no mean loss without samples that weigh something; empty_mean= can say what it is")
    return np.asarray(options.empty_mean)
