# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.scores import Axis, Empty, check_out
from multinoulli.functions._rows import Rows


@_core.entry("logsumexp")
@np.errstate(all="ignore")
def logsumexp(
    scores: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    empty: Empty | None = None,
    keepdims: bool = False,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Logarithm of the sum of the exponentials of K scores.

    .. math:: \log \sum_k \exp(z_k / T)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not part of the sum and never read. Broadcasts to `scores`.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: infinite with the sign of the largest score, log m if the m largest are 0.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What a row without any score above -inf becomes: NaN, -inf ("zero", the default, and "uniform": the sum
        is 0), or a ValueError.
    keepdims : bool, default False
        Keep `axis` with length 1.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.

    Returns
    -------
    ndarray, shape of `scores` without `axis`; or a scalar
        At temperature 1 within 2 units in the last place of the result, or of ``logsumexp(scores) - max(scores)``
        where that is larger: near 0 the two terms cancel.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, `scores` is a single number while `axis` is not None, or `out` does not fit.

    Notes
    -----
    NaN makes its row NaN, no other. The sum over no entries is 0, its logarithm -inf; one score of +inf gives +inf.

    References
    ----------
    .. [1] Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", IMA Journal of
       Numerical Analysis 41(4), 2021.

    Examples
    --------
    >>> from multinoulli.functions import logsumexp
    >>> float(logsumexp([1000.0, 1000.0]))
    1000.6931471805599
    """
    convention: Empty | None = "zero" if empty == "uniform" else empty
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=convention, without_mask="zero")
    inner_out = out
    if keepdims and out is not None:
        check_out(out, rows.axes.insert(rows.scores.shape[:-1], keepdims=True), rows.dtype)
        inner_out = np.squeeze(out, axis=rows.axes.axes)
    (log_sum,) = rows.apply(_core.logsumexp, out=(inner_out,))
    if rows.offset is not None:
        log_sum += rows.offset[..., 0]
    rows.fill(log_sum, -math.inf)
    result = rows.deliver(log_sum, inner_out, elements=False)
    if not keepdims:
        return result
    return np.expand_dims(result, rows.axes.axes) if out is None else out
