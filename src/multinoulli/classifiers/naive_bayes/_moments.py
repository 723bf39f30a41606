# SPDX-License-Identifier: BSD-3-Clause
"""Mean and variance of every feature in every class, of rows read once or twice, and of batches put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]

FEW = 32  # rows of a class, about whose mean its rows are read


class Moments(NamedTuple):
    """Of features in classes, each (n_classes, n_features); weight may be (n_classes, 1). 0 where the weight is.

    `low` is what rounding the mean lost, which far from zero is a lot in units of the spread.
    """

    weight: Float64
    mean: Float64
    low: Float64
    variance: Float64

    def with_more(self, more: Moments) -> Moments:
        """Those of both together (Chan, Golub & LeVeque 1979)."""
        weight = self.weight + more.weight
        share = np.divide(more.weight, weight, out=np.zeros_like(weight), where=weight > 0)
        step = (more.mean - self.mean) + (more.low - self.low)
        variance = (1 - share) * self.variance + share * more.variance + share * (1 - share) * step**2
        return Moments(weight, *_two_sum(self.mean, self.low + share * step), variance)

    def of_all(self) -> tuple[Float64, Float64]:
        """Mean and variance over all classes, (n_features,) each; 0 where no class weighs anything."""
        total = self.weight.sum(axis=0)
        share = np.divide(self.weight, total, out=np.zeros_like(self.weight), where=total > 0)
        most = np.argmax(np.broadcast_to(share, self.mean.shape), axis=0)[None]
        centre, low = (np.take_along_axis(of_classes, most, axis=0) for of_classes in (self.mean, self.low))
        step = np.where(share > 0, (self.mean - centre) + (self.low - low), 0.0)
        shift = (share * step).sum(axis=0)
        return centre[0] + shift, (share * (self.variance + (step - shift) ** 2)).sum(axis=0)

    def filled(self, class_count: Float64, epsilon: float) -> tuple[Float64, Float64, Float64]:
        """`mean`, `low` and smoothed `variance` of classes that have rows: of all if one has no value in a column.

        nan in classes without rows, and in columns without any value.
        """
        weight = np.broadcast_to(self.weight, self.mean.shape)
        mean, variance = self.of_all()
        known, any_known = weight > 0, weight.any(axis=0) & (class_count > 0)[:, None]
        means = np.where(known, self.mean, np.where(any_known, mean, np.nan))
        variances = np.where(known, self.variance, np.where(any_known, variance, np.nan)) + epsilon
        return means, np.where(known, self.low, 0.0), variances


def check_variances(
    variance: Float64,
    class_count: Float64,
    classes: NDArray[Any],
    var_smoothing: float,
    columns: Sequence[int] | NDArray[np.intp],
) -> None:
    """Raise ValueError if the variance of a feature in a class that has rows is 0."""
    zero = (variance <= 0) & (class_count > 0)[:, None]
    if zero.any():
        of_class, column = map(int, np.unravel_index(int(np.argmax(zero)), zero.shape))
        raise ValueError(
            f"feature {columns[column]} is constant in class {classes.tolist()[of_class]!r}, and "
            f"var_smoothing={var_smoothing!r} adds nothing to its variance: raise it, or give features that vary"
        )


def column_moments(columns: list[Float64], data: FitData) -> Moments:
    """Moments of columns one by one, where NaN is missing: the weight is that of the values there."""
    n_classes = len(data.classes)
    moments = np.zeros((4, n_classes, len(columns)))
    for j, column in enumerate(columns):
        there = ~np.isnan(column)
        values, labels, weight = column[there], data.labels[there], data.weight[there]
        if len(values):
            total, mean, low, variance = moments[:, :, j]
            total += np.bincount(labels, weight, n_classes)
            inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
            mean[total > 0] = values[0]
            for _ in range(2):  # about a value of the column, then about the mean itself
                mean += low
                low[:] = np.bincount(labels, weight * (values - mean[labels]), n_classes) * inverse
            variance += np.bincount(labels, weight * (values - mean[labels]) ** 2, n_classes) * inverse - low**2
            mean[:], low[:] = _two_sum(mean, low)
    return Moments(moments[0], moments[1], moments[2], np.maximum(moments[3], 0.0))


def class_moments(data: FitData, n_threads: int) -> Moments:
    """Moments of a dense X, in float64 for float32 too.

    E[x^2] - mean^2 cancels where the mean is large. About the mean of a few rows of the class it does not, as a rule;
    where it does there is a second reading, about the mean itself.
    """
    X: Any = data.X
    weight: Float64 = np.bincount(data.labels, data.weight, len(data.classes)).astype(np.float64)[:, None]
    inverse = np.divide(1.0, weight, out=np.zeros_like(weight), where=weight > 0)
    centre = _near(X, data.labels, len(weight))
    with np.errstate(over="ignore", invalid="ignore"):  # what is too large is found by its variance
        shift, square = (sums * inverse for sums in _sums(data, centre, n_threads))
        if (shift**2 > 0.9 * square).any():
            centre = centre + shift
            shift, square = (sums * inverse for sums in _sums(data, centre, n_threads))
        return Moments(weight, *_two_sum(centre, shift), np.maximum(square - shift**2, 0.0))


def _two_sum(a: Float64, b: Float64) -> tuple[Float64, Float64]:
    """The sum of two, and what rounding it lost."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _near(X: NDArray[Any], labels: NDArray[np.int64], n_classes: int) -> Float64:
    """The mean of a few rows of each class: exactly their value where they are all the same."""
    centre = np.zeros((n_classes, X.shape[1]))
    for k in range(n_classes):
        few = X[np.flatnonzero(labels == k)[:FEW]].astype(np.float64)
        if len(few):
            centre[k] = few[0] + (few - few[0]).mean(axis=0)
    return centre


def _sums(data: FitData, centre: Float64, n_threads: int) -> tuple[Float64, Float64]:
    """``sum_i weight[i] (X[i] - centre[label])`` over the rows of each class, and of the squares."""
    X: Any = data.X
    blocks = Blocks(X, np.zeros(1), n_outputs=2 * len(centre), n_threads=n_threads)

    def of_span(rows: slice) -> tuple[Float64, Float64]:
        first, second = np.zeros_like(centre), np.zeros_like(centre)
        _core.class_moments(X[rows], data.labels[rows], data.weight[rows], centre, first, second)
        return first, second

    first, second = blocks.total(of_span)
    return first, second
