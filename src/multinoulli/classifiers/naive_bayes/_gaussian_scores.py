# SPDX-License-Identifier: BSD-3-Clause
"""Log-densities of rows under every class's normal distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli import _core
from multinoulli.objectives._blocks import Blocks

Float64 = NDArray[np.float64]

LARGEST = 1e150  # whose square is finite, and so are the sums of many


def gaussian_scores(
    X: NDArray[Any], mean: Float64, low: Float64, variance: Float64, offset: Float64, n_threads: int
) -> tuple[Float64, bool]:
    """``offset[k] - sum_j [log(2 pi v) + (x_j - mean - low)^2 / v] / 2``, (n_samples, n_classes); whether X is finite.

    `mean`, `low` (what rounding the mean lost) and `variance` are (n_classes, n_features), and whatever they like where
    the offset is -inf. Squares of differences, as they stand: the terms of a product of X and X**2 with matrices would
    cancel where classes are far apart for their spread. A square that float64 has no room for is the largest that it
    has: where all classes are so far away, they differ by their constants alone.
    """
    known = offset > -np.inf
    mean, variance = np.where(known[:, None], mean, 0.0), np.where(known[:, None], variance, 1.0)
    low, scale = np.where(known[:, None], low, 0.0), 1 / np.sqrt(variance)
    constant = offset - 0.5 * np.log(2 * np.pi * variance).sum(axis=1)
    out = np.empty((len(X), len(offset)))
    blocks = Blocks(X, np.zeros(1), n_outputs=1, n_threads=n_threads)

    def of_span(rows: slice) -> tuple[int]:
        _core.gaussian_scores(X[rows], mean, low, scale, constant, out[rows])
        return (int(np.count_nonzero(~np.isfinite(out[rows][:, known]))),)

    if not blocks.total(of_span)[0]:
        return out, True
    beyond = np.flatnonzero(~np.isfinite(out[:, known]).all(axis=1))
    far = X[beyond].astype(np.float64)
    if not np.isfinite(far).all():
        return out, False
    for k in np.flatnonzero(known):
        with np.errstate(over="ignore"):
            standard = np.clip((far - mean[k] - low[k]) * scale[k], -LARGEST, LARGEST)
        out[beyond, k] = constant[k] - 0.5 * np.square(standard).sum(axis=1)
    return out, True
