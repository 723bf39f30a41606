# SPDX-License-Identifier: BSD-3-Clause
"""The generalised ufuncs by themselves: the public functions rest on them."""

import numpy as np
import pytest

from multinoulli import _core
from reference import LABELLED, NAMES, PER_ELEMENT

SIGNATURES = {
    "softmax": "(k)->(k)",
    "log_softmax": "(k)->(k)",
    "logsumexp": "(k)->()",
    "cross_entropy": "(k),()->()",
    "cross_entropy_gradient": "(k),()->(),(k)",
}


@pytest.mark.parametrize("name", NAMES)
def test_signature_and_types(name):
    ufunc = getattr(_core, name)
    assert ufunc.signature == SIGNATURES[name]
    label = "l" if name in LABELLED else ""
    outputs = 2 if name == "cross_entropy_gradient" else 1
    assert ufunc.types == [f"{t}{label}->{t * outputs}" for t in "fd"]


@pytest.mark.parametrize("name", NAMES)
def test_any_strides(name):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(70, 9)).astype(np.float32)
    labels = rng.integers(0, 9, 70)
    arguments = (scores, labels) if name in LABELLED else (scores,)
    ufunc = getattr(_core, name)
    want = ufunc(*arguments)
    want = want if isinstance(want, tuple) else (want,)
    # Every operand strided, reversed or transposed, in turn and together.
    strided = [np.repeat(a, 3, axis=-1)[..., ::3] for a in arguments]
    reversed_ = [np.ascontiguousarray(a[::-1])[::-1] for a in arguments]
    transposed = [np.asfortranarray(a) for a in arguments]
    for given in strided, reversed_, transposed, [strided[0], *arguments[1:]], [arguments[0], *strided[1:]]:
        for make in np.empty_like, lambda a: np.empty((3 * a.shape[0], *a.shape[1:]), a.dtype)[::3]:
            out = tuple(make(a) for a in want)
            ufunc(*given, out=out)
            for a, b in zip(out, want, strict=True):
                np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("n_classes", [1, 3, 64, 65, 20000, 70000])
def test_gathered_blocks_of_any_size(n_classes):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(n_classes, 5))
    rows = np.ascontiguousarray(scores.T)
    np.testing.assert_array_equal(_core.softmax(scores, axis=0), _core.softmax(rows).T)
    np.testing.assert_array_equal(_core.logsumexp(scores, axis=0), _core.logsumexp(rows))


@pytest.mark.parametrize("name", LABELLED)
@pytest.mark.parametrize("shape", [(6,), (2, 3)])
def test_the_first_bad_label_is_named(name, shape):
    labels = np.array([0, 1, 5, 1, -7, 0]).reshape(shape)
    for scores in np.zeros((6, 4)).reshape(*shape, 4), np.zeros((4,) + (1,) * len(shape)).T:
        with pytest.raises(ValueError, match="but one is 5 and K, the number of classes, is 4"):
            getattr(_core, name)(scores, labels)
    with pytest.raises(ValueError, match="but one is 0 and K, the number of classes, is 0"):
        getattr(_core, name)(np.zeros((2, 0)), 0)
    for refused in 1.0, np.uint64(1), True + 0j:
        with pytest.raises(TypeError, match="casting"):
            getattr(_core, name)(np.zeros((2, 3)), np.array(refused))


@pytest.mark.parametrize("name", PER_ELEMENT)
def test_nothing_in_nothing_out(name):
    arguments = (np.zeros((0, 3)), np.zeros(0, int)) if name in LABELLED else (np.zeros((0, 3)),)
    results = getattr(_core, name)(*arguments)
    results = results if isinstance(results, tuple) else (results,)
    assert results[-1].shape == (0, 3)
    np.testing.assert_array_equal(_core.logsumexp(np.zeros((2, 0), np.float32)), np.full(2, -np.inf, np.float32))
    assert _core.softmax(np.zeros((2, 0))).shape == (2, 0)


def test_no_floating_point_flag_is_left():
    scores = np.array([[-np.inf, 1e308, -1e308, np.nan], [1e-320, -700, 700, np.inf]])
    with np.errstate(all="raise"):
        for name in NAMES:
            getattr(_core, name)(scores, *([[0, 1]] if name in LABELLED else []))
