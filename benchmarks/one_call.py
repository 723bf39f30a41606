# SPDX-License-Identifier: BSD-3-Clause
"""One call on one short row, where the interface is what costs."""

from __future__ import annotations

from typing import Any

from benchmarks.measured import Measured, compare, store, table
from benchmarks.peers import OURS, PEERS
from benchmarks.problems import ROWWISE, Cell
from benchmarks.team import Team

CELLS = [Cell((1, n), reuse=False) for n in (10, 1_000)]

TEXT = """## One call

One row of float32 scores, as a 1 × n array, by the plainest call: the library makes its outputs. Each has its input in
the form that it likes best (tensors, device arrays, a loaded model)."""


def measure(quick: bool) -> Any:
    """Measure with one thread."""
    with Team.of([OURS, *PEERS], 1) as team:
        rounds = (3, 3) if quick else (15, 15)
        return store(one for cell in CELLS for one in compare(team, 1, cell, ROWWISE, rounds))


def render(stored: Any) -> str:
    """One row for each length and function."""
    return f"{TEXT}\n\n{table(Measured.read(stored), what='scores', unit='µs')}"
