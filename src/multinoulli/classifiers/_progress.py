# SPDX-License-Identifier: BSD-3-Clause
"""What a fit shows while it works: a bar that fills as the gap falls, or a line for every iteration."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from multinoulli.solvers import Progress

Callback = Callable[[Progress], object]
WIDTH = 30


@contextmanager
def show_progress(verbose: int, callback: Callback | None) -> Iterator[Callback | None]:
    """Give the callback of a fit, the caller's own behind it; None if nobody watches."""
    if not verbose:
        yield callback
        return
    show = _Bar() if verbose == 1 else _line

    def both(progress: Progress) -> None:
        show(progress)
        if callback is not None:
            callback(progress)

    try:
        yield both
    finally:
        if isinstance(show, _Bar):
            show.end()


def draw_bar(name: str, done: float, text: str) -> None:
    """A bar of which the share `done` is filled, on standard error, over the one before."""
    filled = round(WIDTH * min(1.0, done))
    print(f"\r{name} [{'#' * filled}{'.' * (WIDTH - filled)}] {text} ", end="", file=sys.stderr, flush=True)


def end_bar() -> None:
    """Leave the last bar where it is."""
    print(file=sys.stderr)


class _Bar:
    """That of the gap."""

    def __init__(self) -> None:
        self._first: float | None = None

    def __call__(self, progress: Progress) -> None:
        gap = max(progress.relative_gap, progress.tol / 10)
        if math.isfinite(gap):
            self._first = max(self._first or gap, gap)
        digits = math.log10((self._first or progress.tol) / progress.tol)
        done = math.log10((self._first or gap) / gap) / digits if digits > 0 and math.isfinite(gap) else 0.0
        gap_now = f"relative gap {progress.relative_gap:.1e}, tol {progress.tol:.0e}"
        draw_bar("SoftmaxRegression", done, f"iteration {progress.n_iter}, {gap_now}")

    def end(self) -> None:
        if self._first is not None:
            end_bar()


def _line(progress: Progress) -> None:
    why = []
    if progress.level > 1:
        why.append(f"penalty {progress.level:.3g} times the one asked for, as an easier problem on the way")
    rows = "all rows" if progress.share >= 1 else f"{progress.share:.0%} of the rows"
    why.append(f"curvature from {rows}{', factored' if progress.explicit else ''}")
    if progress.damping:
        why.append(f"damped by {progress.damping:.1e}, as the last step was shorter than its model said")
    print(
        f"[SoftmaxRegression] iteration {progress.n_iter}: {progress.n_passes:.1f} passes, objective "
        f"{progress.value:.8g}, relative gap about {progress.relative_gap:.1e}, tol {progress.tol:.1e}; "
        + "; ".join(why)
    )
