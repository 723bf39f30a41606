# SPDX-License-Identifier: BSD-3-Clause
"""Samples of two classes and what each is to be, told apart by one score s: the second class's less the first's.

With q the second class's share of the target, smoothed by e to (1 - e) q + e / 2, and class weights (v, w), it is

    w q softplus(-s) + v (1 - q) softplus(s) + z_loss softplus(s)^2,

the cross-entropy of the scores (0, s), and its derivative v (1 - q) sigmoid(s) - w q sigmoid(-s) + 2 z_loss softplus(s)
sigmoid(s).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.losses import LossOptions, as_binary_labels, as_class_weight
from multinoulli._validation.scores import as_array, as_scores
from multinoulli.functions._rows import broadcast_batch
from multinoulli.losses._presence import Presence, reduce, reduce_gradients

Floats = NDArray[Any]


@dataclass(frozen=True)
class BinarySamples:
    """The present samples."""

    scores: Floats  # in the type they are computed in
    shares: tuple[Floats, Floats]  # of the second class and of the first, with the class weights
    dtype: np.dtype[Any]  # of the results
    total_weight: float
    presence: Presence
    options: LossOptions

    @classmethod
    def read(
        cls,
        scores: ArrayLike,
        labels: ArrayLike,
        options: LossOptions,
        *,
        weight: ArrayLike | None,
        class_weight: ArrayLike | None,
    ) -> "BinarySamples":
        """Validate and select."""
        s, dtype = as_scores(scores)
        given = as_array(labels, "labels")
        batch = broadcast_batch(s.shape, given.shape)
        ignored = None if options.ignore_label is None else given == options.ignore_label
        presence = Presence.of(batch, weight, ignored)
        q = as_binary_labels(presence.chosen(given))
        s = np.broadcast_to(presence.chosen(s), presence.shape)
        first, second = (1.0, 1.0) if class_weight is None else as_class_weight(class_weight, 2)
        weights = np.broadcast_to(second * q + first * (1 - q), presence.shape)
        smooth = options.label_smoothing
        shares = (second * ((1 - smooth) * q + smooth / 2), first * ((1 - smooth) * (1 - q) + smooth / 2))
        return cls(s, shares, dtype, float(presence.weighted(weights).sum()), presence, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return self.presence.everyone(losses)
        return reduce(losses, self.total_weight, self.options)

    def deliverable_gradients(self, gradients: Floats) -> Floats:
        """Return the derivatives of what `deliverable_losses` returns."""
        if self.options.reduction is not None:
            gradients = reduce_gradients(gradients, self.total_weight, self.options)
        return self.presence.everyone(gradients)

    def losses(self) -> Floats:
        """Return one weighted loss a present sample."""
        second, first = self.shares
        costs = np.asarray(_core.softplus(self.scores))
        losses = _times(second, _core.softplus(-self.scores)) + _times(first, costs)
        if self.options.z_loss:
            losses = losses + self.options.z_loss * np.square(costs.astype(np.float64))
        return self.presence.weighted(losses)

    def gradients(self) -> Floats:
        """Return the derivatives of `losses` with respect to the scores."""
        second, first = self.shares
        proba = np.asarray(_core.sigmoid(self.scores))
        if self.options.z_loss:
            first = first + 2 * self.options.z_loss * np.asarray(_core.softplus(self.scores), np.float64)
        return self.presence.weighted(first * proba - second * np.asarray(_core.sigmoid(-self.scores)))


def _times(shares: Floats, costs: NDArray[Any]) -> Floats:
    # What has no share costs nothing, be its probability 0; NaN stays NaN.
    counted = (shares != 0) | np.isnan(costs)
    result: Floats = np.multiply(shares, costs, out=np.zeros(counted.shape), where=counted)
    return result
