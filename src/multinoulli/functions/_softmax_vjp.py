# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.scores import Axis
from multinoulli.functions._derivative import times_derivative


@blockwise("(k),(k)->(k)")
@np.errstate(all="ignore")
def softmax_vjp(
    scores: ArrayLike,
    cotangent: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Vector-Jacobian product of the softmax: the gradient with respect to the scores, from that of the probabilities.

    .. math:: \sum_j v_j \frac{\partial p_j}{\partial z_k} = \frac{p_k}{T} \Big(v_k - \sum_j p_j v_j\Big)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        As for `softmax`.
    cotangent : array_like
        v, real numbers; broadcasts to `scores` and is computed in their type.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not a class of its row. Neither its score nor its v is read, and its result is 0.
    temperature : float, default 1.0
        T in (0, inf]. At 0 the softmax jumps and has no derivative.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.

    Returns
    -------
    ndarray, shape of `scores`
        At temperature 1, entry k is within 8 units in the last place of
        :math:`p_k (|v_k - v_m| + \sum_j p_j |v_j - v_m|)`, where m is the most probable class: a row's v may have any
        common offset, and certain rows lose nothing.

    Raises
    ------
    TypeError
        If `scores` or `cotangent` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If `cotangent` does not broadcast to `scores`, an argument is out of its range, or `out` does not fit.

    Notes
    -----
    NaN in a row's scores or v makes that row NaN. The Jacobian is symmetric, so `softmax_jvp` computes the same.

    References
    ----------
    .. [1] Martins and Astudillo, "From Softmax to Sparsemax", ICML 2016, section 2.5.

    Examples
    --------
    >>> from multinoulli.functions import softmax_vjp
    >>> softmax_vjp([0.0, 0.0], [1.0, 0.0])
    array([ 0.25, -0.25])
    """
    return times_derivative(
        "softmax", scores, cotangent, "cotangent", axis=axis, where=where, temperature=temperature, out=out
    )
