# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch's own linear loss in chunks, as it comes."""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from benchmarks.peers import Call
from benchmarks.peers.linear_torch import prepare as prepare_torch


def chunked(X: Tensor, coef: Tensor, intercept: Tensor, labels: Tensor) -> Tensor:
    """The mean loss."""
    return functional.linear_cross_entropy(
        X, coef, labels, linear_bias=intercept, options=torch.nn.LinearCrossEntropyOptions()
    )


def prepare(function: str, problem: Any) -> Call:
    """Return loss and gradients of X, coef and intercept."""
    return prepare_torch(function, problem, chunked)
