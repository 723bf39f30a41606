# SPDX-License-Identifier: BSD-3-Clause
"""Columns of text -> columns of numbers, booleans, dates, where *every* value says so.

A CSV file has no types. They are decided here from all rows, never from a sample, so the same file gives the same
types however its rows are ordered. Only forms with one meaning count: ISO dates, but not 01/02/2020.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["typed"]

_LEADING_ZERO = r"^0\d"
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_TIME = r"^\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$"
_INSTANT = r"^\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?$"
_ZONE = r"(Z|[+-]\d{2}:?\d{2})$"


def typed(frame: pl.DataFrame, text: Collection[str] = ()) -> pl.DataFrame:
    """`frame` with each of its text columns in the narrowest type that holds all its values.

    Parameters
    ----------
    frame : polars.DataFrame
        Columns of text, null where a value is missing.
    text : collection of str
        Columns that stay text whatever they hold.
    """
    return frame.with_columns(_typed(column) for column in frame.iter_columns() if column.name not in text)


def _typed(column: pl.Series) -> pl.Series:
    values = column.str.strip_chars()
    # Most columns of text show it in their first values, which spares them the long look.
    head = values.drop_nulls().head(256)
    for reading in _READINGS:
        if len(head) and reading(head) is not None and (read := reading(values)) is not None:
            return read
    return column


def _all(values: pl.Series, pattern: str) -> bool:
    return bool(values.str.contains(pattern).all())


def _kept(values: pl.Series, read: pl.Series) -> pl.Series | None:
    return read if read.null_count() == values.null_count() else None


def _integers(values: pl.Series) -> pl.Series | None:
    import polars as pl

    read = _kept(values, values.cast(pl.Int64, strict=False))
    return None if read is None or _are_codes(values) else read


def _floats(values: pl.Series) -> pl.Series | None:
    import polars as pl

    read = _kept(values, values.cast(pl.Float64, strict=False))
    return None if read is None or read.is_nan().any() or _are_codes(values) else read


def _are_codes(values: pl.Series) -> bool:
    # 01234 is a code, not a number. (The first test is the fast one.)
    return bool(values.filter(values.str.starts_with("0")).str.contains(_LEADING_ZERO).any())


def _booleans(values: pl.Series) -> pl.Series | None:
    lower = values.str.to_lowercase()
    return lower == "true" if lower.is_in(["true", "false"]).all() else None


def _dates(values: pl.Series) -> pl.Series | None:
    return _kept(values, values.str.to_date("%Y-%m-%d", strict=False)) if _all(values, _DATE) else None


def _times(values: pl.Series) -> pl.Series | None:
    if not _all(values, _TIME):
        return None
    return _kept(values, _with_seconds(values).str.to_time("%H:%M:%S%.f", strict=False))


def _instants(values: pl.Series) -> pl.Series | None:
    local = values.str.replace(_ZONE, "")
    if not _all(local, _INSTANT):
        return None
    spaced = _with_seconds(local.str.replace("T", " "))
    if not values.str.contains(_ZONE).any():
        return _kept(values, spaced.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us", strict=False))
    if not _all(values, _ZONE):
        return None
    zones = values.str.extract(_ZONE, 1).str.replace("Z", "+0000").str.replace(":", "")
    instants = (spaced + zones).str.to_datetime("%Y-%m-%d %H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)
    return _kept(values, instants)


def _with_seconds(values: pl.Series) -> pl.Series:
    return values.str.replace(r"(^| )(\d{2}:\d{2})$", "${1}${2}:00")


_READINGS: tuple[Callable[[pl.Series], pl.Series | None], ...] = (
    _integers,
    _floats,
    _booleans,
    _dates,
    _instants,
    _times,
)
