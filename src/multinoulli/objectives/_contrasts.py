# SPDX-License-Identifier: BSD-3-Clause
"""The Hessian of softmax regression as a matrix, where it is to be factored.

It is formed where it is regular: in coordinates of the classes that sum to 0, an orthonormal basis. What all classes
have in common changes no probability.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import blas

from multinoulli.objectives._curvature import Sample

Float64 = NDArray[np.float64]
Matrix = NDArray[np.floating]

# Up to so many classes every pair of them is summed on its own: less arithmetic than all contrasts times all.
FEW_CLASSES = 4
# Entries of a block of rows from which a Hessian is formed: those that the cache keeps.
BLOCK_ENTRIES = 1 << 18


@cache
def contrasts(n_classes: int) -> Float64:
    """An orthonormal basis of what sums to 0 over the classes, (K, K - 1): Helmert's."""
    k = np.arange(1, n_classes)
    basis = np.triu(np.ones((n_classes, n_classes - 1)))
    basis[k, k - 1] = -k
    return np.asarray(basis / np.sqrt(k * (k + 1)))


def contrast_hessian(X: Matrix, proba: Matrix, weight: Float64, damping: float, n_inputs: int) -> Matrix:
    """The lower triangle of the Hessian of the loss, ((K - 1) * n_inputs, (K - 1) * n_inputs), contrast by contrast.

    The inputs are the features, and a 1 if there is one more of them.
    """
    kind, n_classes = X.dtype.type, proba.shape[1]
    first, second, _ = _pairs(n_classes)
    few, basis = n_classes <= FEW_CLASSES, contrasts(n_classes).astype(kind, copy=False)
    H = np.zeros(((n_classes - 1) * n_inputs,) * 2, kind)
    # Of every pair of classes sum c (p_i p_j + mu/K) x x', or of every class sum c (p_k + mu) x x'.
    sums = np.zeros(((len(first) if few else n_classes) * n_inputs, n_inputs), kind)
    counted, step = weight.astype(kind, copy=False)[:, None], max(1, BLOCK_ENTRIES // (n_classes * n_inputs))
    syrk = blas.dsyrk if kind is np.float64 else blas.ssyrk
    for begin in range(0, len(X), step):
        rows = slice(begin, begin + step)
        x, w, p = X[rows], counted[rows], proba[rows].astype(kind, copy=False)
        if n_inputs > X.shape[1]:
            x = np.empty((len(w), n_inputs), kind)
            x[:, :-1], x[:, -1] = X[rows], 1
        if few:
            terms = p[:, first] * p[:, second] + kind(damping / n_classes)
        else:
            terms = p + kind(damping)
            syrk(-1.0, _outer(p @ basis * np.sqrt(w), x).T, beta=1.0, c=H.T, overwrite_c=True)
        sums += _outer(terms * w, x).T @ x
    if few:
        return _of_pairs(sums, n_classes)
    blocks, sums = H.reshape(n_classes - 1, n_inputs, -1, n_inputs), sums.reshape(n_classes, -1)
    for a in range(n_classes - 1):
        of_contrasts = (basis[:, : a + 1] * basis[:, a : a + 1]).T @ sums
        blocks[a, :, : a + 1, :] += of_contrasts.reshape(-1, n_inputs, n_inputs).transpose(1, 0, 2)
    return H


def drawn_contrast_hessian(sample: Sample, n_inputs: int, terms: float, rng: np.random.Generator) -> Matrix:
    """The same in float32, from about so many of its terms.

    A row has one term a pair of classes, and most of a row's are next to nothing. So terms are drawn instead of rows,
    each with a chance that follows what it counts, half of them shared among the pairs by that, half alike.
    """
    X, proba, weight, n_classes = sample.X, sample.proba, sample.weight, sample.proba.shape[1]
    first, second, _ = _pairs(n_classes)
    damping = sample.damping / n_classes
    totals = (proba.T @ (proba * weight[:, None]))[first, second] + damping * weight.sum()
    wanted = terms * (0.5 * totals / totals.sum() + 0.5 / len(totals))
    sums = np.zeros((len(totals), n_inputs, n_inputs), np.float32)
    for block, i, j, total, size in zip(sums, first, second, totals, wanted, strict=True):
        if total == 0:
            continue
        of_rows = weight * (proba[:, i] * proba[:, j] + damping)
        chance = np.minimum(1, of_rows * (size / total))
        rows = np.flatnonzero(rng.random(len(chance)) < chance)
        x = np.ones((len(rows), n_inputs), np.float32)
        x[:, : X.shape[1]] = X[rows]
        x *= np.sqrt(of_rows[rows] / chance[rows])[:, None]
        blas.ssyrk(1.0, x.T, c=block.T, overwrite_c=True)
        block += np.tril(block, -1).T
    return _of_pairs(sums, n_classes)


def _of_pairs(sums: Matrix, n_classes: int) -> Matrix:
    """The Hessian of what every pair of classes has, (pairs, n_inputs, n_inputs) in any shape.

    diag(p) - p p' is a Laplacian: the sum over pairs of p_i p_j (e_i - e_j) (e_i - e_j)'.
    """
    n_inputs = sums.shape[-1]
    between = _pairs(n_classes)[2].astype(sums.dtype, copy=False)
    sums = sums.reshape(len(between), -1)
    H = np.zeros((n_classes - 1, n_inputs, n_classes - 1, n_inputs), sums.dtype)
    for a in range(n_classes - 1):
        of_contrasts = (between[:, : a + 1] * between[:, a : a + 1]).T @ sums
        H[a, :, : a + 1] = of_contrasts.reshape(-1, n_inputs, n_inputs).transpose(1, 0, 2)
    return H.reshape((n_classes - 1) * n_inputs, -1)


@cache
def _pairs(n_classes: int) -> tuple[NDArray[np.intp], NDArray[np.intp], Float64]:
    """Every two classes, and how their contrasts differ, (pairs, K - 1)."""
    first, second = np.triu_indices(n_classes, 1)
    basis = contrasts(n_classes)
    return first, second, basis[first] - basis[second]


def _outer(values: Matrix, x: Matrix) -> Matrix:
    """Every row's values times its inputs, (rows, values * inputs)."""
    return np.asarray((values[:, :, None] * x[:, None, :]).reshape(len(x), -1))
