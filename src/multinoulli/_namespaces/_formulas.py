# SPDX-License-Identifier: BSD-3-Clause
"""The functions over the last axis in the operations of any array namespace, and the rules of their derivatives.

A rule is written with the functions themselves, so it can be differentiated again. Of ties, infinities and the largest
score it knows nothing special: what the formulas do to stay exact is not to be differentiated.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Array = Any  # of the namespace
Namespace = Any


@dataclass(frozen=True)
class Formula:
    """One function of one array."""

    forward: Callable[[Namespace, Array], Array]
    vjp: Callable[[Any, Array, Array], Array]  # (functions, x, cotangent): `functions` has all of these, differentiable
    jvp: Callable[[Any, Array, Array], Array]  # (functions, x, tangent)


def _shifted(xp: Namespace, z: Array) -> tuple[Array, Array]:
    # z less its maximum, and the maximum; scores of +inf become 0 and leave nothing to the others of their row.
    top = xp.max(z, axis=-1, keepdims=True)
    infinite = xp.logical_and(xp.isinf(top), top > 0)
    below = xp.where(z == top, xp.zeros_like(z), xp.full_like(z, -float("inf")))
    below = xp.where(xp.isnan(z), z, below)
    finite = xp.where(xp.isinf(top), xp.zeros_like(top), top)
    return xp.where(infinite, below, z - finite), top


def softmax(xp: Namespace, z: Array) -> Array:
    """Probabilities."""
    shifted, _ = _shifted(xp, z)
    exps = xp.exp(shifted)
    return exps / xp.sum(exps, axis=-1, keepdims=True)


def _log_sum(xp: Namespace, shifted: Array) -> Array:
    # log(sum(exp(shifted))) as log1p of what the largest leave over.
    largest = shifted == 0
    count = xp.sum(xp.astype(largest, shifted.dtype), axis=-1, keepdims=True)
    rest = xp.sum(xp.where(largest, xp.zeros_like(shifted), xp.exp(shifted)), axis=-1, keepdims=True)
    some = count > 0
    ties = xp.where(some, count, xp.ones_like(count))
    return xp.where(some, xp.log(ties) + xp.log1p(rest / ties), xp.log(rest))


def log_softmax(xp: Namespace, z: Array) -> Array:
    """Log-probabilities."""
    shifted, _ = _shifted(xp, z)
    return shifted - _log_sum(xp, shifted)


def logsumexp(xp: Namespace, z: Array) -> Array:
    """log(sum(exp(z)))."""
    shifted, top = _shifted(xp, z)
    log_sum = _log_sum(xp, shifted)
    return xp.where(xp.isinf(top), top, top + log_sum)[..., 0]


def sigmoid(xp: Namespace, x: Array) -> Array:
    """1 / (1 + exp(-x))."""
    e = xp.exp(-xp.abs(x))
    return xp.where(x < 0, e, xp.ones_like(x)) / (1 + e)


def softplus(xp: Namespace, x: Array) -> Array:
    """log(1 + exp(x))."""
    return xp.where(x > 0, x, xp.zeros_like(x)) + xp.log1p(xp.exp(-xp.abs(x)))


def log_sigmoid(xp: Namespace, x: Array) -> Array:
    """log(sigmoid(x))."""
    return -softplus(xp, -x)


def logit(xp: Namespace, p: Array) -> Array:
    """log(p / (1 - p))."""
    return xp.where(xp.abs(p - 0.5) < 0.25, xp.log1p((2 * p - 1) / (1 - p)), xp.log(p) - xp.log1p(-p))


def log1mexp(xp: Namespace, x: Array) -> Array:
    """log(1 - exp(x))."""
    return xp.where(x > -0.693, xp.log(-xp.expm1(x)), xp.log1p(-xp.exp(x)))


def _sum(values: Array, xp: Namespace) -> Array:
    return xp.sum(values, axis=-1, keepdims=True)


def _softmax_product(f: Any, z: Array, v: Array) -> Array:
    p = f.softmax(z)
    return p * (v - _sum(p * v, f.xp))


def _elementwise(forward: Callable[[Namespace, Array], Array], slope: Callable[[Any, Array], Array]) -> Formula:
    def product(f: Any, x: Array, v: Array) -> Array:
        return v * slope(f, x)

    return Formula(forward, product, product)


FORMULAS = {
    "softmax": Formula(softmax, _softmax_product, _softmax_product),
    "log_softmax": Formula(
        log_softmax,
        lambda f, z, v: v - f.softmax(z) * _sum(v, f.xp),
        lambda f, z, v: v - _sum(f.softmax(z) * v, f.xp),
    ),
    "logsumexp": Formula(
        logsumexp,
        lambda f, z, v: v[..., None] * f.softmax(z),
        lambda f, z, v: f.xp.sum(f.softmax(z) * v, axis=-1),
    ),
    "sigmoid": _elementwise(sigmoid, lambda f, x: f.sigmoid(x) * f.sigmoid(-x)),
    "softplus": _elementwise(softplus, lambda f, x: f.sigmoid(x)),
    "log_sigmoid": _elementwise(log_sigmoid, lambda f, x: f.sigmoid(-x)),
    "logit": _elementwise(logit, lambda f, p: 1 / (p * (1 - p))),
    "log1mexp": _elementwise(log1mexp, lambda f, x: -1 / f.xp.expm1(-x)),
}
