# SPDX-License-Identifier: BSD-3-Clause
"""Cases drawn at random: any shape, type, memory layout, axis, mask, label, option and output, and values of any kind.

Each must give what a plain computation in long double gives, or the error that the policy names; it must not touch its
inputs, nor a byte around its output, and never warn. The number of cases for each function is 150, or what
MULTINOULLI_PROPERTIES says: `make properties` runs many of them on a core built to find errors in its use of memory.
"""

import math
import os
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import ml_dtypes
import numpy as np
import pytest

from multinoulli import functions
from reference import LABELLED, NAMES, PER_ELEMENT, PROMISED_ULPS, function

CASES = int(os.environ.get("MULTINOULLI_PROPERTIES", "150"))
ELEMENTWISE = ("sigmoid", "log_sigmoid", "softplus", "logit", "log1mexp")
EXACT = np.longdouble
INF = EXACT(np.inf)

FLOATS = [np.float32, np.float64]
DTYPES = [*FLOATS * 6, np.float16, ml_dtypes.bfloat16, *(np.bool_, np.int8, np.uint8, np.int32, np.int64, np.uint64)]
LENGTHS = [1, 1, 2, 3, 5, 7, 8, 9, 10, 16, 17, 31, 33, 63, 64, 65, 66, 72, 100, 130, 257, 1025, 2049, 3001]
MOST_ELEMENTS = 4000


# Arrays of any kind.


@dataclass
class Laid:
    """An array in memory of its own, where every byte around its elements is known."""

    array: np.ndarray
    memory: np.ndarray
    before: np.ndarray

    def view(self, memory: np.ndarray) -> np.ndarray:
        """The same elements of other memory of the same size."""
        array = self.array
        if array.size == 0:
            return np.empty(array.shape, array.dtype)
        offset = array.__array_interface__["data"][0] - self.memory.__array_interface__["data"][0]
        return np.ndarray(array.shape, array.dtype, memory, offset, array.strides)

    def untouched(self) -> bool:
        return self.memory.tobytes() == self.before.tobytes()

    def untouched_around(self) -> bool:
        """Whether nothing was written but the elements."""
        expected = self.before.copy()
        self.view(expected)[...] = self.array
        return self.memory.tobytes() == expected.tobytes()


def lay_out(rng: np.random.Generator, values: np.ndarray, *, writable: bool = False) -> Laid:
    """Put the values in memory in any order of axes, any steps, at any address; sometimes repeated, swapped, locked."""
    dtype = values.dtype
    if not writable and dtype.name != "bfloat16" and rng.random() < 0.1:
        dtype = dtype.newbyteorder()
    plain = rng.random() < 0.45  # the C entry's case, but for the address
    order = np.arange(values.ndim) if plain or rng.random() < 0.5 else rng.permutation(values.ndim)
    steps = [1 if plain or rng.random() < 0.6 else int(rng.choice([2, 3, -1, -2])) for _ in values.shape]
    repeated = [not (plain or writable) and rng.random() < 0.1 and n > 1 for n in values.shape]
    offset = 0 if rng.random() < (0.9 if plain else 0.6) else int(rng.integers(1, 2 * dtype.itemsize + 1))
    roomy = [1 if r else n * abs(s) for n, s, r in zip(values.shape, steps, repeated, strict=True)]
    memory = np.full(math.prod(roomy) * dtype.itemsize + offset, 0xFF, np.uint8)
    array = memory[offset:].view(dtype).reshape([roomy[axis] for axis in order]).transpose(np.argsort(order))
    array = array[(..., *(slice(None, None, step) for step in steps))]
    array[...] = values[(..., *(slice(0, 1) if r else slice(None) for r in repeated))]
    array = np.lib.stride_tricks.as_strided(
        array, values.shape, [0 if r else s for r, s in zip(repeated, array.strides, strict=True)]
    )
    if not writable and rng.random() < 0.2:
        array.flags.writeable = False
    return Laid(array, memory, memory.copy())


def draw_shape(rng: np.random.Generator) -> tuple[int, ...]:
    shape: list[int] = []
    for _ in range(rng.choice([0, 1, 2, 3, 4], p=[0.05, 0.25, 0.35, 0.25, 0.1])):
        room = MOST_ELEMENTS // max(1, math.prod(shape))
        shape.append(int(rng.choice([n for n in LENGTHS if n <= room])) if rng.random() < 0.98 else 0)
    rng.shuffle(shape)
    return tuple(shape)


def draw_values(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any, low: float = -np.inf) -> np.ndarray:
    """Values of one temper, none below `low` but by chance, with special ones sprinkled over them."""
    dtype = np.dtype(dtype)
    if dtype.kind in "iub":
        bounds = (0, 1) if dtype.kind == "b" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
        near = rng.integers(max(bounds[0], -9), min(bounds[1], 9), shape, np.int64, endpoint=True).astype(dtype)
        return np.where(rng.random(shape) < 0.01, np.array(bounds[1], dtype), near)
    info = ml_dtypes.finfo(dtype)
    temper = rng.integers(7)
    values = {
        0: lambda: 2 * rng.standard_normal(shape),
        1: lambda: rng.uniform(-40, 40, shape),
        2: lambda: rng.uniform(-800, 0, shape),
        3: lambda: rng.standard_normal(shape) + rng.choice([-1e6, 1e4, 1e30]),
        4: lambda: rng.integers(-2, 3, shape).astype(float),
        5: lambda: rng.choice([-1, 1], shape) * np.exp(rng.uniform(np.log(float(info.tiny)), np.log(1e4), shape)),
        6: lambda: rng.standard_normal(shape) * 1e-3,
    }[int(temper)]()
    if low == 0:
        values = rng.uniform(0, 1, shape) if temper < 4 else np.abs(values) / 4
    special = np.array([np.nan, np.inf, -np.inf, float(info.max), -float(info.max), float(info.smallest_subnormal), 0])
    values = np.where(rng.random(shape) < rng.choice([0, 0, 0.003, 0.3]), rng.choice(special, shape), values)
    if len(shape) and rng.random() < 0.15:
        rows = values.reshape(-1, shape[-1]) if values.size else values
        rows[rng.random(len(rows)) < 0.4] = rng.choice([-np.inf, np.inf, np.nan, 0.0])
    with np.errstate(all="ignore"):
        return values.astype(dtype)


# The policy, in long double and without a thought of speed.


@dataclass
class Expected:
    result: Any = None  # of the shape of the function's result
    scale: Any = 0  # where it is larger than the result, errors are in units in the last place of it
    error: type[Exception] | None = None
    loss: "Expected | None" = None  # what stands beside a gradient


@np.errstate(all="ignore")
def tempered(scores: np.ndarray, temperature: float) -> np.ndarray:
    if temperature == 0:  # the limit of the ratios; logsumexp looks after itself
        return np.where(scores == scores.max(-1, keepdims=True), EXACT(0), np.where(np.isnan(scores), scores, -INF))
    if temperature == math.inf:
        return np.where(np.isinf(scores), scores, 0 * scores)
    return scores / EXACT(temperature)


@np.errstate(all="ignore")
def rows_of_results(name, scores, mask, labels, temperature, empty):
    """Results for (n, K) scores, K > 0, and the scale of logsumexp's errors; a mask, or None."""
    allowed = np.ones(scores.shape, bool) if mask is None else mask
    given = np.where(allowed, scores, -INF)
    nothing = (given == -INF).all(-1)
    unmasked = allowed | ~allowed.any(-1, keepdims=True)
    if empty == "uniform":
        given = np.where(nothing[:, None] & unmasked, 0, given)
    rows = np.arange(len(scores))
    z = tempered(given, temperature) if temperature != 1 else given
    if empty == "uniform":
        z = np.where(nothing[:, None], given, z)
    top = z.max(-1, keepdims=True)
    below = np.where(z == top, 0, z - top)
    below = np.where(np.isnan(top), top, below)
    e = np.exp(below)
    others = e.copy()
    others[rows, np.argmax(np.nan_to_num(below, nan=0), axis=-1)] = 0
    others = np.where(np.isnan(top[:, 0]), top[:, 0], others.sum(-1))
    log_sum = np.log1p(others)
    filled = nothing & (empty != "uniform")
    if name == "logsumexp":
        if temperature == 0:
            peak = given.max(-1)
            result = np.where(peak == 0, log_sum, np.where(np.isnan(peak), peak, np.sign(peak) * INF))
        else:
            result = top[:, 0] + log_sum
        result = np.where(np.isinf(top[:, 0]), top[:, 0], result)
        return np.where(nothing, EXACT(np.nan) if empty == "nan" else -INF, result), np.where(filled, 0, log_sum)
    if name == "softmax":
        result, zero = e / e.sum(-1, keepdims=True), EXACT(0)
    elif name == "log_softmax":
        result, zero = below - log_sum[:, None], -INF
    elif name == "cross_entropy":
        result, zero = log_sum - below[rows, labels], INF
    else:
        result, zero = e / e.sum(-1, keepdims=True), EXACT(0)
        but_label = e.copy()
        but_label[rows, labels] = 0
        result[rows, labels] = -but_label.sum(-1) / e.sum(-1)
        hidden = unmasked if empty == "uniform" else allowed
        result = np.where(hidden | np.isnan(result), result / EXACT(temperature), 0)
    convention = EXACT(np.nan) if empty == "nan" else zero
    return np.where(filled if result.ndim == 1 else filled[:, None], convention, result), 0


# Calls of the functions of rows.


@dataclass
class Call:
    name: str
    scores: Laid
    options: dict[str, Any]
    labels: Laid | None = None
    where: Laid | None = None
    outs: list[Laid] = field(default_factory=list)
    in_place: bool = False

    def __str__(self) -> str:
        def of(laid: Laid | None) -> str:
            if laid is None:
                return "none"
            array = laid.array
            return f"{array.shape} {array.dtype.str} {array.dtype.name} strides {array.strides}"

        parts = {"scores": self.scores, "labels": self.labels, "where": self.where}
        given = ", ".join(f"{key}: {of(laid)}" for key, laid in parts.items())
        options = {key: value for key, value in self.options.items() if key not in ("where", "out")}
        return f"{given}, outs: {[of(out) for out in self.outs]}, in place: {self.in_place}, {options}"


def result_dtype(dtype: np.dtype) -> np.dtype:
    native = dtype.newbyteorder("=") if dtype.name != "bfloat16" else dtype
    return np.dtype(np.float64) if native.kind in "iub" else native


def draw_axis(rng: np.random.Generator, ndim: int) -> Any:
    if ndim == 0:
        return None if rng.random() < 0.8 else -1
    kind = rng.random()
    if kind < 0.1:
        return None
    if kind < 0.2:
        return tuple(int(a) - ndim * bool(rng.integers(2)) for a in rng.permutation(ndim)[: rng.integers(ndim + 1)])
    return -1 if kind < 0.4 else int(rng.integers(-ndim, ndim))


def classes_last(array: np.ndarray, axes: tuple[int, ...]) -> np.ndarray:
    """(..., K): the axes of the classes, in their order, as one last axis."""
    rest = [a for a in range(array.ndim) if a not in axes]
    shape = (*(array.shape[a] for a in rest), math.prod(array.shape[a] for a in axes))
    return array.transpose([*rest, *axes]).reshape(shape)


def draw_call(rng: np.random.Generator, name: str) -> tuple[Call, Expected]:
    """A call of a function of rows, and what must come of it."""
    shape, dtype = draw_shape(rng), np.dtype(DTYPES[rng.integers(len(DTYPES))])
    scores = lay_out(rng, draw_values(rng, shape, dtype))
    ndim, axis = len(shape), draw_axis(rng, len(shape))
    options: dict[str, Any] = {} if axis == -1 and rng.random() < 0.5 else {"axis": axis}
    axes = (
        tuple(range(ndim)) if axis is None else tuple(sorted(a % max(1, ndim) for a in np.atleast_1d(axis).astype(int)))
    )
    if rng.random() < 0.3:
        options["temperature"] = float(rng.choice([1, 2, 0.5, 0, np.inf], p=[0.2, 0.3, 0.3, 0.1, 0.1]))
    if rng.random() < 0.3:
        options["empty"] = [None, "nan", "zero", "uniform", "raise"][rng.integers(5)]
    call = Call(name, scores, options)
    if ndim == 0 and axis is not None:
        return call, Expected(error=ValueError)

    batch = tuple(n for a, n in enumerate(shape) if a not in axes)
    n_classes = math.prod(shape[a] for a in axes)
    expected = Expected()
    if rng.random() < 0.3:
        narrow = tuple(1 if rng.random() < 0.3 else n for n in shape)[rng.integers(ndim + 1) if ndim else 0 :]
        call.where = lay_out(rng, rng.random(narrow) < rng.choice([0, 0.5, 0.9]))
        options["where"] = call.where.array
    if name in LABELLED:
        narrow = tuple(1 if rng.random() < 0.15 else n for n in batch)
        codes = rng.integers(0, max(1, n_classes), narrow)
        kind = np.dtype(rng.choice([np.int64] * 4 + [np.int32, np.uint16]))
        call.labels = lay_out(rng, codes.astype(kind))
        if (bad := codes.size and rng.random() < 0.03) or (n_classes == 0 and math.prod(batch)):
            codes.flat[rng.integers(codes.size)] = n_classes + 3 * bad
            call.labels = lay_out(rng, codes.astype(kind))
            if math.prod(batch) and (call.labels.array >= n_classes).any():
                expected.error = ValueError
        if name == "cross_entropy_gradient" and options.get("temperature") == 0:
            expected.error = ValueError
    if expected.error is None:
        expected = expect_rows(call, axes, batch, n_classes)
        if name == "cross_entropy_gradient" and expected.error is None:
            expected.loss = expect_rows(replace(call, name="cross_entropy"), axes, batch, n_classes)
    draw_outs(rng, call, batch, expected)
    return call, expected


def expect_rows(call: Call, axes: tuple[int, ...], batch: tuple[int, ...], n_classes: int) -> Expected:
    name, shape = call.name, call.scores.array.shape
    default = "nan" if call.where is None and name != "logsumexp" else "zero"
    empty, temperature = call.options.get("empty") or default, call.options.get("temperature", 1.0)
    if n_classes == 0:
        return Expected(np.full(batch, -INF) if name not in PER_ELEMENT else np.zeros(shape, EXACT))
    with np.errstate(invalid="ignore"):
        rows = classes_last(call.scores.array.astype(EXACT), axes).reshape(-1, n_classes)
    mask = None
    if call.where is not None:
        mask = classes_last(np.broadcast_to(call.where.array, shape), axes).reshape(-1, n_classes)
    labels = None
    if call.labels is not None:
        labels = np.broadcast_to(call.labels.array, batch).ravel().astype(np.int64)
    if empty == "raise" and (np.where(True if mask is None else mask, rows, -INF) == -INF).all(-1).any():
        return Expected(error=ValueError)
    result, scale = rows_of_results(name, rows, mask, labels, temperature, empty)
    if name not in PER_ELEMENT:
        return Expected(result.reshape(batch), np.reshape(scale, batch) if np.ndim(scale) else scale)
    rest = [a for a in range(len(shape)) if a not in axes]
    moved = result.reshape((*batch, *(shape[a] for a in axes)))
    return Expected(moved.transpose(np.argsort([*rest, *axes])))


def draw_outs(rng: np.random.Generator, call: Call, batch: tuple[int, ...], expected: Expected) -> None:
    """`out=`: none, arrays of any layout, the scores themselves; now and then one that does not fit."""
    scores, dtype = call.scores.array, result_dtype(call.scores.array.dtype)
    overlapping = any(s == 0 and n > 1 for s, n in zip(scores.strides, scores.shape, strict=True))
    kind = rng.random()
    if kind < 0.4:
        return
    if kind < 0.55:
        if call.name in PER_ELEMENT and scores.dtype == dtype and scores.flags.writeable and not overlapping:
            call.in_place = True
            call.options["out"] = (None, scores) if call.name == "cross_entropy_gradient" else scores
        return
    misfit = kind > 0.97
    shapes = {"cross_entropy_gradient": [batch, scores.shape]}.get(
        call.name, [scores.shape if call.name in PER_ELEMENT else batch]
    )
    for shape in shapes:
        wrong = shape is shapes[-1] and misfit
        out = lay_out(rng, np.full((*shape, 2) if wrong else shape, 7, dtype), writable=True)
        call.outs.append(out)
    arrays = tuple(out.array for out in call.outs)
    call.options["out"] = arrays if len(arrays) == 2 else arrays[0]
    if misfit:
        expected.error = ValueError


def errors_in_ulps(got: np.ndarray, want: np.ndarray, scale: Any = 0) -> np.ndarray:
    """The error of each entry; infinite where one is NaN, or beyond the type's range, and the other not."""
    info = ml_dtypes.finfo(got.dtype)
    with np.errstate(all="ignore"):
        got, rounded = got.astype(EXACT), want.astype(got.dtype).astype(EXACT)
        size = np.maximum(np.maximum(np.abs(want), scale), EXACT(float(info.tiny)))
        errors = np.abs(got - want) / np.ldexp(EXACT(1), np.frexp(size)[1] - 1 - info.nmant)
    errors = np.where(np.isfinite(got) & np.isfinite(rounded), errors, INF)
    return np.where((got == rounded) | (np.isnan(got) & np.isnan(rounded)), 0, errors)


def allowed_ulps(call: Call, dtype: np.dtype) -> float:
    temperature = call.options.get("temperature", 1.0)
    if dtype not in FLOATS:
        return 0.52
    promised = PROMISED_ULPS[dtype.type][call.name]
    if temperature == 1:
        return promised
    # Below 1 the maximum is subtracted before; half an ulp of a difference of up to 750 shows in its exponential.
    return promised + (800 if temperature < 1 and dtype == np.float64 else 1.5)


def check_result(got: Any, dtype: np.dtype, expected: Expected, allowed: float) -> None:
    assert isinstance(got, np.ndarray if np.ndim(expected.result) else np.generic)
    assert got.dtype == dtype
    assert got.shape == np.shape(expected.result)
    errors = errors_in_ulps(np.asarray(got), np.asarray(expected.result), expected.scale)
    if errors.size and errors.max() > allowed:
        at = np.unravel_index(np.argmax(errors), errors.shape)
        pytest.fail(f"{errors[at]} ulp, {allowed} allowed, at {at}: {np.asarray(got)[at]}, not {expected.result[at]}")


def check_call(rng: np.random.Generator, name: str) -> Call:
    call, expected = draw_call(rng, name)
    try:
        arguments = (call.scores.array, call.labels.array) if call.labels is not None else (call.scores.array,)
        if name in LABELLED and call.labels is None:
            arguments = (call.scores.array, 0)
        dtype = result_dtype(call.scores.array.dtype)
        if expected.error:
            with pytest.raises(expected.error), np.errstate(all="raise"):
                function(name)(*arguments, **call.options)
        else:
            with np.errstate(all="raise"):
                result = function(name)(*arguments, **call.options)
            last = result[1] if name == "cross_entropy_gradient" else result
            for out, value in zip(call.outs, result if isinstance(result, tuple) else [result], strict=False):
                assert value is out.array
                assert out.untouched_around()
            if call.in_place:
                assert last is call.scores.array
                assert call.scores.untouched_around()
            check_result(last[()], dtype, expected, allowed_ulps(call, dtype))
            if expected.loss:
                of_loss = replace(call, name="cross_entropy")
                check_result(result[0][()], dtype, expected.loss, allowed_ulps(of_loss, dtype))
        for laid in call.labels, call.where, None if call.in_place else call.scores:
            assert laid is None or laid.untouched()
    except BaseException as error:
        error.add_note(str(call))
        raise
    return call


@pytest.mark.parametrize("name", NAMES)
def test_functions_of_rows(name):
    for seed in range(CASES):
        try:
            check_call(np.random.default_rng([seed, NAMES.index(name)]), name)
        except BaseException as error:
            error.add_note(f"{name}, case {seed}")
            raise


# The functions of one number.


@np.errstate(all="ignore")
def expect_elements(name: str, x: np.ndarray) -> np.ndarray:
    x = x.astype(EXACT)
    if name == "sigmoid":
        return 1 / (1 + np.exp(-x))
    if name in ("log_sigmoid", "softplus"):
        sign = -1 if name == "log_sigmoid" else 1
        return sign * (np.maximum(sign * x, 0) + np.log1p(np.exp(-np.abs(x))))
    if name == "logit":
        near_half = 2 * np.arctanh(2 * x - 1)
        return np.where(np.abs(x - EXACT(0.5)) < 0.2, near_half, np.log(x) - np.log1p(-x))
    return np.where(x > -0.7, np.log(-np.expm1(x)), np.log1p(-np.exp(x)))


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_one_number(name):
    for seed in range(CASES):
        rng = np.random.default_rng([seed, len(NAMES) + ELEMENTWISE.index(name)])
        shape, dtype = draw_shape(rng), np.dtype(DTYPES[rng.integers(len(DTYPES))])
        x = lay_out(rng, draw_values(rng, shape, dtype, low=0 if name == "logit" else -np.inf))
        call = Call(name, x, {})
        expected = Expected(expect_elements(name, x.array))
        try:
            draw_outs(rng, call, shape, expected)
            if expected.error:
                with pytest.raises(expected.error), np.errstate(all="raise"):
                    getattr(functions, name)(x.array, **call.options)
                assert call.outs[0].untouched()
            else:
                with np.errstate(all="raise"):
                    result = getattr(functions, name)(x.array, **call.options)
                assert all(result is out.array and out.untouched_around() for out in call.outs)
                assert not call.in_place or result is x.array
                check_result(result[()], result_dtype(dtype), expected, 1.5 if result.dtype in FLOATS else 0.52)
            assert x.untouched_around() if call.in_place else x.untouched()
        except BaseException as error:
            error.add_note(f"{name}, case {seed}: {call}")
            raise


# Derivatives times vectors, and ragged rows: any layout, against the rows one by one.


@np.errstate(all="ignore")
def product_in_long_double(name: str, scores: np.ndarray, vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The products of (n, K) arrays of finite numbers, and the sizes that errors are judged by."""
    e = np.exp(scores.astype(EXACT) - scores.max(-1, keepdims=True))
    p, v = e / e.sum(-1, keepdims=True), vectors.astype(EXACT)
    top = np.argmax(p, axis=-1)[:, None]
    w = v - np.take_along_axis(v, top, -1)
    if name == "softmax_vjp":
        mean, spread = (p * w).sum(-1, keepdims=True), (p * np.abs(w)).sum(-1, keepdims=True)
        return p * (w - mean), p * (np.abs(w) + spread)
    total, size = v.sum(-1, keepdims=True), np.abs(v).sum(-1, keepdims=True)
    others, of_others = np.where(np.arange(v.shape[-1]) == top, 0, p), np.where(np.arange(v.shape[-1]) == top, 0, v)
    result, sizes = v - p * total, np.abs(v) + p * size
    q, rest = others.sum(-1, keepdims=True), of_others.sum(-1, keepdims=True)
    at, largest = np.take_along_axis(v, top, -1), np.take_along_axis(p, top, -1)
    np.put_along_axis(result, top, at * q - largest * rest, -1)
    np.put_along_axis(sizes, top, np.abs(at) * q + largest * np.abs(of_others).sum(-1, keepdims=True), -1)
    return result, sizes


@pytest.mark.parametrize("name", ["softmax_vjp", "log_softmax_vjp"])
def test_products(name):
    for seed in range(CASES):
        rng = np.random.default_rng([seed, 100 + len(name)])
        shape = draw_shape(rng) or (1,)
        dtype = np.dtype(FLOATS[rng.integers(2)])
        scores = lay_out(rng, rng.uniform(-30, 30, shape).astype(dtype))
        vectors = lay_out(rng, rng.standard_normal(shape).astype(dtype))
        axis = int(rng.integers(-len(shape), len(shape)))
        out = lay_out(rng, np.full(shape, 7, dtype), writable=True)
        with np.errstate(all="raise"):
            result = getattr(functions, name)(scores.array, vectors.array, axis=axis, out=out.array)
        assert result is out.array
        assert out.untouched_around()
        assert scores.untouched()
        assert vectors.untouched()
        if not result.size:
            continue
        moved = [
            np.moveaxis(array, axis, -1).reshape(-1, shape[axis]) for array in (scores.array, vectors.array, result)
        ]
        want, sizes = product_in_long_double(name, moved[0], moved[1])
        errors = errors_in_ulps(moved[2], want, sizes)
        assert errors.max() <= 8, (name, seed, shape, axis)


def test_segments():
    for seed in range(CASES):
        rng = np.random.default_rng([seed, 200])
        dtype = np.dtype(FLOATS[rng.integers(2)])
        lengths = (
            rng.choice([0, *LENGTHS], rng.integers(0, 12)) if rng.random() < 0.8 else np.full(30, rng.integers(1, 70))
        )
        indptr = np.concatenate([[0], np.cumsum(lengths, dtype=int)])
        scores = lay_out(rng, draw_values(rng, (int(indptr[-1]),), dtype))
        out = lay_out(rng, np.full(indptr[-1], 7, dtype), writable=True)
        sums = lay_out(rng, np.full(len(lengths), 7, dtype), writable=True)
        with np.errstate(all="raise"):
            functions.segment_softmax(scores.array, indptr, out=out.array)
            functions.segment_logsumexp(scores.array, indptr, out=sums.array)
        assert out.untouched_around()
        assert sums.untouched_around()
        assert scores.untouched()
        for row, (begin, end) in enumerate(pairwise(indptr)):
            alone = scores.array[begin:end]
            np.testing.assert_array_equal(out.array[begin:end], functions.softmax(alone))
            np.testing.assert_array_equal(sums.array[row], functions.logsumexp(alone))
