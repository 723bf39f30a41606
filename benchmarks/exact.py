# SPDX-License-Identifier: BSD-3-Clause
"""Exact results, and the units in the last place in which errors are told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import mpmath
import numpy as np
from mpmath import mpf
from tests import reference

from benchmarks.problems import PER_ROW, ROWWISE, Array

LONG = 10_000  # scores, from which on mpmath would take minutes


def rows(scores: Array, labels: Array) -> dict[str, Array]:
    """The five functions of the rows, and the unit of logsumexp's error, ``logsumexp - max``, as "log_sum"."""
    each = [
        _long_row(row, label) if len(row) > LONG else _short_row(row, label)
        for row, label in zip(scores, labels, strict=True)
    ]
    return {name: np.array([one[name] for one in each]) for name in each[0]}


def elements(function: str, values: Array) -> Array:
    """An elementwise function."""
    return np.array([extended(ELEMENTS[function](mpf(float(value)))) for value in values])


def units(exact: Array, dtype: str, scale: Any = 0) -> Array:
    """Units in the last place of the exact results, or of `scale` where that is larger, as this type has them."""
    info = np.finfo(dtype)
    size = np.maximum(np.maximum(np.abs(exact), scale), np.longdouble(info.tiny))
    result: Array = np.ldexp(np.longdouble(1), np.frexp(size)[1] - 1 - info.nmant)
    return result


def extended(value: mpf) -> np.longdouble:
    """Round to extended precision, by parts: a float64 would lose the digits of what is subnormal there."""
    mantissa, exponent = mpmath.frexp(value)
    high = float(mantissa)
    result: np.longdouble = np.ldexp(np.longdouble(high) + np.longdouble(float(mantissa - high)), exponent)
    return result


def _short_row(row: Array, label: int) -> Mapping[str, Any]:
    exact = reference.exact_row(row, label)
    found: dict[str, Any] = {name: np.array([extended(value) for value in exact[name]]) for name in ROWWISE}
    found.update({name: found[name][0] for name in PER_ROW})
    return found | {"log_sum": extended(exact["log_sum"])}


def _long_row(row: Array, label: int) -> Mapping[str, Any]:
    # Extended precision has 11 bits more than float64. NumPy adds pairwise, so that a sum of 2^24 terms suffers some 30
    # roundings of 2^-64, and score - max, below 128 in the long samples, one of 2^-58 at most: together less than a
    # twentieth of a float64's last place.
    if np.finfo(np.longdouble).nmant < 63:
        raise RuntimeError("long rows need a long double of at least 64 bits, which this platform lacks")
    z = row.astype(np.longdouble)
    top = int(z.argmax())
    below = z - z[top]
    e = np.exp(below)
    e[top] = 0
    rest = e.sum()
    log_sum = np.log1p(rest)
    but_label = rest if label == top else 1 + rest - e[label]
    e[top] = 1
    p = e / (1 + rest)
    slope = p.copy()
    slope[label] = -but_label / (1 + rest)
    log_p = below - log_sum
    return {
        "softmax": p,
        "log_softmax": log_p,
        "logsumexp": z[top] + log_sum,
        "cross_entropy": -log_p[label],
        "cross_entropy_gradient": slope,
        "log_sum": log_sum,
    }


ELEMENTS: dict[str, Callable[[mpf], mpf]] = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "log_sigmoid": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log1p(mpmath.exp(x)),
    "logit": lambda p: mpmath.log(p / (1 - p)),
    "log1mexp": lambda x: mpmath.log(-mpmath.expm1(x)) if x > -1 else mpmath.log1p(-mpmath.exp(x)),
}
