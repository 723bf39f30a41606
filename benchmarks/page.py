# SPDX-License-Identifier: BSD-3-Clause
"""docs/benchmarks.md: the sections in their order, each from what was last measured of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import (
    discriminant_analysis,
    elementwise,
    functions,
    linear,
    linear_memory,
    losses,
    mlp_classifier,
    naive_bayes,
    one_call,
    softmax_regression,
    startup,
    targets,
)
from benchmarks.harness import machine
from benchmarks.measured import Measured

ROOT = Path(__file__).parents[1]

PAGE = """# Benchmarks

What you may conclude from this page: how long multinoulli took beside its peers on one machine, every library in a
process of its own with the same number of cores and threads, timed in turns with us (A B C, A B C, ...), medians.
Machines differ and are shared: trust the ratios more than the times. `make bench` wrote the page, verdicts included; no
figure on it was typed.

{machines}

A ratio is the peer's time divided by ours: 2.0× means that multinoulli took half the time. – means that the peer does
not have the function, or was not measured.

{sections}
"""

QUICK = "*A quick trial: the long sides are a twentieth of what the tables say, and there are few rounds.*"


@dataclass(frozen=True)
class Section:
    """`measure(quick)` gives what JSON can hold, `render` makes Markdown of it."""

    measure: Callable[[bool], Any]
    render: Callable[[Any], str]


SECTIONS = {
    "functions": Section(functions.measure, functions.render),
    "one-call": Section(one_call.measure, one_call.render),
    "elementwise": Section(elementwise.measure, elementwise.render),
    "losses": Section(losses.measure, losses.render),
    "linear": Section(linear.measure, linear.render),
    "linear-memory": Section(linear_memory.measure, linear_memory.render),
    "regression": Section(softmax_regression.measure, softmax_regression.render),
    "discriminant-analysis": Section(discriminant_analysis.measure, discriminant_analysis.render),
    "mlp": Section(mlp_classifier.measure, mlp_classifier.render),
    "naive-bayes": Section(naive_bayes.measure, naive_bayes.render),
    "startup": Section(startup.measure, startup.render),
}
OF_MEASUREMENTS = ("functions", "one-call", "elementwise")


class Page:
    """The page and, in build/, the measurements of each of its sections; of a quick trial both are apart."""

    def __init__(self, quick: bool) -> None:
        self.quick = quick
        self.kept = ROOT / "build" / ("bench-quick" if quick else "bench")
        self.path = (self.kept if quick else ROOT / "docs") / "benchmarks.md"
        self.kept.mkdir(parents=True, exist_ok=True)

    def measure(self, name: str) -> None:
        """Measure a section and keep that."""
        self._keep(name, SECTIONS[name].measure(self.quick))

    def measure_cells(self, named: str) -> None:
        """Measure functions' cells and regression's sets with `named` in their name, in place of what was kept."""
        self._replace("functions", functions.measure(self.quick, named), ("cell", "dtype"))
        self._replace("regression", softmax_regression.measure(self.quick, named), ("title", "set", "C"))

    def _replace(self, name: str, measured: list[dict[str, Any]], key: tuple[str, ...]) -> None:
        def by_key(rows: list[dict[str, Any]]) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
            grouped: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
            for one in rows:
                grouped.setdefault(tuple(one[k] for k in key), []).append(one)
            return grouped

        if measured:
            path = self.kept / f"{name}.json"
            kept = json.loads(path.read_text(encoding="utf-8"))["measured"] if path.exists() else []
            merged = by_key(kept) | by_key(measured)  # in the order of what was kept
            self._keep(name, [one for rows in merged.values() for one in rows])

    def _keep(self, name: str, measured: Any) -> None:
        kept = {"machine": machine(), "measured": measured}
        (self.kept / f"{name}.json").write_text(json.dumps(kept), encoding="utf-8")

    def write(self) -> None:
        """Render what was kept, with the verdicts on it."""
        kept = {
            name: json.loads(path.read_text(encoding="utf-8"))
            for name in SECTIONS
            if (path := self.kept / f"{name}.json").exists()
        }
        measured = [one for name in OF_MEASUREMENTS if name in kept for one in Measured.read(kept[name]["measured"])]
        sections = [targets.render(measured)]
        sections += [SECTIONS[name].render(one["measured"]) for name, one in kept.items()]
        text = PAGE.format(machines=_machines(kept), sections="\n\n".join(filter(None, sections)))
        if self.quick:
            text = f"{QUICK}\n\n{text}"
        self.path.write_text(text, encoding="utf-8")


def _machines(kept: dict[str, Any]) -> str:
    """One line if all sections were measured on the same; else one for each machine."""
    named: dict[str, list[str]] = {}
    for name, one in kept.items():
        named.setdefault(one["machine"], []).append(name)
    if len(named) == 1:
        return f"Measured on {next(iter(named))}."
    return "\n\n".join(f"Measured ({', '.join(names)}) on {machine}." for machine, names in named.items())
