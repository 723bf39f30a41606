# SPDX-License-Identifier: BSD-3-Clause
"""The C entry: a function like any other from outside, and never an answer of its own."""

import copy
import gc
import inspect
import pickle
import pydoc
import weakref

import numpy as np
import pytest

from multinoulli import _core
from reference import LABELLED, NAMES, call, function

SCORES = np.random.default_rng(0).normal(size=(3, 4))
LABELS = np.array([0, 3, 1])


@pytest.mark.parametrize("name", NAMES)
def test_it_presents_itself_as_the_function(name):
    public = function(name)
    general = inspect.unwrap(public)
    assert inspect.isfunction(general)
    for attribute in "__name__", "__qualname__", "__doc__", "__module__":
        assert getattr(public, attribute) == getattr(general, attribute)
    assert public.__name__ == name
    assert inspect.signature(public) == inspect.signature(general)
    assert next(iter(inspect.signature(public).parameters)) == "scores"
    assert f"{name} = " not in pydoc.plaintext.document(public)
    assert "Parameters" in pydoc.plaintext.document(public)
    assert name in repr(public)
    assert inspect.isroutine(public)


@pytest.mark.parametrize("name", NAMES)
def test_it_pickles_and_copies_by_name(name):
    public = function(name)
    assert pickle.loads(pickle.dumps(public)) is public
    assert copy.deepcopy(public) is copy.copy(public) is public


def spy(name):
    """An entry in front of a function that says what reached it."""

    @_core.entry(name)
    def general(*args, **kwargs):
        return args, kwargs

    return general


def plain_arguments(name, dtype=np.float64):
    return (SCORES.astype(dtype), LABELS) if name in LABELLED else (SCORES.astype(dtype),)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_plain_case_does_not_reach_the_function(name, dtype):
    entry, arguments = spy(name), plain_arguments(name, dtype)
    for options in {}, {"axis": -1}, {"axis": 1}, {"out": None}, {"axis": 1, "out": None}:
        got = entry(*arguments, **options)
        want = function(name).__wrapped__(*arguments, **options)
        for a, b in zip(got, want, strict=True) if isinstance(got, tuple) else [(got, want)]:
            assert type(a) is type(b) is np.ndarray
            assert a.dtype == b.dtype == dtype
            np.testing.assert_array_equal(a, b)
    one_row = [array[0, ...] for array in arguments]
    assert type(call(name, *one_row)) is type(function(name).__wrapped__(*one_row)) or name == "cross_entropy_gradient"


@pytest.mark.parametrize("name", ["softmax", "log_softmax", "logsumexp", "cross_entropy"])
def test_the_plain_case_takes_out(name):
    entry, arguments = spy(name), plain_arguments(name)
    want = entry(*arguments)
    out = np.zeros_like(want)
    assert entry(*arguments, out=out) is out
    np.testing.assert_array_equal(out, want)
    if want.shape == SCORES.shape:
        scores = SCORES.copy()
        assert entry(scores, out=scores) is scores
        np.testing.assert_array_equal(scores, want)


@pytest.mark.parametrize("given", ["neither", "the loss", "the gradient", "both", "the scores"])
@pytest.mark.parametrize("axis", [1, -1])
def test_the_plain_case_takes_a_pair(given, axis):
    entry = spy("cross_entropy_gradient")
    want = entry(SCORES, LABELS, axis=axis)
    scores = SCORES.copy()
    loss = np.zeros(3) if given in ("the loss", "both") else None
    gradient = np.zeros((3, 4)) if given in ("the gradient", "both") else scores if given == "the scores" else None
    got = entry(scores, LABELS, axis=axis, out=(loss, gradient))
    assert loss is None or got[0] is loss
    assert gradient is None or got[1] is gradient
    for a, b in zip(got, want, strict=True):
        np.testing.assert_array_equal(a, b)


class Subclass(np.ndarray):
    pass


UNPLAIN_SCORES = {
    "list": SCORES.tolist(),
    "scalar": 1.0,
    "0-d": np.array(1.0),
    "empty": np.zeros((0, 4)),
    "no classes": np.zeros((3, 0)),
    "integers": SCORES.astype(int),
    "float16": SCORES.astype(np.float16),
    "longdouble": SCORES.astype(np.longdouble),
    "byte-swapped": SCORES.astype(">f8"),
    "Fortran": np.asfortranarray(SCORES),
    "every second": np.repeat(SCORES, 2, axis=1)[:, ::2],
    "subclass": SCORES.view(Subclass),
    "misaligned": np.zeros(97, np.uint8)[1:].view(np.float64).reshape(3, 4),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", UNPLAIN_SCORES)
def test_other_scores_reach_the_function_untouched(name, kind):
    arguments = (UNPLAIN_SCORES[kind], *plain_arguments(name)[1:])
    assert spy(name)(*arguments, axis=-1) == (arguments, {"axis": -1})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "options",
    [
        {"axis": 0},
        {"axis": None},
        {"axis": 2},
        {"axis": -2},
        {"axis": 10**30},
        {"axis": True},
        {"axis": np.int64(1)},
        {"axis": (1,)},
        {"where": True},
        {"temperature": 1.0},
        {"empty": None},
        {"out": [0.0]},
        {"out": np.zeros(7)},
        {"out": np.zeros((3, 4), np.float32)},
        {"out": np.zeros((4, 3)).T},
        {"axis": -1, "unheard_of": 1},
    ],
    ids=str,
)
def test_other_options_reach_the_function(name, options):
    arguments = plain_arguments(name)
    got, got_options = spy(name)(*arguments, **options)
    assert all(a is b for a, b in zip(got, arguments, strict=True))
    assert got_options.keys() == options.keys()
    assert all(got_options[key] is options[key] for key in options)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_numbers_of_arguments_reach_the_function(name):
    entry = spy(name)
    assert entry() == ((), {})
    assert entry(scores=1) == ((), {"scores": 1})
    arguments = (*plain_arguments(name), 5)
    assert entry(*arguments) == (arguments, {})


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize(
    "labels",
    [
        LABELS.tolist(),
        LABELS.astype(np.int32),
        LABELS.astype(float),
        LABELS[:1],
        LABELS[None],
        np.repeat(LABELS, 2)[::2],
        np.array([0, 3, 4]),
        np.array([0, -1, 3]),
        np.array(2),
    ],
    ids=str,
)
def test_other_labels_reach_the_function(name, labels):
    got, _ = spy(name)(SCORES, labels)
    assert got[1] is labels


def test_out_that_overlaps_or_is_read_only_reaches_the_function():
    buffer = np.zeros(20)
    scores = buffer[2:14].reshape(3, 4)
    for out in buffer[1:13].reshape(3, 4), buffer[3:15].reshape(3, 4):
        assert spy("softmax")(scores, out=out)[1]["out"] is out
    per_row = scores.ravel()[:3]
    assert spy("logsumexp")(scores, out=per_row)[1]["out"] is per_row
    assert spy("cross_entropy")(scores, LABELS, out=LABELS.view(float))[1]["out"].dtype == float
    locked = np.zeros((3, 4))
    locked.flags.writeable = False
    assert spy("softmax")(SCORES, out=locked)[1]["out"] is locked


def test_a_pair_that_does_not_fit_reaches_the_function():
    buffer = np.zeros(15)
    loss, gradient = np.zeros(3), np.zeros((3, 4))
    for pair in [
        (loss, gradient, None),
        (gradient, loss),
        (loss.astype(np.float32), gradient),
        (loss, gradient.T),
        (SCORES.ravel()[:3], gradient),
        (buffer[11:14], buffer[:12].reshape(3, 4)),
        (LABELS.view(float), gradient),
        [loss, gradient],
        loss,
    ]:
        assert spy("cross_entropy_gradient")(SCORES, LABELS, out=pair)[1]["out"] is pair


def test_exceptions_of_the_function_pass():
    @_core.entry("softmax")
    def failing(scores):
        raise KeyError(scores)

    with pytest.raises(KeyError, match="nothing"):
        failing("nothing")


def test_an_entry_in_a_class_is_a_method():
    class Model:
        proba = spy("softmax")

    model = Model()
    assert model.proba(5) == ((model, 5), {})
    assert Model.proba(5) == ((5,), {})


def test_entries_are_collected():
    entry = spy("softmax")
    entry.itself = entry
    seen = weakref.ref(entry)
    del entry
    gc.collect()
    assert seen() is None


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match="no function named 'softmin'"):
        _core.entry("softmin")
    with pytest.raises(TypeError):
        _core.entry(3)
    with pytest.raises(TypeError, match="cannot create"):
        type(spy("softmax"))()
