# SPDX-License-Identifier: BSD-3-Clause
"""From the gradient of a block of linear scores to those of what the scores are made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli.losses._linear_pieces import Pieces

Floats = NDArray[Any]


@dataclass(frozen=True)
class LinearGradient:
    """The gradients of a loss with respect to what its linear scores are made of."""

    X: Floats  # (n_samples, n_features)
    coef: Floats  # (n_classes, n_features)
    intercept: Floats | None  # (n_classes,)


@dataclass(frozen=True)
class Block:
    """The gradient of some scores, X @ coef.T, of which these are the rows and classes at hand."""

    gradient: Floats  # (rows, classes); does not outlive `add_to`
    rows: slice
    classes: slice
    X: Floats  # (rows, n_features)
    coef: Floats  # (n_classes, n_features)
    labels: NDArray[np.int64]  # (rows,)

    def add_to(self, total: LinearGradient, pieces: Pieces) -> None:
        """Add its share; to X's, the classes in their order.

        A label's share of a row is as large as all others together. Among them, whatever is added behind it would be
        rounded to its size; on its own it is rounded once, and a tenth of the error of X's and the intercept's is left.
        (To add one after the other to coef's is slow where the classes are few.)
        """
        here = np.flatnonzero((self.labels >= self.classes.start) & (self.labels < self.classes.stop))
        labels = self.labels[here]
        at_labels = self.gradient[here, labels - self.classes.start]

        def add_piece(piece: slice) -> Floats:
            some = self.gradient[:, piece.start - self.classes.start : piece.stop - self.classes.start]
            total.coef[piece] += some.T @ self.X
            inside = (labels >= piece.start) & (labels < piece.stop)
            some[here[inside], labels[inside] - piece.start] = 0
            if total.intercept is not None:
                _add_rows(some, total.intercept[piece])
            return some @ self.coef[piece]

        into = total.X[self.rows]
        for part in pieces.each(add_piece, self.classes):
            into += part
        into[here] += at_labels[:, None] * self.coef[labels]
        if total.intercept is not None:
            np.add.at(total.intercept, labels, at_labels)


def _add_rows(rows: Floats, total: NDArray[np.float64]) -> None:
    for few in range(0, len(rows), 32):  # in floats no more than so many are added up
        some = rows[few : few + 32]
        total += np.ones(len(some), rows.dtype) @ some
