# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch on tensors that share NumPy's memory, which lies on large pages; with `out` where the function has it."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.peers import Call
from benchmarks.problems import GRADIENT, LABELLED, Problem

ROWS: dict[str, Callable[..., Any]] = {
    "softmax": torch.softmax,
    "log_softmax": torch.log_softmax,
    "logsumexp": torch.logsumexp,
}
ELEMENTS: dict[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "log_sigmoid": functional.logsigmoid,
    "softplus": functional.softplus,
    "logit": torch.logit,
}
WITHOUT_OUT = ("log_sigmoid", "softplus")


def gradient(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The loss of each sample and, through autograd, its gradient."""
    leaf = scores.detach().requires_grad_()
    loss = functional.cross_entropy(leaf, labels, reduction="none")
    (slope,) = torch.autograd.grad(loss, leaf, torch.ones_like(loss))
    return loss.detach(), slope


def prepare(function: str, problem: Problem) -> Call | None:
    """Return PyTorch's function."""
    scores = torch.from_numpy(problem.scores)
    if function in LABELLED:
        return _prepare_loss(function, scores, problem)
    options: dict[str, Any] = {}
    if problem.reuse and function not in WITHOUT_OUT:
        options["out"] = torch.from_numpy(problem.outputs(function)[0])
    if function in ROWS:
        return partial(ROWS[function], scores, problem.axis, **options)
    return partial(ELEMENTS[function], scores, **options) if function in ELEMENTS else None


def _prepare_loss(function: str, scores: Tensor, problem: Problem) -> Call | None:
    labels = torch.from_numpy(problem.labels)
    class_axis = problem.axis % scores.ndim
    if class_axis == 0:  # PyTorch wants the classes second, which a view can do
        scores, labels = scores[None], labels[None]
    elif class_axis != 1:
        return None
    if function == GRADIENT:
        return partial(gradient, scores, labels)
    return partial(functional.cross_entropy, scores, labels, reduction="none")
