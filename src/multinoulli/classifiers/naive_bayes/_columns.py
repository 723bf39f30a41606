# SPDX-License-Identifier: BSD-3-Clause
"""A table column by column: numbers and categories side by side, some of them missing."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_array

MISSING = {"NAType", "NaTType"}  # pandas' own, by name: it need not be there


class Columns:
    """The columns of X as arrays: float64 with NaN for what is missing, or objects.

    `are_categories` says of each column whether its type already tells that it holds categories.
    """

    def __init__(self, arrays: list[NDArray[Any]], are_categories: list[bool]) -> None:
        self.arrays, self.are_categories = arrays, are_categories

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, rows: Any) -> Columns:
        return Columns([array[rows] for array in self.arrays], self.are_categories)

    @classmethod
    def of(cls, X: Any) -> Columns:
        """Those of a data frame, an array, or lists of rows; numbers in an array are not copied."""
        frame = nw.from_native(X, eager_only=True, pass_through=True)
        if isinstance(frame, nw.DataFrame):
            series = list(frame.iter_columns())
            categories = [one.dtype in (nw.Categorical, nw.Enum, nw.Boolean, nw.String) for one in series]
            arrays = [_array(one, known) for one, known in zip(series, categories, strict=True)]
            if not arrays or not len(arrays[0]):
                raise ValueError(f"Found a table of shape {frame.shape}: at least one row and one column are needed")
            return cls(arrays, categories)
        table = X if isinstance(X, np.ndarray) or hasattr(X, "__array__") else np.array(X, dtype=object)
        table = check_array(table, dtype=None, ensure_all_finite=False, input_name="X")
        of_categories = table.dtype.kind in "bSU"
        if of_categories:
            table = table.astype(object)
        return cls(list(table.T), [of_categories] * table.shape[1])

    def categorical(self, given: Any, names: NDArray[Any] | None) -> NDArray[np.bool_]:
        """Which columns are categories, (n_features,): as the parameter `categorical_features` says."""
        n_features = len(self.arrays)
        if isinstance(given, str) and given == "auto":
            pairs = zip(self.arrays, self.are_categories, strict=True)
            return np.array([known or _has_other_than_numbers(array) for array, known in pairs])
        listed = np.asarray([] if given is None else given)
        chosen = np.zeros(n_features, np.bool_)
        if listed.dtype == np.bool_ and listed.shape == (n_features,):
            chosen |= listed
            return chosen
        if listed.ndim != 1 or (listed.size and listed.dtype.kind not in "iuUO"):
            raise ValueError(
                f'categorical_features must be "auto", None, indices, names or a mask of {n_features}, got {given!r}'
            )
        for one in listed.tolist():
            chosen[_index(one, n_features, names)] = True
        return chosen

    def numbers(self, j: int) -> NDArray[np.float64]:
        """Column j, NaN where it is missing."""
        array = self.arrays[j]
        if array.dtype.kind in "iuf":
            values = array.astype(np.float64, copy=False)
        else:
            values = np.array([_number(value, row, j) for row, value in enumerate(array.tolist())], np.float64)
        if np.isinf(values).any():
            raise ValueError(f"Input X contains infinity at row {int(np.argmax(np.isinf(values)))}, column {j}")
        return values

    def values(self, j: int) -> list[Any]:
        """Column j, None where it is missing."""
        return [None if is_missing(value) else value for value in self.arrays[j].tolist()]


def is_missing(value: Any) -> bool:
    """Whether this is None, NaN, or what pandas has for these."""
    return value is None or type(value).__name__ in MISSING or (isinstance(value, float) and value != value)


def in_order(values: Sequence[Any], j: int) -> list[Any]:
    """The distinct values, sorted; those of several types, type by type."""
    try:
        return sorted(set(values), key=lambda value: ("" if isinstance(value, Real) else type(value).__name__, value))
    except TypeError:
        row, bad = next((row, value) for row, value in enumerate(values) if type(value).__hash__ is None)
        raise TypeError(
            f"X has {bad!r} near row {row}, column {j}: the argument must be a string or a number"
        ) from None


def _array(series: Any, known: bool) -> NDArray[Any]:
    if not known:
        array: NDArray[Any] = series.to_numpy()
        if array.dtype.kind in "iufO":
            return array
        raise ValueError(f"column {series.name!r} has dtype {series.dtype}, which is neither numbers nor categories")
    objects = np.empty(len(series), object)
    objects[:] = series.to_list()
    return objects


def _has_other_than_numbers(array: NDArray[Any]) -> bool:
    if array.dtype.kind != "O":
        return array.dtype.kind not in "iuf"
    return any(not is_missing(value) and (isinstance(value, bool) or not isinstance(value, Real)) for value in array)


def _number(value: Any, row: int, j: int) -> float:
    if is_missing(value):
        return np.nan
    if isinstance(value, Real):
        return float(value)
    raise ValueError(
        f"X has {value!r} at row {row}, column {j}, where numbers are expected: list the column in categorical_features"
    )


def _index(one: Any, n_features: int, names: NDArray[Any] | None) -> int:
    if isinstance(one, str):
        if names is None or one not in names:
            known = "X has no column names" if names is None else f"X has the columns {names.tolist()}"
            raise ValueError(f"categorical_features names {one!r}, but {known}")
        return int(np.flatnonzero(names == one)[0])
    if isinstance(one, bool) or not isinstance(one, int) or not -n_features <= one < n_features:
        raise ValueError(f"categorical_features has {one!r}, which is no index of {n_features} columns")
    return one % n_features
