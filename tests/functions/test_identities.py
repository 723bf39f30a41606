# SPDX-License-Identifier: BSD-3-Clause
"""What must hold between the functions, for scores that hypothesis chooses."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mpf

from multinoulli.functions import log_softmax, logsumexp, softmax
from multinoulli.losses import cross_entropy, cross_entropy_gradient
from reference import LABELLED, NAMES, PER_ELEMENT, PROMISED_ULPS, call, exact_row, ulps
from strategies import any_scores, finite_scores, labels_for, masks_for


def bits(array):
    array = np.asarray(array)
    return array.shape, np.ascontiguousarray(array).tobytes()


@given(finite_scores(1e4))
def test_probabilities_sum_to_one(scores):
    proba = softmax(scores)
    # K terms of relative error 4.25 ulp each, and the sum's own.
    np.testing.assert_allclose(proba.sum(-1, dtype=float), 1, rtol=0, atol=6 * np.finfo(scores.dtype).eps)
    assert (proba >= 0).all()


@given(st.data())
def test_a_common_shift_changes_no_bit(data):
    # Multiples of 2^-8 below 2^9: adding a multiple of 2^-8 is exact in both types.
    scores = np.round(data.draw(finite_scores(200)) * 256) / 256
    shift = scores.dtype.type(data.draw(st.integers(-(2**16), 2**16)) / 256)
    labels = data.draw(labels_for(scores))
    np.testing.assert_array_equal((scores + shift) - shift, scores)
    for name in ("softmax", "log_softmax", *LABELLED):
        got, want = call(name, scores + shift, labels), call(name, scores, labels)
        promise = 2 * PROMISED_ULPS[scores.dtype.type][name] * np.finfo(scores.dtype).eps
        np.testing.assert_allclose(got, want, rtol=promise, atol=0, err_msg=name)


@given(finite_scores(80))
def test_logarithms_agree(scores):
    rtol = 8 * np.finfo(scores.dtype).eps
    np.testing.assert_allclose(
        np.exp(log_softmax(scores), dtype=scores.dtype), softmax(scores), rtol=200 * np.finfo(scores.dtype).eps, atol=0
    )
    exact = scores.astype(np.longdouble) - logsumexp(scores)[..., None]
    np.testing.assert_allclose(log_softmax(scores), exact.astype(float), rtol=rtol, atol=1e3 * rtol)


@given(st.data())
def test_the_loss_is_minus_the_log_probability(data):
    scores = data.draw(any_scores())
    labels = data.draw(labels_for(scores))
    log_proba = np.take_along_axis(log_softmax(scores), labels[..., None], -1)[..., 0]
    loss = cross_entropy(scores, labels)
    eps = np.finfo(scores.dtype).eps
    np.testing.assert_allclose(loss, -log_proba, rtol=6 * eps, atol=float(np.finfo(scores.dtype).tiny))
    np.testing.assert_allclose(cross_entropy_gradient(scores, labels)[0], loss, rtol=6 * eps, atol=0)


@settings(max_examples=25)
@given(st.data())
def test_the_gradient_is_the_slope_of_the_exact_loss(data):
    scores = data.draw(finite_scores(30, max_side=6, max_dims=1))
    label = data.draw(st.integers(0, len(scores) - 1))
    temperature = data.draw(st.sampled_from([1.0, 0.5, 3.0]))
    _, gradient = cross_entropy_gradient(scores, label, temperature=temperature)
    step = mpf(10) ** -25

    def loss(k, sign):
        moved = [mpf(float(z)) + sign * step * (j == k) for j, z in enumerate(scores)]
        return exact_row([z / mpf(temperature) for z in moved], label)["cross_entropy"][0]

    slopes = [(loss(k, 1) - loss(k, -1)) / (2 * step) for k in range(len(scores))]
    # Beyond the promise: the rounding of z / T, seen through exp.
    assert ulps(gradient, slopes, scale=mpf(2) ** -40) <= 4.25 + 60 / temperature * (temperature != 1)
    assert mpmath.fsum(slopes) < 1e-30


@given(st.data())
def test_an_axis_is_moveaxis(data):
    scores = data.draw(any_scores())
    axis = data.draw(st.integers(-scores.ndim, scores.ndim - 1))
    moved = np.ascontiguousarray(np.moveaxis(scores, axis, -1))
    labels = data.draw(labels_for(moved))
    for name in NAMES:
        got, want = call(name, scores, labels, axis=axis), np.asarray(call(name, moved, labels))
        if name in PER_ELEMENT:
            want = np.moveaxis(want, -1, axis)
            assert got.flags.c_contiguous  # laid out like the scores
        assert bits(got) == bits(want), name


@given(st.data())
def test_several_axes_are_one_flattened(data):
    scores = data.draw(any_scores(max_side=4))
    axes = data.draw(st.lists(st.sampled_from(range(scores.ndim)), unique=True).map(tuple) | st.none())
    inner = tuple(range(scores.ndim)) if axes is None else tuple(sorted(axes))
    outer = tuple(a for a in range(scores.ndim) if a not in inner)
    rows = scores.transpose(outer + inner).reshape([scores.shape[a] for a in outer] + [-1])
    rows = np.ascontiguousarray(rows)
    labels = data.draw(labels_for(rows))
    for name in NAMES:
        got, want = np.asarray(call(name, scores, labels, axis=axes)), np.asarray(call(name, rows, labels))
        if name in PER_ELEMENT:
            assert got.shape == scores.shape
            got = got.transpose(outer + inner).reshape(want.shape)
        assert bits(got) == bits(want), name


@given(st.data())
def test_masked_is_compressed(data):
    scores = data.draw(any_scores(max_side=7, max_dims=2)).reshape(-1)
    mask = data.draw(masks_for(scores))
    kept = np.flatnonzero(mask)
    label = data.draw(st.integers(0, len(scores) - 1))
    if not len(kept) or (scores[kept] == -np.inf).all():
        return
    short = np.ascontiguousarray(scores[kept])
    short_label = int(np.searchsorted(kept, label)) if mask[label] else 0
    for name in NAMES:
        got = call(name, scores, label, where=mask)
        want = call(name, short, short_label)
        if name == "cross_entropy" and not mask[label]:
            want = np.float64("nan" if np.isnan(short).any() else "inf")
        if name in PER_ELEMENT:
            if np.isnan(short).any():
                assert np.isnan(got).all()
                continue
            assert (got[~mask] == (-np.inf if name == "log_softmax" else 0)).all()
            got = got[kept]
            if name == "cross_entropy_gradient" and not mask[label]:
                want = softmax(short)
        rtol = 6 * np.finfo(scores.dtype).eps
        np.testing.assert_allclose(got, want, rtol=rtol, atol=float(np.finfo(scores.dtype).tiny), err_msg=name)


@given(st.data())
def test_a_row_depends_on_no_other(data):
    scores = data.draw(any_scores(max_dims=2))
    scores = scores.reshape(-1, scores.shape[-1])
    labels = data.draw(labels_for(scores))
    for name in NAMES:
        together = call(name, scores, labels)
        for row in range(len(scores)):
            alone = call(name, scores[row].copy(), labels[row, ...].copy())
            assert bits(alone) == bits(together[row]), name


@given(st.data())
def test_a_temperature_divides_the_scores(data):
    scores = data.draw(finite_scores(40))
    temperature = data.draw(st.sampled_from([0.25, 0.5, 2.0, 16.0]))  # powers of two: the division is exact
    labels = data.draw(labels_for(scores))
    for name in NAMES:
        want = np.asarray(call(name, scores / scores.dtype.type(temperature), labels))
        if name == "cross_entropy_gradient":
            want = want / scores.dtype.type(temperature)
        eps = np.finfo(scores.dtype).eps
        atol = float(np.finfo(scores.dtype).tiny) + (4 * eps if name == "logsumexp" else 0)
        got = call(name, scores, labels, temperature=temperature)
        # Below 1 the maximum is subtracted first, which rounds: 80 / T ulp of 1 in the exponent.
        np.testing.assert_allclose(got, want, rtol=(10 + 160 / temperature) * eps, atol=atol, err_msg=name)


@given(any_scores())
def test_no_floating_point_event_and_no_change_of_the_input(scores):
    before = scores.tobytes()
    labels = np.zeros(scores.shape[:-1], np.int64)
    with np.errstate(all="raise"):
        for name in NAMES:
            for options in ({}, {"temperature": 0.5}, {"temperature": 3}, {"axis": 0, "empty": "uniform"}):
                shape = labels if "axis" not in options else np.zeros(scores.shape[1:], np.int64)
                call(name, scores, shape, **options)
    assert scores.tobytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_broadcast_scores_and_labels(name):
    scores = np.random.default_rng(0).normal(size=(4, 1, 5)).astype(np.float32)
    labels = np.arange(3)
    many = np.broadcast_to(scores, (4, 3, 5))
    got = call(name, many, labels)
    np.testing.assert_array_equal(got, call(name, many.copy(), np.broadcast_to(labels, (4, 3)).copy()))
    if name in LABELLED:
        np.testing.assert_array_equal(call(name, scores, labels), got)
        # Another axis keeps its place counted from the end.
        first = call(name, scores[:, 0], np.zeros((2, 5), np.int64), axis=0)
        assert first.shape == ((2, 4, 5) if name in PER_ELEMENT else (2, 5))
