# SPDX-License-Identifier: BSD-3-Clause
"""Intervals against tables and other implementations."""

import math

import numpy as np
import pytest
from scipy import stats

from multinoulli.metrics import mean_estimate, proportion_estimate


@pytest.mark.parametrize("level", [0.5, 0.95, 0.99])
def test_mean_estimate_is_students(level):
    values = np.random.default_rng(0).exponential(size=37)
    got = mean_estimate(values, level=level)
    low, high = stats.t.interval(level, 36, loc=values.mean(), scale=stats.sem(values))
    assert (got.value, got.low, got.high) == pytest.approx((values.mean(), low, high), rel=1e-12)


def test_mean_of_one_value_knows_nothing():
    got = mean_estimate([2.5])
    assert (got.value, got.low, got.high) == (2.5, -math.inf, math.inf)


def test_mean_of_nothing_is_refused():
    with pytest.raises(ValueError, match="values is empty"):
        mean_estimate([])


@pytest.mark.parametrize("level", [0.9, 0.95])
@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (10, 10), (998, 1000), (1, 1)])
def test_proportion_estimate_is_wilsons(successes, n, level):
    got = proportion_estimate(successes, n, level=level)
    want = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    assert (got.low, got.high) == pytest.approx((want.low, want.high), rel=1e-12, abs=1e-15)
    assert got.value == successes / n


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (0, 0)])
def test_impossible_counts_are_refused(successes, n):
    with pytest.raises(ValueError, match="successes must be between"):
        proportion_estimate(successes, n)
