# SPDX-License-Identifier: BSD-3-Clause
"""The passes of a linear model against their definitions in long double."""

import contextlib
import itertools

import numpy as np
import pytest
from scipy import sparse
from scipy.linalg import cython_blas
from threadpoolctl import threadpool_limits

from multinoulli import _core

# (rows, features, classes): both ways to multiply, tails of lanes, blocks and spans, and empty.
NARROW = [(0, 3, 2), (1, 1, 2), (1797, 64, 10), (9000, 9, 7), (300, 16, 26), (77, 10, 64), (50, 1, 33)]
WIDE = [(0, 90, 9), (1, 65, 5), (40, 70, 70), (700, 130, 3), (2500, 20, 90), (33, 3, 300)]
SMALL = [(n, d, K) for n, (d, K) in zip(range(1, 41), itertools.cycle([(1, 2), (3, 5), (7, 8), (16, 9), (33, 17)]))]
SHAPES = [*NARROW, *WIDE, *SMALL]
THREADS = [1, 2, 7]


@pytest.fixture(autouse=True)
def blas():
    capsules = cython_blas.__pyx_capi__
    _core.use_blas(capsules["dgemm"], capsules["sgemm"])
    with threadpool_limits(1, user_api="blas"):
        yield


def problem(shape, dtype=np.float64, offset=1.0):
    """Features away from zero, scores of a few units, some rows almost certain; labels, weights with a zero."""
    n, d, K = shape
    rng = np.random.default_rng(n + 100 * d + K)
    X = (rng.standard_normal((n, d)) + offset).astype(dtype)
    scores = rng.standard_normal((n, K)) * rng.choice([1.0, 30.0], (n, 1)) + 100 * rng.standard_normal((n, 1))
    weight = rng.random(n)
    weight[n // 2 : n // 2 + 1] = 0
    return rng, X, scores, rng.integers(0, K, n), weight


def exact(array):
    return np.asarray(array, dtype=np.longdouble)


def softmax_of(scores):
    """Probabilities and log-probabilities in long double."""
    shifted = exact(scores) - exact(scores).max(axis=1, keepdims=True) if len(scores) else exact(scores)
    sums = np.exp(shifted).sum(axis=1, keepdims=True)
    return np.exp(shifted) / sums, shifted - np.log(sums)


def onehot(labels, K):
    return exact(labels[:, None] == np.arange(K))


def assert_near(found, want, size, ulps):
    """No entry is further off than `ulps` roundings of the sum of the magnitudes of what was added up, `size`."""
    eps = np.finfo(found.dtype if found.dtype == np.float32 else np.float64).eps
    assert np.all(np.abs(exact(found) - want) <= ulps * eps * size + 1e-300)


# --- scores -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("centred", [False, True])
def test_scores(shape, dtype, centred):
    n, d, K = shape
    rng, X, *_ = problem(shape, dtype, offset=1000.0)
    coef, offset, mean = rng.standard_normal((d, K)), rng.standard_normal(K), X.mean(axis=0, dtype=float) if n else None
    mean = mean if centred else None
    out = np.full((n, K), np.nan)
    _core.linear_scores(X, mean, coef, offset, out, 1)
    rows = (X.astype(np.float64) - mean if mean is not None else X).astype(np.longdouble)
    assert_near(out, rows @ exact(coef) + exact(offset), np.abs(rows) @ np.abs(exact(coef)) + np.abs(offset), d + 2)
    for threads in THREADS:
        again = np.full((n, K), np.nan)
        _core.linear_scores(X, mean, coef, offset, again, threads)
        assert again.tobytes() == out.tobytes()
    for row in range(0, n, max(1, n // 7)):  # a row's bits are its own
        alone = np.empty((1, K))
        _core.linear_scores(X[row : row + 1], mean, coef, offset, alone, 1)
        assert alone.tobytes() == out[row].tobytes()


SINGLE_STRETCH = 128  # features whose products are added up in float32


@pytest.mark.parametrize("shape", [*SHAPES, (90, 784, 10), (1000, 384, 77), (33, 129, 128)], ids=str)
@pytest.mark.parametrize("centred", [False, True])
def test_scores_of_float32_products(shape, centred):
    n, d, K = shape
    rng, X, *_ = problem(shape, np.float32, offset=30.0)
    coef, offset, mean = rng.standard_normal((d, K)), rng.standard_normal(K), X.mean(axis=0, dtype=float) if n else None
    mean = mean if centred else None
    out = np.full((n, K), np.nan)
    assert _core.linear_predictions(X, mean, coef, offset, "scores", out, 1)
    rows = exact(X) - exact(mean) if mean is not None else exact(X)
    size = np.abs(rows) @ np.abs(exact(coef)) + np.abs(offset)
    assert np.all(np.abs(exact(out) - (rows @ exact(coef) + exact(offset))) <= (SINGLE_STRETCH + 2) * 2.0**-24 * size)
    for threads in THREADS:
        again = np.full((n, K), np.nan)
        _core.linear_predictions(X, mean, coef, offset, "scores", again, threads)
        assert again.tobytes() == out.tobytes()
    for row in range(0, n, max(1, n // 7)):  # a row's bits are its own
        alone = np.empty((1, K))
        _core.linear_predictions(X[row : row + 1], mean, coef, offset, "scores", alone, 1)
        assert alone.tobytes() == out[row].tobytes()


def test_sums_of_float32_products_lose_nothing_over_many_features():
    X, coef = np.full((3, 1 << 16), 1 / 3, np.float32), np.full((1 << 16, 2), 1 / 3)
    out, want = np.empty((3, 2)), float(np.float32(1 / 3)) / 3 * (1 << 16)
    _core.linear_predictions(X, None, coef, np.zeros(2), "scores", out, 1)
    np.testing.assert_allclose(out, want, rtol=4e-6)  # one sum in float32 is wrong by 1e-4
    assert abs(np.cumsum(X[0] * coef[:, 0].astype(np.float32))[-1] / want - 1) > 2e-5


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("function", ["softmax", "log_softmax"])
def test_a_function_of_the_scores(shape, dtype, function):
    n, d, K = shape
    rng, X, *_ = problem(shape, dtype)
    coef, offset = rng.standard_normal((d, K)), rng.standard_normal(K)
    offset[0] = -np.inf
    scores, out = np.empty((n, K)), np.full((n, K), np.nan)
    assert _core.linear_predictions(X, None, coef, offset, "scores", scores, 1)
    want = getattr(_core, function)(scores) if n else scores
    for threads in THREADS:
        assert _core.linear_predictions(X, None, coef, offset, function, out, threads)
        np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize(("d", "K"), [(9, 7), (90, 9), (20, 90), (3, 300)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_scores_tell_whether_they_are_finite(d, K, dtype, bad):
    for n, row in itertools.product([1, 1030], [0, -1]):
        X, coef, offset = np.ones((n, d), dtype), np.ones((d, K)), np.zeros(K)
        offset[1] = -np.inf
        X[row, d - 1] = bad
        assert not _core.linear_scores(X, None, coef, offset, np.empty((n, K)), 1)
        assert not _core.linear_predictions(X, None, coef, offset, "softmax", np.empty((n, K)), 2)


def test_only_a_known_function_of_scores():
    given = np.ones((1, 1)), None, np.ones((1, 2)), np.ones(2)
    for name in "exp", None:
        with pytest.raises(ValueError, match=r"'scores', 'softmax' or 'log_softmax'"):
            _core.linear_predictions(*given, name, np.empty((1, 2)), 1)


# --- gradient ---------------------------------------------------------------------------------------------------------


def gradient(X, mean, scores, labels, weight, threads=1, spread=True, proba=True):
    n, K = scores.shape
    out, sums = np.full((X.shape[1], K), np.nan), np.full(K, np.nan)
    spread, proba = np.full(n, np.nan) if spread else None, np.full((n, K), np.nan, np.float32) if proba else None
    loss = _core.linear_gradient(X, mean, scores, labels, weight, out, sums, spread, proba, threads)
    return loss, out, sums, spread, proba


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("centred", [False, True])
def test_gradient(shape, dtype, centred):
    n, _, K = shape
    _, X, scores, labels, weight = problem(shape, dtype, offset=1000.0)
    mean = X.mean(axis=0, dtype=float) if centred and n else None
    loss, out, sums, spread, proba = found = gradient(X, mean, scores, labels, weight)
    p, log_p = softmax_of(scores)
    rows = exact(X) - (0 if mean is None else exact(mean))
    residual = exact(weight)[:, None] * (p - onehot(labels, K))
    assert_near(np.float64(loss), -(exact(weight) @ log_p[np.arange(n), labels]), loss, n + 8)
    size = np.abs(residual).sum(axis=0)
    assert_near(sums, residual.sum(axis=0), size, n + K + 8)
    assert_near(out, rows.T @ residual, np.abs(rows).T @ np.abs(residual) + 1e3 * size, n + K + 8)
    if n:
        np.testing.assert_allclose(spread, (p * (1 - p)).sum(axis=1), rtol=1e-14 * K, atol=1e-18)
        np.testing.assert_allclose(proba, p, rtol=1e-6, atol=1e-38)
    for threads in THREADS:
        again = gradient(X, mean, scores, labels, weight, threads)
        assert all(np.asarray(a).tobytes() == np.asarray(b).tobytes() for a, b in zip(again, found, strict=True))
    alone = gradient(X, mean, scores, labels, weight, spread=False, proba=False)
    assert alone[0] == loss
    assert alone[1].tobytes() == out.tobytes()
    assert alone[3:] == (None, None)


@pytest.mark.parametrize("K", [2, 5, 70])
def test_gradient_of_certain_rows_keeps_its_digits(K):
    scores = np.zeros((3, K))
    scores[0, 1], scores[1, 1], scores[2, 1] = 50, 800, 300  # right, right beyond all doubt, and surely wrong
    labels, weight, X = np.array([1, 1, 0]), np.ones(3), np.ones((3, 1))
    others = (K - 1) * np.exp(np.longdouble(-50))
    found = gradient(X[:1], None, scores[:1], labels[:1], weight[:1])
    np.testing.assert_allclose(found[0], np.log1p(others), rtol=1e-14)
    np.testing.assert_allclose(found[1][0, 1], -others / (1 + others), rtol=1e-14 * K)
    np.testing.assert_allclose(found[3][0], 2 * others, rtol=1e-14 * K)
    loss, _, sums, spread, proba = gradient(X, None, scores, labels, weight)
    np.testing.assert_allclose(loss, 300, rtol=1e-14)
    np.testing.assert_allclose(sums[:2], [-1, 1], rtol=1e-14)
    np.testing.assert_allclose(spread[2], 2 * (K - 1) * np.exp(-300), rtol=1e-13 * K)
    assert (spread[1], proba[1, 1], proba[1, 0]) == (0, 1, 0)


# --- Hessian ----------------------------------------------------------------------------------------------------------


def hessian(X, p, weight, damping, vector, offset, threads=1):
    out, sums = np.full(vector.shape, np.nan), np.full(len(offset), np.nan)
    _core.linear_hessian(X, p, weight, damping, vector, offset, out, sums, threads)
    return out, sums


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("damping", [0.0, 0.25])
def test_hessian(shape, dtype, damping):
    n, d, K = shape
    rng, X, scores, _, weight = problem(shape, dtype)
    p, weight = softmax_of(scores)[0].astype(dtype), weight.astype(dtype)
    vector, offset = rng.standard_normal((d, K)).astype(dtype), 10 * rng.standard_normal(K).astype(dtype)
    out, sums = found = hessian(X, p, weight, damping, vector, offset)
    q, t = exact(p), exact(X) @ exact(vector) + exact(offset)
    q = q / q.sum(axis=1, keepdims=True) if n else q
    u = q * (t - (q * t).sum(axis=1, keepdims=True)) + damping * (t - t.mean(axis=1, keepdims=True))
    u *= exact(weight)[:, None]
    size = np.abs(exact(X)) @ np.abs(exact(vector)) + np.abs(exact(offset))
    size = exact(weight)[:, None] * (q + damping) * (size + size.mean(axis=1, keepdims=True) * (damping + 1) * 8)
    ulps = 2 * d + 2 * K + 40
    for a, want, total in (out, exact(X).T @ u, np.abs(exact(X)).T @ size), (sums, u.sum(axis=0), size.sum(axis=0)):
        assert np.all(np.abs(exact(a) - want) <= ulps * np.finfo(dtype).eps * total + 1e-300)
    for threads in THREADS:
        again = hessian(X, p, weight, damping, vector, offset, threads)
        assert all(a.tobytes() == b.tobytes() for a, b in zip(again, found, strict=True))


@pytest.mark.parametrize(("dtype", "rtol"), [(np.float32, 3e-6), (np.float64, 1e-14)])
@pytest.mark.parametrize("K", [2, 70])
def test_hessian_of_a_certain_row_keeps_its_digits(dtype, rtol, K):
    p = np.full((1, K), 1e-9 / (K - 1), dtype)
    p[0, 1] = 1 - 1e-9
    offset = np.full(K, 100, dtype)
    offset[0] = 103
    out, sums = hessian(np.ones((1, 1), dtype), p, np.ones(1, dtype), 0.0, np.zeros((1, K), dtype), offset)
    first, mean = exact(p)[0, 0], 3 * exact(p)[0, 0] / exact(p).sum()
    np.testing.assert_allclose(sums[:2], [first * (3 - mean), -mean * exact(p)[0, 1]], rtol=rtol * K)
    np.testing.assert_array_equal(out[0], sums)


# --- search -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("dtypes", [(), (np.float64,), (np.float32,), (np.float32, np.float64)], ids=str)
def test_search(shape, dtypes):
    n, _, K = shape
    rng, _, scores, labels, weight = problem(shape)
    directions = tuple(rng.standard_normal((n, K)).astype(dtype) + 5 for dtype in dtypes)
    steps, offset, every = (0.5, -2.0)[: len(dtypes)], rng.standard_normal(K), 1 + n % 3
    z = exact(scores) + exact(offset)
    for step, direction in zip(steps, directions, strict=True):
        z = z + exact(step) * exact(direction)
    p, log_p = softmax_of(z)
    w, J = exact(weight), len(directions)
    loss, slope, curvature = _core.linear_search(scores, directions, steps, offset, labels, weight, every, 1)
    assert_near(np.float64(loss), -(w @ log_p[np.arange(n), labels]), loss + 100 * w.sum(), n + 8)
    residual = w[:, None] * (p - onehot(labels, K))
    want = [np.sum(residual * exact(e)) for e in directions]
    np.testing.assert_allclose(slope, [*want, *residual.sum(axis=0)], atol=1e-13 * max(n, 1) * np.sqrt(K), rtol=1e-12)
    centred = [exact(e) - (p * exact(e)).sum(axis=1, keepdims=True) for e in directions]
    full = np.zeros((J + K, J + K), np.longdouble)
    for i, a in enumerate(centred):
        full[i, J:] = full[J:, i] = (w[:, None] * p * a).sum(axis=0)
        for j, b in enumerate(centred):
            full[i, j] = np.sum(w[:, None] * p * a * b)
    chosen = p[::every], w[::every]
    outer = np.diag(chosen[1] @ chosen[0]) - (chosen[0] * chosen[1][:, None]).T @ chosen[0]
    full[J:, J:] = outer * (w.sum() / chosen[1].sum() if chosen[1].sum() > 0 else 0)
    np.testing.assert_allclose(curvature.astype(np.longdouble), full, atol=1e-13 * max(n, 1) * K, rtol=1e-12)
    for threads in THREADS:
        again = _core.linear_search(scores, directions, steps, offset, labels, weight, every, threads)
        assert again[0] == loss
        assert (again[1].tobytes(), again[2].tobytes()) == (slope.tobytes(), curvature.tobytes())
        moved = scores.copy()
        assert _core.linear_move(moved, directions, steps, offset, threads) is None
        np.testing.assert_allclose(moved.astype(np.longdouble), z, rtol=1e-15, atol=2e-13)


def test_search_of_a_certain_row_keeps_its_digits():
    scores, e = np.array([[50.0, 0, 0]]), np.array([[1e3, 1e3 + 3, 1e3]])
    loss, slope, curvature = _core.linear_search(
        scores, (e,), (0.0,), np.zeros(3), np.zeros(1, np.int64), np.ones(1), 1, 1
    )
    tiny = np.exp(-50)
    np.testing.assert_allclose(loss, 2 * tiny, rtol=1e-13)
    np.testing.assert_allclose(slope, np.array([3, -2, 1, 1]) * tiny, rtol=1e-13)
    want = [[9, -3, 3, 0], [-3, 2, -1, -1], [3, -1, 1, 0], [0, -1, 0, 1]]
    np.testing.assert_allclose(curvature, np.array(want) * tiny, rtol=1e-13, atol=1e-40)


# --- sparse -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("K", [1, 2, 5, 8, 17, 20, 70])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("computed", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 3), (4, 1), (300, 90), (3000, 700)], ids=str)
def test_sparse(shape, dtype, computed, K):
    rng = np.random.default_rng(K)
    X = sparse.random_array(shape, density=0.05, format="csr", dtype=dtype, rng=rng)
    X.data += 1
    coef, offset = rng.standard_normal((shape[1], K)).astype(computed), rng.standard_normal(K).astype(computed)
    residual, columns = rng.standard_normal((shape[0], K)).astype(computed), X.tocsc()
    wide, size = X.astype(np.longdouble), abs(X).astype(np.longdouble)
    want_scores, want_adjoint = wide @ exact(coef) + offset, wide.T @ exact(residual)
    scores_size, adjoint_size = size @ np.abs(exact(coef)) + np.abs(offset), size.T @ np.abs(exact(residual))
    scores, adjoint = np.full(residual.shape, np.nan, computed), np.full(coef.shape, np.nan, computed)
    for threads in THREADS:
        _core.csr_scores(X.data, X.indices, X.indptr.astype(np.int64), coef, offset, scores, threads)
        _core.csr_adjoint(columns.data, columns.indices, columns.indptr.astype(np.int64), residual, adjoint, threads)
        assert_near(scores, want_scores, scores_size, 64)
        assert_near(adjoint, want_adjoint, adjoint_size, 256)
        if threads == 1:
            alone = scores.tobytes(), adjoint.tobytes()
        assert (scores.tobytes(), adjoint.tobytes()) == alone


def test_indices_that_point_elsewhere_are_refused():
    data, out = np.ones(2), np.empty((2, 3))
    right = np.array([0, 1], np.int32), np.array([0, 1, 2], np.int64)
    for indices, indptr in [
        (np.array([0, 4], np.int32), right[1]),
        (np.array([0, -1], np.int32), right[1]),
        (right[0], np.array([0, 3, 2])),
        (right[0], np.array([-1, 1, 2])),
        (right[0], np.array([0, 1, 1])),
    ]:
        with pytest.raises(ValueError, match="indices and indptr are not those of a sparse matrix"):
            _core.csr_scores(data, indices, indptr, np.ones((4, 3)), np.ones(3), out, 1)
        with pytest.raises(ValueError, match="indices and indptr are not those of a sparse matrix"):
            _core.csr_adjoint(data, indices, indptr, np.ones((4, 3)), out, 1)


# --- what is refused --------------------------------------------------------------------------------------------------


def calls():
    rng = np.random.default_rng(0)
    n, d, K = 6, 3, 4
    X, coef, scores, labels = rng.random((n, d)), rng.random((d, K)), rng.random((n, K)), rng.integers(0, K, n)
    search = [scores, (rng.random((n, K)),), (1.0,), rng.random(K), labels, rng.random(n)]
    yield _core.linear_scores, [X, rng.random(d), coef, rng.random(K), np.empty((n, K)), 1]
    yield (
        _core.linear_gradient,
        [X, rng.random(d), scores, labels, rng.random(n), coef.copy(), np.empty(K), np.empty(n),
         np.empty((n, K), np.float32), 1],
    )  # fmt: skip
    yield (
        _core.linear_hessian,
        [X, scores, rng.random(n), 0.5, coef, rng.random(K), coef.copy(), np.empty(K), 1],
    )
    yield _core.linear_search, [*search, 1, 1]
    yield _core.linear_move, [*search[:4], 1]
    entries = [rng.random(2), np.array([0, 2], np.int32), np.array([0, 1, 1, 2, 2, 2, 2])]
    yield _core.csr_scores, [*entries, coef, rng.random(K), np.empty((n, K)), 1]
    yield _core.csr_adjoint, [*entries, coef, np.empty((n, K)), 1]


@pytest.mark.parametrize(("function", "arguments"), list(calls()), ids=lambda value: getattr(value, "__name__", ""))
def test_wrong_arguments_are_refused(function, arguments):
    function(*arguments)
    with pytest.raises(TypeError, match="arguments are expected"):
        function(*arguments[:-1])
    for i, argument in enumerate(arguments):
        wrong = [None, "x", ["x"]]
        if isinstance(argument, np.ndarray):
            wrong += [argument[:-1], argument[..., None], argument.astype(np.int16), argument.astype(">f8")]
            wrong += [np.repeat(argument, 2, axis=0)[::2], np.asarray(argument, order="F")] * (argument.ndim > 1)
            wrong += [argument.astype(np.float32)] * (argument.dtype == np.float64)
            if argument.dtype == np.int64:
                wrong += [np.where(np.arange(len(argument)) == 1, bad, argument) for bad in (-1, 4)]
        elif isinstance(argument, int):
            wrong += [0, -1, 2**40]
        for bad in wrong:
            name = function.__name__
            optional = {"linear_scores": [1], "linear_gradient": [1, 7, 8]}.get(name, [])
            if bad is None and i in optional:
                function(*arguments[:i], None, *arguments[i + 1 :])
                continue
            if i == 0 and getattr(bad, "dtype", None) == np.float32 and name not in ("linear_hessian", "linear_move"):
                with contextlib.suppress(TypeError):  # data may be in single precision
                    function(bad, *arguments[1:])
                continue
            with pytest.raises((TypeError, ValueError)):
                function(*arguments[:i], bad, *arguments[i + 1 :])


def test_read_only_outputs_are_refused():
    out = np.empty((1, 2))
    out.flags.writeable = False
    with pytest.raises(ValueError, match="argument 4 is read-only"):
        _core.linear_scores(np.ones((1, 1)), None, np.ones((1, 2)), np.ones(2), out, 1)


def test_other_capsules_are_refused():
    capsules = cython_blas.__pyx_capi__
    for wrong in (capsules["ddot"], capsules["dgemm"]), (capsules["dgemm"], 1), (None, None):
        with pytest.raises(TypeError, match="the capsules of SciPy's dgemm and sgemm are expected"):
            _core.use_blas(*wrong)
