# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli._validation.scores import Axis, Empty, as_temperature
from multinoulli.losses._pair import Pair, check_pair, deliver_pair
from multinoulli.losses._samples import Samples


@_core.entry("cross_entropy_gradient")
@blockwise("(k),()->(),(k)")
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
    out: Pair | None = None,
    weight: ArrayLike | None = None,
    reduction: Reduction | None = None,
    empty_mean: float | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_label: int | None = None,
    z_loss: float = 0.0,
) -> Any:
    r"""Cross-entropy of each sample and its gradient with respect to the scores, from one reading of them.

    .. math:: \frac{\partial \ell}{\partial z_k} = \frac{p_k - [k = y]}{T}

    With target probabilities q, class weights w, label smoothing and the z-loss, where a = w q, it is

    .. math:: \frac{\partial \ell}{\partial z_k} = \frac{1}{T} \Big(\big(\sum_j a_j + 2 \, \mathrm{z\_loss}
        \log \sum_j \exp(z_j / T)\big) \, p_k - a_k\Big)

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
        False: the entry is not a class of its row. It is never read, its gradient is 0, and the loss of its label inf.
    temperature : float, default 1.0
        T in (0, inf]. At 0 the loss jumps and has no gradient.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What a row without any score above -inf becomes: NaN (the default without `where`); loss inf and gradient 0
        ("zero", the default with it); the loss and gradient of equal probabilities; or a ValueError.
    out : pair of ndarray or None, optional
        Where to write loss and gradient, of their shapes and dtype; the second may be `scores` itself.
    weight, reduction, empty_mean, class_weight, label_smoothing, ignore_label, z_loss : optional
        As for `cross_entropy`. With a `reduction` the gradient is that of the one number.

    Returns
    -------
    loss : ndarray, shape of the samples; or a scalar
        As `cross_entropy` gives it.
    gradient : ndarray, shape of `scores`
        Each sample's own. Within 3 (float32) and 4 (float64) units in the last place of the exact values at
        temperature 1, also at a label of probability nearly 1; with options within 5.5 units of the terms that it is
        the difference of.

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
    check_pair(out)
    if as_temperature(temperature) == 0:
        raise ValueError("temperature must be above 0 here: at 0 the loss jumps and has no gradient")
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

        return of_namespace.cross_entropy(f, scores, labels, options, out=out, gradient=True, **arguments)
    samples = Samples.read(scores, labels, options, **arguments)
    losses, gradients = samples.losses_and_gradients(out)
    return deliver_pair(
        samples.deliverable_losses(losses), samples.deliverable_gradients(gradients), samples.rows.dtype, out
    )
