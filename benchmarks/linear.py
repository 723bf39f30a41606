# SPDX-License-Identifier: BSD-3-Clause
"""The loss of linear scores with all its gradients: time, memory beside the arguments, and error."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.harness import markdown
from benchmarks.measured import times
from benchmarks.problems import Array
from benchmarks.team import Team

OURS, UNFUSED, CHUNKED = "multinoulli", "PyTorch, unfused", "PyTorch, chunked"
MEMBERS = {OURS: "linear_multinoulli", UNFUSED: "linear_torch", CHUNKED: "linear_torch_chunked"}

TEXT = """## Loss and gradients of linear scores

`linear_cross_entropy_gradient` with ``reduction="mean"``: the loss of X @ coef.T + intercept and the gradients of all
three, float32, X N(0, 1), coef and intercept N(0, 1) over the root of the number of features, labels uniform. PyTorch's
unfused way is `linear`, `cross_entropy` and `backward`; its chunked way `linear_cross_entropy` with
`LinearCrossEntropyOptions()` and `backward`. The matrix products alone are 6 n d K operations.

{}"""


@dataclass(frozen=True)
class LinearCell:
    """One size."""

    n_samples: int
    n_features: int
    n_classes: int

    @property
    def name(self) -> str:
        """As the table shows it."""
        return f"{self.n_samples:,} × {self.n_features:,}, {self.n_classes:,} classes"

    def problem(self) -> LinearProblem:
        """Build the arrays; the same in every process."""
        rng = np.random.default_rng(0)
        scale = np.float32(self.n_features**-0.5)
        X = rng.standard_normal((self.n_samples, self.n_features), np.float32)
        coef = scale * rng.standard_normal((self.n_classes, self.n_features), np.float32)
        intercept = scale * rng.standard_normal(self.n_classes, np.float32)
        return LinearProblem(X, coef, intercept, rng.integers(0, self.n_classes, self.n_samples))


@dataclass(frozen=True)
class LinearProblem:
    """What the linear loss is given."""

    X: Array
    coef: Array
    intercept: Array
    labels: Array


SMALL, LARGE = LinearCell(2_048, 512, 32_768), LinearCell(8_192, 512, 128_256)
QUICK = LinearCell(256, 64, 4_096)


def measure(quick: bool) -> Any:
    """Measure with one thread and with two."""
    measured = []
    for threads in (1, 2):
        if threads > len(os.sched_getaffinity(0)):
            continue
        with Team({name: (peer, {}) for name, peer in MEMBERS.items()}, threads) as team:
            for cell in (QUICK,) if quick else (SMALL, LARGE):
                print(f"{cell.name}, threads: {threads}", file=sys.stderr, flush=True)
                team.load(cell.problem)
                taken = team.measure("gradient", (1, 1) if cell == LARGE else (3, 3))
                seconds = {name: some.seconds for name, some in taken.items()}
                measured.append({"cell": asdict(cell), "threads": threads, "seconds": seconds})
                team.load(None)
    return measured


def render(stored: Any) -> str:
    """One row for each size and number of threads."""
    rows = []
    for one in stored:
        cell, seconds = LinearCell(**one["cell"]), one["seconds"]
        work = 6 * cell.n_samples * cell.n_features * cell.n_classes
        row = [cell.name, str(one["threads"]), f"{seconds[OURS]:.3g}", f"{work / seconds[OURS] / 1e9:.0f}"]
        row += [times(seconds[name] / seconds[OURS]) if name in seconds else "–" for name in (UNFUSED, CHUNKED)]
        rows.append(row)
    header = ["X, classes", "threads", "multinoulli, s", "GFLOP/s of matrix products", UNFUSED, CHUNKED]
    return TEXT.format(markdown(header, rows))
