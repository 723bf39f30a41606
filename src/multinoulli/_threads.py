# SPDX-License-Identifier: BSD-3-Clause
"""Threads, by way of threadpoolctl: the core's, which its limits and lists include, and BLAS's, held to one."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

import threadpoolctl

from multinoulli import _core


class MultinoulliController(threadpoolctl.LibController):  # type: ignore[misc]  # threadpoolctl has no types
    """Limits the threads of the compiled core, for the whole process."""

    user_api = "multinoulli"
    internal_api = "multinoulli"
    filename_prefixes = ("_core.",)
    check_symbols = ("multinoulli_get_num_threads", "multinoulli_set_num_threads")

    def get_num_threads(self) -> int:
        """Return how many threads a call may use."""
        return _core.get_num_threads()

    def set_num_threads(self, num_threads: int) -> None:
        """Set how many threads a call may use; below 1 means 1, as for the other libraries."""
        _core.set_num_threads(max(1, num_threads))

    def get_version(self) -> None:
        """Return None: the core has the version of its package."""


threadpoolctl.register(MultinoulliController)


@cache
def _libraries() -> threadpoolctl.ThreadpoolController:
    """Those with threads that are loaded; looked up once, because that takes a millisecond."""
    return threadpoolctl.ThreadpoolController()


class _SharedLimit:
    """One limit for all who hold it at a time, on whatever Python thread: the last to leave lifts it.

    With a limit each, one that begins within another would find a single thread there and restore that in the end.
    """

    def __init__(self) -> None:
        self._lock, self._holders = threading.Lock(), 0

    def take(self) -> None:
        with self._lock:
            if self._holders == 0:
                self._limit = _libraries().limit(limits=1, user_api="blas")
            self._holders += 1

    def leave(self) -> None:
        with self._lock:
            self._holders -= 1
            if self._holders == 0:
                self._limit.restore_original_limits()


_blas = _SharedLimit()


@contextmanager
def single_threaded_blas() -> Iterator[None]:
    """BLAS held to one thread, in the whole process, for those who call it from threads of their own."""
    _blas.take()
    try:
        yield
    finally:
        _blas.leave()
