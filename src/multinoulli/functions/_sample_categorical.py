# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli._validation.scores import Axis, as_array
from multinoulli.functions._gumbel import perturbed
from multinoulli.functions._rows import Rows

_AT_ONCE = 1 << 22  # numbers of noise in memory, 32 MB


@np.errstate(all="ignore")
def sample_categorical(
    scores: ArrayLike,
    /,
    size: int | tuple[int, ...] | None = None,
    *,
    rng: np.random.Generator | int | None = None,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
) -> Any:
    r"""Classes drawn with their softmax probabilities, straight from the scores.

    .. math:: y = \arg\max_k \, (z_k / T + g_k), \quad g_k \sim \mathrm{Gumbel}(0, 1)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        As for `softmax`.
    size : int or tuple of int, optional
        How many samples to draw of each row: the shape in front of that of the rows. One of each if not given.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from, as `numpy.random.default_rng` takes it.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row. Over several axes classes are counted in C order.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read and never drawn.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: one of the largest scores, each as likely as the others.

    Returns
    -------
    ndarray of int64, shape (\*size, ...); or a scalar
        Class codes, 0...K-1. No class of probability 0 is ever drawn.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If a row has NaN, or no class above -inf: it has no distribution to draw from. If an argument is out of range.

    Notes
    -----
    The Gumbel-max trick: no probability is computed, so none is lost to rounding, however small. The same `rng` gives
    the same classes for any layout of `scores`.

    References
    ----------
    .. [1] Maddison, Tarlow and Minka, "A* Sampling", NeurIPS 2014, section 2.

    Examples
    --------
    >>> from multinoulli.functions import sample_categorical
    >>> import numpy as np
    >>> np.bincount(sample_categorical(np.log([0.5, 0.25, 0.25]), 10_000, rng=0))
    array([5000, 2510, 2490])
    """
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=None)
    z = rows.scores
    if z.shape[-1] == 0:
        raise ValueError(f"scores has no classes to draw from: its shape is {as_array(scores, 'scores').shape}")
    without = np.isnan(z).any(axis=-1) | (z.max(axis=-1) == -math.inf)
    if without.any():
        first = tuple(map(int, np.argwhere(without)[0]))
        raise ValueError(f"row {first} of scores has NaN or no entry above -inf: there is no distribution to draw from")
    generator = np.random.default_rng(rng)
    try:
        shape = () if size is None else tuple(map(operator.index, np.atleast_1d(np.asarray(size, object))))
    except TypeError:
        raise TypeError(f"size must be an integer, several or None, not {size!r}") from None
    if any(n < 0 for n in shape):
        raise ValueError(f"size must not be negative, but it is {size}")
    labels = np.empty((math.prod(shape), *z.shape[:-1]), np.int64)
    some = max(1, _AT_ONCE // max(1, z.size))
    for begin in range(0, len(labels), some):
        block = labels[begin : begin + some]
        block[...] = perturbed(z, generator, (len(block), *z.shape)).argmax(axis=-1)
    return labels.reshape((*shape, *z.shape[:-1]))[()]
