# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn's loss, the one its own softmax regression minimises: a private module, for two-dimensional scores."""

import os
from functools import partial

from sklearn._loss.loss import HalfMultinomialLoss

from benchmarks.peers import Call
from benchmarks.problems import GRADIENT, Problem


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the loss with its gradient; nothing else of it is comparable."""
    if function != GRADIENT or problem.labels is None or problem.scores.ndim != 2 or problem.axis != -1:
        return None
    loss_out, gradient_out = problem.outputs(function) if problem.reuse else (None, None)
    return partial(
        HalfMultinomialLoss(n_classes=problem.scores.shape[1]).loss_gradient,
        y_true=problem.labels.astype(problem.scores.dtype),
        raw_prediction=problem.scores,
        loss_out=loss_out,
        gradient_out=gradient_out,
        n_threads=len(os.sched_getaffinity(0)),
    )
