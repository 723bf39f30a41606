# SPDX-License-Identifier: BSD-3-Clause
"""What both discriminant analyses make of weights, streams, absent classes, types of data, threads and bad input."""

import pickle
import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from scipy.special import log_softmax
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import NotFittedError
from threadpoolctl import threadpool_limits

from multinoulli import LinearDiscriminantAnalysis as Linear
from multinoulli import QuadraticDiscriminantAnalysis as Quadratic
from normal_classes import close, moments, posterior

BOTH = pytest.mark.parametrize("kind", [Linear, Quadratic])


@BOTH
@pytest.mark.parametrize("shrinkage", [None, 0.3, "auto", "oas"])
def test_weight_zero_is_absence_and_integer_weights_are_repetition(wine, kind, shrinkage):
    X, y = wine
    for divisor in "n_samples", "degrees_of_freedom":
        model = kind(shrinkage=shrinkage, covariance_divisor=divisor)
        weight = np.random.default_rng(0).integers(0, 3, len(y))
        weighted = clone(model).fit(X, y, weight)
        repeated = clone(model).fit(np.repeat(X, weight, axis=0), np.repeat(y, weight))
        close(weighted.covariance_, repeated.covariance_, 1e-12)
        close(weighted.predict_proba(X), repeated.predict_proba(X), 1e-9)
        here = weight > 0
        without = clone(model).fit(X[here], y[here], weight[here])
        np.testing.assert_array_equal(weighted.predict_proba(X), without.predict_proba(X))


@BOTH
def test_scale_of_weights_does_not_matter_to_maximum_likelihood(wine, kind):
    X, y = wine
    weight = np.random.default_rng(0).random(len(y))
    one, other = (kind().fit(X, y, scale * weight) for scale in (1.0, 1e-6))
    close(one.predict_proba(X), other.predict_proba(X))
    with pytest.raises(ValueError, match=r"which leaves no degrees? of freedom"):
        kind(covariance_divisor="degrees_of_freedom").fit(X, y, 1e-6 * weight)


@BOTH
def test_classes_that_are_absent_have_the_probability_zero(iris, kind):
    X, y = iris
    here = y != 1
    model = kind(classes=[7, 2, 1, 0]).fit(X[here], y[here])
    assert model.classes_.tolist() == [0, 1, 2, 7]
    proba = model.predict_proba(X)
    np.testing.assert_array_equal(proba[:, [1, 3]], 0)
    np.testing.assert_array_equal(model.predict_log_proba(X)[:, [1, 3]], -np.inf)
    close(proba[:, [0, 2]], kind().fit(X[here], y[here]).predict_proba(X), 1e-13)
    assert np.isnan(model.means_[[1, 3]]).all()
    given = kind(classes=[0, 1, 2], priors=[0.2, 0.6, 0.2]).fit(X[here], y[here])
    close(given.predict_proba(X)[:, [0, 2]], kind(priors=[0.5, 0.5]).fit(X[here], y[here]).predict_proba(X), 1e-13)
    with pytest.raises(ValueError, match="priors must be above 0 for a class that has rows"):
        kind(classes=[0, 1, 2], priors=[0, 1, 0]).fit(X[here], y[here])
    with pytest.raises(ValueError, match=r"y has the label .*1.* at row 50, which is not in classes"):
        kind(classes=[0, 2]).fit(X, y)


@BOTH
@pytest.mark.parametrize("shrinkage", [None, 0.3, "oas"])
@pytest.mark.parametrize("size", [1, 7, 64])
def test_batches_give_what_fit_gives(wine, kind, shrinkage, size):
    X, y = wine
    X = X + 1e4 * (np.arange(13) == 3)  # a mean far beyond the spread
    order = np.random.default_rng(0).permutation(len(y)) if size != 64 else np.arange(len(y))
    weight = np.random.default_rng(1).uniform(0, 2, len(y))
    model, whole = kind(shrinkage=shrinkage), kind(shrinkage=shrinkage).fit(X, y, weight)
    for begin in range(0, len(y), size):
        some = order[begin : begin + size]
        model.partial_fit(X[some], y[some], classes=[2, 1, 0], sample_weight=weight[some])
    close(model.means_, whole.means_, 1e-13)
    close(model.covariance_, whole.covariance_, 1e-11)
    close(model.predict_proba(X), whole.predict_proba(X), 1e-8)
    assert model.n_samples_seen_ == len(y)
    restored = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(restored.partial_fit(X, y).scores(X), model.partial_fit(X, y).scores(X))


@BOTH
def test_a_stream_is_asked_when_it_can_answer(iris, kind):
    X, y = iris
    model = kind().partial_fit(X[[0, 50]], y[[0, 50]], classes=[0, 1, 2])
    assert not hasattr(model, "covariance_")
    with pytest.raises(NotFittedError, match="The rows of the stream so far are too few"):
        model.predict(X)
    model.partial_fit(X[:100], y[:100])
    np.testing.assert_array_equal(model.predict_proba(X)[:, 2], 0)
    before = model.predict_proba(X)
    model.partial_fit(X[:1], y[:1], sample_weight=[0.0])  # a batch of nothing
    close(model.predict_proba(X), before, 1e-14)
    model.partial_fit(X[100:], y[100:])
    assert model.score(X, y) > 0.95
    model.fit(X, y)
    assert not hasattr(model, "n_samples_seen_")
    model.partial_fit(X[::2], y[::2])  # begins anew, with the classes of that fit
    close(model.predict_proba(X), kind().fit(X[::2], y[::2]).predict_proba(X), 1e-13)


@BOTH
def test_a_stream_refuses_what_it_cannot_do(iris, kind):
    X, y = iris
    with pytest.raises(ValueError, match=r"shrinkage='auto' needs all rows once more .*: choose 'oas'"):
        kind(shrinkage="auto").partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="classes must be given at the first call"):
        kind().partial_fit(X, y)
    model = kind(classes=[0, 1, 2]).partial_fit(X, y)
    with pytest.raises(ValueError, match="classes must be what they were"):
        model.partial_fit(X, y, classes=[0, 1])
    if kind is Linear:
        with pytest.raises(ValueError, match="shrinkage became 'oas' within a stream"):
            model.set_params(shrinkage="oas").partial_fit(X, y)


@BOTH
@pytest.mark.parametrize("shrinkage", [None, "auto"])
@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csc_matrix])
def test_sparse_is_dense(kind, shrinkage, make):
    X, y = load_digits(return_X_y=True)
    X = np.where(X > 8, X, 0)
    X = X[:, (X > 0).mean(axis=0) > 0.05]
    options = {"reg_param": 0.1} if kind is Quadratic else {}
    dense, thin = (kind(shrinkage=shrinkage, **options).fit(data, y) for data in (X, make(X)))
    close(thin.covariance_, dense.covariance_, 1e-13)
    close(thin.predict_proba(make(X)), dense.predict_proba(X), 1e-9)
    if kind is Linear:
        close(thin.transform(make(X)), dense.transform(X), 1e-9)


@BOTH
@pytest.mark.parametrize("shift", [0.0, 1e4])
def test_float32_is_computed_as_the_numbers_that_it_holds(kind, shift):
    rng = np.random.default_rng(0)
    y = np.arange(3000) % 4
    X = (shift + rng.standard_normal((3000, 90)) + 0.1 * y[:, None]).astype(np.float32)
    model, double = (kind().fit(data, y) for data in (X, X.astype(np.float64)))
    mass, means, scatters = moments(X.astype(np.longdouble), y)
    wanted = (scatters / mass[:, None, None] if kind is Quadratic else scatters.sum(axis=0) / 3000).astype(float)
    for one in model, double:
        assert one.covariance_.dtype == np.float64
        np.testing.assert_allclose(one.means_, means.astype(float), rtol=1e-15, atol=1e-14)
        close(one.covariance_, wanted, 1e-12)
    close(model.predict_log_proba(X.astype(float)), double.predict_log_proba(X.astype(float)), 1e-10)


@BOTH
def test_a_scatter_keeps_its_digits_beside_distant_classes(kind):
    """About one centre, the squares of the distances would take eight of sixteen digits."""
    rng = np.random.default_rng(0)
    y = np.arange(2000) % 2
    X = rng.standard_normal((2000, 5)) + 1e4 * y[:, None]
    _, _, scatters = moments(X.astype(np.longdouble), y)
    wanted = (scatters / 1000 if kind is Quadratic else scatters.sum(axis=0) / 2000).astype(float)
    close(kind().fit(X, y).covariance_, wanted, 1e-13)


@BOTH
@pytest.mark.parametrize("shrinkage", [None, "auto"])
def test_threads_change_no_bit(kind, shrinkage):
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((5000, 150)), rng.integers(0, 5, 5000)
    fits = [kind(shrinkage=shrinkage, n_jobs=n).fit(X, y) for n in (1, 2, 7)]
    with threadpool_limits(1):
        fits.append(kind(shrinkage=shrinkage).fit(X, y))
    for model in fits[1:]:
        np.testing.assert_array_equal(model.covariance_, fits[0].covariance_)
        np.testing.assert_array_equal(model.scores(X), fits[0].scores(X))


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_row_is_predicted_as_it_is_alone(kind, dtype):
    rng = np.random.default_rng(0)
    for n_features in 3, 150:
        X, y = rng.standard_normal((2000, n_features)).astype(dtype), rng.integers(0, 3, 2000)
        model = kind().fit(X, y)
        together = model.scores(X)
        for begin, end in (0, 1), (5, 6), (100, 357), (1999, 2000):
            np.testing.assert_array_equal(model.scores(X[begin:end]), together[begin:end])


@BOTH
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_data_are_used_where_they_lie(kind, dtype):
    X = np.random.default_rng(0).standard_normal((100_000, 100)).astype(dtype)
    y = np.arange(len(X)) % 3
    tracemalloc.start()
    for shrinkage in None, "auto":
        kind(shrinkage=shrinkage).fit(X, y)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.nbytes


@BOTH
def test_log_probabilities_are_exact_where_probabilities_are_zero(iris, kind):
    X, y = iris
    model = kind().fit(X, y)
    far = 50 * X
    assert (model.predict_proba(far) == 0).any()
    wanted = log_softmax(model.scores(far), axis=1)
    assert np.isfinite(wanted).all()
    close(model.predict_log_proba(far), wanted, 1e-14)
    np.testing.assert_array_equal(model.predict(X), model.classes_[model.predict_proba(X).argmax(axis=1)])


@BOTH
def test_a_class_of_one_row(iris, kind):
    X, y = iris
    X, y = X[49:100], y[49:100]
    if kind is Linear:
        model = kind().fit(X, y)
        _, means, scatters = moments(X, y)
        close(model.predict_proba(X), posterior(X, means, [scatters[1] / 51] * 2, [1 / 51, 50 / 51]))
    else:
        with pytest.raises(ValueError, match=r"class 0 is not full rank: .* reg_param above 0"):
            kind().fit(X, y)
        assert kind(reg_param=0.1).fit(X, y).covariance_[0] == pytest.approx(0.1 * np.eye(4))
        with pytest.raises(ValueError, match=r"class 0 has the weight 1\.0, which leaves no degree of freedom"):
            kind(reg_param=0.1, covariance_divisor="degrees_of_freedom").fit(X, y)


def test_nothing_that_varies_within_classes_is_an_error(iris):
    X, y = iris
    with pytest.raises(ValueError, match="samples must be more than the number of classes, got 3 samples of 3 classes"):
        Linear().fit(X[[0, 50, 100]], y[[0, 50, 100]])
    same = np.repeat(X[[0, 50, 100]], 3, axis=0)
    with pytest.raises(ValueError, match="no feature varies within the classes"):
        Linear().fit(same, np.repeat([0, 1, 2], 3))


@BOTH
def test_constant_features(iris, kind):
    X, y = iris
    for constant in 0.1, 1e9 / 3:
        wide = np.column_stack([X, np.full(150, constant)])
        if kind is Linear:
            model = kind().fit(wide, y)
            close(model.predict_proba(wide), kind().fit(X, y).predict_proba(X), 1e-12)
        else:
            with pytest.raises(ValueError, match="class 0 is not full rank"):
                kind().fit(wide, y)
            assert np.isfinite(kind(reg_param=0.1).fit(wide, y).predict_proba(wide)).all()


@BOTH
@pytest.mark.parametrize("way", ["fit", "predict"])
@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinity")])
def test_what_is_not_finite_is_refused(iris, kind, way, value, name):
    X, y = iris
    bad = X.copy()
    bad[30, 2] = value
    where = " at row 30, column 2" if way == "fit" else ""
    with pytest.raises(ValueError, match=f"Input X contains {name}{where}"):
        kind().fit(bad, y) if way == "fit" else kind().fit(X, y).predict(bad)


@BOTH
def test_parameters_and_data_are_checked(iris, kind):
    X, y = iris
    for options, message in [
        ({"shrinkage": 1.5}, r"shrinkage must be None, 'auto', 'oas' or a number from 0 to 1, got 1\.5"),
        ({"shrinkage": "some"}, "shrinkage must be None, .* got 'some'"),
        ({"shrinkage": True}, "shrinkage must be None, .* got True"),
        ({"covariance_divisor": "n-K"}, "covariance_divisor must be one of .*'degrees_of_freedom'.*, got 'n-K'"),
        ({"tol": -1.0}, r"tol must be a non-negative finite number, got -1\.0"),
    ]:
        with pytest.raises(ValueError, match=message):
            kind(**options).fit(X, y)
    with pytest.raises(ValueError, match="sample_weight is zero for every sample"):
        kind().fit(X, y, np.zeros(150))
    with pytest.raises(ValueError, match="y has one class"):
        kind().fit(X[:50], y[:50])
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        kind().fit(X, y).nonsense  # noqa: B018
    with pytest.raises(ValueError, match=r"reg_param must be a number from 0 to 1, got 2\.0"):
        Quadratic(reg_param=2.0).fit(X, y)


@BOTH
def test_labels_names_and_copies(iris, kind):
    pandas = pytest.importorskip("pandas")
    X, y = iris
    names = np.array(["setosa", "versicolor", "virginica"])
    model = kind(n_jobs=2).fit(pandas.DataFrame(X, columns=list("abcd")), names[y])
    assert model.classes_.tolist() == names.tolist()
    assert model.feature_names_in_.tolist() == list("abcd")
    assert clone(model).get_params() == model.get_params()
    plain = kind().fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(plain)).scores(X), plain.scores(X))
    np.testing.assert_array_equal(model.predict(pandas.DataFrame(X, columns=list("abcd"))), names[plain.predict(X)])
    if kind is Linear:
        frame = model.set_output(transform="pandas").transform(pandas.DataFrame(X, columns=list("abcd")))
        assert list(frame.columns) == ["lineardiscriminantanalysis0", "lineardiscriminantanalysis1"]


@BOTH
def test_failing_to_fit_leaves_the_model_as_it_was(iris, kind):
    X, y = iris
    model = kind().fit(X, y)
    before = model.scores(X)
    with pytest.raises(ValueError, match=r"number of samples|full rank"):
        model.fit(X[[0, 50, 100]], y[[0, 50, 100]])
    np.testing.assert_array_equal(model.scores(X), before)


def test_a_row_beyond_all_classes_is_an_error_not_nan(iris):
    X, y = iris
    model = Quadratic().fit(X, y)
    assert np.isfinite(model.predict_proba(1e150 * X)).all()
    far = X.copy()
    far[7] *= 1e200
    with pytest.raises(ValueError, match="row 7 of X is so far from every class that its scores overflow"):
        model.predict_proba(far)
