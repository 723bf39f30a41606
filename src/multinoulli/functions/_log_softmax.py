# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.scores import Axis, Empty
from multinoulli.functions._rows import Rows


@_core.entry("log_softmax")
@blockwise("(k)->(k)")
@np.errstate(all="ignore")
def log_softmax(
    scores: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    empty: Empty | None = None,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Log-probabilities of K classes from their scores, in nats.

    .. math:: \log p_k = z_k / T - \log \sum_j \exp(z_j / T)

    Parameters
    ----------
    scores : array_like, shape (..., K)
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read and gets -inf. Broadcasts to `scores`.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: -log m for each of the m largest scores, -inf for the others.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What a row without any score above -inf becomes: NaN (the default without `where`), -inf (the default with it),
        -log K (if some of its K classes are masked, over the others), or a ValueError.
    out : ndarray, optional
        Where to write the result, of its shape and dtype; `scores` itself is allowed.

    Returns
    -------
    ndarray, shape of `scores`
        Within 2 units in the last place of the exact values at temperature 1, also where one class has nearly all the
        mass and its log-probability is nearly 0.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, `scores` is a single number while `axis` is not None, or `out` does not fit.

    Notes
    -----
    NaN makes its row NaN, no other. The m scores of +inf in a row get -log m, the others -inf. The dominant class gets
    -log1p of the others' odds, so it does not round to -0.

    References
    ----------
    .. [1] Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", IMA Journal of
       Numerical Analysis 41(4), 2021.

    Examples
    --------
    >>> from multinoulli.functions import log_softmax
    >>> log_softmax([100.0, 0.0])
    array([-3.72007598e-44, -1.00000000e+02])
    """
    if (f := foreign(scores)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.of_rows(
            f, "log_softmax", scores, axis=axis, where=where, temperature=temperature, empty=empty, out=out
        )
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=empty)
    (log_proba,) = rows.apply(_core.log_softmax, out=(out,))
    rows.fill(log_proba, -math.inf)
    return rows.deliver(log_proba, out, elements=True)
