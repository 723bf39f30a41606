# SPDX-License-Identifier: BSD-3-Clause
"""Look for the largest errors, ours and the peers', and write docs/accuracy.md: ``python -m benchmarks.accuracy``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks import exact, samples
from benchmarks.errors import Errors, Found, render
from benchmarks.peers import OURS, PEERS
from benchmarks.problems import ELEMENTWISE, ROWWISE, Problem
from benchmarks.samples import Sample
from benchmarks.team import Team

ROOT = Path(__file__).parents[1]
DTYPES = ("float32", "float64")
ISAS = ("v2", "v3", "v4", "baseline")  # those that this build or processor lacks do not join
OTHERS = ("scipy", "torch", "jax", "onnxruntime")
MEMBERS = {
    **{f"{OURS} {isa}": (OURS, {"MULTINOULLI_ISA": isa}) for isa in ISAS},
    **{PEERS[name]: (name, {}) for name in OTHERS},
}


def search(team: Team, dtype: str, some: Iterable[Sample], functions: Sequence[str]) -> Errors:
    """Compare what everyone computes of the samples with the exact results; functions that we lack are left out."""
    errors: Errors = {}
    for sample in some:
        print(f"{dtype}, {sample.distribution}, {sample.scores.shape}", file=sys.stderr, flush=True)
        truth = exact.rows(sample.scores, sample.labels) if sample.labels is not None else {}
        team.load(partial(Problem, sample.scores, sample.labels))
        for function in functions:
            results = {name: result[-1] for name, result in team.results(function).items()}
            if any(name.startswith(OURS) for name in results):
                true = truth[function] if truth else exact.elements(function, sample.scores)
                unit = exact.units(true, dtype, truth["log_sum"] if function == "logsumexp" else 0)
                line = errors.setdefault((dtype, sample.distribution, function), {})
                for name, result in results.items():
                    line.setdefault(name, Found()).look_at(np.abs(result - true) / unit)
        team.load(None)
    return errors


def main(arguments: Sequence[str] | None = None) -> None:
    """Search, and write the page."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.accuracy", description=main.__doc__)
    parser.add_argument("--quick", action="store_true", help="without the long rows, and written into build/")
    quick = parser.parse_args(arguments).quick
    short: Errors = {}
    long: Errors = {}
    single: Errors = {}
    with Team(MEMBERS, threads=1) as team:
        for dtype in DTYPES:
            short |= search(team, dtype, samples.short_rows(dtype), ROWWISE)
            for function in ELEMENTWISE:
                single |= search(team, dtype, samples.values(function, dtype), [function])
            if not quick:
                long |= search(team, dtype, samples.long_rows(dtype), ROWWISE)
        names = team.names
    parts = {f"Rows of 1 to {max(samples.LENGTHS):,} scores": short, "Long rows": long, "Single values": single}
    path = ROOT / ("build/accuracy.md" if quick else "docs/accuracy.md")
    path.parent.mkdir(exist_ok=True)
    path.write_text(render(parts, names), encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
