# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces._dask import blockwise
from multinoulli.functions._elementwise import elementwise


@_core.entry("log_sigmoid")
@blockwise("()->()")
@np.errstate(all="ignore")
def log_sigmoid(x: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Logarithm of the sigmoid, in nats.

    .. math:: \log \sigma(x) = -\log(1 + \exp(-x))

    Parameters
    ----------
    x : array_like
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
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
    NaN gives NaN, -inf -inf. +inf gives -0.0, which the values come near to from below.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 3.10, "Useful Properties of Common
       Functions".

    Examples
    --------
    >>> from multinoulli.functions import log_sigmoid
    >>> log_sigmoid([-1000.0, 0.0, 50.0])
    array([-1.00000000e+03, -6.93147181e-01, -1.92874985e-22])
    """
    return elementwise(_core.log_sigmoid, x, out)
