# SPDX-License-Identifier: BSD-3-Clause
"""Special values: one table, a line of it for each line of docs/special_values.md, for all five functions.

Each case says what every function gives; every way of calling (the C entry, lists, other layouts, another axis, `out=`)
must give it, with NumPy told to raise on any floating-point event.
"""

import math
import re
from dataclasses import dataclass, field
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from reference import LABELLED, NAMES, PER_ELEMENT, call, function

INF, NAN = math.inf, math.nan
LOG2, LOG3 = math.log(2), math.log(3)
THIRD = 1 / 3
HUGE = "huge"  # nine tenths of the largest number of the type
EMPTY = [[-INF, -INF, -INF]]
SOME, NONE = [[True, False, True]], [[False, False, False]]
TINY = math.exp(-80)


@dataclass(frozen=True)
class Case:
    scores: list
    labels: list
    options: dict = field(default_factory=dict)
    softmax: list | None = None
    log_softmax: list | None = None
    logsumexp: list | None = None
    cross_entropy: list | None = None
    cross_entropy_gradient: list | None = None
    error: str | None = None  # all of `only` raise, saying this
    raises: type = ValueError
    only: tuple = NAMES  # the functions that have these arguments
    dtype: object = None  # of the scores, if it is the matter
    result_dtype: object = None


def no_distribution(scores, where, empty, p, gradient, label=0):
    """A row whose probabilities are a convention: log p and the loss follow, the logarithm of a sum of 0 stays."""
    log_p = [math.log(v) if v else -INF for v in p]
    logsumexp = NAN if empty == "nan" else -INF
    return Case(
        scores, [label], {"where": where, "empty": empty}, [p], [log_p], [logsumexp], [-log_p[label]], [gradient]
    )


NAN_ROW = [NAN, NAN, NAN]
ZEROS = [0.0, 0.0, 0.0]

TABLE = {
    "NaN among the unmasked scores of a row": [
        Case(
            [[0, NAN], [0, 0]],
            [0, 0],
            {},
            [[NAN, NAN], [0.5, 0.5]],
            [[NAN, NAN], [-LOG2, -LOG2]],
            [NAN, LOG2],
            [NAN, LOG2],
            [[NAN, NAN], [-0.5, 0.5]],
        ),
        Case([[-INF, NAN]], [0], {}, [[NAN, NAN]], [[NAN, NAN]], [NAN], [NAN], [[NAN, NAN]]),
        Case([[INF, NAN]], [0], {}, [[NAN, NAN]], [[NAN, NAN]], [NAN], [NAN], [[NAN, NAN]]),
        Case([[NAN, 0, 0]], [1], {"where": SOME}, [NAN_ROW], [NAN_ROW], [NAN], [NAN], [NAN_ROW]),
        Case([[NAN, -INF, -INF]], [0], {"empty": "uniform"}, [NAN_ROW], [NAN_ROW], [NAN], [NAN], [NAN_ROW]),
        Case([[NAN, 1, 0]], [0], {"temperature": 0.5}, [NAN_ROW], [NAN_ROW], [NAN], [NAN], [NAN_ROW]),
        Case([[NAN, 1, 0]], [0], {"temperature": INF}, [NAN_ROW], [NAN_ROW], [NAN], [NAN], [NAN_ROW]),
    ],
    "+inf": [
        Case(
            [[INF, 0, INF], [0, INF, 0]],
            [0, 0],
            {},
            [[0.5, 0, 0.5], [0, 1, 0]],
            [[-LOG2, -INF, -LOG2], [-INF, 0, -INF]],
            [INF, INF],
            [LOG2, INF],
            [[-0.5, 0, 0.5], [-1, 1, 0]],
        ),
        *(
            Case(
                [[INF, 1, INF]],
                [2],
                {"temperature": temperature},
                [[0.5, 0, 0.5]],
                [[-LOG2, -INF, -LOG2]],
                [INF],
                [LOG2],
                [[0.5 / temperature, 0, -0.5 / temperature]],
            )
            for temperature in (0.5, 2, INF)
        ),
    ],
    "-inf": [
        Case(
            [[0, -INF, 0], [0, -INF, 0]],
            [0, 1],
            {},
            [[0.5, 0, 0.5]] * 2,
            [[-LOG2, -INF, -LOG2]] * 2,
            [LOG2, LOG2],
            [LOG2, INF],
            [[-0.5, 0, 0.5], [0.5, -1, 0.5]],
        ),
        *(
            Case(
                [[0, -INF, 0]],
                [0],
                {"temperature": temperature},
                [[0.5, 0, 0.5]],
                [[-LOG2, -INF, -LOG2]],
                [LOG2],
                [LOG2],
                [[-0.5 / temperature, 0, 0.5 / temperature]],
            )
            for temperature in (0.25, 4, INF)
        ),
    ],
    "true class with probability 0": [
        Case([[0, -INF]], [1], only=LABELLED, cross_entropy=[INF], cross_entropy_gradient=[[1, -1]]),
        Case([[0, 5]], [1], {"where": [[True, False]]}, only=LABELLED, cross_entropy=[INF],
             cross_entropy_gradient=[[1, 0]]),
    ],
    "a row all -inf, or with every entry masked": [
        Case(EMPTY, [0], {}, [NAN_ROW], [NAN_ROW], [-INF], [NAN], [NAN_ROW]),
        no_distribution(EMPTY, None, "nan", NAN_ROW, NAN_ROW),
        no_distribution(EMPTY, None, "zero", ZEROS, ZEROS),
        no_distribution(EMPTY, None, "uniform", [THIRD] * 3, [-2 * THIRD, THIRD, THIRD]),
        Case(EMPTY, [0], {"empty": "raise"}, error="scores has no entry above -inf in row (0,)"),
        no_distribution(EMPTY, NONE, None, ZEROS, ZEROS),
        no_distribution([[1, NAN, INF]], NONE, None, ZEROS, ZEROS),
        no_distribution([[1, NAN, INF]], NONE, "nan", NAN_ROW, NAN_ROW),
        no_distribution([[1, NAN, INF]], NONE, "zero", ZEROS, ZEROS),
        no_distribution([[1, NAN, INF]], NONE, "uniform", [THIRD] * 3, [-2 * THIRD, THIRD, THIRD]),
        Case([[1, 2, INF]], [0], {"where": NONE, "empty": "raise"}, error="scores has no entry above -inf in row (0,)"),
        no_distribution([[-INF, 5, -INF]], SOME, None, ZEROS, ZEROS),
        no_distribution([[-INF, 5, -INF]], SOME, "uniform", [0.5, 0, 0.5], [-0.5, 0, 0.5]),
        no_distribution([[-INF, 5, -INF]], SOME, "uniform", [0.5, 0, 0.5], [0.5, 0, 0.5], label=1),
        no_distribution([[-INF, 5, -INF]], SOME, "nan", NAN_ROW, NAN_ROW),
        Case(
            EMPTY,
            [0],
            {"temperature": 0.5, "empty": "uniform"},
            [[THIRD] * 3],
            [[-LOG3] * 3],
            [-INF],
            [LOG3],
            [[-4 * THIRD, 2 * THIRD, 2 * THIRD]],
        ),
        Case(EMPTY, [0], {"temperature": 0.5}, [NAN_ROW], [NAN_ROW], [-INF], [NAN], [NAN_ROW]),
        Case(EMPTY, [0], {"temperature": INF, "empty": "zero"}, [ZEROS], [EMPTY[0]], [-INF], [INF], [ZEROS]),
        # The convention is for that row alone.
        Case(
            [[0, 0, -INF], EMPTY[0]],
            [0, 2],
            {"empty": "zero"},
            [[0.5, 0.5, 0], ZEROS],
            [[-LOG2, -LOG2, -INF], EMPTY[0]],
            [LOG2, -INF],
            [LOG2, INF],
            [[-0.5, 0.5, 0], ZEROS],
        ),
    ],
    "masked entries": [
        *(
            Case(
                [[0, junk, 0], [0, junk, 0]],
                [0, 1],
                {"where": SOME},
                [[0.5, 0, 0.5]] * 2,
                [[-LOG2, -INF, -LOG2]] * 2,
                [LOG2, LOG2],
                [LOG2, INF],
                [[-0.5, 0, 0.5], [0.5, 0, 0.5]],
            )
            for junk in (NAN, INF, -INF, HUGE, 7)
        ),
    ],
    "huge scores or a huge common offset": [
        Case(
            [[HUGE, HUGE, 0]],
            [0],
            {},
            [[0.5, 0.5, 0]],
            [[-LOG2, -LOG2, f"-{HUGE}"]],
            [HUGE],
            [LOG2],
            [[-0.5, 0.5, 0]],
        ),
        Case(
            [[HUGE, f"-{HUGE}"]], [1], {}, [[1, 0]], [[0, -INF]], [HUGE], [INF], [[1, -1]]
        ),  # a difference above the largest number
        Case(
            [[2.0**20, 2.0**20 + 1]],
            [0],
            {},
            [[1 / (1 + math.e), math.e / (1 + math.e)]],
            [[-math.log1p(math.e), -math.log1p(1 / math.e)]],
            [2**20 + math.log1p(math.e)],
            [math.log1p(math.e)],
            [[-math.e / (1 + math.e), math.e / (1 + math.e)]],
        ),
        Case(
            [[HUGE, HUGE, 0]], [0], {"temperature": 1e-3}, [[0.5, 0.5, 0]], None, [INF], [LOG2], [[-500, 500, 0]]
        ),
    ],
    "the dominant entry of log_softmax": [
        Case([[80, 0]], [0], {}, [[1, TINY]], [[-TINY, -80]], [80], [TINY], [[-TINY, TINY]]),
    ],
    "float16 and bfloat16": [
        # 1 / 3000 would be far off if sixteen bits were summed.
        *(
            Case([[0] * 3000], [0], {}, [[1 / 3000] * 3000], [[-math.log(3000)] * 3000], [math.log(3000)],
                 [math.log(3000)], [[1 / 3000 - 1] + [1 / 3000] * 2999], dtype=half, result_dtype=half)
            for half in (np.float16, ml_dtypes.bfloat16)
        ),
    ],
    "integers and booleans": [
        Case([[0, 1]], [0], {}, [[1 / (1 + math.e), math.e / (1 + math.e)]],
             [[-math.log1p(math.e), -math.log1p(1 / math.e)]], [math.log1p(math.e)], [math.log1p(math.e)],
             [[-math.e / (1 + math.e), math.e / (1 + math.e)]], dtype=kind, result_dtype=np.float64)
        for kind in (np.bool_, np.int8, np.uint16, np.int32, np.int64, np.uint64)
    ],
    "complex numbers, objects, strings": [
        Case([[0, 1]], [0], {}, error="scores must be real numbers", raises=TypeError, dtype=kind)
        for kind in (np.complex64, np.complex128, object, "U1")
    ],
    "0-d input": [
        Case(3.0, 0, {}, error="scores is a single number and has no axis -1"),
        Case(3.0, 0, {"axis": 0}, error="scores is a single number and has no axis 0"),
        Case(3.0, 0, {"axis": None}, 1.0, 0.0, 3.0, 0.0, 0.0),
    ],
    "zero-length rows": [
        Case(np.zeros((2, 0)), np.zeros(2, int), {}, np.zeros((2, 0)), np.zeros((2, 0)), [-INF, -INF]),
        Case(np.zeros((0, 2)), np.zeros(0, int), {}, *(np.zeros(s) for s in ((0, 2), (0, 2), 0, 0, (0, 2)))),
        Case(np.zeros((0, 0)), np.zeros(0, int), {}, *(np.zeros(s) for s in ((0, 0), (0, 0), 0, 0, (0, 0)))),
    ],
    "temperature 0": [
        Case([[1, 3, 3], [-2, -1, -5]], [1, 0], {"temperature": 0}, [[0, 0.5, 0.5], [0, 1, 0]],
             [[-INF, -LOG2, -LOG2], [-INF, 0, -INF]], [INF, -INF], [LOG2, INF]),
        Case([[0, 0, -1]], [1], {"temperature": -0.0}, [[0.5, 0.5, 0]], [[-LOG2, -LOG2, -INF]], [LOG2], [LOG2]),
        Case([[INF, 0, INF]], [1], {"temperature": 0}, [[0.5, 0, 0.5]], [[-LOG2, -INF, -LOG2]], [INF], [INF]),
        Case([[1, NAN, 0]], [1], {"temperature": 0}, [NAN_ROW], [NAN_ROW], [NAN], [NAN]),
        Case(EMPTY, [1], {"temperature": 0, "empty": "zero"}, [ZEROS], [EMPTY[0]], [-INF], [INF]),
        Case([[5, 1, -9]], [0], {"temperature": INF}, [[THIRD] * 3], [[-LOG3] * 3], [LOG3], [LOG3], [ZEROS]),
        *(
            Case([[0, 1]], [0], {"temperature": bad}, error="temperature must be at least 0")
            for bad in (-1, -INF, NAN, -1e-300)
        ),
        Case([[0, 1]], [0], {"temperature": 0}, error="temperature must be above 0", only=("cross_entropy_gradient",)),
    ],
    "a label outside 0...K-1": [
        Case([[0, 0]] * 3, [0, bad, 77], error=f"labels must lie in 0...K-1, but one is {bad} and K, ", only=LABELLED)
        for bad in (-1, 2, 2**40)
    ],
    "sample weight 0": [
        *(
            Case([[0, 0], [bad, 0], [0, 0]], [0, 9, 1], {"weight": [2, 0, 1], **reduction}, cross_entropy=value,
                 only=("cross_entropy",))
            for bad in (NAN, INF, -INF)
            for reduction, value in (
                ({}, [2 * LOG2, 0, LOG2]), ({"reduction": "sum"}, 3 * LOG2), ({"reduction": "mean"}, LOG2)
            )
        ),
        # Three samples of log 2 and one of log 3.
        Case([[0, 0, -INF], [0, 0, 0]], [0, 0], {"weight": [3, 1], "reduction": "mean"},
             cross_entropy=(3 * LOG2 + LOG3) / 4, only=("cross_entropy",)),
    ],
    "all weights zero, or no samples": [
        *(
            case
            for scores, weight in (([[0, 1]], [0]), (np.zeros((0, 2)), None))
            for labels in [np.zeros(len(scores), int)]
            for case in (
                Case(scores, labels, {"weight": weight, "reduction": "mean"}, error="there is no mean loss",
                     only=("cross_entropy",)),
                Case(scores, labels, {"weight": weight, "reduction": "mean", "empty_mean": 7.5}, cross_entropy=7.5,
                     only=("cross_entropy",)),
                Case(scores, labels, {"weight": weight, "reduction": "sum"}, cross_entropy=0.0,
                     only=("cross_entropy",)),
            )
        ),
    ],
}  # fmt: skip

TOLERANCE = {np.float16: 1e-3, ml_dtypes.bfloat16: 8e-3, np.float32: 4e-7, np.float64: 1e-15}


def resolve(values, dtype):
    huge = 0.9 * float(np.finfo(dtype).max) if dtype in (np.float32, np.float64) else NAN
    table = np.array(values, dtype=object)
    names = {HUGE: huge, f"-{HUGE}": -huge}
    return np.array([names.get(v, v) for v in table.ravel()], dtype=dtype).reshape(table.shape)


def entry(scores, labels, where):
    return scores, labels, where, {}


def nested_lists(scores, labels, where):
    if scores.size == 0:  # lists without numbers lose their shape
        return scores, labels, where, {}
    return scores.tolist(), labels.tolist(), None if where is None else where.tolist(), {}


def fortran_and_read_only(scores, labels, where):
    scores = scores.copy(order="F")
    scores.flags.writeable = False
    small = labels.size == 0 or (labels.min() >= 0 and labels.max() < 256)
    return scores, labels.astype(np.uint8) if small else labels, where, {}


def first_axis(scores, labels, where):
    if scores.ndim != 2:  # a single number has no other axis
        return scores, labels, where, {}
    return np.ascontiguousarray(scores.T), labels, None if where is None else where.T, {"axis": 0}


def call_case(name, case, dtype, way, **more):
    scores, labels = resolve(case.scores, case.dtype or dtype), np.array(case.labels, dtype=np.int64)
    where = case.options.get("where")
    where = None if where is None else np.array(where)
    scores, labels, where, axis = way(scores, labels, where)
    options = {**case.options, **axis, **more}
    if where is not None:
        options["where"] = where
    with np.errstate(all="raise"):
        result = call(name, scores, labels, **options)
    return np.asarray(result).T if axis and name in PER_ELEMENT else np.asarray(result)


# Each case with each function of which it says something, called in every way; a list has no type that could matter.
CALLS = [
    pytest.param(case, name, dtype, way, id=f"{line}-{i}-{name}-{way.__name__}-{np.dtype(dtype)}")
    for line, cases in TABLE.items()
    for i, case in enumerate(cases)
    for name in case.only
    if case.error or getattr(case, name) is not None
    for way in (entry, fortran_and_read_only, first_axis, nested_lists)
    for dtype in (np.float32, np.float64)
    if way is not nested_lists or (case.dtype is None and dtype is np.float64)
]


@pytest.mark.parametrize(("case", "name", "dtype", "way"), CALLS)
def test_table(case, name, dtype, way):
    if case.error:
        with pytest.raises(case.raises, match=re.escape(case.error)):
            call_case(name, case, dtype, way)
        return
    dtype = case.result_dtype or dtype
    result, expected = call_case(name, case, dtype, way), resolve(getattr(case, name), dtype)
    assert result.dtype == dtype
    assert result.shape == expected.shape
    close = {"rtol": TOLERANCE[dtype], "atol": 0}
    np.testing.assert_allclose(result.astype(np.float64), expected.astype(np.float64), **close)
    # The loss beside the gradient is the loss.
    if name == "cross_entropy_gradient":
        scores = resolve(case.scores, case.dtype or dtype)
        loss = np.asarray(function(name)(scores, case.labels, **case.options)[0], np.float64)
        np.testing.assert_allclose(loss, resolve(case.cross_entropy, dtype).astype(np.float64), **close)


def test_every_line_of_the_written_policy_is_in_the_table():
    page = (Path(__file__).parents[2] / "docs" / "special_values.md").read_text().partition("\n## ")[0]
    lines = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("|")]
    assert lines[2:] == list(TABLE)


@pytest.mark.parametrize("name", LABELLED)
def test_zero_classes_have_no_label(name):
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.\.K-1, but one is 0 and K, .*, is 0"):
        call(name, np.zeros((2, 0)), [0, 0])


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize("bad", [-1, 3, 2**40, np.iinfo(np.int64).min])
@pytest.mark.parametrize("way", [entry, first_axis])
def test_label_outside_the_classes(name, bad, way):
    scores, labels, _, axis = way(np.zeros((4, 3)), np.array([0, 2, bad, 77]), None)
    with pytest.raises(ValueError, match=rf"labels must lie in 0\.\.\.K-1, but one is {bad} and K, .*, is 3"):
        call(name, scores, labels, **axis)
    with pytest.raises(ValueError, match="but one is 18446744073709551615"):
        call(name, scores, np.array([0, 1, 2, 2**64 - 1], dtype=np.uint64), **axis)


@pytest.mark.parametrize("name", NAMES)
def test_float16_and_bfloat16_are_rounded_once(name):
    for half in np.float16, ml_dtypes.bfloat16:
        scores = np.linspace(-9, 12, 60).reshape(4, 15).astype(half)
        result = call(name, scores, [0, 3, 7, 14])
        assert result.dtype == half
        in_float32 = call(name, scores.astype(np.float32), [0, 3, 7, 14])
        np.testing.assert_array_equal(result, in_float32.astype(half))
        # Sums in 16 bits would be far off: the probabilities of 3,000 equal scores are 1 / 3000.
        assert abs(float(call("softmax", np.zeros(3000, half))[0]) * 3000 - 1) < 2e-3


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.int64, np.uint64])
def test_integers_are_computed_in_float64(name, dtype):
    scores = np.array([[0, 1, 1], [1, 0, 0]], dtype=dtype)
    result = call(name, scores, [0, 1])
    assert result.dtype == np.float64
    np.testing.assert_array_equal(result, call(name, scores.astype(np.float64), [0, 1]))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "scores",
    [
        np.zeros(2, np.complex64),
        np.array([0.0, None]),
        np.array(["1", "2"]),
        np.zeros(2, "datetime64[s]"),
        np.zeros(2, "timedelta64[s]"),
        np.zeros(2, np.longdouble),
        np.zeros(2, [("a", float)]),
        [1j, 0],
        ["a", "b"],
    ],
    ids=lambda scores: str(np.asarray(scores).dtype),
)
def test_other_types_are_refused_by_name(name, scores):
    with pytest.raises(TypeError, match="scores must be real numbers"):
        call(name, scores, 0)


@pytest.mark.parametrize("name", NAMES)
def test_masked_arrays_are_sent_to_where(name):
    with pytest.raises(TypeError, match=r"scores is a masked array; .* where="):
        call(name, np.ma.array([0.0, 1.0], mask=[True, False]), 0)
