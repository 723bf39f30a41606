# SPDX-License-Identifier: BSD-3-Clause
"""How networks are trained: gradients, steps, stopping, and every option, against definitions written here."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss

from multinoulli import MLPClassifier, cross_entropy
from multinoulli._validation.estimators import FitData
from multinoulli.classifiers.neural_network._network import Network, Pass
from multinoulli.classifiers.neural_network._shards import Shards, number_of_shards
from multinoulli.classifiers.neural_network._training import cosine

ACTIVATIONS = ["relu", "tanh", "logistic", "gelu", "identity"]
pytestmark = pytest.mark.filterwarnings("ignore:MLPClassifier stopped .max_iter:")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


def small_problem(n=11, kind="dense"):
    rng = np.random.default_rng(n)
    X = rng.standard_normal((n, 4)) * (rng.random((n, 4)) < 0.7)
    data = FitData(X, rng.integers(0, 3, n), rng.random(n) * (np.arange(n) != 2), np.arange(3))
    return rng, data._replace(X=sparse.csr_array(X)) if kind == "sparse" else data


def parameters_of(rng, network):
    return rng.uniform(-1, 1, network.n_parameters)


def loss_of(network, theta, data, rows, smoothing):
    """The definition: every layer in float64, the smoothed target written out."""
    X = data.X.toarray() if sparse.issparse(data.X) else data.X
    scores = Pass(network, len(rows), np.float64).scores(X[rows], network.layers(theta))
    targets = (1 - smoothing) * np.eye(3)[data.labels[rows]] + smoothing / 3
    return np.sum(data.weight[rows] * cross_entropy(scores, targets))


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("hidden", [(), (5,), (6, 5)])
@pytest.mark.parametrize(("smoothing", "kind"), [(0.0, "dense"), (0.3, "sparse")])
def test_gradient_is_the_finite_difference(activation, hidden, smoothing, kind):
    rng, data = small_problem(kind=kind)
    network = Network((4, *hidden, 3), activation)
    theta, rows = parameters_of(rng, network), np.array([3, 1, 2, 10, 7])
    with Shards(network, data, 5, np.float64, 1, smoothing=smoothing) as shards:
        loss, gradients = shards.gradient(theta, rows, 2.5)
        assert shards.loss(theta, rows) == pytest.approx(loss_of(network, theta, data, rows, 0.0), rel=1e-12)
    assert loss == pytest.approx(loss_of(network, theta, data, rows, smoothing), rel=1e-12)
    differences = np.empty_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        above, below = (loss_of(network, theta + s, data, rows, smoothing) for s in (step, -step))
        differences[i] = (above - below) / 2e-6 / 2.5
    np.testing.assert_allclose(gradients.sum(axis=0), differences, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_gradient_with_a_mask_of_dropout_is_the_finite_difference(activation):
    rng, data = small_problem()
    network = Network((4, 6, 5, 3), activation)
    theta, rows = parameters_of(rng, network), np.arange(11)

    def shards_loss(theta):  # the same seed, so the same masks
        with Shards(network, data, 11, np.float64, 1, dropout=0.4, seed=7) as shards:
            return shards.gradient(theta, rows, 1.0)

    _, gradients = shards_loss(theta)
    differences = np.empty_like(theta)
    for i in range(len(theta)):
        step = np.zeros_like(theta)
        step[i] = 1e-6
        differences[i] = (shards_loss(theta + step)[0] - shards_loss(theta - step)[0]) / 2e-6
    np.testing.assert_allclose(gradients.sum(axis=0), differences, rtol=1e-6, atol=1e-8)


def test_dropout_keeps_the_mean():
    network = Network((1, 1000, 1), "identity")
    layers = [(np.ones((1, 1000)), np.zeros(1000)), (np.eye(1000), np.zeros(1000))]
    network.sizes = (1, 1000, 1000)
    dropping = Pass(network, 400, np.float64, dropout=0.3, seed=0)
    h = dropping.scores(np.ones((400, 1)), layers, training=True)
    assert set(np.unique(h)) == {0.0, 1 / 0.7}
    assert h.mean() == pytest.approx(1, abs=5 * np.sqrt(0.3 / 0.7 / h.size))
    assert (dropping.scores(np.ones((400, 1)), layers) == 1).all()


def test_shards_and_blocks_add_up_to_the_whole():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((3000, 200))
    data = FitData(X, rng.integers(0, 4, 3000), rng.random(3000), np.arange(4))
    network = Network((200, 50, 4), "tanh")
    theta = 0.1 * parameters_of(rng, network)
    assert number_of_shards(3000, network.n_parameters) == 4  # of 750 rows, in two blocks each
    rows = rng.permutation(3000)[:2900]  # the last shard has fewer
    with Shards(network, data, 3000, np.float64, 2) as shards:
        loss, gradients = shards.gradient(theta, rows, 3.0)
        assert shards.loss(theta, rows) == pytest.approx(loss, rel=1e-12)
        gradient = gradients.sum(axis=0)
        _, few = shards.gradient(theta, rows[:10], 1.0)
        assert len(few) == 1
    network_pass, whole = Pass(network, 2900, np.float64), np.empty_like(theta)
    given = X[rows], data.labels[rows], data.weight[rows], network.layers(theta), network.layers(whole)
    assert network_pass.gradient(*given, divisor=3.0, smoothing=0.0) == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(gradient, whole, rtol=1e-9, atol=1e-12)


def softmax_gradient(theta, X, y, alpha, n_classes=3):
    """Of a network without hidden layers: the mean loss, and alpha / 2 / n times the squared weights."""
    n, d = X.shape
    coef, intercept = theta[: d * n_classes].reshape(d, n_classes), theta[d * n_classes :]
    z = X @ coef + intercept
    p = np.exp(z - z.max(axis=1, keepdims=True))
    residual = (p / p.sum(axis=1, keepdims=True) - np.eye(n_classes)[y]) / n
    return np.concatenate([(X.T @ residual + alpha / n * coef).ravel(), residual.sum(axis=0)])


@pytest.mark.parametrize("solver", ["adam", "sgd", "nesterov"])
def test_two_steps_by_the_formulas(scaled_iris, solver):
    X, y = scaled_iris
    alpha, decay, rate, epsilon = 0.7, 0.02, 0.05, 1e-3
    options = {"alpha": alpha, "weight_decay": decay, "learning_rate_init": rate, "batch_size": 150, "shuffle": False}
    options |= {"beta_1": 0.8, "beta_2": 0.95, "epsilon": epsilon, "momentum": 0.6, "dtype": "float64"}
    options |= {"solver": "adam" if solver == "adam" else "sgd", "nesterovs_momentum": solver == "nesterov"}
    rng, network = np.random.default_rng(5), Network((4, 3), "relu")
    theta = network.initial(rng, np.float64)
    m = v = u = np.zeros_like(theta)
    weights = np.arange(len(theta)) < 12
    for t in (1, 2):
        g = softmax_gradient(theta, X, y, alpha)
        theta = np.where(weights, 1 - rate * decay, 1) * theta
        if solver == "adam":
            m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g**2
            theta = theta - rate * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + epsilon)
        else:
            u = 0.6 * u - rate * g
            theta = theta + (0.6 * u - rate * g if solver == "nesterov" else u)
    model = MLPClassifier((), max_iter=2, random_state=5, **options).fit(X, y)
    np.testing.assert_allclose(model.coefs_[0].ravel(), theta[:12], rtol=1e-10)
    np.testing.assert_allclose(model.intercepts_[0], theta[12:], rtol=1e-9)


def test_a_worked_example_of_scikit_learn():
    """One step by hand, with two scores in place of their one: half of it each, so twice the rate, half the penalty."""
    model = MLPClassifier(2, "logistic", solver="sgd", alpha=0.0, momentum=0.0, learning_rate_init=0.1, dtype="float64")
    X = np.array([[0.6, 0.8, 0.7]])
    model.partial_fit(X, [0], classes=[0, 1])
    model.coefs_ = [np.array([[0.1, 0.2], [0.3, 0.1], [0.5, 0.0]]), np.array([[0.0, 0.1], [0.0, 0.2]])]
    model.intercepts_ = [np.array([0.1, 0.1]), np.array([0.0, 1.0])]
    model.partial_fit(X, [0])
    h = 1 / (1 + np.exp(-np.array([0.75, 0.3])))
    p = 1 / (1 + np.exp(-(h @ [0.1, 0.2] + 1)))
    delta = np.array([-p, p])
    back = np.array([0.1, 0.2]) * p * h * (1 - h)
    np.testing.assert_allclose(model.coefs_[1], [[0, 0.1], [0, 0.2]] - 0.1 * np.outer(h, delta), rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[1], [0, 1] - 0.1 * delta, rtol=1e-12)
    np.testing.assert_allclose(model.coefs_[0][:, 0], [0.1, 0.3, 0.5] - 0.1 * X[0] * back[0], rtol=1e-12)
    np.testing.assert_allclose(model.intercepts_[0], 0.1 - 0.1 * back, rtol=1e-12)


def test_cosine_falls_to_zero(scaled_iris):
    X, y = scaled_iris
    rates = []
    model = MLPClassifier(4, learning_rate="cosine", learning_rate_init=0.1, batch_size=150, max_iter=4, tol=0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # the end is planned
        model.set_params(callback=lambda epoch: rates.append(epoch.learning_rate)).fit(X, y)
    np.testing.assert_allclose(rates, [0.1, 0.1 * (2 + np.sqrt(2)) / 4, 0.05, 0.1 * (2 - np.sqrt(2)) / 4], rtol=1e-12)
    assert cosine(1.0) == 0


def test_early_stopping_keeps_the_weights_of_the_least_held_out_loss(digits):
    X, y = digits
    X, y = X[:300], y[:300]
    seen = []
    model = MLPClassifier(50, early_stopping=True, validation_fraction=0.4, learning_rate_init=0.05, random_state=0)
    model.set_params(n_iter_no_change=4, tol=0, callback=seen.append).fit(X, y)
    best = int(np.argmin(model.validation_curve_))
    assert model.status_ == "converged"
    assert model.n_iter_ == len(model.validation_curve_) == len(seen) == best + 1 + 4
    assert [epoch.validation_loss for epoch in seen] == model.validation_curve_
    assert model.best_loss_ == min(model.validation_curve_)
    shorter = MLPClassifier(50, early_stopping=True, validation_fraction=0.4, learning_rate_init=0.05, random_state=0)
    shorter.set_params(max_iter=best + 1).fit(X, y)
    for ours, theirs in zip(model.coefs_, shorter.coefs_, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_held_out_loss_is_the_weighted_log_loss_of_rows_of_every_class(scaled_iris, monkeypatch):
    X, y = scaled_iris
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    kept = {}

    def spy(data, fraction, rng):
        from multinoulli.classifiers.neural_network._training import hold_out

        kept["parts"] = hold_out(data, fraction, rng)
        return kept["parts"]

    monkeypatch.setattr("multinoulli.classifiers.neural_network._fit.hold_out", spy)
    model = MLPClassifier(5, early_stopping=True, validation_fraction=0.2, max_iter=1, label_smoothing=0.3)
    model.fit(X, y, weight)
    fitted, held_out = kept["parts"]
    assert np.bincount(y[held_out]).tolist() == [10, 10, 10]
    assert sorted([*fitted, *held_out]) == list(range(150))
    expected = log_loss(y[held_out], model.predict_proba(X[held_out]), sample_weight=weight[held_out])
    assert model.validation_curve_ == [pytest.approx(expected, rel=1e-5)]
    model.set_params(warm_start=True, random_state=0).fit(X, y)
    first = kept["parts"][1]
    model.fit(X, y)
    np.testing.assert_array_equal(kept["parts"][1], first)


def test_no_row_can_be_held_out(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="class 'c' has one row"):
        model.fit(X[:9], list("aaaabbbbc"))
    with pytest.raises(ValueError, match="fewer than the 3 classes"):
        model.set_params(validation_fraction=0.01).fit(X, y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_diverging_fit_keeps_the_best_finite_weights(scaled_iris, early_stopping):
    X, y = scaled_iris
    model = MLPClassifier((50, 50), "identity", solver="sgd", learning_rate_init=30, max_iter=50, random_state=0)
    model.set_params(early_stopping=early_stopping)
    with pytest.warns(ConvergenceWarning, match=r"stopped \(diverged\) .* lower learning_rate_init"):
        model.fit(1e3 * X, y)
    assert model.status_ == "diverged"
    assert np.isfinite(model.predict_proba(1e3 * X)).all()
    assert all(np.isfinite(coef).all() for coef in model.coefs_)
    calm = model.set_params(learning_rate_init=1e-9, early_stopping=False).partial_fit(1e3 * X, y)  # no NaN remembered
    assert np.isfinite(calm.loss_)


def test_values_too_large_are_refused(scaled_iris):
    X, y = scaled_iris
    with pytest.raises(ValueError, match="X is too large for a network of float32"):
        MLPClassifier(5).fit(X * 1e200, y)
    with pytest.raises(ValueError, match="X is too large: the loss is not finite at the first weights"):
        MLPClassifier((50, 50, 50), solver="lbfgs", random_state=0).fit(X * 5e307, y)
    wide = MLPClassifier(5, dtype="float64", max_iter=5).fit(X * 1e30, y)
    assert np.isfinite(wide.predict_proba(X * 1e30)).all()
    narrow = MLPClassifier(5, max_iter=5).fit(X, y)
    assert np.isfinite(narrow.predict_proba(X * 1e200)).all()  # in float64
    narrow.coefs_[0][:] = 10
    with pytest.raises(ValueError, match="too large at row 1"):
        narrow.predict([[0.0] * 4, [1.7e308] * 4])
    with pytest.raises(ValueError, match="infinity"):
        MLPClassifier(5, "tanh", max_iter=5).fit(X, y).predict(np.full((1, 4), np.inf))
