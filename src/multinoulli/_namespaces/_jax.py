# SPDX-License-Identifier: BSD-3-Clause
"""The formulas as JAX's transformations know them."""

from collections.abc import Callable
from typing import Any

import jax

from multinoulli._namespaces._formulas import Formula


def differentiable(formula: Formula, functions: Any) -> Callable[[Any], Any]:
    """Return the function of an array, with its derivatives by the formula's rules."""

    def forward(x: Any) -> Any:
        return formula.forward(functions.xp, x)

    function: Any = jax.custom_jvp(forward)

    def rule(primals: tuple[Any], tangents: tuple[Any]) -> tuple[Any, Any]:
        return function(*primals), formula.jvp(functions, *primals, *tangents)

    function.defjvp(rule)
    result: Callable[[Any], Any] = function
    return result
