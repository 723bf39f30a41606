# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli.losses._binary_samples import BinarySamples
from multinoulli.losses._pair import Pair, check_pair, deliver_pair


@blockwise("(),()->(),()")
@np.errstate(all="ignore")
def binary_cross_entropy_gradient(
    scores: ArrayLike,
    labels: ArrayLike,
    /,
    *,
    out: Pair | None = None,
    weight: ArrayLike | None = None,
    reduction: Reduction | None = None,
    empty_mean: float | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_label: int | None = None,
    z_loss: float = 0.0,
) -> Any:
    r"""Binary cross-entropy of each sample and its derivative with respect to the score.

    .. math:: \frac{\partial \ell}{\partial s} = (1 - q) \, \sigma(s) - q \, \sigma(-s) = \sigma(s) - q

    Parameters
    ----------
    scores : array_like, shape (...)
        As for `binary_cross_entropy`.
    labels : array_like, shape (...)
        0 or 1, as integers or booleans; as floating-point numbers, q, the probability of 1. Broadcasts with `scores`.
    out : pair of ndarray or None, optional
        Where to write loss and derivative, of their shapes and dtype; the second may be `scores` itself.
    weight, reduction, empty_mean, class_weight, label_smoothing, ignore_label, z_loss : optional
        As for `binary_cross_entropy`. With a `reduction` the derivatives are those of the one number.

    Returns
    -------
    loss : ndarray, shape of the samples; or a scalar
        As `binary_cross_entropy` gives it.
    gradient : ndarray, shape of the samples; or a scalar
        Each sample's own. For plain labels within 1.5 units in the last place of the exact values, also where the
        label is nearly certain.

    Raises
    ------
    TypeError
        If `scores` or `labels` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If a label is neither 0 nor 1, or no probability; an argument is out of its range; or `out` does not fit.

    Notes
    -----
    The case K = 2 of `cross_entropy_gradient`, whose scores are (0, s): the second entry of its gradient.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2.

    Examples
    --------
    >>> from multinoulli.losses import binary_cross_entropy_gradient
    >>> loss, gradient = binary_cross_entropy_gradient([0.0, 40.0], [1, 1])
    >>> gradient
    array([-5.00000000e-01, -4.24835426e-18])
    """
    check_pair(out)
    options = LossOptions.read(label_smoothing, ignore_label, z_loss, reduction, empty_mean)
    if (f := foreign(scores, labels)) is not None:
        from multinoulli._namespaces import _losses as of_namespace

        return of_namespace.binary_cross_entropy(
            f, scores, labels, options, weight=weight, class_weight=class_weight, out=out, gradient=True
        )
    samples = BinarySamples.read(scores, labels, options, weight=weight, class_weight=class_weight)
    losses, gradients = samples.losses_and_gradients()
    return deliver_pair(samples.deliverable_losses(losses), gradients, samples.dtype, out)
