# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.scores import Axis, Empty, as_array, as_scores, check_out
from multinoulli.functions._rows import Rows, deliver
from multinoulli.functions._signed_logsumexp import signed_logsumexp


@_core.entry("logsumexp")
@blockwise("(k)->()")
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
    weights: ArrayLike | None = None,
    return_sign: bool = False,
) -> Any:
    r"""Logarithm of the sum of the exponentials of K scores.

    .. math:: \log \sum_k w_k \exp(z_k / T)

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
        Where to write the logarithm, of its shape and dtype.
    weights : array_like, optional
        w, real numbers of either sign, 1 if not given; `scores` and an array of them broadcast together, in the wider
        of their types. An entry of weight 0 is not part of the sum. Computed in float64.
    return_sign : bool, default False
        Return the sign of the sum as well; the logarithm is then that of its absolute value.

    Returns
    -------
    ndarray, shape of `scores` without `axis`; or a scalar
        At temperature 1 within 2 units in the last place of the result, or of ``logsumexp(scores) - max(scores)``
        where that is larger: near 0 the two terms cancel. With weights of both signs as far as the sum itself is known.
        NaN where the sum is negative, unless `return_sign`.
    sign : ndarray or scalar, likewise
        Only with `return_sign`: -1, 0, 1, or NaN where the sum is.

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
    >>> log_difference, sign = logsumexp([1000.0, 999.0], weights=[1, -1], return_sign=True)
    >>> float(log_difference), float(sign)
    (999.541324854..., 1.0)
    """
    if (f := foreign(scores)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.logsumexp(
            f,
            scores,
            axis=axis,
            where=where,
            temperature=temperature,
            empty=empty,
            keepdims=keepdims,
            out=out,
            weights=weights,
            return_sign=return_sign,
        )
    if weights is not None:
        scores, weights = _broadcast(scores, weights)
    convention: Empty | None = "zero" if empty == "uniform" else empty
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=convention, without_mask="zero")
    inner_out = out
    if keepdims and out is not None:
        check_out(out, rows.axes.insert(rows.scores.shape[:-1], keepdims=True), rows.dtype)
        inner_out = np.squeeze(out, axis=rows.axes.axes)
    sign = None
    if weights is None:
        (log_sum,) = rows.apply(_core.logsumexp, out=(inner_out,))
    else:
        log_sum, sign = signed_logsumexp(
            rows.scores,
            rows.axes.rows(weights) if rows.mask is None else np.where(rows.mask, rows.axes.rows(weights), 0),
        )
        if not return_sign:
            log_sum[sign < 0] = math.nan
    if rows.offset is not None:
        log_sum += rows.offset[..., 0]
    rows.fill(log_sum, -math.inf)
    result = rows.deliver(log_sum, inner_out, elements=False)
    if keepdims:
        result = np.expand_dims(result, rows.axes.axes) if out is None else out
    if not return_sign:
        return result
    if sign is None:
        sign = np.where(np.isnan(log_sum), math.nan, log_sum > -math.inf)
    rows.fill(sign, 0.0)
    signs = deliver(sign, rows.dtype, None)
    return result, np.expand_dims(signs, rows.axes.axes) if keepdims else signs


def _broadcast(scores: ArrayLike, weights: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    # Both in one shape, the scores in the type of the result; lists and single numbers have no say in that.
    source, given = as_array(scores, "scores"), as_array(weights, "weights")
    (z, dtype), (w, other) = as_scores(source), as_scores(given, "weights")
    if isinstance(weights, np.ndarray):
        dtype = np.result_type(dtype, other)
    try:
        z, w = np.broadcast_arrays(z, w)
    except ValueError:
        raise ValueError(f"weights has shape {w.shape}, which does not broadcast with the scores' {z.shape}") from None
    return z.astype(dtype, copy=False), w
