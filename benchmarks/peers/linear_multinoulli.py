# SPDX-License-Identifier: BSD-3-Clause
"""The linear loss of this library."""

from typing import Any

import multinoulli
from benchmarks.peers import Call


def prepare(function: str, problem: Any) -> Call:
    """Return loss and gradients of X, coef and intercept."""

    def call() -> tuple[Any, ...]:
        loss, gradient = multinoulli.linear_cross_entropy_gradient(
            problem.X, problem.coef, problem.intercept, problem.labels, reduction="mean"
        )
        return loss, gradient.X, gradient.coef, gradient.intercept

    return call
