# SPDX-License-Identifier: BSD-3-Clause
"""Log-densities of rows under every class's normal distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def gaussian_scores(X: NDArray[Any], mean: Float64, variance: Float64, offset: Float64, n_threads: int) -> Float64:
    """``offset[k] - sum_j [log(2 pi v) + (x_j - mean)^2 / v] / 2``, (n_samples, n_classes).

    `mean` and `variance` are (n_classes, n_features), and whatever they like where the offset is -inf.
    """
    out = np.empty((len(X), len(offset)))
    for k, first in enumerate(offset):
        if first == -np.inf:
            out[:, k] = first
            continue
        constant = first - 0.5 * np.log(2 * np.pi * variance[k]).sum()
        with np.errstate(over="ignore", invalid="ignore"):
            standard = np.clip((X - mean[k]) / np.sqrt(variance[k]), -1e150, 1e150)
            out[:, k] = constant - 0.5 * (standard**2).sum(axis=1)
    return out
