# SPDX-License-Identifier: BSD-3-Clause
"""Where user input becomes arrays: everything behind this module trusts what it is given."""

import math
import numbers
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

Empty = Literal["nan", "zero", "uniform", "raise"]
Axis = int | Sequence[int] | None

_EMPTY = ("nan", "zero", "uniform", "raise")


def as_array(value: ArrayLike, name: str) -> NDArray[Any]:
    """Return `value` as a plain array; `name` is the argument that errors speak of."""
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; pass its data, and where=~mask for what counts")
    try:
        return np.asarray(value)
    except ValueError as error:
        raise ValueError(f"{name} cannot be made into an array: {error}") from error


def as_scores(scores: ArrayLike, name: str = "scores") -> tuple[NDArray[Any], np.dtype[Any]]:
    """Return the scores in the type they are computed in, float32 or float64, and the type of the results."""
    array = as_array(scores, name)
    dtype = array.dtype.newbyteorder("=")
    if dtype.kind in "iub":
        return array.astype(np.float64), np.dtype(np.float64)
    if dtype in (np.float32, np.float64):
        return array.astype(dtype, copy=False), dtype
    # bfloat16 by its name: whoever passes one has imported the package that defines it.
    if dtype == np.float16 or dtype.name == "bfloat16":
        return array.astype(np.float32), dtype
    raise TypeError(
        f"{name} must be real numbers of at most 64 bits, not {array.dtype}; convert them, as by {name}.astype(float)"
    )


def as_contiguous(array: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
    """Return a plain array of this type as it lies in C: contiguous and aligned. Copied only if it is not that."""
    return np.require(array, dtype, ["C", "A", "E"])


def as_mask(where: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return `where` as booleans broadcast to the shape of the scores."""
    mask = as_array(where, "where")
    if mask.dtype != np.bool_:
        raise TypeError(f"where must be boolean (True: the entry counts), not {mask.dtype}; use where.astype(bool)")
    try:
        return np.broadcast_to(mask, shape)
    except ValueError:
        raise ValueError(f"where has shape {mask.shape}, which does not broadcast to the scores' {shape}") from None


def as_labels(labels: ArrayLike) -> NDArray[np.int64]:
    """Return integer class codes; whether they lie in 0...K-1 is checked where K is known, in the core."""
    array = as_array(labels, "labels")
    if array.size == 0 and not isinstance(labels, np.ndarray):
        return array.astype(np.int64)  # an empty list has no type of its own
    if array.dtype.kind not in "iu":
        raise TypeError(f"labels must be integers 0...K-1, not {array.dtype}; use labels.astype(int)")
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and (array > np.iinfo(np.int64).max).any():
        raise ValueError(f"labels must lie in 0...K-1, but one is {array.max()}")
    return array.astype(np.int64, copy=False)


def as_weight(weight: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return one finite weight >= 0 for each sample, broadcast to the samples' shape."""
    array = as_array(weight, "weight")
    if array.dtype.kind not in "fiub":
        raise TypeError(f"weight must be real numbers, not {array.dtype}")
    weights = array.astype(np.float64)
    bad = ~((weights >= 0) & np.isfinite(weights))
    if bad.any():
        raise ValueError(f"weight must be finite and at least 0, but one is {weights[bad][0]}")
    try:
        return np.broadcast_to(weights, shape)
    except ValueError:
        raise ValueError(
            f"weight has shape {weights.shape}, which does not broadcast to the samples' {shape}"
        ) from None


def as_number(value: float, name: str) -> float:
    """Return a real scalar as a float; NaN and infinities pass."""
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, not {value!r}")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def as_temperature(temperature: float) -> float:
    """Return a temperature in [0, inf]."""
    number = as_number(temperature, "temperature")
    if not number >= 0:
        raise ValueError(f"temperature must be at least 0, not {temperature!r}")
    return abs(number)  # -0.0 would turn the sign of what it divides


def as_empty(empty: Empty | None, default: Empty) -> Empty:
    """Return which convention holds for a row without a distribution."""
    if empty is None:
        return default
    if empty not in _EMPTY:
        raise ValueError(f"empty must be one of {', '.join(map(repr, _EMPTY))} or None, not {empty!r}")
    return empty


def as_axes(axis: Axis, ndim: int) -> tuple[int, ...]:
    """Return the axes of the classes, ascending, counted from the last: -1 is the last."""
    if axis is None:
        return tuple(range(-ndim, 0))
    if ndim == 0:
        raise ValueError(f"scores is a single number and has no axis {axis}; pass axis=None or an array")
    try:
        axes = np.lib.array_utils.normalize_axis_tuple(axis, ndim, "axis")
    except TypeError:
        raise TypeError(f"axis must be an integer, integers or None (all axes), not {axis!r}") from None
    return tuple(sorted(a - ndim for a in axes))


def check_out(out: object, shape: tuple[int, ...], dtype: np.dtype[Any], name: str = "out") -> None:
    """Raise unless results of this shape and type can be written into `out`."""
    if not isinstance(out, np.ndarray) or isinstance(out, np.ma.MaskedArray):
        raise TypeError(f"{name} must be a NumPy array, not {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"{name} has shape {out.shape}, but the result has {shape}")
    if out.dtype != dtype:
        raise ValueError(f"{name} has dtype {out.dtype}, but the result has {dtype}")
    if not out.flags.writeable:
        raise ValueError(f"{name} is read-only; pass an array that can be written")
