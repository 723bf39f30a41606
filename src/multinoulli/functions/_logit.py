# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces._dask import blockwise
from multinoulli.functions._elementwise import elementwise


@_core.entry("logit")
@blockwise("()->()")
@np.errstate(all="ignore")
def logit(p: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Logarithm of the odds, in nats: the inverse of the sigmoid.

    .. math:: \operatorname{logit}(p) = \log \frac{p}{1 - p}

    Parameters
    ----------
    p : array_like
        Probabilities. Float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and
        booleans in float64.
    out : ndarray, optional
        Where to write the result, of its shape and dtype; `p` itself is allowed.

    Returns
    -------
    ndarray, shape of `p`; or a scalar
        Within 1.5 units in the last place of the exact values, also near p = 1/2 where they are near 0.

    Raises
    ------
    TypeError
        If `p` are not real numbers of at most 64 bits, or a masked array.
    ValueError
        If `out` does not fit.

    Notes
    -----
    0 and -0.0 give -inf, 1 gives +inf; NaN and all that is no probability give NaN.

    References
    ----------
    .. [1] Berkson, "Application of the Logistic Function to Bio-Assay", Journal of the American Statistical Association
       39(227), 1944.

    Examples
    --------
    >>> from multinoulli.functions import logit
    >>> logit([0.0, 0.25, 0.5, 1.0])
    array([       -inf, -1.09861229,  0.        ,         inf])
    """
    return elementwise(_core.logit, p, out, "p")
