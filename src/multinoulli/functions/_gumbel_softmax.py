# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.scores import Axis, as_temperature
from multinoulli.functions._gumbel import perturbed
from multinoulli.functions._rows import Rows
from multinoulli.functions._softmax import softmax


@np.errstate(all="ignore")
def gumbel_softmax(
    scores: ArrayLike,
    /,
    *,
    rng: np.random.Generator | int | None = None,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Random point of the simplex that a temperature draws to a corner: a smooth stand-in for a sample.

    .. math:: \mathrm{softmax}\big((z + g) / T\big), \quad g_k \sim \mathrm{Gumbel}(0, 1)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        As for `softmax`.
    rng : numpy.random.Generator or int, optional
        Where the noise comes from, as `numpy.random.default_rng` takes it.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read and gets 0.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: 1 for one class, which is k with probability ``softmax(scores)[k]``.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.

    Returns
    -------
    ndarray, shape of `scores`
        Each row is nonnegative and sums to 1.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, or `out` does not fit.

    Notes
    -----
    The noise does not depend on the temperature, nor on the layout of `scores`: the same `rng` gives the same winner
    at every temperature. Rows without a class above -inf become what they become in `softmax`. Scores of +inf share
    the mass at random.

    References
    ----------
    .. [1] Jang, Gu and Poole, "Categorical Reparameterization with Gumbel-Softmax", ICLR 2017, equation 2.
    .. [2] Maddison, Mnih and Teh, "The Concrete Distribution", ICLR 2017, equation 10.

    Examples
    --------
    >>> from multinoulli.functions import gumbel_softmax
    >>> gumbel_softmax([0.0, 0.0, float("-inf")], rng=1, temperature=0)
    array([0., 1., 0.])
    """
    temperature = as_temperature(temperature)
    rows = Rows.read(scores, axis=axis, where=where, temperature=1.0, empty=None)
    noisy = perturbed(rows.scores, np.random.default_rng(rng), rows.scores.shape)
    proba = np.asarray(softmax(noisy, where=rows.mask, temperature=temperature))
    return rows.deliver(proba.astype(rows.dtype, copy=False), out, elements=True)
