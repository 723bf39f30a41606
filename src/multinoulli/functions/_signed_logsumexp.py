# SPDX-License-Identifier: BSD-3-Clause
"""log|sum w e^z| and the sum's sign, for weights of either sign.

The largest term, the pivot, is left out of the sum and comes back as log1p(rest / pivot): as in the core, the result is
then exact to the last places where that term dominates. All in float64, whatever the type of the scores.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]

_SAFE = 700.0  # e^x and its inverse are normal float64 numbers


def signed_logsumexp(scores: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return the logarithm of the absolute value of the sum over the last axis, and its sign: -1, 0, 1 or NaN."""
    z, w = np.broadcast_arrays(scores.astype(np.float64, copy=False), weights.astype(np.float64, copy=False))
    if z.shape[-1] == 0:
        return np.full(z.shape[:-1], -np.inf), np.zeros(z.shape[:-1])
    size = np.where(w == 0, -np.inf, z + np.log(np.abs(w)))  # a weight of 0 takes its entry out, whatever the score
    at = np.nan_to_num(size, nan=np.inf, posinf=np.inf, neginf=-np.inf).argmax(axis=-1)[..., None]
    top, top_z, top_w = (np.take_along_axis(array, at, axis=-1) for array in (size, z, w))
    # Scores and weights apart lose less than their logarithms' sum, unless their difference is out of all range.
    distance = z - top_z
    terms = np.where(
        np.abs(distance) < _SAFE, w / top_w * np.exp(distance), np.sign(w) * np.sign(top_w) * np.exp(size - top)
    )
    terms = np.where(size == -np.inf, 0, terms)
    np.put_along_axis(terms, at, 0, axis=-1)
    rest = terms.sum(axis=-1)
    top, sign = top[..., 0], np.sign(top_w[..., 0])
    log_sum = top_z[..., 0] + (np.log(np.abs(top_w[..., 0])) + np.log(np.abs(1 + rest)))
    log_sum = np.where(np.abs(rest) < 0.5, top_z[..., 0] + (np.log(np.abs(top_w[..., 0])) + np.log1p(rest)), log_sum)
    sign = sign * np.sign(1 + rest)
    sign, log_sum = np.where(top == -np.inf, 0, sign), np.where(top == -np.inf, -np.inf, log_sum)
    # Infinite terms leave only each other: of both signs they have no sum.
    infinite = (size == np.inf).any(axis=-1)
    if infinite.any():
        signs = np.where(size == np.inf, np.sign(w), 0)
        one = np.where(signs.max(axis=-1) * signs.min(axis=-1) < 0, np.nan, signs.sum(axis=-1))
        sign = np.where(infinite, np.sign(one), sign)
        log_sum = np.where(infinite, np.where(np.isnan(one), np.nan, np.inf), log_sum)
    undefined = np.isnan(size).any(axis=-1)
    return np.where(undefined, np.nan, log_sum), np.where(undefined, np.nan, sign)
