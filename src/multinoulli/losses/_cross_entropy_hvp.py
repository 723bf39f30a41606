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
def cross_entropy_hvp(
    scores: ArrayLike,
    tangent: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Hessian of each sample's cross-entropy with respect to its scores, times a vector.

    .. math:: \sum_j \frac{\partial^2 \ell}{\partial z_k \partial z_j} v_j
        = \frac{p_k}{T^2} \Big(v_k - \sum_j p_j v_j\Big)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        As for `cross_entropy`.
    tangent : array_like
        v, real numbers; broadcasts to `scores` and is computed in their type.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one sample.
    where : array_like of bool, optional
        False: the entry is not a class of its row. Neither its score nor its v is read, and its result is 0.
    temperature : float, default 1.0
        T in (0, inf]. At 0 the loss jumps and has no derivative.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.

    Returns
    -------
    ndarray, shape of `scores`
        At temperature 1 as exact as `multinoulli.functions.softmax_vjp`.

    Raises
    ------
    TypeError
        If `scores` or `tangent` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If `tangent` does not broadcast to `scores`, an argument is out of its range, or `out` does not fit.

    Notes
    -----
    The Hessian is the same for every label, and for target probabilities; it is the Jacobian of the softmax over T.
    The loss is convex: v and its product are never at an obtuse angle.

    References
    ----------
    .. [1] Böhning, "Multinomial logistic regression algorithm", Annals of the Institute of Statistical Mathematics
       44(1), 1992, section 2.

    Examples
    --------
    >>> from multinoulli.losses import cross_entropy_hvp
    >>> cross_entropy_hvp([0.0, 0.0], [1.0, 0.0])
    array([ 0.25, -0.25])
    """
    return times_derivative(
        "softmax",
        scores,
        tangent,
        "tangent",
        axis=axis,
        where=where,
        temperature=temperature,
        out=out,
        order=2,
    )
