# SPDX-License-Identifier: BSD-3-Clause
"""The losses for arrays of another namespace; `losses._samples` says what the options mean."""

import math
from typing import Any

import numpy as np

from multinoulli._namespaces._find import Foreign
from multinoulli._namespaces._functions import refuse_out
from multinoulli._namespaces._rows import ForeignRows, as_floating, as_foreign, known
from multinoulli._validation.losses import TOLERANCE, TOLERANCE_OF_16_BITS, LossOptions, as_class_weight
from multinoulli._validation.scores import Axis, Empty

Array = Any


def _weights(f: Foreign, weight: Any, like: Array, shape: tuple[int, ...], dtype: Any) -> Array | None:
    if weight is None:
        return None
    xp = f.xp
    weights, _ = as_floating(xp, as_foreign(f, weight, like), "weight")
    bad = xp.logical_not(xp.logical_and(weights >= 0, xp.isfinite(weights)))
    if known(xp.any(bad)):
        raise ValueError(f"weight must be finite and at least 0, but one is {float(weights[bad][0])}")
    return xp.broadcast_to(xp.astype(weights, dtype), shape)


def _reduced(f: Foreign, losses: Array, weights: Array, options: LossOptions) -> tuple[Array, Any]:
    # The losses as asked for, and what a gradient is divided by.
    xp = f.xp
    if options.reduction is None:
        return losses, 1
    total = xp.sum(losses)
    if options.reduction == "sum":
        return total, 1
    weight = xp.sum(weights)
    nothing = weight <= 0
    if options.empty_mean is None:
        if known(nothing):
            raise ValueError(
                "there is no mean loss without samples that weigh something; empty_mean= can say what it is"
            )
        return total / weight, weight
    safe = xp.where(nothing, xp.ones_like(weight), weight)
    return xp.where(nothing, xp.full_like(total, options.empty_mean), total / safe), safe


def cross_entropy(
    f: Foreign,
    scores: Array,
    labels: Any,
    options: LossOptions,
    *,
    axis: Axis,
    where: Any,
    temperature: float,
    empty: Empty | None,
    weight: Any,
    class_weight: Any,
    out: object,
    gradient: bool = False,
) -> Any:
    """Return the losses, or the pair of them and their gradients."""
    refuse_out(out)
    xp, scores = f.xp, as_foreign(f, scores, labels)
    given = as_foreign(f, labels, scores)
    soft = xp.isdtype(given.dtype, "real floating") or "bfloat16" in str(given.dtype)
    if soft:
        options.refuse_ignore_label()
    rows = ForeignRows.read(f, scores, axis=axis, where=where, temperature=temperature, empty=empty)
    if gradient and rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the loss jumps and has no gradient")
    z, n_classes = rows.scores, rows.scores.shape[-1]
    if soft and tuple(given.shape) != tuple(scores.shape):
        raise TypeError(
            f"labels must be integers 0...K-1; or floating-point target probabilities of the scores' shape "
            f"{tuple(scores.shape)}, not {given.dtype} of shape {tuple(given.shape)}"
        )
    if not soft and not xp.isdtype(given.dtype, "integral"):
        raise TypeError(f"labels must be integers 0...K-1, not {given.dtype}")
    batch = tuple(z.shape[:-1]) if soft else np.broadcast_shapes(tuple(z.shape[:-1]), tuple(given.shape))
    z = xp.broadcast_to(z, (*batch, n_classes))
    mask = None if rows.mask is None else xp.broadcast_to(rows.mask, (*batch, n_classes))

    weights = _weights(f, weight, scores, batch, z.dtype)
    present = None if weights is None else weights > 0
    if not soft:
        given = xp.broadcast_to(given, batch)
        if options.ignore_label is not None:
            counted = given != options.ignore_label
            present = counted if present is None else xp.logical_and(present, counted)
    if present is not None:  # what is absent must not be met, not even by a derivative
        z = xp.where(present[..., None], z, xp.zeros_like(z))
    weights = xp.ones(batch, dtype=z.dtype, device=getattr(z, "device", None)) if weights is None else weights
    if present is not None:
        weights = xp.where(present, weights, xp.zeros_like(weights))

    of_classes = None
    if class_weight is not None:
        of_classes = xp.astype(as_foreign(f, as_class_weight(np.asarray(class_weight), n_classes), scores), z.dtype)
    one_hot = None
    if soft:
        targets = _targets(f, rows, given, mask, present)
        total = weights if of_classes is None else weights * xp.sum(targets * of_classes, axis=-1)
    else:
        given, bad = _codes(f, given, present, n_classes)
        numbers = xp.arange(n_classes, dtype=given.dtype, device=getattr(z, "device", None))
        one_hot = given[..., None] == numbers
        targets = xp.astype(one_hot, z.dtype)
        weights = xp.where(bad, xp.full_like(weights, math.nan), weights)
        total = weights if of_classes is None else weights * xp.sum(targets * of_classes, axis=-1)
    shares = (1 - options.label_smoothing) * targets if options.label_smoothing else targets
    if options.label_smoothing and mask is None:
        shares = shares + options.label_smoothing / n_classes
    elif options.label_smoothing:
        kept = xp.astype(mask, z.dtype)
        count = xp.sum(kept, axis=-1, keepdims=True)
        shares = shares + options.label_smoothing * kept / xp.where(count > 0, count, xp.ones_like(count))
    if of_classes is not None:
        shares = shares * of_classes

    log_p = f.log_softmax(z)
    met = xp.logical_or(shares != 0, xp.isnan(log_p))
    losses = xp.sum(shares * xp.where(met, -log_p, xp.zeros_like(log_p)), axis=-1)
    slopes: Any = 0
    if options.z_loss:
        log_sums = f.logsumexp(z)
        if rows.offset is not None:
            log_sums = log_sums + rows.offset[..., 0]
        losses = losses + options.z_loss * log_sums**2
        slopes = 2 * options.z_loss * log_sums[..., None]
    losses = xp.where(weights == 0, xp.zeros_like(losses), weights * rows.fill(losses, math.inf))
    result, divisor = _reduced(f, losses, total, options)
    result = rows.deliver(result)
    if not gradient:
        return result

    p = f.softmax(z)
    if one_hot is not None and not options.label_smoothing:  # p - 1 without cancellation
        factor = xp.sum(shares, axis=-1, keepdims=True)
        slope = factor * xp.where(one_hot, f.xp.expm1(log_p), p) + slopes * p
    else:
        slope = (xp.sum(shares, axis=-1, keepdims=True) + slopes) * p - shares
    if mask is not None:
        slope = xp.where(xp.logical_or(mask, xp.isnan(slope)), slope, xp.zeros_like(slope))
    slope = rows.fill(slope / rows.temperature, 0.0)
    scale = weights[..., None]
    slope = xp.where(scale == 0, xp.zeros_like(slope), scale * slope) / divisor
    return result, rows.deliver(rows.restore(slope))


def _targets(f: Foreign, rows: ForeignRows, given: Array, mask: Array | None, present: Array | None) -> Array:
    xp = f.xp
    tolerance = TOLERANCE_OF_16_BITS if xp.finfo(given.dtype).bits == 16 else TOLERANCE
    targets = rows.rows_of(xp, xp.astype(given, rows.scores.dtype), rows.axes)
    if mask is not None:
        targets = xp.where(mask, targets, xp.zeros_like(targets))
    counted = targets if present is None else xp.where(present[..., None], targets, 1 / targets.shape[-1])
    negative, sums = xp.logical_not(counted >= 0), xp.sum(counted, axis=-1)
    if known(xp.any(negative)):
        first = float(counted[negative][0])
        raise ValueError(f"labels, as target probabilities, must be at least 0, but one is {first}")
    off = xp.abs(sums - 1) > tolerance
    if known(xp.any(off)):
        first = float(sums[off][0])
        raise ValueError(
            f"labels, as target probabilities, must sum to 1 within {tolerance:g}, but a row sums to {first:.6g}"
        )
    return targets if present is None else xp.where(present[..., None], targets, xp.zeros_like(targets))


def _codes(f: Foreign, given: Array, present: Array | None, n_classes: int) -> tuple[Array, Array]:
    # Labels of the present samples; 0 where there is none. Those out of range that cannot be refused become NaN.
    xp = f.xp
    bad = xp.logical_or(given < 0, given >= n_classes)
    bad = bad if present is None else xp.logical_and(bad, present)
    if known(xp.any(bad)):
        first = int(given[bad][0])
        raise ValueError(f"labels must lie in 0...K-1, but one is {first} and K, the number of classes, is {n_classes}")
    return given if present is None else xp.where(present, given, xp.zeros_like(given)), bad


def binary_cross_entropy(
    f: Foreign,
    scores: Array,
    labels: Any,
    options: LossOptions,
    *,
    weight: Any,
    class_weight: Any,
    out: object,
    gradient: bool = False,
) -> Any:
    """Return the losses, or the pair of them and their derivatives."""
    refuse_out(out)
    xp, scores = f.xp, as_foreign(f, scores, labels)
    s, dtype = as_floating(xp, scores, "scores")
    given = as_foreign(f, labels, scores)
    batch = np.broadcast_shapes(tuple(s.shape), tuple(given.shape))
    s, given = xp.broadcast_to(s, batch), xp.broadcast_to(given, batch)
    weights = _weights(f, weight, scores, batch, s.dtype)
    weights = xp.ones_like(s) if weights is None else weights
    if options.ignore_label is not None:
        weights = xp.where(given == options.ignore_label, xp.zeros_like(weights), weights)
    present = weights > 0
    whole = xp.isdtype(given.dtype, ("integral", "bool"))
    q = xp.astype(given, s.dtype)
    bad = xp.logical_not(xp.logical_or(q == 0, q == 1) if whole else xp.logical_and(q >= 0, q <= 1))
    bad = xp.logical_and(bad, present)
    if known(xp.any(bad)):
        allowed = "be 0 or 1" if whole else "lie in [0, 1], being probabilities"
        raise ValueError(f"labels must {allowed}, but one is {float(q[bad][0]):g}")
    q = xp.where(present, q, xp.zeros_like(q))
    s = xp.where(present, s, xp.zeros_like(s))
    weights = xp.where(bad, xp.full_like(weights, math.nan), weights)
    first, second = (1.0, 1.0)
    if class_weight is not None:
        first, second = (float(w) for w in as_class_weight(np.asarray(class_weight), 2))
    total = weights * (second * q + first * (1 - q))
    smooth = options.label_smoothing
    of_second, of_first = second * ((1 - smooth) * q + smooth / 2), first * ((1 - smooth) * (1 - q) + smooth / 2)

    def times(shares: Array, costs: Array) -> Array:
        met = xp.logical_or(shares != 0, xp.isnan(costs))
        return shares * xp.where(met, costs, xp.zeros_like(costs))

    up, down = f.softplus(s), f.softplus(-s)
    losses = times(of_second, down) + times(of_first, up)
    if options.z_loss:
        losses = losses + options.z_loss * up**2
    result, divisor = _reduced(f, xp.where(present, weights * losses, xp.zeros_like(losses)), total, options)
    result = result if result.dtype == dtype else xp.astype(result, dtype)
    if not gradient:
        return result
    slope = (of_first + 2 * options.z_loss * up if options.z_loss else of_first) * f.sigmoid(s)
    slope = xp.where(present, weights * (slope - of_second * f.sigmoid(-s)), xp.zeros_like(s)) / divisor
    return result, slope if slope.dtype == dtype else xp.astype(slope, dtype)
