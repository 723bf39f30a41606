# SPDX-License-Identifier: BSD-3-Clause
"""SoftmaxRegression against scikit-learn's solution, its own certificate, and every option."""

import tracemalloc
import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks
from threadpoolctl import threadpool_limits

import multinoulli
from multinoulli import SoftmaxRegression, cross_entropy, log_softmax, softmax
from multinoulli.classifiers import linear_scores


@parametrize_with_checks([SoftmaxRegression()])
def test_obeys_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own data are hard on purpose
        check(estimator)


@pytest.fixture(scope="module")
def two():
    return make_classification(300, 6, n_informative=4, flip_y=0.2, random_state=0)


def peer(X, y, C, **options):
    return LogisticRegression(C=C, tol=1e-12, max_iter=100_000, solver="newton-cg", **options).fit(X, y)


@pytest.mark.parametrize("C", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_many_classes_are_scikit_learns_model(iris, C, fit_intercept):
    X, y = iris
    ours = SoftmaxRegression(C, fit_intercept=fit_intercept, tol=1e-12).fit(X, y)
    theirs = peer(X, y, C, fit_intercept=fit_intercept)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=2e-5 * np.abs(theirs.coef_).max())
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-5)


def test_two_classes_are_scikit_learns_model_at_twice_its_strength(two):
    X, y = two
    ours = SoftmaxRegression(0.5, tol=1e-12).fit(X, y)
    theirs = peer(X, y, 1.0)
    assert ours.coef_.shape == (2, 6)
    np.testing.assert_allclose(ours.coef_[1] - ours.coef_[0], theirs.coef_[0], rtol=1e-5)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-6)


@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_certificate_bounds_every_other_solution(C):
    X, y = load_digits(return_X_y=True)
    ours = SoftmaxRegression(C).fit(X, y)
    certificate = ours.certificate_
    assert certificate.status == "converged"
    assert 0 <= certificate.relative_gap <= 1e-6
    assert certificate.gap == pytest.approx(certificate.primal - certificate.dual, abs=1e-15)
    assert certificate.n_passes >= ours.n_iter_
    assert 0 <= certificate.gradient_norm < 1e-3
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it need not be the optimum
        theirs = LogisticRegression(C=C, max_iter=300, tol=1e-8).fit(X / 16, y)
    penalty = np.sum((theirs.coef_ / 16) ** 2) / (2 * C * len(y))
    other = cross_entropy(theirs.decision_function(X / 16), y, reduction="mean") + penalty
    assert other >= certificate.dual
    own = cross_entropy(ours.scores(X), y, reduction="mean") + np.sum(ours.coef_**2) / (2 * C * len(y))
    assert own == pytest.approx(certificate.primal, rel=1e-12)


def test_coefficients_and_intercept_sum_to_zero(iris):
    model = SoftmaxRegression().fit(*iris)
    np.testing.assert_allclose(model.coef_.sum(axis=0), 0, atol=1e-12)
    assert model.intercept_.sum() == pytest.approx(0, abs=1e-12)


def test_one_path_from_scores_to_probabilities(iris):
    X, y = iris
    model = SoftmaxRegression().fit(X, y)
    np.testing.assert_array_equal(model.scores(X), linear_scores(X, model.coef_, model.intercept_))
    np.testing.assert_array_equal(model.predict_proba(X), softmax(model.scores(X)))
    np.testing.assert_array_equal(model.predict_log_proba(X), log_softmax(model.scores(X)))
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.scores(X).argmax(axis=1)])


def test_string_labels(iris):
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    model = SoftmaxRegression().fit(X, names[y])
    assert model.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X, y).coef_)
    assert set(model.predict(X)) <= set(names)


@pytest.mark.parametrize(
    "labels",
    [
        np.array([-128, 0, 127], np.int8),
        np.array([5, 9, 4], np.int16),
        np.array([-(2**63), 0, 2**63 - 1]),
        np.array([0, 2**63, 2**64 - 1], np.uint64),
        np.array([2.0, 4.0, 3.0]),
    ],
)
def test_labels_of_any_span_and_type_come_back(iris, labels):
    X, y = (np.repeat(part, 4, axis=0) for part in iris)  # 600 rows: a span of 256 is little
    order = np.argsort(labels)
    model = SoftmaxRegression().fit(X, labels[y])
    assert model.classes_.dtype == labels.dtype
    np.testing.assert_array_equal(model.classes_, labels[order])
    np.testing.assert_array_equal(model.predict(X), labels[SoftmaxRegression().fit(X, y).predict(X)])


def test_labels_that_may_be_measurements_are_refused_or_warned_of(iris):
    X, y = iris
    with pytest.raises(ValueError, match="Unknown label type"):
        SoftmaxRegression().fit(X, y + 0.5)
    with pytest.warns(UserWarning, match="unique classes is greater than 50%"):
        SoftmaxRegression(max_iter=500).fit(X, np.arange(150) % 80)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
def test_sparse_is_dense(dtype, make):
    X, y = load_digits(return_X_y=True)
    X = X.astype(dtype)
    dense, thin = SoftmaxRegression(tol=1e-10).fit(X, y), SoftmaxRegression(tol=1e-10).fit(make(X), y)
    np.testing.assert_allclose(thin.coef_, dense.coef_, atol=1e-5)
    np.testing.assert_allclose(thin.predict_proba(make(X)), dense.predict_proba(X), atol=1e-5)


def test_sparse_entries_given_twice_are_added():
    X = sparse.csr_array((np.array([1.0, 1.0, 3.0, 1.0]), np.array([0, 0, 1, 0]), np.array([0, 2, 3, 4])), shape=(3, 2))
    y = [0, 1, 1]
    sparse_fit, dense_fit = (SoftmaxRegression(tol=1e-12).fit(data, y) for data in (X, X.toarray()))
    np.testing.assert_allclose(sparse_fit.coef_, dense_fit.coef_, rtol=1e-5)
    assert X.nnz == 4
    backwards = sparse.csr_array((np.array([3.0, 2.0, 1.0]), np.array([1, 0, 0]), np.array([0, 3])), shape=(1, 2))
    np.testing.assert_allclose(sparse_fit.scores(backwards), sparse_fit.scores([[3.0, 3.0]]), rtol=1e-12)


def test_float32_reaches_the_same_certified_optimum(iris):
    X, y = iris
    single = X.astype(np.float32)
    model, double = (SoftmaxRegression(tol=1e-12).fit(data, y) for data in (single, single.astype(np.float64)))
    np.testing.assert_array_equal(model.coef_, double.coef_)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_are_used_where_they_lie(dtype):
    X = np.random.default_rng(0).standard_normal((40_000, 100)).astype(dtype)
    y = (X[:, 0] > 0).astype(np.int64)
    tracemalloc.start()
    model = SoftmaxRegression(0.001).fit(X, y)
    model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes


def test_weight_zero_is_absence_and_integer_weights_are_repetition(iris):
    X, y = iris
    weight = np.random.default_rng(0).integers(0, 3, len(y))
    weighted = SoftmaxRegression(tol=1e-13).fit(X, y, sample_weight=weight)
    repeated = SoftmaxRegression(tol=1e-13).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
    np.testing.assert_allclose(weighted.coef_, repeated.coef_, atol=1e-5)
    present = weight > 0
    np.testing.assert_array_equal(
        weighted.coef_, SoftmaxRegression(tol=1e-13).fit(X[present], y[present], weight[present]).coef_
    )
    weight[y == 2] = 0
    assert SoftmaxRegression().fit(X, y, weight).classes_.tolist() == [0, 1]


def test_class_weight_multiplies_the_sample_weights(iris):
    X, y = iris
    X, y = X[:120], y[:120]
    factors = {0: 1.0, 1: 2.5, 2: 0.5}
    by_class = SoftmaxRegression(class_weight=factors, tol=1e-12).fit(X, y)
    by_sample = SoftmaxRegression(tol=1e-12).fit(X, y, [factors[k] for k in y])
    np.testing.assert_array_equal(by_class.coef_, by_sample.coef_)
    balanced = SoftmaxRegression(class_weight="balanced").fit(X, y)
    # With a free intercept the mean prediction is the weighted class frequencies: here all equal.
    weight = (120 / (3 * np.bincount(y)))[y]
    np.testing.assert_allclose(np.average(balanced.predict_proba(X), axis=0, weights=weight), 1 / 3, rtol=1e-9)
    assert not np.allclose(by_class.coef_, SoftmaxRegression().fit(X, y).coef_, rtol=1e-2)


def test_class_weight_is_checked(iris):
    with pytest.raises(ValueError, match="class_weight must be 'balanced', a dict or None, got 'equal'"):
        SoftmaxRegression(class_weight="equal").fit(*iris)
    with pytest.raises(ValueError, match=r"class_weight must not be negative, got -1\.0 for class"):
        SoftmaxRegression(class_weight={0: -1.0}).fit(*iris)
    with pytest.raises(ValueError, match="class_weight is zero for every class of y"):
        SoftmaxRegression(class_weight=dict.fromkeys(range(3), 0.0)).fit(*iris)
    with pytest.raises(ValueError, match=r"y has one class, .*1.*, among the samples with positive weight"):
        SoftmaxRegression(class_weight={0: 0.0, 2: 0.0}).fit(*iris)


def test_class_weight_zero_is_absence(iris):
    X, y = iris
    model, two = SoftmaxRegression(class_weight={1: 0.0}).fit(X, y), SoftmaxRegression().fit(X[y != 1], y[y != 1])
    assert model.classes_.tolist() == [0, 2]
    np.testing.assert_array_equal(model.coef_, two.coef_)
    declared = SoftmaxRegression(class_weight={1: 0.0}, classes=[0, 1, 2]).fit(X, y)
    np.testing.assert_array_equal(declared.predict_proba(X)[:, 1], 0)
    np.testing.assert_array_equal(declared.predict_proba(X)[:, [0, 2]], two.predict_proba(X))


def test_c_weakens_the_penalty(iris):
    weak, strong = (SoftmaxRegression(C).fit(*iris) for C in (10.0, 0.01))
    assert np.linalg.norm(weak.coef_) > 10 * np.linalg.norm(strong.coef_)


def test_fit_intercept_false_has_none(iris):
    model = SoftmaxRegression(fit_intercept=False).fit(*iris)
    np.testing.assert_array_equal(model.intercept_, 0)
    np.testing.assert_allclose(model.predict_proba(np.zeros((1, 4))), 1 / 3)


def test_tol_decides_when_to_stop(iris):
    loose, tight = (SoftmaxRegression(tol=tol).fit(*iris) for tol in (1e-2, 1e-12))
    assert tight.certificate_.relative_gap <= 1e-12 < loose.certificate_.relative_gap <= 1e-2
    assert loose.n_iter_ < tight.n_iter_


def test_time_limit_warns_with_the_way_out(iris):
    with pytest.warns(ConvergenceWarning, match=r"stopped \(time_limit\) after 0 iterations: .* raise time_limit"):
        model = SoftmaxRegression(time_limit=1e-9).fit(*iris)
    assert model.certificate_.status == "time_limit"
    assert SoftmaxRegression(time_limit=60).fit(*iris).certificate_.status == "converged"


def test_callback_sees_every_iteration_and_may_end_the_fit(iris):
    seen = []
    model = SoftmaxRegression(callback=seen.append).fit(*iris)
    assert [progress.n_iter for progress in seen] == list(range(1, model.n_iter_ + 1))
    assert seen[-1].relative_gap <= 1e-6
    before = model.coef_.copy()

    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.set_params(callback=interrupt, C=100).fit(*iris)
    np.testing.assert_array_equal(model.coef_, before)
    np.testing.assert_array_equal(model.predict_proba(iris[0]).sum(axis=1).round(12), 1)


@pytest.fixture(scope="module")
def overlapping():
    """Four classes that maximum likelihood cannot tell apart."""
    X, y = make_classification(
        400, 5, n_informative=4, n_redundant=0, n_classes=4, n_clusters_per_class=1, flip_y=0.3, random_state=3
    )
    return X * [1, 1e3, 1, 1e-3, 1] + [0, 1e4, 0, 0, 5], y


def test_without_a_penalty_it_is_the_maximum_likelihood(overlapping):
    X, y = overlapping
    model = SoftmaxRegression(np.inf, tol=1e-12).fit(X, y)
    certificate = model.certificate_
    assert certificate.status == "converged"
    assert certificate.dual == -np.inf
    assert certificate.decrement <= 1e-12 * certificate.primal
    # The likelihood equations: residuals are orthogonal to every column and to 1.
    residual = model.predict_proba(X) - np.eye(4)[y]
    standard = (X - X.mean(axis=0)) / X.std(axis=0)
    assert np.abs(residual.mean(axis=0)).max() < 1e-7
    assert np.abs(standard.T @ residual / len(X)).max() < 1e-7
    theirs = LogisticRegression(C=np.inf, solver="newton-cg", tol=1e-10, max_iter=1000).fit(standard, y)
    other = cross_entropy(theirs.decision_function(standard), y, reduction="mean")
    assert certificate.primal <= other * (1 + 1e-10)


@pytest.mark.parametrize("kind", ["complete", "quasi-complete"])
def test_separated_classes_are_named(overlapping, kind):
    pandas = pytest.importorskip("pandas")
    X, y = overlapping
    X, names = X.copy(), np.array(["ant", "bee", "cat", "dog"])
    X[:, 2] = y if kind == "complete" else (y == 1) & (np.arange(len(y)) % 4 == 0)
    frame = pandas.DataFrame(X, columns=["p", "q", "telltale", "s", "t"])
    words = "completely" if kind == "complete" else "in part"
    classes = "ant, bee, cat, dog" if kind == "complete" else ".*bee.*"
    message = rf"stopped \(separable\).*features 'telltale'.* separate the classes {classes} {words}.*use a finite C"
    with pytest.warns(ConvergenceWarning, match=message):
        model = SoftmaxRegression(np.inf).fit(frame, names[y])
    assert model.certificate_.status == "separable"
    assert np.isfinite(model.coef_).all()
    assert np.isfinite(model.intercept_).all()


def test_classes_that_are_absent_have_the_probability_zero(iris):
    X, y = iris
    present = y != 1
    model = SoftmaxRegression(classes=[2, 1, 0, 7]).fit(X[present], y[present])
    assert model.classes_.tolist() == [0, 1, 2, 7]
    assert model.coef_.shape == (4, 4)
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(proba[:, [1, 3]], 0)
    np.testing.assert_array_equal(model.predict_log_proba(X)[:, [1, 3]], -np.inf)
    two = SoftmaxRegression().fit(X[present], y[present])
    np.testing.assert_array_equal(proba[:, [0, 2]], two.predict_proba(X))
    weightless = SoftmaxRegression(classes=[0, 1, 2, 7]).fit(X, y, present.astype(float))
    np.testing.assert_array_equal(weightless.coef_, model.coef_)


def test_absent_classes_without_an_intercept_take_their_share(iris):
    X, y = iris
    present = y != 1
    model = SoftmaxRegression(classes=[0, 1, 2], fit_intercept=False).fit(X[present], y[present])
    assert model.certificate_.status == "converged"
    assert (model.predict_proba(X)[:, 1] > 0).all()
    np.testing.assert_allclose(model.predict_proba(np.zeros((1, 4))), 1 / 3)


def test_a_label_that_was_not_declared_is_named(iris):
    with pytest.raises(ValueError, match=r"y has the label .*2.* at row 100, which is not in classes: \[0, 1\]"):
        SoftmaxRegression(classes=[0, 1]).fit(*iris)


@pytest.mark.parametrize("C", [1.0, 100.0])
def test_collinear_and_constant_columns(iris, C):
    X, y = iris
    doubled = np.column_stack([X, X, np.full(len(X), 7.0), X[:, :1] - X[:, 1:2], np.full(len(X), 1e-300)])
    model = SoftmaxRegression(C).fit(doubled, y)
    assert model.certificate_.status == "converged"
    np.testing.assert_allclose(model.coef_[:, :4], model.coef_[:, 4:8], atol=1e-3 * np.abs(model.coef_).max())
    np.testing.assert_allclose(model.coef_[:, 8], 0, atol=1e-8)


def test_max_iter_warns_with_the_way_out(iris):
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 2 iterations: .* raise max_iter"):
        model = SoftmaxRegression(max_iter=2).fit(*iris)
    assert model.n_iter_ == 2
    assert model.certificate_.status == "max_iter"
    assert model.certificate_.relative_gap > 1e-6


def test_warm_start_begins_at_the_last_solution(iris):
    model = SoftmaxRegression(warm_start=True).fit(*iris)
    assert model.n_iter_ > 0
    assert model.fit(*iris).n_iter_ == 0
    nearby = model.set_params(C=1.5).fit(*iris).certificate_
    assert nearby.n_passes < SoftmaxRegression(C=1.5).fit(*iris).certificate_.n_passes
    assert model.set_params(warm_start=False).fit(*iris).n_iter_ > 0


def test_warm_start_with_other_classes_begins_afresh(iris):
    X, y = iris
    model = SoftmaxRegression(warm_start=True).fit(X, y)
    model.fit(X[y > 0], y[y > 0])
    np.testing.assert_array_equal(model.coef_, SoftmaxRegression().fit(X[y > 0], y[y > 0]).coef_)


def test_random_state_decides_the_last_digits():
    X, y = make_classification(6000, 100, n_informative=10, flip_y=0.1, random_state=0)
    fits = [SoftmaxRegression(random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(fits[0].coef_, fits[1].coef_)
    assert not np.array_equal(fits[0].coef_, fits[2].coef_)
    np.testing.assert_allclose(fits[0].coef_, fits[2].coef_, atol=1e-3)


def test_n_jobs_is_the_number_of_threads_and_changes_no_bit(monkeypatch):
    X, y = make_classification(20_000, 30, n_informative=10, n_classes=3, random_state=0)
    asked = set()
    scores = multinoulli._core.linear_scores
    monkeypatch.setattr(multinoulli._core, "linear_scores", lambda *given: asked.add(given[-1]) or scores(*given))
    coefs = {n: SoftmaxRegression(n_jobs=n, random_state=0).fit(X, y).coef_.tobytes() for n in (1, 2, 3)}
    assert asked == {1, 2, 3}
    assert coefs[1] == coefs[2] == coefs[3]
    asked.clear()
    with threadpool_limits(1):
        SoftmaxRegression(random_state=0).fit(X, y)
    assert asked == {1}


def test_verbose_shows_the_progress(iris, capsys):
    SoftmaxRegression().fit(*iris)
    assert capsys.readouterr() == ("", "")
    model = SoftmaxRegression(100.0, verbose=2).fit(*load_digits(return_X_y=True))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == model.n_iter_
    assert lines[0].startswith("[SoftmaxRegression] iteration 1: ")
    assert "an easier problem on the way" in lines[0]
    assert "easier" not in lines[-1]
    SoftmaxRegression(verbose=1).fit(*iris)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\r") == SoftmaxRegression().fit(*iris).n_iter_
    assert "[##############################]" in shown.err
    assert shown.err.endswith("\n")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("C", 0),
        ("C", -1.0),
        ("C", -np.inf),
        ("C", np.nan),
        ("C", "1"),
        ("tol", 0.0),
        ("time_limit", 0),
        ("max_iter", 1.5),
        ("max_iter", -1),
    ],
)
def test_bad_parameters_are_named(iris, name, value):
    with pytest.raises(ValueError, match=f"{name} must be a .*, got {value!r}"):
        SoftmaxRegression(**{name: value}).fit(*iris)


def test_bad_weights_are_named(iris):
    X, y = iris
    with pytest.raises(ValueError, match=r"sample_weight has shape \(2,\), expected \(150,\)"):
        SoftmaxRegression().fit(X, y, [1, 1])
    with pytest.raises(ValueError, match=r"sample_weight must not be negative, got -1\.0 at row 3"):
        SoftmaxRegression().fit(X, y, [1, 1, 1, -1] + [1] * 146)
    with pytest.raises(ValueError, match="sample_weight is zero for every sample"):
        SoftmaxRegression().fit(X, y, np.zeros(150))
    with pytest.raises(ValueError, match=r"y has one class, .*0.*, among the samples with positive weight"):
        SoftmaxRegression().fit(X, y, y == 0)


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (-np.inf, "infinity")])
def test_a_value_that_is_not_finite_is_named_with_its_place(iris, make, value, name):
    X, y = iris
    X = X.copy()
    X[7, 2] = value
    with pytest.raises(ValueError, match=f"Input X contains {name} at row 7, column 2"):
        SoftmaxRegression().fit(make(X), y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_predictions_check_what_they_are_given(iris, dtype):
    X, y = iris
    X = X.astype(dtype)
    model = SoftmaxRegression().fit(X, y)
    for bad, message in (
        (X[:, :3], "X has 3 features, but SoftmaxRegression is expecting 4"),
        (X[0], "Expected 2D array, got 1D array"),
        (X[:0], r"Found array with 0 sample\(s\)"),
        (X + np.array([0, 0, np.nan, 0], dtype), "Input X contains NaN at row 0, column 2"),
        (X + np.array([0, 0, np.inf, 0], dtype), "Input X contains infinity at row 0, column 2"),
        (sparse.csr_array(X + np.array([0, 0, np.nan, 0], dtype)), "Input X contains NaN at row 0, column 2"),
    ):
        with pytest.raises(ValueError, match=message):
            model.predict_proba(bad)
    largest = np.full((2, 4), np.finfo(dtype).max / 4, dtype)  # all finite, but not their sum
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.predict(largest).shape == (2,)
    np.testing.assert_array_equal(model.predict_proba(np.asfortranarray(X)), model.predict_proba(X))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        SoftmaxRegression().fit(X, y[:-1])


@pytest.mark.parametrize("make", [np.asarray, sparse.csr_array])
def test_coefficients_may_be_set_to_a_view_of_any_kind(iris, make):
    X, y = make(iris[0]), iris[1]
    model = SoftmaxRegression().fit(X, y)
    wanted = model.predict_proba(X)
    table = np.column_stack([model.coef_, model.intercept_])
    model.coef_, model.intercept_ = table[:, :-1], table[:, -1]
    np.testing.assert_array_equal(model.predict_proba(X), wanted)
    model.coef_, model.intercept_ = model.coef_.astype(np.float32), model.intercept_.astype(np.float32)
    np.testing.assert_allclose(model.predict_proba(X), wanted, atol=1e-5)


def test_no_warning_but_ours_where_the_loss_vanishes():
    X, y = make_classification(10, 20, random_state=42)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", ConvergenceWarning)  # so close to 0 no gap of 1e-6 is proved
        model = SoftmaxRegression(1e30).fit(X, y)
    assert 0 <= model.certificate_.dual <= model.certificate_.primal < 1e-25
    np.testing.assert_array_equal(model.predict(X), y)


def test_badly_scaled_columns_are_certified(iris):
    X, y = iris
    model = SoftmaxRegression().fit(X * [1e-6, 1.0, 1e3, 1e6] + [0, 1e6, 0, 0], y)
    assert model.certificate_.status == "converged"


def test_a_row_has_the_same_scores_alone_and_in_any_batch():
    rng = np.random.default_rng(0)
    coef, intercept, X = rng.standard_normal((7, 50)), rng.standard_normal(7), rng.standard_normal((1000, 50))
    together = linear_scores(X, coef, intercept)
    np.testing.assert_allclose(together, X @ coef.T + intercept, rtol=1e-12, atol=1e-12)
    for begin, end in (0, 1), (5, 6), (100, 357), (999, 1000), (3, 3):
        np.testing.assert_array_equal(linear_scores(X[begin:end], coef, intercept), together[begin:end])
    thin = sparse.csr_array(X)
    np.testing.assert_array_equal(linear_scores(thin[5:9], coef, intercept), linear_scores(thin, coef, intercept)[5:9])


@pytest.mark.parametrize("shape", [(300, 784, 10), (200, 384, 77), (200, 9, 7), (300, 70, 130)], ids=str)
def test_scores_of_float32_data_are_as_accurate_as_is_said(shape):
    n, d, K = shape
    rng = np.random.default_rng(0)
    coef, intercept = rng.standard_normal((K, d)), rng.standard_normal(K)
    X = (100 + rng.standard_normal((n, d))).astype(np.float32)  # far from zero: what is small is a difference
    model = SoftmaxRegression().fit(X[: 2 * K], np.arange(2 * K) % K)
    model.coef_, model.intercept_ = coef, intercept
    wide = X.astype(np.longdouble)
    size = np.abs(wide) @ np.abs(coef.T) + np.abs(intercept)
    error = np.abs(model.scores(X) - (wide @ coef.T.astype(np.longdouble) + intercept))
    assert np.max(error / size) <= 130 * 2.0**-24
    assert np.mean(error / size) <= 2 * 2.0**-24
    np.testing.assert_array_equal(model.predict_proba(X), softmax(model.scores(X)))
    np.testing.assert_array_equal(model.predict_log_proba(X), log_softmax(model.scores(X)))
    np.testing.assert_array_equal(model.predict(X), model.scores(X).argmax(axis=1))
    np.testing.assert_array_equal(model.scores(X[5:7]), model.scores(X)[5:7])
    np.testing.assert_allclose(model.scores(X.astype(float)), wide @ coef.T + intercept, rtol=1e-9)


def test_scores_beyond_float32_are_in_float64_row_by_row():
    rng = np.random.default_rng(0)
    X, coef, intercept = rng.random((9, 80), np.float32), 1e30 * rng.random((4, 80)), np.array([0, 0, -np.inf, 0])
    X[3] *= 1e30
    together = linear_scores(X, coef, intercept)
    np.testing.assert_allclose(together, X.astype(float) @ coef.T + intercept, rtol=1e-5)
    np.testing.assert_allclose(together[3], (X.astype(float) @ coef.T + intercept)[3], rtol=1e-12)
    for row in range(9):
        np.testing.assert_array_equal(linear_scores(X[row : row + 1], coef, intercept)[0], together[row])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity"), (-np.inf, "infinity")])
@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba", "scores", "decision_function"])
def test_what_is_not_finite_is_not_predicted(dtype, value, name, method):
    X, y = make_classification(60, 80, random_state=0)
    X = X.astype(dtype)
    model = SoftmaxRegression(0.01).fit(X, y)
    for make in (np.array, sparse.csr_array):
        bad = X.copy()
        bad[30, 7] = value
        with pytest.raises(ValueError, match=f"Input X contains {name}"):
            getattr(model, method)(make(bad))


def test_feature_names_are_checked(iris):
    pandas = pytest.importorskip("pandas")
    X, y = iris
    frame = pandas.DataFrame(X, columns=list("abcd"))
    model = SoftmaxRegression().fit(frame, y)
    assert model.feature_names_in_.tolist() == list("abcd")
    with pytest.raises(ValueError, match="feature names"):
        model.predict(frame[list("badc")])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        model.predict(X)
    assert not hasattr(model.fit(X, y), "feature_names_in_")


def test_clone_and_parameters():
    model = SoftmaxRegression(3.0, class_weight="balanced", n_jobs=2)
    assert clone(model).get_params() == model.get_params()
