# SPDX-License-Identifier: BSD-3-Clause
"""The loss of some rows and its gradient, by shards of the rows on several threads.

Every shard has a gradient of its own, and they are added in their order. How many there are depends on the rows and on
the network alone: so the number of threads changes no bit.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from multinoulli._validation.estimators import FitData
from multinoulli.classifiers.neural_network._network import Floats, Layers, Network, Pass

BLOCK = 512  # rows that go through the network together: what bounds the memory of a pass
MOST_SHARDS = 8
FEWEST_ROWS = 64  # of a shard: below, the products of matrices slow down
WORTH_A_SHARD = 3e7  # floating-point operations, about a third of a millisecond: a thread takes 50 us to begin


class Shards:
    """Rows of the data, and the network's passes over them.

    Parameters
    ----------
    network : Network
    data : FitData
        Rows of a dense X are converted as they are read, a sparse one is of `dtype`.
    n_rows : int
        Rows of a call at most.
    dtype : dtype
        Of the parameters.
    n_threads : int
    smoothing, dropout : float
    seed : int
        Of the masks of dropout, a stream a shard.
    """

    def __init__(
        self,
        network: Network,
        data: FitData,
        n_rows: int,
        dtype: DTypeLike,
        n_threads: int,
        *,
        smoothing: float = 0.0,
        dropout: float = 0.0,
        seed: int = 0,
    ) -> None:
        self._network, self._data, self._smoothing, self._dtype = network, data, smoothing, np.dtype(dtype)
        self._X: Any = data.X
        n_shards = number_of_shards(n_rows, network.n_parameters)
        self._shard = -(-n_rows // n_shards)
        block = min(self._shard, BLOCK)
        self._passes = [Pass(network, block, dtype, dropout=dropout, seed=seed + i) for i in range(n_shards)]
        self._buffers = [self._new_buffers(block) for _ in range(n_shards)]
        self._gradients: Floats | None = None
        self._spare: Floats | None = None
        threads = min(n_threads, n_shards)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="multinoulli") if threads > 1 else None

    def __enter__(self) -> Shards:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: object, traceback: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def loss(self, theta: Floats, rows: NDArray[np.intp]) -> float:
        """Sum of the weighted cross-entropies of these rows, without smoothing or dropout."""
        layers = self._network.layers(theta)

        def of_shard(i: int) -> float:
            return sum(self._passes[i].loss(*self._read(i, block), layers) for block in self._blocks(i, rows))

        return sum(self._each(of_shard, rows))

    def gradient(self, theta: Floats, rows: NDArray[np.intp], divisor: float) -> tuple[float, Floats]:
        """Sum of the losses of these rows, and of its gradient over the divisor the parts, (n_shards, n_parameters)."""
        if self._gradients is None:
            self._gradients = np.empty((len(self._passes), len(theta)), theta.dtype)
            self._spare = np.empty_like(self._gradients) if self._shard > BLOCK else None
        gradients, spare, layers = self._gradients, self._spare, self._network.layers(theta)

        def of_shard(i: int) -> float:
            loss = 0.0
            for number, block in enumerate(self._blocks(i, rows)):
                into = gradients[i] if spare is None or number == 0 else spare[i]
                loss += self._gradient(i, block, layers, into, divisor)
                if number:
                    gradients[i] += into
            return loss

        losses = self._each(of_shard, rows)
        return sum(losses), gradients[: len(losses)]

    def _gradient(self, i: int, block: NDArray[np.intp], layers: Layers, into: Floats, divisor: float) -> float:
        return self._passes[i].gradient(
            *self._read(i, block), layers, self._network.layers(into), divisor=divisor, smoothing=self._smoothing
        )

    def _each(self, of_shard: Callable[[int], float], rows: NDArray[np.intp]) -> list[float]:
        quiet = np.errstate(all="ignore")(of_shard)  # of every thread: a loss that is not finite is what is looked at
        used = range(-(-len(rows) // self._shard))
        return list(map(quiet, used) if self._pool is None else self._pool.map(quiet, used))

    def _blocks(self, i: int, rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
        of_shard = rows[i * self._shard : (i + 1) * self._shard]
        return [of_shard[begin : begin + BLOCK] for begin in range(0, len(of_shard), BLOCK)]

    def _read(self, i: int, rows: NDArray[np.intp]) -> tuple[Any, NDArray[np.int64], NDArray[np.float64]]:
        """X, labels and weights of these rows."""
        labels, weight = self._data.labels.take(rows), self._data.weight.take(rows)
        if sparse.issparse(self._X):
            return self._X[rows], labels, weight
        given, converted = (buffer[: len(rows)] for buffer in self._buffers[i])
        np.take(self._X, rows, axis=0, out=given, mode="clip")  # "clip", or NumPy goes through a buffer of its own
        if given.dtype != converted.dtype:
            np.copyto(converted, given, casting="same_kind")
        return converted, labels, weight

    def _new_buffers(self, n_rows: int) -> tuple[Floats, Floats]:
        """For rows of X as they are given and as they are converted."""
        if sparse.issparse(self._X):
            return np.empty(0), np.empty(0)
        given = np.empty((n_rows, self._X.shape[1]), self._X.dtype)
        return given, given if given.dtype == self._dtype else given.astype(self._dtype)


def number_of_shards(n_rows: int, n_parameters: int) -> int:
    """A power of two: so two and four threads have equal shares."""
    most = min(n_rows // FEWEST_ROWS, int(6.0 * n_rows * n_parameters / WORTH_A_SHARD), MOST_SHARDS)
    return 1 << max(most, 1).bit_length() - 1
