# SPDX-License-Identifier: BSD-3-Clause
"""Gumbel noise: the largest of scores with noise of their own is each class with its softmax probability."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def perturbed(scores: NDArray[Any], rng: np.random.Generator, shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Return scores plus standard Gumbel noise, minus the logarithm of exponential noise, in float64.

    Among scores of +inf, which share all mass, only the noise decides; the others of their row are out.
    """
    noise = np.log(rng.standard_exponential(shape))  # finer in the tail than the logarithm of a uniform number's
    infinite = scores == np.inf
    if infinite.any():
        row_has_one = infinite.any(axis=-1, keepdims=True)
        scores = np.where(infinite, 0, np.where(row_has_one & ~np.isnan(scores), -np.inf, scores))
    noisy: NDArray[np.float64] = scores - noise
    return noisy
