# SPDX-License-Identifier: BSD-3-Clause
"""Soft targets, class weights, smoothing, ignored labels and the z-loss: loss and gradient against their formulas."""

import mpmath
import numpy as np
import pytest
from mpmath import mpf

from multinoulli._core import get_num_threads, set_num_threads
from multinoulli.losses import cross_entropy, cross_entropy_gradient
from reference import exact_row, ulps

INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(0)
SCORES = RNG.normal(0, 3, (6, 5))
LABELS = RNG.integers(0, 5, 6)
TARGETS = RNG.dirichlet(np.ones(5), 6)
WEIGHT, CLASS_WEIGHT = RNG.uniform(0.5, 2, 6), RNG.uniform(0.5, 2, 5)
OPTIONS = {
    "plain": {},
    "weight": {"weight": WEIGHT},
    "class_weight": {"class_weight": CLASS_WEIGHT},
    "label_smoothing": {"label_smoothing": 0.1},
    "smoothed away": {"label_smoothing": 1.0},
    "z_loss": {"z_loss": 0.3},
    "temperature": {"temperature": 0.7, "z_loss": 0.1},
    "where": {"where": np.array([True, True, False, True, True]), "label_smoothing": 0.2},
    "all": {"weight": WEIGHT, "class_weight": CLASS_WEIGHT, "label_smoothing": 0.3, "z_loss": 0.01},
}


def exact_loss(scores, target, *, class_weight=None, label_smoothing=0, z_loss=0, temperature=1, where=None, weight=1):
    """One sample by the definition, and the size of its terms."""
    kept = [k for k in range(len(scores)) if where is None or where[k]]
    z = [mpf(float(scores[k])) / mpf(float(temperature)) for k in kept]
    exact = exact_row(z)
    shares = [mpf(float(target[k])) * (1 - mpf(label_smoothing)) + mpf(label_smoothing) / len(kept) for k in kept]
    if class_weight is not None:
        shares = [share * mpf(float(class_weight[k])) for k, share in zip(kept, shares, strict=True)]
    cost = mpmath.fsum(-share * log_p for share, log_p in zip(shares, exact["log_softmax"], strict=True))
    return mpf(float(weight)) * (cost + mpf(z_loss) * exact["logsumexp"][0] ** 2)


def one_hot(labels, n_classes):
    return np.eye(n_classes)[labels]


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "targets"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_formula(options, soft, dtype):
    scores = SCORES.astype(dtype)
    target = TARGETS.copy() if soft else one_hot(LABELS, 5)
    labels = np.where(LABELS == 2, 1, LABELS) if "where" in options else LABELS
    if "where" in options:
        target = np.where(options["where"], target, 0) if soft else one_hot(labels, 5)
        target = target / target.sum(axis=1, keepdims=True)
    each = {**options, "weight": options.get("weight", np.ones(6))}
    exact = [exact_loss(z, t, **{**each, "weight": w}) for z, t, w in zip(scores, target, each["weight"], strict=True)]
    got = cross_entropy(scores, target if soft else labels, **options)
    assert got.dtype == dtype
    assert ulps(got, exact) <= 4
    np.testing.assert_array_equal(cross_entropy_gradient(scores, target if soft else labels, **options)[0], got)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "targets"])
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("reduction", [None, "sum", "mean"])
def test_the_gradient_is_the_slope(options, soft, axis, reduction):
    if axis == 0 and "where" in options:
        options = {**options, "where": options["where"][:, None]}
    scores = SCORES if axis == -1 else SCORES.T
    target = (TARGETS if axis == -1 else TARGETS.T) if soft else LABELS
    if soft and "where" in options:
        kept = np.where(options["where"], target, 0)
        target = kept / kept.sum(axis=axis, keepdims=True)
    if not soft and "where" in options:
        target = np.where(target == 2, 1, target)
    options = {**options, "axis": axis, "reduction": reduction}
    loss, gradient = cross_entropy_gradient(scores, target, **options)
    np.testing.assert_array_equal(loss, cross_entropy(scores, target, **options))
    assert gradient.shape == scores.shape
    direction = np.random.default_rng(1).standard_normal(scores.shape)
    step = 1e-5
    ahead, behind = (np.sum(cross_entropy(scores + s * direction, target, **options)) for s in (step, -step))
    np.testing.assert_allclose((gradient * direction).sum(), (ahead - behind) / (2 * step), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["weight", "class_weight", "label_smoothing", "z_loss", "ignore_label"])
def test_every_option_is_read(name):
    options = {"ignore_label": {"ignore_label": int(LABELS[0])}}.get(name) or OPTIONS[name]
    plain, other = cross_entropy_gradient(SCORES, LABELS), cross_entropy_gradient(SCORES, LABELS, **options)
    assert (plain[0] != other[0]).any()
    assert (plain[1] != other[1]).any()


def test_certain_targets_are_labels():
    targets = one_hot(LABELS, 5)
    for options in OPTIONS.values():
        if "where" in options:
            continue
        for a, b in zip(
            cross_entropy_gradient(SCORES, targets, **options),
            cross_entropy_gradient(SCORES, LABELS, **options),
            strict=True,
        ):
            np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("ignored", [-100, 3, 99])
@pytest.mark.parametrize(
    "options", [{}, {"weight": WEIGHT}, {"class_weight": CLASS_WEIGHT, "label_smoothing": 0.1}], ids=str
)
def test_ignored_samples_are_absent(ignored, options):
    labels = np.where(np.arange(6) % 3 == 1, ignored, LABELS % 3)
    scores = SCORES.copy()
    scores[labels == ignored] = NAN
    present = labels != ignored
    kept = {**options, "weight": options["weight"][present]} if "weight" in options else options
    want = cross_entropy_gradient(scores[present], labels[present], **kept)
    loss, gradient = cross_entropy_gradient(scores, labels, ignore_label=ignored, **options)
    np.testing.assert_array_equal(loss[present], want[0])
    np.testing.assert_array_equal(gradient[present], want[1])
    np.testing.assert_array_equal(loss[~present], 0)
    np.testing.assert_array_equal(gradient[~present], 0)
    for reduction in "sum", "mean":
        want = cross_entropy_gradient(scores[present], labels[present], reduction=reduction, **kept)
        got = cross_entropy_gradient(scores, labels, ignore_label=ignored, reduction=reduction, **options)
        assert got[0] == want[0]
        np.testing.assert_array_equal(got[1][present], want[1])


# Where rows are read side by side, one by one, and in spans.
@pytest.mark.parametrize("n_classes", [2, 10, 64, 65, 300, 9000, 300_000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "options",
    [{}, {"label_smoothing": 0.1, "z_loss": 0.1}, {"temperature": 0.5}, {"empty": "zero"}, {"axis": 0}],
    ids=str,
)
def test_nothing_of_an_absent_row_is_looked_at(n_classes, dtype, options):
    """Whatever it holds; the others have the bits, and the sums, that they have without it."""
    rng = np.random.default_rng(n_classes)
    n = 1000 if n_classes < 1000 else 7
    scores, labels = rng.normal(0, 3, (n, n_classes)).astype(dtype), rng.integers(0, n_classes, n)
    present = rng.random(n) < 0.6
    present[[0, n - 1]] = False
    scores[~present] = rng.choice([NAN, INF, -INF, 1e30], ((~present).sum(), 1))
    ignored, weight = np.where(present, labels, -100), np.where(present, 1.0, 0.0)
    axis = options.get("axis", -1)
    given = scores if axis == -1 else scores.T.copy()
    for reduction in None, "mean":
        want = cross_entropy_gradient(scores[present], labels[present], reduction=reduction, **{**options, "axis": -1})
        for y, how in (ignored, {"ignore_label": -100}), (np.where(present, labels, n_classes), {"weight": weight}):
            loss, gradient = cross_entropy_gradient(given, y, reduction=reduction, **how, **options)
            np.testing.assert_array_equal(loss, cross_entropy(given, y, reduction=reduction, **how, **options))
            gradient = gradient if axis == -1 else gradient.T
            np.testing.assert_array_equal(gradient[present], want[1])
            np.testing.assert_array_equal(gradient[~present], 0)
            if reduction is None:
                np.testing.assert_array_equal(loss[~present], 0)
                loss = loss[present]
            np.testing.assert_array_equal(loss, want[0])


def test_absent_rows_without_a_distribution_do_not_raise():
    scores = np.array([[-INF, -INF], [0, 0]])
    assert cross_entropy(scores, [9, 0], ignore_label=9, empty="raise", reduction="mean") == np.log(2)
    np.testing.assert_array_equal(cross_entropy(scores, [0, 0], weight=[0, 1], empty="uniform"), [0, np.log(2)])
    with pytest.raises(ValueError, match=r"no entry above -inf in row \(0,\)"):
        cross_entropy(scores, [0, 9], ignore_label=9, empty="raise")


def test_absent_targets_are_not_looked_at():
    targets, weight = TARGETS.copy(), WEIGHT * (np.arange(6) != 2)
    targets[2] = NAN
    present = weight > 0
    for options in {}, {"class_weight": CLASS_WEIGHT, "reduction": "mean"}:
        want = cross_entropy_gradient(SCORES[present], targets[present], weight=weight[present], **options)
        loss, gradient = cross_entropy_gradient(SCORES, targets, weight=weight, **options)
        np.testing.assert_array_equal(loss if "reduction" in options else loss[present], want[0])
        np.testing.assert_array_equal(gradient[present], want[1])
        np.testing.assert_array_equal(gradient[2], 0)


def test_the_mean_weighs_classes():
    got = cross_entropy(SCORES, LABELS, class_weight=CLASS_WEIGHT, weight=WEIGHT, reduction="mean")
    weights = CLASS_WEIGHT[LABELS] * WEIGHT
    np.testing.assert_allclose(got, weights @ cross_entropy(SCORES, LABELS) / weights.sum())
    got = cross_entropy(SCORES, TARGETS, class_weight=CLASS_WEIGHT, reduction="mean")
    want = (cross_entropy(SCORES, TARGETS, class_weight=CLASS_WEIGHT)).sum() / (TARGETS @ CLASS_WEIGHT).sum()
    np.testing.assert_allclose(got, want)


def test_everyone_ignored():
    options = {"ignore_label": 7}
    labels = np.full(6, 7)
    with pytest.raises(ValueError, match="no mean loss without samples"):
        cross_entropy_gradient(SCORES, labels, reduction="mean", **options)
    loss, gradient = cross_entropy_gradient(SCORES, labels, reduction="mean", empty_mean=0, **options)
    assert loss == 0
    np.testing.assert_array_equal(gradient, np.zeros_like(SCORES))


def test_targets_of_probability_0_cost_nothing_where_the_class_is_impossible():
    scores, targets = np.array([[0, 0, -INF]]), np.array([[0.5, 0.5, 0]])
    loss, gradient = cross_entropy_gradient(scores, targets)
    np.testing.assert_allclose(loss, np.log(2))
    np.testing.assert_array_equal(gradient, 0)
    assert cross_entropy(scores, [[0.5, 0.25, 0.25]]) == INF
    assert cross_entropy(scores, [0], label_smoothing=0.1) == INF
    assert np.isnan(cross_entropy([[0, NAN, 0]], targets))


def test_soft_targets_of_16_bits_may_be_coarse():
    rng = np.random.default_rng(2)
    targets = rng.dirichlet(np.ones(200), 3).astype(np.float16)
    assert np.abs(targets.sum(axis=1, dtype=float) - 1).max() > 1e-5
    scores = rng.standard_normal((3, 200))
    want = -(targets * (scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))).sum(axis=1)
    np.testing.assert_allclose(cross_entropy(scores, targets), want, rtol=1e-3)


def test_a_class_without_weight_costs_nothing_where_it_is_impossible():
    weights = np.array([1.0, 1, 0])
    for options in {}, {"label_smoothing": 0.1}, {"z_loss": 0.1}:
        loss, gradient = cross_entropy_gradient([[0, 0, -INF]], [2], class_weight=weights, **options)
        assert np.isfinite(loss).all()
        assert np.isfinite(gradient).all()
        assert np.isnan(cross_entropy([[0, NAN, -INF]], [2], class_weight=weights, **options)).all()


# Shorter than a vector, whole vectors, tails, and rows longer than what is worked on at once.
@pytest.mark.parametrize("n_classes", [1, 2, 7, 8, 9, 16, 17, 100, 3000, 9000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("soft", [None, np.float32, np.float64], ids=str)
def test_rows_of_any_length(n_classes, dtype, soft):
    rng = np.random.default_rng(n_classes)
    n, epsilon = 5, np.finfo(dtype).eps
    scores, labels = rng.normal(0, 3, (n, n_classes)).astype(dtype), rng.integers(0, n_classes, n)
    targets = one_hot(labels, n_classes) if soft is None else rng.dirichlet(np.ones(n_classes), n).astype(soft)
    weight, class_weight = rng.uniform(0.5, 2, n), rng.uniform(0.5, 2, n_classes)
    z = scores.astype(np.longdouble)
    log_sums = np.log(np.exp(z).sum(axis=1, keepdims=True))
    shares = class_weight * (0.7 * targets.astype(np.longdouble) + 0.3 / n_classes)
    want = weight * ((shares * (log_sums - z)).sum(axis=1) + 0.1 * log_sums[:, 0] ** 2)
    terms = (shares.sum(axis=1, keepdims=True) + 0.2 * log_sums) * np.exp(z - log_sums)
    options = {"weight": weight, "class_weight": class_weight, "label_smoothing": 0.3, "z_loss": 0.1}
    given = labels if soft is None else targets
    loss = cross_entropy_gradient(scores, given, **options)[0]
    np.testing.assert_allclose(loss, want.astype(float), rtol=4 * epsilon)
    np.testing.assert_array_equal(loss, cross_entropy(scores, given, **options))
    mean, gradient = cross_entropy_gradient(scores, given, reduction="mean", **options)
    factors = (weight / (weight @ (targets @ class_weight)))[:, None]
    np.testing.assert_allclose(mean, want.sum() / (weight @ (targets @ class_weight)), rtol=4 * epsilon)
    assert gradient.dtype == dtype
    assert (abs(gradient - factors * (terms - shares)) <= 4 * epsilon * factors * np.maximum(abs(terms), shares)).all()


def test_threads_layouts_and_neighbours_change_no_bit():
    rng = np.random.default_rng(3)
    scores, labels = rng.normal(size=(60_000, 11)).astype(np.float32), rng.integers(0, 11, 60_000)
    targets = rng.dirichlet(np.ones(11), 60_000)
    threads = get_num_threads()
    for given in labels, targets:
        for options in {"class_weight": np.arange(11)}, {"label_smoothing": 0.1, "z_loss": 0.1, "temperature": 0.5}:
            set_num_threads(1)
            want = cross_entropy_gradient(scores, given, **options)
            set_num_threads(5)
            try:
                got = cross_entropy_gradient(scores, given, **options)
            finally:
                set_num_threads(threads)
            upright = cross_entropy_gradient(
                np.asfortranarray(scores.T), given if given is labels else np.asfortranarray(given.T), axis=0, **options
            )
            for a, b, c in zip(want, got, upright, strict=True):
                np.testing.assert_array_equal(a, b)
                np.testing.assert_array_equal(a, c.T)
            some = slice(12_345, 12_348)
            few = cross_entropy_gradient(scores[some].astype(">f4"), given[some], **options)
            for a, b in zip(want, few, strict=True):
                np.testing.assert_array_equal(a[some], b)


def test_no_samples():
    for labels in np.zeros((0, 5)), np.zeros(0, int), []:
        loss, gradient = cross_entropy_gradient(np.zeros((0, 5)), labels)
        assert loss.shape == (0,)
        assert gradient.shape == (0, 5)
        assert cross_entropy(np.zeros((0, 5)), labels, reduction="sum", label_smoothing=0.1) == 0


def test_wrong_arguments_are_refused_by_name():
    def refused(error, match, labels=LABELS, **options):
        for function in cross_entropy, cross_entropy_gradient:
            with pytest.raises(error, match=match):
                function(SCORES, labels, **options)

    coarse = TARGETS.copy()
    coarse[3, 0] += 0.01
    refused(ValueError, r"must sum to 1 within 1e-05, but row \(3,\) sums to 1.01", coarse)
    refused(ValueError, "must be at least 0, but one is -0.5", np.array([[1.5, -0.5, 0, 0, 0]] * 6))
    refused(ValueError, "must be at least 0, but one is nan", np.full((6, 5), NAN))
    refused(TypeError, r"labels must be integers .*target probabilities of the scores' shape \(6, 5\)", LABELS * 1.0)
    refused(ValueError, r"class_weight has shape \(4,\), but there are 5 classes", class_weight=np.ones(4))
    refused(ValueError, "class_weight must be finite and at least 0, but one is -1.0", class_weight=[1, 1, -1, 1, 1])
    refused(ValueError, "class_weight must be finite and at least 0, but one is nan", class_weight=[1, 1, NAN, 1, 1])
    refused(TypeError, "class_weight must be real numbers", class_weight=["a"] * 5)
    refused(ValueError, r"label_smoothing must lie in \[0, 1\], not 1.5", label_smoothing=1.5)
    refused(ValueError, r"label_smoothing must lie in \[0, 1\], not nan", label_smoothing=NAN)
    refused(TypeError, "label_smoothing must be a real number", label_smoothing="0.1")
    refused(ValueError, "z_loss must be finite and at least 0, not -1", z_loss=-1)
    refused(TypeError, "ignore_label must be an integer", ignore_label=1.0)
    refused(ValueError, "ignore_label=1 needs integer labels", TARGETS, ignore_label=1)
    refused(ValueError, "reduction must be", reduction="average")
    refused(ValueError, r"labels must lie in 0...K-1, but one is 9", np.full(6, 9))


def test_nothing_is_written_unless_both_outputs_fit():
    loss, gradient = np.full(6, 7.0), np.full((5, 6), 7.0)
    with pytest.raises(ValueError, match="out has shape"):
        cross_entropy_gradient(SCORES, LABELS, z_loss=0.1, out=(loss, gradient))
    assert (loss == 7).all()
    assert (gradient == 7).all()
    pair = (np.zeros(6), np.zeros((6, 5)))
    got = cross_entropy_gradient(SCORES, LABELS, z_loss=0.1, out=pair)
    assert got[0] is pair[0]
    assert got[1] is pair[1]
    np.testing.assert_array_equal(got[1], cross_entropy_gradient(SCORES, LABELS, z_loss=0.1)[1])
