# SPDX-License-Identifier: BSD-3-Clause
"""Every option of MLPClassifier, what it refuses, and what it shows."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from multinoulli import MLPClassifier, cross_entropy

pytestmark = pytest.mark.filterwarnings("ignore:MLPClassifier stopped .max_iter:")


@pytest.fixture(scope="module")
def digits():
    X, y = load_digits(return_X_y=True)
    return X / 16, y


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
def test_every_option_matters(scaled_iris, change):
    X, y = scaled_iris[0][:120], scaled_iris[1][:120]  # classes of different size
    options = {"hidden_layer_sizes": 8, "max_iter": 3, "batch_size": 40, "random_state": 0}
    plain = MLPClassifier(**options).fit(X, y)
    changed = MLPClassifier(**{**options, **change}).fit(X, y)
    assert np.abs(plain.predict_proba(X) - changed.predict_proba(X)).max() > 1e-5


@pytest.mark.parametrize("change", [{"momentum": 0.5}, {"nesterovs_momentum": False}], ids=str)
def test_every_option_of_sgd_matters(scaled_iris, change):
    plain, changed = (
        MLPClassifier(8, solver="sgd", max_iter=3, random_state=0, **some).fit(*scaled_iris) for some in ({}, change)
    )
    assert np.abs(plain.coefs_[0] - changed.coefs_[0]).max() > 1e-5


def test_class_weights_are_sample_weights(scaled_iris):
    X, y = scaled_iris
    by_class = MLPClassifier(8, max_iter=3, random_state=0, class_weight={0: 3.0, 1: 1.0, 2: 0.5}).fit(X, y)
    by_row = MLPClassifier(8, max_iter=3, random_state=0).fit(X, y, np.array([3.0, 1.0, 0.5])[y])
    np.testing.assert_array_equal(by_class.coefs_[0], by_row.coefs_[0])


def test_label_smoothing_is_that_of_the_loss(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier((), solver="lbfgs", alpha=0.0, label_smoothing=0.2, max_iter=3000, tol=1e-8).fit(X, y)
    loss = cross_entropy(model.scores(X), y, label_smoothing=0.2, reduction="mean")
    assert model.loss_ == pytest.approx(loss, rel=1e-12)
    targets = 0.8 * np.eye(3)[y] + 0.2 / 3
    np.testing.assert_allclose(X.T @ (model.predict_proba(X) - targets), 0, atol=1e-5)  # the conditions of the optimum


def test_dtype_is_that_of_the_weights_whatever_the_data_are(scaled_iris):
    X, y = scaled_iris
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


def test_a_fit_stops_when_the_loss_falls_no_more(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier(8, max_iter=500, tol=0.5, n_iter_no_change=3, random_state=0).fit(X, y)
    assert (model.status_, model.n_iter_) == ("converged", 4)  # the first epoch is the best there was
    assert model.set_params(tol=1e-3).fit(X, y).n_iter_ > 4
    patient = MLPClassifier(8, max_iter=30, tol=10.0, n_iter_no_change=np.inf, random_state=0)
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 30 epochs"):
        patient.fit(X, y)
    assert patient.loss_ == patient.loss_curve_[-1]
    assert patient.t_ == 30 * 150


def test_loss_is_the_mean_of_what_was_met_and_the_penalty(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier(8, max_iter=2, alpha=3.0, batch_size=150, dtype="float64", random_state=0).fit(X, y)
    one = MLPClassifier(8, max_iter=1, alpha=3.0, batch_size=150, dtype="float64", random_state=0).fit(X, y)
    met = cross_entropy(one.scores(X), y, reduction="mean")
    penalty = 3.0 / 2 / 150 * sum(np.sum(coef**2) for coef in model.coefs_)
    assert model.loss_ == pytest.approx(met + penalty, rel=1e-12)


def test_lbfgs_obeys_its_limits(scaled_iris):
    X, y = scaled_iris
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_fun\) .* raise max_fun"):
        model = MLPClassifier(8, solver="lbfgs", max_fun=5, random_state=0).fit(X, y)
    assert model.n_iter_ <= 5
    with pytest.warns(ConvergenceWarning, match=r"stopped \(max_iter\) after 7 iterations"):
        MLPClassifier(8, solver="lbfgs", max_iter=7, random_state=0).fit(X, y)


def test_warm_start_goes_on(scaled_iris):
    X, y = scaled_iris
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


def test_what_a_callback_raises_leaves_the_estimator_as_it_was(scaled_iris):
    X, y = scaled_iris

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


def test_what_is_shown(scaled_iris, capsys):
    X, y = scaled_iris
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


def test_streams_are_refused_what_they_cannot_have(scaled_iris):
    X, y = scaled_iris
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
    ({"hidden_layer_sizes": None}, "hidden_layer_sizes must be integers"),
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
def test_parameters_out_of_range(scaled_iris, options, message):
    with pytest.raises(ValueError, match=message):
        MLPClassifier(**options).fit(*scaled_iris)


def test_hard_data_give_finite_probabilities(scaled_iris):
    X, y = scaled_iris
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


def test_log_probabilities_are_exact_where_probabilities_vanish(scaled_iris):
    X, y = scaled_iris
    model = MLPClassifier((), max_iter=20).fit(X, y)
    far = 1e6 * X
    log_proba, scores = model.predict_log_proba(far), model.scores(far)
    assert (model.predict_proba(far) == 0).any()
    assert np.isfinite(log_proba).all()
    np.testing.assert_allclose(log_proba.min(axis=1), (scores.min(axis=1) - scores.max(axis=1)), rtol=1e-12)
