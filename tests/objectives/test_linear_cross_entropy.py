# SPDX-License-Identifier: BSD-3-Clause
"""The objective of softmax regression against its definition in 40 digits, and its proof against the true minimum."""

import tracemalloc

import mpmath
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize as scipy_minimise

from multinoulli.objectives import LinearCrossEntropy

mpmath.mp.prec = 300  # for the whole process: as in reference.py


def problem(n=40, d=3, n_classes=4, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, d)) * 10.0 ** np.arange(d) + offset
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n - n_classes)])
    return X, labels, rng.uniform(0.5, 2, n)


def objective(X, labels, weight, *, l2=0.1, fit_intercept=True, n_threads=1, seed=0):
    return LinearCrossEntropy(
        X,
        labels,
        weight,
        n_classes=int(labels.max()) + 1,
        l2=l2,
        fit_intercept=fit_intercept,
        n_threads=n_threads,
        rng=np.random.default_rng(seed),
    )


def exact_value(X, labels, weight, coef, intercept, l2):
    """F by its definition, for coefficients in the user's coordinates."""
    total = mpmath.mpf(0)
    for x, y, w in zip(X, labels, weight, strict=True):
        z = [mpmath.fdot(row, x) + b for row, b in zip(coef, intercept, strict=True)]
        total += mpmath.mpf(float(w)) * (mpmath.log(mpmath.fsum(mpmath.exp(s) for s in z)) - z[y])
    square = mpmath.fsum(mpmath.mpf(float(c)) ** 2 for c in np.ravel(coef))
    return total / mpmath.fsum(map(float, weight)) + l2 * square / 2


def mp_rows(a):
    return [[mpmath.mpf(float(v)) for v in row] for row in a]


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_value_is_its_definition(fit_intercept):
    X, labels, weight = problem(offset=5.0)
    F = objective(X, labels, weight, fit_intercept=fit_intercept)
    rng = np.random.default_rng(1)
    coef = rng.standard_normal((4, 3)) / 10.0 ** np.arange(3)
    intercept = rng.standard_normal(4) if fit_intercept else np.zeros(4)
    value, _ = F.value_and_gradient(F.pack(coef, intercept))
    want = exact_value(mp_rows(X), labels, weight, mp_rows(coef), intercept.tolist(), mpmath.mpf("0.1"))
    assert value == pytest.approx(float(want), rel=1e-14)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_gradient_is_the_derivative(fit_intercept, layout):
    X, labels, weight = problem(offset=2.0)
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, fit_intercept=fit_intercept)
    rng = np.random.default_rng(2)
    theta, direction = (0.3 * rng.standard_normal(F.start().size) for _ in range(2))
    _, gradient = F.value_and_gradient(theta)

    def along(t):
        coef, intercept = F.unpack(theta + float(t) * direction)
        return exact_value(mp_rows(X), labels, weight, mp_rows(coef), intercept.tolist(), mpmath.mpf("0.1"))

    # The exact value at float64 parameters: central differences lose 1e-16 / h and h^2.
    h = 1e-4
    slopes = [float((along(s * h) - along(-s * h)) / (2 * s * h)) for s in (1, 2)]
    assert gradient @ direction == pytest.approx((4 * slopes[0] - slopes[1]) / 3, rel=1e-9)


def test_pack_is_the_inverse_of_unpack():
    X, labels, weight = problem(offset=3.0)
    F = objective(X, labels, weight)
    theta = np.random.default_rng(3).standard_normal(F.start().size)
    theta[-4:] -= theta[-4:].mean()
    coef, intercept = F.unpack(theta)
    assert intercept.sum() == pytest.approx(0, abs=1e-12)
    again, _ = F.value_and_gradient(F.pack(coef, intercept))
    assert again == pytest.approx(F.value_and_gradient(theta)[0], rel=1e-14)


def true_minimum(X, labels, weight, l2, fit_intercept):
    """By SciPy's trust-region Newton method on the plain definition, in standardised columns."""
    n, K = len(X), labels.max() + 1
    w = weight / weight.sum()
    scale = X.std(axis=0) if fit_intercept else np.sqrt(np.mean(X**2, axis=0))
    A = (X - X.mean(axis=0) if fit_intercept else X) / scale
    A = np.column_stack([A, np.ones(n)]) if fit_intercept else A
    ridge = np.append(l2 / scale**2, 0.0) if fit_intercept else l2 / scale**2
    Y = np.eye(K)[labels]

    def value(t):
        T = t.reshape(K, -1)
        z = A @ T.T
        m = z.max(axis=1)
        lse = m + np.log(np.exp(z - m[:, None]).sum(axis=1))
        p = np.exp(z - lse[:, None])
        return w @ (lse - z[np.arange(n), labels]) + 0.5 * np.sum(ridge * T**2), (
            ((p - Y) * w[:, None]).T @ A + ridge * T
        ).ravel()

    def hessian(t):
        z = A @ t.reshape(K, -1).T
        p = np.exp(z - z.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        blocks = np.einsum("i,ij,jk->ijk", w, p, np.eye(K)) - np.einsum("i,ij,ik->ijk", w, p, p)
        H = np.einsum("ijk,ia,ib->jakb", blocks, A, A).reshape(t.size, t.size)
        return H + np.diag(np.tile(ridge, K))

    found = scipy_minimise(
        value, np.zeros(K * A.shape[1]), jac=True, hess=hessian, method="trust-exact", options={"gtol": 1e-12}
    )
    return found.fun


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_the_true_minimum_lies_between_dual_and_primal(fit_intercept, layout):
    X, labels, weight = problem(n=120)
    X = X / 10.0 ** np.arange(3)
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, fit_intercept=fit_intercept)
    minimum = true_minimum(X, labels, weight, 0.1, fit_intercept)
    rng = np.random.default_rng(4)
    for size in 0.0, 0.01, 1.0, 10.0:
        bounds = F.certify(size * rng.standard_normal(F.start().size))
        assert bounds.dual <= minimum * (1 + 1e-12) <= bounds.primal * (1 + 2e-12)
        value, gradient = F.value_and_gradient(bounds.theta)
        assert bounds.primal == pytest.approx(value, rel=1e-13)
        assert bounds.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9, abs=1e-12)
        # Fenchel-Young: with the constraint met, the gap is the squared gradient over 2 l2.
        assert bounds.primal - bounds.dual == pytest.approx(F.gap_at(gradient), rel=1e-6, abs=1e-12)


def test_certificate_moves_the_intercept_to_its_optimum():
    X, labels, weight = problem(n=200)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    theta = F.start()
    theta[-4:] += [3.0, -2.0, 0.0, 5.0]
    bounds = F.certify(theta)
    slope = F.value_and_gradient(bounds.theta)[1][-4:]
    assert np.abs(slope).max() < 1e-14
    np.testing.assert_array_equal(bounds.theta[:-4], theta[:-4])


def test_dual_is_its_definition():
    """D of one distribution a row, in 40 digits, at the start, where q is the class frequencies in every row."""
    X, labels, weight = problem(n=30)
    F = objective(X, labels, weight, l2=0.5)
    w = [mpmath.mpf(float(v)) for v in weight / weight.sum()]
    prior = [mpmath.fsum(v for v, y in zip(w, labels, strict=True) if y == k) for k in range(4)]
    entropy = -mpmath.fsum(q * mpmath.log(q) for q in prior)
    V = [
        [mpmath.fsum(w[i] * (prior[k] - (labels[i] == k)) * float(X[i, j]) for i in range(30)) for j in range(3)]
        for k in range(4)
    ]
    dual = entropy - mpmath.fsum(v * v for row in V for v in row) / (2 * mpmath.mpf("0.5"))
    assert F.certify(F.start()).dual == pytest.approx(float(dual), rel=1e-13)


def test_threads_change_no_bit():
    X, labels, weight = problem(n=40_000, d=20)
    X = X / 10.0 ** np.arange(20)
    results = []
    for n_threads in 1, 2, 7:
        F = objective(X, labels, weight, n_threads=n_threads)
        theta = np.random.default_rng(5).standard_normal(F.start().size)
        F.refresh(theta)
        value, gradient = F.value_and_gradient(theta)
        bounds = F.certify(theta)
        results.append(
            (value, gradient.tobytes(), F.precondition(gradient).tobytes(), bounds.dual, bounds.theta.tobytes())
        )
    assert results[0] == results[1] == results[2]


def test_float32_data_gives_the_gradient_of_its_values_and_is_not_copied():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((20_000, 200), dtype=np.float32)  # 16 MB
    labels = rng.integers(0, 3, 20_000)
    F = objective(X, labels, np.ones(20_000))
    theta = rng.standard_normal(F.start().size)
    tracemalloc.start()
    value, gradient = F.value_and_gradient(theta)
    F.refresh(theta)
    F.certify(theta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 2
    double = objective(X.astype(np.float64), labels, np.ones(20_000)).value_and_gradient(theta)
    assert value == double[0]
    np.testing.assert_array_equal(gradient, double[1])


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_preconditioner_is_the_inverse_hessian_at_the_start(fit_intercept):
    X, labels, weight = problem(n=100)
    F = objective(X, labels, weight, fit_intercept=fit_intercept)
    theta = F.start()
    if not fit_intercept:  # all rows predict the same only with equal scores
        theta = np.zeros_like(theta)
    F.refresh(theta)
    rng = np.random.default_rng(7)
    step = rng.standard_normal(theta.size)
    coef = step[:12].reshape(4, 3)
    coef -= coef.mean(axis=0)
    step[12:] -= step[12:].mean() if fit_intercept else 0
    h = 1e-5
    product = (F.value_and_gradient(theta + h * step)[1] - F.value_and_gradient(theta - h * step)[1]) / (2 * h)
    np.testing.assert_allclose(F.precondition(product), step, rtol=1e-5, atol=1e-7)


def test_preconditioner_of_sparse_data_is_positive():
    X, labels, weight = problem(n=100)
    F = objective(sparse.csr_array(X), labels, weight)
    F.refresh(F.start())
    for seed in range(5):
        g = np.random.default_rng(seed).standard_normal(F.start().size)
        assert g @ F.precondition(g) > 0


@pytest.mark.parametrize(("layout", "readings"), [("dense", 2), ("sparse", 1)])
def test_passes_are_counted(layout, readings):
    X, labels, weight = problem()
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight)
    assert F.n_passes == readings / 2  # for the means, and about them
    before = F.n_passes
    F.value_and_gradient(F.start())
    assert F.n_passes == before + 1
    F.certify(F.start())  # scores once or more for the intercept, then scores and gradient
    assert F.n_passes >= before + 2.5


def test_a_start_that_gives_a_class_no_probability_is_still_bounded():
    X, labels, weight = problem(n=120)
    X = X / 10.0 ** np.arange(3)
    F = objective(X, labels, weight)
    theta = F.start()
    theta[-4:] = [0.0, -2000.0, 0.0, 0.0]
    bounds = F.certify(theta)
    assert bounds.dual <= true_minimum(X, labels, weight, 0.1, True) <= bounds.primal
