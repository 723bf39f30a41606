# SPDX-License-Identifier: BSD-3-Clause
"""Draws from a row of scores: frequencies within what chance allows, limits exactly."""

import numpy as np
import pytest
from scipy.stats import chisquare

from multinoulli.functions import gumbel_softmax, sample_categorical, softmax

INF, NAN = np.inf, np.nan
SCORES = np.array([0.0, 1.0, -1.0, 2.0, -INF])
N = 200_000


def fits(drawn, proba):
    counts = np.bincount(drawn, minlength=len(proba))
    assert counts[proba == 0].sum() == 0
    assert chisquare(counts[proba > 0], proba[proba > 0] * counts.sum()).pvalue > 1e-4


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0, INF])
def test_frequencies(dtype, temperature):
    scores = SCORES.astype(dtype)
    drawn = sample_categorical(scores, N, rng=0, temperature=temperature)
    assert drawn.dtype == np.int64
    fits(drawn, softmax(SCORES, temperature=temperature))


def test_frequencies_of_the_winners():
    z = np.broadcast_to(SCORES, (N, 5))
    fits(gumbel_softmax(z, rng=1).argmax(axis=-1), softmax(SCORES))
    sharp = gumbel_softmax(z, rng=1, temperature=0)
    np.testing.assert_array_equal(sharp.max(axis=-1), 1)
    np.testing.assert_array_equal(sharp.sum(axis=-1), 1)
    np.testing.assert_array_equal(sharp.argmax(axis=-1), gumbel_softmax(z, rng=1).argmax(axis=-1))


def test_gumbel_softmax_is_the_softmax_of_noisy_scores():
    z = np.random.default_rng(2).standard_normal((4, 3))
    noise = -np.log(np.random.default_rng(3).standard_exponential((4, 3)))
    for temperature in 0.1, 1.0, 4.0:
        want = softmax((z + noise) / temperature)
        np.testing.assert_allclose(gumbel_softmax(z, rng=3, temperature=temperature), want, rtol=1e-12)
    np.testing.assert_array_equal(gumbel_softmax(z.T, rng=3, axis=0), gumbel_softmax(z, rng=3).T)


def test_temperature_0_draws_among_the_largest():
    scores = np.array([1.0, 3, 3, 0])
    fits(sample_categorical(scores, N, rng=4, temperature=0), np.array([0, 0.5, 0.5, 0]))
    fits(sample_categorical([0.0, INF, INF], N, rng=5), np.array([0, 0.5, 0.5]))


def test_shapes_axes_and_masks():
    z = np.random.default_rng(6).standard_normal((3, 4, 5))
    assert sample_categorical(z, rng=0).shape == (3, 4)
    assert sample_categorical(z, 7, rng=0).shape == (7, 3, 4)
    assert sample_categorical(z, (2, 1), rng=0, axis=1).shape == (2, 1, 3, 5)
    assert sample_categorical(z, (), rng=0, axis=(0, 2)).shape == (4,)
    assert sample_categorical(z, 0, rng=0).shape == (0, 3, 4)
    assert np.shape(sample_categorical(z, rng=0, axis=None)) == ()
    np.testing.assert_array_equal(
        sample_categorical(z, 3, rng=0), sample_categorical(np.moveaxis(z, 2, 0), 3, rng=0, axis=0)
    )
    where = np.array([True, False, True, False, False])
    assert set(np.unique(sample_categorical(z, 200, rng=0, where=where))) == {0, 2}
    np.testing.assert_array_equal(gumbel_softmax(z, rng=0, where=where)[..., ~where], 0)
    np.testing.assert_allclose(gumbel_softmax(z, rng=0, where=where).sum(axis=-1), 1)


def test_large_draws_come_in_blocks_with_the_same_result(monkeypatch):
    from multinoulli.functions import _sample_categorical

    z = np.random.default_rng(7).standard_normal((3, 4))
    want = sample_categorical(z, 50, rng=8)
    monkeypatch.setattr(_sample_categorical, "_AT_ONCE", 30)
    np.testing.assert_array_equal(sample_categorical(z, 50, rng=8), want)


def test_a_generator_goes_on():
    generator = np.random.default_rng(9)
    first, second = (sample_categorical(np.zeros(1000), 20, rng=generator) for _ in range(2))
    assert (first != second).any()
    np.testing.assert_array_equal(first, sample_categorical(np.zeros(1000), 20, rng=9))


def test_types_and_special_values():
    assert gumbel_softmax(np.zeros((2, 3), np.float32), rng=0).dtype == np.float32
    out = np.zeros((2, 3))
    assert gumbel_softmax(np.zeros((2, 3)), rng=0, out=out) is out
    np.testing.assert_allclose(out.sum(axis=1), 1)
    got = gumbel_softmax([[0, NAN], [0, 0], [-INF, -INF]], rng=0)
    np.testing.assert_array_equal(np.isnan(got).all(axis=1), [True, False, True])
    np.testing.assert_array_equal(gumbel_softmax([[INF, 0, 0]], rng=0), [[1, 0, 0]])


def test_rows_without_a_distribution_are_refused():
    for row in [0.0, NAN], [-INF, -INF]:
        with pytest.raises(ValueError, match=r"row \(1,\) of scores has NaN or no entry above -inf"):
            sample_categorical([[0, 0], row], rng=0)
    with pytest.raises(ValueError, match="no classes to draw from"):
        sample_categorical(np.zeros((2, 0)), rng=0)
    with pytest.raises(TypeError, match=r"size must be an integer, several or None, not 2\.5"):
        sample_categorical([0.0], 2.5, rng=0)
    with pytest.raises(ValueError, match="size must not be negative"):
        sample_categorical([0.0], -1, rng=0)
    with pytest.raises(ValueError, match="temperature must be at least 0"):
        sample_categorical([0.0], temperature=-1)
