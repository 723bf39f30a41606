# SPDX-License-Identifier: BSD-3-Clause
"""Confidence intervals for what is measured on held-out rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import ndtri, stdtrit


@dataclass(frozen=True)
class Estimate:
    """A measured value with its confidence interval, in the unit of the value."""

    value: float
    low: float
    high: float


def mean_estimate(values: ArrayLike, *, level: float = 0.95) -> Estimate:
    """Mean of independent values, with Student's t interval.

    Parameters
    ----------
    values : array-like of shape (n,)
        For example the losses of held-out rows, in nats. Nothing is known from fewer than two: the interval is
        infinite.
    level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If there are no values.

    Examples
    --------
    >>> mean_estimate([1.0, 2.0, 3.0])
    Estimate(value=2.0, low=-0.484..., high=4.484...)
    """
    values = np.asarray(values, dtype=np.float64)
    if values.size == 0:
        raise ValueError("values is empty: a mean needs at least one value")
    mean = float(values.mean())
    if values.size == 1:
        return Estimate(mean, -np.inf, np.inf)
    half = float(stdtrit(values.size - 1, 0.5 + level / 2) * values.std(ddof=1) / np.sqrt(values.size))
    return Estimate(mean, mean - half, mean + half)


def proportion_estimate(successes: int, n: int, *, level: float = 0.95) -> Estimate:
    """Proportion of successes, with Wilson's score interval, which stays within [0, 1] and is never empty at its ends.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).

    Parameters
    ----------
    successes, n : int
        ``0 <= successes <= n`` and ``n >= 1``.
    level : float, default=0.95
        Coverage of the interval.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If the counts are out of range.

    Examples
    --------
    >>> proportion_estimate(9, 10)
    Estimate(value=0.9, low=0.5958..., high=0.9821...)
    """
    if not 0 <= successes <= n or n < 1:
        raise ValueError(f"successes must be between 0 and n, and n at least 1, got successes={successes}, n={n}")
    z = float(ndtri(0.5 + level / 2))
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * float(np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Estimate(p, low, high)
