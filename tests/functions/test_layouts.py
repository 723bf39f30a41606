# SPDX-License-Identifier: BSD-3-Clause
"""Where the classes lie in memory: rows, columns, columns in the middle, few or many of them, long rows.

Whatever the layout, results are as exact as promised, the C entry and the general path agree, a row knows nothing of
the batch that it is in, and a call that is refused writes nothing.
"""

import inspect
import re

import numpy as np
import pytest

from layouts import byte_swapped, every_second, mirrored, misaligned, read_only
from reference import LABELLED, NAMES, PER_ELEMENT, PROMISED_ULPS, call, exact_row, function, ulps

FLOATS = (np.float32, np.float64)
# Shape and axis. Up to 64 classes are read one way, more another; fewer than 8 columns are gathered to rows.
SHAPES = [
    ((20, 10), 1),
    ((10, 20), 0),
    ((64, 9), 0),
    ((65, 9), 0),
    ((71, 37), 0),
    ((70, 5), 0),
    ((2, 10, 17), 1),
    ((2, 66, 8), 1),
    ((2, 66, 3), 1),
    ((2, 2, 3, 2, 2), 2),
    ((1, 9, 1), 1),
    ((70, 1, 9), 0),
]
HARD = {
    "normal": lambda rng, shape: 2 * rng.standard_normal(shape),
    "far apart": lambda rng, shape: rng.uniform(-110, 0, shape) + 1e3 * (rng.random(shape) < 0.05),
    "offset": lambda rng, shape: rng.standard_normal(shape) + 1e6,
}


def labels_for(scores, axis, seed=1):
    shape = np.delete(scores.shape, axis)
    return np.random.default_rng(seed).integers(0, scores.shape[axis], shape)


def classes_last(array, axis):
    return np.ascontiguousarray(np.moveaxis(array, axis, -1))


def with_special_values(shape, dtype, seed=0):
    """One row in three has a NaN, an infinity, nothing but -inf, or numbers that no exponential takes."""
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal(shape).astype(dtype)
    rows = scores.reshape(-1, shape[-1])
    huge = 0.9 * np.finfo(dtype).max
    for kind, values in enumerate([[np.nan], [np.inf], [np.inf, -np.inf], [np.inf, np.nan], [huge, -huge], [1e-310]]):
        for row in rows[kind * 3 :: 24]:
            row[rng.integers(len(row), size=len(values))] = values
    rows[18::24] = -np.inf
    rows[21::24] += dtype(1e9)
    return scores


def every_bit(array):
    return np.ascontiguousarray(array).tobytes()


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
def test_promised_ulps_in_every_layout(dtype, shape, axis):
    rng = np.random.default_rng(0)
    for kind, draw in HARD.items():
        scores = draw(rng, shape).astype(dtype)
        labels = labels_for(scores, axis)
        rows, codes = classes_last(scores, axis).reshape(-1, shape[axis])[:8], labels.ravel()
        exact = [exact_row(row, code) for row, code in zip(rows, codes, strict=False)]
        moved = np.moveaxis(scores, axis, -1).copy()
        for name in NAMES:
            got = call(name, scores, labels, axis=axis)
            in_rows = call(name, moved, labels)
            for result in (classes_last(got, axis) if name in PER_ELEMENT else got), in_rows:
                assert result.dtype == dtype
                assert result.shape == in_rows.shape
                for row, want in zip(result.reshape(labels.size, -1), exact, strict=False):
                    scale = want["log_sum"] if name == "logsumexp" else 0
                    assert ulps(row, want[name], scale) <= PROMISED_ULPS[dtype][name], (name, kind)


@pytest.mark.parametrize(("shape", "axis"), SHAPES, ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_the_entry_and_the_general_path_agree(name, dtype, shape, axis):
    scores = np.moveaxis(with_special_values((*np.delete(shape, axis), shape[axis]), dtype), -1, axis).copy()
    labels = labels_for(scores, axis)
    arguments = (scores, labels) if name in LABELLED else (scores,)
    got, want = function(name)(*arguments, axis=axis), inspect.unwrap(function(name))(*arguments, axis=axis)
    for a, b in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
        assert (a.shape, a.dtype, a.flags.c_contiguous) == (b.shape, b.dtype, True)
        assert every_bit(a) == every_bit(b)
    # And the special values are those of the rows.
    in_rows = call(name, classes_last(scores, axis), labels)
    moved = np.moveaxis(in_rows, -1, axis) if name in PER_ELEMENT else in_rows
    tolerance = {"rtol": 8 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps if name == "logsumexp" else 0}
    np.testing.assert_allclose(call(name, scores, labels, axis=axis), moved, **tolerance)


LAYOUTS = {
    "read-only": read_only,
    "misaligned": misaligned,
    "byte-swapped": byte_swapped,
    "two apart": every_second,
    "in a wider table": lambda array: np.concatenate([array, array], axis=-1)[..., : array.shape[-1]],
    "upside down": lambda array: array[::-1].copy()[::-1],
    "mirrored": mirrored,
    "Fortran": np.asfortranarray,
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("shape", "axis"), [((10, 20), 0), ((70, 20), 0), ((2, 70, 9), 1)], ids=str)
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", NAMES)
def test_memory_order_changes_no_special_value_and_no_promise(name, dtype, shape, axis, layout):
    scores = np.moveaxis(with_special_values((*np.delete(shape, axis), shape[axis]), dtype), -1, axis).copy()
    labels = labels_for(scores, axis)
    want = call(name, scores, labels, axis=axis)
    tolerance = {"rtol": 8 * np.finfo(dtype).eps, "atol": 8 * np.finfo(dtype).eps if name == "logsumexp" else 0}
    given = LAYOUTS[layout](scores)
    before = given.tobytes()
    np.testing.assert_allclose(call(name, given, labels, axis=axis), want, **tolerance)
    assert given.tobytes() == before
    for out in np.full_like(want, 7), LAYOUTS[layout](np.full_like(want, 7)) if layout != "read-only" else None:
        if out is None or out.dtype != want.dtype:
            continue
        pair = (None, out) if name == "cross_entropy_gradient" else out
        assert call(name, given, labels, axis=axis, out=pair) is out
        np.testing.assert_allclose(out, want, **tolerance)
    if name in PER_ELEMENT and given.flags.writeable and given.dtype == dtype:
        pair = (None, given) if name == "cross_entropy_gradient" else given
        assert call(name, given, labels, axis=axis, out=pair) is given
        np.testing.assert_allclose(given, want, **tolerance)


# Rows, columns of few and many classes, a middle axis; the last rows are long, more than a megabyte each.
BATCHES = [((300, 9), 1), ((40, 500), 1), ((9, 300), 0), ((90, 1300), 0), ((5, 80, 60), 1), ((4, 270_001), 1)]


@pytest.mark.parametrize(("shape", "axis"), BATCHES, ids=str)
@pytest.mark.parametrize("name", NAMES)
def test_a_part_of_the_batch_has_the_same_bits(name, shape, axis):
    scores = np.moveaxis(with_special_values((*np.delete(shape, axis), shape[axis]), np.float32), -1, axis).copy()
    labels = labels_for(scores, axis)
    whole = call(name, scores, labels, axis=axis)
    along = 1 if axis == 0 else 0  # what is split; a part keeps at least 8 columns
    n = shape[along]
    for part in slice(0, n // 2), slice(1, None), slice(n // 3, n // 3 + max(8, n // 4)), slice(None, None, -1):
        at = tuple(part if i == along else slice(None) for i in range(len(shape)))
        of_labels = tuple(index for i, index in enumerate(at) if i != axis)
        want = every_bit(whole[at] if name in PER_ELEMENT else whole[of_labels])
        assert every_bit(call(name, scores[at].copy(), labels[of_labels].copy(), axis=axis)) == want
        if part.step is None:
            assert every_bit(call(name, scores[at], labels[of_labels], axis=axis)) == want


REFUSED = [
    ({"axis": 3}, ValueError, "axis 3 is out of bounds"),
    ({"axis": (0, 0)}, ValueError, "repeated axis"),
    ({"axis": 0.5}, TypeError, "axis must be an integer"),
    ({"where": np.ones((3, 2), bool)}, ValueError, "where has shape (3, 2), which does not broadcast to the scores'"),
    ({"where": np.ones(9)}, TypeError, "where must be boolean"),
    ({"temperature": -1.0}, ValueError, "temperature must be at least 0"),
    ({"empty": "all"}, ValueError, "empty must be one of"),
    ({"empty": "raise"}, ValueError, "scores has no entry above -inf in row"),
]


@pytest.mark.parametrize(("options", "error", "message"), REFUSED, ids=str)
@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_refused_options_leave_the_outputs_alone(name, axis, options, error, message):
    scores = np.full((4, 6, 9), -np.inf)
    labels = np.zeros(np.delete(scores.shape, axis), np.int64)
    out = [np.full(labels.shape, 7.0), np.full(scores.shape, 7.0)]
    given = tuple(out) if name == "cross_entropy_gradient" else out[name in PER_ELEMENT]
    with pytest.raises(error, match=re.escape(message)):
        call(name, scores, labels, **{"axis": axis, "out": given, **options})
    assert all((array == 7).all() for array in out)


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_refused_outputs_are_left_alone(name, axis):
    scores = np.zeros((4, 6, 9))
    labels = np.zeros(np.delete(scores.shape, axis), np.int64)
    shape = scores.shape if name in PER_ELEMENT else labels.shape
    for wrong, message in [
        (np.full((*shape, 1), 7.0), "out has shape"),
        (np.full(shape[::-1], 7.0), "out has shape"),
        (np.full(1, 7.0), "out has shape"),
        (np.full(shape, 7, np.float32), "out has dtype float32, but the result has float64"),
        (np.full(shape, 7, ">f8"), "out has dtype >f8, but the result has float64"),
        (np.full(shape, 7), "out has dtype int64, but the result has float64"),
        (read_only(np.full(shape, 7.0)), "out is read-only"),
    ]:
        loss = np.full(labels.shape, 7.0)
        with pytest.raises(ValueError, match=message):
            call(name, scores, labels, axis=axis, out=(loss, wrong) if name == "cross_entropy_gradient" else wrong)
        assert (wrong == 7).all()
        assert (loss == 7).all()
    if name == "cross_entropy_gradient":  # the loss that does not fit keeps the gradient from being written
        gradient = np.full(scores.shape, 7.0)
        with pytest.raises(ValueError, match="out has shape"):
            call(name, scores, labels, axis=axis, out=(np.full(3, 7.0), gradient))
        assert (gradient == 7).all()


@pytest.mark.parametrize("axis", [-1, 0, 1])
@pytest.mark.parametrize("name", LABELLED)
def test_refused_labels_leave_the_outputs_alone(name, axis):
    scores = np.zeros((4, 6, 9))
    batch = tuple(np.delete(scores.shape, axis))
    good, bad = np.zeros(batch, np.int64), np.zeros(batch, np.int64)
    bad[-1, -1] = 77
    for labels, error, message in [
        (good[:, :-1], ValueError, "labels has shape"),
        (good.T, ValueError, "labels has shape"),
        (np.zeros(7, np.int64), ValueError, "labels has shape"),
        (good.astype(float), TypeError, "labels must be integers"),
        (good.astype(bool), TypeError, "labels must be integers"),
        (good.astype(object), TypeError, "labels must be integers"),
        (None, TypeError, "labels must be integers"),
    ]:
        out = np.full(batch, 7.0), np.full(scores.shape, 7.0)
        with pytest.raises(error, match=message):
            call(name, scores, labels, axis=axis, out=out if name == "cross_entropy_gradient" else out[0])
        assert all((array == 7).all() for array in out)
    with pytest.raises(ValueError, match="one is 77 and K, the number of classes, is"):
        call(name, scores, bad, axis=axis)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_label_out_of_range_leaves_the_outputs_alone(axis):
    scores = np.zeros((4, 6, 9))
    labels = np.zeros([n for i, n in enumerate(scores.shape) if i != axis], np.int64)
    labels[-1, -1] = 77
    loss, gradient = np.full(labels.shape, 5.0), np.full(scores.shape, 5.0)
    with pytest.raises(ValueError, match="one is 77 and K, the number of classes, is"):
        function("cross_entropy_gradient")(scores, labels, axis=axis, out=(loss, gradient))
    assert (loss == 5).all()
    assert (gradient == 5).all()
