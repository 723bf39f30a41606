# SPDX-License-Identifier: BSD-3-Clause
"""Time several ways of doing one thing, taking turns, so that a noisy machine is noisy for all of them."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from threadpoolctl import threadpool_limits

from multinoulli import _core

Work = Callable[[], object]


def interleaved(
    work: Mapping[str, Work], *, seconds: float = 2.0, rounds: tuple[int, int] = (5, 25)
) -> dict[str, float]:
    """Median seconds of each, measured A B C, A B C, ... after one round that does not count.

    There are as many rounds as fit in about `seconds`, within the bounds of `rounds`.
    """
    times: dict[str, list[float]] = {name: [] for name in work}
    began = time.perf_counter()
    for call in work.values():
        call()
    once = time.perf_counter() - began
    for _ in range(max(rounds[0], min(rounds[1], int(seconds / max(once, 1e-9))))):
        for name, call in work.items():
            began = time.perf_counter()
            call()
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(some) for name, some in times.items()}
    print(", ".join(f"{name} {seconds:.3g} s" for name, seconds in medians.items()), file=sys.stderr)
    return medians


@contextmanager
def threads(n: int) -> Iterator[None]:
    """Let every library that is loaded use `n` threads."""
    try:
        import torch
    except ImportError:
        with threadpool_limits(n):
            yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(n)
    try:
        with threadpool_limits(n):
            yield
    finally:
        torch.set_num_threads(before)


def markdown(header: list[str], rows: list[list[str]]) -> str:
    """A table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """Processor, cores and the versions that are measured."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    packages = ["multinoulli", "numpy", "scipy", "scikit-learn", "torch", "onnxruntime", "jax", "numba"]
    return (
        f"{names[0] if names else platform.processor()}, cores: {len(os.sched_getaffinity(0))}, "
        f"instruction set {_core.isa}, {platform.system()}, Python {platform.python_version()}; "
        + ", ".join(f"{name} {_version(name)}" for name in packages)
        + _vector_exponentials()
    )


def _vector_exponentials() -> str:
    """Whether numba has them, without which its exponentials are scalar."""
    try:
        from numba import config
    except ImportError:
        return ""
    return f" ({'with' if getattr(config, 'USING_SVML', False) else 'without'} SVML)"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"
