# SPDX-License-Identifier: BSD-3-Clause
"""Layouts, types and options of the arguments; each option changes the answer, and a wrong one is refused by name."""

import re

import ml_dtypes
import numpy as np
import pytest

from layouts import LAYOUTS, read_only
from multinoulli.functions import log_softmax, logsumexp, softmax
from multinoulli.losses import cross_entropy, cross_entropy_gradient
from reference import LABELLED, NAMES, PER_ELEMENT, call, function

RNG = np.random.default_rng(3)
SCORES = RNG.normal(size=(4, 6, 5))
LABELS = RNG.integers(0, 5, (4, 6))
PAIRS = [(name, dtype) for name in NAMES for dtype in (np.float32, np.float64)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_layouts_give_the_same_bits(name, dtype, layout):
    scores = SCORES.astype(dtype)
    want = call(name, scores, LABELS)
    given = LAYOUTS[layout](scores)
    got = call(name, given, LABELS)
    assert type(got) is np.ndarray
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(given, scores)
    for axis in 0, 1:
        labels = LABELS[0, 0] % 4 + np.zeros((6, 5) if axis == 0 else (4, 5), int)
        np.testing.assert_array_equal(call(name, given, labels, axis=axis), call(name, scores, labels, axis=axis))


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.uint32, np.int64, np.uint64, ">i8"])
@pytest.mark.parametrize("name", LABELLED)
def test_labels_of_any_integer_type(name, dtype):
    np.testing.assert_array_equal(call(name, SCORES, LABELS.astype(dtype)), call(name, SCORES, LABELS))
    np.testing.assert_array_equal(call(name, SCORES, LABELS.tolist()), call(name, SCORES, LABELS))
    np.testing.assert_array_equal(call(name, SCORES, LABELS.T.copy().T), call(name, SCORES, LABELS))


@pytest.mark.parametrize("name", LABELLED)
def test_labels_of_other_types_or_shapes_are_refused(name):
    for labels in LABELS.astype(float), LABELS > 2, LABELS.astype(str), [[None]]:
        with pytest.raises(TypeError, match="labels must be integers"):
            call(name, SCORES, labels)
    with pytest.raises(ValueError, match=re.escape("labels has shape (3,), which does not broadcast with (4, 6)")):
        call(name, SCORES, [0, 1, 2])
    with pytest.raises(TypeError, match="labels is a masked array"):
        call(name, SCORES, np.ma.array(LABELS))
    with pytest.raises(ValueError, match="labels cannot be made into an array"):
        call(name, SCORES, [[0], [0, 1]])


@pytest.mark.parametrize(("name", "dtype"), PAIRS)
@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
@pytest.mark.parametrize("layout", ["contiguous", "Fortran", "every second", "misaligned"])
@pytest.mark.parametrize("options", [{}, {"temperature": 2.0}, {"where": SCORES > -0.5}], ids=str)
def test_out(name, dtype, axis, layout, options):
    scores = SCORES.astype(dtype)
    labels = np.zeros(np.sum(SCORES, axis=axis).shape, np.int64)
    want = call(name, scores, labels, axis=axis, **options)
    out = LAYOUTS[layout](np.full(np.shape(want), 7, dtype)) if np.ndim(want) else np.full((), 7, dtype)
    if name == "cross_entropy_gradient":
        loss = np.full(labels.shape, 7, dtype)
        results = cross_entropy_gradient(scores, labels, axis=axis, out=(loss, out), **options)
        assert results[0] is loss
        np.testing.assert_array_equal(loss, cross_entropy(scores, labels, axis=axis, **options))
        assert results[1] is out
    else:
        assert call(name, scores, labels, axis=axis, out=out, **options) is out
    np.testing.assert_array_equal(out, want)
    np.testing.assert_array_equal(scores, SCORES.astype(dtype))


@pytest.mark.parametrize("name", PER_ELEMENT)
@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
@pytest.mark.parametrize("options", [{}, {"temperature": 0.5}, {"where": SCORES > -0.5}], ids=str)
def test_in_place(name, axis, options):
    labels = np.zeros(np.sum(SCORES, axis=axis).shape, np.int64)
    want = call(name, SCORES, labels, axis=axis, **options)
    scores = SCORES.copy()
    out = (None, scores) if name == "cross_entropy_gradient" else scores
    assert call(name, scores, labels, axis=axis, out=out, **options) is scores
    np.testing.assert_array_equal(scores, want)


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "cross_entropy"])
@pytest.mark.parametrize("shift", [-5, -1, 1, 5])
def test_out_may_overlap(name, shift):
    buffer = np.concatenate([np.zeros(5), SCORES.ravel(), np.zeros(5)])
    scores = buffer[5:-5].reshape(SCORES.shape)
    want = call(name, SCORES, LABELS)
    out = buffer[5 + shift : 5 + shift + want.size].reshape(want.shape)
    assert call(name, scores, LABELS, out=out) is out
    np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("name", NAMES)
def test_out_that_does_not_fit_is_refused(name):
    def attempt(out):
        return call(name, SCORES, LABELS, out=(None, out) if name == "cross_entropy_gradient" else out)

    shape = np.shape(call(name, SCORES, LABELS))
    with pytest.raises(ValueError, match=re.escape(f"out has shape (3,), but the result has {shape}")):
        attempt(np.zeros(3))
    with pytest.raises(ValueError, match="out has dtype float32, but the result has float64"):
        attempt(np.zeros(shape, np.float32))
    with pytest.raises(ValueError, match="out is read-only"):
        attempt(read_only(np.zeros(shape)))
    for wrong in [0.0], np.ma.zeros(shape), (np.zeros(shape),):
        with pytest.raises(TypeError, match="out must be a"):
            call(name, SCORES, LABELS, out=wrong)


def test_out_of_the_gradient_is_a_pair():
    for wrong in np.zeros((2, 5)), (np.zeros(2),), [None, None]:
        with pytest.raises(TypeError, match="out must be a pair"):
            cross_entropy_gradient(SCORES, LABELS, out=wrong)
    loss, gradient = cross_entropy_gradient(SCORES, LABELS, out=(None, None))
    np.testing.assert_array_equal(loss, cross_entropy(SCORES, LABELS))
    assert gradient.shape == SCORES.shape


@pytest.mark.parametrize("half", [np.float16, "bfloat16"])
@pytest.mark.parametrize("axis", [-1, 0])
def test_out_in_16_bits(half, axis):
    dtype = np.dtype(ml_dtypes.bfloat16 if half == "bfloat16" else half)
    scores = SCORES[0].astype(dtype)
    out = np.zeros_like(scores)
    assert softmax(scores, axis=axis, out=out) is out
    np.testing.assert_array_equal(out, softmax(scores, axis=axis))


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
def test_keepdims(axis):
    want = np.expand_dims(logsumexp(SCORES, axis=axis), (0, 1, 2) if axis is None else axis)
    got = logsumexp(SCORES, axis=axis, keepdims=True)
    assert got.shape == want.shape
    np.testing.assert_array_equal(got, want)
    out = np.zeros(want.shape)
    assert logsumexp(SCORES, axis=axis, keepdims=True, out=out) is out
    np.testing.assert_array_equal(out, want)
    with pytest.raises(ValueError, match="out has shape"):
        logsumexp(SCORES, axis=axis, keepdims=True, out=np.zeros((7, 7)))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_out_of_range_are_refused_by_name(name):
    def refused(error, match, **options):
        with pytest.raises(error, match=match):
            call(name, SCORES, LABELS, **options)

    refused(ValueError, "axis 3 is out of bounds", axis=3)
    refused(ValueError, "repeated axis", axis=(0, -3))
    refused(TypeError, "axis must be", axis=1.5)
    refused(TypeError, "axis must be", axis="0")
    refused(TypeError, "where must be boolean", where=np.ones(SCORES.shape))
    refused(ValueError, "where has shape", where=np.ones(4, bool))
    refused(ValueError, "where has shape", where=np.ones((2, 4, 6, 5), bool))
    refused(TypeError, "where is a masked array", where=np.ma.ones(5, bool))
    for wrong in 1j, "1", None, np.ones(2), True:
        refused(TypeError, "temperature must be a real number", temperature=wrong)
    refused(ValueError, "empty must be one of 'nan'", empty="ones")
    refused(TypeError, "unexpected keyword", temprature=1.0)
    with pytest.raises(ValueError, match="scores cannot be made into an array"):
        call(name, [[0.0], [0.0, 1.0]], 0)
    with pytest.raises(TypeError, match="positional"):
        function(name)(scores=SCORES, labels=LABELS)


@pytest.mark.parametrize("temperature", [2, np.float32(2), np.int8(2), 2.0])
def test_temperature_is_any_real_number(temperature):
    np.testing.assert_array_equal(softmax(SCORES, temperature=temperature), softmax(SCORES, temperature=2.0))
    np.testing.assert_array_equal(softmax(SCORES, temperature=10**400), np.full(SCORES.shape, 0.2))


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_read(name):
    plain = call(name, SCORES[:, :5], LABELS[:, :5])
    empty = np.where(np.arange(5) == 1, -np.inf, SCORES[:, :5].swapaxes(1, 2)).swapaxes(1, 2)
    convention = "nan" if name == "logsumexp" else "uniform"
    for options in {"axis": 1}, {"temperature": 2}, {"where": SCORES[:, :5] > 0}:
        assert not np.array_equal(call(name, SCORES[:, :5], LABELS[:, :5], **options), plain), options
    changed = call(name, empty, LABELS[:, :5], empty=convention)
    assert not np.array_equal(changed, call(name, empty, LABELS[:, :5]), equal_nan=True)


def test_a_mask_broadcasts():
    mask = np.array([True, False, True, True, True])
    np.testing.assert_array_equal(
        softmax(SCORES, where=mask), softmax(SCORES, where=np.broadcast_to(mask, SCORES.shape))
    )
    np.testing.assert_array_equal(log_softmax(SCORES, where=True), log_softmax(SCORES))


def test_results_of_one_row_are_scalars():
    row = SCORES[0, 0]
    for result in (
        logsumexp(row),
        logsumexp(row.tolist()),
        logsumexp(row.astype(np.float16)),
        cross_entropy(row, 1),
        cross_entropy(row, np.array(1)),
        cross_entropy_gradient(row, 1)[0],
        cross_entropy_gradient(row, np.array(1))[0],
        softmax(1.0, axis=None),
    ):
        assert isinstance(result, np.floating)
