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

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dgemm, sgemm

from multinoulli import _core

Floats = NDArray[Any]

_BLOCK_BYTES = 1 << 27  # of scores
# OpenBLAS adds up to 256 products in one float before it begins another. Fewer at a time lose fewer digits (the root
# mean square error of scores of 512 features falls from 2.9e-7 to 2.4e-7, which is MKL's) for a sixth more time.
_IN_A_ROW = 192
_FEWEST_ROWS = 128
_CLASSES_AT_ONCE = 4096  # of a block, whose partial sums stay in the cache


@dataclass(frozen=True)
class LinearGradient:
    """The gradients of a loss with respect to what its linear scores are made of."""

    X: Floats  # (n_samples, n_features)
    coef: Floats  # (n_classes, n_features)
    intercept: Floats | None  # (n_classes,)


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
        for rows in self._blocks_of_rows():
            read = self._read_whole(rows, block) if self._whole(rows) else self._read_by_classes(rows, block)
            losses[rows] = read.losses
        return losses

    def losses_and_gradient(self) -> tuple[NDArray[np.float64], LinearGradient]:
        """Return the weighted losses, and the gradient of their sum."""
        losses, block = np.empty(len(self.X)), self._new_block()
        gradient_of_X, gradient_of_coef = np.zeros_like(self.X), np.zeros_like(self.coef)
        gradient_of_intercept = np.zeros(len(self.coef))
        gemm = sgemm if self.X.dtype == np.float32 else dgemm
        for rows in self._blocks_of_rows():
            X = self.X[rows]
            blocks: Iterable[tuple[slice, Floats]]
            if self._whole(rows):
                read, gradient = self._gradient_of_whole(rows, block)
                blocks = [(slice(0, len(self.coef)), gradient)]
            else:
                read = self._read_by_classes(rows, block)
                blocks = self._gradients_by_classes(rows, block, read)
            losses[rows] = read.losses
            for classes, gradient in blocks:
                gradient_of_X[rows] += gradient @ self.coef[classes]
                if X.size:  # coef += gradient.T @ X, which BLAS adds up in place; for it the transposed problem
                    gemm(1.0, X.T, gradient.T, trans_b=1, beta=1.0, c=gradient_of_coef[classes].T, overwrite_c=1)
                for few in range(0, len(X), 32):  # in floats no more than so many are added up
                    some = gradient[few : few + 32]
                    gradient_of_intercept[classes] += np.ones(len(some), X.dtype) @ some
        intercept = None if self.intercept is None else gradient_of_intercept.astype(self.X.dtype)
        return losses, LinearGradient(gradient_of_X, gradient_of_coef, intercept)

    def _blocks_of_rows(self) -> Iterator[slice]:
        n_samples, n_classes = len(self.X), len(self.coef)
        rows = _BLOCK_BYTES // (n_classes * self.X.itemsize)
        rows = min(max(rows // 32 * 32, _FEWEST_ROWS), _IN_A_ROW)
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

    def _scores(self, rows: slice, classes: slice, block: Floats) -> Floats:
        shape = rows.stop - rows.start, classes.stop - classes.start
        scores = block[: shape[0] * shape[1]].reshape(shape)
        _multiply(self.X[rows], self.coef[classes], scores)
        if self.intercept is not None:
            scores += self.intercept[classes]
        if self.softcap is not None:
            scores /= self.softcap
            np.tanh(scores, out=scores)
            scores *= self.softcap
        return scores

    def _slopes(self, scores: Floats) -> Floats | None:
        return None if self.softcap is None else 1 - np.square(scores / self.softcap)

    def _sums_of_scores(self, scores: Floats, classes: slice) -> Any:
        # sum_k w_k z_k, wanted for label smoothing alone.
        if not self.label_smoothing:
            return np.zeros(len(scores))
        if self.class_weight is None:
            return scores.sum(axis=1, dtype=np.float64)
        return np.einsum("rk,k->r", scores, self.class_weight[classes], dtype=np.float64)

    def _read_whole(self, rows: slice, block: Floats) -> "_Read":
        scores, labels = self._scores(rows, slice(0, len(self.coef)), block), self.labels[rows]
        costs = np.asarray(_core.cross_entropy(scores, labels), np.float64)
        of_labels = np.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        return self._sum_up(rows, costs, costs + of_labels, self._sums_of_scores(scores, slice(0, len(self.coef))))

    def _gradient_of_whole(self, rows: slice, block: Floats) -> tuple["_Read", Floats]:
        every = slice(0, len(self.coef))
        scores, labels = self._scores(rows, every, block), self.labels[rows]
        of_labels = np.take_along_axis(scores, labels[:, None], axis=1)[:, 0]
        sums, slopes = self._sums_of_scores(scores, every), self._slopes(scores)
        costs = np.empty(len(scores), scores.dtype)
        _core.cross_entropy_gradient(scores, labels, out=(costs, scores))
        read = self._sum_up(rows, costs.astype(np.float64), costs + of_labels.astype(np.float64), sums)
        return read, self._scaled(scores, slopes, rows, every, read)

    def _read_by_classes(self, rows: slice, block: Floats) -> "_Read":
        labels = self.labels[rows]
        log_sums, of_labels = np.full(len(labels), -np.inf), np.empty(len(labels))
        sums, ties = np.zeros(len(labels)), np.zeros(len(labels))
        for classes in self._blocks_of_classes(rows):
            scores = self._scores(rows, classes, block)
            log_sums = np.logaddexp(log_sums, np.asarray(_core.logsumexp(scores), np.float64))
            if np.isposinf(log_sums).any():
                ties += np.isposinf(scores).sum(axis=1)
            here = np.flatnonzero((labels >= classes.start) & (labels < classes.stop))
            of_labels[here] = scores[here, labels[here] - classes.start]
            sums += self._sums_of_scores(scores, classes)
        # Scores of +inf share all mass.
        shared = np.where(np.isposinf(of_labels), np.log(np.maximum(ties, 1)), np.inf)
        costs = np.where(np.isposinf(log_sums), shared, log_sums - of_labels)
        return replace(self._sum_up(rows, costs, log_sums, sums), ties=ties)

    def _gradients_by_classes(self, rows: slice, block: Floats, read: "_Read") -> Iterator[tuple[slice, Floats]]:
        labels = self.labels[rows]
        for classes in self._blocks_of_classes(rows):
            scores = self._scores(rows, classes, block)
            slopes = self._slopes(scores)
            infinite = np.isposinf(read.log_sums)
            shared = np.isposinf(scores[infinite]) / read.ties[infinite, None]
            scores -= read.log_sums.astype(scores.dtype)[:, None]
            np.exp(scores, out=scores)
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


def _multiply(X: Floats, coef: Floats, scores: Floats) -> None:
    # scores = X @ coef.T, no more than so many products in a row.
    part = np.empty((len(X), min(len(coef), _CLASSES_AT_ONCE)), X.dtype)
    for begin in range(0, len(coef), _CLASSES_AT_ONCE):
        some, into = coef[begin : begin + _CLASSES_AT_ONCE], scores[:, begin : begin + _CLASSES_AT_ONCE]
        np.matmul(X[:, :_IN_A_ROW], some[:, :_IN_A_ROW].T, out=into)
        for k in range(_IN_A_ROW, X.shape[1], _IN_A_ROW):
            features = slice(k, k + _IN_A_ROW)
            into += np.matmul(X[:, features], some[:, features].T, out=part[:, : len(some)])


@dataclass(frozen=True)
class _Read:
    # Of the rows of a block: weighted losses, B, what is added to B g at the label, and L.
    losses: NDArray[np.float64]
    factors: NDArray[np.float64]
    at_labels: NDArray[np.float64]
    log_sums: NDArray[np.float64]
    ties: NDArray[np.float64]  # how many scores are +inf, read by classes
