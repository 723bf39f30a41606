# SPDX-License-Identifier: BSD-3-Clause
"""How networks are trained: gradients, steps, stopping, and every option, against definitions written here."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits, load_iris
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
def iris():
    X, y = load_iris(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


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
def test_two_steps_by_the_formulas(iris, solver):
    X, y = iris
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


def test_cosine_falls_to_zero(iris):
    X, y = iris
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


def test_held_out_loss_is_the_weighted_log_loss_of_rows_of_every_class(iris, monkeypatch):
    X, y = iris
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
    assert np.bincount(held_out.labels).tolist() == [10, 10, 10]
    assert len(fitted.labels) == 120
    expected = log_loss(held_out.labels, model.predict_proba(held_out.X), sample_weight=held_out.weight)
    assert model.validation_curve_ == [pytest.approx(expected, rel=1e-5)]


def test_no_row_can_be_held_out(iris):
    X, y = iris
    model = MLPClassifier(early_stopping=True)
    with pytest.raises(ValueError, match="class 'c' has one row"):
        model.fit(X[:9], list("aaaabbbbc"))
    with pytest.raises(ValueError, match="fewer than the 3 classes"):
        model.set_params(validation_fraction=0.01).fit(X, y)
    assert not hasattr(model, "coefs_")


@pytest.mark.parametrize("early_stopping", [False, True])
def test_a_diverging_fit_keeps_the_best_finite_weights(iris, early_stopping):
    X, y = iris
    model = MLPClassifier((50, 50), "identity", solver="sgd", learning_rate_init=30, max_iter=50, random_state=0)
    model.set_params(early_stopping=early_stopping)
    with pytest.warns(ConvergenceWarning, match=r"stopped \(diverged\) .* lower learning_rate_init"):
        model.fit(1e3 * X, y)
    assert model.status_ == "diverged"
    assert np.isfinite(model.predict_proba(1e3 * X)).all()
    assert all(np.isfinite(coef).all() for coef in model.coefs_)


def test_values_too_large_are_refused(iris):
    X, y = iris
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


# Each option beside a model without it, which it must differ from after the same seed; how it differs is tested above.
CHANGES = [
    {"hidden_layer_sizes": (8, 8)},
    {"activation": "tanh"},
    {"solver": "sgd"},
    {"alpha": 1.0},
    {"weight_decay": 0.1},
    {"batch_size": 10},
    {"learning_rate": "cosine"},
    {"learning_rate_init": 0.01},
    {"beta_1": 0.5},
    {"beta_2": 0.9},
    {"epsilon": 0.1},
    {"shuffle": False},
    {"dropout": 0.5},
    {"label_smoothing": 0.2},
    {"class_weight": {0: 2.0, 1: 1.0, 2: 1.0}},
    {"class_weight": "balanced"},
    {"random_state": 1},
]


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_every_option_matters(iris, change):
    X, y = iris[0][:120], iris[1][:120]  # classes of different size
    options = {"hidden_layer_sizes": 8, "max_iter": 3, "batch_size": 40, "random_state": 0}
    plain = MLPClassifier(**options).fit(X, y)
    changed = MLPClassifier(**{**options, **change}).fit(X, y)
    assert np.abs(plain.predict_proba(X) - changed.predict_proba(X)).max() > 1e-5


@pytest.mark.parametrize("change", [{"momentum": 0.5}, {"nesterovs_momentum": False}], ids=str)
def test_every_option_of_sgd_matters(iris, change):
    plain, changed = (
        MLPClassifier(8, solver="sgd", max_iter=3, random_state=0, **some).fit(*iris) for some in ({}, change)
    )
    assert np.abs(plain.coefs_[0] - changed.coefs_[0]).max() > 1e-5


def test_class_weights_are_sample_weights(iris):
    X, y = iris
    by_class = MLPClassifier(8, max_iter=3, random_state=0, class_weight={0: 3.0, 1: 1.0, 2: 0.5}).fit(X, y)
    by_row = MLPClassifier(8, max_iter=3, random_state=0).fit(X, y, np.array([3.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])


def test_label_smoothing_is_that_of_the_loss(iris):
    X, y = iris
    model = MLPClassifier((), solver="lbfgs", alpha=0.0, label_smoothing=0.2, max_iter=3000, tol=1e-8).fit(X, y)
    loss = cross_entropy(model.scores(X), y, label_smoothing=0.2, reduction="mean")
    assert model.loss_ == pytest.approx(loss, rel=1e-12)
    targets = 0.8 * np.eye(3)[y] + 0.2 / 3
    np.testing.assert_allclose(X.T @ (model.predict_proba(X) - targets), 0, atol=1e-5)  # the conditions of the optimum


def test_dtype_is_that_of_the_weights_whatever_the_data_are(iris):
    X, y = iris
    for dtype in "float32", "float64":
        of_64 = MLPClassifier(8, max_iter=3, dtype=dtype, random_state=0).fit(X, y)
        of_32 = MLPClassifier(8, max_iter=3, dtype=dtype, random_state=0).fit(X.astype(np.float32), y)
        assert {part.dtype for part in of_64.coefs_ + of_32.intercepts_} == {np.dtype(dtype)}
        np.testing.assert_allclose(of_64.predict_proba(X), of_32.predict_proba(X.astype(np.float32)), atol=1e-4)
        assert of_64.predict_proba(X).dtype == np.float64
    assert MLPClassifier(8, solver="lbfgs", max_iter=3).fit(X, y).coefs_[0].dtype == np.float64


def test_sparse_data_are_dense_data(digits):
    X, y = digits
    for solver in "adam", "lbfgs":
        model = MLPClassifier(8, solver=solver, max_iter=3, dtype="float64", random_state=0)
        dense, csr = model.fit(X, y).predict_proba(X), sparse.csr_array(X)
        np.testing.assert_allclose(model.fit(csr, y).predict_proba(csr), dense, rtol=1e-9)
        np.testing.assert_allclose(model.fit(sparse.coo_array(X), y).predict_proba(X), dense, rtol=1e-9)


def test_a_fit_stops_when_the_loss_falls_no_more(iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=500, tol=0.5, n_iter_no_change=3, random_state=0).fit(X, y)
    assert (model.status_, model.n_iter_) == ("converged", 4)  # the first epoch is the best there was
    assert model.set_params(tol=1e-3).fit(X, y).n_iter_ > 4
    patient = MLPClassifier(8, max_iter=30, tol=10.0, n_iter_no_change=np.inf, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 30 epochs"):
        patient.fit(X, y)
    assert patient.loss_ == patient.loss_curve_[-1]
    assert patient.t_ == 30 * 150


def test_loss_is_the_mean_of_what_was_met_and_the_penalty(iris):
    X, y = iris
    model = MLPClassifier(8, max_iter=2, alpha=3.0, batch_size=150, dtype="float64", random_state=0).fit(X, y)
    one = MLPClassifier(8, max_iter=1, alpha=3.0, batch_size=150, dtype="float64", random_state=0).fit(X, y)
    met = cross_entropy(one.scores(X), y, reduction="mean")
    penalty = 3.0 / 2 / 150 * sum(np.sum(coef**2) for coef in model.coefs_)
    assert model.loss_ == pytest.approx(met + penalty, rel=1e-12)


def test_lbfgs_obeys_its_limits(iris):
    X, y = iris
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_fun\) .* raise max_fun"):
        model = MLPClassifier(8, solver="lbfgs", max_fun=5, random_state=0).fit(X, y)
    assert model.n_iter_ <= 5
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 7 iterations"):
        MLPClassifier(8, solver="lbfgs", max_iter=7, random_state=0).fit(X, y)


def test_warm_start_goes_on(iris):
    X, y = iris
    options = {"hidden_layer_sizes": 8, "batch_size": 50, "random_state": 0, "n_iter_no_change": np.inf}
    whole = MLPClassifier(max_iter=6, **options).fit(X, y)
    halves = MLPClassifier(max_iter=3, warm_start=True, **options).fit(X, y).fit(X, y)
    np.testing.assert_array_equal(halves.coefs_[0], whole.coefs_[0])
    assert halves.loss_curve_ == whole.loss_curve_[3:]
    cold = MLPClassifier(max_iter=3, **options).fit(X, y)
    again = cold.coefs_[0].copy()
    np.testing.assert_array_equal(cold.fit(X, y).coefs_[0], again)
    with pytest.raises(ValueError, match="warm_start needs the classes"):
        halves.fit(X, np.where(y == 2, 5, y))
    with pytest.raises(ValueError, match="hidden layers"):
        halves.set_params(hidden_layer_sizes=9).fit(X, y)
    solved = MLPClassifier(8, solver="lbfgs", warm_start=True, random_state=0, max_iter=2000, alpha=1).fit(X, y)
    assert solved.fit(X, y).n_iter_ <= 2


def test_what_a_callback_raises_leaves_the_estimator_as_it_was(iris):
    X, y = iris

    def stop(epoch):
        if epoch.n_iter == 2:
            raise KeyboardInterrupt

    for solver in "adam", "lbfgs":
        model = MLPClassifier(8, solver=solver, max_iter=3, random_state=0, warm_start=True).fit(X, y)
        before = [coef.copy() for coef in model.coefs_]
        after = MLPClassifier(8, solver=solver, max_iter=3, random_state=0, warm_start=True).fit(X, y).fit(X, y)
        with pytest.raises(KeyboardInterrupt):
            model.set_params(callback=stop).fit(X, y)
        for ours, theirs in zip(model.coefs_, before, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        np.testing.assert_array_equal(model.set_params(callback=None).fit(X, y).coefs_[0], after.coefs_[0])


def test_what_is_shown(iris, capsys):
    X, y = iris
    MLPClassifier(8, max_iter=2, verbose=1).fit(X, y)
    out, err = capsys.readouterr()
    assert "MLPClassifier [###############...............] epoch 1 of at most 2: loss 1." in err
    assert (out, err[-1]) == ("", "\n")
    MLPClassifier(8, max_iter=2, verbose=2, early_stopping=True).fit(X, y)
    out, err = capsys.readouterr()
    assert [line.split(":")[0] for line in out.splitlines()] == [
        f"[MLPClassifier] epoch {i} of at most 2" for i in (1, 2)
    ]
    assert "held out" in out
    assert err == ""


def test_streams_are_refused_what_they_cannot_have(iris):
    X, y = iris
    model = MLPClassifier(8)
    with pytest.raises(ValueError, match="classes must be given at the first call"):
        model.partial_fit(X, y)
    with pytest.raises(ValueError, match="early_stopping=True"):
        MLPClassifier(early_stopping=True).partial_fit(X, y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="cosine"):
        MLPClassifier(learning_rate="cosine").partial_fit(X, y, classes=[0, 1, 2])
    model.partial_fit(X[:5], y[:5], classes=[0, 1, 2])
    before = model.coefs_[0].copy()
    model.partial_fit(X[:5], y[:5], sample_weight=np.zeros(5))  # nothing weighs: nothing moves
    np.testing.assert_array_equal(model.coefs_[0], before)
    with pytest.raises(ValueError, match="classes must be what they were"):
        model.partial_fit(X, y, classes=[0, 1])
    assert not hasattr(MLPClassifier(solver="lbfgs"), "partial_fit")


BAD = [
    ({"hidden_layer_sizes": (8, 0)}, "hidden_layer_sizes must be a positive integer, got 0"),
    ({"activation": "swish"}, "activation must be one of"),
    ({"solver": "newton"}, "solver must be one of"),
    ({"learning_rate": "adaptive"}, "learning_rate must be one of"),
    ({"learning_rate_init": 0.0}, "learning_rate_init must be a positive finite number"),
    ({"alpha": -1.0}, "alpha must be a non-negative"),
    ({"weight_decay": -1.0}, "weight_decay must be"),
    ({"batch_size": 0}, "batch_size must be a positive integer"),
    ({"batch_size": "all"}, "batch_size must be 'auto'"),
    ({"momentum": 1.5}, "momentum must be at least 0 and at most 1"),
    ({"beta_1": 1.0}, "beta_1 must be at least 0 and below 1"),
    ({"beta_2": -0.1}, "beta_2 must be"),
    ({"epsilon": 0.0}, "epsilon must be"),
    ({"max_iter": 0}, "max_iter must be"),
    ({"max_fun": 0}, "max_fun must be"),
    ({"tol": -1.0}, "tol must be"),
    ({"n_iter_no_change": 0}, "n_iter_no_change must be"),
    ({"validation_fraction": 1.0}, "validation_fraction must be below 1"),
    ({"dropout": 1.0}, "dropout must be at least 0 and below 1"),
    ({"label_smoothing": 1.1}, "label_smoothing must be"),
    ({"dtype": "int8"}, "dtype must be 'float32' or 'float64'"),
    ({"dtype": "no type"}, "dtype must be 'float32' or 'float64'"),
    ({"solver": "lbfgs", "dropout": 0.1}, "dropout=0.1 is not for solver='lbfgs'"),
    ({"solver": "lbfgs", "early_stopping": True}, "early_stopping=True is not for"),
    ({"solver": "lbfgs", "weight_decay": 0.1}, "weight_decay=0.1 is not for"),
    ({"solver": "lbfgs", "learning_rate": "cosine"}, "learning_rate='cosine' is not for"),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[str(options) for options, _ in BAD])
def test_parameters_out_of_range(iris, options, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**options).fit(*iris)


def test_hard_data_give_finite_probabilities(iris):
    X, y = iris
    constant = np.ones((30, 2))
    proba = MLPClassifier(8, solver="lbfgs").fit(constant, np.arange(30) % 2).predict_proba(constant)
    np.testing.assert_allclose(proba, 0.5, atol=1e-3)
    alone = np.where(np.arange(150) == 0, 9, y)  # a class with one row
    assert np.isfinite(MLPClassifier(8, max_iter=20).fit(X, alone).predict_proba(X)).all()
    with pytest.raises(ValueError, match="one class"):
        MLPClassifier(8).fit(X[:5], y[:5])
    with pytest.raises(ValueError, match="sample_weight is zero for every sample"):
        MLPClassifier(8).fit(X, y, np.zeros(150))
    with pytest.raises(ValueError, match="NaN at row 3, column 1"):
        MLPClassifier(8).fit(np.where((np.arange(150) == 3)[:, None] & (np.arange(4) == 1), np.nan, X), y)


def test_log_probabilities_are_exact_where_probabilities_vanish(iris):
    X, y = iris
    model = MLPClassifier((), max_iter=20).fit(X, y)
    far = 1e6 * X
    log_proba, scores = model.predict_log_proba(far), model.scores(far)
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(log_proba).all()
    np.testing.assert_allclose(log_proba.min(axis=1), (scores.min(axis=1) - scores.max(axis=1)), rtol=1e-12)
