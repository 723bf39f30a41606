# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of the linear cross-entropy -> arrays of one type for the present samples -> results for all."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.losses import LossOptions, as_class_weight
from multinoulli._validation.scores import as_array, as_contiguous, as_labels, as_number, as_scores
from multinoulli.losses._linear_blocks import LinearScores
from multinoulli.losses._linear_gradient import LinearGradient
from multinoulli.losses._presence import Presence, reduce

Floats = NDArray[Any]


@dataclass(frozen=True)
class LinearSamples:
    """The present samples, and how to get from them to all."""

    scores: LinearScores
    dtype: np.dtype[Any]  # of the results
    total_weight: float
    presence: Presence
    options: LossOptions

    @classmethod
    def read(
        cls,
        X: ArrayLike,
        coef: ArrayLike,
        intercept: ArrayLike | None,
        labels: ArrayLike,
        options: LossOptions,
        *,
        weight: ArrayLike | None,
        class_weight: ArrayLike | None,
        softcap: float | None,
    ) -> "LinearSamples":
        """Validate and select."""
        given = {"X": as_scores(X, "X"), "coef": as_scores(coef, "coef")}
        if intercept is not None:
            given["intercept"] = as_scores(intercept, "intercept")
        computed = np.result_type(*(array for array, _ in given.values()))
        dtype = np.result_type(*(kind for _, kind in given.values()))
        arrays = {name: as_contiguous(array, computed) for name, (array, _) in given.items()}
        samples, matrix, offset = arrays["X"], arrays["coef"], arrays.get("intercept")
        _check_shapes(samples, matrix, offset)
        n_samples, n_classes = len(samples), len(matrix)

        codes = as_array(labels, "labels")
        if codes.shape != (n_samples,):
            raise ValueError(f"labels has shape {codes.shape}, but X has {n_samples} samples: ({n_samples},)")
        ignored = None if options.ignore_label is None else codes == options.ignore_label
        presence = Presence.of((n_samples,), weight, ignored)
        codes = np.ascontiguousarray(as_labels(presence.chosen(codes)))
        bad = codes[(codes < 0) | (codes >= n_classes)]
        if bad.size:
            raise ValueError(
                f"labels must lie in 0...K-1, but one is {bad[0]} and coef has {n_classes} rows, one a class"
            )
        cap = None if softcap is None else as_number(softcap, "softcap")
        if cap is not None and not 0 < cap < np.inf:
            raise ValueError(f"softcap must be above 0 and finite, not {softcap!r}")

        weights = presence.weights if presence.weights is not None else np.ones(presence.shape)
        of_classes = None if class_weight is None else as_class_weight(class_weight, n_classes)
        total = weights if of_classes is None else weights * of_classes[codes]
        scores = LinearScores(
            X=presence.chosen(samples, samples.shape[1]),
            coef=matrix,
            intercept=offset,
            labels=codes,
            weights=np.ascontiguousarray(weights),
            class_weight=of_classes,
            label_smoothing=options.label_smoothing,
            z_loss=options.z_loss,
            softcap=cap,
        )
        return cls(scores, dtype, float(total.sum()), presence, options)

    def deliverable_losses(self, losses: Floats) -> Floats:
        """Return the losses of all samples, or their sum or mean."""
        if self.options.reduction is None:
            return self.presence.everyone(losses)
        return reduce(losses, self.total_weight, self.options)

    def deliverable_gradient(self, gradient: LinearGradient) -> LinearGradient:
        """Return the gradients of the sum or the mean, in the type of the results."""

        def delivered(array: Floats) -> Floats:
            if self.options.reduction == "mean" and self.total_weight > 0:
                array /= self.total_weight
            return array.astype(self.dtype, copy=False)

        return LinearGradient(
            X=self.presence.everyone(delivered(gradient.X)),
            coef=delivered(gradient.coef),
            intercept=None if gradient.intercept is None else delivered(gradient.intercept),
        )


def _check_shapes(X: Floats, coef: Floats, intercept: Floats | None) -> None:
    if X.ndim != 2:
        raise ValueError(f"X must have shape (n_samples, n_features), not {X.shape}")
    if coef.ndim != 2 or coef.shape[1] != X.shape[1] or len(coef) == 0:
        raise ValueError(
            f"coef must have shape (n_classes, {X.shape[1]}), as X has {X.shape[1]} features, not {coef.shape}"
        )
    if intercept is not None and intercept.shape != (len(coef),):
        raise ValueError(f"intercept must have shape ({len(coef)},), one a row of coef, not {intercept.shape}")
