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
from multinoulli._validation.losses import LossOptions, as_binary_labels, as_class_weight, refuse_binary_labels
from multinoulli._validation.scores import as_array, as_contiguous, as_scores
from multinoulli.functions._rows import broadcast_batch
from multinoulli.losses._presence import Presence, reduce

Floats = NDArray[Any]


@dataclass(frozen=True)
class BinarySamples:
    """The present samples."""

    scores: Floats  # in the type they are computed in
    labels: NDArray[Any]  # 0 or 1, or the second class's share; not looked at yet
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
        s, given = (
            as_contiguous(np.broadcast_to(array, presence.shape), array.dtype) for array in (presence.chosen(s), given)
        )
        return cls(s, given, (float(first), float(second)), dtype, presence, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return self.presence.everyone(losses)
        return reduce(losses, self._total_weight, self.options)

    def losses(self) -> Floats:
        """Return one weighted loss a present sample; where they are to be added up, their sum."""
        return self._computed(None, 1.0)

    def losses_and_gradients(self) -> tuple[Floats, Floats]:
        """Return the losses of the present samples, and the derivatives of what is asked for, of all."""
        divisor = (self._total_weight or 1.0) if self.options.reduction == "mean" else 1.0
        gradients = np.empty(self.presence.shape, self.scores.dtype)
        losses = self._computed(gradients, divisor)
        return losses, self.presence.everyone(gradients)

    @cached_property
    def _total_weight(self) -> float:
        first, second = self.class_weight
        total = self.presence.total()
        if first == second:
            return first * total
        weights, labels = self.presence.weights, self.labels
        of_second = labels.sum(dtype=np.float64) if weights is None else np.vdot(weights, labels)
        return first * (total - float(of_second)) + second * float(of_second)

    def _computed(self, gradients: Floats | None, divisor: float) -> Floats:
        # The weighted losses, or their sum if that is enough; into `gradients` theirs, over the divisor.
        losses = np.empty(self.presence.shape, self.scores.dtype) if self.options.reduction is None else None
        weights = self.presence.weights
        total = _core.weighted_binary_cross_entropy(
            self.scores,
            self.labels,
            *self.class_weight,
            self.options.label_smoothing,
            self.options.z_loss,
            None if weights is None else as_contiguous(weights, np.float64),
            divisor,
            losses,
            gradients,
        )
        if total is None:
            refuse_binary_labels(self.labels)
        return np.asarray(total) if losses is None else losses
