# SPDX-License-Identifier: BSD-3-Clause
"""Counts, means and scatters of classes: one reading of the rows for the means, and one about them for the scatters.

A single reading, about one centre, would be a third cheaper and lose the digits by which the distance between classes
exceeds their spread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg.blas import dsyrk

from multinoulli import _core
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]
Rows = slice | NDArray[np.intp]

# Entries of a block whose scatter is added to what there is: many, as all of that is read and written again.
SCATTER_ENTRIES = 1 << 19


class Moments(NamedTuple):
    """What is to be known of the rows; that of two batches is `merged`."""

    n_samples: int
    mass: Float64  # (n_classes,), the rows' weight
    means: Float64  # (n_classes, n_features), 0 where there are no rows
    # About the classes' means: (n_features, n_features) of all classes together, or (n_classes, ...) of each.
    scatter: Float64

    def merged(self, other: Moments) -> Moments:
        """Of both; the other's scatter is written over.

        Source: Chan, Golub & LeVeque, The American Statistician 37 (1983), equations 1.5.
        """
        mass = self.mass + other.mass
        share = np.divide(other.mass, mass, out=np.zeros_like(mass), where=mass > 0)
        apart = other.means - self.means
        between = np.sqrt(self.mass * share)[:, None] * apart
        scatter = other.scatter
        scatter += self.scatter
        if scatter.ndim == 2:
            scatter += between.T @ between
        else:
            for k in np.flatnonzero(between.any(axis=1)):
                scatter[k] += np.outer(between[k], between[k])
        return Moments(self.n_samples + other.n_samples, mass, self.means + share[:, None] * apart, scatter)


class Groups:
    """Rows by class. BLAS is to be held to one thread; threads over rows or classes change no bit.

    Rows are converted to float64 a block at a time: there is no second copy of X.
    """

    def __init__(self, data: FitData, n_threads: int) -> None:
        self._X: Any = data.X
        self.n_samples, self.n_features = map(int, data.X.shape)
        self.n_classes, self.n_threads = len(data.classes), n_threads
        self._labels, self._weight = data.labels, data.weight
        self._root = None if (data.weight == 1).all() else np.sqrt(data.weight)
        mass = np.bincount(data.labels, weights=data.weight, minlength=self.n_classes)
        self.mass = np.asarray(mass, dtype=np.float64)
        self._size = max(SCATTER_ENTRIES // self.n_features, 64)
        self.means = self._means()

    def pooled(self) -> Moments:
        """With the scatter of all classes together."""
        scatter = np.zeros((self.n_features, self.n_features))
        if self.n_samples:
            (scatter,) = self._blocks(self.n_features).total(lambda rows: (self._lower(rows),))
        return Moments(self.n_samples, self.mass, self.means, _mirrored(scatter))

    def each(self, of_class: Callable[[int], Float64] | None = None) -> Moments:
        """With the scatter of every class, or what is returned in its place."""
        scatter = np.empty((self.n_classes, self.n_features, self.n_features))
        for k, one in enumerate(self.by_class(of_class or self.scatter)):
            scatter[k] = one
        return Moments(self.n_samples, self.mass, self.means, scatter)

    def by_class(self, of_class: Callable[[int], Float64]) -> Iterator[Float64]:
        """What is returned for every class, in order, and never more than a few ahead."""
        with ThreadPoolExecutor(self.n_threads, thread_name_prefix="multinoulli") as pool:
            for first in range(0, self.n_classes, self.n_threads):
                yield from pool.map(of_class, range(first, min(first + self.n_threads, self.n_classes)))

    def scatter(self, k: int) -> Float64:
        """Of one class."""
        return _mirrored(self._lower(self._of_class(k)))

    def fourth_moment(self, k: int, precision: Float64) -> float:
        """The weighted sum over the rows of a class of ``((x - mean)**2 @ precision)**2``."""
        blocks = self._centred(self._of_class(k), self.means, self._size)
        return sum(float(self._weight[rows] @ np.square(np.square(block) @ precision)) for rows, block in blocks)

    def _blocks(self, n_outputs: int) -> Blocks:
        return Blocks(self._X, np.zeros(0), n_outputs=n_outputs, n_threads=self.n_threads)

    def _means(self) -> Float64:
        """About a row of each class: so that large means cost no digits, and constant columns have no rounding."""
        means = np.zeros((self.n_classes, self.n_features))
        if not self.n_samples:
            return means
        present, first = np.unique(self._labels, return_index=True)
        means[present] = self._dense(first)
        blocks = self._blocks(self.n_classes)

        def of_span(rows: slice) -> tuple[Float64]:
            sums = np.zeros_like(means)
            for some, block in self._centred(rows, means, blocks.size):
                there, sums_there = _sums(block, self._labels[some], self._weight[some])
                sums[there] += sums_there
            return (sums,)

        (sums,) = blocks.total(of_span)
        means[present] += sums[present] / self.mass[present, None]
        return means

    def _of_class(self, k: int) -> NDArray[np.intp]:
        return np.flatnonzero(self._labels == k)

    def _dense(self, rows: Rows) -> NDArray[Any]:
        some = self._X[rows]
        dense: NDArray[Any] = some.toarray() if sparse.issparse(some) else some
        return dense

    def _centred(self, rows: Rows, centres: Float64, size: int) -> Iterator[tuple[Rows, Float64]]:
        """Blocks of these rows about the centres of their classes, each written over the one before."""
        begin, end = (rows.start, rows.stop) if isinstance(rows, slice) else (0, len(rows))
        kept = np.empty((min(size, end - begin), self.n_features))
        for first in range(begin, end, size):
            some = slice(first, min(first + size, end))
            those = some if isinstance(rows, slice) else rows[some]
            block = kept[: some.stop - some.start]
            np.take(centres, self._labels[those], axis=0, out=block, mode="clip")  # another mode has a buffer
            yield those, np.subtract(self._dense(those), block, out=block)

    def _lower(self, rows: Rows) -> Float64:
        """The lower triangle of the scatter of these rows."""
        scatter = np.zeros((self.n_features, self.n_features), order="F")
        for some, block in self._centred(rows, self.means, self._size):
            if self._root is not None:
                block *= self._root[some][:, None]
            scatter = dsyrk(1.0, block.T, 1.0, scatter, lower=1, overwrite_c=1)
        return scatter


def _mirrored(lower: Float64) -> Float64:
    """The symmetric matrix of a lower triangle."""
    return np.tril(lower) + np.tril(lower, -1).T


def _sums(block: Float64, labels: NDArray[np.int64], weight: Float64) -> tuple[NDArray[np.int64], Float64]:
    """The classes of these rows, and their weighted sums."""
    order = np.argsort(labels, kind="stable")
    present, counts = np.unique(labels, return_counts=True)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    sums = np.empty((len(present), block.shape[1]))
    _core.csr_adjoint(weight[order], order.astype(np.int32), indptr.astype(np.int64), block, sums, 1)
    return present, sums
