# SPDX-License-Identifier: BSD-3-Clause
"""Rows of codes of categories, read in blocks: how many there are, counted by class, and looked up in tables."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core
from multinoulli._validation.estimators import FitData
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]

CLASSES_AT_ONCE = 8  # of a line of a table in the core


class Codes:
    """Codes 0, 1, 2, ... in an array of numbers of any type, (n_samples, n_features), never copied as a whole."""

    def __init__(self, X: Any) -> None:
        self._X = X

    def check(self) -> None:
        """Raise ValueError where X is negative or no integer."""
        for rows in self._blocks(1, 1).blocks(slice(0, len(self._X))):
            self._checked(rows)

    def n_categories(self, n_threads: int) -> NDArray[np.int64]:
        """The largest code of every column, plus 1."""
        blocks = self._blocks(1, n_threads)

        def of_span(rows: slice) -> tuple[list[NDArray[np.int64]]]:
            return ([self._block(some).max(axis=0) for some in blocks.blocks(rows)],)

        largest: NDArray[np.int64] = np.max(blocks.total(of_span)[0], axis=0)  # what is added up are lists
        return largest + 1

    def counts(self, n_categories: NDArray[np.int64], data: FitData, n_threads: int) -> list[Float64]:
        """Weights by class and category, (n_classes, n_categories) for every column."""
        n_classes, starts = len(data.classes), _starts(n_categories)
        blocks = self._blocks(n_classes, n_threads)

        def of_span(rows: slice) -> tuple[Float64]:
            counts = np.zeros((starts[-1], n_classes))
            for some in blocks.blocks(rows):
                _core.count_categories(self._block(some), starts, data.labels[some], data.weight[some], counts)
            return (counts,)

        return [lines.T.copy() for lines in np.split(blocks.total(of_span)[0], starts[1:-1])]

    def scores(self, tables: list[Float64], offset: Float64, n_threads: int) -> tuple[Float64, bool]:
        """``offset + sum_j tables[j][code_j]``, (n_samples, n_classes), and whether no code took the last line.

        The last line of a table, (n_categories + 1, n_classes), is for codes beyond the others.
        """
        n_classes = len(offset)
        starts = _starts(np.array([len(table) for table in tables]))
        lines = np.zeros((starts[-1], -(-n_classes // CLASSES_AT_ONCE) * CLASSES_AT_ONCE))
        np.concatenate(tables, out=lines[:, :n_classes])
        first = np.zeros(lines.shape[1])
        first[:n_classes] = offset
        out = np.empty((len(self._X), n_classes))
        blocks = self._blocks(1, n_threads)

        def of_span(rows: slice) -> tuple[int]:
            return (
                sum(
                    _core.category_scores(self._checked(some), starts, lines, first, out[some])
                    for some in blocks.blocks(rows)
                ),
            )

        return out, not blocks.total(of_span)[0]

    def first_beyond(self, n_categories: NDArray[np.int64]) -> tuple[int, int, Any]:
        """Row, column and value of the first code that is too large."""
        beyond = n_categories <= self._X
        row, column = map(int, np.unravel_index(int(np.argmax(beyond)), beyond.shape))
        return row, column, self._X[row, column]

    def _blocks(self, n_outputs: int, n_threads: int) -> Blocks:
        return Blocks(self._X, np.zeros(1), n_outputs=n_outputs, n_threads=n_threads)

    def _block(self, rows: slice) -> NDArray[np.int64]:
        with np.errstate(invalid="ignore"):  # what is too large for an integer comes out negative, which is refused
            return np.ascontiguousarray(self._X[rows], np.int64)

    def _checked(self, rows: slice) -> NDArray[np.int64]:
        given, codes = self._X[rows], self._block(rows)
        if codes.min() >= 0 and (given.dtype.kind in "iub" or (codes == given).all()):
            return codes
        bad = (codes < 0) | (codes != given)
        row, column = map(int, np.unravel_index(int(np.argmax(bad)), bad.shape))
        value = given[row, column]
        what = "Negative values in data passed to CategoricalNB" if value < 0 else "X is not of integers"
        raise ValueError(
            f"{what}: {value} at row {rows.start + row}, column {column}; categories are codes 0, 1, 2, ..., as "
            "OrdinalEncoder makes them"
        )


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
