# SPDX-License-Identifier: BSD-3-Clause
"""Samples of weight 0 are absent: nothing about them raises or shows, be it NaN or a label out of range."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.scores import Axis, as_array, as_mask, as_weight
from multinoulli.functions._rows import ClassAxes, broadcast_batch


@dataclass(frozen=True)
class Weighted:
    """The samples that weigh something, their classes along the last axis; `present` says where they come from."""

    scores: NDArray[Any]
    labels: ArrayLike
    where: NDArray[np.bool_] | None
    weights: NDArray[np.float64]
    present: NDArray[np.bool_]

    @classmethod
    def select(
        cls, scores: ArrayLike, labels: ArrayLike, where: ArrayLike | None, weight: ArrayLike, axis: Axis
    ) -> "Weighted":
        """Validate the weights and leave out the samples of weight 0."""
        scores, codes = as_array(scores, "scores"), as_array(labels, "labels")
        axes = ClassAxes.of(scores, axis)
        mask = None if where is None else axes.rows(as_mask(where, scores.shape))
        rows = axes.rows(scores)
        batch = broadcast_batch(rows.shape[:-1], codes.shape)
        weights = as_weight(weight, batch)
        present = weights > 0
        if present.all():
            return cls(rows, labels, mask, weights, present)

        def chosen(array: NDArray[Any], *classes: int) -> NDArray[Any]:
            return np.broadcast_to(array, (*batch, *classes))[present]

        n_classes = rows.shape[-1]
        chosen_mask = None if mask is None else chosen(mask, n_classes)
        return cls(chosen(rows, n_classes), chosen(codes), chosen_mask, weights[present], present)

    def scatter(self, losses: NDArray[Any]) -> NDArray[Any]:
        """Return the weighted losses in the shape of all samples, 0 for the absent."""
        everyone = np.zeros(self.present.shape, dtype=losses.dtype)
        everyone[self.present] = losses.ravel()
        return everyone
