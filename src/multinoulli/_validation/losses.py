# SPDX-License-Identifier: BSD-3-Clause
"""Where the options of losses become numbers and arrays."""

import math
import operator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.scores import as_array, as_contiguous, as_number

Reduction = Literal["sum", "mean"]

# How far target probabilities may be from a sum of 1: those of float32 and float64, those of 16 bits.
TOLERANCE, TOLERANCE_OF_16_BITS = 1e-5, 1e-2


@dataclass(frozen=True)
class LossOptions:
    """What is asked for beside the plain loss of each sample."""

    label_smoothing: float
    ignore_label: int | None
    z_loss: float
    reduction: Reduction | None
    empty_mean: float | None

    @classmethod
    def read(
        cls,
        label_smoothing: float,
        ignore_label: int | None,
        z_loss: float,
        reduction: Reduction | None,
        empty_mean: float | None,
    ) -> "LossOptions":
        """Raise unless each makes sense, and all together."""
        smoothing = as_number(label_smoothing, "label_smoothing")
        if not 0 <= smoothing <= 1:
            raise ValueError(f"label_smoothing must lie in [0, 1], not {label_smoothing!r}")
        factor = as_number(z_loss, "z_loss")
        if not 0 <= factor < math.inf:
            raise ValueError(f"z_loss must be finite and at least 0, not {z_loss!r}")
        if ignore_label is not None:
            try:
                ignore_label = operator.index(ignore_label)
            except TypeError:
                raise TypeError(f"ignore_label must be an integer or None, not {ignore_label!r}") from None
        if reduction not in ("sum", "mean", None):
            raise ValueError(f"reduction must be 'sum', 'mean' or None (one loss a sample), not {reduction!r}")
        if empty_mean is not None:
            empty_mean = as_number(empty_mean, "empty_mean")
            if reduction != "mean":
                raise ValueError(f"empty_mean={empty_mean!r} is the mean of no samples and needs reduction='mean'")
        return cls(smoothing, ignore_label, factor, reduction, empty_mean)

    def refuse_ignore_label(self) -> None:
        """Raise if a label is to be ignored where there are none."""
        if self.ignore_label is not None:
            raise ValueError(
                f"ignore_label={self.ignore_label} needs integer labels; of target probabilities, weight=0 leaves out"
            )


def is_floating(labels: NDArray[Any], shape: tuple[int, ...]) -> bool:
    """Whether labels are probabilities rather than codes, for scores of this shape; an empty list is neither."""
    return (labels.dtype.kind == "f" or labels.dtype.name == "bfloat16") and (labels.size > 0 or labels.shape == shape)


def as_targets(targets: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return the caller's distributions; that each sums to 1 is checked where the classes' axis is known."""
    if targets.shape != shape:
        raise TypeError(
            f"labels must be integers 0...K-1, use labels.astype(int); or floating-point target probabilities of the "
            f"scores' shape {shape}, not {targets.dtype} of shape {targets.shape}"
        )
    return targets.astype(np.float64 if targets.dtype.itemsize > 4 else np.float32, copy=False)


def weigh_targets(targets: NDArray[Any], class_weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return each row's targets times class weights, summed; NaN where a target is not at least 0."""
    sums = np.zeros(targets.shape[:-1])
    rows = as_contiguous(targets, targets.dtype).reshape(sums.size, targets.shape[-1])
    _core.weigh_targets(rows, class_weight, sums)
    return sums


def check_distributions(targets: NDArray[Any], tolerance: float) -> None:
    """Raise unless every row, along the last axis, is nonnegative and sums to 1 within the tolerance."""
    sums = weigh_targets(targets, None)
    off = ~(np.abs(sums - 1) <= tolerance)
    if off.any():
        bad = ~(targets >= 0)
        if bad.any():
            raise ValueError(f"labels, as target probabilities, must be at least 0, but one is {targets[bad][0]}")
        first = tuple(map(int, np.argwhere(off)[0]))
        raise ValueError(
            f"labels, as target probabilities, must sum to 1 within {tolerance:g}, but row {first} sums to "
            f"{sums[first]:.6g}"
        )


def as_binary_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels in a type that the core reads; it says whether `refuse_binary_labels` has to."""
    if labels.dtype.kind not in "fiub" and labels.dtype.name != "bfloat16":
        raise TypeError(f"labels must be 0 and 1, or probabilities of 1, not {labels.dtype}")
    if labels.dtype.kind in "iu" and labels.dtype != np.uint8:
        return labels.astype(np.int64, copy=False)
    if labels.dtype.kind in "ub":
        return labels
    return labels.astype(np.float64 if labels.dtype.itemsize > 4 else np.float32, copy=False)


def refuse_binary_labels(labels: NDArray[Any]) -> NoReturn:
    """Raise for the first that is neither 0 nor 1, or no probability of 1."""
    bad = labels[~((labels >= 0) & (labels <= 1))][0]
    allowed = "be 0 or 1" if labels.dtype.kind in "iub" else "lie in [0, 1], being probabilities"
    raise ValueError(f"labels must {allowed}, but one is {bad}")


def as_class_weight(class_weight: ArrayLike, n_classes: int) -> NDArray[np.float64]:
    """Return one finite weight >= 0 for each class."""
    array = as_array(class_weight, "class_weight")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"class_weight must be real numbers, one a class, not {array.dtype}")
    weights = array.astype(np.float64)
    if weights.shape != (n_classes,):
        raise ValueError(f"class_weight has shape {weights.shape}, but there are {n_classes} classes: ({n_classes},)")
    bad = ~((weights >= 0) & np.isfinite(weights))
    if bad.any():
        raise ValueError(f"class_weight must be finite and at least 0, but one is {weights[bad][0]}")
    return weights
