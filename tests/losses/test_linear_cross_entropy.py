# SPDX-License-Identifier: BSD-3-Clause
"""The fused loss of linear scores against the loss of the scores, whole or in blocks of rows and classes."""

import ml_dtypes
import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from multinoulli.losses import (
    _linear_blocks,
    _linear_pieces,
    cross_entropy,
    cross_entropy_gradient,
    linear_cross_entropy,
    linear_cross_entropy_gradient,
)

NAN, INF = np.nan, np.inf
N, D, K = 300, 7, 41
RNG = np.random.default_rng(0)
X, COEF, INTERCEPT = RNG.standard_normal((N, D)), RNG.standard_normal((K, D)), RNG.standard_normal(K)
LABELS = RNG.integers(0, K, N)
WEIGHT, CLASS_WEIGHT = RNG.uniform(0.5, 2, N), RNG.uniform(0.5, 2, K)
OPTIONS = {
    "plain": {},
    "weight": {"weight": WEIGHT},
    "some weigh nothing": {"weight": WEIGHT * (np.arange(N) % 3 > 0)},
    "class_weight": {"class_weight": CLASS_WEIGHT},
    "label_smoothing": {"label_smoothing": 0.1},
    "z_loss": {"z_loss": 0.03},
    "ignore_label": {"ignore_label": int(LABELS[0])},
    "sum": {"reduction": "sum"},
    "mean": {"reduction": "mean", "weight": WEIGHT, "class_weight": CLASS_WEIGHT},
    "all": {"weight": WEIGHT, "class_weight": CLASS_WEIGHT, "label_smoothing": 0.3, "z_loss": 0.01},
}


@pytest.fixture(params=["whole", "blocks of rows", "blocks of classes"])
def blocks(request, monkeypatch):
    """Small blocks, so that small arrays have many."""
    if request.param != "whole":
        monkeypatch.setattr(_linear_blocks, "_FEWEST_ROWS", 16)
        monkeypatch.setattr(_linear_blocks, "_MOST_ROWS", 32)
        monkeypatch.setattr(_linear_pieces, "_SMALLEST", 10)
        most = {"blocks of rows": 1 << 27, "blocks of classes": 16 * 8 * 6}[request.param]
        monkeypatch.setattr(_linear_blocks, "_BLOCK_BYTES", most)
    return request.param


def unfused(X, coef, intercept, labels, softcap=None, **options):
    scores = X @ coef.T + (0 if intercept is None else intercept)
    slopes = 1.0
    if softcap is not None:
        scores = softcap * np.tanh(scores / softcap)
        slopes = 1 - (scores / softcap) ** 2
    loss, gradient = cross_entropy_gradient(scores, labels, **options)
    gradient = gradient * slopes
    return loss, gradient @ coef, gradient.T @ X, gradient.sum(axis=0)


@pytest.mark.parametrize("softcap", [None, 2.0])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("with_intercept", [True, False])
def test_it_is_the_loss_of_the_scores(blocks, options, softcap, with_intercept):
    intercept = INTERCEPT if with_intercept else None
    loss, of_X, of_coef, of_intercept = unfused(X, COEF, intercept, LABELS, softcap, **options)
    got, gradient = linear_cross_entropy_gradient(X, COEF, intercept, LABELS, softcap=softcap, **options)
    np.testing.assert_allclose(got, loss, rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(gradient.X, of_X, rtol=0, atol=1e-13)
    np.testing.assert_allclose(gradient.coef, of_coef, rtol=0, atol=1e-12)
    if with_intercept:
        np.testing.assert_allclose(gradient.intercept, of_intercept, rtol=0, atol=1e-12)
    else:
        assert gradient.intercept is None
    only = linear_cross_entropy(X, COEF, intercept, LABELS, softcap=softcap, **options)
    np.testing.assert_allclose(only, loss, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", [name for name in OPTIONS if name != "plain"] + ["softcap"])
def test_every_option_is_read(name):
    options = {"softcap": 3.0} if name == "softcap" else OPTIONS[name]
    arguments = X, COEF, INTERCEPT, LABELS
    plain, other = (linear_cross_entropy_gradient(*arguments, **some) for some in ({}, options))
    assert np.shape(plain[0]) != np.shape(other[0]) or (plain[0] != other[0]).any()
    assert name == "sum" or (plain[1].coef != other[1].coef).any()


def test_float32_is_as_exact_as_its_matrix_products(blocks):
    single = [array.astype(np.float32) for array in (X, COEF, INTERCEPT)]
    loss, gradient = linear_cross_entropy_gradient(*single, LABELS)
    exact = unfused(*(array.astype(np.float64) for array in single), LABELS)
    assert loss.dtype == gradient.X.dtype == gradient.coef.dtype == gradient.intercept.dtype == np.float32
    scores = single[0] @ single[1].T + single[2]
    plain_loss, plain_gradient = cross_entropy_gradient(scores, LABELS)
    plain = plain_loss, plain_gradient @ single[1], plain_gradient.T @ single[0], plain_gradient.sum(axis=0)
    for got, want, other in zip((loss, gradient.X, gradient.coef, gradient.intercept), exact, plain, strict=True):
        assert np.abs(got - want).max() <= 2 * np.abs(other - want).max() + 1e-7


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16])
def test_16_bits_are_computed_in_float32(dtype):
    low = [array.astype(dtype) for array in (X, COEF, INTERCEPT)]
    loss, gradient = linear_cross_entropy_gradient(*low, LABELS, reduction="mean")
    want, exact = linear_cross_entropy_gradient(*(array.astype(np.float32) for array in low), LABELS, reduction="mean")
    assert loss.dtype == gradient.X.dtype == gradient.coef.dtype == dtype
    assert loss == want.astype(dtype)
    np.testing.assert_array_equal(gradient.coef, exact.coef.astype(dtype))
    np.testing.assert_array_equal(gradient.X, exact.X.astype(dtype))


def test_types_and_layouts():
    integers = linear_cross_entropy([[1, 2]], [[1, 0], [0, 1]], [0, 0], [1])
    assert integers.dtype == np.float64
    mixed = linear_cross_entropy(X.astype(np.float32), COEF, INTERCEPT, LABELS)
    assert mixed.dtype == np.float64
    want = linear_cross_entropy_gradient(X, COEF, INTERCEPT, LABELS)
    got = linear_cross_entropy_gradient(
        np.asfortranarray(X), np.asfortranarray(COEF), INTERCEPT, LABELS.astype(np.uint8)
    )
    np.testing.assert_array_equal(got[0], want[0])
    np.testing.assert_array_equal(got[1].coef, want[1].coef)


def test_absent_samples():
    labels, samples = LABELS.copy(), X.copy()
    labels[::2], samples[::2] = -100, NAN
    loss, gradient = linear_cross_entropy_gradient(
        samples, COEF, INTERCEPT, labels, ignore_label=-100, reduction="mean"
    )
    want, exact = linear_cross_entropy_gradient(X[1::2], COEF, INTERCEPT, LABELS[1::2], reduction="mean")
    assert loss == want
    np.testing.assert_array_equal(gradient.coef, exact.coef)
    np.testing.assert_array_equal(gradient.X[1::2], exact.X)
    np.testing.assert_array_equal(gradient.X[::2], 0)


def test_no_features():
    loss, gradient = linear_cross_entropy_gradient(np.zeros((3, 0)), np.zeros((4, 0)), np.zeros(4), [0, 1, 2])
    np.testing.assert_allclose(loss, np.log(4))
    assert gradient.X.shape == (3, 0)
    np.testing.assert_allclose(gradient.intercept, [-0.25, -0.25, -0.25, 0.75])


def test_nothing_at_all():
    loss, gradient = linear_cross_entropy_gradient(np.zeros((0, D)), COEF, INTERCEPT, np.zeros(0, int))
    assert loss.shape == (0,)
    np.testing.assert_array_equal(gradient.coef, np.zeros((K, D)))
    with pytest.raises(ValueError, match="no mean loss without samples"):
        linear_cross_entropy(np.zeros((0, D)), COEF, INTERCEPT, np.zeros(0, int), reduction="mean")


def test_special_scores(blocks):
    coef, samples = COEF.copy(), X.copy()
    samples[3, 0] = NAN
    intercept = INTERCEPT.copy()
    intercept[5] = -INF
    scores = samples @ coef.T + intercept
    want = cross_entropy(scores, LABELS)
    got = linear_cross_entropy(samples, coef, intercept, LABELS)
    assert np.isnan(got[3])
    np.testing.assert_allclose(got, want, rtol=1e-12)
    intercept[[7, 30]] = INF
    with np.errstate(invalid="ignore"):
        want = cross_entropy_gradient(samples @ coef.T + intercept, LABELS)
    got, gradient = linear_cross_entropy_gradient(samples, coef, intercept, LABELS)
    np.testing.assert_allclose(got, want[0], rtol=1e-12)
    np.testing.assert_allclose(gradient.intercept, want[1].sum(axis=0), rtol=1e-9)


def test_labels_are_checked_before_any_work(monkeypatch):
    def never(*_):
        raise AssertionError("worked")

    monkeypatch.setattr(_linear_blocks.LinearScores, "_scores", never)
    labels = LABELS.copy()
    labels[200] = K
    for function in linear_cross_entropy, linear_cross_entropy_gradient:
        with pytest.raises(ValueError, match=f"labels must lie in 0...K-1, but one is {K} and coef has {K} rows"):
            function(X, COEF, INTERCEPT, labels)


def test_wrong_arguments_are_refused_by_name():
    def refused(error, match, *arguments, **options):
        for function in linear_cross_entropy, linear_cross_entropy_gradient:
            with pytest.raises(error, match=match):
                function(*arguments, **options)

    refused(ValueError, r"X must have shape \(n_samples, n_features\), not \(7,\)", X[0], COEF, INTERCEPT, LABELS)
    refused(ValueError, r"coef must have shape \(n_classes, 7\)", X, COEF.T, INTERCEPT, LABELS)
    refused(ValueError, r"intercept must have shape \(41,\)", X, COEF, INTERCEPT[:3], LABELS)
    refused(ValueError, r"labels has shape \(299,\), but X has 300", X, COEF, INTERCEPT, LABELS[1:])
    refused(TypeError, "labels must be integers", X, COEF, INTERCEPT, LABELS * 1.0)
    refused(TypeError, "coef must be real numbers", X, COEF * 1j, INTERCEPT, LABELS)
    refused(ValueError, "softcap must be above 0 and finite, not 0", X, COEF, INTERCEPT, LABELS, softcap=0)
    refused(ValueError, "softcap must be above 0 and finite, not nan", X, COEF, INTERCEPT, LABELS, softcap=NAN)
    refused(ValueError, r"class_weight has shape \(3,\)", X, COEF, INTERCEPT, LABELS, class_weight=np.ones(3))
    refused(ValueError, "weight must be finite", X, COEF, INTERCEPT, LABELS, weight=-1)


def relative_error(got, want):
    return np.sqrt(np.mean((got - want) ** 2) / np.mean(want**2))


def test_the_share_of_a_label_is_rounded_once():
    """Each of the classes that a plain product adds behind a label's rounds the sum once more: 4e-7 in all."""
    rng = np.random.default_rng(0)
    samples, coef = (rng.standard_normal(shape, np.float32) / 8 for shape in ((64, 64), (20_000, 64)))
    labels = rng.integers(0, 20_000, 64)
    _, exact = linear_cross_entropy_gradient(samples.astype(float), coef.astype(float), None, labels)
    _, gradient = linear_cross_entropy_gradient(samples, coef, None, labels)
    assert relative_error(gradient.X, exact.X) < 1e-7


@pytest.mark.parametrize("shape", [(1030, 65, 3001), (515, 512, 1000), (40, 7, 12)])
def test_the_same_bits_for_any_number_of_threads(shape):
    n, d, n_classes = shape
    rng = np.random.default_rng(0)
    arrays = [rng.standard_normal(size, np.float32) for size in ((n, d), (n_classes, d), n_classes)]
    labels = rng.integers(0, n_classes, n)
    results = []
    for threads in 1, 2, 3:
        with threadpool_limits(threads):
            loss, gradient = linear_cross_entropy_gradient(*arrays, labels)
        results.append((loss, gradient.X, gradient.coef, gradient.intercept))
    for other in results[1:]:
        for got, want in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("size", [1.0, 5.0], ids=["even", "sharp"])
def test_gradients_are_no_further_off_than_pytorch_s(size):
    """In the root mean square over all entries."""
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    n, d, n_classes = 1024, 512, 4000
    arrays = [rng.standard_normal(shape, np.float32) for shape in ((n, d), (n_classes, d), n_classes)]
    arrays[0] *= np.float32(size * d**-0.5)
    labels = rng.integers(0, n_classes, n)
    _, exact = linear_cross_entropy_gradient(*(a.astype(np.float64) for a in arrays), labels, reduction="mean")
    _, ours = linear_cross_entropy_gradient(*arrays, labels, reduction="mean")
    leaves = [torch.from_numpy(array).requires_grad_() for array in arrays]
    loss = torch.nn.functional.cross_entropy(torch.nn.functional.linear(*leaves), torch.from_numpy(labels))
    theirs = torch.autograd.grad(loss, leaves)
    for name, other in zip(("X", "coef", "intercept"), theirs, strict=True):
        want = getattr(exact, name)
        assert relative_error(getattr(ours, name), want) <= relative_error(other.numpy(), want), name
