# SPDX-License-Identifier: BSD-3-Clause
"""What happens on standard error while the work is done."""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import Progress as RichProgress
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

PATIENCE = 1.0  # seconds of work before anything is shown


class Progress:
    """A line with what is being done and for how long: on a terminal only, and only if the work takes over a second."""

    def __init__(self) -> None:
        self._display = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._display.add_task("starting")
        self._timer = threading.Timer(PATIENCE, self._display.start)
        self._timer.daemon = True

    def __call__(self, text: str) -> None:
        """Say what is being done now."""
        self._display.update(self._task, description=text)

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer.ident is not None:
            self._timer.cancel()
            self._timer.join()
            self._display.stop()


@contextmanager
def reported_warnings() -> Iterator[None]:
    """Print warnings as one plain line each, once the work is done."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        yield
    for warning in caught:
        print(f"Warning: {warning.message}", file=sys.stderr)
