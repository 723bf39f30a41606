# SPDX-License-Identifier: BSD-3-Clause
"""PyTorch's losses with options, derivatives by autograd, and ragged rows by its segments."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as f

from benchmarks.peers import Call
from benchmarks.problems import Problem, options_of


def _gradient(loss_of: Callable[..., Tensor], z: Tensor, *arguments: Any, **options: Any) -> tuple[Tensor, Tensor]:
    leaf = z.detach().requires_grad_()
    loss = loss_of(leaf, *arguments, **options)
    return loss.detach(), torch.autograd.grad(loss, leaf)[0]


def _vjp(function: Callable[..., Tensor], z: Tensor, v: Tensor) -> Tensor:
    leaf = z.detach().requires_grad_()
    return torch.autograd.grad(function(leaf, -1), leaf, v)[0]


def _segments(z: Tensor, lengths: Tensor) -> Tensor:
    top = torch.segment_reduce(z, "max", lengths=lengths).repeat_interleave(lengths)
    e = torch.exp(z - top)
    return e / torch.segment_reduce(e, "sum", lengths=lengths).repeat_interleave(lengths)


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the call."""
    o = options_of(problem)
    z, y = torch.from_numpy(problem.scores), torch.from_numpy(problem.labels)
    weights, binary = torch.from_numpy(o.class_weight), torch.from_numpy(o.binary).float()
    targets, ignored, v = (torch.from_numpy(a) for a in (o.targets, o.some_ignored, o.cotangent))
    lengths = torch.from_numpy(o.indptr[1:] - o.indptr[:-1])
    calls = {
        "losses, class weights": partial(f.cross_entropy, z, y, weight=weights, reduction="none"),
        "gradient, class weights, mean": partial(_gradient, f.cross_entropy, z, y, weight=weights),
        "gradient, smoothing, mean": partial(_gradient, f.cross_entropy, z, y, label_smoothing=0.1),
        "gradient, ignored tenth, mean": partial(_gradient, f.cross_entropy, z, ignored),
        "gradient, targets, mean": partial(_gradient, f.cross_entropy, z, targets),
        "gradient, binary, mean": partial(_gradient, f.binary_cross_entropy_with_logits, z, binary),
        "vjp of softmax": partial(_vjp, torch.softmax, z, v),
        "vjp of log_softmax": partial(_vjp, torch.log_softmax, z, v),
        "softmax of segments": partial(_segments, z.reshape(-1), lengths),
    }
    return calls[function]
