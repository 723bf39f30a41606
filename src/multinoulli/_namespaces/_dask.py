# SPDX-License-Identifier: BSD-3-Clause
"""Dask arrays: the functions themselves, block by block and not before they are asked for, as generalised ufuncs."""

from collections.abc import Callable
from functools import wraps
from importlib import import_module
from typing import Any, TypeVar, cast

import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])

# What says something of the whole array, or of its shape.
_WHOLE = ("out", "reduction", "empty_mean", "keepdims", "weights", "return_sign")


def blockwise(signature: str) -> Callable[[_F], _F]:
    """Decorate a function of NumPy arrays whose positional arguments have this signature, "(k),()->(k)" say.

    Among them, or as `where` or `weight`, Dask arrays then give a Dask array. Their classes must be in one chunk.
    """

    def decorate(function: _F) -> _F:
        @wraps(function)
        def general(*args: Any, **options: Any) -> Any:
            given = (*args, *(options.get(name) for name in ("where", "weight")))
            if any(type(value).__module__.startswith("dask.") for value in given):
                return _apply(function, signature, args, options)
            return function(*args, **options)

        return cast(_F, general)

    return decorate


def _cut_like(da: Any, like: Any, array: Any) -> Any:
    array = da.asarray(array)
    if array.ndim > like.ndim or any(
        n not in (1, m) for n, m in zip(array.shape[::-1], like.shape[::-1], strict=False)
    ):
        return array  # which Dask broadcasts, or refuses
    return da.broadcast_to(array, like.shape).rechunk(like.chunks)


def _apply(function: Callable[..., Any], signature: str, args: tuple[Any, ...], options: dict[str, Any]) -> Any:
    da: Any = import_module("dask.array")
    for name in _WHOLE:
        if options.get(name) not in (None, False):
            raise TypeError(f"{name} is not for Dask arrays; apply it to the result, as by .sum() or .compute()")
    axis = options.pop("axis", -1)
    if not isinstance(axis, int | np.integer):
        raise TypeError(f"axis must be one integer for Dask arrays, not {axis!r}; reshape them first")
    cores, results = (part.split("),(") for part in signature.split("->"))
    wanted = ["k" in core for core in cores]
    scores = da.asarray(args[0])
    given, named = list(args), []
    for name, has_classes in ("where", True), ("weight", False):
        if options.get(name) is not None:
            named.append(name)
            wanted.append(has_classes)
            given.append(options.pop(name))
    samples = scores[(slice(None),) * (axis % scores.ndim) + (0,)] if wanted[0] else scores
    likes = [scores if has_classes == wanted[0] else samples for has_classes in wanted[1:]]
    arrays = [scores, *(_cut_like(da, like, array) for like, array in zip(likes, given[1:], strict=True))]

    def block(*blocks: Any) -> Any:
        last = {"axis": -1} if "k" in signature else {}
        more = dict(zip(named, blocks[len(args) :], strict=True))
        return function(*blocks[: len(args)], **last, **more, **options)

    dtype = arrays[0].dtype if arrays[0].dtype.kind not in "iub" else np.dtype(np.float64)
    inputs = ",".join("(k)" if has_classes else "()" for has_classes in wanted)
    outputs = ["k" in result for result in results]
    return da.apply_gufunc(
        block,
        f"{inputs}->{','.join('(k)' if has_classes else '()' for has_classes in outputs)}",
        *arrays,
        axes=[(axis,) if has_classes else () for has_classes in [*wanted, *outputs]],
        output_dtypes=[dtype] * len(outputs) if len(outputs) > 1 else dtype,
    )
