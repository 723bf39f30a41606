# SPDX-License-Identifier: BSD-3-Clause
"""Mean and variance of every feature in every class, of rows read once or twice, and of batches put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]

FEW = 32  # rows of a class, about whose mean its rows are read


class Moments(NamedTuple):
    """Of features in classes, each (n_classes, n_features); weight may be (n_classes, 1). 0 where the weight is."""

    weight: Float64
    mean: Float64
    variance: Float64

    def with_more(self, more: Moments) -> Moments:
        """Those of both together (Chan, Golub & LeVeque 1979)."""
        weight = self.weight + more.weight
        share = np.divide(more.weight, weight, out=np.zeros_like(weight), where=weight > 0)
        step = more.mean - self.mean
        variance = (1 - share) * self.variance + share * more.variance + share * (1 - share) * step**2
        return Moments(weight, self.mean + share * step, variance)

    def of_all(self) -> tuple[Float64, Float64]:
        """Mean and variance over all classes, (n_features,) each; 0 where no class weighs anything."""
        total = self.weight.sum(axis=0)
        share = np.divide(self.weight, total, out=np.zeros_like(self.weight), where=total > 0)
        centre = np.take_along_axis(self.mean, np.argmax(np.broadcast_to(share, self.mean.shape), axis=0)[None], axis=0)
        step = np.where(share > 0, self.mean - centre, 0.0)
        shift = (share * step).sum(axis=0)
        return centre[0] + shift, (share * (self.variance + (step - shift) ** 2)).sum(axis=0)

    def filled(self, class_count: Float64, epsilon: float) -> tuple[Float64, Float64]:
        """Means and smoothed variances of classes that have rows: of all where a class has no value in a column.

        nan in classes without rows, and in columns without any value.
        """
        weight = np.broadcast_to(self.weight, self.mean.shape)
        mean, variance = self.of_all()
        known, any_known = weight > 0, weight.any(axis=0) & (class_count > 0)[:, None]
        means = np.where(known, self.mean, np.where(any_known, mean, np.nan))
        return means, np.where(known, self.variance, np.where(any_known, variance, np.nan)) + epsilon


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
            f"feature {columns[column]} is constant in class {classes[of_class]!r}, and var_smoothing={var_smoothing!r}"
            " adds nothing to its variance: raise var_smoothing, or give features that vary"
        )


def column_moments(columns: list[Float64], data: FitData) -> Moments:
    """Moments of columns one by one, where NaN is missing: the weight is that of the values there."""
    n_classes = len(data.classes)
    moments = np.zeros((3, n_classes, len(columns)))
    for j, column in enumerate(columns):
        there = ~np.isnan(column)
        values, labels, weight = column[there], data.labels[there], data.weight[there]
        if len(values):
            total, mean, variance = moments[:, :, j]
            total += np.bincount(labels, weight, n_classes)
            inverse = np.divide(1.0, total, out=np.zeros_like(total), where=total > 0)
            mean += values[0]
            for _ in range(2):  # about a value of the column, then about the mean itself
                mean += np.bincount(labels, weight * (values - mean[labels]), n_classes) * inverse
            variance += np.bincount(labels, weight * (values - mean[labels]) ** 2, n_classes) * inverse
            mean[total == 0] = 0.0
    return Moments(*moments)


def class_moments(data: FitData, n_threads: int) -> Moments:
    """Moments of a dense X, in float64 for float32 too.

    E[x^2] - mean^2 cancels where the mean is large. About the mean of a few rows of the class it does not, as a rule;
    where it does there is a second reading, about the mean itself.
    """
    X: Any = data.X
    weight: Float64 = np.bincount(data.labels, data.weight, len(data.classes)).astype(np.float64)[:, None]
    inverse = np.divide(1.0, weight, out=np.zeros_like(weight), where=weight > 0)
    centre = _near(X, data.labels, len(weight))
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(2):
            first, second = _sums(data, centre, n_threads)
            shift, square = first * inverse, second * inverse
            if not (shift**2 > 0.99 * square).any():
                break
            centre = centre + shift
            shift, square = np.zeros_like(shift), square - shift**2
        return Moments(weight, centre + shift, np.maximum(square - shift**2, 0.0))


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
        for some in blocks.blocks(rows):
            labels, weight = data.labels[some], data.weight[some, None]
            step = X[some] - centre[labels]
            np.add.at(first, labels, weight * step)
            np.add.at(second, labels, weight * step**2)
        return first, second

    return blocks.total(of_span)
