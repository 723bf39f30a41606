# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces._dask import blockwise
from multinoulli.functions._elementwise import elementwise


@_core.entry("log1mexp")
@blockwise("()->()")
@np.errstate(all="ignore")
def log1mexp(x: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Logarithm of 1 - exp(x), in nats: from log p to log(1 - p).

    .. math:: \log(1 - \exp(x)), \quad x \le 0

    Parameters
    ----------
    x : array_like
        Logarithms of probabilities. Float32 and float64 are computed as such, float16 and bfloat16 in float32, integers
        and booleans in float64.
    out : ndarray, optional
        Where to write the result, of its shape and dtype; `x` itself is allowed.

    Returns
    -------
    ndarray, shape of `x`; or a scalar
        Never positive, within 1.5 units in the last place of the exact values, subnormal ones included.

    Raises
    ------
    TypeError
        If `x` are not real numbers of at most 64 bits, or a masked array.
    ValueError
        If `out` does not fit.

    Notes
    -----
    0 and -0.0 give -inf; NaN and all above 0 give NaN. -inf gives -0.0, which the values come near to from below.

    References
    ----------
    .. [1] Mächler, "Accurately Computing ``log(1 - exp(-|a|))``: Assessed by the Rmpfr package", 2012.

    Examples
    --------
    >>> from multinoulli.functions import log1mexp
    >>> log1mexp([-1e-20, -1.0, -50.0])
    array([-4.60517019e+01, -4.58675145e-01, -1.92874985e-22])
    """
    return elementwise(_core.log1mexp, x, out)
