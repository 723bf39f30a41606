# SPDX-License-Identifier: BSD-3-Clause
"""Libraries side by side, each in a process of its own with the same cores and threads, taking turns."""

from __future__ import annotations

import math
import os
import pickle
import statistics
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.problems import Make

TURN = 0.02  # seconds: a call that is shorter is repeated until it is about as long
BUDGET = 0.4  # seconds that a library may take for one figure, beyond the least number of rounds


@dataclass(frozen=True)
class Taken:
    """Medians of the rounds: seconds a call, and how many cores it kept busy."""

    seconds: float
    cores: float


def environment(threads: int) -> dict[str, str]:
    """What makes each library use so many threads and not spin when idle; it must be there before it is imported."""
    n = str(threads)
    return {
        "OMP_NUM_THREADS": n,
        "OPENBLAS_NUM_THREADS": n,
        "MKL_NUM_THREADS": n,
        "NUMBA_NUM_THREADS": n,
        "NPROC": n,
        "XLA_FLAGS": f"--xla_cpu_multi_thread_eigen={str(threads > 1).lower()}",
        "OMP_WAIT_POLICY": "PASSIVE",
        "KMP_BLOCKTIME": "0",
        "JAX_PLATFORMS": "cpu",
        "JAX_ENABLE_X64": "1",
    }


class Worker:
    """One library in its process, confined to as many cores as it has threads."""

    def __init__(self, peer: str, threads: int, extra: Mapping[str, str]) -> None:
        self.peer = peer
        mine = os.sched_getaffinity(0)
        os.sched_setaffinity(0, sorted(mine)[-threads:])  # children inherit it
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env={**os.environ, **environment(threads), **extra},
                cwd=Path(__file__).parents[1],
            )
        finally:
            os.sched_setaffinity(0, mine)

    def send(self, method: str, *arguments: Any) -> None:
        """Ask without waiting."""
        assert self._process.stdin is not None
        pickle.dump((method, arguments), self._process.stdin)
        self._process.stdin.flush()

    def receive(self) -> Any:
        """Wait for the answer."""
        assert self._process.stdout is not None
        try:
            reply = pickle.load(self._process.stdout)
        except EOFError:
            raise RuntimeError(f"the process of {self.peer} ended by itself: {self._process.wait()}") from None
        if isinstance(reply, RuntimeError):
            raise RuntimeError(f"{self.peer} failed") from reply
        return reply

    def ask(self, method: str, *arguments: Any) -> Any:
        """Ask and wait."""
        self.send(method, *arguments)
        return self.receive()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()


class Team:
    """The libraries that are installed, all with the same number of threads.

    A name may carry settings of its own: ``{"v3": ("multinoulli", {"MULTINOULLI_ISA": "v3"})}``.
    """

    def __init__(self, members: Mapping[str, tuple[str, Mapping[str, str]]], threads: int) -> None:
        self._workers = {name: Worker(peer, threads, extra) for name, (peer, extra) in members.items()}
        for worker in self._workers.values():
            worker.send("start", worker.peer)
        for name, worker in list(self._workers.items()):
            if not worker.receive():
                self._workers.pop(name).close()

    @classmethod
    def of(cls, peers: Iterable[str], threads: int) -> Self:
        """Each library as it comes."""
        return cls({peer: (peer, {}) for peer in peers}, threads)

    @property
    def names(self) -> list[str]:
        """Who takes part."""
        return list(self._workers)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for worker in self._workers.values():
            worker.close()

    def load(self, make: Make | None) -> None:
        """Let everyone build the same data; None lets go of them."""
        for worker in self._workers.values():
            worker.ask("load", make)

    def peaks(self, afresh: bool = False) -> dict[str, int]:
        """The most memory that each process has had, in bytes; `afresh`: forgotten before, so what it has now."""
        return {name: worker.ask("peak", afresh) for name, worker in self._workers.items()}

    def prepare(self, function: str) -> list[str]:
        """Make the function ready, called once; return who has it."""
        return [name for name, worker in self._workers.items() if worker.ask("prepare", function)]

    def results(self, function: str) -> dict[str, Any]:
        """What everyone who has the function computes."""
        return {name: self._workers[name].ask("result") for name in self.prepare(function)}

    def measure(self, function: str, rounds: tuple[int, int]) -> dict[str, Taken]:
        """Time the function: A B C, A B C, ...; slow libraries leave the later rounds out, but none of the fewest."""
        fewest, most = rounds
        first = {name: self._workers[name].ask("time", 1) for name in self.prepare(function)}
        repeats = {name: self._repeats(name, wall) for name, (wall, _) in first.items()}
        # A call that need not be repeated has had its first round.
        turns = {name: [turn] if repeats[name] == 1 else [] for name, turn in first.items()}
        for k in range(most):
            for name, some in turns.items():
                spent = repeats[name] * sum(wall for wall, _ in some)
                if len(some) == k and (k < fewest or spent < BUDGET):
                    some.append(self._workers[name].ask("time", repeats[name]))
        taken = {}
        for name, some in turns.items():
            seconds = statistics.median(wall for wall, _ in some)
            taken[name] = Taken(seconds, statistics.median(busy for _, busy in some) / seconds)
        shown = ", ".join(f"{name} {one.seconds:.3g} s" for name, one in taken.items())
        print(f"  {function}: {shown}", file=sys.stderr, flush=True)
        return taken

    def _repeats(self, name: str, first: float) -> int:
        """How many calls fill a turn; judged by a few, as the first of a short call is slow."""
        if first >= TURN:
            return 1
        seconds: float = self._workers[name].ask("time", math.ceil(TURN / 20 / first))[0]
        return math.ceil(TURN / seconds)
