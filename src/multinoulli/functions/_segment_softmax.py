# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli.functions._rows import deliver
from multinoulli.functions._segments import read_segments


def segment_softmax(scores: ArrayLike, indptr: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Probabilities of the classes of ragged rows: the softmax of each stretch of an array.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Real numbers, all rows one after the other: float32 and float64 are computed as such, float16 and bfloat16 in
        float32, integers and booleans in float64.
    indptr : array_like of int, shape (n_rows + 1,)
        Row i is ``scores[indptr[i]:indptr[i + 1]]``, as in `scipy.sparse.csr_array`: from 0 to n without decreasing.
    out : ndarray, optional
        Where to write the result, of its shape and dtype; `scores` itself is allowed.

    Returns
    -------
    ndarray, shape (n,)
        Every row's probabilities in its scores' places, as exact as those of `softmax`.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or `indptr` are not integers.
    ValueError
        If `scores` is not one-dimensional, `indptr` does not ascend from 0 to n, or `out` does not fit.

    Notes
    -----
    A row may be empty. Special values do to their row what they do in `softmax`. Threads share the scores, not the
    rows, so one long row among short ones is no trouble; the result does not depend on their number.

    References
    ----------
    .. [1] Velickovic et al., "Graph Attention Networks", ICLR 2018, equation 2: a softmax over each node's neighbours.

    Examples
    --------
    >>> from multinoulli.functions import segment_softmax
    >>> segment_softmax([0.0, 0.0, 5.0, 0.0, 0.0], [0, 2, 3, 3, 5])
    array([0.5, 0.5, 1. , 0.5, 0.5])
    """
    array, pointers, dtype = read_segments(scores, indptr)
    proba = np.empty_like(array)
    _core.segment_softmax(array, pointers, proba)
    return deliver(proba, dtype, out)
