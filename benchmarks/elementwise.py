# SPDX-License-Identifier: BSD-3-Clause
"""The elementwise functions: the sigmoid, its logarithm and inverses."""

from __future__ import annotations

import itertools
import os
from typing import Any

from benchmarks.measured import Measured, compare, store, table
from benchmarks.peers import COPY, OURS, PEERS, THREADED
from benchmarks.problems import ELEMENTWISE, Values
from benchmarks.team import Team

TEXT = """## Elementwise functions

N(0, 2) values; for `logit` uniform probabilities, for `log1mexp` minus exponential ones. Outputs are reused by
multinoulli, onnxruntime, SciPy, and PyTorch's `sigmoid` and `logit`."""


DTYPES = ("float32", "float64")
WITHOUT = {"numba", "sklearn"}  # who have no such functions
WHO = {1: [name for name in PEERS if name not in WITHOUT], 2: [name for name in THREADED if name not in WITHOUT]}


def measure(quick: bool) -> Any:
    """Measure many values with one thread and with two, few with one."""
    measured: list[Measured] = []
    rounds = (3, 3) if quick else (9, 15)
    for threads, lengths in (1, (1_000_000, 100)), (2, (1_000_000,)):
        if threads > len(os.sched_getaffinity(0)):
            continue
        with Team.of([OURS, COPY, *WHO[threads]], threads) as team:
            for n, dtype, function in itertools.product(lengths, DTYPES, ELEMENTWISE):
                measured += compare(team, threads, Values(n, dtype, function), [function], rounds)
    return store(measured)


def render(stored: Any) -> str:
    """One table a type; nothing if we have none of the functions."""
    measured = Measured.read(stored)
    measured.sort(key=lambda one: (-one.size, ELEMENTWISE.index(one.function), one.threads))
    parts = [TEXT]
    for dtype in DTYPES:
        some = [one for one in measured if one.dtype == dtype]
        parts.append(f"### {dtype}\n\n{table(some, what='values', unit='µs', peers=WHO[1], copy=True)}")
    return "\n\n".join(parts) if measured else ""
