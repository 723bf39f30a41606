# SPDX-License-Identifier: BSD-3-Clause
"""Single values: their kind, their canonical text, and the numbers that dates and text stand for."""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = [
    "DATE_UNIT",
    "DURATION_UNIT",
    "TIME_UNIT",
    "canonical_text",
    "is_missing",
    "kind_of",
    "microseconds_of",
    "number_of",
]

DATE_UNIT = "days since 1970-01-01 UTC"
DURATION_UNIT = "days"
TIME_UNIT = "days since midnight"

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_NUMBER = re.compile(r"[+-]?(inf(inity)?|(\d+\.?\d*|\.\d+)(e[+-]?\d+)?)", re.IGNORECASE | re.ASCII)


def is_missing(value: Any) -> bool:
    """Whether the value is None, NaN, or the missing value of a data-frame library."""
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, Real | Decimal) and bool(value != value)


def kind_of(value: Any) -> str | None:
    """The kind of column that a value belongs in; None if there is none.

    Examples
    --------
    >>> kind_of(True), kind_of(1), kind_of("a"), kind_of([1])
    ('boolean', 'numeric', 'categorical', None)
    """
    if isinstance(value, bool | np.bool_):
        return "boolean"
    if isinstance(value, Real | Decimal):
        return "numeric"
    if isinstance(value, str):
        return "categorical"
    return "date" if isinstance(value, dt.date | dt.time | dt.timedelta) else None


def canonical_text(value: Any) -> str:
    """One text for every way to write a value, so that a level is found again whatever type it arrives in.

    Examples
    --------
    >>> import datetime
    >>> [canonical_text(value) for value in (1, 1.0, 0.5, True, "x", datetime.datetime(2020, 1, 31))]
    ['1', '1', '0.5', 'true', 'x', '2020-01-31']
    """
    kind = kind_of(value)
    if kind == "boolean":
        return "true" if value else "false"
    if kind == "numeric":
        if isinstance(value, Integral):
            return str(int(value))
        return str(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))
    if isinstance(value, dt.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(dt.UTC)
        day, time = value.date().isoformat(), value.timetz()
        # Some data frames have no dates, only midnights.
        return day if value.tzinfo is None and time == dt.time(0) else f"{day} {time.isoformat()}"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def number_of(text: str) -> float | None:
    """The number that the text writes; None if it writes none.

    Examples
    --------
    >>> number_of(" 1e3 "), number_of("1,5")
    (1000.0, None)
    """
    text = text.strip()
    return float(text) if _NUMBER.fullmatch(text) else None


def microseconds_of(value: dt.date | dt.time | dt.timedelta) -> tuple[int, str]:
    """The microseconds that a date (since 1970), a time (since midnight) or a duration stands for, and their unit."""
    if isinstance(value, dt.timedelta):
        return value // _MICROSECOND, DURATION_UNIT
    if isinstance(value, dt.time):
        return (((value.hour * 60 + value.minute) * 60) + value.second) * 1_000_000 + value.microsecond, TIME_UNIT
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day)
    if value.tzinfo is None:
        value = value.replace(tzinfo=dt.UTC)
    return (value - _EPOCH) // _MICROSECOND, DATE_UNIT
