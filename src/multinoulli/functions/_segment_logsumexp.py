# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli import _core
from multinoulli.functions._rows import deliver
from multinoulli.functions._segments import read_segments


def segment_logsumexp(scores: ArrayLike, indptr: ArrayLike, /, *, out: NDArray[Any] | None = None) -> Any:
    r"""Logarithm of the sum of the exponentials of ragged rows: of each stretch of an array.

    Parameters
    ----------
    scores : array_like, shape (n,)
        Real numbers, all rows one after the other: float32 and float64 are computed as such, float16 and bfloat16 in
        float32, integers and booleans in float64.
    indptr : array_like of int, shape (n_rows + 1,)
        Row i is ``scores[indptr[i]:indptr[i + 1]]``, as in `scipy.sparse.csr_array`: from 0 to n without decreasing.
    out : ndarray, optional
        Where to write the result, of its shape and dtype.

    Returns
    -------
    ndarray, shape (n_rows,)
        As exact as those of `logsumexp`; -inf for an empty row.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or `indptr` are not integers.
    ValueError
        If `scores` is not one-dimensional, `indptr` does not ascend from 0 to n, or `out` does not fit.

    Notes
    -----
    Special values do to their row what they do in `logsumexp`. Threads share the scores, not the rows, so one long row
    among short ones is no trouble; the result does not depend on their number.

    References
    ----------
    .. [1] Blanchard, Higham and Higham, "Accurately computing the log-sum-exp and softmax functions", IMA Journal of
       Numerical Analysis 41(4), 2021.

    Examples
    --------
    >>> from multinoulli.functions import segment_logsumexp
    >>> segment_logsumexp([0.0, 0.0, 5.0], [0, 2, 3, 3])
    array([0.69314718, 5.        ,       -inf])
    """
    array, pointers, dtype = read_segments(scores, indptr)
    log_sum = np.empty(len(pointers) - 1, array.dtype)
    _core.segment_logsumexp(array, pointers, log_sum)
    return deliver(log_sum, dtype, out)
