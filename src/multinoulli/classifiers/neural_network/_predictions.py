# SPDX-License-Identifier: BSD-3-Clause
"""The scores of a network, the same bits for a row whatever stands beside it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli._threads import single_threaded_blas
from multinoulli.classifiers.neural_network._network import Layers, Network, Pass

BLOCK = 64  # rows, always as many: BLAS may add in another order for another number, so the last block is padded


def network_scores(layers: Layers, activation: str, X: Any, n_threads: int) -> NDArray[np.float64]:
    """Scores of shape (n_samples, n_classes), computed in the dtype of the weights, in float64 where that overflows.

    X is finite.
    """
    with single_threaded_blas():
        scores = _scores(layers, activation, X, n_threads)
        overflown = ~np.isfinite(scores[:, layers[-1][1] > -np.inf]).all(axis=1)
        if overflown.any():
            wide = [(weights.astype(np.float64), intercepts.astype(np.float64)) for weights, intercepts in layers]
            scores[overflown] = again = _scores(wide, activation, X[overflown], n_threads)
            lost = ~np.isfinite(again[:, layers[-1][1] > -np.inf]).all(axis=1)
            if lost.any():
                row = int(np.flatnonzero(overflown)[np.argmax(lost)])
                raise ValueError(f"X has values too large at row {row}: its scores overflow; scale the columns of X")
    return scores


def _scores(layers: Layers, activation: str, X: Any, n_threads: int) -> NDArray[np.float64]:
    network = Network((layers[0][0].shape[0], *(len(intercepts) for _, intercepts in layers)), activation)
    n, dtype = X.shape[0], layers[0][0].dtype
    out = np.empty((n, network.sizes[-1]))

    @np.errstate(all="ignore")  # of every thread
    def of_span(span: range) -> None:
        forward, padded = Pass(network, BLOCK, dtype), None
        for begin in span:
            rows: Any = X[begin : begin + BLOCK]
            n_rows = rows.shape[0]
            if sparse.issparse(rows):
                rows = rows.astype(dtype)  # a copy
                rows.resize(BLOCK, rows.shape[1])
            elif n_rows < BLOCK or rows.dtype != dtype or not rows.flags.c_contiguous:
                padded = np.zeros((BLOCK, rows.shape[1]), dtype) if padded is None else padded
                padded[:n_rows] = rows
                rows = padded
            out[begin : begin + n_rows] = forward.scores(rows, layers)[:n_rows]

    starts = range(0, n, BLOCK)
    n_threads = min(n_threads, len(starts))
    if n_threads <= 1:
        of_span(starts)
        return out
    each = -(-len(starts) // n_threads)
    with ThreadPoolExecutor(n_threads, thread_name_prefix="multinoulli") as pool:
        list(pool.map(of_span, [starts[i : i + each] for i in range(0, len(starts), each)]))
    return out
