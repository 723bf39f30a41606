# SPDX-License-Identifier: BSD-3-Clause
"""From the encoder's matrix to what an estimator takes, where that is not the matrix itself."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from multinoulli.tables import DataError, TableEncoder

# Entries of a sparse matrix that is made dense (1 GB).
MAX_DENSE = 1 << 27


def as_encoded(encoder: TableEncoder, X: Any) -> Any:
    """The matrix itself."""
    return X


def dense(encoder: TableEncoder, X: Any) -> NDArray[np.float64]:
    """The matrix, not sparse."""
    if sparse.issparse(X):
        n_rows, n_features = X.shape
        if n_rows * n_features > MAX_DENSE:
            raise DataError(
                f"{n_rows:,} rows of {n_features:,} features are too many for a model that needs all at once: take "
                "softmax, naive-bayes or mlp, or drop the columns with the most levels"
            )
        X = X.toarray()
    return np.asarray(X)


def columns(encoder: TableEncoder, X: Any) -> NDArray[np.float64]:
    """The table's columns again, (n_rows, n_columns): numbers standardised, codes of levels; NaN where missing.

    A level that the encoder does not know has a code that no training row has, unless training rows had others, too.
    """
    groups = _groups(encoder)
    out = np.empty((X.shape[0], len(groups)))
    for j, (kinds, places) in enumerate(groups):
        block = X[:, places]
        block = block.toarray() if sparse.issparse(block) else block
        present = [k for k, kind in enumerate(kinds) if kind != "missing"]
        if not present:  # nothing is known of the column but whether it is missing
            out[:, j] = block[:, 0]
            continue
        values = block[:, present]
        if _is_categorical(kinds):
            out[:, j] = np.where(values.any(axis=1), np.argmax(values, axis=1), len(present))
        else:
            out[:, j] = values[:, 0]
        if "missing" in kinds:
            out[block[:, kinds.index("missing")] > 0, j] = np.nan
    return out


def categorical(encoder: TableEncoder) -> list[bool]:
    """Which of `columns` hold codes."""
    return [_is_categorical(kinds) for kinds, _ in _groups(encoder)]


def _is_categorical(kinds: list[str]) -> bool:
    return kinds[0] not in ("numeric", "date", "boolean")


def _groups(encoder: TableEncoder) -> list[tuple[list[str], list[int]]]:
    """For every column of the table the kinds and the places of its features."""
    found: dict[str, tuple[list[str], list[int]]] = {}
    for place, feature in enumerate(encoder.features_):
        kinds, places = found.setdefault(feature.column, ([], []))
        kinds.append(feature.kind)
        places.append(place)
    return list(found.values())
