# SPDX-License-Identifier: BSD-3-Clause
"""The public functions for arrays of another namespace; their arguments mean what the functions' docstrings say."""

import math
from typing import Any

import array_api_compat

from multinoulli._namespaces._find import Foreign
from multinoulli._namespaces._formulas import FORMULAS
from multinoulli._namespaces._rows import ForeignRows, as_floating, as_foreign
from multinoulli._validation.scores import Axis, Empty

Array = Any


def refuse_out(out: object) -> None:
    """Raise if an output is given: arrays of other namespaces may not change."""
    if out is not None:
        raise TypeError("out is for NumPy arrays only; leave it out for those of other libraries")


def of_rows(
    f: Foreign,
    name: str,
    scores: Array,
    *,
    axis: Axis,
    where: Any,
    temperature: float,
    empty: Empty | None,
    out: object,
) -> Array:
    """Return `softmax` or `log_softmax`."""
    refuse_out(out)
    rows = ForeignRows.read(f, scores, axis=axis, where=where, temperature=temperature, empty=empty)
    if rows.scores.shape[-1] == 0:
        return rows.deliver(rows.restore(rows.scores))
    results = getattr(f, name)(rows.scores)
    return rows.deliver(rows.restore(rows.fill(results, 0.0 if name == "softmax" else -math.inf)))


def logsumexp(
    f: Foreign,
    scores: Array,
    *,
    axis: Axis,
    where: Any,
    temperature: float,
    empty: Empty | None,
    keepdims: bool,
    out: object,
    weights: Any,
    return_sign: bool,
) -> Any:
    """Return the logarithm of the sum, and its sign if wanted."""
    refuse_out(out)
    xp = f.xp
    if weights is not None:
        weights, _ = as_floating(xp, as_foreign(f, weights, scores), "weights")
        scores, weights = xp.broadcast_arrays(scores, weights)
    convention: Empty | None = "zero" if empty == "uniform" else empty
    rows = ForeignRows.read(
        f, scores, axis=axis, where=where, temperature=temperature, empty=convention, without_mask="zero"
    )
    if rows.scores.shape[-1] == 0:
        log_sum = xp.full(rows.scores.shape[:-1], -math.inf, dtype=rows.scores.dtype)
        sign = xp.zeros_like(log_sum)
    elif weights is None:
        log_sum = f.logsumexp(rows.scores)
        sign = xp.where(xp.isnan(log_sum), log_sum, xp.astype(log_sum > -math.inf, log_sum.dtype))
    else:
        log_sum, sign = _signed(f, rows, rows.rows_of(xp, xp.astype(weights, rows.scores.dtype), rows.axes))
        if not return_sign:
            log_sum = xp.where(sign < 0, xp.full_like(log_sum, math.nan), log_sum)
    if rows.offset is not None:
        log_sum = log_sum + rows.offset[..., 0]
    results = [rows.fill(log_sum, -math.inf), rows.fill(sign, 0.0)]
    if keepdims:
        results = [xp.reshape(array, _with_ones(array.shape, rows)) for array in results]
    log_sum, sign = (rows.deliver(array) for array in results)
    return (log_sum, sign) if return_sign else log_sum


def _with_ones(batch: tuple[int, ...], rows: ForeignRows) -> tuple[int, ...]:
    shape, ndim = list(batch), len(batch) + len(rows.axes)
    for axis in rows.axes:
        shape.insert(ndim + axis, 1)
    return tuple(shape)


def _signed(f: Foreign, rows: ForeignRows, weights: Array) -> tuple[Array, Array]:
    # log|sum w e^z| by way of the sum's two signs: each half is a logsumexp of z + log|w|.
    xp, z = f.xp, rows.scores
    kept = weights != 0 if rows.mask is None else xp.logical_and(weights != 0, rows.mask)
    nothing = xp.full_like(z, -math.inf)
    size = xp.where(kept, z + xp.log(xp.where(kept, xp.abs(weights), xp.ones_like(weights))), nothing)
    positive = weights > 0
    halves = [f.logsumexp(xp.where(side, size, nothing)) for side in (positive, xp.logical_not(positive))]
    high, low = xp.maximum(*halves), xp.minimum(*halves)
    log_sum = high + f.log1mexp(xp.where(low == -math.inf, low, low - high))
    log_sum = xp.where(low == -math.inf, high, log_sum)
    sign = xp.sign(halves[0] - halves[1])
    sign = xp.where(high == -math.inf, xp.zeros_like(sign), sign)
    undefined = xp.logical_or(low == math.inf, xp.isnan(high))
    return tuple(xp.where(undefined, xp.full_like(array, math.nan), array) for array in (log_sum, sign))


def times_derivative(
    f: Foreign,
    name: str,
    scores: Array,
    vector: Any,
    vector_name: str,
    *,
    axis: Axis,
    where: Any,
    temperature: float,
    out: object,
    order: int,
) -> Array:
    """Return the product of a vector and the derivative of `softmax` or `log_softmax`."""
    refuse_out(out)
    xp, scores = f.xp, as_foreign(f, scores, vector)
    rows = ForeignRows.read(f, scores, axis=axis, where=where, temperature=temperature, empty=None)
    if rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the function jumps and has no derivative")
    v, _ = as_floating(xp, as_foreign(f, vector, scores), vector_name)
    v = rows.rows_of(xp, xp.broadcast_to(xp.astype(v, rows.scores.dtype), scores.shape), rows.axes)
    if rows.mask is not None:
        v = xp.where(rows.mask, v, xp.zeros_like(v))
    result = FORMULAS[name].vjp(f, rows.scores, v) if rows.scores.shape[-1] else rows.scores
    return rows.deliver(rows.restore(rows.fill(result / rows.temperature**order, 0.0)))


def softmax_jacobian(f: Foreign, scores: Array, *, axis: Axis, where: Any, temperature: float) -> Array:
    """Return all derivatives, classes last, twice."""
    xp = f.xp
    rows = ForeignRows.read(f, scores, axis=axis, where=where, temperature=temperature, empty=None)
    if rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the softmax jumps and has no derivative")
    n_classes = rows.scores.shape[-1]
    p = rows.fill(f.softmax(rows.scores), 0.0) if n_classes else rows.scores
    identity = xp.eye(n_classes, dtype=p.dtype, device=array_api_compat.device(p))
    return rows.deliver(p[..., :, None] * (identity - p[..., None, :]) / rows.temperature)


def elementwise(f: Foreign, name: str, x: Array, x_name: str, out: object) -> Array:
    """Return the function of every entry."""
    refuse_out(out)
    values, dtype = as_floating(f.xp, x, x_name)
    results = getattr(f, name)(values)
    return results if results.dtype == dtype else f.xp.astype(results, dtype)
