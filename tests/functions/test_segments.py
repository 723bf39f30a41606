# SPDX-License-Identifier: BSD-3-Clause
"""Ragged rows: each is what the functions of rows make of it alone."""

from itertools import pairwise

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from instruction_sets import LEVELS, results_of
from multinoulli import _core
from multinoulli.functions import logsumexp, segment_logsumexp, segment_softmax, softmax

INF, NAN = np.inf, np.nan


def ragged(rng, lengths, dtype):
    indptr = np.concatenate([[0], np.cumsum(lengths, dtype=int)])
    return rng.normal(0, 3, indptr[-1]).astype(dtype), indptr


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "lengths",
    [
        [3],
        [],
        [0, 0],
        [0, 5, 5, 5, 0, 1, 0],
        np.random.default_rng(0).integers(0, 80, 500),
        [1, 300_000, 2, 2, 70_000, 1],
        np.full(5000, 40),
    ],
    ids=["one", "none", "empty", "few", "many", "long", "equal"],
)
def test_rows_one_by_one(dtype, lengths):
    scores, indptr = ragged(np.random.default_rng(1), lengths, dtype)
    rows = [slice(a, b) for a, b in pairwise(indptr)]
    proba = [softmax(scores[row]) for row in rows]
    sums = [logsumexp(scores[row]) for row in rows]
    for threads in 1, 2, 7:
        with threadpool_limits(threads):
            got = segment_softmax(scores, indptr), segment_logsumexp(scores, indptr)
        assert got[0].dtype == got[1].dtype == dtype
        np.testing.assert_array_equal(got[0], np.concatenate([*proba, []]).astype(dtype))
        np.testing.assert_array_equal(got[1], np.array(sums, dtype))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_rows_of_any_length_among_each_other(dtype):
    rng = np.random.default_rng(3)
    lengths = rng.choice([0, 1, 2, 5, 10, 16, 17, 63, 64, 65, 300], 20_000)
    lengths[::3] = rng.integers(0, 20, len(lengths[::3]))
    lengths[5000:5300] = 7  # side by side already
    lengths[[9000, 9001, 15_000]] = 100_000, 66_000, 300_000
    scores, indptr = ragged(rng, lengths, dtype)
    scores[rng.integers(0, scores.size, 1000)] = rng.choice([INF, -INF, NAN, 1e30], 1000)
    rows = [slice(a, b) for a, b in pairwise(indptr)]
    proba = np.concatenate([softmax(scores[row]) for row in rows])
    sums = np.array([logsumexp(scores[row]) for row in rows])
    for threads in 1, 2, 7:
        with threadpool_limits(threads):
            in_place = scores.copy()
            _core.segment_softmax(in_place, indptr, in_place)
            np.testing.assert_array_equal(in_place, proba)
            np.testing.assert_array_equal(segment_softmax(scores, indptr), proba)
            np.testing.assert_array_equal(segment_logsumexp(scores, indptr), sums)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("level", LEVELS)
def test_rows_one_by_one_with_every_instruction_set(level, dtype, tmp_path):
    scores, indptr = ragged(np.random.default_rng(4), [*range(71), *range(70, -1, -1), *range(0, 71, 3)], dtype)
    rows = {f"softmax-{i}": (scores[a:b],) for i, (a, b) in enumerate(pairwise(indptr)) if a < b}
    calls = {"segment_softmax-": (scores, indptr, np.empty_like(scores)), **rows}
    found = results_of(level, tmp_path, calls)
    if found is None:
        pytest.skip("this processor lacks that instruction set")
    np.testing.assert_array_equal(found["segment_softmax-"], np.concatenate([found[key] for key in rows]))


def test_special_values_stay_in_their_rows():
    scores = np.array([0.0, NAN, 0, 0, INF, 1, INF, -INF, -INF, -INF, 5])
    indptr = [0, 2, 4, 7, 9, 9, 11]
    np.testing.assert_allclose(segment_softmax(scores, indptr), [NAN, NAN, 0.5, 0.5, 0.5, 0, 0.5, NAN, NAN, 0, 1])
    np.testing.assert_allclose(segment_logsumexp(scores, indptr), [NAN, np.log(2), INF, -INF, -INF, 5])


def test_types_and_out():
    scores, indptr = ragged(np.random.default_rng(2), [3, 4], np.float16)
    want = segment_softmax(scores.astype(np.float32), indptr)
    got = segment_softmax(scores, indptr)
    assert got.dtype == np.float16
    np.testing.assert_array_equal(got, want.astype(np.float16))
    assert segment_logsumexp([1, 2, 3], np.array([0, 3], np.uint8)).dtype == np.float64
    in_place = want.astype(np.float64)
    expected = segment_softmax(in_place, indptr)
    assert segment_softmax(in_place, indptr, out=in_place) is in_place
    np.testing.assert_array_equal(in_place, expected)
    strided = np.repeat(expected, 2)[::2]
    np.testing.assert_array_equal(segment_softmax(strided, indptr), segment_softmax(expected, indptr))


@pytest.mark.parametrize("function", [segment_softmax, segment_logsumexp])
def test_wrong_arguments_are_refused_by_name(function):
    def refused(error, match, scores, indptr, **options):
        with pytest.raises(error, match=match):
            function(scores, indptr, **options)

    scores = np.zeros(5)
    refused(ValueError, r"indptr must not decrease, but indptr\[2\] = 1 after 3", scores, [0, 3, 1, 5])
    refused(ValueError, "indptr must begin with 0, not 1", scores, [1, 5])
    refused(ValueError, "indptr must end with 5, the number of scores, not 4", scores, [0, 4])
    refused(ValueError, "indptr must end with 5, the number of scores, not 6", scores, [0, 6])
    refused(ValueError, r"indptr must be one-dimensional, .* shape \(0,\)", scores, np.zeros(0, int))
    refused(ValueError, "indptr must be one-dimensional", scores, [[0, 5]])
    refused(TypeError, "indptr must be integers, not float64", scores, [0.0, 5.0])
    refused(ValueError, r"scores must be one-dimensional, .* shape \(5, 1\)", scores[:, None], [0, 5])
    refused(TypeError, "scores must be real numbers", scores + 1j, [0, 5])
    refused(ValueError, "out has shape", scores, [0, 5], out=np.zeros(9))
