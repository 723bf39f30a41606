# SPDX-License-Identifier: BSD-3-Clause
"""Which namespace an array belongs to, and its functions."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from multinoulli._namespaces._formulas import FORMULAS

Array = Any

_NUMPY_READS = (np.ndarray, np.generic, list, tuple, int, float)


class Foreign:
    """A namespace `xp` and the functions of `FORMULAS` over the last axis, differentiable in PyTorch and JAX."""

    softmax: Callable[[Array], Array]
    log_softmax: Callable[[Array], Array]
    logsumexp: Callable[[Array], Array]
    sigmoid: Callable[[Array], Array]
    softplus: Callable[[Array], Array]
    log_sigmoid: Callable[[Array], Array]
    logit: Callable[[Array], Array]
    log1mexp: Callable[[Array], Array]

    def __init__(self, xp: Any) -> None:
        from array_api_compat import is_jax_namespace, is_torch_namespace

        self.xp = xp
        for name, formula in FORMULAS.items():
            if is_torch_namespace(xp):
                from multinoulli._namespaces import _torch

                function = _torch.differentiable(formula, self)
            elif is_jax_namespace(xp):
                from multinoulli._namespaces import _jax

                function = _jax.differentiable(formula, self)
            else:
                function = partial(formula.forward, xp)
            setattr(self, name, function)


@cache
def _functions_of(xp: Any) -> Foreign:
    return Foreign(xp)


def foreign(*arrays: Any) -> Foreign | None:
    """Return the namespace of the arrays that are not NumPy's; None if there is none, and NumPy can read them all."""
    others = [array for array in arrays if not isinstance(array, _NUMPY_READS)]
    if not others:
        return None
    from array_api_compat import array_namespace, is_array_api_obj  # which NumPy's arrays need not wait for

    others = [array for array in others if is_array_api_obj(array)]
    return _functions_of(array_namespace(*others)) if others else None
