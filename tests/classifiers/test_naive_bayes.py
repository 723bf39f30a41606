# SPDX-License-Identifier: BSD-3-Clause
"""What every naive Bayes model owes: scikit-learn's conventions and numbers, weights, streams, absent classes."""

import itertools
import pickle
import tracemalloc
import warnings

import numpy as np
import pytest
import sklearn.naive_bayes
from scipy import sparse
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from multinoulli import BernoulliNB, CategoricalNB, ComplementNB, GaussianNB, MultinomialNB, log_softmax, softmax

MODELS = [GaussianNB, MultinomialNB, ComplementNB, BernoulliNB, CategoricalNB]
COUNTS = [MultinomialNB, ComplementNB, BernoulliNB]
WITH_PRIOR = [MultinomialNB, BernoulliNB, CategoricalNB]


# Checks whose data are none of the model's, whatever its tags say.
NEGATIVE = {"check_decision_proba_consistency": "its data are negative"}
BROKEN = dict.fromkeys(
    [
        "check_classifiers_one_label_sample_weights",
        "check_decision_proba_consistency",
        "check_sample_weight_equivalence_on_dense_data",
    ],
    "its data are not integers, which scikit-learn's model rounds down",
)
REFUSED = {MultinomialNB: NEGATIVE, ComplementNB: NEGATIVE, CategoricalNB: BROKEN}


@parametrize_with_checks(
    [model() for model in MODELS], expected_failed_checks=lambda estimator: REFUSED.get(type(estimator), {})
)
def test_obeys_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own data are hard on purpose
        check(estimator)


def problem(n=300, d=7, n_classes=4, seed=0):
    """Small integers, which all models take, and labels that they say something of."""
    rng = np.random.default_rng(seed)
    y = rng.integers(n_classes, size=n)
    y[:n_classes] = np.arange(n_classes)
    return rng.poisson(1 + rng.random((n_classes, d))[y] * 3).astype(float), y


X, Y = problem()
WEIGHT = np.random.default_rng(1).uniform(0.1, 3.0, len(Y))


def theirs(model, **options):
    return getattr(sklearn.naive_bayes, model.__name__)(**options)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, int])
@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_scikit_learn(model, dtype):
    ours, peer = model().fit(X.astype(dtype), Y), theirs(model).fit(X, Y)
    np.testing.assert_allclose(ours.scores(X.astype(dtype)), peer.predict_joint_log_proba(X), rtol=1e-12)
    np.testing.assert_allclose(ours.predict_log_proba(X), peer.predict_log_proba(X), atol=1e-12, rtol=1e-12)
    np.testing.assert_allclose(ours.predict_proba(X), peer.predict_proba(X), rtol=1e-11)
    np.testing.assert_array_equal(ours.predict(X), peer.predict(X))


@pytest.mark.parametrize("model", MODELS)
def test_agrees_with_scikit_learn_on_weights(model):
    options = {"var_smoothing": 0.0} if model is GaussianNB else {}  # whose size does not know weights there
    ours, peer = model(**options).fit(X, Y, WEIGHT), theirs(model, **options).fit(X, Y, WEIGHT)
    np.testing.assert_allclose(ours.scores(X), peer.predict_joint_log_proba(X), rtol=1e-12)
    np.testing.assert_allclose(ours.class_count_, peer.class_count_, rtol=1e-13)


@pytest.mark.parametrize("make", [sparse.csr_array, sparse.csr_matrix, sparse.csc_array])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("model", COUNTS)
def test_sparse_is_dense(model, dtype, make):
    thin = make(X.astype(dtype))
    ours = model().fit(thin, Y, WEIGHT)
    np.testing.assert_allclose(ours.feature_count_, model().fit(X, Y, WEIGHT).feature_count_, rtol=1e-13)
    np.testing.assert_allclose(
        ours.scores(thin), theirs(model).fit(X, Y, WEIGHT).predict_joint_log_proba(X), rtol=1e-12
    )
    np.testing.assert_allclose(ours.predict_proba(thin), ours.predict_proba(X), rtol=1e-12)


@pytest.mark.parametrize("model", [GaussianNB, CategoricalNB])
def test_sparse_data_are_refused_where_zeros_are_values(model):
    with pytest.raises(TypeError, match=f"{model.__name__} needs dense data, got a sparse csr_array"):
        model().fit(sparse.csr_array(X), Y)
    with pytest.raises(TypeError, match="needs dense data"):
        model().fit(X, Y).predict(sparse.csr_array(X))


@pytest.mark.parametrize("model", MODELS)
def test_one_path_from_scores_to_probabilities(model):
    ours = model().fit(X, Y)
    scores = ours.scores(X)
    np.testing.assert_array_equal(ours.predict_proba(X), softmax(scores))
    np.testing.assert_array_equal(ours.predict_log_proba(X), log_softmax(scores))
    np.testing.assert_array_equal(ours.predict(X), scores.argmax(axis=1))


@pytest.mark.parametrize("model", MODELS)
def test_weight_zero_is_absence_and_integer_weights_are_repetition(model):
    times = np.random.default_rng(2).integers(3, size=len(Y))
    weighed, repeated = model().fit(X, Y, times), model().fit(np.repeat(X, times, axis=0), np.repeat(Y, times))
    some = times > 0
    present = model().fit(X[some], Y[some], times[some])
    np.testing.assert_array_equal(weighed.scores(X), present.scores(X))
    if model is GaussianNB:
        np.testing.assert_allclose(weighed.scores(X), repeated.scores(X), rtol=1e-12)
    else:
        np.testing.assert_array_equal(weighed.scores(X), repeated.scores(X))


@pytest.mark.parametrize("model", MODELS)
def test_batches_lead_to_what_fit_finds(model):
    whole, stream = model().fit(X, Y, WEIGHT), model()
    for begin in range(0, len(Y), 37):
        some = slice(begin, begin + 37)
        stream.partial_fit(X[some], Y[some], classes=range(4), sample_weight=WEIGHT[some])
    np.testing.assert_allclose(stream.scores(X), whole.scores(X), rtol=1e-12)
    more = model().fit(X[:100], Y[:100], WEIGHT[:100]).partial_fit(X[100:], Y[100:], sample_weight=WEIGHT[100:])
    np.testing.assert_allclose(more.scores(X), whole.scores(X), rtol=1e-12)
    again = stream.fit(X, Y, WEIGHT)
    np.testing.assert_array_equal(again.scores(X), whole.scores(X))
    nothing = clone(whole).fit(X, Y, WEIGHT).partial_fit(X, Y, sample_weight=np.zeros(len(Y)))
    np.testing.assert_array_equal(nothing.scores(X), whole.scores(X))


@pytest.mark.parametrize("model", MODELS)
def test_classes_of_a_stream_are_checked(model):
    with pytest.raises(ValueError, match="classes must be given at the first call"):
        model().partial_fit(X, Y)
    stream = model(classes=range(5)).partial_fit(X, Y)
    assert stream.classes_.tolist() == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="classes must be what they were at the first call"):
        stream.partial_fit(X, Y, classes=range(3))
    with pytest.raises(ValueError, match=r"y has the label .*9.* at row 0, which is not in classes"):
        stream.partial_fit(X[:1], [9])
    with pytest.raises(ValueError, match="sample_weight is zero for every sample of the first batch"):
        model().partial_fit(X, Y, range(4), np.zeros(len(Y)))


@pytest.mark.parametrize("model", MODELS)
def test_classes_that_are_absent_have_the_probability_zero(model):
    some = Y != 1
    ours = model(classes=[3, 2, 1, 0, 7]).fit(X[some], Y[some])
    assert ours.classes_.tolist() == [0, 1, 2, 3, 7]
    without = model().fit(X[some], Y[some])
    np.testing.assert_array_equal(ours.predict_proba(X)[:, [1, 4]], 0)
    np.testing.assert_array_equal(ours.predict_log_proba(X)[:, [1, 4]], -np.inf)
    np.testing.assert_allclose(ours.predict_proba(X)[:, [0, 2, 3]], without.predict_proba(X), rtol=1e-12)
    weightless = model(classes=[3, 2, 1, 0, 7]).fit(X, Y, some)
    np.testing.assert_array_equal(weightless.scores(X), ours.scores(X))


@pytest.mark.parametrize("model", WITH_PRIOR)
def test_an_absent_class_with_a_prior_has_the_features_of_smoothing_alone(model):
    ours = model(classes=range(5), class_prior=[0.1, 0.2, 0.3, 0.3, 0.1]).fit(X, Y)
    peer = theirs(model, class_prior=[0.1, 0.2, 0.3, 0.3, 0.1]).partial_fit(X.astype(int), Y, classes=range(5))
    np.testing.assert_allclose(ours.scores(X), peer.predict_joint_log_proba(X), rtol=1e-12)
    assert (ours.predict_proba(X)[:, 4] > 0).all()


def test_an_absent_class_is_unknown_to_gaussians_whatever_its_prior():
    ours = GaussianNB(classes=range(5), priors=[0.1, 0.2, 0.3, 0.3, 0.1]).fit(X, Y)
    np.testing.assert_array_equal(ours.predict_proba(X)[:, 4], 0)
    assert np.isnan(ours.theta_[4]).all()
    assert np.isnan(ours.var_[4]).all()


@pytest.mark.parametrize("model", MODELS)
def test_one_class_and_no_weight_are_named(model):
    with pytest.raises(ValueError, match=r"y has one class, .*0.*, among the samples with positive weight"):
        model().fit(X, np.zeros(len(Y), int))
    with pytest.raises(ValueError, match="sample_weight is zero for every sample"):
        model().fit(X, Y, np.zeros(len(Y)))
    with pytest.raises(ValueError, match=r"y has the label .*3.* which is not in classes: \[0, 1, 2\]"):
        model(classes=range(3)).fit(X, Y)


@pytest.mark.parametrize("model", MODELS)
def test_a_class_with_one_row_has_probabilities(model):
    ours = model().fit(np.vstack([X, X[:1]]), np.append(Y, 9))
    assert np.isfinite(ours.predict_proba(X)).all()
    assert (ours.predict_log_proba(X) <= 0).all()


@pytest.mark.parametrize("model", MODELS)
def test_string_labels(model):
    names = np.array(["ant", "bee", "cat", "dog"])
    ours = model().fit(X, names[Y])
    assert ours.classes_.tolist() == names.tolist()
    np.testing.assert_array_equal(ours.predict(X), names[model().fit(X, Y).predict(X)])


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(model, value):
    bad = X.copy()
    bad[7, 2] = value
    with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
        model().fit(bad, Y)
    ours = model().fit(X, Y)
    for make in [np.asarray] if model in (GaussianNB, CategoricalNB) else [np.asarray, sparse.csr_array]:
        for method in "predict", "predict_proba", "predict_log_proba", "scores":
            with pytest.raises(ValueError, match=r"Input X contains (NaN|infinity)"):
                getattr(ours, method)(make(bad))


@pytest.mark.parametrize("model", MODELS)
def test_threads_change_no_bit(model):
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=20_000)
    many = rng.poisson(2.0, (20_000, 11)).astype(float)
    weight = rng.random(20_000)
    scores = [model(n_jobs=n).fit(many, y, weight).scores(many).tobytes() for n in (1, 2, 3)]
    assert scores[0] == scores[1] == scores[2]


@pytest.mark.parametrize("model", MODELS)
def test_names_of_a_data_frame(model):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdefg"))
    ours = model().fit(frame, Y)
    assert ours.feature_names_in_.tolist() == list("abcdefg")
    np.testing.assert_array_equal(ours.predict_proba(frame), model().fit(X, Y).predict_proba(X))
    with pytest.raises(ValueError, match="feature names"):
        ours.predict(frame[list("gfedcba")])


@pytest.mark.parametrize("model", MODELS)
def test_clone_and_pickle(model):
    ours = model(classes=range(4), n_jobs=2).fit(X, Y)
    copy = pickle.loads(pickle.dumps(ours))
    np.testing.assert_array_equal(copy.scores(X), ours.scores(X))
    np.testing.assert_allclose(copy.partial_fit(X, Y).scores(X), ours.partial_fit(X, Y).scores(X), rtol=0)
    assert clone(ours).get_params() == ours.get_params()


@pytest.mark.parametrize("model", [*WITH_PRIOR, GaussianNB])
def test_priors(model):
    name = "priors" if model is GaussianNB else "class_prior"
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    ours, plain = model(**{name: prior}).fit(X, Y), model().fit(X, Y)
    np.testing.assert_allclose(
        ours.scores(X) - plain.scores(X), np.tile(np.log(prior / (np.bincount(Y) / 300)), (300, 1))
    )
    if model is not GaussianNB:
        flat = model(fit_prior=False).fit(X, Y)
        np.testing.assert_allclose(flat.class_log_prior_, np.log(0.25))
    for bad, message in (
        ([0.5, 0.5], r"has shape \(2,\), expected \(4,\)"),
        ([0.5, 0.5, 0.5, -0.5], "must be probabilities that sum to 1"),
        ([0.5, 0.5, 0.5, 0.5], "must be probabilities that sum to 1"),
        ([np.nan, 0.5, 0.5, 0.5], "must be probabilities that sum to 1"),
    ):
        with pytest.raises(ValueError, match=f"{name} {message}"):
            model(**{name: bad}).fit(X, Y)
    with pytest.raises(ValueError, match=f"{name} is 0 for every class that has rows"):
        model(classes=range(5), **{name: [0, 0, 0, 0, 1]}).fit(X, Y)


@pytest.mark.parametrize("model", [MultinomialNB, ComplementNB, BernoulliNB, CategoricalNB])
def test_alpha_is_checked(model):
    for bad, message in (
        (-1.0, "alpha must be non-negative and finite, got -1.0"),
        (np.nan, "alpha must be non-negative and finite, got nan"),
        ([1, 1, 1, -2, 1, 1, 1], "got -2.0 for feature 3"),
        ([1.0, 2.0], r"alpha has shape \(2,\), expected a number or shape \(7,\)"),
        ("much", "alpha must be a number, or one a feature, got 'much'"),
    ):
        with pytest.raises(ValueError, match=message):
            model(alpha=bad).fit(X, Y)
    assert not np.allclose(model(alpha=0.1).fit(X, Y).scores(X), model().fit(X, Y).scores(X))
    one_each = model(alpha=np.full(7, 0.3)).fit(X, Y)
    np.testing.assert_array_equal(one_each.scores(X), model(alpha=0.3).fit(X, Y).scores(X))


def test_what_was_learnt_stays_where_a_batch_is_refused():
    for model in MODELS:
        ours = model().fit(X, Y)
        before = ours.scores(X)
        with pytest.raises(ValueError, match="Input X contains NaN"):
            ours.partial_fit(np.where(X > 2, np.nan, X), Y)
        np.testing.assert_array_equal(ours.scores(X), before)


def test_rows_in_any_order_are_sorted_by_blocks_not_as_a_whole():
    X = sparse.random_array((40_000, 50), density=0.4, rng=0, format="csr")
    y = np.arange(40_000) % 2
    for begin, end in itertools.pairwise(X.indptr[:1000]):  # so that scikit-learn's sort would be a copy
        X.indices[begin:end] = X.indices[begin:end][::-1]
        X.data[begin:end] = X.data[begin:end][::-1]
    X.has_sorted_indices = X.has_canonical_format = False
    tracemalloc.start()
    model = BernoulliNB(binarize=0.5).fit(X, y)
    proba = model.predict_proba(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < X.data.nbytes / 2
    np.testing.assert_allclose(
        proba, BernoulliNB(binarize=0.5).fit(X.toarray(), y).predict_proba(X.toarray()), rtol=1e-12
    )
