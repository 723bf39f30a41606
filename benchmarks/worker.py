# SPDX-License-Identifier: BSD-3-Clause
"""The process that one library is measured in: it is told what to do through its standard input, and says what came."""

from __future__ import annotations

import os
import pickle
import sys
import time
import traceback
from importlib import import_module
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import Call
from benchmarks.problems import Make, Problem


def peak(afresh: bool = False) -> int:
    """The most memory that this process has had, in bytes (Linux); `afresh` forgets it before."""
    if afresh:
        Path("/proc/self/clear_refs").write_text("5")
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


class Bench:
    """What the measuring process can ask for, one method a request."""

    def __init__(self) -> None:
        self.peer: Any = None
        self.problem: Problem | None = None
        self.call: Call | None = None

    def start(self, peer: str) -> bool:
        """Import the library; say whether it is there."""
        np.seterr(all="ignore")
        try:
            self.peer = import_module(f"benchmarks.peers.{peer}")
        except ImportError:
            return False
        return True

    def load(self, make: Make | None) -> None:
        """Build the data, after letting those before go."""
        self.call = self.problem = None
        if make is not None:
            self.problem = make()

    def prepare(self, function: str) -> bool:
        """Make the call ready and run it once; say whether the library has the function."""
        self.call = None  # its outputs go before the next are made
        self.call = self.peer.prepare(function, self.problem)
        if self.call is None:
            return False
        self.call()
        return True

    def time(self, repeats: int) -> tuple[float, float]:
        """Return the seconds that a call takes, and the seconds that it keeps cores busy."""
        assert self.call is not None
        call = self.call
        busy, began = time.process_time(), time.perf_counter()
        for _ in repeat(None, repeats):
            call()
        taken, busy = time.perf_counter() - began, time.process_time() - busy
        return taken / repeats, busy / repeats

    def peak(self, afresh: bool) -> int:
        """Return the most memory that the process has had, in bytes; `afresh` forgets it before."""
        return peak(afresh)

    def result(self) -> list[np.ndarray]:
        """Return what the call computes, one array a result."""
        assert self.call is not None
        result = self.call()
        return [np.asarray(one) for one in (result if isinstance(result, tuple | list) else [result])]


def main() -> None:
    """Answer requests until there are no more."""
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not be taken for a reply
    bench = Bench()
    while True:
        try:
            method, arguments = pickle.load(requests)
        except EOFError:
            return
        try:
            reply = getattr(bench, method)(*arguments)
        except Exception as error:
            traceback.print_exc()
            reply = RuntimeError(repr(error))  # not the error itself: a library's own may not survive pickling
        pickle.dump(reply, replies)
        replies.flush()


if __name__ == "__main__":
    main()
