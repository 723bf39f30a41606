# SPDX-License-Identifier: BSD-3-Clause
"""The linear loss as PyTorch users write it: all scores, their loss, and backwards."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.peers import Call


def unfused(X: Tensor, coef: Tensor, intercept: Tensor, labels: Tensor) -> Tensor:
    """The mean loss."""
    return functional.cross_entropy(functional.linear(X, coef, intercept), labels)


def prepare(function: str, problem: Any, loss_of: Callable[..., Tensor] = unfused) -> Call:
    """Return loss and gradients of X, coef and intercept."""
    leaves = [torch.from_numpy(a).requires_grad_() for a in (problem.X, problem.coef, problem.intercept)]
    labels = torch.from_numpy(problem.labels)

    def call() -> tuple[Tensor, ...]:
        loss = loss_of(*leaves, labels)
        return loss.detach(), *torch.autograd.grad(loss, leaves)

    return call
