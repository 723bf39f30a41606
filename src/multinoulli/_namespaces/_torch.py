# SPDX-License-Identifier: BSD-3-Clause
"""The formulas as PyTorch's autograd knows them: forwards, backwards, twice and under torch.func."""

from collections.abc import Callable
from typing import Any

import torch

from multinoulli._namespaces._formulas import Formula


def differentiable(formula: Formula, functions: Any) -> Callable[[Any], Any]:
    """Return the function of a tensor, with its derivatives by the formula's rules."""
    base: Any = torch.autograd.Function

    class Function(base):  # type: ignore[misc]  # PyTorch need not be there to be checked against
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return formula.forward(functions.xp, x)

        @staticmethod
        def setup_context(ctx: Any, inputs: tuple[Any], output: Any) -> None:
            ctx.save_for_backward(*inputs)
            ctx.save_for_forward(*inputs)

        @staticmethod
        def backward(ctx: Any, *cotangents: Any) -> Any:
            return formula.vjp(functions, ctx.saved_tensors[0], cotangents[0])

        @staticmethod
        def jvp(ctx: Any, *tangents: Any) -> Any:
            return formula.jvp(functions, ctx.saved_tensors[0], tangents[0])

    apply: Callable[[Any], Any] = Function.apply
    return apply
