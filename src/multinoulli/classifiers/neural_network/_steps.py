# SPDX-License-Identifier: BSD-3-Clause
"""Adam's steps and those of stochastic gradient descent, in place."""

from __future__ import annotations

from typing import Any

import numpy as np

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
        return bool(
            self.solver == model.solver and self._first.shape == theta.shape and self._first.dtype == theta.dtype
        )

    def step(self, model: Any, theta: Floats, gradients: Floats, l2: float, rate: float) -> None:
        """One step down the sum of the gradients and of ``l2 / 2`` times the squared weights; then the decay."""
        gradient = gradients[0]
        for other in gradients[1:]:
            gradient += other
        weights = theta[: self._n_weights]
        if l2:
            gradient[: self._n_weights] += theta.dtype.type(l2) * weights
        self.n_steps += 1
        if model.weight_decay:
            weights *= 1 - rate * model.weight_decay
        if self._second is None:
            self._first *= model.momentum
            self._first -= rate * gradient
            theta += self._first
            if model.nesterovs_momentum and model.momentum:
                theta += model.momentum * self._first
                theta -= rate * gradient
                theta -= self._first
        else:
            self._first += (1 - model.beta_1) * (gradient - self._first)
            self._second += (1 - model.beta_2) * (gradient * gradient - self._second)
            scale = np.sqrt(self._second)
            scale *= 1 / np.sqrt(1 - model.beta_2**self.n_steps)
            scale += model.epsilon
            theta -= rate / (1 - model.beta_1**self.n_steps) * self._first / scale
