# SPDX-License-Identifier: BSD-3-Clause
"""Two results, a loss and its gradient, and where the caller wants them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli._validation.scores import check_out
from multinoulli.functions._rows import deliver

Pair = tuple[NDArray[Any] | None, NDArray[Any] | None]


def check_pair(out: object) -> None:
    """Raise unless `out` is a pair or None."""
    if out is not None and (not isinstance(out, tuple) or len(out) != 2):
        raise TypeError("out must be a pair of arrays (loss, gradient), either of which may be None")


def check_fits(out: Pair | None, loss: tuple[int, ...], gradient: tuple[int, ...], dtype: np.dtype[Any]) -> None:
    """Raise unless results of these shapes can be written into `out`."""
    for array, shape in zip(out or (), (loss, gradient), strict=False):
        if array is not None:
            check_out(array, shape, dtype)


def deliver_pair(loss: NDArray[Any], gradient: NDArray[Any], dtype: np.dtype[Any], out: Pair | None) -> tuple[Any, Any]:
    """Return both rounded to `dtype`, in `out` where given; neither is written unless both fit."""
    check_fits(out, loss.shape, gradient.shape, dtype)
    given = out or (None, None)
    return deliver(loss, dtype, given[0]), deliver(gradient, dtype, given[1])
