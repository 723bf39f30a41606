# SPDX-License-Identifier: BSD-3-Clause
"""What we mean to reach beside the peers, and whether the measurements reach it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from benchmarks import functions, one_call
from benchmarks.harness import markdown
from benchmarks.measured import Measured, times
from benchmarks.peers import PEERS, THREADED
from benchmarks.problems import GRADIENT, ROWWISE

Ratios = Iterable[tuple[float, str]]  # each with the words for where it was measured

FEW, WIDE = ["1,000,000 × 10"], ["100,000 × 1,000", "4,096 × 32,000"]
VOCABULARY, ONE_ROW = ["1,024 × 128,256"], ["1 × 10,000,000"]
LONG = [*WIDE, *VOCABULARY]
OTHER_AXES = [cell.name for cell in functions.CELLS if cell.axis != -1]
LARGE = [cell.name for cell in functions.CELLS]
ONE_CALL = [cell.name for cell in one_call.CELLS]


@dataclass(frozen=True)
class Target:
    """The least of some ratios, which is to be at least so much."""

    cells: str
    against: str
    at_least: float
    ratios: Callable[[Sequence[Measured]], Ratios]


def over(
    peers: Collection[str],
    cells: Collection[str],
    only: Collection[str] = ROWWISE,
    dtypes: Collection[str] = ("float32",),
    threads: Collection[int] = (1,),
) -> Callable[[Sequence[Measured]], Ratios]:
    """The best of the peers' times over ours, on each of these cells that they measured."""

    def ratios(measured: Sequence[Measured]) -> Ratios:
        for one in measured:
            if one.cell in cells and one.function in only and one.dtype in dtypes and one.threads in threads:
                best = one.best(peers)
                if best is not None:
                    yield best[0], f"{one.function}, {one.cell}, {one.dtype}, threads: {one.threads}, {PEERS[best[1]]}"

    return ratios


def from_two_threads(cells: Collection[str]) -> Callable[[Sequence[Measured]], Ratios]:
    """Our time with one thread over that with two."""

    def ratios(measured: Sequence[Measured]) -> Ratios:
        some = {(one.threads, one.cell, one.function): one.own for one in measured if one.dtype == "float32"}
        for (threads, cell, function), own in some.items():
            if threads == 2 and cell in cells and (1, cell, function) in some:
                yield some[1, cell, function] / own, f"{function}, {cell}"

    return ratios


BEST = "the best of " + ", ".join(THREADED.values())
BOTH = ("float32", "float64")

TARGETS = [
    Target("1,000,000 × 10, softmax", BEST, 4, over(THREADED, FEW, ["softmax"])),
    Target("1,000,000 × 10, the other four", BEST, 3, over(THREADED, FEW, ROWWISE[1:])),
    Target("100,000 × 1,000 and 4,096 × 32,000", BEST, 1.5, over(THREADED, WIDE)),
    Target("the same, two threads", "ourselves with one", 1.8, from_two_threads(WIDE)),
    Target("1,024 × 128,256", BEST, 2.2, over(THREADED, VOCABULARY)),
    Target("1 × 10,000,000, one thread and two", BEST, 1.5, over(THREADED, ONE_ROW, threads=(1, 2))),
    Target("axis 0 and middle axes", BEST, 2.2, over(THREADED, OTHER_AXES)),
    Target("float64 rows", "PyTorch", 1.7, over(["torch"], LARGE, dtypes=["float64"])),
    Target("float64 rows", "numba", 1.3, over(["numba"], LARGE, dtypes=["float64"])),
    Target("logsumexp of long rows", BEST, 4, over(THREADED, LONG, ["logsumexp"])),
    Target("loss and gradient, long rows", "numba", 3, over(["numba"], LONG, [GRADIENT])),
    Target("loss and gradient, long rows", "scikit-learn", 15, over(["sklearn"], LONG, [GRADIENT])),
    Target("loss and gradient, long rows", "PyTorch", 15, over(["torch"], LONG, [GRADIENT])),
    Target("one call, n = 10 and 1,000", "SciPy", 20, over(["scipy"], ONE_CALL)),
    Target("one call, n = 10 and 1,000", "PyTorch", 3, over(["torch"], ONE_CALL)),
    Target("every large array, both types", "SciPy", 5, over(["scipy"], LARGE, dtypes=BOTH)),
    Target(
        "everything on this page, one thread and two",
        "every peer",
        1,
        lambda measured: over(PEERS, {one.cell for one in measured}, {one.function for one in measured}, BOTH, (1, 2))(
            measured
        ),
    ),
]

TEXT = """## Targets

Each is a floor under all the ratios that it names; beside it stands the lowest that was measured, and where that was.
Where nothing else is said, scores are float32 and there is one thread; long rows are those of 100,000 × 1,000,
4,096 × 32,000 and 1,024 × 128,256. Met: {met} of {known}."""


LIMITS = """What stands in the way of those that are not met.

Long rows: their exponentials take about as long as copying them does, and the two overlap in part; the last column
beside each function shows how far from copying they are, and where the fastest peer is near to it, too, little is left
between the two. Tried: asking for scores further ahead, twice, as far as the first cache alone, or while maxima are
looked for; looking for the next rows' maxima beside these rows' exponentials; groups of more rows; outputs through the
cache. None gained, but that rows of which nothing is kept come in larger groups.

Rows of a few classes, also along other axes: arithmetic decides, in the cache as out of it. The normalisation of a row,
in double precision, and turning rows into lanes and back weigh as much as the exponentials do. Tried: turning them by
blocks of 16 bytes, which gained at 10 classes what it lost at 32.

All of them: a score costs us more operations than it costs the fastest peer, for exponentials that are as good for any
scores, sums in double precision that take every exponential as it is where a logarithm follows, and maxima that are
counted apart, so that neither a certain class nor its loss loses digits; [the page on accuracy](accuracy.md) shows what
that is worth, also beside a float32 sigmoid that loses the small results.

One call of 1,000 scores: their exponentials take longer than the call around them, as calls of 10 scores show. A second
thread shares the memory with the first and, on a machine that others use, the processor."""


HEADER = ["what", "against", "at least", "measured", "verdict", "where it is lowest"]


def render(measured: Sequence[Measured]) -> str:
    """The verdicts, every one computed from the measurements."""
    rows, met = [], []
    for target in TARGETS:
        lowest = min(target.ratios(measured), default=None)
        if lowest is None:
            verdict = ["–", "not measured", "–"]
        else:
            met.append(lowest[0] >= target.at_least)
            verdict = [times(lowest[0]), "met" if met[-1] else "**not met**", lowest[1]]
        rows.append([target.cells, target.against, f"{target.at_least:g}×", *verdict])
    text = TEXT.format(met=sum(met), known=len(met))
    return "\n\n".join([text, markdown(HEADER, rows), LIMITS])
