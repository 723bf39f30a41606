# SPDX-License-Identifier: BSD-3-Clause
"""Ragged rows one after the other in one array, as compressed sparse rows (CSR) store them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli._validation.scores import as_array, as_contiguous, as_scores


def read_segments(scores: ArrayLike, indptr: ArrayLike) -> tuple[NDArray[Any], NDArray[np.int64], np.dtype[Any]]:
    """Return contiguous scores in the type they are computed in, their row pointers, and the type of the results."""
    array, dtype = as_scores(scores)
    if array.ndim != 1:
        raise ValueError(f"scores must be one-dimensional, all rows one after the other; it has shape {array.shape}")
    pointers = as_array(indptr, "indptr")
    if pointers.dtype.kind not in "iu":
        raise TypeError(f"indptr must be integers, not {pointers.dtype}; use indptr.astype(int)")
    if pointers.ndim != 1 or pointers.size == 0:
        raise ValueError(
            f"indptr must be one-dimensional, with one entry more than there are rows; it has shape {pointers.shape}"
        )
    pointers = as_contiguous(pointers, np.int64)
    if pointers[0] != 0:
        raise ValueError(f"indptr must begin with 0, not {pointers[0]}")
    falls = np.flatnonzero(pointers[1:] < pointers[:-1])
    if falls.size:
        at = int(falls[0])
        raise ValueError(f"indptr must not decrease, but indptr[{at + 1}] = {pointers[at + 1]} after {pointers[at]}")
    if pointers[-1] != array.size:
        raise ValueError(f"indptr must end with {array.size}, the number of scores, not {pointers[-1]}")
    return as_contiguous(array, array.dtype), pointers, dtype
