# SPDX-License-Identifier: BSD-3-Clause
"""A design matrix read in float64, a block of rows at a time, on several threads: how moments and proofs are made.

A sparse one is a single block, whose products have threads of their own: by blocks, every one would need an accumulator
as large as the coefficients, most of whose features it has not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli.objectives._sparse_rows import SparseRows

Float64 = NDArray[np.float64]
Products = Callable[..., Float64]  # see Blocks.products

# A dense block is about one megabyte of float64: small enough to stay in cache between the two products that use it,
# large enough that the interpreter's share disappears.
BLOCK_ENTRIES = 1 << 17
# Every span has accumulators of its own, added in order afterwards. How many there are depends on the problem alone,
# never on the number of threads: so the threads cannot change a bit of the result.
MAX_SPANS = 16
MAX_KEPT_PRODUCTS = 1 << 22  # 32 MB
MAX_SPAN_ENTRIES = 1 << 25


class Blocks:
    """Rows of X minus a mean.

    Parameters
    ----------
    X : ndarray of shape (n_samples, n_features) or SparseRows
        float32 or float64, never copied as a whole. Blocks are converted to float64 as they are read: a gradient
        summed in float32 would be too coarse for a certificate.
    mean : ndarray of shape (n_features,)
        Of a dense X; a sparse one knows its own.
    n_outputs : int
        Columns of the largest accumulator, to bound the memory of the spans.
    n_threads : int
        Threads over spans.
    """

    def __init__(self, X: Any, mean: Float64, *, n_outputs: int, n_threads: int) -> None:
        self.n_samples, self.n_features = map(int, X.shape)
        self.n_threads, self.mean = n_threads, mean
        self._X: Any = X
        entries = max(1, self.n_features * n_outputs)
        block = min(max(BLOCK_ENTRIES // max(1, self.n_features), 128), 8192)
        n_spans = min(max(MAX_SPAN_ENTRIES // entries, 1), MAX_SPANS)
        if isinstance(X, SparseRows):
            block, n_spans = self.n_samples, 1
        self._block = min(block, self.n_samples)
        self._span = self._block * -(-self.n_samples // (self._block * n_spans))

    def blocks(self, rows: slice) -> Iterator[slice]:
        """Consecutive blocks of a span of rows."""
        for begin in range(rows.start, rows.stop, self._block):
            yield slice(begin, min(begin + self._block, rows.stop))

    def read(self, rows: slice) -> Any:
        """These rows, in float64 and centred."""
        return self._X if isinstance(self._X, SparseRows) else np.subtract(self._X[rows], self.mean, dtype=np.float64)

    def keeps(self, n_outputs: int) -> bool:
        """Whether products with so many columns are made but once."""
        return self.n_samples * n_outputs <= MAX_KEPT_PRODUCTS

    def products(self, coef: Float64) -> Products:
        """``(X - mean) @ coef`` of any rows, and of their block if it has been read: once, if they can all be kept."""

        def of_rows(rows: slice, block: Any = None) -> Float64:
            block = self.read(rows) if block is None else block
            return block.times(coef, np.zeros(coef.shape[1])) if isinstance(block, SparseRows) else block @ coef

        if not self.keeps(coef.shape[1]):
            return of_rows
        kept = np.empty((self.n_samples, coef.shape[1]))

        def keep(rows: slice) -> tuple[int]:
            for some in self.blocks(rows):
                kept[some] = of_rows(some)
            return (0,)

        self.total(keep)
        return lambda rows, block=None: kept[rows]

    @staticmethod
    def add_adjoint(block: Any, residual: Float64, out: Float64) -> None:
        """``out += block.T @ residual``, of shape (n_features, n_outputs), zeros where the block is all there is."""
        if isinstance(block, SparseRows):
            block.adjoint(residual, out)
        else:
            out += block.T @ residual

    def total(self, of_span: Callable[[slice], tuple[Any, ...]]) -> tuple[Any, ...]:
        """The sums, one by one, of what `of_span` returns for every span of rows, added in their order."""
        starts = range(0, self.n_samples, self._span)
        spans = [slice(begin, min(begin + self._span, self.n_samples)) for begin in starts]
        n_threads = min(self.n_threads, len(spans))
        if n_threads <= 1:
            return reduce(_added, map(of_span, spans))
        with ThreadPoolExecutor(n_threads, thread_name_prefix="multinoulli") as pool:
            return reduce(_added, pool.map(of_span, spans))


def _added(one: tuple[Any, ...], other: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(a + b for a, b in zip(one, other, strict=True))
