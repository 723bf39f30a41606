# SPDX-License-Identifier: BSD-3-Clause
"""The objective of softmax regression against its definition in 40 digits, and its proof against the true minimum."""

import tracemalloc
from dataclasses import replace
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from scipy import sparse
from scipy.optimize import minimize as scipy_minimise

from multinoulli._threads import single_threaded_blas
from multinoulli.objectives import LinearCrossEntropy
from multinoulli.objectives._design import Design
from multinoulli.objectives._search import Found, Plane, _evaluate, bend

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


def value_and_gradient(F, theta, l2=0.1):
    """Of the whole objective, the penalty included."""
    point, ridge = F.point(theta), F.ridge(l2)
    return point.loss + 0.5 * np.sum(ridge * theta**2), F.gradient(point) + ridge * theta


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
    value, _ = value_and_gradient(F, F.pack(coef, intercept))
    want = exact_value(mp_rows(X), labels, weight, mp_rows(coef), intercept.tolist(), mpmath.mpf("0.1"))
    assert value == pytest.approx(float(want), rel=1e-14)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_gradient_is_the_derivative(fit_intercept, layout):
    X, labels, weight = problem(offset=2.0)
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, fit_intercept=fit_intercept)
    rng = np.random.default_rng(2)
    theta, direction = (0.3 * rng.standard_normal(F.start().size) for _ in range(2))
    _, gradient = value_and_gradient(F, theta)

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
    again, _ = value_and_gradient(F, F.pack(coef, intercept))
    assert again == pytest.approx(value_and_gradient(F, theta)[0], rel=1e-14)


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
        value, gradient = value_and_gradient(F, bounds.theta)
        assert bounds.primal == pytest.approx(value, rel=1e-13)
        assert bounds.gradient_norm == pytest.approx(np.linalg.norm(gradient), rel=1e-9, abs=1e-12)
        # Fenchel-Young: with the constraint met, the gap is the squared gradient over 2 l2.
        assert bounds.primal - bounds.dual == pytest.approx(F.gap_at(gradient, 0.1), rel=1e-6, abs=1e-12)


def test_certificate_moves_the_intercept_to_its_optimum():
    X, labels, weight = problem(n=200)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    theta = F.start()
    theta[-4:] += [3.0, -2.0, 0.0, 5.0]
    bounds = F.certify(theta)
    slope = value_and_gradient(F, bounds.theta)[1][-4:]
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
    for data in X, sparse.csr_array(np.where(np.abs(X) > 1, X, 0)):
        results = []
        for n_threads in 1, 2, 7:
            F = objective(data, labels, weight, n_threads=n_threads)
            theta = np.random.default_rng(5).standard_normal(F.start().size)
            value, gradient = value_and_gradient(F, theta)
            hessian = F.curvature(F.point(theta), 5000, 0.01, False)
            made = F.precondition(F.point(theta), hessian, 0.1, 0.01, False)
            point, lengths = F.search(F.point(theta), [F.move(gradient)], 0.1)
            bounds = F.certify(theta)
            arrays = gradient, hessian.product(gradient), made(gradient), point.theta, lengths, bounds.theta
            results.append((value, bounds.dual, *(array.tobytes() for array in arrays)))
        assert results[0] == results[1] == results[2]


def test_float32_data_gives_the_gradient_of_its_values_and_is_not_copied():
    rng = np.random.default_rng(6)
    X = rng.standard_normal((20_000, 200), dtype=np.float32)  # 16 MB
    labels = rng.integers(0, 3, 20_000)
    F = objective(X, labels, np.ones(20_000))
    theta = rng.standard_normal(F.start().size)
    tracemalloc.start()
    value, gradient = value_and_gradient(F, theta)
    F.certify(theta)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes / 2
    double = value_and_gradient(objective(X.astype(np.float64), labels, np.ones(20_000)), theta)
    assert value == double[0]
    np.testing.assert_array_equal(gradient, double[1])


def change_of_gradient(F, theta, step, h=1e-5):
    """The Hessian of the loss times a vector, by central differences."""
    return (F.gradient(F.point(theta + h * step)) - F.gradient(F.point(theta - h * step))) / (2 * h)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("explicit", [True, False])
def test_curvature_of_all_rows_is_the_hessian(fit_intercept, layout, explicit):
    X, labels, weight = problem(n=150, offset=1.0)
    X = X / 10.0 ** np.arange(3)
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, fit_intercept=fit_intercept)
    rng = np.random.default_rng(8)
    theta, step = (rng.standard_normal(F.start().size) for _ in range(2))
    product = F.curvature(F.point(theta), 150, 0.0, explicit).product(step)
    np.testing.assert_allclose(product, change_of_gradient(F, theta, step), rtol=1e-4, atol=1e-6)


def test_damping_bends_every_row_alike():
    """The damping adds mu (I - 11'/K) to every row's curvature: without an intercept, mu times its moments."""
    X, labels, weight = problem(n=150)
    F = objective(X, labels, weight, fit_intercept=False)
    step = np.random.default_rng(9).standard_normal(12)
    plain, damped = (F.curvature(F.point(F.start()), 150, mu, True).product(step) for mu in (0.0, 0.5))
    w = weight / weight.sum()
    standard = X / np.sqrt(w @ X**2)
    centred = step.reshape(3, 4) - step.reshape(3, 4).mean(axis=1, keepdims=True)
    np.testing.assert_allclose((damped - plain).reshape(3, 4), 0.5 * (standard.T * w) @ standard @ centred, atol=1e-12)


def test_curvature_of_some_rows_has_the_mean_of_all():
    X, labels, weight = problem(n=4000)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    rng = np.random.default_rng(10)
    theta, step = (rng.standard_normal(F.start().size) for _ in range(2))
    point = F.point(theta)
    exact = F.curvature(point, 4000, 0.0, False).product(step)
    sampled = [F.curvature(point, 400, 0.0, False) for _ in range(200)]
    assert np.mean([one.share for one in sampled]) == pytest.approx(0.1, rel=0.02)
    mean = np.mean([one.product(step) for one in sampled], axis=0)
    spread = np.std([one.product(step) for one in sampled], axis=0) / np.sqrt(200)
    np.testing.assert_array_less(np.abs(mean - exact), 5 * spread + 1e-6)


@pytest.mark.parametrize("fit_intercept", [True, False])
def test_preconditioner_is_the_inverse_hessian_at_the_start(fit_intercept):
    X, labels, weight = problem(n=100)
    F = objective(X, labels, weight, fit_intercept=fit_intercept)
    theta = F.start()
    inverse = F.precondition(F.point(theta), F.curvature(F.point(theta), 100, 0.0, False), 0.1, 0.0, False)
    step = np.random.default_rng(7).standard_normal(theta.size)
    coef = step[:12].reshape(3, 4)
    coef -= coef.mean(axis=1, keepdims=True)
    step[12:] -= step[12:].mean() if fit_intercept else 0
    product = change_of_gradient(F, theta, step) + F.ridge(0.1) * step
    np.testing.assert_allclose(inverse(product), step, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_an_explicit_preconditioner_is_the_inverse_hessian_anywhere(fit_intercept, damping):
    X, labels, weight = problem(n=100, offset=3.0)
    F = objective(X, labels, weight, fit_intercept=fit_intercept)
    rng = np.random.default_rng(11)
    theta, step = (rng.standard_normal(F.start().size) for _ in range(2))
    if fit_intercept:
        step[12:] -= step[12:].mean()
    curvature = F.curvature(F.point(theta), 100, damping, True)
    inverse = F.precondition(F.point(theta), curvature, 0.1, damping, True)
    product = curvature.product(step) + F.ridge(0.1) * step
    np.testing.assert_allclose(inverse(product), step, rtol=1e-6, atol=1e-6)


def test_a_tiny_problem_is_solved_as_it_is_by_a_factored_hessian():
    tiny, larger = (objective(*problem(n), l2=1e-6) for n in (40, 100_000))
    assert tiny.explicit_cost(40) == 0
    assert list(tiny.levels()) == [1e-6]
    assert larger.explicit_cost(100_000) > 0
    assert len(larger.levels()) > 1
    assert len(objective(*problem(40), l2=0.0).levels()) > 1  # without a penalty it is approached all the same


@pytest.mark.parametrize("n_classes", [4, 1300])
def test_preconditioner_of_sparse_data_is_that_of_features_without_overlap(n_classes):
    """One-hot columns and no intercept: the Hessian is one block a column; of many classes, the diagonal."""
    rng = np.random.default_rng(12)
    columns = np.concatenate([np.arange(12), rng.integers(0, 12, 3000)])
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, len(columns) - n_classes)])
    X = sparse.csr_array((np.ones(len(columns)), (np.arange(len(columns)), columns)))
    F = objective(X, labels, np.ones(len(columns)), fit_intercept=False)
    theta, step = (0.3 * rng.standard_normal(F.start().size) for _ in range(2))
    curvature = F.curvature(F.point(theta), len(columns), 0.0, False)
    inverse = F.precondition(F.point(theta), curvature, 0.1, 0.0, False)
    product = curvature.product(step) + F.ridge(0.1) * step
    tolerance = 1e-3 if n_classes == 4 else 0.05
    np.testing.assert_allclose(inverse(product), step, atol=tolerance)


def test_search_finds_the_best_point_of_the_plane():
    X, labels, weight = problem(n=300)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    rng = np.random.default_rng(13)
    theta = F.start()
    given = [np.append(rng.standard_normal(12), np.zeros(4)) for _ in range(2)]
    moves = [F.move(step) for step in given]
    steps = [move.step for move in moves]
    for step, alike in zip(steps, given, strict=True):  # what it would do to all classes alike is left out
        np.testing.assert_allclose(
            (alike - step)[:12].reshape(3, 4), alike[:12].reshape(3, 4).mean(axis=1)[:, None] + np.zeros(4), atol=1e-14
        )
    point, lengths = F.search(F.point(theta.copy()), moves, 0.1)
    for _ in range(6):  # it goes a tenth of the way that is left, and is asked again
        point, more = F.search(point, moves, 0.1)
        lengths = lengths + more
    offset = point.theta - theta - lengths[0] * steps[0] - lengths[1] * steps[1]
    np.testing.assert_allclose(offset[:12], 0, atol=1e-12)
    np.testing.assert_allclose(point.scores, F.point(point.theta).scores, atol=1e-12)
    gradient = value_and_gradient(F, point.theta)[1]
    scale = np.linalg.norm(value_and_gradient(F, theta)[1])
    assert np.abs([gradient @ step for step in steps]).max() < 1e-3 * scale
    assert np.abs(gradient[12:]).max() < 1e-3 * scale
    both = F.combine(moves, lengths)
    np.testing.assert_allclose(both.step, lengths[0] * steps[0] + lengths[1] * steps[1])
    np.testing.assert_allclose(both.scores, lengths[0] * moves[0].scores + lengths[1] * moves[1].scores)


def test_polish_moves_the_intercept_to_its_optimum():
    X, labels, weight = problem(n=200)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    theta = F.start()
    theta[-4:] += [3.0, -2.0, 0.0, 5.0]
    point = F.polish(F.point(theta.copy()))
    assert np.abs(F.gradient(point)[-4:]).max() < 1e-14
    np.testing.assert_array_equal(point.theta[:-4], theta[:-4])


def test_penalties_come_down_to_the_one_that_is_meant():
    X, labels, weight = problem()
    levels = objective(X, labels, weight, l2=1e-7).levels()
    assert levels[-1] == 1e-7
    assert levels[0] <= 1e-4
    assert all(a > 1.5 * b for a, b in pairwise(levels))
    assert objective(X, labels, weight, l2=10.0).levels() == [10.0]
    assert objective(sparse.csr_array(X), labels, weight, l2=1e-7).levels() == [1e-7]


def test_complete_separation_is_seen_in_the_scores():
    X, labels, weight = problem(n=60)
    X[:, 0] = labels
    F = objective(X, labels, weight, l2=0.0)
    theta = F.pack(np.array([[0.0, 0, 0], [10, 0, 0], [20, 0, 0], [30, 0, 0]]), np.array([0.0, -5, -20, -45]))
    assert F.separates(F.point(theta), None)
    assert F.separation.complete
    assert F.separation.features.tolist() == [0]
    assert not objective(X, labels, weight, l2=0.0).separates(F.point(F.start()), None)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_quasi_complete_separation_is_a_linear_program(layout):
    X, labels, weight = problem(n=200)
    X[:, 1] = (labels == 2) & (np.arange(200) % 3 == 0)  # only ever 1 in class 2
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, l2=0.0)
    point = F.point(F.start())
    assert not F.separates(point, None)
    receding = replace(F.move(F.start()), scores=np.ones((200, 4)))  # moves scores and bends nothing
    assert F.separates(point, receding)
    assert not F.separation.complete
    assert F.separation.features.tolist() == [1]
    assert 2 in F.separation.classes
    X[:, 1] = np.random.default_rng(0).standard_normal(200)
    F = objective(X, labels, weight, l2=0.0)
    assert not F.separates(F.point(F.start()), receding)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
def test_passes_are_counted(layout, monkeypatch):
    X, labels, weight = problem()
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight)
    assert F.n_passes == 0.5  # for the moments
    value_and_gradient(F, F.start())  # the scores of no coefficients cost nothing, nor do sums over classes
    before = F.n_passes
    assert before == (0.5 if layout == "dense" else 1)
    theta = np.ones_like(F.start())
    value_and_gradient(F, theta)
    assert F.n_passes == before + 1
    F.certify(theta)  # products, then the gradient
    assert F.n_passes == before + 2
    monkeypatch.setattr("multinoulli.objectives._blocks.MAX_KEPT_PRODUCTS", 0)
    F.certify(theta)  # products once or more for the intercept, then products and gradient
    assert F.n_passes >= before + 3.5


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_gradient_of_constant_scores_is_that_of_any(fit_intercept, dtype):
    X, labels, weight = problem(n=3000, offset=5.0)
    F = objective(X.astype(dtype), labels, weight, fit_intercept=fit_intercept, n_threads=2)
    theta = F.start()
    if fit_intercept:
        theta[-4:] = [1.0, -0.5, 0.0, 2.0]
    point, general = F.point(theta), np.zeros_like(theta)
    loss, spread = F._design.gradient(point.scores, F._labels, F._weight, *F._split(general))
    np.testing.assert_allclose(F.gradient(point), general, rtol=1e-11, atol=1e-13)
    assert point.loss == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(point.parts[2], spread, rtol=1e-13)


@pytest.mark.parametrize("layout", ["dense", "sparse"])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_a_certificate_is_the_same_whether_products_are_kept(layout, fit_intercept, monkeypatch):
    X, labels, weight = problem(n=3000)
    F = objective(sparse.csr_array(X) if layout == "sparse" else X, labels, weight, fit_intercept=fit_intercept)
    theta = np.linspace(-1, 1, len(F.start()))
    kept = F.certify(theta)
    monkeypatch.setattr("multinoulli.objectives._blocks.MAX_KEPT_PRODUCTS", 0)
    again = F.certify(theta)
    assert (kept.primal, kept.dual) == (again.primal, again.dual)
    np.testing.assert_array_equal(kept.theta, again.theta)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("misled", [False, True])
def test_columns_are_standardised(dtype, misled):
    rng = np.random.default_rng(0)
    X = (rng.standard_normal((1000, 5)) * [1, 1e-3, 1e3, 1, 0] + [0, 1, -1e4, 1e3, 7]).astype(dtype)
    if misled:
        X[::10] += [0, 0, 1e9, 1e5, 0]  # the rows that are looked at first: their mean is far from that of all
    weight = rng.random(1000)
    weight[::10] *= 1e-9 if misled else 1
    weight /= weight.sum()
    design = Design(X, weight, centred=True, n_threads=1)
    wide = X.astype(np.longdouble)
    mean = weight @ wide
    spread = np.sqrt(weight @ (wide - mean) ** 2)
    np.testing.assert_allclose(design.mean, mean.astype(float), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(design.scale[:4], spread[:4].astype(float), rtol=1e-9)
    assert design.scale[4] == 1  # constant
    assert design.n_passes == (1 if misled else 0.5)
    standard = (wide - mean) / np.append(spread[:4], 1)
    within = 2 * np.finfo(np.float32).eps * (np.abs(standard) + np.abs(mean) / np.append(spread[:4], 1) / 2)
    assert np.all(np.abs(design.standard(None) - standard) <= within)
    rows = np.array([3, 500, 10])
    np.testing.assert_array_equal(
        Design(X, weight, centred=True, n_threads=1).standard(rows), design.standard(None)[rows]
    )


def test_many_scores_of_a_direction_are_in_float32_and_short_steps_begin_afresh(monkeypatch):
    monkeypatch.setattr("multinoulli.objectives._size.MAX_DOUBLE_SCORES", 100)
    X, labels, weight = problem(n=300, offset=100.0)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    move = F.move(-F.gradient(F.point(F.start())))
    assert move.scores.dtype == np.float32
    point, lengths = F.search(F.point(F.start()), [move], 0.1)
    assert lengths[0] > 0
    np.testing.assert_allclose(point.scores, F.point(point.theta).scores, rtol=0, atol=1e-6)
    assert F.combine([move], lengths) is None
    point.scores += 1.0  # as if rounding had piled up
    short = replace(move, step=1e-6 * move.step, scores=np.float32(1e-6) * move.scores)
    monkeypatch.setattr("multinoulli.objectives._linear_cross_entropy.search", lambda *_: Found(np.ones(1), 0.0, 0.0))
    point, _ = F.search(point, [short], 0.1)
    np.testing.assert_array_equal(point.scores, F.point(point.theta).scores)


def test_threads_change_no_bit_of_a_large_problem(monkeypatch):
    monkeypatch.setattr("multinoulli.objectives._size.MAX_DOUBLE_SCORES", 100)
    monkeypatch.setattr("multinoulli.objectives._design.ROUGH_ROWS", 256)
    rng = np.random.default_rng(7)
    X, labels = rng.standard_normal((3000, 40)), np.arange(3000) % 150
    results = []
    for n_threads in 1, 2, 7:
        F = objective(X, labels, np.ones(3000), n_threads=n_threads)
        theta = 0.1 * np.random.default_rng(5).standard_normal(F.start().size)
        with single_threaded_blas():
            move = F.move(theta)
            bent = F.bend(F.point(theta), move)
            point, lengths = F.search(F.point(theta), [move], 0.1)
            bounds = F.certify(theta)
        arrays = move.scores, point.theta, point.scores, lengths, bounds.theta
        results.append((bent, bounds.dual, *(array.tobytes() for array in arrays)))
    assert results[0] == results[1] == results[2]


def test_samples_and_pairs_of_a_large_problem_are_held_to_their_memory(monkeypatch):
    room = "multinoulli.objectives._size."
    X, labels, weight = problem(n=3000)
    F = objective(X / 10.0 ** np.arange(3), labels, weight)
    assert len(F.curvature(F.point(F.start()), 3000, 0.0, False).sample.weight) == 3000
    assert F.size.n_pairs == 100
    monkeypatch.setattr(room + "MAX_DOUBLE_SCORES", 100)
    monkeypatch.setattr(room + "MAX_SAMPLE", 7 * 500)
    monkeypatch.setattr(room + "MAX_PAIR_ENTRIES", 12 * 9)
    curvature = F.curvature(F.point(F.start()), 3000, 0.0, False)
    assert 400 < len(curvature.sample.weight) < 600
    assert F.size.n_pairs == 9


def test_offset_of_many_classes_bends_the_loss_as_its_definition_says():
    rng = np.random.default_rng(3)
    n, n_classes = 400, 150
    scores, direction = rng.standard_normal((2, n, n_classes))
    weight = rng.uniform(0.5, 2, n)
    weight /= weight.sum()
    labels, offset, lengths = rng.integers(0, n_classes, n), rng.standard_normal(n_classes), np.array([0.7])
    plane = Plane(scores, labels, weight, (direction,), np.zeros((1, 1)), np.zeros(1), True, 1)
    place = _evaluate(plane, lengths, offset, 1)
    z = scores + 0.7 * direction + offset
    p = np.exp(z - z.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    exact = np.diag(weight @ p) - (p.T * weight) @ p + 1 / n_classes**2
    np.testing.assert_allclose(place.hessian[1:, 1:], exact, rtol=0, atol=1e-6 * exact.max())
    of_some = _evaluate(plane, lengths, offset, 2).hessian[1:, 1:]
    np.testing.assert_allclose(np.trace(of_some), np.trace(exact), rtol=0.02)
    assert not np.array_equal(of_some, place.hessian[1:, 1:])


def test_bend_from_some_rows_is_that_of_rows_taken_alone():
    rng = np.random.default_rng(4)
    scores, direction = rng.standard_normal((2, 90, 5))
    weight, labels = np.full(90, 1 / 90), rng.integers(0, 5, 90)
    given = np.zeros((1, 1)), np.zeros(1), True, 1
    p = np.exp(scores[::3]) / np.exp(scores[::3]).sum(axis=1, keepdims=True)
    e = direction[::3]
    exact = np.mean(np.sum(p * e**2, axis=1) - np.sum(p * e, axis=1) ** 2)
    assert bend(Plane(scores, labels, weight, (direction,), *given), 3) == pytest.approx(exact, rel=1e-12)


def test_the_intercept_of_many_scores_is_left_to_the_mixing_when_that_costs_little(monkeypatch):
    X, labels, weight = problem(n=200)
    X = X / 10.0 ** np.arange(3)
    monkeypatch.setattr("multinoulli.objectives._blocks.MAX_KEPT_PRODUCTS", 0)
    F = objective(X, labels, weight)
    theta = F.certify(F.start() + np.append(np.random.default_rng(0).standard_normal(12), np.zeros(4))).theta
    exact, before = F.certify(theta), F.n_passes
    F.certify(theta)
    fully = F.n_passes - before
    theta[-4:] += [1e-10, -1e-10, 0.0, 0.0]
    monkeypatch.setattr("multinoulli.objectives._certificate.LARGE", 100)
    before = F.n_passes
    bounds = F.certify(theta)
    assert F.n_passes - before == 1.5 <= fully  # one reading for the intercept
    assert bounds.dual <= true_minimum(X, labels, weight, 0.1, True) <= bounds.primal
    assert bounds.dual == pytest.approx(exact.dual, abs=1e-8)


def test_a_start_that_gives_a_class_no_probability_is_still_bounded():
    X, labels, weight = problem(n=120)
    X = X / 10.0 ** np.arange(3)
    F = objective(X, labels, weight)
    theta = F.start()
    theta[-4:] = [0.0, -2000.0, 0.0, 0.0]
    bounds = F.certify(theta)
    assert bounds.dual <= true_minimum(X, labels, weight, 0.1, True) <= bounds.primal
