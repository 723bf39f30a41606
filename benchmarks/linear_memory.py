# SPDX-License-Identifier: BSD-3-Clause
"""What the loss of linear scores with its gradients needs beside its arguments, and how far off it is."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Any

import numpy as np

from benchmarks.harness import markdown
from benchmarks.linear import LARGE, MEMBERS, OURS, QUICK, SMALL, UNFUSED, LinearCell
from benchmarks.team import Team
from multinoulli import linear_cross_entropy_gradient

TEXT = """### Memory and error

The same calls, once each with one thread. Memory is how far the process's peak lies above what it had before the call,
the gradients that it returns included. Errors are root mean squares against ours in float64, as shares of the root mean
square of the gradient.

{}"""
GRADIENTS = ("X", "coef", "intercept")


def measure(quick: bool) -> Any:
    """Call each library once, in a process of its own."""
    measured = []
    for cell in (QUICK,) if quick else (SMALL, LARGE):
        exact = None if cell == LARGE else _exact(cell)
        for name, peer in MEMBERS.items():
            print(f"{cell.name}, {name}", file=sys.stderr, flush=True)
            with Team({name: (peer, {})}, 1) as team:
                if name not in team.names:
                    continue
                team.load(cell.problem)
                before = team.peaks(afresh=True)[name]
                gradients = team.results("gradient")[name][1:]
                one = {"cell": asdict(cell), "name": name, "bytes": team.peaks()[name] - before}
            if exact is not None:
                one["errors"] = [_error(got, want) for got, want in zip(gradients, exact, strict=True)]
            measured.append(one)
    return measured


def _exact(cell: LinearCell) -> list[np.ndarray]:
    problem = cell.problem()
    wide = [array.astype(np.float64) for array in (problem.X, problem.coef, problem.intercept)]
    _, gradient = linear_cross_entropy_gradient(*wide, problem.labels, reduction="mean")
    return [getattr(gradient, name) for name in GRADIENTS]


def _error(got: np.ndarray, want: np.ndarray) -> float:
    return float(np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2)))


def render(stored: Any) -> str:
    """One row for each size and library."""
    unfused = {str(one["cell"]): one["bytes"] for one in stored if one["name"] == UNFUSED}
    rows = []
    for one in stored:
        of = unfused.get(str(one["cell"]))
        errors = [f"{error:.2e}" for error in one.get("errors", [])] or ["–"] * len(GRADIENTS)
        share = f"{one['bytes'] / of:.1%}" if of and one["name"] == OURS else "–"
        rows.append([LinearCell(**one["cell"]).name, one["name"], f"{one['bytes'] / 2**20:,.0f}", share, *errors])
    header = ["X, classes", "library", "MB", "of the unfused", *(f"error, {name}" for name in GRADIENTS)]
    return TEXT.format(markdown(header, rows))
