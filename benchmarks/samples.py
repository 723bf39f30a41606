# SPDX-License-Identifier: BSD-3-Clause
"""Scores and values of every temper, on which errors are looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator

from benchmarks.problems import Array

LENGTHS = (1, 2, 3, 5, 8, 10, 17, 33, 64, 65, 100, 257, 1_030, 3_000)
SCORES_A_LENGTH = 600
VALUES = 2_000


@dataclass(frozen=True)
class Sample:
    """Rows of scores with labels, or values without."""

    distribution: str
    scores: Array
    labels: Array | None = None


def _dominant(rng: Generator, shape: tuple[int, int], lowest: float) -> Array:
    scores = rng.standard_normal(shape)
    scores[np.arange(shape[0]), rng.integers(shape[1], size=shape[0])] += rng.choice([5, 15, 25, 60, 300], shape[0])
    return scores


def _subnormal(rng: Generator, shape: tuple[int, int], lowest: float) -> Array:
    scores = rng.uniform(lowest, 0.95 * lowest, shape)
    scores[:, 0] = 0
    return scores


def _outweighed(rng: Generator, shape: tuple[int, int], lowest: float) -> Array:
    n_rows, n = shape
    scores = rng.uniform(-60, -30, shape)
    ahead = rng.permuted(np.tile(np.arange(n), (n_rows, 1)), axis=1)[:, :2]
    second = -np.log(2) * rng.integers(1, 8, n_rows) + rng.uniform(0, 0.4, n_rows)
    np.put_along_axis(scores, ahead, np.stack([np.zeros(n_rows), second], axis=1)[:, : min(n, 2)], axis=1)
    return scores


# `lowest` is where the exponential ends: the logarithm of the type's smallest number above 0.
ROWS: dict[str, Callable[[Generator, tuple[int, int], float], Array]] = {
    "N(0, 2)": lambda rng, shape, lowest: 2 * rng.standard_normal(shape),
    "U(±40)": lambda rng, shape, lowest: rng.uniform(-40, 40, shape),
    "U(±500)": lambda rng, shape, lowest: rng.uniform(-500, 500, shape),
    "N(0, 1) + 1e4": lambda rng, shape, lowest: rng.standard_normal(shape) + 1e4,
    "N(0, 1) + 1e6": lambda rng, shape, lowest: rng.standard_normal(shape) + 1e6,
    "one ahead by 5 to 300": _dominant,
    "two ahead": _outweighed,
    "nearly equal": lambda rng, shape, lowest: 1e-3 * rng.standard_normal(shape),
    "logsumexp near 0": lambda rng, shape, lowest: 1e-3 * rng.standard_normal(shape) - np.log(shape[1]),
    "subnormal results": _subnormal,
}
LONG_ROWS = (("N(0, 2)", 1_000_000), ("N(0, 2)", 4_000_000), ("N(0, 2)", 16_000_000), ("U(±40)", 4_000_000))


def _either_sign(rng: Generator, values: Array) -> Array:
    signed: Array = np.copysign(values, rng.choice([-1.0, 1.0], len(values)))
    return signed


_ANY_SIGN: dict[str, Callable[[Generator, int, float], Array]] = {
    "N(0, 2)": lambda rng, n, lowest: 2 * rng.standard_normal(n),
    "U(±40)": lambda rng, n, lowest: rng.uniform(-40, 40, n),
    "near 0": lambda rng, n, lowest: _either_sign(rng, 10 ** rng.uniform(-30, -1, n)),
    "subnormal results": lambda rng, n, lowest: _either_sign(rng, rng.uniform(lowest, 0.95 * lowest, n)),
}
ELEMENTS: dict[str, dict[str, Callable[[Generator, int, float], Array]]] = {
    "sigmoid": _ANY_SIGN,
    "log_sigmoid": _ANY_SIGN,
    "softplus": _ANY_SIGN,
    "logit": {
        "U(0, 1)": lambda rng, n, lowest: rng.uniform(1e-6, 1 - 1e-6, n),
        "near 1/2": lambda rng, n, lowest: 0.5 + _either_sign(rng, 10 ** rng.uniform(-7, -1, n)),
        "near 0": lambda rng, n, lowest: np.exp(rng.uniform(lowest + 1, -5, n)),
        "near 1": lambda rng, n, lowest: 1 - 10 ** rng.uniform(-7, -1, n),
    },
    "log1mexp": {
        "minus exponential": lambda rng, n, lowest: -rng.exponential(size=n),
        "U(-40, 0)": lambda rng, n, lowest: rng.uniform(-40, 0, n),
        "near 0": lambda rng, n, lowest: -np.exp(rng.uniform(lowest + 1, -3, n)),
        "subnormal results": lambda rng, n, lowest: rng.uniform(lowest, 0.95 * lowest, n),
    },
}


def _lowest(dtype: Any) -> float:
    return float(np.log(np.finfo(dtype).smallest_subnormal.astype(float)))


def short_rows(dtype: Any) -> Iterator[Sample]:
    """Rows of every distribution and length; every other label is the largest score's."""
    rng = np.random.default_rng(0)
    for distribution, draw in ROWS.items():
        for n in LENGTHS:
            shape = (max(2, SCORES_A_LENGTH // n), n)
            scores = draw(rng, shape, _lowest(dtype)).astype(dtype)
            labels = rng.integers(n, size=shape[0])
            labels[::2] = scores[::2].argmax(axis=1)
            yield Sample(distribution, scores, labels)


def long_rows(dtype: Any) -> Iterator[Sample]:
    """Rows one at a time, labelled at random."""
    rng = np.random.default_rng(1)
    for distribution, n in LONG_ROWS:
        scores = ROWS[distribution](rng, (1, n), _lowest(dtype)).astype(dtype)
        yield Sample(f"{distribution}, n = {n:,}", scores, rng.integers(n, size=1))


def values(function: str, dtype: Any) -> Iterator[Sample]:
    """Values where the elementwise function is hard."""
    rng = np.random.default_rng(2)
    for distribution, draw in ELEMENTS[function].items():
        yield Sample(distribution, draw(rng, VALUES, _lowest(dtype)).astype(dtype))
