# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch, JAX and array-api-strict: the answers that NumPy's arrays get, in arrays of their own, differentiable."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

from multinoulli import functions, losses

INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(0)
SCORES, VECTOR = RNG.normal(0, 3, (2, 3, 4, 5))
MASK = RNG.random((3, 4, 5)) < 0.7
MASK[0] = True
LABELS = RNG.integers(0, 5, (3, 4))
TARGETS = RNG.dirichlet(np.ones(5), (3, 4))
SPECIAL = np.array(
    [
        [0, NAN, 1],
        [INF, 0, INF],
        [INF, NAN, 0],
        [-INF, 0, 1],
        [-INF, -INF, -INF],
        [-1e308, 1e308, 0],
        [5, 5, 5],
        [0, -50, -60],
    ]
)


def library(name):
    module = pytest.importorskip(name)
    if name == "jax":
        module.config.update("jax_enable_x64", True)
        return importlib.import_module("jax.numpy")
    return module


@pytest.fixture(params=["torch", "jax", "array_api_strict"])
def xp(request):
    return library(request.param)


def to(xp, value):
    return xp.asarray(value.copy()) if isinstance(value, np.ndarray) else value


def same(xp, name, *arguments, rtol=1e-13, **options):
    """Both answers agree, and the other one is an array of its own kind."""
    function = getattr(functions, name, None) or getattr(losses, name)
    want = function(*arguments, **options)
    got = function(*(to(xp, a) for a in arguments), **{key: to(xp, value) for key, value in options.items()})
    kind = type(to(xp, SCORES))
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for a, b in pairs:
        assert isinstance(a, kind)
        assert tuple(a.shape) == np.shape(b)
        assert str(np.asarray(b).dtype) in str(a.dtype)
        np.testing.assert_allclose(np.asarray(a), b, rtol=rtol, atol=1e-15)


OF_ROWS = ["softmax", "log_softmax", "logsumexp"]
PRODUCTS = ["softmax_vjp", "softmax_jvp", "log_softmax_vjp", "cross_entropy_hvp"]
ROW_OPTIONS = [{}, {"temperature": 0.5}, {"temperature": 3}, {"where": MASK}, {"where": MASK[1], "temperature": 2.0}]


@pytest.mark.parametrize("name", OF_ROWS + PRODUCTS + ["softmax_jacobian"])
@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
@pytest.mark.parametrize("options", ROW_OPTIONS, ids=str)
def test_functions_of_rows(xp, name, axis, options):
    arguments = (SCORES, VECTOR) if name in PRODUCTS else (SCORES,)
    options = {key: np.broadcast_to(value, SCORES.shape) if key == "where" else value for key, value in options.items()}
    same(xp, name, *arguments, axis=axis, rtol=1e-11, **options)


@pytest.mark.parametrize("options", [{}, {"keepdims": True}, {"return_sign": True}, {"weights": VECTOR}], ids=str)
@pytest.mark.parametrize("axis", [-1, (0, 2)])
def test_logsumexp(xp, options, axis):
    same(xp, "logsumexp", SCORES, axis=axis, rtol=1e-12, **options)
    if "weights" in options:
        same(xp, "logsumexp", SCORES, axis=axis, return_sign=True, where=MASK, rtol=1e-12, **options)
        same(xp, "logsumexp", SCORES[:, :1], axis=axis, return_sign=True, rtol=1e-12, **options)


@pytest.mark.parametrize("name", OF_ROWS)
@pytest.mark.parametrize("temperature", [0, 0.5, 1, INF])
@pytest.mark.parametrize("empty", [None, "nan", "zero", "uniform"])
def test_special_values(xp, name, temperature, empty):
    scores = SPECIAL if temperature != 0.5 else np.delete(SPECIAL, 5, axis=0)
    same(xp, name, scores, temperature=temperature, empty=empty)
    same(xp, name, scores, temperature=temperature, empty=empty, where=np.array([False, True, True]))


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "logit", "log1mexp"])
def test_functions_of_one_number(xp, name):
    x = np.concatenate([RNG.normal(0, 10, 100), [0, -0.0, INF, -INF, NAN, 1e-300, 700, -700]])
    if name == "logit":
        x = np.concatenate([RNG.random(100), [0, 1, 0.5, NAN, 1e-300, 1 - 1e-16]])
    elif name == "log1mexp":
        x = np.concatenate([-RNG.exponential(size=100), [-0.0, -INF, NAN, -1e-300, -700]])
    with np.errstate(all="ignore"):
        same(xp, name, x, rtol=1e-14)


LOSS_OPTIONS = [
    {},
    {"weight": np.arange(12.0).reshape(3, 4)},
    {"class_weight": np.array([1, 2, 0.5, 1, 3])},
    {"label_smoothing": 0.1},
    {"z_loss": 0.1},
    {"where": MASK, "label_smoothing": 0.1},
    {"temperature": 2.0, "z_loss": 0.1},
    {"reduction": "sum"},
    {"reduction": "mean", "weight": np.arange(12.0).reshape(3, 4), "class_weight": np.array([1, 2, 0.5, 1, 3])},
]


@pytest.mark.parametrize("options", LOSS_OPTIONS, ids=str)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "targets"])
@pytest.mark.parametrize("axis", [-1, 1])
def test_losses(xp, options, soft, axis):
    target = TARGETS if soft else LABELS
    if soft and "where" in options:
        kept = np.where(MASK, TARGETS, 0)
        target = kept / kept.sum(axis=-1, keepdims=True)
    scores = np.moveaxis(SCORES, -1, axis)
    if "where" in options:
        options = {**options, "where": np.moveaxis(MASK, -1, axis)}
    target = np.moveaxis(target, -1, axis) if soft else target
    for name in "cross_entropy", "cross_entropy_gradient":
        same(xp, name, scores, target, axis=axis, rtol=1e-12, **options)
    if not soft:
        for name in "cross_entropy", "cross_entropy_gradient":
            same(xp, name, scores, np.where(LABELS == 1, -7, LABELS), axis=axis, ignore_label=-7, rtol=1e-12, **options)


@pytest.mark.parametrize("options", [one for one in LOSS_OPTIONS if not {"where", "temperature"} & one.keys()], ids=str)
@pytest.mark.parametrize("soft", [False, True], ids=["labels", "probabilities"])
def test_binary_losses(xp, options, soft):
    if "class_weight" in options:
        options = {**options, "class_weight": np.array([0.5, 2])}
    labels = RNG.random((3, 4)) if soft else LABELS % 2
    for name in "binary_cross_entropy", "binary_cross_entropy_gradient":
        same(xp, name, SCORES[..., 0], labels, rtol=1e-12, **options)


def test_a_certain_row_keeps_its_digits(xp):
    scores = np.array([[0.0, 40.0, 0.0]])
    same(xp, "log_softmax", scores)
    same(xp, "cross_entropy", scores, np.array([1]))
    same(xp, "cross_entropy_gradient", scores, np.array([1]))


def test_types(xp):
    single = SCORES.astype(np.float32)
    assert "float32" in str(functions.softmax(to(xp, single)).dtype)
    assert "float64" in str(functions.softmax(xp.asarray([1, 2])).dtype)
    if hasattr(xp, "bfloat16"):
        got = functions.log_softmax(xp.asarray([1.0, 2.0], dtype=xp.bfloat16))
        assert "bfloat16" in str(got.dtype)
    with pytest.raises(TypeError, match="scores must be real numbers"):
        functions.softmax(xp.asarray([1j, 2j]))


def test_mixed_with_numpy(xp):
    got = losses.cross_entropy(to(xp, SCORES), LABELS, where=MASK, weight=[[1.0]], label_smoothing=0.1)
    want = losses.cross_entropy(SCORES, LABELS, where=MASK, weight=1, label_smoothing=0.1)
    np.testing.assert_allclose(np.asarray(got), want)
    np.testing.assert_allclose(
        np.asarray(functions.softmax_vjp(to(xp, SCORES), VECTOR)), functions.softmax_vjp(SCORES, VECTOR), rtol=1e-12
    )


def test_wrong_arguments_are_refused_by_name(xp):
    z = to(xp, SCORES)
    with pytest.raises(TypeError, match="out is for NumPy arrays only"):
        functions.softmax(z, out=np.zeros_like(SCORES))
    with pytest.raises(ValueError, match=r"labels must lie in 0...K-1, but one is 5"):
        losses.cross_entropy(z, xp.asarray(np.full((3, 4), 5)))
    with pytest.raises(TypeError, match="labels must be integers"):
        losses.cross_entropy(z, xp.asarray(np.zeros((3, 4))))
    with pytest.raises(TypeError, match="where must be boolean"):
        functions.softmax(z, where=xp.asarray(np.ones(5)))
    with pytest.raises(ValueError, match="must be at least 0, but one is -"):
        losses.cross_entropy(z, z)
    with pytest.raises(ValueError, match="must sum to 1 within 1e-05, but a row sums to 10"):
        losses.cross_entropy(z, xp.full_like(z, 2.0))
    with pytest.raises(ValueError, match="ignore_label=1 needs integer labels"):
        losses.cross_entropy(z, xp.full_like(z, 0.2), ignore_label=1)
    with pytest.raises(ValueError, match=r"weight must be finite and at least 0, but one is -1\.0"):
        losses.cross_entropy(z, xp.asarray(LABELS), weight=-1)
    with pytest.raises(ValueError, match="temperature must be above 0 here"):
        losses.cross_entropy_gradient(z, xp.asarray(LABELS), temperature=0)
    with pytest.raises(ValueError, match="empty= can say"):
        functions.softmax(xp.asarray(np.full((2, 3), -INF)), empty="raise")
    with pytest.raises(ValueError, match="labels must be 0 or 1, but one is 2"):
        losses.binary_cross_entropy(xp.asarray([0.0]), xp.asarray([2]))
    with pytest.raises(ValueError, match="no mean loss without samples"):
        losses.cross_entropy(z, xp.asarray(LABELS), weight=0, reduction="mean")


def test_jax_as_it_comes():
    """Without float64, of which it warns whoever asks for it."""
    pytest.importorskip("jax")
    script = """
import warnings
warnings.simplefilter("error")
import jax.numpy as jnp, numpy as np
import multinoulli as m
scores, labels = jnp.asarray(np.eye(3, dtype=np.float32)), jnp.asarray([0, 1, 2])
options = {"weight": [1, 2, 3], "class_weight": [1, 2, 3], "label_smoothing": 0.1, "reduction": "mean"}
loss = m.cross_entropy(scores, labels, **options)
for got in m.softmax(jnp.arange(3)), m.logsumexp(scores, weights=[1, -1, 2]), loss:
    assert got.dtype == np.float32
np.testing.assert_allclose(loss, m.cross_entropy(np.eye(3), [0, 1, 2], **options), 1e-6)
"""
    subprocess.run([sys.executable, "-c", script], check=True)
