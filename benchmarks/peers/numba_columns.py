# SPDX-License-Identifier: BSD-3-Clause
"""The same three loops along another axis than the last: arrays of (before, classes, after), blocks of columns."""

import math
import os
from collections.abc import Callable
from math import exp
from typing import Any

import numba
import numpy as np
from numba import prange

from benchmarks.problems import Array, Problem

BLOCK = 512  # columns that go together: whole vectors, whose sums stay in the cache
one_block = numba.njit(fastmath=True, error_model="numpy")
over_blocks = numba.njit(fastmath=True, error_model="numpy", parallel=len(os.sched_getaffinity(0)) > 1)


def as_columns(arrays: tuple[Array, ...], problem: Problem) -> tuple[Array, ...]:
    """Scores as (before, classes, after), what there is one of a row as (before, after)."""
    shape, axis = problem.scores.shape, problem.axis % problem.scores.ndim
    before, after = math.prod(shape[:axis]), math.prod(shape[axis + 1 :])
    whole, per_row = (before, shape[axis], after), (before, after)
    return tuple(array.reshape(whole if array.ndim == len(shape) else per_row) for array in arrays)


@one_block
def blocks(z: Any) -> Any:
    return (z.shape[2] + BLOCK - 1) // BLOCK


@one_block
def block(z: Any, task: int) -> Any:
    start = task % blocks(z) * BLOCK
    return task // blocks(z), start, min(z.shape[2], start + BLOCK)


@one_block
def maxima(z: Any, i: int, start: int, stop: int) -> Any:
    top = z[i, 0, start:stop].copy()
    for k in range(1, z.shape[1]):
        for j in range(stop - start):
            top[j] = max(top[j], z[i, k, start + j])
    return top


@one_block
def block_logsumexp(z: Any, i: int, start: int, stop: int) -> Any:
    top = maxima(z, i, start, stop)
    total = np.zeros_like(top)
    for k in range(z.shape[1]):
        for j in range(stop - start):
            total[j] += exp(z[i, k, start + j] - top[j])
    return top + np.log(total)


@one_block
def block_softmax(z: Any, i: int, start: int, stop: int, out: Any) -> Any:
    """Return the logsumexp too."""
    top = maxima(z, i, start, stop)
    total = np.zeros_like(top)
    for k in range(z.shape[1]):
        for j in range(stop - start):
            e = exp(z[i, k, start + j] - top[j])
            out[i, k, start + j] = e
            total[j] += e
    scale = z.dtype.type(1) / total
    for k in range(z.shape[1]):
        for j in range(stop - start):
            out[i, k, start + j] *= scale[j]
    return top + np.log(total)


@over_blocks
def softmax(z: Any, out: Any) -> None:
    for task in prange(z.shape[0] * blocks(z)):
        i, start, stop = block(z, task)
        block_softmax(z, i, start, stop, out)


@over_blocks
def log_softmax(z: Any, out: Any) -> None:
    for task in prange(z.shape[0] * blocks(z)):
        i, start, stop = block(z, task)
        log_sum = block_logsumexp(z, i, start, stop)
        for k in range(z.shape[1]):
            for j in range(stop - start):
                out[i, k, start + j] = z[i, k, start + j] - log_sum[j]


@over_blocks
def logsumexp(z: Any, out: Any) -> None:
    for task in prange(z.shape[0] * blocks(z)):
        i, start, stop = block(z, task)
        out[i, start:stop] = block_logsumexp(z, i, start, stop)


@over_blocks
def cross_entropy(z: Any, labels: Any, out: Any) -> None:
    for task in prange(z.shape[0] * blocks(z)):
        i, start, stop = block(z, task)
        log_sum = block_logsumexp(z, i, start, stop)
        for j in range(start, stop):
            out[i, j] = log_sum[j - start] - z[i, labels[i, j], j]


@over_blocks
def cross_entropy_gradient(z: Any, labels: Any, loss: Any, gradient: Any) -> None:
    for task in prange(z.shape[0] * blocks(z)):
        i, start, stop = block(z, task)
        log_sum = block_softmax(z, i, start, stop, gradient)
        for j in range(start, stop):
            loss[i, j] = log_sum[j - start] - z[i, labels[i, j], j]
            gradient[i, labels[i, j], j] -= z.dtype.type(1)


COLUMNS: dict[str, Callable[..., None]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
    "cross_entropy_gradient": cross_entropy_gradient,
}
