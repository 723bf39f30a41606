# SPDX-License-Identifier: BSD-3-Clause
"""The general case of every derivative times a vector: arguments -> contiguous rows -> core -> the caller's shape."""

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._validation.scores import Axis, as_contiguous, as_scores
from multinoulli.functions._rows import Rows


def times_derivative(
    of: Literal["softmax", "log_softmax"],
    scores: ArrayLike,
    vector: ArrayLike,
    name: str,
    *,
    axis: Axis,
    where: ArrayLike | None,
    temperature: float,
    out: NDArray[Any] | None,
    order: int = 1,
) -> Any:
    """Return a vector, which errors call `name`, times the derivative `of` a function; `order` is the derivative's."""
    if (f := foreign(scores, vector)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.times_derivative(
            f,
            of,
            scores,
            vector,
            name,
            axis=axis,
            where=where,
            temperature=temperature,
            out=out,
            order=order,
        )
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=None)
    if rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the function jumps and has no derivative")
    array, _ = as_scores(vector, name)
    try:
        array = np.broadcast_to(array, rows.source.shape)
    except ValueError:
        raise ValueError(
            f"{name} has shape {array.shape}, which does not broadcast to the scores' {rows.source.shape}"
        ) from None
    vectors = rows.axes.rows(array)
    if rows.mask is not None:
        vectors = np.where(rows.mask, vectors, 0)
    dtype = rows.scores.dtype
    result = np.empty(rows.scores.shape, dtype)
    core = _core.softmax_vjp if of == "softmax" else _core.log_softmax_vjp
    core(as_contiguous(rows.scores, dtype), as_contiguous(vectors, dtype), result)
    if rows.temperature != 1:
        result /= rows.temperature**order
    rows.fill(result, 0.0)
    return rows.deliver(result, out, elements=True)
