# SPDX-License-Identifier: BSD-3-Clause
"""The general case of every function of rows: arguments -> rows of classes -> compiled core -> the caller's shape.

The core knows rows of float32 or float64 along the last axis. What a mask, a temperature, other axes, other types and
rows without a distribution mean is said here, once:

- a masked entry is a score of -inf;
- scores / temperature loses nothing above 1; below 1 it could overflow, so the row's maximum is taken away first;
- a row all -inf has no distribution: `empty` names the convention that fills its result.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.scores import Axis, Empty, as_axes, as_empty, as_mask, as_scores, as_temperature, check_out

Floats = NDArray[Any]


@dataclass(frozen=True)
class ClassAxes:
    """The axes of the classes, counted from the last, and their lengths (K = their product)."""

    axes: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, array: NDArray[Any], axis: Axis) -> "ClassAxes":
        """Read the argument `axis`."""
        axes = as_axes(axis, array.ndim)
        return cls(axes, tuple(array.shape[a] for a in axes))

    def rows(self, array: NDArray[Any]) -> NDArray[Any]:
        """Move the classes of `array` to one last axis; a view where strides allow."""
        moved = array.transpose(self._classes_last(array.ndim))
        return moved.reshape((*moved.shape[: moved.ndim - len(self.axes)], math.prod(self.lengths)))

    def restore(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Undo `rows`."""
        moved = rows.reshape((*rows.shape[:-1], *self.lengths))
        origin = [0] * moved.ndim
        for place, axis in enumerate(self._classes_last(moved.ndim)):
            origin[axis] = place
        return moved.transpose(origin)

    def _classes_last(self, ndim: int) -> tuple[int, ...]:
        return (*(axis for axis in range(-ndim, 0) if axis not in self.axes), *self.axes)

    def insert(self, batch: tuple[int, ...], *, keepdims: bool = False) -> tuple[int, ...]:
        """Return the shape of a batch of rows with the classes in their place, or 1 for each of their axes."""
        shape, ndim = list(batch), len(batch) + len(self.axes)
        for axis, length in zip(self.axes, self.lengths, strict=True):
            shape.insert(ndim + axis, 1 if keepdims else length)
        return tuple(shape)


@dataclass(frozen=True)
class Rows:
    """Scores as the core reads them, and what must be done to its results."""

    scores: Floats  # (..., K), masked entries -inf, divided by the temperature, less `offset`
    offset: Floats | None  # (..., 1)
    source: Floats  # as the caller gave them
    dtype: np.dtype[Any]  # of the results
    temperature: float
    axes: ClassAxes
    mask: NDArray[np.bool_] | None  # (..., K), False: no result may depend on the entry
    filled: NDArray[np.bool_] | None  # (...), rows whose result `empty` says
    empty: Empty

    @classmethod
    def read(
        cls,
        scores: ArrayLike,
        *,
        axis: Axis,
        where: ArrayLike | None,
        temperature: float,
        empty: Empty | None,
        without_mask: Empty = "nan",
        present: NDArray[np.bool_] | None = None,
    ) -> "Rows":
        """Validate and arrange.

        `without_mask` is the default of `empty`, and what the core itself does; rows that are not `present` have no
        result that it could be.
        """
        source, dtype = as_scores(scores)
        axes = ClassAxes.of(source, axis)
        temperature = as_temperature(temperature)
        convention = as_empty(empty, without_mask if where is None else "zero")

        # float32 over a temperature is computed in float64 and rounded once.
        rows = axes.rows(source if temperature == 1 else source.astype(np.float64, copy=False))
        mask = None
        if where is not None:
            mask = axes.rows(as_mask(where, source.shape))
            rows = np.where(mask, rows, -math.inf).astype(rows.dtype, copy=False)
        filled = None
        if convention != without_mask and rows.shape[-1]:
            filled = _without_distribution(rows, present)
            if convention == "raise" and filled is not None:
                first = tuple(map(int, np.argwhere(filled)[0]))
                raise ValueError(f"scores has no entry above -inf in row {first}; empty= can say what its result is")
        offset = None
        if temperature != 1:
            rows, offset = _tempered(rows, temperature)
        if convention == "uniform" and filled is not None:
            if mask is not None:
                mask = mask | ~mask.any(axis=-1, keepdims=True)
            rows = np.where(filled[..., None] & (True if mask is None else mask), 0, rows).astype(rows.dtype)
            filled = None
        return cls(rows, offset, source, dtype, temperature, axes, mask, filled, convention)

    def apply(
        self, ufunc: np.ufunc, *labels: NDArray[np.int64], out: tuple[Floats | None, ...] | None = None
    ) -> tuple[Floats, ...]:
        """Return the results of the core as rows, written into `out` already where that is possible."""
        batch = self.scores.shape[:-1]
        for array in labels:
            batch = broadcast_batch(batch, array.shape)
            if math.prod(batch):
                self.check_labels(array)  # the core would say so too, but between two of several runs of rows
        kinds = ufunc.signature.split("->")[1].split(",")  # type: ignore[union-attr]  # a generalised ufunc has one
        results = []
        for kind, given in zip(kinds, out or (None,) * len(kinds), strict=True):
            shape = batch if kind == "()" else self.axes.insert(batch)
            if given is not None:
                check_out(given, shape, self.dtype)
            target = given if given is not None and given.dtype == self.scores.dtype else self._allocate(shape)
            results.append(target if kind == "()" else self.axes.rows(target))
        ufunc(self.scores, *labels, out=tuple(results))
        return tuple(results)

    def check_labels(self, labels: NDArray[np.int64]) -> None:
        """Raise unless every label is one of the classes."""
        n_classes = self.scores.shape[-1]
        if labels.size == 0:
            return
        if labels.min() < 0 or labels.max() >= n_classes:
            bad = (labels < 0) | (labels >= n_classes)
            raise ValueError(
                f"labels must lie in 0...K-1, but one is {labels[bad][0]} and K, the number of classes, is {n_classes}"
            )

    def _allocate(self, shape: tuple[int, ...]) -> Floats:
        # Like the source: a ufunc left to itself would put the classes innermost, whatever their axis.
        if shape == self.source.shape:
            return np.empty_like(self.source, dtype=self.scores.dtype, subok=False)
        return np.empty(shape, dtype=self.scores.dtype)

    def fill(self, results: Floats, zero: float) -> None:
        """Write the convention into the rows without a distribution; `zero` is what probabilities of 0 amount to."""
        if self.filled is not None:
            value = math.nan if self.empty == "nan" else zero
            filled = self.filled if results.ndim < self.scores.ndim else self.filled[..., None]
            np.copyto(results, value, where=filled)

    def deliver(self, results: Floats, out: Floats | None, *, elements: bool) -> Any:
        """Return `results` in the caller's shape and type, in `out` if given."""
        return deliver(self.axes.restore(results) if elements else results, self.dtype, out)


def broadcast_batch(batch: tuple[int, ...], labels: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape of the samples: of the scores without their classes, and the labels."""
    try:
        return np.broadcast_shapes(batch, labels)
    except ValueError:
        raise ValueError(
            f"labels has shape {labels}, which does not broadcast with {batch}, the shape of scores without `axis`"
        ) from None


def deliver(results: Floats, dtype: np.dtype[Any], out: Floats | None) -> Any:
    """Return `results` rounded to `dtype`, in `out` if given; a single number as a NumPy scalar."""
    if out is None:
        return results.astype(dtype, copy=False)[()]
    check_out(out, results.shape, dtype)
    if not np.may_share_memory(out, results):
        out[...] = results
    return out


def _without_distribution(rows: Floats, present: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
    """Return which of the rows that are present are all -inf; None if there is no such row."""
    filled = _core.logsumexp(rows) == -math.inf  # what rows.max(axis=-1) would say, several times faster
    if present is not None:
        filled = filled & present
    return np.asarray(filled) if filled.any() else None


def _tempered(rows: Floats, temperature: float) -> tuple[Floats, Floats | None]:
    """Return rows / temperature less an offset; an infinite score stays infinite."""
    if temperature == math.inf:
        return np.where(np.isinf(rows), rows, 0 * rows), None
    if temperature > 1:
        return rows / temperature, None
    top = rows.max(axis=-1, keepdims=True, initial=-math.inf)
    anchor = np.where(top == -math.inf, 0, top)
    # At temperature 0 what is below the maximum goes to -inf, and the maximum itself, or infinity, where its sign says.
    tempered = np.where(rows == anchor, 0, (rows - anchor) / temperature)
    return tempered, np.where(anchor == 0, 0, anchor / temperature)
