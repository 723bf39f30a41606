# SPDX-License-Identifier: BSD-3-Clause
"""Training by L-BFGS on all rows at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.optimize import OptimizeResult
from scipy.optimize import minimize as scipy_minimize

from multinoulli._validation.estimators import FitData
from multinoulli.classifiers.neural_network._epochs import Callback, Epoch
from multinoulli.classifiers.neural_network._network import Floats, Network
from multinoulli.classifiers.neural_network._shards import Shards
from multinoulli.classifiers.neural_network._training import Outcome, penalty

STATUS = {0: "converged", 1: "max_iter"}


def minimise(model: Any, network: Network, theta: Floats, data: FitData, n_threads: int, callback: Callback) -> Outcome:
    """The weighted mean of the losses and the penalty, from `theta`, of float64: its line search needs the digits."""
    rows, total = np.arange(len(data.labels)), float(data.weight.sum())
    l2, outcome = model.alpha / total, Outcome(theta)
    with Shards(network, data, len(rows), np.float64, n_threads, smoothing=float(model.label_smoothing)) as shards:

        def objective(theta: Floats) -> tuple[float, Floats]:
            loss, gradients = shards.gradient(theta, rows, total)
            gradient = gradients.sum(axis=0)
            gradient[: network.n_weights] += l2 * theta[: network.n_weights]
            value = loss / total + penalty(network, theta, l2)
            # The search takes a shorter step where it finds no number.
            return (value, gradient) if math.isfinite(value) else (np.finfo(float).max, np.zeros_like(gradient))

        def told(intermediate_result: OptimizeResult) -> None:
            outcome.losses.append(float(intermediate_result.fun))
            callback(Epoch(len(outcome.losses), model.max_iter, outcome.losses[-1], None, None))

        if objective(theta)[0] == np.finfo(float).max:
            raise ValueError("X is too large: the loss is not finite at the first weights; scale the columns of X")
        result = scipy_minimize(
            objective,
            theta,
            method="L-BFGS-B",
            jac=True,
            callback=told,
            # Stopped by the gradient alone, or where rounding allows no more.
            options={"maxiter": model.max_iter, "maxfun": model.max_fun, "gtol": model.tol, "ftol": 1e-15},
        )
    outcome.theta = result.x
    outcome.status = STATUS.get(result.status, "stalled")
    if outcome.status == "max_iter" and result.nit < model.max_iter:
        outcome.status = "max_fun"
    return outcome
