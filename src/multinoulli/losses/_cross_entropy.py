# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._validation.scores import Axis, Empty, as_labels
from multinoulli.functions._rows import Rows, deliver
from multinoulli.losses._reduction import Reduction, check_reduction, reduce
from multinoulli.losses._weighted import Weighted


@_core.entry("cross_entropy")
@np.errstate(all="ignore")
def cross_entropy(
    scores: ArrayLike,
    labels: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    empty: Empty | None = None,
    out: NDArray[Any] | None = None,
    weight: ArrayLike | None = None,
    reduction: Reduction | None = None,
    empty_mean: float | None = None,
) -> Any:
    r"""Cross-entropy of the softmax: minus the log-probability of each sample's label, in nats.

    .. math:: \ell = -\log p_y = \log \sum_k \exp(z_k / T) - z_y / T

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
        False: the entry is not a class of its row. It is never read, and the loss of its label is inf.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: log m if the label is one of the m largest scores, else inf.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What the loss of a row without any score above -inf becomes: NaN (the default without `where`), inf (probability
        "zero", the default with it), log K (if some of its K classes are masked, of the others), or a ValueError.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.
    weight : array_like, optional
        Finite and at least 0, broadcast to the samples; it multiplies their losses. A sample of weight 0 counts as
        absent: its scores and label are not looked at, and its loss is 0.
    reduction : {"sum", "mean"}, optional
        One number for all samples: the sum of weight * loss, or that over the sum of the weights.
    empty_mean : float, optional
        The mean over no samples, or samples that all weigh 0; without it, that is a ValueError.

    Returns
    -------
    ndarray, shape of the samples; or a scalar
        Losses at temperature 1 are within 2.5 (float32) and 3 (float64) units in the last place of the exact values,
        however confident the row or large the scores. Sums are made in float64.

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
    NaN makes its sample's loss NaN, no other. A label of probability 0 costs inf; nothing is clipped.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.3, equation 6.30.

    Examples
    --------
    >>> from multinoulli.losses import cross_entropy
    >>> cross_entropy([[2.0, 0.0, 0.0], [0.0, 0.0, 1000.0]], [0, 1])
    array([2.39544...e-01, 1.00000...e+03])
    """
    check_reduction(reduction, empty_mean)
    weighted = None if weight is None else Weighted.select(scores, labels, where, weight, axis)
    if weighted is not None:
        scores, labels, where, axis = weighted.scores, weighted.labels, weighted.where, -1
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=empty)
    direct_out = out if weighted is None and reduction is None else None
    (losses,) = rows.apply(_core.cross_entropy, as_labels(labels), out=(direct_out,))
    rows.fill(losses, math.inf)

    total_weight = float(losses.size)
    if weighted is not None:
        losses, total_weight = losses * weighted.weights, float(weighted.weights.sum())
    if reduction is not None:
        losses = reduce(losses, total_weight, reduction, empty_mean)
    elif weighted is not None:
        losses = weighted.scatter(losses)
    return deliver(losses, rows.dtype, out)
