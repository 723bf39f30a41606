# SPDX-License-Identifier: BSD-3-Clause
"""What was measured of one function on one cell, and the tables made of it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from benchmarks.harness import markdown
from benchmarks.peers import COPY, OURS, PEERS
from benchmarks.problems import Cell, Values
from benchmarks.team import Team


@dataclass(frozen=True)
class Measured:
    """Median seconds a call and cores kept busy, by library."""

    cell: str
    dtype: str
    size: int
    function: str
    threads: int
    seconds: dict[str, float]
    cores: dict[str, float]
    beside: dict[str, float] = field(default_factory=dict)  # our seconds in the turns of those who took theirs apart

    @property
    def own(self) -> float:
        """Our seconds."""
        return self.seconds[OURS]

    def ratio(self, name: str) -> float | None:
        """Their time over ours in the same turns; None if they were not measured."""
        return self.seconds[name] / self.beside.get(name, self.own) if name in self.seconds else None

    def joined(self, other: Self) -> Self:
        """With the libraries that only the other has, measured with us in a team of their own."""
        apart = other.seconds.keys() - self.seconds.keys()
        return replace(
            self,
            seconds=other.seconds | self.seconds,
            cores=other.cores | self.cores,
            beside=self.beside | dict.fromkeys(apart, other.own),
        )

    def best(self, among: Iterable[str] = PEERS) -> tuple[float, str] | None:
        """The smallest ratio and whose it is."""
        ratios = [(ratio, name) for name in among if (ratio := self.ratio(name)) is not None]
        return min(ratios, default=None)

    @classmethod
    def read(cls, stored: Iterable[dict[str, Any]]) -> list[Self]:
        """From what `store` wrote."""
        return [cls(**one) for one in stored]


def store(measured: Iterable[Measured]) -> list[dict[str, Any]]:
    """As JSON knows it."""
    return [asdict(one) for one in measured]


def compare(
    team: Team, threads: int, cell: Cell | Values, functions: Sequence[str], rounds: tuple[int, int]
) -> list[Measured]:
    """Measure the functions on one cell; those that we do not have are left out."""
    print(f"{cell.name}, {cell.dtype}, threads: {threads}", file=sys.stderr, flush=True)
    team.load(cell.problem)
    measured = []
    for function in functions:
        taken = team.measure(function, rounds)
        if OURS in taken:
            seconds = {name: one.seconds for name, one in taken.items()}
            cores = {name: one.cores for name, one in taken.items()}
            measured.append(Measured(cell.name, cell.dtype, cell.size, function, threads, seconds, cores))
    team.load(None)
    return measured


def times(ratio: float | None) -> str:
    """A ratio as tables show it."""
    return "–" if ratio is None else f"{_three_figures(ratio)}×"


def _three_figures(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def table(
    measured: Iterable[Measured], *, what: str, unit: str, peers: Iterable[str] = PEERS, copy: bool = False
) -> str:
    """One line a measurement: our time, the others' over ours, and of the limit that copying sets."""
    factor = {"ms": 1e3, "µs": 1e6}[unit]
    names = list(peers)
    rows = []
    for one in measured:
        best = one.best()
        row = [
            one.cell,
            one.function,
            str(one.threads),
            _three_figures(one.own * factor),
            _three_figures(one.own / one.size * 1e9),
        ]
        row += [times(one.ratio(name)) for name in names]
        row += [f"{times(best[0])} {PEERS[best[1]]}" if best else "–"]
        if copy:
            limit = one.ratio(COPY)
            row += ["–" if limit is None else f"{limit:.0%}"]
        rows.append(row)
    header = [what, "function", "threads", f"multinoulli, {unit}", "ns an element"]
    header += [*(PEERS[name] for name in names), "best peer"]
    return markdown(header + ["of the copy limit"] * copy, rows)
