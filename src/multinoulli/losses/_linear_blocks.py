# SPDX-License-Identifier: BSD-3-Clause
"""The cross-entropy of X @ coef.T + intercept, block by block: the n x K scores are never in memory together.

A block of rows holds all its classes where these are not too many: its scores are computed once, and their gradient in
their place. Of more classes only a block is held at a time: a first walk over the blocks of classes adds up the
log-sum, a second computes the scores again for the gradient, four matrix products in place of three.

With sample weight v, class weights w, smoothing e and L = log(sum_k exp(z_k)), the loss of a sample is

    v ((1 - e) w_y (L - z_y) + e / K (L sum_k w_k - sum_k w_k z_k) + z_loss L^2)

and its gradient, in terms of g = p - [k = y], which the kernel gives without cancellation,

    B g_k + [k = y] (B - v (1 - e) w_y) - v e / K w_k,    B = v ((1 - e) w_y + e / K sum_k w_k + 2 z_loss L),

times 1 - (z / c)^2 where scores s are capped softly, z = c tanh(s / c).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core
from multinoulli.losses._linear_gradient import Block, LinearGradient
from multinoulli.losses._linear_pieces import Pieces, shared_pieces

Floats = NDArray[Any]

_BLOCK_BYTES = 1 << 28  # of scores
# The more rows a block has, the less often the matrices of all classes are gone through: with 512 the products are a
# sixth faster than with 192. OpenBLAS adds up 256 products in a float before it begins anew, but 384 if that is all.
_MOST_ROWS, _FEWEST_ROWS = 512, 128


@dataclass(frozen=True)
class LinearScores:
    """Contiguous arrays of one type, float32 or float64, and what is wanted of their cross-entropy."""

    X: Floats
    coef: Floats
    intercept: Floats | None
    labels: NDArray[np.int64]
    weights: Floats  # (n_samples,)
    class_weight: Floats | None  # (n_classes,)
    label_smoothing: float
    z_loss: float
    softcap: float | None

    def losses(self) -> NDArray[np.float64]:
        """Return the weighted loss of each sample."""
        losses, block = np.empty(len(self.X)), self._new_block()
        with shared_pieces(len(self.coef), self.X.size * len(self.coef)) as pieces:
            for rows in self._blocks_of_rows():
                if self._whole(rows):
                    scores = self._scores(rows, self._every_class, block, pieces)
                    losses[rows] = self._losses_of_whole(rows, scores, None)
                else:
                    losses[rows] = self._read_by_classes(rows, block, pieces).losses
        return losses

    def losses_and_gradient(self) -> tuple[NDArray[np.float64], LinearGradient]:
        """Return the weighted losses, and the gradient of their sum."""
        losses, block = np.empty(len(self.X)), self._new_block()
        intercept = None if self.intercept is None else np.zeros(len(self.coef))
        total = LinearGradient(np.zeros_like(self.X), np.zeros_like(self.coef), intercept)
        with shared_pieces(len(self.coef), self.X.size * len(self.coef)) as pieces:
            for rows in self._blocks_of_rows():
                if self._whole(rows):
                    losses[rows], gradient = self._gradient_of_whole(rows, block, pieces)
                    self._add(gradient, rows, self._every_class, total, pieces)
                else:
                    read = self._read_by_classes(rows, block, pieces)
                    losses[rows] = read.losses
                    for classes, gradient in self._gradients_by_classes(rows, block, read, pieces):
                        self._add(gradient, rows, classes, total, pieces)
        if intercept is not None:
            total = replace(total, intercept=intercept.astype(self.X.dtype))
        return losses, total

    def _add(self, gradient: Floats, rows: slice, classes: slice, total: LinearGradient, pieces: Pieces) -> None:
        Block(gradient, rows, classes, self.X[rows], self.coef, self.labels[rows]).add_to(total, pieces)

    @property
    def _every_class(self) -> slice:
        return slice(0, len(self.coef))

    def _blocks_of_rows(self) -> Iterator[slice]:
        n_samples, n_classes = len(self.X), len(self.coef)
        rows = _BLOCK_BYTES // (n_classes * self.X.itemsize)
        rows = min(max(rows // 32 * 32, _FEWEST_ROWS), _MOST_ROWS)
        for begin in range(0, n_samples, rows):
            yield slice(begin, min(begin + rows, n_samples))

    def _blocks_of_classes(self, rows: slice) -> Iterator[slice]:
        n_classes = len(self.coef)
        most = max(1, _BLOCK_BYTES // ((rows.stop - rows.start) * self.X.itemsize))
        blocks = -(-n_classes // most)
        for i in range(blocks):
            yield slice(n_classes * i // blocks, n_classes * (i + 1) // blocks)

    def _whole(self, rows: slice) -> bool:
        return len(self.coef) * self.X.itemsize * int(rows.stop - rows.start) <= _BLOCK_BYTES

    def _new_block(self) -> Floats:
        # For the scores of every block in turn: memory that is new each time costs a tenth of the matrix products.
        rows = next(self._blocks_of_rows(), slice(0, 0)).stop
        most = max(rows, _BLOCK_BYTES // self.X.itemsize)
        return np.empty(min(most, rows * len(self.coef)), self.X.dtype)

    def _scores(self, rows: slice, classes: slice, block: Floats, pieces: Pieces) -> Floats:
        shape = rows.stop - rows.start, classes.stop - classes.start
        scores = block[: shape[0] * shape[1]].reshape(shape)

        def fill(piece: slice) -> None:
            some = scores[:, piece.start - classes.start : piece.stop - classes.start]
            np.matmul(self.X[rows], self.coef[piece].T, out=some)
            if self.intercept is not None:
                some += self.intercept[piece]
            if self.softcap is not None:
                some /= self.softcap
                np.tanh(some, out=some)
                some *= self.softcap

        for _ in pieces.each(fill, classes):
            pass
        return scores

    def _slopes(self, scores: Floats) -> Floats | None:
        if self.softcap is None:
            return None
        slopes = scores / self.softcap
        np.square(slopes, out=slopes)
        return np.subtract(1, slopes, out=slopes)

    def _sums_of_scores(self, scores: Floats, classes: slice) -> Any:
        # sum_k w_k z_k, wanted for label smoothing alone.
        if not self.label_smoothing:
            return np.zeros(len(scores))
        if self.class_weight is None:
            return scores.sum(axis=1, dtype=np.float64)
        return np.einsum("rk,k->r", scores, self.class_weight[classes], dtype=np.float64)

    def _losses_of_whole(self, rows: slice, scores: Floats, gradient: Floats | None) -> NDArray[np.float64]:
        losses = np.empty(len(scores))
        _core.weighted_cross_entropy(
            scores,
            self.labels[rows],
            None,
            self.class_weight,
            self.label_smoothing,
            self.z_loss,
            None,
            self.weights[rows],
            1.0,
            losses,
            gradient,
        )
        return losses

    def _gradient_of_whole(self, rows: slice, block: Floats, pieces: Pieces) -> tuple[NDArray[np.float64], Floats]:
        scores = self._scores(rows, self._every_class, block, pieces)
        slopes = self._slopes(scores)
        losses = self._losses_of_whole(rows, scores, scores)  # the gradient takes the scores' place
        if slopes is not None:
            scores *= slopes
        return losses, scores

    def _read_by_classes(self, rows: slice, block: Floats, pieces: Pieces) -> "_Read":
        labels = self.labels[rows]
        log_sums, of_labels = np.full(len(labels), -np.inf), np.empty(len(labels))
        sums, ties = np.zeros(len(labels)), np.zeros(len(labels))
        for classes in self._blocks_of_classes(rows):
            scores = self._scores(rows, classes, block, pieces)
            log_sums = np.logaddexp(log_sums, _log_sums(scores))
            if np.isposinf(log_sums).any():
                ties += np.isposinf(scores).sum(axis=1)
            here = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
            of_labels[here] = scores[here, labels[here] - classes.start]
            sums += self._sums_of_scores(scores, classes)
        # Scores of +inf share all mass.
        shared = np.where(np.isposinf(of_labels), np.log(np.maximum(ties, 1)), np.inf)
        costs = np.where(np.isposinf(log_sums), shared, log_sums - of_labels)
        return replace(self._sum_up(rows, costs, log_sums, sums), ties=ties)

    def _gradients_by_classes(
        self, rows: slice, block: Floats, read: "_Read", pieces: Pieces
    ) -> Iterator[tuple[slice, Floats]]:
        labels = self.labels[rows]
        for classes in self._blocks_of_classes(rows):
            scores = self._scores(rows, classes, block, pieces)
            slopes = self._slopes(scores)
            infinite = np.isposinf(read.log_sums)
            shared = np.isposinf(scores[infinite]) / read.ties[infinite, None]
            rounded = read.log_sums.astype(scores.dtype)
            scores -= rounded[:, None]
            np.exp(scores, out=scores)
            scores *= np.exp(rounded - read.log_sums).astype(scores.dtype)[:, None]
            scores[infinite] = shared
            here = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
            scores[here, labels[here] - classes.start] -= 1
            yield classes, self._scaled(scores, slopes, rows, classes, read)

    def _sum_up(self, rows: slice, costs: Floats, log_sums: Floats, sums: Floats) -> "_Read":
        smooth, weights = self.label_smoothing, self.weights[rows]
        n_classes = len(self.coef)
        of_labels = np.ones(len(costs)) if self.class_weight is None else self.class_weight[self.labels[rows]]
        total = n_classes if self.class_weight is None else self.class_weight.sum()
        hard = (1 - smooth) * of_labels
        losses = hard * costs
        factors = hard
        if smooth:
            losses = losses + smooth / n_classes * (total * log_sums - sums)
            factors = factors + smooth / n_classes * total
        if self.z_loss:
            losses = losses + self.z_loss * np.square(log_sums)
            factors = factors + 2 * self.z_loss * log_sums
        return _Read(weights * losses, weights * factors, weights * (factors - hard), log_sums, np.zeros(len(costs)))

    def _scaled(self, gradient: Floats, slopes: Floats | None, rows: slice, classes: slice, read: "_Read") -> Floats:
        # From p - [k = y] to the gradient, in place.
        labels = self.labels[rows]
        if (read.factors != 1).any():
            gradient *= read.factors.astype(gradient.dtype)[:, None]
        here = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
        gradient[here, labels[here] - classes.start] += read.at_labels[here].astype(gradient.dtype)
        if self.label_smoothing:
            shares = (self.weights[rows] * self.label_smoothing / len(self.coef)).astype(gradient.dtype)
            of_classes = None if self.class_weight is None else self.class_weight[classes].astype(gradient.dtype)
            for row, share in zip(gradient, shares, strict=True):
                row -= share if of_classes is None else share * of_classes
        if slopes is not None:
            gradient *= slopes
        return gradient


def _log_sums(scores: Floats) -> NDArray[np.float64]:
    # In double also of floats: what is above the largest score is small, and exact to its own last place.
    where = scores.argmax(axis=1)
    largest = np.take_along_axis(scores, where[:, None], axis=1)[:, 0].astype(np.float64)
    return np.where(np.isneginf(largest), largest, largest + _core.cross_entropy(scores, where))


@dataclass(frozen=True)
class _Read:
    # Of the rows of a block: weighted losses, B, what is added to B g at the label, and L.
    losses: NDArray[np.float64]
    factors: NDArray[np.float64]
    at_labels: NDArray[np.float64]
    log_sums: NDArray[np.float64]
    ties: NDArray[np.float64]  # how many scores are +inf, read by classes
