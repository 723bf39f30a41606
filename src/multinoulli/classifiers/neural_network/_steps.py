# SPDX-License-Identifier: BSD-3-Clause
"""Adam's steps and those of stochastic gradient descent, in place."""

from __future__ import annotations

from typing import Any

import numpy as np

from multinoulli import _core
from multinoulli.classifiers.neural_network._network import Floats


class Steps:
    """What steps remember of those before: the averages of the gradient and, for Adam, of its square.

    The parameters of the steps are read from the estimator, so that they may change between two fits.
    """

    def __init__(self, model: Any, n_weights: int, theta: Floats) -> None:
        self.solver, self.n_steps, self._n_weights = model.solver, 0, n_weights
        self._first = np.zeros_like(theta)
        self._second = np.zeros_like(theta) if model.solver == "adam" else None

    def fits(self, model: Any, theta: Floats) -> bool:
        """Whether these may go on with these parameters."""
        alike = self._first.shape == theta.shape and self._first.dtype == theta.dtype
        return bool(alike and self.solver == model.solver)

    def step(self, model: Any, theta: Floats, gradients: Floats, l2: float, rate: float, n_threads: int) -> None:
        """One step down the sum of the gradients and of ``l2 / 2`` times the squared weights, after the decay."""
        self.n_steps += 1
        common = self._n_weights, l2, 1 - rate * model.weight_decay
        if self._second is None:
            momentum, nesterov = model.momentum, bool(model.nesterovs_momentum)
            _core.momentum_step(theta, gradients, self._first, *common, rate, momentum, nesterov, n_threads)
        else:
            beta_1, beta_2, t = model.beta_1, model.beta_2, self.n_steps
            scale, rate = (1 - beta_2**t) ** -0.5, rate / (1 - beta_1**t)
            moments = self._first, self._second
            _core.adam_step(theta, gradients, *moments, *common, rate, beta_1, beta_2, scale, model.epsilon, n_threads)
