# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._namespaces._dask import blockwise
from multinoulli._validation.scores import Axis, Empty
from multinoulli.functions._rows import Rows


@_core.entry("softmax")
@blockwise("(k)->(k)")
@np.errstate(all="ignore")
def softmax(
    scores: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
    empty: Empty | None = None,
    out: NDArray[Any] | None = None,
) -> Any:
    r"""Probabilities of K classes from their scores.

    .. math:: p_k = \frac{\exp(z_k / T)}{\sum_j \exp(z_j / T)}

    Parameters
    ----------
    scores : array_like, shape (..., K)
        Real numbers: float32 and float64 are computed as such, float16 and bfloat16 in float32, integers and booleans
        in float64.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read and gets probability 0. Broadcasts to `scores`.
    temperature : float, default 1.0
        T in [0, inf]. At 0 the limit: the largest scores share the mass.
    empty : {"nan", "zero", "uniform", "raise"}, optional
        What a row without any score above -inf becomes: NaN (the default without `where`), zeros (the default with it),
        equal probabilities for the row's classes (if all are masked, for all K), or a ValueError.
    out : ndarray, optional
        Where to write the result, of its shape and dtype; `scores` itself is allowed.

    Returns
    -------
    ndarray, shape of `scores`
        Within 3 (float32) and 4 (float64) units in the last place of the exact values at temperature 1, for
        scores of any size.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, `scores` is a single number while `axis` is not None, or `out` does not fit.

    Notes
    -----
    NaN makes its row NaN, no other. Several scores of +inf share the mass equally; -inf has probability 0. A row's
    result does not depend, to the last bit, on the other rows, their number or the number of threads.

    References
    ----------
    .. [1] Goodfellow, Bengio and Courville, "Deep Learning", 2016, section 6.2.2.3, "Softmax Units for
       Multinoulli Output Distributions".

    Examples
    --------
    >>> from multinoulli.functions import softmax
    >>> softmax([0.0, 0.0, 1000.0, 1000.0])
    array([0. , 0. , 0.5, 0.5])
    """
    if (f := foreign(scores)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.of_rows(
            f, "softmax", scores, axis=axis, where=where, temperature=temperature, empty=empty, out=out
        )
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=empty)
    (proba,) = rows.apply(_core.softmax, out=(out,))
    rows.fill(proba, 0.0)
    return rows.deliver(proba, out, elements=True)
