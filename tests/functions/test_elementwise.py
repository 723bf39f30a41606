# SPDX-License-Identifier: BSD-3-Clause
"""The functions of one number: exact values, special ones, and every way of calling."""

import inspect
import itertools
import re
from dataclasses import dataclass
from pathlib import Path

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from mpmath import mpf

from instruction_sets import LEVELS, results_of
from layouts import LAYOUTS, misaligned, read_only
from multinoulli import _core, functions
from multinoulli.functions import log1mexp, log_sigmoid, log_softmax, logit, sigmoid, softmax, softplus
from reference import ELEMENTWISE as NAMES
from reference import PROMISED_ULPS, ulps
from strategies import DTYPES, any_scores, finite_scores

FLOATS = (np.float32, np.float64)
INF, NAN = np.inf, np.nan
RNG = np.random.default_rng(11)
X = RNG.uniform(-3, 0, (4, 6, 5))  # numbers for all but logit, which takes the probabilities P
P = RNG.uniform(0, 1, (4, 6, 5))


def function(name):
    return getattr(functions, name)


def numbers(name, dtype=np.float64):
    return (P if name == "logit" else X).astype(dtype)


def exact(name, value):
    """The exact result for a finite number of the function's domain, where the result is finite."""
    x = mpf(float(value))
    if name == "sigmoid":
        return 1 / (1 + mpmath.exp(-x))
    if name == "log_sigmoid":
        return -mpmath.log1p(mpmath.exp(-x))
    if name == "softplus":
        return mpmath.log1p(mpmath.exp(x))
    if name == "logit":
        return mpmath.log(x / (1 - x))
    return mpmath.log(-mpmath.expm1(x)) if x > -1 else mpmath.log1p(-mpmath.exp(x))


def demanding_numbers(name, dtype):
    """Every exponent, both sides of where formulas meet, and where results turn subnormal or round to a constant."""
    info, rng = np.finfo(dtype), np.random.default_rng(5)
    exponents = np.arange(info.minexp - info.nmant, 10, dtype=float)
    sizes = np.ldexp(rng.uniform(1, 2, len(exponents)), exponents.astype(int))
    meeting = [0.2, 0.25, 1 / 3, 0.5, 2 / 3, np.log(2), 0.7, 0.75, 1, 17.4, 20, 37.5, 40, 87.5, 103.5, 709.5, 744.5]
    around = np.concatenate([m * (1 + info.eps * np.arange(-3, 4)) for m in meeting])
    x = np.concatenate([sizes, around, rng.uniform(0, 1, 100), rng.uniform(0, 40, 100), rng.uniform(40, 745, 100)])
    if name == "logit":
        x = np.concatenate([x, 1 - x[x < 1], np.nextafter(dtype(1), dtype(0), dtype=dtype)[None]]).astype(dtype)
        return x[(x > 0) & (x < 1)]
    x = x.astype(dtype)
    if name == "log1mexp":
        return -x[(x > 0) & (x < 1e4)]
    return np.concatenate([x, -x])


@pytest.mark.parametrize("level", LEVELS)
def test_promised_ulps(level, tmp_path):
    numbers = {(name, dtype): demanding_numbers(name, dtype) for name in NAMES for dtype in FLOATS}
    calls = {f"{name}-{np.dtype(dtype)}": (x,) for (name, dtype), x in numbers.items()}
    results = results_of(level, tmp_path, calls)
    if results is None:
        return
    for ((name, dtype), x), result in zip(numbers.items(), results.values(), strict=True):
        assert result.dtype == dtype
        assert ulps(result, [exact(name, value) for value in x]) <= PROMISED_ULPS[dtype][name], (name, dtype)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", FLOATS)
def test_the_public_function_keeps_the_promise_too(name, dtype):
    x = demanding_numbers(name, dtype)[::7]
    assert ulps(function(name)(x), [exact(name, value) for value in x]) <= PROMISED_ULPS[dtype][name]


def test_where_others_round_to_zero():
    # By mpmath: exp(-710), a subnormal number.
    assert sigmoid(-710.0) == 4.47628622567513e-309
    assert log_sigmoid(710.0) == log1mexp(-710.0) == -4.47628622567513e-309
    assert softplus(-710.0) == 4.47628622567513e-309
    assert logit(5e-324) == -744.4400719213812


@dataclass(frozen=True)
class Case:
    only: tuple
    x: object
    result: object = None
    dtype: object = None  # of x, if it is the matter
    result_dtype: object = None
    error: str | None = None


LOG2, HALF_ODDS = float(mpmath.log(2)), float(1 / (1 + mpmath.e))
LEAST = 5e-324  # 0 in float32, so this and what rounds to 1 are for float64 alone

# A line for each line of docs/special_values.md.
TABLE = {
    "NaN": [Case(NAMES, [NAN, -NAN], [NAN, NAN])],
    "sigmoid of -inf, +inf": [Case(("sigmoid",), [-INF, INF, -3e38, 3e38], [0.0, 1.0, 0.0, 1.0])],
    "log_sigmoid of -inf, +inf": [Case(("log_sigmoid",), [-INF, INF, 3e38], [-INF, -0.0, -0.0])],
    "softplus of -inf, +inf": [Case(("softplus",), [-INF, INF, -3e38], [0.0, INF, 0.0])],
    "logit of 0, -0.0": [Case(("logit",), [0.0, -0.0], [-INF, -INF])],
    "logit of 1/2, 1": [Case(("logit",), [0.5, 1.0], [0.0, INF])],
    "logit outside [0, 1]": [
        Case(("logit",), [-1e-45, 1.0000002, -3.0, 7.0, 3e38, -INF, INF], [NAN] * 7),
        Case(("logit",), [-LEAST, 1 + 2**-52], [NAN] * 2, dtype=np.float64),
    ],
    "log1mexp of 0, -0.0": [Case(("log1mexp",), [0.0, -0.0], [-INF, -INF])],
    "log1mexp of -inf": [Case(("log1mexp",), [-INF, -3e38], [-0.0, -0.0])],
    "log1mexp above 0": [
        Case(("log1mexp",), [1e-45, 1.0, 88.0, 3e38, INF], [NAN] * 5),
        Case(("log1mexp",), [LEAST], [NAN], dtype=np.float64),
    ],
    "float16 and bfloat16": [
        case
        for half in (np.float16, ml_dtypes.bfloat16)
        for case in (
            Case(("sigmoid",), [-INF, 0, INF], [0, 0.5, 1], half, half),
            Case(("softplus",), [-INF, 0, INF], [0, LOG2, INF], half, half),
            Case(("log_sigmoid",), [-INF, 0, 9], [-INF, -LOG2, float(exact("log_sigmoid", 9))], half, half),
            Case(("logit",), [0, 0.25, 1], [-INF, float(-mpmath.log(3)), INF], half, half),
            Case(("log1mexp",), [-1, 0, 1], [float(exact("log1mexp", -1)), -INF, NAN], half, half),
        )
    ],
    "integers and booleans": [
        case
        for kind in (np.bool_, np.int8, np.uint16, np.int32, np.int64, np.uint64)
        for case in (
            Case(("sigmoid",), [0, 1], [0.5, 1 - HALF_ODDS], kind, np.float64),
            Case(("log_sigmoid",), [0], [-LOG2], kind, np.float64),
            Case(("softplus",), [0], [LOG2], kind, np.float64),
            Case(("logit",), [0, 1], [-INF, INF], kind, np.float64),
            Case(("log1mexp",), [0, 1], [-INF, NAN], kind, np.float64),
        )
    ],
    "complex numbers, objects, strings, masked arrays": [
        *(
            Case(NAMES, [0, 1], dtype=kind, error="{name} must be real numbers of at most 64 bits, not ")
            for kind in (np.complex64, np.complex128, object, "U1", np.longdouble)
        ),
        Case(NAMES, np.ma.array([0.0, 1.0]), error="{name} is a masked array; pass its data, as by {name}.data"),
    ],
    "0-d input": [
        Case(("sigmoid", "logit"), 0.5, {"sigmoid": float(exact("sigmoid", 0.5)), "logit": 0.0}),
        Case(("log_sigmoid", "softplus"), 0.0, {"log_sigmoid": -LOG2, "softplus": LOG2}),
        Case(("log1mexp",), -INF, -0.0),
    ],
    "nothing": [Case(NAMES, np.zeros(shape), np.zeros(shape)) for shape in (0, (2, 0), (0, 3, 1))],
}

TOLERANCE = {np.float16: 1e-3, ml_dtypes.bfloat16: 8e-3, np.float32: 2e-7, np.float64: 4e-16}
CASES = [
    pytest.param(case, name, dtype, id=f"{line}-{i}-{name}-{np.dtype(dtype)}")
    for line, cases in TABLE.items()
    for i, case in enumerate(cases)
    for name in case.only
    for dtype in ([case.dtype] if case.dtype else FLOATS)
]


@pytest.mark.parametrize(("case", "name", "dtype"), CASES)
def test_table(case, name, dtype):
    x = case.x if isinstance(case.x, np.ma.MaskedArray) else np.asarray(case.x, dtype=dtype)
    if case.error:
        with pytest.raises(TypeError, match=re.escape(case.error.format(name="p" if name == "logit" else "x"))):
            function(name)(x)
        return
    dtype = case.result_dtype or dtype
    value = case.result[name] if isinstance(case.result, dict) else case.result
    want = np.asarray(value, dtype=dtype)
    every_second = np.repeat(x, 2, axis=-1)[..., ::2] if x.ndim else x
    with np.errstate(all="raise"):
        results = [function(name)(given) for given in (x, every_second)]
        results.append(function(name)(x, out=np.full_like(want, 7)))
    assert isinstance(results[0], np.ndarray if want.ndim else np.generic)
    for result in results:
        assert result.dtype == dtype
        assert result.shape == want.shape
        got, expected = np.asarray(result).astype(np.float64), want.astype(np.float64)
        np.testing.assert_allclose(got, expected, rtol=TOLERANCE[dtype], atol=0)
        numbers = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(got[numbers]), np.signbit(expected[numbers]))


def test_every_line_of_the_written_policy_is_in_the_table():
    page = (Path(__file__).parents[2] / "docs" / "special_values.md").read_text()
    section = page.partition("## The functions of one number\n")[2]
    lines = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]
    assert lines[2:] == list(TABLE)


@pytest.mark.parametrize("name", NAMES)
def test_float16_and_bfloat16_are_rounded_once(name):
    for half in np.float16, ml_dtypes.bfloat16:
        x = np.linspace(-11, 0, 300).astype(half) if name != "logit" else np.linspace(0, 1, 300).astype(half)
        got = function(name)(x)
        np.testing.assert_array_equal(got, function(name)(x.astype(np.float32)).astype(half))
        out = np.zeros_like(x)
        assert function(name)(x, out=out) is out
        np.testing.assert_array_equal(out, got)


# Identities.


@given(finite_scores(700))
def test_the_sigmoids_of_x_and_minus_x_are_one_together(x):
    total = sigmoid(x).astype(np.longdouble) + sigmoid(-x)
    np.testing.assert_allclose(total.astype(float), 1, rtol=0, atol=1.5 * np.finfo(x.dtype).eps)


@given(any_scores())
def test_log_sigmoid_is_minus_softplus_of_minus_x(x):
    np.testing.assert_array_equal(log_sigmoid(x), -softplus(-x))


@given(finite_scores(700))
def test_softplus_of_x_and_minus_x_differ_by_x(x):
    eps, size = np.finfo(x.dtype).eps, np.abs(x) + 1
    difference = softplus(x).astype(np.longdouble) - softplus(-x) - x
    assert (np.abs(difference) <= 2 * eps * size).all()


@given(finite_scores(100))
def test_two_classes_are_a_sigmoid(x):
    scores = np.stack([np.zeros_like(x), x], axis=-1)
    eps, tiny = np.finfo(x.dtype).eps, float(np.finfo(x.dtype).tiny)
    np.testing.assert_allclose(sigmoid(x), softmax(scores)[..., 1], rtol=8 * eps, atol=tiny)
    np.testing.assert_allclose(log_sigmoid(x), log_softmax(scores)[..., 1], rtol=8 * eps, atol=tiny)


@given(DTYPES.flatmap(lambda dtype: npst.arrays(dtype, st.integers(1, 40), elements=st.floats(0, 1, width=32))))
def test_logit_undoes_the_sigmoid_and_is_odd(p):
    eps = np.finfo(p.dtype).eps
    back = sigmoid(logit(p))
    # d p = p (1 - p) d logit, and |logit| is below 110 in float32's range of p.
    np.testing.assert_allclose(back, p, rtol=3 * eps * 110, atol=float(np.finfo(p.dtype).tiny))
    q = np.ldexp(np.round(np.ldexp(p, 12)), -12)  # so that 1 - q is exact
    np.testing.assert_array_equal(logit(1 - q), -logit(q))


@given(finite_scores(5))
def test_log1mexp_goes_from_one_log_probability_to_the_other(x):
    # An error in log p comes back exp(x) times as large.
    want = log_sigmoid(-x)
    error = np.abs(log1mexp(log_sigmoid(x)) - want)
    assert (error <= 4 * np.finfo(x.dtype).eps * (1 + np.exp(x)) * np.abs(want)).all()


@given(any_scores())
def test_no_floating_point_event_and_no_change_of_the_input(x):
    before = x.tobytes()
    with np.errstate(all="raise"):
        for name in NAMES:
            for given_x in x, x[..., ::-1], x.astype(x.dtype.newbyteorder()):
                assert function(name)(given_x).shape == x.shape
            getattr(_core, name)(x)
    assert x.tobytes() == before


# Every way of calling.


PAIRS = [(name, dtype) for name in NAMES for dtype in FLOATS]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_layouts_give_the_same_bits(name, dtype, layout):
    x = numbers(name, dtype)
    want = np.array([function(name)(np.array([value]))[0] for value in x.ravel()]).reshape(x.shape)
    given_x = LAYOUTS[layout](x)
    got = function(name)(given_x)
    assert type(got) is np.ndarray
    assert got.dtype == dtype
    np.testing.assert_array_equal(got, want)
    np.testing.assert_array_equal(given_x, x)
    if layout == "Fortran":
        assert got.flags.f_contiguous


@pytest.mark.parametrize("name", NAMES)
def test_lists_and_broadcast_arrays(name):
    x = numbers(name)
    want = function(name)(x)
    np.testing.assert_array_equal(function(name)(x.tolist()), want)
    np.testing.assert_array_equal(function(name)(np.broadcast_to(x[:, :1, :1], x.shape))[:, 3, 2], want[:, 0, 0])


@pytest.mark.parametrize("layout", ["contiguous", "Fortran", "every second", "reversed", "misaligned"])
@pytest.mark.parametrize("given_layout", ["contiguous", "Fortran", "every second", "byte-swapped"])
@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_out(name, dtype, given_layout, layout):
    x = LAYOUTS[given_layout](numbers(name, dtype))
    want = function(name)(x)
    out = LAYOUTS[layout](np.full(x.shape, 7, dtype))
    assert function(name)(x, out=out) is out
    np.testing.assert_array_equal(out, want)
    np.testing.assert_array_equal(x, numbers(name, dtype))


@pytest.mark.parametrize("layout", ["contiguous", "Fortran", "every second", "misaligned"])
@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_in_place(name, dtype, layout):
    x = LAYOUTS[layout](numbers(name, dtype))
    want = function(name)(x)
    assert function(name)(x, out=x) is x
    np.testing.assert_array_equal(x, want)


@pytest.fixture
def threads():
    before = _core.get_num_threads()
    yield _core.set_num_threads
    _core.set_num_threads(before)


@pytest.mark.parametrize("n", [5, 100, 3000, 400_000])
@pytest.mark.parametrize("shift", [1, 3, 40, -1, -3, -40])
def test_overlapping_memory(threads, shift, n):
    threads(4)
    for reversed_order in False, True:
        buffer = np.random.default_rng(0).normal(size=n + 100)
        at = 50
        x, out = buffer[at : at + n], buffer[at + shift : at + shift + n]
        if reversed_order:
            x, out = x[::-1], out[::-1]
        want = sigmoid(x.copy())
        assert sigmoid(x, out=out) is out
        np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("name", NAMES)
def test_out_that_does_not_fit_is_refused_and_untouched(name):
    x = numbers(name)
    locked = read_only(np.full(x.shape, 7.0))
    for out, message, kind in [
        (np.full(x.shape[1:], 7.0), "out has shape (6, 5), but the result has (4, 6, 5)", ValueError),
        (np.full(x.shape, 7, np.float32), "out has dtype float32, but the result has float64", ValueError),
        (np.full(x.shape, 7, ">f8"), "out has dtype >f8, but the result has float64", ValueError),
        (locked, "out is read-only", ValueError),
        (np.ma.array(np.full(x.shape, 7.0)), "out must be a NumPy array, not MaskedArray", TypeError),
        ([7.0], "out must be a NumPy array, not list", TypeError),
    ]:
        with pytest.raises(kind, match=re.escape(message)):
            function(name)(x, out=out)
        assert (np.asarray(out) == 7).all()


@pytest.mark.parametrize("name", NAMES)
def test_signature(name):
    public = function(name)
    argument = "p" if name == "logit" else "x"
    parameters = inspect.signature(public).parameters.values()
    assert [(p.name, p.kind) for p in parameters] == [
        (argument, inspect.Parameter.POSITIONAL_ONLY),
        ("out", inspect.Parameter.KEYWORD_ONLY),
    ]
    for arguments, options in [((), {}), ((1.0, 2.0), {}), ((1.0,), {"axis": -1}), ((), {argument: 1.0})]:
        with pytest.raises(TypeError, match=rf"{name}\(\)"):
            public(*arguments, **options)


@pytest.mark.parametrize("name", NAMES)
def test_the_ufunc_beneath(name):
    ufunc = getattr(_core, name)
    assert (ufunc.nin, ufunc.nout, ufunc.signature, ufunc.types) == (1, 1, None, ["f->f", "d->d"])


# The C entry.


def spy(name):
    """An entry in front of a function that says what reached it."""

    @_core.entry(name)
    def general(*args, **kwargs):
        return args, kwargs

    return general


@pytest.mark.parametrize("layout", ["contiguous", "read-only", "Fortran"])
@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_the_plain_case_does_not_reach_the_function(name, dtype, layout):
    entry = spy(name)
    for shape in (4, 6, 5), (120,), (120, 1), (1, 120):
        x = LAYOUTS[layout](numbers(name, dtype).reshape(shape))
        want = inspect.unwrap(function(name))(x)
        for options in {}, {"out": None}:
            got = entry(x, **options)
            assert type(got) is np.ndarray
            assert (got.dtype, got.strides) == (dtype, want.strides)
            np.testing.assert_array_equal(got, want)
        out = np.zeros_like(x)
        assert entry(x, out=out) is out
        np.testing.assert_array_equal(out, want)
    if layout != "read-only":
        assert entry(x, out=x) is x
        np.testing.assert_array_equal(x, want)


ARRAY = np.linspace(0.1, 0.9, 12).reshape(3, 4)
UNPLAIN = {
    "list": ARRAY.tolist(),
    "scalar": 1.0,
    "0-d": np.array(1.0),
    "empty": np.zeros((0, 4)),
    "integers": ARRAY.astype(int),
    "float16": ARRAY.astype(np.float16),
    "longdouble": ARRAY.astype(np.longdouble),
    "byte-swapped": ARRAY.astype(">f8"),
    "every second": LAYOUTS["every second"](ARRAY),
    "subclass": ARRAY.view(np.recarray),
    "misaligned": misaligned(ARRAY),
}


@pytest.mark.parametrize("kind", UNPLAIN)
def test_other_arguments_reach_the_function_untouched(kind):
    for name in NAMES:
        got, options = spy(name)(UNPLAIN[kind], out=None)
        assert got[0] is UNPLAIN[kind]
        assert options == {"out": None}


@pytest.mark.parametrize(
    "out",
    [
        [0.0],
        np.zeros(12),
        np.zeros((4, 3)),
        np.zeros((3, 4), np.float32),
        np.zeros((3, 4), ">f8"),
        np.zeros((4, 3)).T,
        read_only(ARRAY),
        ARRAY.view(np.recarray),
        (np.zeros((3, 4)),),
    ],
    ids=str,
)
def test_other_outs_reach_the_function(out):
    for name in NAMES:
        assert spy(name)(ARRAY, out=out)[1]["out"] is out


def test_other_calls_reach_the_function():
    entry = spy("sigmoid")
    assert entry() == ((), {})
    assert entry(x=1) == ((), {"x": 1})
    assert entry(ARRAY, 5)[0][1] == 5
    assert entry(ARRAY, axis=-1)[1] == {"axis": -1}
    buffer = np.zeros(20)
    assert entry(buffer[:10], out=buffer[1:11])[0][0].size == 10


# Threads.


@pytest.mark.parametrize(("name", "dtype"), PAIRS)
def test_same_bits_for_any_number_of_threads_and_in_any_place(threads, name, dtype):
    n = 2_300_003 if name == "sigmoid" else 700_001  # the first more than is kept in a cache: stored around it
    x = np.random.default_rng(0).uniform(0, 1, n).astype(dtype) * dtype(1 if name == "logit" else -9)
    threads(1)
    want = function(name)(x)
    some = slice(n - 1000, n)
    np.testing.assert_array_equal(function(name)(x[some]), want[some])
    for number, step in itertools.product((1, 2, 7), (1, 2, -1)):
        threads(number)
        np.testing.assert_array_equal(function(name)(x[::step]), want[::step])
    in_place = x.copy()
    function(name)(in_place, out=in_place)
    np.testing.assert_array_equal(in_place, want)
