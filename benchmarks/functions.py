# SPDX-License-Identifier: BSD-3-Clause
"""The functions of rows on large arrays, by shape, layout and type, with one thread and with two."""

from __future__ import annotations

import dataclasses
import os
import sys
from collections.abc import Iterable
from typing import Any

from benchmarks.measured import Measured, compare, store, table
from benchmarks.peers import COPY, OURS, SINGLE, THREADED
from benchmarks.problems import ROWWISE, Cell
from benchmarks.team import Team

GROUPS = {
    "Rows, float32": [
        Cell((1_000_000, 3)),
        Cell((1_000_000, 10)),
        Cell((200_000, 100)),
        Cell((100_000, 1_000)),
        Cell((4_096, 32_000)),
        Cell((1_024, 128_256)),
        Cell((1, 10_000_000)),
    ],
    "Rows, float64": [
        Cell((1_000_000, 10), dtype="float64"),
        Cell((100_000, 1_000), dtype="float64"),
        Cell((1_024, 32_000), dtype="float64"),
    ],
    "Other axes and strides, float32": [
        Cell((1_000, 100_000), axis=0),
        Cell((10, 1_000_000), axis=0),
        Cell((64, 1_000, 1_000), axis=1),
        Cell((100, 10, 10_000), axis=1),
        Cell((20_000, 2_000), every_second_column=True),
    ],
}
CELLS = [cell for group in GROUPS.values() for cell in group]
COPIES_HELD = 20  # of the scores, by all processes together: inputs, outputs, and what one call allocates

TEXT = """## Functions

Scores are N(0, 2), labels uniform. Outputs are reused where the interface allows it: by multinoulli, onnxruntime (bound
memory), numba, scikit-learn, and PyTorch but for its cross-entropy. `cross_entropy_gradient` is the loss of each sample
and its gradient from one call; PyTorch and JAX get it by differentiation, scikit-learn from the loss that its
`LogisticRegression` minimises. JAX is jitted and holds its arrays already, but it and onnxruntime know no strides, so
they copy the strided view in each call. numba has the usual three loops, with `fastmath` and, for two threads,
`parallel`; its exponentials are vectors only with Intel's SVML (the line on the machine says whether it was there).
The NumPy formula, SciPy and scikit-learn are measured with one thread, and in turns with us alone: in each call they
allocate as much as the scores take and more, beside which whatever streams its results is slower, copying included.

The last column is the time of `numpy.copyto` from the scores to an output of their shape, with as many threads, divided
by ours: 100 % is as fast as copying. `logsumexp` and `cross_entropy` hardly write and have no such limit.

{busy}"""


def measure(quick: bool, named: str = "") -> Any:
    """Measure all cells, or those with `named` in their name, with one thread and, on more than one core, with two."""
    cells = [dataclasses.replace(cell, divided_by=20) if quick else cell for cell in CELLS if named in cell.name]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    for cell in [cell for cell in cells if COPIES_HELD * cell.size * int(cell.dtype[-2:]) // 8 > memory]:
        print(f"{cell.name}, {cell.dtype}: too large for this memory, left out", file=sys.stderr)
        cells.remove(cell)

    def of(members: Iterable[str], threads: int) -> list[Measured]:
        with Team.of(members, threads) as team:
            return [one for cell in cells for one in compare(team, threads, cell, ROWWISE, (1, 2) if quick else (3, 9))]

    measured = of([OURS, COPY, *THREADED], 1)
    measured = [one.joined(other) for one, other in zip(measured, of([OURS, *SINGLE], 1), strict=True)]
    if len(os.sched_getaffinity(0)) < 2:
        print("fewer than 2 cores: left out", file=sys.stderr)
    else:
        measured += of([OURS, COPY, *THREADED], 2)
    return store(measured)


def render(stored: Any) -> str:
    """The tables, one a group; a row for each cell, function and number of threads."""
    measured = Measured.read(stored)
    parts = [TEXT.format(busy=_busy(measured))]
    for title, cells in GROUPS.items():
        wanted = [(cell.name, cell.dtype) for cell in cells]
        some = [one for one in measured if (one.cell, one.dtype) in wanted]
        some.sort(key=lambda one: (wanted.index((one.cell, one.dtype)), ROWWISE.index(one.function), one.threads))
        parts.append(f"### {title}\n\n{table(some, what='scores', unit='ms', copy=True)}")
    return "\n\n".join(parts)


def _busy(measured: list[Measured]) -> str:
    """Whether the threads were what they were said to be, from the processor time of every process."""
    most = {
        threads: max(max(one.cores.values()) for one in measured if one.threads == threads)
        for threads in sorted({one.threads for one in measured})
    }
    said = " and ".join(f"{cores:.2f} with {n} thread{'s'[: n > 1]}" for n, cores in most.items())
    return f"By processor time, the most cores that any library kept busy were {said}."
