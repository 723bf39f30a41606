# SPDX-License-Identifier: BSD-3-Clause
"""Where the options of losses become numbers and arrays."""

import math
import operator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.scores import as_array, as_number

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
    return targets if targets.dtype.kind == "f" and targets.dtype != np.float16 else targets.astype(np.float32)


def check_distributions(targets: NDArray[Any], tolerance: float) -> None:
    """Raise unless every row, along the last axis, is nonnegative and sums to 1 within the tolerance."""
    if not targets.min(initial=0) >= 0:
        bad = ~(targets >= 0)
        raise ValueError(f"labels, as target probabilities, must be at least 0, but one is {targets[bad][0]}")
    sums = targets.sum(axis=-1, dtype=np.float64)
    off = ~(np.abs(sums - 1) <= tolerance)
    if off.any():
        first = tuple(map(int, np.argwhere(off)[0]))
        raise ValueError(
            f"labels, as target probabilities, must sum to 1 within {tolerance:g}, but row {first} sums to "
            f"{sums[first]:.6g}"
        )


def as_binary_labels(labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels that are 0 or 1, or floating-point probabilities of 1."""
    if labels.dtype.kind not in "fiub" and labels.dtype.name != "bfloat16":
        raise TypeError(f"labels must be 0 and 1, or probabilities of 1, not {labels.dtype}")
    whole = labels.dtype.kind in "iub"
    if labels.size and not (labels.min() >= 0 and labels.max() <= 1):
        bad = ~((labels >= 0) & (labels <= 1))
        allowed = "be 0 or 1" if whole else "lie in [0, 1], being probabilities"
        raise ValueError(f"labels must {allowed}, but one is {labels[bad][0]}")
    return labels


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
