# SPDX-License-Identifier: BSD-3-Clause
"""The kernels of naive Bayes against their definitions in long double, and wrong calls of them."""

import numpy as np
import pytest
from scipy import sparse

from multinoulli import _core


def problem(n, d, K, dtype=np.float64):
    rng = np.random.default_rng(n + 100 * d + K)
    X = (rng.standard_normal((n, d)) + 5).astype(dtype)
    return rng, X, rng.integers(K, size=n), rng.random(n)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 3, 2), (1, 1, 2), (50, 7, 3), (60, 8, 2), (70, 37, 5)], ids=str)
def test_class_moments(shape, dtype):
    _, d, K = shape
    rng, X, labels, weight = problem(*shape, dtype)
    centre = rng.standard_normal((K, d))
    of_class = (labels == np.arange(K)[:, None]) * weight.astype(np.longdouble)
    for about in None, centre:
        step = X.astype(np.longdouble) - (0 if about is None else about[labels])
        for with_squares in True, False:
            first = np.ones((K, d))
            second = np.ones((K, d)) if with_squares else None
            _core.class_moments(X, labels, weight, about, first, second)
            np.testing.assert_allclose(first, (1 + of_class @ step).astype(float), rtol=1e-13, atol=1e-13)
            if with_squares:
                np.testing.assert_allclose(second, (1 + of_class @ step**2).astype(float), rtol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(0, 3, 2), (1, 1, 2), (5, 7, 3), (6, 8, 2), (7, 37, 5)], ids=str)
def test_gaussian_scores(shape, dtype):
    n, d, K = shape
    rng, X, _, _ = problem(*shape, dtype)
    mean, low, scale = rng.standard_normal((3, K, d))
    offset, out = rng.standard_normal(K), np.empty((n, K))
    _core.gaussian_scores(X, mean, low, scale, offset, out)
    z = (X[:, None].astype(np.longdouble) - mean - low) * scale
    np.testing.assert_allclose(out, (offset - (z**2).sum(axis=2) / 2).astype(float), rtol=1e-13)


@pytest.mark.parametrize("n_classes", [1, 2, 8, 9, 17])
def test_categories_are_counted_and_looked_up(n_classes):
    rng = np.random.default_rng(0)
    codes, labels, weight = rng.integers([2, 5, 1], size=(40, 3)), rng.integers(n_classes, size=40), rng.random(40)
    starts = np.array([0, 2, 7, 8])
    counts = np.ones((8, n_classes))
    _core.count_categories(codes, starts, labels, weight, counts)
    want = np.ones((8, n_classes))
    for row, label in enumerate(labels):
        want[starts[:-1] + codes[row], label] += weight[row]
    np.testing.assert_array_equal(counts, want)

    starts = np.array([0, 3, 9, 11])  # with a line more for what is beyond
    pitch = -(-n_classes // 8) * 8
    table, offset, out = rng.random((11, pitch)), rng.random(pitch), np.empty((40, n_classes))
    assert _core.category_scores(codes, starts, table, offset, out) is False
    np.testing.assert_allclose(out, (offset + table[starts[:-1] + codes].sum(axis=1))[:, :n_classes], rtol=1e-14)
    beyond = codes.copy()
    beyond[3, 1] = 2**40
    assert _core.category_scores(beyond, starts, table, offset, out) is True
    lines = starts[:-1] + codes[3]
    lines[1] = 8
    np.testing.assert_allclose(out[3], (offset + table[lines].sum(axis=0))[:n_classes], rtol=1e-14)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_sums_of_sparse_rows(dtype):
    rng = np.random.default_rng(0)
    X = sparse.random_array((30, 20), density=0.2, rng=rng, dtype=dtype, format="csr")
    rows, weight, sums = np.array([3, 29, 3]), rng.random(30), np.ones(20)
    _core.csr_sums(X.data, X.indices.astype(np.int32), X.indptr.astype(np.int64), rows, weight, sums)
    np.testing.assert_allclose(sums, 1 + weight[rows] @ X.toarray()[rows], rtol=1e-6 if dtype == np.float32 else 1e-14)


def test_wrong_calls_are_refused():
    X, labels, weight, sums = np.ones((4, 2)), np.array([0, 1, 1, 0]), np.ones(4), np.zeros((2, 2))
    with pytest.raises(ValueError, match=r"label 2 is not in 0\.\.1"):
        _core.class_moments(X, labels + 1, weight, None, sums, None)
    with pytest.raises(ValueError, match="argument 3 has length 1 along axis 0, not 2"):
        _core.class_moments(X, labels, weight, sums[:1], sums, None)
    with pytest.raises(TypeError, match="argument 0 has dtype int64"):
        _core.class_moments(X.astype(int), labels, weight, None, sums, None)
    codes, starts, counts = np.array([[0, 1]]), np.array([0, 1, 3]), np.zeros((3, 2))
    for bad in [[[1, 1]], [[0, 2]], [[0, -1]]]:
        with pytest.raises(ValueError, match="a code is not one of its column"):
            _core.count_categories(np.array(bad), starts, labels[:1], weight[:1], counts)
    with pytest.raises(ValueError, match="a code is not one of its column"):
        _core.category_scores(np.array([[0, -1]]), starts, np.zeros((3, 8)), np.zeros(8), np.zeros((1, 2)))
    for bad in [0, 1, 2], [0, 0, 3], [1, 2, 3]:
        with pytest.raises(ValueError, match="starts are not those of a table of 3 lines"):
            _core.count_categories(codes, np.array(bad), labels[:1], weight[:1], counts)
    data, indices, indptr = np.ones(2), np.array([0, 1], np.int32), np.array([0, 1, 2])
    for wrong in (indices + np.int32(1), indptr, [0]), (indices, indptr + 1, [0, 1]), (indices, indptr, [2]):
        with pytest.raises(ValueError, match="are not those of a sparse matrix of these shapes"):
            _core.csr_sums(data, wrong[0], wrong[1], np.array([*wrong[2], 1]), np.ones(2), np.zeros(2))
