# SPDX-License-Identifier: BSD-3-Clause
"""Sums with weights of either sign, against mpmath and SciPy."""

import mpmath
import numpy as np
import pytest
import scipy.special
from mpmath import mpf

from multinoulli.functions import logsumexp
from reference import ulps

INF, NAN = np.inf, np.nan


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 3, 10, 100])
@pytest.mark.parametrize("spread", [1, 30, 1000])
def test_against_the_definition(dtype, n, spread):
    rng = np.random.default_rng(n)
    for _ in range(20):
        z = rng.normal(0, spread, n).astype(dtype)
        w = rng.normal(0, 1, n).astype(dtype) * dtype(10) ** rng.integers(-20, 20, n).astype(dtype)
        terms = [mpf(float(b)) * mpmath.exp(mpf(float(a))) for a, b in zip(z, w, strict=True)]
        total, size = mpmath.fsum(terms), mpmath.fsum(abs(term) for term in terms)
        got, sign = logsumexp(z, weights=w, return_sign=True)
        assert sign == mpmath.sign(total)
        # What the signs cancel is lost for good: the error is of the size of the terms.
        condition = size / abs(total)
        assert ulps([got], [mpmath.log(abs(total))], max(condition, abs(mpmath.log(size)), abs(float(z.max())))) <= 4
        plain = logsumexp(z, weights=w)
        np.testing.assert_array_equal(plain, got if sign > 0 else NAN)


def test_the_dominant_term_keeps_its_digits():
    got = logsumexp([0.0, -40.0], weights=[1, -1])
    assert ulps([got], [mpmath.log1p(-mpmath.exp(-40))]) <= 2
    got = logsumexp([-40.0, 0.0], weights=[3, 1])
    assert ulps([got], [mpmath.log1p(3 * mpmath.exp(-40))]) <= 2


@pytest.mark.parametrize("axis", [-1, 0, (0, 2), None])
@pytest.mark.parametrize("keepdims", [False, True])
def test_like_scipy(axis, keepdims):
    rng = np.random.default_rng(0)
    z, w = rng.standard_normal((2, 3, 4, 5))
    got = logsumexp(z, weights=w, axis=axis, keepdims=keepdims, return_sign=True)
    want = scipy.special.logsumexp(z, b=w, axis=axis, keepdims=keepdims, return_sign=True)
    for a, b in zip(got, want, strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-13)


def test_options():
    rng = np.random.default_rng(1)
    z, w = rng.standard_normal((2, 4, 5))
    where = rng.random((4, 5)) < 0.6
    where[0] = False
    got, sign = logsumexp(z, weights=w, where=where, return_sign=True)
    want = logsumexp(z, weights=np.where(where, w, 0), return_sign=True)
    np.testing.assert_allclose(got, want[0])
    np.testing.assert_array_equal(sign, want[1])
    assert (got[0], sign[0]) == (-INF, 0)
    hidden = np.where(where, w, NAN)
    np.testing.assert_array_equal(logsumexp(z, weights=hidden, where=where, return_sign=True)[0], got)
    for temperature in 0.25, 2.0:
        np.testing.assert_allclose(
            logsumexp(z, weights=w, temperature=temperature, return_sign=True)[0],
            logsumexp(z / temperature, weights=w, return_sign=True)[0],
            rtol=1e-12,
        )
    out = np.zeros(4)
    assert logsumexp(z, weights=w, out=out, return_sign=True)[0] is out
    np.testing.assert_array_equal(out, logsumexp(z, weights=w, return_sign=True)[0])
    np.testing.assert_allclose(logsumexp(z, weights=2), logsumexp(z) + np.log(2))
    low = z.astype(np.float16)
    for weights, dtype in (w.astype(np.float16), np.float16), (w.tolist(), np.float16), (w, np.float64):
        assert all(array.dtype == dtype for array in logsumexp(low, weights=weights, return_sign=True))
    assert logsumexp(np.zeros((4, 1)), weights=np.ones((3, 1, 5))).shape == (3, 4)


def test_the_sign_without_weights():
    got, sign = logsumexp([[0.0, 1], [-INF, -INF], [NAN, 0]], return_sign=True)
    np.testing.assert_array_equal(sign, [1, 0, NAN])
    np.testing.assert_array_equal(got, logsumexp([[0.0, 1], [-INF, -INF], [NAN, 0]]))


@pytest.mark.parametrize(
    ("z", "w", "want", "sign"),
    [
        ([0, 0], [1, -1], -INF, 0),
        ([0, 0], [0, 0], -INF, 0),
        ([], [], -INF, 0),
        ([INF, 0], [1, -5], INF, 1),
        ([INF, 0], [-1, 5], INF, -1),
        ([INF, INF], [1, 1], INF, 1),
        ([INF, INF], [1, -1], NAN, NAN),
        ([INF, 0], [0, 1], 0, 1),
        ([NAN, 0], [0, 1], 0, 1),
        ([NAN, 0], [1, 1], NAN, NAN),
        ([0, 0], [NAN, 1], NAN, NAN),
        ([0, 0], [INF, 1], INF, 1),
        ([-INF, 0], [5, -1], 0, -1),
        ([800, -800], [1e-300, 1e300], 800 - 300 * np.log(10), 1),
    ],
)
def test_special_values(z, w, want, sign):
    got = logsumexp(np.array(z, float), weights=np.array(w, float), return_sign=True)
    np.testing.assert_allclose(got, (want, sign), rtol=1e-15, atol=np.spacing(800.0))


def test_wrong_arguments_are_refused_by_name():
    with pytest.raises(
        ValueError, match=r"weights has shape \(3,\), which does not broadcast with the scores' \(2, 4\)"
    ):
        logsumexp(np.zeros((2, 4)), weights=np.zeros(3))
    with pytest.raises(TypeError, match="weights must be real numbers"):
        logsumexp(np.zeros(2), weights=["a", "b"])
