# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.scores import Axis, Empty, as_labels
from multinoulli.functions._rows import Rows


@_core.entry("cross_entropy_gradient")
@np.errstate(all="ignore")
def cross_entropy_gradient(
    scores: ArrayLike,
    labels: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    empty: Empty | None = None,
    out: tuple[NDArray[Any] | None, NDArray[Any] | None] | None = None,
) -> tuple[Any, Any]:
    r"""Cross-entropy of each sample and its gradient with respect to the scores, from one reading of them.

    .. math:: \frac{\partial \ell}{\partial z_k} = \frac{p_k - [k = y]}{T}

    Parameters
    ----------
    scores : array_like, shape (..., K)
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
    labels : array_like of int, shape (...)
        The class of each sample, 0...K-1. Its shape, that of `scores` without `axis`, may be broadcast. Over several
        axes it counts the entries in C order.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one sample.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read, its gradient is 0, and the loss of its label inf.
    temperature : float, default 1.0
        T in (0, inf]. At 0 the loss jumps and has no gradient.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What a row without any score above -inf becomes: NaN (the default without `where`); loss inf and gradient 0
        ("zero", the default with it); the loss and gradient of equal probabilities; or a ValueError.
    out : pair of ndarray or None, optional
        Where to write loss and gradient, of their shapes and dtype; the second may be `scores` itself.

    Returns
    -------
    loss : ndarray, shape of the samples; or a scalar
        As `cross_entropy` gives it.
    gradient : ndarray, shape of `scores`
        One gradient a sample, neither summed nor averaged. Within 3 (float32) and 4 (float64) units in the last
        place of the exact values at temperature 1, also at a label of probability nearly 1.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, `labels` are not integers, or an argument is of the wrong
        kind.
    ValueError
        If a label lies outside 0...K-1, an argument is out of its range, `scores` is a single number while `axis` is
        not None, or `out` does not fit.

    Notes
    -----
    NaN makes its sample's loss and gradient NaN, no other's. A score of -inf has gradient 0, or -1 / T if it is the
    label's, the loss being inf.

    References
    ----------
    .. [1] Bridle, "Probabilistic interpretation of feedforward classification network outputs", Neurocomputing,
       NATO ASI Series 68, 1990.

    Examples
    --------
    >>> from multinoulli.losses import cross_entropy_gradient
    >>> loss, gradient = cross_entropy_gradient([[0.0, 0.0, 0.0, 0.0]], [1])
    >>> loss
    array([1.38629436])
    >>> gradient
    array([[ 0.25, -0.75,  0.25,  0.25]])
    """
    if out is not None and (not isinstance(out, tuple) or len(out) != 2):
        raise TypeError("out must be a pair of arrays (loss, gradient), either of which may be None")
    loss_out, gradient_out = out or (None, None)
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=empty)
    if rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the loss jumps and has no gradient")
    loss, gradient = rows.apply(_core.cross_entropy_gradient, as_labels(labels), out=(loss_out, gradient_out))
    if rows.mask is not None:  # a masked label; rows that are NaN stay so
        np.copyto(gradient, 0, where=~rows.mask & ~np.isnan(gradient))
    if rows.temperature != 1:
        gradient /= rows.temperature
    rows.fill(loss, math.inf)
    rows.fill(gradient, 0.0)
    return rows.deliver(loss, loss_out, elements=False), rows.deliver(gradient, gradient_out, elements=True)
