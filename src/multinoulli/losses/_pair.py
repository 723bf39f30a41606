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


def deliver_pair(loss: NDArray[Any], gradient: NDArray[Any], dtype: np.dtype[Any], out: Pair | None) -> tuple[Any, Any]:
    """Return both rounded to `dtype`, in `out` where given; neither is written unless both fit."""
    given = out or (None, None)
    for result, array in zip((loss, gradient), given, strict=True):
        if array is not None:
            check_out(array, result.shape, dtype)
    return deliver(loss, dtype, given[0]), deliver(gradient, dtype, given[1])
