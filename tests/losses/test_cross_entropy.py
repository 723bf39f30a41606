# SPDX-License-Identifier: BSD-3-Clause
"""Weights and reductions; what the losses share with the other functions is tested beside those."""

import math

import numpy as np
import pytest

from multinoulli.losses import cross_entropy

LOG2, LOG3, INF, NAN = math.log(2), math.log(3), math.inf, math.nan
# Losses log 2, log 3, 0 and 100 by hand.
SCORES = np.array([[0, 0, -INF], [5, 5, 5], [-INF, -INF, 9], [0, 100, -INF]])
LABELS = np.array([1, 2, 2, 0])
LOSSES = np.array([LOG2, LOG3, 0, 100])
WEIGHT = np.array([1.0, 2.0, 0.5, 0.25])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("options", [{}, {"axis": 0}, {"where": np.full((4, 3), True)}, {"temperature": 2.0}], ids=str)
def test_by_hand(dtype, options):
    scores = SCORES.astype(dtype) * options.get("temperature", 1)
    scores = scores.T if "axis" in options else scores

    def given(want, **more):
        got = cross_entropy(scores, LABELS, **options, **more)
        assert got.dtype == dtype
        np.testing.assert_allclose(got, want, rtol=3 * np.finfo(dtype).eps)
        assert np.shape(got) == np.shape(want)

    given(LOSSES)
    given(WEIGHT * LOSSES, weight=WEIGHT)
    given(LOSSES.sum(), reduction="sum")
    given(LOSSES.mean(), reduction="mean")
    given(WEIGHT @ LOSSES, weight=WEIGHT, reduction="sum")
    given(WEIGHT @ LOSSES / WEIGHT.sum(), weight=WEIGHT, reduction="mean")
    given(LOSSES.mean(), reduction="mean", empty_mean=7.0)


@pytest.mark.parametrize("weight", [2, [2], [2] * 4, np.full(4, 2, np.uint8), np.full(4, True)])
def test_weights_of_any_real_type_broadcast(weight):
    factor = np.ravel(weight)[0] * 1.0
    np.testing.assert_allclose(cross_entropy(SCORES, LABELS, weight=weight), LOSSES * factor)
    np.testing.assert_allclose(cross_entropy(SCORES, LABELS, weight=weight, reduction="mean"), LOSSES.mean())


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_integer_weights_repeat_samples(reduction):
    rng = np.random.default_rng(0)
    scores, labels, weight = rng.normal(size=(50, 4)), rng.integers(0, 4, 50), rng.integers(0, 4, 50)
    repeated = cross_entropy(np.repeat(scores, weight, 0), np.repeat(labels, weight), reduction=reduction)
    np.testing.assert_allclose(cross_entropy(scores, labels, weight=weight, reduction=reduction), repeated, rtol=1e-14)


@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("empty", [None, "raise"])
def test_weight_0_is_absence(axis, masked, empty):
    scores = np.array([[0.0, 1, 2], [NAN, 1, 2], [INF, 1, 0], [-INF, -INF, -INF], [3, 2, 2], [0, 0, 0]])
    labels = np.array([2, 0, 1, 0, 1, -1])  # after the first: NaN, inf, no distribution, ordinary, out of range
    weight = np.array([2.0, 0, 0, 0, 3, 0])
    where = np.array([[True, True, True]] * 4 + [[True, True, False]] * 2) if masked else None
    present = weight > 0
    options = {
        "axis": axis,
        "empty": empty,
        "where": where.T if masked and axis == 0 else where,
    }
    kept = {**options, "where": where[present], "axis": -1} if masked else {**options, "axis": -1}
    table = scores.T if axis == 0 else scores
    for reduction in "sum", "mean":
        want = cross_entropy(scores[present], labels[present], weight=weight[present], reduction=reduction, **kept)
        assert cross_entropy(table, labels, weight=weight, reduction=reduction, **options) == want
    each = cross_entropy(table, labels, weight=weight, **options)
    want = np.zeros(6)
    want[present] = weight[present] * cross_entropy(scores[present], labels[present], **kept)
    np.testing.assert_array_equal(each, want)


def test_weights_of_broadcast_samples():
    scores, labels = np.zeros((4, 1, 2)), np.array([0, 1, 9])
    weight = np.array([1.0, 2.0, 0.0])
    np.testing.assert_allclose(cross_entropy(scores, labels, weight=weight), np.tile([LOG2, 2 * LOG2, 0], (4, 1)))
    np.testing.assert_allclose(cross_entropy(scores, labels, weight=weight, reduction="mean"), LOG2)


@pytest.mark.parametrize(
    ("scores", "labels", "weight"), [(np.zeros((0, 3)), [], None), (SCORES, LABELS, 0), (np.zeros((0, 3)), [], [])]
)
def test_the_mean_of_nothing_must_be_said(scores, labels, weight):
    with pytest.raises(ValueError, match=r"no mean loss without samples .*; empty_mean= can say"):
        cross_entropy(scores, labels, weight=weight, reduction="mean")
    for value in 0, 2.5, NAN:
        got = cross_entropy(scores, labels, weight=weight, reduction="mean", empty_mean=value)
        np.testing.assert_array_equal(got, np.float64(value))
    assert cross_entropy(scores, labels, weight=weight, reduction="sum") == 0
    np.testing.assert_array_equal(cross_entropy(scores, labels, weight=weight), np.zeros(len(labels)))


def test_sums_of_small_types_are_made_in_float64():
    scores = np.zeros((100_000, 2), np.float32)
    labels = np.zeros(len(scores), np.int64)
    assert cross_entropy(scores, labels, reduction="sum") == np.float32(len(scores) * float(np.float32(LOG2)))
    # Rounded to float16 once, at the end: each loss, 0.69314..., is 0.6934 in float16.
    assert cross_entropy(scores[:4].astype(np.float16), labels[:4], reduction="sum") == np.float16(4 * LOG2)
    assert cross_entropy(scores[:4].astype(np.float16), labels[:4], weight=1000 / 3)[0] == np.float16(1000 / 3 * LOG2)


@pytest.mark.parametrize(
    "options", [{}, {"weight": WEIGHT}, {"reduction": "sum"}, {"reduction": "mean", "weight": WEIGHT}]
)
def test_out_takes_what_is_asked_for(options):
    want = cross_entropy(SCORES, LABELS, **options)
    out = np.full(np.shape(want), NAN)
    assert cross_entropy(SCORES, LABELS, out=out, **options) is out
    np.testing.assert_array_equal(out, want)
    with pytest.raises(ValueError, match=r"out has shape \(9,\), but the result has"):
        cross_entropy(SCORES, LABELS, out=np.zeros(9), **options)


def test_wrong_arguments_are_refused_by_name():
    def refused(error, match, **options):
        with pytest.raises(error, match=match):
            cross_entropy(SCORES, LABELS, **options)

    refused(ValueError, "weight must be finite and at least 0, but one is -1.0", weight=[1, 1, 1, -1])
    refused(ValueError, "weight must be finite and at least 0, but one is nan", weight=[1, 1, NAN, 1])
    refused(ValueError, "weight must be finite and at least 0, but one is inf", weight=INF)
    refused(ValueError, r"weight has shape \(3,\), which does not broadcast", weight=[1, 2, 3])
    refused(ValueError, r"weight has shape \(2, 4\), which does not broadcast", weight=np.ones((2, 4)))
    refused(TypeError, "weight must be real", weight=["a"] * 4)
    refused(TypeError, "weight is a masked array", weight=np.ma.ones(4))
    refused(ValueError, "reduction must be 'sum', 'mean' or None", reduction="average")
    refused(TypeError, "empty_mean must be a real number", reduction="mean", empty_mean="0")
    refused(ValueError, "needs reduction='mean'", empty_mean=0.0)
    refused(ValueError, "needs reduction='mean'", empty_mean=0.0, reduction="sum")
    with pytest.raises(ValueError, match="labels must lie in"):
        cross_entropy(SCORES, LABELS + 1, weight=WEIGHT)
    with pytest.raises(ValueError, match="labels has shape"):
        cross_entropy(SCORES, [0, 1, 2], weight=1)
