# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli.functions._rows import deliver
from multinoulli.losses._linear_gradient import LinearGradient
from multinoulli.losses._linear_samples import LinearSamples


@np.errstate(all="ignore")
def linear_cross_entropy_gradient(
    X: ArrayLike,
    coef: ArrayLike,
    intercept: ArrayLike | None,
    labels: ArrayLike,
    /,
    *,
    weight: ArrayLike | None = None,
    reduction: Reduction | None = None,
    empty_mean: float | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_label: int | None = None,
    z_loss: float = 0.0,
    softcap: float | None = None,
) -> tuple[Any, LinearGradient]:
    r"""Cross-entropy of linear scores and its gradients, without the scores ever being in memory all at once.

    .. math:: \frac{\partial \ell}{\partial X} = G W, \quad \frac{\partial \ell}{\partial W} = G^\top X, \quad
        \frac{\partial \ell}{\partial b} = G^\top 1, \quad G = \frac{\partial \ell}{\partial (X W^\top + b)}

    Parameters
    ----------
    X : array_like, shape (n, d)
        Real numbers. The widest type of `X`, `coef` and `intercept` is that of the results: float32 and float64 are
        computed as such, float16 and bfloat16 in float32, integers and booleans in float64.
    coef : array_like, shape (K, d)
        W.
    intercept : array_like, shape (K,), or None
        b; None for none.
    labels : array_like of int, shape (n,)
        The class of each sample, 0...K-1.
    weight, reduction, empty_mean, class_weight, label_smoothing, ignore_label, z_loss, softcap : optional
        As for `linear_cross_entropy`.

    Returns
    -------
    loss : ndarray, shape (n,); or a scalar
        As `linear_cross_entropy` gives it.
    gradient : LinearGradient
        `X`, `coef` and `intercept` (None if there is none): the gradients of the sum of the losses, or with
        ``reduction="mean"`` of their mean, in the shapes of the arguments.

    Raises
    ------
    TypeError
        If an array is not of real numbers of at most 64 bits, `labels` are not integers, or an argument is of the wrong
        kind.
    ValueError
        If the shapes do not fit each other, a label lies outside 0...K-1, or an argument is out of its range. Labels
        are checked before any work is done.

    Notes
    -----
    Beside its arguments and results the call holds one block of scores, two with `softcap`, of 256 MB at most. The
    results are the same, to the last bit, for any number of threads; BLAS is held to one thread meanwhile, in the whole
    process.

    References
    ----------
    .. [1] Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", ICLR 2025.

    Examples
    --------
    >>> from multinoulli.losses import linear_cross_entropy_gradient
    >>> loss, gradient = linear_cross_entropy_gradient([[1.0]], [[0.0], [0.0]], [0.0, 0.0], [0])
    >>> gradient.coef
    array([[-0.5],
           [ 0.5]])
    """
    options = LossOptions.read(label_smoothing, ignore_label, z_loss, reduction, empty_mean)
    samples = LinearSamples.read(
        X, coef, intercept, labels, options, weight=weight, class_weight=class_weight, softcap=softcap
    )
    losses, gradient = samples.scores.losses_and_gradient()
    loss = deliver(samples.deliverable_losses(losses), samples.dtype, None)
    return loss, samples.deliverable_gradient(gradient)
