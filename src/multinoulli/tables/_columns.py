# SPDX-License-Identifier: BSD-3-Clause
"""The one form of a table that the encoder works on: named columns of numbers or of text, free of any data frame."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from multinoulli.tables._cells import (
    DATE_UNIT,
    DURATION_UNIT,
    canonical_text,
    is_missing,
    kind_of,
    microseconds_of,
    number_of,
)
from multinoulli.tables._errors import DataError, nearest
from multinoulli.tables._read import read_table

__all__ = ["Column", "Columns", "columns_of"]

_MICROSECONDS_A_DAY = 86_400_000_000.0
_MACHINE_INTEGERS = (nw.Int8, nw.Int16, nw.Int32, nw.Int64, nw.UInt8, nw.UInt16, nw.UInt32, nw.UInt64)
_WORDS = {"numeric": "numbers", "boolean": "booleans", "date": "dates", "categorical": "text"}


@dataclass(frozen=True, eq=False)
class Column:
    """One column: its kind, its values, and which of them are missing.

    Attributes
    ----------
    kind : {"numeric", "boolean", "date", "categorical", "empty"}
        A column whose values are all missing is "empty" and fits wherever any kind is expected.
    values : ndarray of shape (n_rows,)
        float64, NaN where missing (booleans 0 and 1, dates in days); of a categorical column objects: str, None where
        missing.
    missing : ndarray of bool, shape (n_rows,)
    unit : str
        What the numbers of a date column count.
    """

    kind: str
    values: NDArray[Any]
    missing: NDArray[np.bool_]
    unit: str = ""

    def rows(self, chosen: slice | NDArray[Any]) -> Column:
        """The column of some rows only, in the kind it has."""
        return Column(self.kind, self.values[chosen], self.missing[chosen], self.unit)


class Columns(Mapping[str, Column]):
    """Columns of equal length, by name.

    Parameters
    ----------
    columns : mapping of str to Column
    n_rows : int
    """

    def __init__(self, columns: Mapping[str, Column], n_rows: int) -> None:
        self._columns = dict(columns)
        self.n_rows = n_rows

    def __getitem__(self, name: str) -> Column:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def take(self, rows: NDArray[Any]) -> Columns:
        """The rows that a mask or an array of positions names."""
        taken = {
            name: _column(column.kind, column.values[rows], column.missing[rows], column.unit)
            for name, column in self.items()
        }
        return Columns(taken, int(np.arange(self.n_rows)[rows].size))


def columns_of(
    frame: Any,
    numeric: Collection[str] = (),
    categorical: Collection[str] = (),
    drop: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Columns:
    """The columns of a table, each of the kind that its type says, unless an override says otherwise.

    Numbers of any type are numeric, and NaN among them is missing; dates, times and durations are dates; text and
    categories are categorical. A column of Python objects is what its values are, if they agree.

    Parameters
    ----------
    frame : data frame or mapping of str to sequence
        Whatever `read_table` takes, or a mapping of names to sequences of Python values.
    numeric : collection of str
        Columns of text that write numbers, or of booleans, to read as numbers.
    categorical : collection of str
        Columns to read as text: 1 and 1.0 are both "1", True is "true".
    drop : collection of str
        Columns to leave out.
    only : collection of str, optional
        Leave out all but these; those of them that are absent are left out too.

    Raises
    ------
    DataError
        If an override names an absent column or two overrides one column; if a value is infinite, does not parse, or
        is of another kind than the rest of its column; or if a column is nested or binary.

    Examples
    --------
    >>> columns = columns_of({"size": [1.5, None], "year": [2007, 2008]}, categorical=["year"])
    >>> columns["size"].kind, columns["year"].values.tolist()
    ('numeric', ['2007', '2008'])
    """
    table = _lists(frame) if isinstance(frame, Mapping) else read_table(frame, text=categorical)
    names = list(table if isinstance(table, dict) else table.columns)
    for option, named in (("numeric", numeric), ("categorical", categorical), ("drop", drop)):
        for name in named:
            if name not in names:
                raise DataError(f"{option} names a column {name!r} that the table has not; {nearest(name, names)}")
    if both := sorted(set(numeric) & set(categorical)):
        raise DataError(f"column {both[0]!r} is named both numeric and categorical: name it once")
    kept = [name for name in names if name not in drop and (only is None or name in only)]
    wanted = {**dict.fromkeys(numeric, "numeric"), **dict.fromkeys(categorical, "categorical")}
    if isinstance(table, dict):
        n_rows = len(next(iter(table.values()), []))
        return Columns({name: _of_objects(name, table[name], wanted.get(name)) for name in kept}, n_rows)
    return Columns({name: _of_series(table[name], wanted.get(name)) for name in kept}, len(table))


def _lists(mapping: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    lists = {name: _list(values) for name, values in mapping.items()}
    lengths = {len(values) for values in lists.values()}
    if len(lengths) > 1:
        raise DataError(f"the columns of a mapping must have one length, not {sorted(lengths)}")
    return lists


def _list(values: Sequence[Any]) -> list[Any]:
    if not isinstance(values, np.ndarray):
        return list(values)
    # Finer than microseconds, NumPy would hand out bare integers.
    unit = {"M": "datetime64[us]", "m": "timedelta64[us]"}.get(values.dtype.kind)
    return list((values.astype(unit) if unit else values).tolist())


def _column(kind: str, values: NDArray[Any], missing: NDArray[np.bool_], unit: str = "") -> Column:
    return Column("empty" if missing.all() else kind, values, missing, unit)


def _of_series(series: nw.Series[Any], wanted: str | None) -> Column:
    name, dtype = series.name, series.dtype
    missing = series.is_null().to_numpy().astype(bool)
    if missing.all():
        return _of_objects(name, [None] * len(series), wanted)
    if dtype.is_nested() or dtype == nw.Binary:
        raise _unusable(name, str(dtype))
    if dtype.is_numeric() and wanted != "categorical":
        return _numbers(name, _floats(series, missing))
    if dtype.is_numeric() and not missing.any():
        return _texts_of_numbers(series.to_numpy())
    if dtype == nw.Boolean and wanted is None:
        return _column("boolean", series.cast(nw.Float64).to_numpy().astype(np.float64), missing)
    if dtype in (nw.Date, nw.Datetime) and wanted is None:
        return _days(series.dt.timestamp("us").to_numpy(), missing, DATE_UNIT)
    if dtype == nw.Duration and wanted is None:
        return _days(series.dt.total_microseconds().to_numpy(), missing, DURATION_UNIT)
    if dtype in (nw.String, nw.Categorical, nw.Enum):
        return _texts(name, np.array(series.to_numpy(), object), missing, wanted)
    return _of_objects(name, series.to_list(), wanted)


def _floats(series: nw.Series[Any], missing: NDArray[np.bool_]) -> NDArray[Any]:
    if series.dtype not in _MACHINE_INTEGERS:
        return series.cast(nw.Float64).to_numpy()
    # NumPy rounds integers past 2^53 to the nearest float; some casts refuse them.
    values = (series.fill_null(0) if missing.any() else series).to_numpy().astype(np.float64)
    values[missing] = np.nan
    return values


def _of_objects(name: str, objects: list[Any], wanted: str | None) -> Column:
    missing = np.fromiter(map(is_missing, objects), bool, len(objects))
    if missing.all():
        return _column("empty", np.full(len(objects), np.nan), missing)
    kind = _one_kind(name, objects, missing, wanted)
    if wanted == "categorical" or kind == "categorical":
        texts = np.empty(len(objects), object)
        texts[:] = objects
        return _texts(name, texts, missing, wanted)
    if kind == "date":
        if wanted == "numeric":
            raise DataError(f"column {name!r} holds dates, which are no numbers: take it out of numeric")
        counted = [(0, "") if gone else microseconds_of(value) for value, gone in zip(objects, missing, strict=True)]
        units = {unit for _, unit in counted if unit}
        if len(units) > 1:
            raise DataError(f"column {name!r} mixes dates, times or durations: keep one of them")
        return _days(np.array([count for count, _ in counted], np.float64), missing, units.pop())
    values = np.array([np.nan if gone else _float(value) for value, gone in zip(objects, missing, strict=True)])
    return _column("boolean", values, missing) if kind == "boolean" and wanted is None else _numbers(name, values)


def _one_kind(name: str, objects: list[Any], missing: NDArray[np.bool_], wanted: str | None) -> str:
    first: dict[str, int] = {}
    for row, (value, gone) in enumerate(zip(objects, missing, strict=True)):
        if not gone:
            kind = kind_of(value)
            if kind is None:
                raise _unusable(name, type(value).__name__)
            first.setdefault(kind, row)
    if len(first) > 1 and wanted != "categorical":
        shown = " and ".join(
            f"{_WORDS[kind]} (row {row + 1}: {objects[row]!r})" for kind, row in list(first.items())[:2]
        )
        raise DataError(f"column {name!r} mixes {shown}: clean it, or name it categorical")
    return next(iter(first))


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return float("inf")


def _numbers(name: str, values: NDArray[Any]) -> Column:
    values = values.astype(np.float64, copy=False)
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        raise DataError(
            f"column {name!r}, row {row + 1}: {values[row]} is not a finite number; "
            "leave it empty if it is unknown, or drop the column"
        )
    return _column("numeric", values, np.isnan(values))


def _days(microseconds: NDArray[Any], missing: NDArray[np.bool_], unit: str) -> Column:
    days = microseconds.astype(np.float64) / _MICROSECONDS_A_DAY
    return _column("date", np.where(missing, np.nan, days), missing, unit)


def _texts_of_numbers(numbers: NDArray[Any]) -> Column:
    # Only the distinct numbers are written out.
    distinct, inverse = np.unique(numbers, return_inverse=True)
    missing = np.isnan(numbers) if numbers.dtype.kind == "f" else np.zeros(numbers.size, bool)
    texts = np.array([canonical_text(number) for number in distinct.tolist()], object)[inverse]
    texts[missing] = None
    return _column("categorical", texts, missing)


def _texts(name: str, values: NDArray[Any], missing: NDArray[np.bool_], wanted: str | None) -> Column:
    values[missing] = None
    if wanted == "numeric":
        parsed = [_parsed(name, row, text) for row, text in enumerate(values.tolist())]
        return _numbers(name, np.array(parsed, np.float64))
    if not set(map(type, values)) <= {str, type(None)}:
        values[:] = [None if value is None else canonical_text(value) for value in values.tolist()]
    return _column("categorical", values, missing)


def _parsed(name: str, row: int, text: Any) -> float:
    if text is None:
        return float("nan")
    number = number_of(str(text))
    if number is None:
        raise DataError(
            f"column {name!r}, row {row + 1}: {text!r} is not a number; "
            "correct it, leave it empty if it is unknown, or take the column out of numeric"
        )
    return number


def _unusable(name: str, what: str) -> DataError:
    return DataError(f"column {name!r} holds {what}, which no model column can hold: drop it (--drop {name})")
