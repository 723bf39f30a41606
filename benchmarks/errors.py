# SPDX-License-Identifier: BSD-3-Clause
"""The largest errors that were found, and docs/accuracy.md made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from tests.reference import PROMISED_ULPS

from benchmarks.harness import machine, markdown
from benchmarks.peers import OURS
from benchmarks.problems import ELEMENTWISE, ROWWISE, Array

PROMISED = {np.dtype(kind).name: promised for kind, promised in PROMISED_ULPS.items()}

PAGE = """# Accuracy

What you may conclude from this page: the largest errors that one run found, ours with every instruction set of the
machine beside the peers', on the same rows. A search bounds nothing, so the bounds that we promise stand beside it, and
the tests hold us to them. `make accuracy` wrote the page.

Measured on {machine}.

Errors are in units in the last place (ulp) of the exact result: half a unit is the best that rounding allows. Exact are
mpmath's results for rows of up to 3,000 scores and for single values, extended precision's for longer rows. `logsumexp`
is judged in units of its result or of logsumexp - max, whichever is larger: near 0 the two terms cancel. "inf in 5" and
"NaN in 5" count the rows, or single values, for which a result is infinite or not a number while the exact one is
finite; – means that the library does not have the function. Of `cross_entropy_gradient` it is the gradient that is
judged, as its loss is `cross_entropy`.

## What is promised, and the worst that was found

{verdict}

{promise}
{tables}"""


@dataclass
class Found:
    """The largest error among finite results, how many rows there were, and how many of them had other results."""

    worst: float = 0.0
    rows: int = 0
    infinite: int = 0
    nan: int = 0

    def look_at(self, errors: Array) -> None:
        """Take the errors of some rows of results in."""
        errors = errors.reshape(len(errors), -1)
        self.rows += len(errors)
        self.infinite += int(np.isinf(errors).any(axis=1).sum())
        self.nan += int(np.isnan(errors).any(axis=1).sum())
        self.worst = max(self.worst, float(errors.max(initial=0, where=np.isfinite(errors))))

    def __add__(self, other: Found) -> Found:
        return Found(
            max(self.worst, other.worst), self.rows + other.rows, self.infinite + other.infinite, self.nan + other.nan
        )

    def within(self, promised: float) -> bool:
        """Whether this keeps a promise."""
        return self.worst <= promised and not self.infinite and not self.nan

    def __str__(self) -> str:
        """As tables show it."""
        shown = f"{self.worst:.2f}" if self.worst < 10 else f"{self.worst:,.0f}"
        if self.worst >= 1e5:
            digits, power = f"{self.worst:.0e}".split("e")
            shown = f"{digits}e{int(power)}"
        wrong = [f"{word} in {n:,}" for word, n in (("inf", self.infinite), ("NaN", self.nan)) if n]
        return "; ".join([shown] * (not wrong or self.worst > 0) + wrong)


Key = tuple[str, str, str]  # type, distribution, function
Errors = dict[Key, dict[str, Found]]


def worst(errors: Errors, dtype: str, function: str) -> dict[str, Found]:
    """Of all distributions, by library."""
    total: dict[str, Found] = {}
    for (of_dtype, _, of_function), line in errors.items():
        if (of_dtype, of_function) == (dtype, function):
            for name, found in line.items():
                total[name] = total.get(name, Found()) + found
    return total


def render(parts: Mapping[str, Errors], names: Sequence[str]) -> str:
    """The page: the promises, then each part by distribution."""
    everything = {key: line for errors in parts.values() for key, line in errors.items()}
    rows, broken = [], []
    for function in (*ROWWISE, *ELEMENTWISE):
        for dtype, promised_of in PROMISED.items():
            total = worst(everything, dtype, function)
            if not total:
                continue
            promised = promised_of.get(function)
            rows.append([function, dtype, "none" if promised is None else f"{promised:g}", *_line(total, names)])
            if promised is not None:
                ours = [name for name in total if name.startswith(OURS)]
                broken += [f"{function}, {dtype}, {name}" for name in ours if not total[name].within(promised)]
    verdict = "No error of ours was larger than promised."
    if broken:
        verdict = f"**Errors of ours were larger than promised: {'; '.join(broken)}.**"
    return PAGE.format(
        machine=machine(),
        verdict=verdict,
        promise=markdown(["function", "type", "promised", *names], rows),
        tables="".join(_part(title, errors, names) for title, errors in parts.items() if errors),
    )


def _part(title: str, errors: Errors, names: Sequence[str]) -> str:
    lines = [[*key, f"{max(one.rows for one in line.values()):,}", *_line(line, names)] for key, line in errors.items()]
    return f"\n## {title}\n\n{markdown(['type', 'distribution', 'function', 'cases', *names], lines)}\n"


def _line(line: Mapping[str, Found], names: Sequence[str]) -> list[str]:
    return [str(line.get(name, "–")) for name in names]
