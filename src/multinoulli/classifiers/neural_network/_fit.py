# SPDX-License-Identifier: BSD-3-Clause
"""From checked data to a trained network: where to begin, how to train, and what the estimator keeps of it."""

from __future__ import annotations

import copy
import warnings
from numbers import Integral
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from multinoulli._threads import single_threaded_blas
from multinoulli._validation.estimators import FitData, number_of_threads
from multinoulli.classifiers.neural_network._epochs import show_epochs
from multinoulli.classifiers.neural_network._lbfgs import minimise
from multinoulli.classifiers.neural_network._network import Floats, Network
from multinoulli.classifiers.neural_network._parameters import hidden_sizes
from multinoulli.classifiers.neural_network._steps import Steps
from multinoulli.classifiers.neural_network._training import Outcome, hold_out, train

WARNINGS = {
    "max_iter": "it had not converged to tol: raise max_iter or tol",
    "max_fun": "the gradient is still above tol: raise max_fun or tol",
    "stalled": "the line search found no lower loss, and the gradient is still above tol: raise tol, or scale X",
    "diverged": "the loss became infinite or NaN, so the best finite weights before it are kept: lower "
    "learning_rate_init, or scale the columns of X",
}


class Memory(NamedTuple):
    """What the next steps of a stream or of a warm start go on from, besides the weights."""

    steps: Steps | None
    rng: np.random.Generator


def fit_network(model: Any, data: FitData, present: NDArray[np.intp], *, onwards: bool, stream: bool) -> None:
    """Train the classes that are present, from the last weights if `onwards`, and keep on the model what came of it.

    A stream is trained for one epoch, and what it was before counts too. An exception leaves the weights as they were.
    """
    data = data._replace(labels=np.searchsorted(present, data.labels))
    sizes = (data.X.shape[1], *hidden_sizes(model.hidden_layer_sizes), len(present))
    network = Network(sizes, model.activation)
    if onwards:
        theta = _last_parameters(model, network, data.classes, present)
        steps, rng = copy.deepcopy(model._memory)
    else:
        steps, rng = None, _generator(model.random_state)
        theta = network.initial(rng, np.float64 if model.solver == "lbfgs" else model.dtype)
    if model.solver != "lbfgs" and (steps is None or not steps.fits(model, theta)):
        steps = Steps(model, network.n_weights, theta)
    if sparse.issparse(data.X):
        data = data._replace(X=data.X.astype(theta.dtype, copy=False))
    fitted, held_out = np.arange(len(data.labels)), np.arange(0)
    if model.early_stopping:  # of the seed alone: a warm start is judged by the rows that it was not fitted on before
        fitted, held_out = hold_out(data, model.validation_fraction, _generator(model.random_state))
    n_threads = number_of_threads(model.n_jobs)
    with single_threaded_blas(), np.errstate(all="ignore"), show_epochs(model.verbose, model.callback) as tell:
        if not len(data.labels):  # a batch of a stream in which nothing weighs
            outcome = Outcome(theta)
        elif steps is None or model.solver == "lbfgs":
            outcome = minimise(model, network, theta, data, n_threads, tell)
        else:
            n_epochs = 1 if stream else model.max_iter
            outcome = train(model, network, theta, steps, rng, data, fitted, held_out, n_epochs, n_threads, tell)
    _keep(model, network, outcome, data, present, len(fitted), onwards=onwards and stream)
    model._memory = Memory(None if outcome.status == "diverged" else steps, rng)
    _warn(model, outcome, stream=stream)


def _generator(random_state: int | np.random.RandomState | None) -> np.random.Generator:
    if not isinstance(random_state, Integral):
        random_state = check_random_state(random_state).randint(2**31 - 1)
    return np.random.default_rng(random_state)


def _last_parameters(model: Any, network: Network, classes: NDArray[Any], present: NDArray[np.intp]) -> Floats:
    """Those of the classes that are present; of one that was absent, as if it were as rare as the rarest."""
    sizes = (model.coefs_[0].shape[0], *(len(intercepts) for intercepts in model.intercepts_[:-1]))
    if sizes != network.sizes[:-1]:
        raise ValueError(
            f"the last weights are of a network with {sizes[0]} features and hidden layers {sizes[1:]}, these data and "
            f"parameters want {network.sizes[0]} and {network.sizes[1:-1]}: begin anew with warm_start=False"
        )
    if not np.array_equal(model.classes_, classes):
        raise ValueError(
            f"warm_start needs the classes of the last fit, {model.classes_.tolist()}, got {classes.tolist()}: begin "
            "anew with warm_start=False, or name all classes by the parameter classes"
        )
    last = model.intercepts_[-1]
    last = np.where(np.isfinite(last), last, last[np.isfinite(last)].min())[present]
    coefs = [*model.coefs_[:-1], model.coefs_[-1][:, present]]
    dtype = np.float64 if model.solver == "lbfgs" else model.dtype
    return network.pack(coefs, [*model.intercepts_[:-1], last], dtype)


def _keep(
    model: Any,
    network: Network,
    outcome: Outcome,
    data: FitData,
    present: NDArray[np.intp],
    n_fitted: int,
    *,
    onwards: bool,
) -> None:
    layers = network.layers(outcome.theta)
    if len(present) < len(data.classes):
        coef, intercept = layers[-1]
        coef_of_all = np.zeros((len(coef), len(data.classes)), coef.dtype)
        intercept_of_all = np.full(len(data.classes), -np.inf, coef.dtype)
        coef_of_all[:, present], intercept_of_all[present] = coef, intercept
        layers[-1] = coef_of_all, intercept_of_all
    model.classes_, model.status_ = data.classes, outcome.status
    model.coefs_, model.intercepts_ = [coef for coef, _ in layers], [intercept for _, intercept in layers]
    n_epochs = len(outcome.losses)
    model.loss_curve_ = [*(model.loss_curve_ if onwards else []), *outcome.losses]
    model.validation_curve_ = outcome.held_out_losses if model.early_stopping else None
    model.loss_ = model.loss_curve_[-1] if model.loss_curve_ else np.nan
    model.best_loss_ = min(model.validation_curve_ or model.loss_curve_, default=np.nan)
    model.n_iter_ = (model.n_iter_ if onwards else 0) + n_epochs
    model.t_ = (model.t_ if onwards else 0) + n_epochs * n_fitted


def _warn(model: Any, outcome: Outcome, *, stream: bool) -> None:
    expected = outcome.status == "max_iter" and (stream or model.learning_rate == "cosine")
    if outcome.status != "converged" and not expected:
        done = f"{len(outcome.losses)} {'iterations' if model.solver == 'lbfgs' else 'epochs'}"
        warnings.warn(
            f"MLPClassifier stopped ({outcome.status}) after {done}: {WARNINGS[outcome.status]}",
            ConvergenceWarning,
            stacklevel=4,
        )
