# SPDX-License-Identifier: BSD-3-Clause
"""Two classes told apart by one score: the exact values, and the case K = 2 of the cross-entropy."""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from multinoulli._core import get_num_threads, set_num_threads
from multinoulli.losses import (
    binary_cross_entropy,
    binary_cross_entropy_gradient,
    cross_entropy,
    cross_entropy_gradient,
)
from reference import ulps

INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(0)
SCORES = np.concatenate([RNG.normal(0, 3, 200), RNG.uniform(-700, 700, 50), [0, -0.0, 1e-30, 36, -36]])
LABELS = RNG.integers(0, 2, len(SCORES))
SHARES = RNG.random(len(SCORES))
WEIGHT, CLASS_WEIGHT = RNG.uniform(0.5, 2, len(SCORES)), np.array([0.7, 1.9])
OPTIONS = {
    "plain": {},
    "weight": {"weight": WEIGHT},
    "class_weight": {"class_weight": CLASS_WEIGHT},
    "label_smoothing": {"label_smoothing": 0.1},
    "z_loss": {"z_loss": 0.3},
    "ignore_label": {"ignore_label": 1},
    "mean": {"reduction": "mean", "class_weight": CLASS_WEIGHT, "weight": WEIGHT},
    "sum": {"reduction": "sum"},
    "all": {"weight": WEIGHT, "class_weight": CLASS_WEIGHT, "label_smoothing": 0.3, "z_loss": 0.01},
}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_plain_labels_within_promised_ulps(dtype):
    scores = SCORES.astype(dtype)
    s = [mpf(float(score)) for score in scores]
    away = [-a if label else a for a, label in zip(s, LABELS, strict=True)]
    loss, gradient = binary_cross_entropy_gradient(scores, LABELS)
    assert loss.dtype == gradient.dtype == dtype
    assert ulps(loss, [mpmath.log1p(mpmath.exp(a)) for a in away]) <= 1.5
    proba = [1 / (1 + mpmath.exp(-a)) for a in away]
    assert ulps(gradient, [-p if label else p for p, label in zip(proba, LABELS, strict=True)]) <= 1.5
    np.testing.assert_array_equal(binary_cross_entropy(scores, LABELS), loss)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "probabilities"])
def test_it_is_the_case_of_two_classes(dtype, name, soft):
    """To 4 ulp; plain to 3.5: 1.5 of the one, 2 of the other. Of the gradient, where it is a difference, its terms'."""
    scores, options = SCORES.astype(dtype), OPTIONS[name]
    labels = SHARES if soft else LABELS
    pairs = np.stack([np.zeros_like(scores), scores], axis=1)
    targets = np.stack([1 - SHARES, SHARES], axis=1) if soft else LABELS
    if soft and name == "ignore_label":  # which target probabilities do not have; here no probability is the label
        targets, options = targets[labels != 1], {}
    loss, gradient = binary_cross_entropy_gradient(scores, labels, **options)
    want, want_gradient = cross_entropy_gradient(pairs, targets, **options)
    assert (np.abs(loss - want) <= (4 if options else 3.5) * np.spacing(np.abs(want))).all()
    difference = soft or name in ("label_smoothing", "z_loss", "all")
    terms = WEIGHT.max() * CLASS_WEIGHT.max() * (1 + 700 if options.get("z_loss") else 1)
    size = np.maximum(np.abs(want_gradient[:, 1]), terms if difference else 0).astype(dtype)
    assert (np.abs(gradient - want_gradient[:, 1]) <= 4 * np.spacing(size)).all()
    np.testing.assert_array_equal(loss, binary_cross_entropy(scores, labels, **options))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "probabilities"])
def test_the_gradient_is_the_slope(options, soft):
    scores = np.clip(SCORES, -20, 20)
    labels = SHARES if soft else LABELS
    direction = np.random.default_rng(1).standard_normal(len(scores))
    step = 1e-5
    ahead, behind = (np.sum(binary_cross_entropy(scores + s * direction, labels, **options)) for s in (step, -step))
    gradient = binary_cross_entropy_gradient(scores, labels, **options)[1]
    np.testing.assert_allclose(gradient @ direction, (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "plain"])
def test_every_option_is_read(name):
    plain, other = binary_cross_entropy(SCORES, LABELS), binary_cross_entropy(SCORES, LABELS, **OPTIONS[name])
    assert np.shape(plain) != np.shape(other) or (plain != other).any()


def test_absent_samples():
    scores, labels = np.array([0.0, NAN, 1.0, 2.0]), np.array([1, 1, -1, 7])
    weight = np.array([2.0, 0, 1, 0])
    loss, gradient = binary_cross_entropy_gradient(scores, labels, weight=weight, ignore_label=-1)
    np.testing.assert_allclose(loss, [2 * np.log(2), 0, 0, 0])
    np.testing.assert_allclose(gradient, [-1, 0, 0, 0])
    got = binary_cross_entropy(scores, labels, weight=weight, ignore_label=-1, reduction="mean")
    np.testing.assert_allclose(got, np.log(2))


def test_special_values():
    scores = np.array([INF, INF, -INF, -INF, NAN])
    loss, gradient = binary_cross_entropy_gradient(scores, [1, 0, 1, 0, 1])
    np.testing.assert_array_equal(loss, [0, INF, INF, 0, NAN])
    np.testing.assert_array_equal(gradient, [0, 1, -1, 0, NAN])
    np.testing.assert_array_equal(binary_cross_entropy(scores, [1.0, 0, 1, 0.5, 0]), [0, INF, INF, INF, NAN])


def test_types_shapes_and_out():
    assert binary_cross_entropy(np.zeros((3, 1), np.float16), np.zeros(4, bool)).shape == (3, 4)
    assert binary_cross_entropy(np.zeros(3, np.float16), [0, 1, 1]).dtype == np.float16
    assert np.shape(binary_cross_entropy(0.0, 1)) == ()
    want = binary_cross_entropy_gradient(SCORES, LABELS)
    scores = SCORES.copy()
    out = np.zeros(len(scores)), scores
    got = binary_cross_entropy_gradient(scores, LABELS, out=out)
    assert got[0] is out[0]
    assert got[1] is scores
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)
    single = np.zeros(len(SCORES))
    assert binary_cross_entropy(SCORES, LABELS, out=single) is single
    np.testing.assert_array_equal(single, want[0])


@pytest.mark.parametrize(
    "dtype", [bool, np.int8, np.uint8, np.int32, np.int64, np.uint64, ">i8", np.float16, np.float32, ">f8"]
)
def test_labels_of_any_type(dtype):
    labels = LABELS.astype(dtype)
    for options in {}, OPTIONS["all"], OPTIONS["mean"]:
        want = binary_cross_entropy_gradient(SCORES, LABELS.astype(float), **options)
        for a, b in zip(want, binary_cross_entropy_gradient(SCORES, labels, **options), strict=True):
            np.testing.assert_array_equal(a, b)
    if dtype not in (bool, np.uint8, np.uint64):
        with pytest.raises(ValueError, match="but one is -1"):
            binary_cross_entropy(0.0, np.array([0, 1, -1]).astype(dtype), reduction="mean", class_weight=[1, 2])
    if dtype is not bool:
        with pytest.raises(ValueError, match="but one is 2"):
            binary_cross_entropy(np.zeros(600), np.repeat([0, 1, 2], 200).astype(dtype))


def test_shares_near_1_keep_what_is_left_of_them():
    q = 1 - 1e-10
    want = q * np.log1p(np.exp(-20.0)) + (1 - q) * np.log1p(np.exp(20.0))
    np.testing.assert_allclose(binary_cross_entropy(np.float32(20), q), want, rtol=3e-7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_threads_places_and_sums(dtype):
    rng = np.random.default_rng(5)
    scores, labels = rng.normal(0, 4, 300_001).astype(dtype), rng.random(300_001)
    threads = get_num_threads()
    results = []
    for number in 1, 5:
        set_num_threads(number)
        try:
            results.append(binary_cross_entropy_gradient(scores, labels, z_loss=0.1))
            results.append(binary_cross_entropy_gradient(scores, labels, z_loss=0.1, reduction="sum"))
        finally:
            set_num_threads(threads)
    for a, b in zip(results[0] + results[1], results[2] + results[3], strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_allclose(results[1][0], results[0][0].sum(dtype=float), rtol=1e-6)
    np.testing.assert_array_equal(binary_cross_entropy(scores[::-3], labels[::-3], z_loss=0.1), results[0][0][::-3])


def test_wrong_arguments_are_refused_by_name():
    def refused(error, match, labels=LABELS, **options):
        for function in binary_cross_entropy, binary_cross_entropy_gradient:
            with pytest.raises(error, match=match):
                function(SCORES, labels, **options)

    refused(ValueError, "labels must be 0 or 1, but one is 2", np.where(LABELS, 2, 0))
    refused(
        ValueError, r"labels must lie in \[0, 1\], being probabilities, but one is -0.5", np.full(len(SCORES), -0.5)
    )
    refused(ValueError, "labels must lie in .* but one is nan", np.full(len(SCORES), NAN))
    refused(TypeError, "labels must be 0 and 1, or probabilities of 1, not <U1", ["a"] * len(SCORES))
    refused(ValueError, r"labels has shape \(3,\), which does not broadcast", [0, 1, 1])
    refused(ValueError, r"class_weight has shape \(3,\), but there are 2 classes", class_weight=[1, 1, 1])
    refused(ValueError, "weight must be finite", weight=-1)
    refused(ValueError, "label_smoothing must lie", label_smoothing=2)
    with pytest.raises(TypeError, match="out must be a pair"):
        binary_cross_entropy_gradient(SCORES, LABELS, out=np.zeros(3))
    with pytest.raises(TypeError, match="scores must be real numbers"):
        binary_cross_entropy(["a"], [1])


def test_large_and_small_scores_of_the_two_agree():
    for s in 1e-300, 1e300, -1e300:
        assert binary_cross_entropy(s, 1) == cross_entropy([0, s], 1)
