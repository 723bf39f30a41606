# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli._validation.scores import Axis, Empty
from multinoulli.functions._rows import deliver
from multinoulli.losses._samples import Samples


@_core.entry("cross_entropy")
@blockwise("(k),()->()")
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
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_label: int | None = None,
    z_loss: float = 0.0,
) -> Any:
    r"""Cross-entropy of the softmax: minus the log-probability of each sample's label, in nats.

    .. math:: \ell = -\log p_y = \log \sum_k \exp(z_k / T) - z_y / T

    With target probabilities q, class weights w, label smoothing and the z-loss it is

    .. math:: \ell = \sum_k w_k q_k (-\log p_k) + \mathrm{z\_loss} \Big(\log \sum_k \exp(z_k / T)\Big)^2

    Parameters
    ----------
    scores : array_like, shape (..., K)
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
    labels : array_like of int, shape (...); or of float, shape (..., K)
        The class of each sample, 0...K-1. Its shape, that of `scores` without `axis`, may be broadcast. Over several
        axes it counts the entries in C order. Floating-point numbers are target probabilities q, of the shape of
        `scores`: at least 0 and of sum 1 within 1e-5 (float16 and bfloat16: 1e-2).
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
        One number for all samples: the sum of their weighted losses, or that over the sum of their weights: `weight`
        times the class weight of the label (of target probabilities, their mean class weight).
    empty_mean : float, optional
        The mean over no samples, or samples that all weigh 0; without it, that is a ValueError.
    class_weight : array_like, shape (K,), optional
        w, finite and at least 0.
    label_smoothing : float, default 0.0
        e in [0, 1]: the target becomes (1 - e) q + e / K, where q is 1 at the label, and K counts what is not masked.
    ignore_label : int, optional
        Samples with this label, which need not be a class, are absent, also from the mean. Not with target
        probabilities.
    z_loss : float, default 0.0
        Times the square of log(sum(exp(z / T))), added to the loss: it keeps scores from drifting.

    Returns
    -------
    ndarray, shape of the samples; or a scalar
        Losses at temperature 1 are within 2 units in the last place of the exact values, however confident the row
        or large the scores. Sums are made in float64.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, `labels` are neither integers nor of the shape of
        `scores`, or an argument is of the wrong kind.
    ValueError
        If a label lies outside 0...K-1, target probabilities are negative or do not sum to 1, an argument is out of
        its range, `scores` is a single number while `axis` is not None, or `out` does not fit.

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
    options = LossOptions.read(label_smoothing, ignore_label, z_loss, reduction, empty_mean)
    arguments: dict[str, Any] = {
        "axis": axis,
        "where": where,
        "temperature": temperature,
        "empty": empty,
        "weight": weight,
        "class_weight": class_weight,
    }
    if (f := foreign(scores, labels)) is not None:
        from multinoulli._namespaces import _losses as of_namespace

        return of_namespace.cross_entropy(f, scores, labels, options, out=out, **arguments)
    samples = Samples.read(scores, labels, options, **arguments)
    return deliver(samples.deliverable_losses(samples.losses()), samples.rows.dtype, out)
