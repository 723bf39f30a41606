# SPDX-License-Identifier: BSD-3-Clause
"""Samples of K classes and what each is to be: everything that the cross-entropy may be asked for, said once.

A sample's target is a distribution q over its K classes: its label with certainty, or what the caller gives; smoothed
by e, it is (1 - e) q + e / K. With class weights w its loss is

    sum_k a_k (-log p_k) + z_loss L^2,    a = w q,    L = log(sum_k exp(z_k / T)),

and the gradient of that is ((sum_k a_k + 2 z_loss L) p - a) / T.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.losses import (
    TOLERANCE,
    TOLERANCE_OF_16_BITS,
    LossOptions,
    as_class_weight,
    as_targets,
    check_distributions,
    is_floating,
)
from multinoulli._validation.scores import Axis, Empty, as_array, as_labels, as_mask
from multinoulli.functions._rows import ClassAxes, Rows, broadcast_batch
from multinoulli.losses._presence import Presence, reduce, reduce_gradients

Floats = NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """The present samples, their classes along the last axis."""

    rows: Rows
    labels: NDArray[np.int64] | None  # one of these two is there
    targets: Floats | None
    axes: ClassAxes  # where the caller has the classes
    presence: Presence
    class_weight: Floats | None
    options: LossOptions

    @classmethod
    def read(
        cls,
        scores: ArrayLike,
        labels: ArrayLike,
        options: LossOptions,
        *,
        axis: Axis,
        where: ArrayLike | None,
        temperature: float,
        empty: Empty | None,
        weight: ArrayLike | None,
        class_weight: ArrayLike | None,
    ) -> "Samples":
        """Validate and select."""
        source, given = as_array(scores, "scores"), as_array(labels, "labels")
        axes = ClassAxes.of(source, axis)
        z = axes.rows(source)
        n_classes = z.shape[-1]
        soft, dtype = is_floating(given), given.dtype
        given = axes.rows(as_targets(given, source.shape)) if soft else as_labels(labels)
        batch = z.shape[:-1] if soft else broadcast_batch(z.shape[:-1], given.shape)
        ignored = None if soft or options.ignore_label is None else given == options.ignore_label
        presence = Presence.of(batch, weight, ignored)

        mask = None if where is None else presence.chosen(axes.rows(as_mask(where, source.shape)), n_classes)
        z = presence.chosen(z, n_classes)
        rows = Rows.read(z, axis=-1, where=mask, temperature=temperature, empty=empty)
        codes = targets = None
        if soft:
            targets = presence.chosen(given, n_classes)
            targets = targets if mask is None else np.where(mask, targets, 0)
            check_distributions(targets, TOLERANCE_OF_16_BITS if dtype.itemsize == 2 else TOLERANCE)
        else:
            codes = np.broadcast_to(presence.chosen(given), presence.shape)
            rows.check_labels(codes)
        weights = None if class_weight is None else as_class_weight(class_weight, n_classes)
        return cls(rows, codes, targets, axes, presence, weights, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return self.presence.everyone(losses)
        return reduce(losses, self._total_weight(), self.options)

    def deliverable_gradients(self, gradients: Floats) -> Floats:
        """Return the gradients of what `deliverable_losses` returns, in the shape of the scores."""
        if self.options.reduction is not None:
            gradients = reduce_gradients(gradients, self._total_weight(), self.options)
        return self.axes.restore(self.presence.everyone(gradients))

    def losses(self) -> Floats:
        """Return one weighted loss a present sample."""
        if not self._certain:
            return self._of_shares(self._shares())
        (losses,) = self.rows.apply(_core.cross_entropy, self._labels)
        return self._finished(losses)

    def losses_and_gradients(self) -> tuple[Floats, Floats]:
        """Return the losses, and their gradients with respect to the scores, classes last."""
        rows = self.rows
        if self._certain:
            losses, gradients = rows.apply(_core.cross_entropy_gradient, self._labels)
            if self.class_weight is not None:
                gradients = gradients * self.class_weight[self._labels][..., None]
            losses = self._finished(losses)
        else:
            shares = self._shares()
            losses = self._of_shares(shares)
            gradients = shares.sum(axis=-1, keepdims=True) * np.asarray(_core.softmax(rows.scores)) - shares
        if self.options.z_loss:
            slopes = 2 * self.options.z_loss * self._log_sums()
            gradients = gradients + slopes[..., None] * np.asarray(_core.softmax(rows.scores))
        if rows.mask is not None:  # a masked label or target; rows that are NaN stay so
            gradients = np.where(rows.mask | np.isnan(gradients), gradients, 0)
        if rows.temperature != 1:
            gradients = gradients / rows.temperature
        rows.fill(gradients, 0.0)
        return losses, self.presence.weighted(gradients)

    @property
    def _certain(self) -> bool:
        return self.targets is None and self.options.label_smoothing == 0

    @property
    def _labels(self) -> NDArray[np.int64]:
        assert self.labels is not None
        return self.labels

    def _total_weight(self) -> float:
        # What the sum is divided by to be the mean: the samples' weights times those of their classes.
        weights = np.ones(self.presence.shape)
        if self.class_weight is not None:
            weights = self.class_weight[self._labels] if self.targets is None else self.targets @ self.class_weight
        return float(self.presence.weighted(weights).sum())

    def _shares(self) -> Floats:
        # a, shape (..., K).
        rows, smoothing = self.rows, self.options.label_smoothing
        n_classes = rows.scores.shape[-1]
        if self.targets is None:
            shares = np.zeros((*self.presence.shape, n_classes))
            np.put_along_axis(shares, self._labels[..., None], 1 - smoothing, axis=-1)
        else:
            shares = (1 - smoothing) * self.targets.astype(np.float64)
        if smoothing:
            kept = np.True_ if rows.mask is None else rows.mask
            count = n_classes if rows.mask is None else np.maximum(kept.sum(axis=-1, keepdims=True), 1)
            shares += np.where(kept, smoothing / count, 0)
        if self.class_weight is not None:
            shares *= self.class_weight
        return shares

    def _of_shares(self, shares: Floats) -> Floats:
        costs = -np.asarray(_core.log_softmax(self.rows.scores))
        counted = (shares != 0) | np.isnan(costs)  # what has no share costs nothing, be its probability 0
        costs = np.multiply(shares, costs, out=np.zeros(counted.shape), where=counted)
        return self._finished(costs.sum(axis=-1))

    def _finished(self, losses: Floats) -> Floats:
        if self._certain and self.class_weight is not None:
            losses = losses * self.class_weight[self._labels]
        if self.options.z_loss:
            losses = losses + self.options.z_loss * np.square(self._log_sums())
        self.rows.fill(losses, math.inf)
        return self.presence.weighted(losses)

    def _log_sums(self) -> Floats:
        log_sums = np.asarray(_core.logsumexp(self.rows.scores), np.float64)
        return log_sums if self.rows.offset is None else log_sums + self.rows.offset[..., 0]
