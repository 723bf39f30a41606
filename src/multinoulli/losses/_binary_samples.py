# SPDX-License-Identifier: BSD-3-Clause
"""Samples of two classes and what each is to be, told apart by one score s: the second class's less the first's.

With q the second class's share of the target, smoothed by e to (1 - e) q + e / 2, and class weights (v, w), it is

    w q softplus(-s) + v (1 - q) softplus(s) + z_loss softplus(s)^2,

the cross-entropy of the scores (0, s), and its derivative v (1 - q) sigmoid(s) - w q sigmoid(-s) + 2 z_loss softplus(s)
sigmoid(s).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.losses import LossOptions, as_binary_labels, as_class_weight
from multinoulli._validation.scores import as_array, as_scores
from multinoulli.functions._rows import broadcast_batch
from multinoulli.losses._presence import Presence, reduce

Floats = NDArray[Any]


_AT_ONCE = 1 << 14  # samples of a block


@dataclass(frozen=True)
class BinarySamples:
    """The present samples."""

    scores: Floats  # in the type they are computed in
    labels: NDArray[Any]  # 0 or 1, or the second class's share
    class_weight: tuple[float, float]
    dtype: np.dtype[Any]  # of the results
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
        given = as_binary_labels(presence.chosen(given))
        first, second = (1.0, 1.0) if class_weight is None else as_class_weight(class_weight, 2)
        s, given = (np.broadcast_to(array, presence.shape) for array in (presence.chosen(s), given))
        return cls(s, given, (float(first), float(second)), dtype, presence, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return self.presence.everyone(losses)
        return reduce(losses, self._total_weight, self.options)

    def losses(self) -> Floats:
        """Return one weighted loss a present sample; where they are to be added up, one sum a block."""
        return self._by_blocks(gradients=None)

    def losses_and_gradients(self) -> tuple[Floats, Floats]:
        """Return the losses of the present samples, and the derivatives of what is asked for, of all."""
        gradients = np.empty(self.presence.shape, self.scores.dtype)
        losses = self._by_blocks(gradients)
        divisor = self._total_weight if self.options.reduction == "mean" else 1.0
        if divisor > 0 and divisor != 1:
            gradients /= divisor
        return losses, self.presence.everyone(gradients)

    @cached_property
    def _total_weight(self) -> float:
        first, second = self.class_weight
        if first == second:
            return first * self.presence.total()
        return float(self.presence.weighted(first + (second - first) * self.labels).sum())

    def _by_blocks(self, gradients: Floats | None) -> Floats:
        # The weighted losses, and their derivatives into `gradients`. A block at a time stays in the cache.
        scores, labels = self.scores.reshape(-1), self.labels.reshape(-1)
        weights = None if self.presence.weights is None else self.presence.weights.reshape(-1)
        slopes = None if gradients is None else gradients.reshape(-1)
        plain = labels.dtype.kind in "iub" and not self.options.label_smoothing and not self.options.z_loss
        terms = self._of_labels if plain else self._of_shares
        losses = np.empty(self.presence.shape, scores.dtype) if self.options.reduction is None else None
        sums = []
        for begin in range(0, len(scores), _AT_ONCE):
            block = slice(begin, begin + _AT_ONCE)
            of_block, slopes_of_block = terms(scores[block], labels[block], slopes is not None)
            if weights is not None:
                of_block, slopes_of_block = of_block * weights[block], slopes_of_block * weights[block]
            if slopes is not None:
                slopes[block] = slopes_of_block
            if losses is None:
                sums.append(of_block.sum(dtype=np.float64))
            else:
                losses.reshape(-1)[block] = of_block
        return np.array(sums) if losses is None else losses

    def _of_labels(self, scores: Floats, labels: NDArray[Any], gradients: bool) -> tuple[Any, Any]:
        ones = labels != 0
        away = np.where(ones, -scores, scores)
        losses, slopes = _core.softplus(away), _core.sigmoid(away) if gradients else np.zeros_like(away)
        slopes = np.where(ones, -slopes, slopes)
        if self.class_weight == (1, 1):
            return losses, slopes
        factors = np.where(ones, self.class_weight[1], self.class_weight[0])
        return losses * factors, slopes * factors

    def _of_shares(self, scores: Floats, labels: NDArray[Any], gradients: bool) -> tuple[Any, Any]:
        smooth, (first, second) = self.options.label_smoothing, self.class_weight
        q = labels.astype(np.float64)
        of_second, of_first = second * ((1 - smooth) * q + smooth / 2), first * ((1 - smooth) * (1 - q) + smooth / 2)
        costs = np.asarray(_core.softplus(scores), np.float64)
        losses = _times(of_second, _core.softplus(-scores)) + _times(of_first, costs)
        if self.options.z_loss:
            losses += self.options.z_loss * np.square(costs)
            of_first = of_first + 2 * self.options.z_loss * costs
        if not gradients:
            return losses, losses
        return losses, of_first * _core.sigmoid(scores) - of_second * _core.sigmoid(-scores)


def _times(shares: Floats, costs: NDArray[Any]) -> Floats:
    # What has no share costs nothing, be its probability 0; NaN stays NaN.
    counted = (shares != 0) | np.isnan(costs)
    result: Floats = np.multiply(shares, costs, out=np.zeros(counted.shape), where=counted)
    return result
