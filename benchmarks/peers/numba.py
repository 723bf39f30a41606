# SPDX-License-Identifier: BSD-3-Clause
"""The three loops that a good user of numba writes: maximum, exponentials and their sum, result."""

import os
from collections.abc import Callable
from math import exp, log
from typing import Any

import numba
import numpy as np
from numba import prange

from benchmarks.peers import Call
from benchmarks.peers.numba_columns import COLUMNS, as_columns
from benchmarks.problems import Problem

CORES = len(os.sched_getaffinity(0))
one_row = numba.njit(fastmath=True, error_model="numpy")
over_rows = numba.njit(fastmath=True, error_model="numpy", parallel=CORES > 1)


@one_row
def maximum(z: Any, i: int) -> Any:
    top = z[i, 0]
    for k in range(1, z.shape[1]):
        top = max(top, z[i, k])
    return top


@one_row
def row_logsumexp(z: Any, i: int) -> Any:
    top, total = maximum(z, i), z.dtype.type(0)
    for k in range(z.shape[1]):
        total += exp(z[i, k] - top)
    return top + log(total)


@one_row
def row_softmax(z: Any, i: int, out: Any) -> Any:
    """Return the logsumexp too."""
    top, total = maximum(z, i), z.dtype.type(0)
    for k in range(z.shape[1]):
        e = exp(z[i, k] - top)
        out[i, k] = e
        total += e
    scale = z.dtype.type(1) / total
    for k in range(z.shape[1]):
        out[i, k] *= scale
    return top + log(total)


@over_rows
def softmax(z: Any, out: Any) -> None:
    for i in prange(z.shape[0]):
        row_softmax(z, i, out)


@over_rows
def log_softmax(z: Any, out: Any) -> None:
    for i in prange(z.shape[0]):
        log_sum = row_logsumexp(z, i)
        for k in range(z.shape[1]):
            out[i, k] = z[i, k] - log_sum


@over_rows
def logsumexp(z: Any, out: Any) -> None:
    for i in prange(z.shape[0]):
        out[i] = row_logsumexp(z, i)


@over_rows
def cross_entropy(z: Any, labels: Any, out: Any) -> None:
    for i in prange(z.shape[0]):
        out[i] = row_logsumexp(z, i) - z[i, labels[i]]


@over_rows
def cross_entropy_gradient(z: Any, labels: Any, loss: Any, gradient: Any) -> None:
    for i in prange(z.shape[0]):
        loss[i] = row_softmax(z, i, gradient) - z[i, labels[i]]
        gradient[i, labels[i]] -= z.dtype.type(1)


ROWS: dict[str, Callable[..., None]] = {
    "softmax": softmax,
    "log_softmax": log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
    "cross_entropy_gradient": cross_entropy_gradient,
}


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the compiled loop over rows, or over columns where the classes do not lie along the last axis."""
    if function not in ROWS:
        return None
    along_last = problem.axis == -1
    compute = (ROWS if along_last else COLUMNS)[function]
    arguments, kept = problem.arguments(function), problem.outputs(function)
    if not along_last:
        arguments, kept = as_columns(arguments, problem), as_columns(kept, problem)
    shapes, dtype = [out.shape for out in kept], problem.scores.dtype

    def call() -> Any:
        outputs = kept if problem.reuse else [np.empty(shape, dtype) for shape in shapes]
        compute(*arguments, *outputs)
        return outputs

    return call
