# SPDX-License-Identifier: BSD-3-Clause
"""Scores of another namespace as rows, classes last, and results back in the caller's shape."""

import math
from dataclasses import dataclass
from typing import Any

import array_api_compat
import numpy as np

from multinoulli._namespaces._find import Foreign
from multinoulli._validation.scores import Axis, Empty, as_axes, as_empty, as_temperature

Array = Any


def as_floating(xp: Any, array: Array, name: str) -> tuple[Array, Any]:
    """Return the array in the type it is computed in, and the type of the results."""
    dtype = array.dtype
    if xp.isdtype(dtype, "real floating") or "bfloat16" in str(dtype):
        small = xp.finfo(dtype).bits < 32
        return (xp.astype(array, xp.float32) if small else array), dtype
    if xp.isdtype(dtype, ("integral", "bool")):
        # JAX has no float64 unless it is enabled, and warns of whoever asks for it.
        known_types = xp.__array_namespace_info__().dtypes(kind="real floating")
        array = xp.astype(array, known_types.get("float64", xp.float32))
        return array, array.dtype
    raise TypeError(f"{name} must be real numbers of at most 64 bits, not {dtype}")


def as_foreign(f: Foreign, value: Any, like: Array) -> Array:
    """Return `value` as an array of the namespace, on the device of `like`."""
    if array_api_compat.is_array_api_obj(value) and not isinstance(value, np.ndarray):
        return value
    return f.xp.asarray(np.asarray(value), device=array_api_compat.device(like))


def known(condition: Array) -> bool:
    """Whether the condition holds; False where it cannot be known yet, under a transformation."""
    try:
        return bool(condition)
    except (TypeError, RuntimeError):  # what JAX and PyTorch say then
        return False


@dataclass(frozen=True)
class ForeignRows:
    """As `functions._rows.Rows`."""

    f: Foreign
    scores: Array  # (..., K)
    offset: Array | None  # (..., 1)
    dtype: Any
    temperature: float
    axes: tuple[int, ...]
    lengths: tuple[int, ...]
    mask: Array | None
    filled: Array | None
    empty: Empty

    @classmethod
    def read(
        cls,
        f: Foreign,
        scores: Array,
        *,
        axis: Axis,
        where: Any,
        temperature: float,
        empty: Empty | None,
        without_mask: Empty = "nan",
    ) -> "ForeignRows":
        """Validate and arrange."""
        xp = f.xp
        source, dtype = as_floating(xp, scores, "scores")
        axes = as_axes(axis, source.ndim)
        lengths = tuple(source.shape[a] for a in axes)
        temperature = as_temperature(temperature)
        convention = as_empty(empty, without_mask if where is None else "zero")
        rows = cls.rows_of(xp, source, axes)
        minus_infinity = xp.full_like(rows, -math.inf)
        mask = None
        if where is not None:
            given = as_foreign(f, where, scores)
            if not xp.isdtype(given.dtype, "bool"):
                raise TypeError(f"where must be boolean (True: the entry counts), not {given.dtype}")
            mask = cls.rows_of(xp, xp.broadcast_to(given, source.shape), axes)
            rows = xp.where(mask, rows, minus_infinity)
        filled = None
        if convention != without_mask and rows.shape[-1]:
            filled = xp.all(rows == -math.inf, axis=-1)
            if convention == "raise":
                if known(xp.any(filled)):
                    raise ValueError("scores has a row without any entry above -inf; empty= can say what its result is")
                filled = None
        offset = None
        if temperature != 1 and rows.shape[-1]:
            rows, offset = _tempered(xp, rows, temperature)
        if convention == "uniform" and filled is not None:
            if mask is not None:
                mask = xp.logical_or(mask, xp.logical_not(xp.any(mask, axis=-1, keepdims=True)))
            level = filled[..., None] if mask is None else xp.logical_and(filled[..., None], mask)
            rows, filled = xp.where(level, xp.zeros_like(rows), rows), None
        return cls(f, rows, offset, dtype, temperature, axes, lengths, mask, filled, convention)

    @staticmethod
    def rows_of(xp: Any, array: Array, axes: tuple[int, ...]) -> Array:
        """Move the classes to one last axis."""
        order = [a for a in range(-array.ndim, 0) if a not in axes] + list(axes)
        if list(range(-array.ndim, 0)) != order:
            array = xp.permute_dims(array, tuple(a + array.ndim for a in order))
        if len(axes) == 1:
            return array
        batch = array.shape[: array.ndim - len(axes)]
        return xp.reshape(array, (*batch, math.prod(array.shape[array.ndim - len(axes) :])))

    def restore(self, rows: Array) -> Array:
        """Undo `rows_of`."""
        xp = self.f.xp
        if len(self.axes) != 1:
            rows = xp.reshape(rows, (*rows.shape[:-1], *self.lengths))
        order = [a for a in range(-rows.ndim, 0) if a not in self.axes] + list(self.axes)
        if list(range(-rows.ndim, 0)) == order:
            return rows
        back = [order.index(a) for a in range(-rows.ndim, 0)]
        return xp.permute_dims(rows, tuple(back))

    def fill(self, results: Array, zero: float) -> Array:
        """Put the convention into rows without a distribution; `zero` is what probabilities of 0 amount to."""
        if self.filled is None:
            return results
        xp = self.f.xp
        filled = self.filled if results.ndim < self.scores.ndim else self.filled[..., None]
        value = math.nan if self.empty == "nan" else zero
        return xp.where(filled, xp.full_like(results, value), results)

    def deliver(self, results: Array) -> Array:
        """Return the results in their type."""
        return results if results.dtype == self.dtype else self.f.xp.astype(results, self.dtype)


def _tempered(xp: Any, rows: Array, temperature: float) -> tuple[Array, Array | None]:
    if temperature == math.inf:
        return xp.where(xp.isinf(rows), rows, 0 * rows), None
    if temperature > 0:  # unlike NumPy's arrays: a maximum to take away first would have to be differentiated
        return rows / temperature, None
    top = xp.max(rows, axis=-1, keepdims=True)
    anchor = xp.where(top == -math.inf, xp.zeros_like(top), top)
    below = xp.where(xp.isnan(rows), rows, xp.full_like(rows, -math.inf))
    return xp.where(rows == anchor, xp.zeros_like(rows), below), xp.where(anchor == 0, anchor, anchor * math.inf)
