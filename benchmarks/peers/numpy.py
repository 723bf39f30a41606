# SPDX-License-Identifier: BSD-3-Clause
"""The formulas as they are usually written in NumPy."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.peers import Call
from benchmarks.problems import Array, Problem


def softmax(z: Array, axis: int) -> Array:
    """Shift by the maximum, exponentiate, divide by the sum."""
    e: Array = np.exp(z - z.max(axis=axis, keepdims=True))
    e /= e.sum(axis=axis, keepdims=True)
    return e


def logsumexp(z: Array, axis: int, keepdims: bool = False) -> Array:
    """Shift by the maximum, and back."""
    top = z.max(axis=axis, keepdims=True)
    result: Array = np.log(np.exp(z - top).sum(axis=axis, keepdims=True)) + top
    return result if keepdims else result.squeeze(axis)


def log_softmax(z: Array, axis: int) -> Array:
    """The scores less their logsumexp."""
    return z - logsumexp(z, axis, keepdims=True)


def cross_entropy(z: Array, labels: Array, axis: int) -> Array:
    """The logsumexp less the label's score."""
    chosen = np.take_along_axis(z, np.expand_dims(labels, axis), axis)
    result: Array = logsumexp(z, axis) - chosen.squeeze(axis)
    return result


def cross_entropy_gradient(z: Array, labels: Array, axis: int) -> tuple[Array, Array]:
    """Minus the logarithm of the label's probability; the probabilities less one there."""
    p = softmax(z, axis)
    at = np.expand_dims(labels, axis)
    chosen = np.take_along_axis(p, at, axis)
    np.put_along_axis(p, at, chosen - 1, axis)
    return -np.log(chosen.squeeze(axis)), p


ROWS: dict[str, Callable[..., Any]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
    "cross_entropy_gradient": cross_entropy_gradient,
}
ELEMENTS: dict[str, Callable[..., Any]] = {
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "log_sigmoid": lambda x: -np.log1p(np.exp(-x)),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "logit": lambda p: np.log(p / (1 - p)),
    "log1mexp": lambda x: np.log(-np.expm1(x)),
}


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the formula, which makes its outputs anew."""
    if function in ELEMENTS:
        return partial(ELEMENTS[function], problem.scores)
    return partial(ROWS[function], *problem.arguments(function), axis=problem.axis)
