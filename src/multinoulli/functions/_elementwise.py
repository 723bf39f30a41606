# SPDX-License-Identifier: BSD-3-Clause
"""The general case of every function of one number: an argument -> the compiled core -> the caller's shape and type."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._namespaces import foreign
from multinoulli._validation.scores import as_scores, check_out
from multinoulli.functions._rows import deliver


def elementwise(ufunc: np.ufunc, x: ArrayLike, out: NDArray[Any] | None, name: str = "x") -> Any:
    """Return `ufunc` of every entry, in `out` if given; `name` is what errors call the argument."""
    if (f := foreign(x)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.elementwise(f, ufunc.__name__, x, name, out)
    if isinstance(x, np.ma.MaskedArray):
        raise TypeError(f"{name} is a masked array; pass its data, as by {name}.data, and mask the result")
    array, dtype = as_scores(x, name)
    if out is None:
        return deliver(ufunc(array), dtype, None)
    check_out(out, array.shape, dtype)
    if out.dtype == array.dtype:
        ufunc(array, out=out)
    else:
        out[...] = ufunc(array)
    return out
