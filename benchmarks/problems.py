# SPDX-License-Identifier: BSD-3-Clause
"""What is computed: the functions by name, and the data that every worker builds for itself from the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

PER_ROW = ("logsumexp", "cross_entropy")
GRADIENT = "cross_entropy_gradient"
LABELLED = ("cross_entropy", GRADIENT)
ROWWISE = ("softmax", "log_softmax", *PER_ROW, GRADIENT)
ELEMENTWISE = ("sigmoid", "log_sigmoid", "softplus", "logit", "log1mexp")

# As many numbers are drawn, no more: larger arrays repeat them, which spares minutes and which no cache can notice.
DRAWN = 4_000_003


@dataclass(frozen=True)
class Problem:
    """Scores, the labels of their rows along `axis`, and whether functions may write where they wrote before."""

    scores: Array
    labels: Array | None = None
    axis: int = -1
    reuse: bool = True

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape without the axis of the classes."""
        shape = list(self.scores.shape)
        del shape[self.axis]
        return tuple(shape)

    def arguments(self, function: str) -> tuple[Array, ...]:
        """The scores, and for a loss the labels."""
        return (self.scores, self.labels) if function in LABELLED and self.labels is not None else (self.scores,)

    def outputs(self, function: str) -> tuple[Array, ...]:
        """New arrays of the shapes of the results: one, and for the gradient two."""
        shapes = {
            GRADIENT: (self.row_shape, self.scores.shape),
            **dict.fromkeys(PER_ROW, (self.row_shape,)),
        }.get(function, (self.scores.shape,))
        return tuple(np.empty(shape, self.scores.dtype) for shape in shapes)


Make = Callable[[], Problem]


@dataclass(frozen=True)
class Cell:
    """One shape of scores that functions are timed on; for a quick trial the longest side divided by `divided_by`."""

    full_shape: tuple[int, ...]
    axis: int = -1
    dtype: str = "float32"
    every_second_column: bool = False
    reuse: bool = True
    divided_by: int = 1

    @property
    def name(self) -> str:
        """As tables show it."""
        name = " × ".join(f"{n:,}" for n in self.full_shape)
        if self.axis != -1:
            name += f", axis {self.axis}"
        if self.every_second_column:
            name += ", every second column"
        return name

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape that is built."""
        longest = self.full_shape.index(max(self.full_shape))
        return tuple(n // self.divided_by if k == longest else n for k, n in enumerate(self.full_shape))

    @property
    def size(self) -> int:
        """How many scores the functions get."""
        return math.prod(self.shape) // (2 if self.every_second_column else 1)

    def problem(self) -> Problem:
        """Build N(0, 2) scores and uniform labels; the same in every process."""
        rng = np.random.default_rng(0)
        drawn = 2 * rng.standard_normal(min(math.prod(self.shape), DRAWN), dtype=np.dtype(self.dtype).type)
        scores = np.resize(drawn, self.shape)
        if self.every_second_column:
            scores = scores[:, ::2]
        row_shape = Problem(scores, axis=self.axis).row_shape
        labels = rng.integers(0, scores.shape[self.axis], row_shape)
        return Problem(scores, labels, self.axis, self.reuse)


@dataclass(frozen=True)
class Values:
    """So many numbers where an elementwise function is interesting."""

    n: int
    dtype: str
    function: str
    reuse: bool = True

    @property
    def name(self) -> str:
        """As tables show it."""
        return f"{self.n:,}"

    @property
    def size(self) -> int:
        """How many values the functions get."""
        return self.n

    def problem(self) -> Problem:
        """Build probabilities for logit, logarithms of probabilities for log1mexp, N(0, 2) for the others."""
        rng = np.random.default_rng(0)
        if self.function == "logit":
            values = rng.random(self.n)
        elif self.function == "log1mexp":
            values = -rng.exponential(size=self.n)
        else:
            values = 2 * rng.standard_normal(self.n)
        return Problem(values.astype(self.dtype), reuse=self.reuse)


@dataclass(frozen=True)
class LossOptions:
    """What the losses with options, the derivatives and the ragged rows are given beside scores and labels."""

    class_weight: Array
    some_ignored: Array
    targets: Array
    binary: Array
    cotangent: Array
    indptr: Array


def options_of(problem: Problem) -> LossOptions:
    """Build them for scores of shape (n, K); the same in every process."""
    rng = np.random.default_rng(1)
    assert problem.labels is not None
    n, n_classes = problem.scores.shape
    some = rng.exponential(size=(min(n, 10_007), n_classes)).astype(np.float32)
    some /= some.sum(axis=1, keepdims=True)
    lengths = rng.integers(1, 2 * n_classes, n)
    ends = np.minimum(np.cumsum(lengths), n * n_classes)
    return LossOptions(
        class_weight=rng.uniform(0.5, 2, n_classes).astype(np.float32),
        some_ignored=np.where(rng.random(n) < 0.1, -100, problem.labels),
        targets=np.resize(some, problem.scores.shape),
        binary=np.resize(rng.integers(0, 2, DRAWN), problem.scores.shape),
        cotangent=np.resize(some, problem.scores.shape),
        indptr=np.concatenate([[0], ends[ends < n * n_classes], [n * n_classes]]),
    )
