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
    weigh_targets,
)
from multinoulli._validation.scores import Axis, Empty, as_array, as_contiguous, as_labels, as_mask
from multinoulli.functions._rows import ClassAxes, Rows, broadcast_batch
from multinoulli.losses._pair import Pair, check_fits
from multinoulli.losses._presence import Presence, reduce

Floats = NDArray[Any]


@dataclass(frozen=True)
class Samples:
    """All samples, their classes along the last axis; the core passes over the absent."""

    rows: Rows
    labels: NDArray[np.int64] | None  # one of these two is there; of the absent, any class
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
        """Validate what is present."""
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

        mask = None if where is None else axes.rows(as_mask(where, source.shape))
        rows = Rows.read(z, axis=-1, where=mask, temperature=temperature, empty=empty, present=presence.present)
        codes = targets = None
        if soft:
            targets = given if mask is None else np.where(mask, given, 0)
            tolerance = TOLERANCE_OF_16_BITS if dtype.itemsize == 2 else TOLERANCE
            check_distributions(presence.chosen(targets, n_classes), tolerance)
        else:
            codes = np.broadcast_to(given, batch)
            rows.check_labels(presence.chosen(codes))
            codes = codes if presence.present is None else np.where(presence.present, codes, 0)
        weights = None if class_weight is None else as_class_weight(class_weight, n_classes)
        return cls(rows, codes, targets, axes, presence, weights, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return losses
        return reduce(self.presence.chosen(losses), self._total_weight, self.options)

    def deliverable_gradients(self, gradients: Floats) -> Floats:
        """Return the gradients in the shape of the scores."""
        return self.axes.restore(gradients)

    def losses(self) -> Floats:
        """Return one weighted loss a sample."""
        if self._plain:
            (losses,) = self.rows.apply(_core.cross_entropy, self._labels)
            self.rows.fill(losses, math.inf)
            return self.presence.weighted(losses)
        return self._computed(None, 1.0)

    def losses_and_gradients(self, out: Pair | None) -> tuple[Floats, Floats]:
        """Return the losses, and the gradients, with respect to the scores, of what is asked for; classes last.

        They are in `out` already where the core can write them there.
        """
        rows = self.rows
        loss_shape = self.presence.batch if self.options.reduction is None else ()
        check_fits(out, loss_shape, self.axes.insert(self.presence.batch), rows.dtype)
        divisor = (self._total_weight or 1.0) if self.options.reduction == "mean" else 1.0
        if self._plain and self.presence.weights is None and divisor * rows.temperature == 1:
            loss, gradient = out or (None, None)
            within = (
                None if self.options.reduction else loss,
                None if gradient is None else self.axes.rows(gradient),
            )
            losses, gradients = rows.apply(_core.cross_entropy_gradient, self._labels, out=within)
            rows.fill(losses, math.inf)
        else:
            gradients = np.empty((*self.presence.batch, rows.scores.shape[-1]), rows.scores.dtype)
            losses = self._computed(gradients, divisor * rows.temperature)
        if rows.mask is not None:  # a masked label or target; rows that are NaN stay so
            np.copyto(gradients, 0, where=~rows.mask & ~np.isnan(gradients))
        rows.fill(gradients, 0.0)
        return losses, gradients

    @property
    def _plain(self) -> bool:
        # What the core computes wherever the classes lie.
        options = self.options
        if self.presence.present is not None:
            return False
        return self.targets is None and self.class_weight is None and options.label_smoothing == 0 == options.z_loss

    @property
    def _labels(self) -> NDArray[np.int64]:
        assert self.labels is not None
        return self.labels

    @cached_property
    def _total_weight(self) -> float:
        # What the sum is divided by to be the mean: the samples' weights times those of their classes.
        if self.class_weight is None:
            return self.presence.total()
        if self.targets is None:
            weights = self.class_weight.take(self.presence.chosen(self._labels))
        else:
            targets = self.presence.chosen(self.targets, self.targets.shape[-1])
            weights = weigh_targets(targets, self.class_weight)
        return float(self.presence.weighted(weights).sum())

    def _computed(self, gradients: Floats | None, divisor: float) -> Floats:
        # The weighted losses; into `gradients` theirs, over the divisor.
        rows, shape, n_classes = self.rows, self.presence.batch, self.rows.scores.shape[-1]
        labels, targets, smoothing = self.labels, self.targets, self.options.label_smoothing
        if smoothing and rows.mask is not None:
            labels, targets, smoothing = None, self._smoothed(rows.mask), 0.0

        def laid_out(array: NDArray[Any] | None, *classes: int) -> NDArray[Any] | None:
            if array is None:
                return None
            return as_contiguous(np.broadcast_to(array, (*shape, *classes)), array.dtype).reshape(
                math.prod(shape), *classes
            )

        losses = np.zeros(shape)
        _core.weighted_cross_entropy(
            laid_out(rows.scores, n_classes),
            laid_out(labels),
            laid_out(targets, n_classes),
            self.class_weight,
            smoothing,
            self.options.z_loss,
            None if rows.offset is None else laid_out(rows.offset[..., 0]),
            laid_out(self.presence.factors()),
            divisor,
            losses,
            gradients,
        )
        rows.fill(losses, math.inf)
        return losses

    def _smoothed(self, mask: NDArray[np.bool_]) -> Floats:
        # Targets smoothed over what is not masked.
        smoothing = self.options.label_smoothing
        targets = self.targets
        if targets is None:
            targets = np.arange(mask.shape[-1]) == self._labels[..., None]
        even = smoothing / np.maximum(mask.sum(axis=-1, keepdims=True), 1)
        return np.asarray((1 - smoothing) * targets + mask * even)
