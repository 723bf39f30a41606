# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli.functions._rows import deliver
from multinoulli.losses._binary_samples import BinarySamples


@blockwise("(),()->()")
@np.errstate(all="ignore")
def binary_cross_entropy(
    scores: ArrayLike,
    labels: ArrayLike,
    /,
    *,
    out: NDArray[Any] | None = None,
    weight: ArrayLike | None = None,
    reduction: Reduction | None = None,
    empty_mean: float | None = None,
    class_weight: ArrayLike | None = None,
    label_smoothing: float = 0.0,
    ignore_label: int | None = None,
    z_loss: float = 0.0,
) -> Any:
    r"""Cross-entropy of the sigmoid: minus the log-probability of each sample's label, of two, in nats.

    .. math:: \ell = -q \log \sigma(s) - (1 - q) \log \sigma(-s)

    Parameters
    ----------
    scores : array_like, shape (...)
        One a sample: the second class's score less the first's. float32 and float64 are computed as such, float16 and
        bfloat16 in float32, integers and booleans in float64.
    labels : array_like, shape (...)
        0 or 1, as integers or booleans; as floating-point numbers, q, the probability of 1. Broadcasts with `scores`.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.
    weight : array_like, optional
        Finite and at least 0, broadcast to the samples; it multiplies their losses. A sample of weight 0 counts as
        absent: its score and label are not looked at, and its loss is 0.
    reduction : {"sum", "mean"}, optional
        One number for all samples: the sum of their weighted losses, or that over the sum of their weights: `weight`
        times the class weight of the label (of a probability, the mean class weight).
    empty_mean : float, optional
        The mean over no samples, or samples that all weigh 0; without it, that is a ValueError.
    class_weight : array_like, shape (2,), optional
        Of label 0 and of label 1, finite and at least 0.
    label_smoothing : float, default 0.0
        e in [0, 1]: the target becomes (1 - e) q + e / 2.
    ignore_label : int, optional
        Samples with this label, which need not be 0 or 1, are absent, also from the mean.
    z_loss : float, default 0.0
        Times the square of log(1 + exp(s)), added to the loss.

    Returns
    -------
    ndarray, shape of the samples; or a scalar
        Within 1.5 units in the last place of the exact values for plain labels. Sums are made in float64.

    Raises
    ------
    TypeError
        If `scores` or `labels` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If a label is neither 0 nor 1, or no probability; an argument is out of its range; or `out` does not fit.

    Notes
    -----
    The case K = 2 of `cross_entropy`, whose scores are (0, s). NaN makes its sample's loss NaN, no other. A label of
    probability 0 costs inf; nothing is clipped.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.2, equation 6.26.

    Examples
    --------
    >>> from multinoulli.losses import binary_cross_entropy
    >>> binary_cross_entropy([0.0, 1000.0, 1000.0], [1, 1, 0])
    array([6.93147181e-01, 0.00000000e+00, 1.00000000e+03])
    """
    options = LossOptions.read(label_smoothing, ignore_label, z_loss, reduction, empty_mean)
    if (f := foreign(scores, labels)) is not None:
        from multinoulli._namespaces import _losses as of_namespace

        return of_namespace.binary_cross_entropy(
            f, scores, labels, options, weight=weight, class_weight=class_weight, out=out
        )
    samples = BinarySamples.read(scores, labels, options, weight=weight, class_weight=class_weight)
    return deliver(samples.deliverable_losses(samples.losses()), samples.dtype, out)
