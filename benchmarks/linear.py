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
three, float32, X and coef N(0, 1) over the root of the number of features, labels uniform. PyTorch's unfused way is
`linear`, `cross_entropy` and `backward`; its chunked way `linear_cross_entropy` with `LinearCrossEntropyOptions()` and
`backward`. Memory is what the process's peak grew by in the call, results included. The share of the unfused memory is
that of what PyTorch's unfused way took. The matrix products alone are 6 n d K operations.

{table}

The largest errors of the gradients on the smaller problem, against ours in float64, as shares of the largest entry:
{errors}."""


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
        for cell in (QUICK,) if quick else (SMALL, LARGE):
            # Processes of their own for each size: a peak of memory never falls.
            with Team({name: (peer, {}) for name, peer in MEMBERS.items()}, threads) as team:
                print(f"{cell.name}, threads: {threads}", file=sys.stderr, flush=True)
                team.load(cell.problem)
                before = team.peaks()
                taken = team.measure("gradient", (1, 1) if cell == LARGE else (3, 3))
                peaks = team.peaks()
                one = {
                    "cell": asdict(cell),
                    "threads": threads,
                    "seconds": {name: some.seconds for name, some in taken.items()},
                    "bytes": {name: peaks[name] - before[name] for name in taken},
                }
                if threads == 1 and cell != LARGE:
                    one["errors"] = _errors(cell, team.results("gradient"))
                measured.append(one)
    return measured


def _errors(cell: LinearCell, results: dict[str, Any]) -> dict[str, list[float]]:
    from multinoulli import linear_cross_entropy_gradient

    problem = cell.problem()
    wide = [array.astype(np.float64) for array in (problem.X, problem.coef, problem.intercept)]
    _, exact = linear_cross_entropy_gradient(*wide, problem.labels, reduction="mean")
    return {
        name: [
            float(np.abs(got - want).max() / np.abs(want).max())
            for got, want in zip(result[1:], (exact.X, exact.coef, exact.intercept), strict=True)
        ]
        for name, result in results.items()
    }


def render(stored: Any) -> str:
    """One row for each size and number of threads."""
    rows, errors = [], "not measured"
    for one in stored:
        cell, seconds, taken = LinearCell(**one["cell"]), one["seconds"], one["bytes"]
        work = 6 * cell.n_samples * cell.n_features * cell.n_classes
        row = [cell.name, str(one["threads"]), f"{seconds[OURS]:.3g}", f"{work / seconds[OURS] / 1e9:.0f}"]
        row += [times(seconds[name] / seconds[OURS]) if name in seconds else "–" for name in (UNFUSED, CHUNKED)]
        row += [f"{taken[name] / 2**20:,.0f}" if name in taken else "–" for name in MEMBERS]
        row += [f"{taken[OURS] / taken[UNFUSED]:.1%}" if taken.get(UNFUSED) else "–"]
        rows.append(row)
        if "errors" in one:
            errors = "; ".join(
                f"{name} {x:.1e} (X), {coef:.1e} (coef), {intercept:.1e} (intercept)"
                for name, (x, coef, intercept) in one["errors"].items()
            )
    header = ["X, classes", "threads", "multinoulli, s", "GFLOP/s of matrix products", UNFUSED, CHUNKED]
    header += [*(f"MB, {name}" for name in MEMBERS), "share of the unfused memory"]
    return TEXT.format(table=markdown(header, rows), errors=errors)
