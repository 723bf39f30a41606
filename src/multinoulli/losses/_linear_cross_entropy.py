# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli._validation.losses import LossOptions, Reduction
from multinoulli.functions._rows import deliver
from multinoulli.losses._linear_samples import LinearSamples


@np.errstate(all="ignore")
def linear_cross_entropy(
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
) -> Any:
    r"""Cross-entropy of linear scores that are never in memory all at once.

    .. math:: \ell_i = \text{cross\_entropy}(X_i W^\top + b, \; y_i)

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
    weight, reduction, empty_mean, class_weight, label_smoothing, ignore_label, z_loss : optional
        As for `cross_entropy`.
    softcap : float, optional
        c > 0: scores s become c tanh(s / c) first, and so stay within -c and c.

    Returns
    -------
    ndarray, shape (n,); or a scalar
        The losses that `cross_entropy` gives for the scores, from matrix products in the type of computation.

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
    Beside its arguments the call holds one block of scores, 256 MB at most. Up to some 520,000 classes in float32 a
    block has all the classes of 128 to 512 rows; of more, it has a part of the classes, and log-sums are added up. The
    results are the same, to the last bit, for any number of threads; BLAS is held to one thread meanwhile, in the whole
    process.

    References
    ----------
    .. [1] Wijmans et al., "Cut Your Losses in Large-Vocabulary Language Models", ICLR 2025.

    Examples
    --------
    >>> from multinoulli.losses import linear_cross_entropy
    >>> linear_cross_entropy([[1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]], None, [0])
    array([0.126928...])
    """
    options = LossOptions.read(label_smoothing, ignore_label, z_loss, reduction, empty_mean)
    samples = LinearSamples.read(
        X, coef, intercept, labels, options, weight=weight, class_weight=class_weight, softcap=softcap
    )
    return deliver(samples.deliverable_losses(samples.scores.losses()), samples.dtype, None)
