# SPDX-License-Identifier: BSD-3-Clause
"""Dask arrays stay lazy and give the same bits block by block; xarray goes through `apply_ufunc`."""

import numpy as np
import pytest

from multinoulli import functions, losses

da = pytest.importorskip("dask.array")
RNG = np.random.default_rng(0)
SCORES, VECTOR = RNG.normal(0, 3, (2, 6, 8, 5))
LABELS = RNG.integers(0, 5, (6, 8))
MASK = RNG.random((6, 8, 5)) < 0.8
WEIGHT = RNG.random((6, 8))
CALLS = {
    "softmax": (SCORES,),
    "log_softmax": (SCORES,),
    "logsumexp": (SCORES,),
    "softmax_vjp": (SCORES, VECTOR),
    "softmax_jvp": (SCORES, VECTOR),
    "log_softmax_vjp": (SCORES, VECTOR),
    "cross_entropy": (SCORES, LABELS),
    "cross_entropy_gradient": (SCORES, LABELS),
    "cross_entropy_hvp": (SCORES, VECTOR),
}
BINARY = {
    "binary_cross_entropy": (SCORES[..., 0], LABELS % 2),
    "binary_cross_entropy_gradient": (SCORES[..., 0], LABELS % 2),
}
OPTIONS = {"label_smoothing": 0.1, "z_loss": 0.1, "ignore_label": 1}


def function(name):
    return getattr(functions, name, None) or getattr(losses, name)


def lazily(array, classes=-1):
    chunks = [3] * array.ndim
    if array.ndim == 3:
        chunks[classes] = array.shape[classes]
    return da.from_array(array, chunks=tuple(chunks))


def same(got, want):
    for a, b in zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]:
        assert isinstance(a, da.Array)
        assert a.dtype == b.dtype
        computed = a.compute(scheduler="synchronous")
        assert computed.shape == b.shape
        np.testing.assert_array_equal(computed, b)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("options", [{}, {"temperature": 2.0}, {"where": MASK}], ids=str)
@pytest.mark.parametrize("axis", [-1, 0])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_functions_of_rows(name, options, axis, dtype):
    arguments = [np.moveaxis(a, -1, axis) if a.ndim == 3 else a for a in CALLS[name]]
    arguments[0] = arguments[0].astype(dtype)
    options = {key: np.moveaxis(value, -1, axis) if key == "where" else value for key, value in options.items()}
    want = function(name)(
        *(np.moveaxis(a, axis, -1) if a.ndim == 3 else a for a in arguments),
        **({**options, "where": np.moveaxis(options["where"], axis, -1)} if "where" in options else options),
    )
    got = function(name)(*(lazily(a, axis) for a in arguments), axis=axis, **options)
    last = [np.moveaxis(w, -1, axis) if np.ndim(w) == 3 else w for w in (want if isinstance(want, tuple) else [want])]
    same(got, tuple(last) if isinstance(want, tuple) else last[0])


@pytest.mark.parametrize("name", ["cross_entropy", "cross_entropy_gradient", *BINARY])
def test_losses(name):
    arguments = {**CALLS, **BINARY}[name]
    for options in {}, OPTIONS, {"weight": WEIGHT}:
        given = {key: lazily(value) if key == "weight" else value for key, value in options.items()}
        same(function(name)(*map(lazily, arguments), **given), function(name)(*arguments, **options))


@pytest.mark.parametrize("name", ["sigmoid", "log_sigmoid", "softplus", "logit", "log1mexp"])
def test_functions_of_one_number(name):
    x = -RNG.random((6, 8)) if name == "log1mexp" else RNG.random((6, 8))
    same(function(name)(lazily(x)), function(name)(x))


def test_integers_and_mixtures():
    same(functions.softmax(da.arange(6).reshape(2, 3)), functions.softmax(np.arange(6).reshape(2, 3)))
    same(losses.cross_entropy(SCORES, lazily(LABELS)), losses.cross_entropy(SCORES, LABELS))


def test_errors_come_with_the_blocks_or_before():
    with pytest.raises(ValueError, match="multiple chunks"):
        functions.softmax(da.ones((4, 4), chunks=2))
    with pytest.raises(TypeError, match="axis must be one integer for Dask arrays"):
        functions.softmax(lazily(SCORES), axis=(0, 1))
    with pytest.raises(TypeError, match="reduction is not for Dask arrays"):
        losses.cross_entropy(lazily(SCORES), LABELS, reduction="mean")
    bad = losses.cross_entropy(lazily(SCORES), LABELS + 5)
    with pytest.raises(ValueError, match=r"labels must lie in 0...K-1"):
        bad.compute(scheduler="synchronous")


def test_xarray():
    xarray = pytest.importorskip("xarray")
    scores = xarray.DataArray(SCORES, dims=("time", "place", "species"), coords={"species": list("abcde")})
    proba = xarray.apply_ufunc(functions.softmax, scores, input_core_dims=[["species"]], output_core_dims=[["species"]])
    assert proba.dims == scores.dims
    np.testing.assert_array_equal(proba, functions.softmax(SCORES))
    labels = xarray.DataArray(LABELS, dims=("time", "place"))
    loss = xarray.apply_ufunc(losses.cross_entropy, scores, labels, input_core_dims=[["species"], []])
    np.testing.assert_array_equal(loss, losses.cross_entropy(SCORES, LABELS))
    lazy = xarray.apply_ufunc(
        functions.softmax,
        scores.chunk({"time": 3}),
        input_core_dims=[["species"]],
        output_core_dims=[["species"]],
        dask="allowed",
    )
    np.testing.assert_array_equal(lazy.compute(scheduler="synchronous"), proba)
