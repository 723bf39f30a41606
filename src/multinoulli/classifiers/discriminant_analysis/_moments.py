# SPDX-License-Identifier: BSD-3-Clause
"""Counts, means and scatters of classes, in one reading of the rows.

Every class is read about one of its own rows, so nothing cancels where classes lie far apart: what the step from there
to the mean takes off a scatter leaves a half of it as a rule, and of n rows of equal weight at least the ``n + 1``-th
part, as the row itself is in the scatter. Columns that are constant within a class come out as such, without rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]
Rows = slice | NDArray[np.intp]

# Of a block whose scatter is added to what there is: many, as all of that is read and written again.
BLOCK_ENTRIES = 1 << 20
# Multiplications below which threads would wait for each other more than they do.
WORTH_THREADS = 1 << 26


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
        self.n_classes = len(data.classes)
        self._n_threads = n_threads if self.n_samples * self.n_features**2 >= WORTH_THREADS else 1
        self._labels, self._weight = data.labels, data.weight
        self._root = None if (data.weight == 1).all() else np.sqrt(data.weight)
        mass = np.bincount(data.labels, weights=data.weight, minlength=self.n_classes)
        self.mass = np.asarray(mass, dtype=np.float64)
        self._centres = np.zeros((self.n_classes, self.n_features))
        heaviest = np.argsort(-data.weight, kind="stable")
        present, first = np.unique(data.labels[heaviest], return_index=True)
        if len(present):
            self._centres[present] = self._dense(heaviest[first])

    def pooled(self) -> Moments:
        """With the scatter of all classes together."""
        every = range(self.n_classes)
        scatter, sums = np.zeros((self.n_features, self.n_features)), np.zeros_like(self._centres)
        if self.n_samples:
            outputs = self.n_features + self.n_classes
            blocks = Blocks(self._X, np.zeros(0), n_outputs=outputs, n_threads=self._n_threads)
            scatter, sums = blocks.total(lambda rows: self._about_centres(rows, every))
        return Moments(self.n_samples, self.mass, *self._about_means(scatter, sums, every))

    def each(self, of_class: Callable[[int], tuple[Float64, Float64]] | None = None) -> Moments:
        """With the scatter of every class, or what is returned with its mean in the place of `of_class`."""
        means = np.empty_like(self._centres)
        scatter = np.empty((self.n_classes, self.n_features, self.n_features))
        for k, one in enumerate(self.by_class(of_class or self.of_class)):
            means[k], scatter[k] = one
        return Moments(self.n_samples, self.mass, means, scatter)

    def by_class(self, of_class: Callable[[int], tuple[Float64, Float64]]) -> Iterator[tuple[Float64, Float64]]:
        """What is returned for every class, in order, and never more than a few ahead."""
        if self._n_threads == 1:
            yield from map(of_class, range(self.n_classes))
            return
        with ThreadPoolExecutor(self._n_threads, thread_name_prefix="multinoulli") as pool:
            for first in range(0, self.n_classes, self._n_threads):
                yield from pool.map(of_class, range(first, min(first + self._n_threads, self.n_classes)))

    def of_class(self, k: int) -> tuple[Float64, Float64]:
        """Mean and scatter of one class."""
        only = range(k, k + 1)
        means, scatter = self._about_means(*self._about_centres(self._rows(k), only), only)
        return means[0], scatter

    def fourth_moment(self, k: int, mean: Float64, precision: Float64) -> float:
        """The weighted sum over the rows of a class of ``((x - mean)**2 @ precision)**2``."""
        blocks = self._blocks(self._rows(k), mean[None], k)
        return sum(float(self._weight[some] @ np.square(np.square(block) @ precision)) for some, block in blocks)

    def _about_centres(self, rows: Rows, classes: range) -> tuple[Float64, Float64]:
        """Scatter of these rows, which are of these classes, and sum for every class."""
        scatter, sums = np.zeros((self.n_features, self.n_features)), np.zeros((len(classes), self.n_features))
        product = np.empty_like(scatter)
        for i, (some, block) in enumerate(self._blocks(rows, self._centres, 0)):
            root = np.ones(len(block)) if self._root is None else self._root[some]
            if self._root is not None:
                block *= root[:, None]
            _add_sums(block, self._labels[some] - classes.start, root, sums)
            np.matmul(block.T, block, out=product if i else scatter)  # half of it, without the interpreter's lock
            if i:
                scatter += product
        return scatter, sums

    def _about_means(self, scatter: Float64, sums: Float64, classes: range) -> tuple[Float64, Float64]:
        """Means, and the scatter moved to them."""
        mass = self.mass[classes.start : classes.stop, None]
        shift = np.divide(sums, mass, out=np.zeros_like(sums), where=mass > 0)
        moved = np.sqrt(mass) * shift
        return self._centres[classes.start : classes.stop] + shift, scatter - moved.T @ moved

    def _rows(self, k: int) -> NDArray[np.intp]:
        return np.flatnonzero(self._labels == k)

    def _dense(self, rows: Rows) -> NDArray[Any]:
        some = self._X[rows]
        dense: NDArray[Any] = some.toarray() if sparse.issparse(some) else some
        return dense

    def _blocks(self, rows: Rows, centres: Float64, first: int) -> Iterator[tuple[Rows, Float64]]:
        """Blocks of these rows less the centres of their classes, from the first on; each is written over the last."""
        begin, end = (rows.start, rows.stop) if isinstance(rows, slice) else (0, len(rows))
        size = max(BLOCK_ENTRIES // self.n_features, 64)
        kept = np.empty((min(size, end - begin), self.n_features))
        for start in range(begin, end, size):
            some = slice(start, min(start + size, end))
            those = some if isinstance(rows, slice) else rows[some]
            block = kept[: some.stop - some.start]
            np.take(centres, self._labels[those] - first, axis=0, out=block, mode="clip")  # another mode has a buffer
            yield those, np.subtract(self._dense(those), block, out=block)


def _add_sums(block: Float64, groups: NDArray[np.int64], weight: Float64, sums: Float64) -> None:
    """Add the weighted sums of rows to those of their groups."""
    order = np.argsort(groups, kind="stable")
    present, counts = np.unique(groups, return_counts=True)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    of_present = np.empty((len(present), block.shape[1]))
    _core.csr_adjoint(weight[order], order.astype(np.int32), indptr.astype(np.int64), block, of_present, 1)
    sums[present] += of_present
