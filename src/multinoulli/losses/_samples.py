# SPDX-License-Identifier: BSD-3-Clause
"""Samples of K classes and what each is to be: everything that the cross-entropy may be asked for, said once.

A sample's target is a distribution q over its K classes: its label with certainty, or what the caller gives; smoothed
by e, it is (1 - e) q + e / K. With class weights w its loss is

    sum_k a_k (-log p_k) + z_loss L^2,    a = w q,    L = log(sum_k exp(z_k / T)),

and the gradient of that is ((sum_k a_k + 2 z_loss L) p - a) / T.
"""

import math
from dataclasses import dataclass
from functools import cached_property
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
from multinoulli.losses._presence import Presence, reduce

Floats = NDArray[Any]

_AT_ONCE = 1 << 15  # scores of a block


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
        soft, dtype = is_floating(given, source.shape), given.dtype
        if soft:
            options.refuse_ignore_label()
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
        return reduce(losses, self._total_weight, self.options)

    def deliverable_gradients(self, gradients: Floats) -> Floats:
        """Return the gradients of all samples in the shape of the scores."""
        return self.axes.restore(self.presence.everyone(gradients))

    def losses(self) -> Floats:
        """Return one weighted loss a present sample."""
        if self._plain:
            (losses,) = self.rows.apply(_core.cross_entropy, self._labels)
            return self._weighted(losses)
        return self._by_blocks(gradients=None)

    def losses_and_gradients(self) -> tuple[Floats, Floats]:
        """Return the losses, and the gradients, with respect to the scores, of what is asked for; classes last."""
        divisor = 1.0
        if self.options.reduction == "mean":
            divisor = self._total_weight or 1.0
        rows = self.rows
        if not self._plain:
            gradients = np.empty((*self.presence.shape, rows.scores.shape[-1]), rows.scores.dtype)
            losses = self._by_blocks(gradients)
            scales = None
        else:
            losses, gradients = rows.apply(_core.cross_entropy_gradient, self._labels)
            losses = self._weighted(losses)
            scales = self._of_classes()
        if rows.mask is not None:  # a masked label or target; rows that are NaN stay so
            np.copyto(gradients, 0, where=~rows.mask & ~np.isnan(gradients))
        rows.fill(gradients, 0.0)
        if scales is not None or self.presence.weights is not None or divisor * rows.temperature != 1:
            scales = np.ones(self.presence.shape) if scales is None else scales
            scales = self.presence.weighted(scales) / (divisor * rows.temperature)
            gradients *= scales[..., None].astype(gradients.dtype)
        return losses, gradients

    @property
    def _plain(self) -> bool:
        # Nothing but a factor distinguishes the losses from what the core computes.
        return self.targets is None and self.options.label_smoothing == 0 == self.options.z_loss

    @property
    def _labels(self) -> NDArray[np.int64]:
        assert self.labels is not None
        return self.labels

    def _of_classes(self) -> Floats | None:
        return None if self.class_weight is None else self.class_weight[self._labels]

    def _weighted(self, losses: Floats) -> Floats:
        of_classes = self._of_classes() if self._plain else None
        if of_classes is not None:
            losses = losses * of_classes
        self.rows.fill(losses, math.inf)
        return self.presence.weighted(losses)

    @cached_property
    def _total_weight(self) -> float:
        # What the sum is divided by to be the mean: the samples' weights times those of their classes.
        if self.class_weight is None:
            return self.presence.total()
        weights = self.class_weight[self._labels] if self.targets is None else self.targets @ self.class_weight
        return float(self.presence.weighted(weights).sum())

    def _by_blocks(self, gradients: Floats | None) -> Floats:
        # The weighted losses, and into `gradients` those without weights and temperature. In float64, a few rows at a
        # time: what is computed on the way stays in the cache.
        rows, shape = self.rows, self.presence.shape
        n_classes = rows.scores.shape[-1]

        def flat(array: NDArray[Any] | None, *classes: int) -> NDArray[Any] | None:
            return None if array is None else np.broadcast_to(array, (*shape, *classes)).reshape(-1, *classes)

        scores, mask = flat(rows.scores, n_classes), flat(rows.mask, n_classes)
        labels, targets = flat(self.labels), flat(self.targets, n_classes)
        offset = flat(None if rows.offset is None else rows.offset[..., 0])
        slopes = None if gradients is None else gradients.reshape(-1, n_classes)
        assert scores is not None
        losses = np.empty(len(scores))
        step = max(1, _AT_ONCE // max(1, n_classes))
        for begin in range(0, len(scores), step):
            block = slice(begin, begin + step)
            z = scores[block]
            shares = self._shares(
                len(z),
                n_classes,
                None if labels is None else labels[block],
                None if targets is None else targets[block],
                None if mask is None else mask[block],
            )
            costs = np.negative(_core.log_softmax(z), dtype=np.float64)
            losses[block] = np.vecdot(shares, costs)
            if not np.isfinite(losses[block]).all():  # what has no share costs nothing, be its probability 0
                counted = (shares != 0) | np.isnan(costs)
                losses[block] = np.multiply(shares, costs, out=np.zeros_like(costs), where=counted).sum(axis=-1)
            factors = shares.sum(axis=-1, keepdims=True)
            if self.options.z_loss:
                log_sums = np.asarray(_core.logsumexp(z), np.float64)
                if offset is not None:
                    log_sums = log_sums + offset[block]
                losses[block] += self.options.z_loss * np.square(log_sums)
                factors += 2 * self.options.z_loss * log_sums[:, None]
            if slopes is not None:
                slopes[block] = factors * np.asarray(_core.softmax(z)) - shares
        return self._weighted(losses.reshape(shape))

    def _shares(
        self,
        n_rows: int,
        n_classes: int,
        labels: NDArray[Any] | None,
        targets: NDArray[Any] | None,
        mask: NDArray[Any] | None,
    ) -> NDArray[np.float64]:
        # a, shape (n_rows, K).
        smoothing = self.options.label_smoothing
        if targets is None:
            shares = np.zeros((n_rows, n_classes))
            shares[np.arange(n_rows), labels] = 1 - smoothing
        else:
            shares = np.multiply(targets, 1 - smoothing, dtype=np.float64)
        if smoothing and mask is None:
            shares += smoothing / n_classes
        elif mask is not None and smoothing:
            shares += mask * (smoothing / np.maximum(np.sum(mask, axis=-1, keepdims=True), 1))
        if self.class_weight is not None:
            shares *= self.class_weight
        return shares
