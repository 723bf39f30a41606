# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces._dask import blockwise
from multinoulli.functions._elementwise import elementwise


@_core.entry("sigmoid")
@blockwise("()->()")
@np.errstate(all="ignore")
def sigmoid(x: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Probability of the second of two classes from the difference of their scores.

    .. math:: \sigma(x) = \frac{1}{1 + \exp(-x)}

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
        In [0, 1], within 1.5 units in the last place of the exact values, subnormal ones included.

    Raises
    ------
    TypeError
        If `x` are not real numbers of at most 64 bits, or a masked array.
    ValueError
        If `out` does not fit.

    Notes
    -----
    NaN gives NaN, -inf 0 and +inf 1. ``sigmoid(x)`` is the second entry of ``softmax([0, x])``.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 3.10, "Useful Properties of Common
       Functions".

    Examples
    --------
    >>> from multinoulli.functions import sigmoid
    >>> sigmoid([-710.0, 0.0, 40.0])
    array([4.47628623e-309, 5.00000000e-001, 1.00000000e+000])
    """
    return elementwise(_core.sigmoid, x, out)
