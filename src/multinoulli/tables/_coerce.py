# SPDX-License-Identifier: BSD-3-Clause
"""A column as it arrives -> the kind that a model expects, where that is the same thing in another dress."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from multinoulli.tables._cells import DATE_UNIT, DURATION_UNIT, TIME_UNIT, microseconds_of
from multinoulli.tables._columns import Column, columns_of
from multinoulli.tables._errors import DataError

__all__ = ["coerced"]

_WORDS = {"numeric": "numbers", "boolean": "booleans", "date": "dates", "categorical": "text"}


def coerced(name: str, column: Column, kind: str, unit: str) -> Column:
    """The column in the kind and unit that a model expects.

    A column without any value fits every kind. Text that writes booleans, or ISO dates and times, becomes them;
    durations may come as numbers of days. (Values of a categorical column are made text before, by `columns_of`.)

    Raises
    ------
    DataError
        If the column is of another kind, or a text does not parse.
    """
    if column.kind == "empty":
        values = np.full(column.missing.size, np.nan)
        return column if kind == "categorical" else Column(kind, values, column.missing, unit)
    if column.kind == kind and column.unit == unit:
        return column
    if column.kind == "numeric" and unit == DURATION_UNIT:
        return Column(kind, column.values, column.missing, unit)
    if column.kind == "categorical" and (kind == "boolean" or unit in (DATE_UNIT, TIME_UNIT)):
        parsed = [_parsed(name, row, text, kind, unit) for row, text in enumerate(column.values.tolist())]
        return columns_of({name: parsed})[name]
    raise DataError(
        f"column {name!r} holds {_described(column.kind, column.unit)} where the model was fitted on "
        f"{_described(kind, unit)}{_example(column)}: give the same kind, or fit again"
    )


def _parsed(name: str, row: int, text: str | None, kind: str, unit: str) -> Any:
    if text is None:
        return None
    try:
        if kind == "boolean":
            return {"true": True, "false": False}[text.strip().lower()]
        read: Any = dt.datetime if unit == DATE_UNIT else dt.time
        value = read.fromisoformat(text.strip())
        microseconds_of(value)
    except (KeyError, ValueError):
        wanted = "true or false" if kind == "boolean" else f"an ISO {'date' if unit == DATE_UNIT else 'time'}"
        raise DataError(
            f"column {name!r}, row {row + 1}: {text!r} is not {wanted}: correct it, or leave it empty"
        ) from None
    return value


def _described(kind: str, unit: str) -> str:
    return f"{_WORDS[kind]} ({unit})" if unit else _WORDS[kind]


def _example(column: Column) -> str:
    row = int(np.flatnonzero(~column.missing)[0])
    return f" (row {row + 1}: {column.values[row]!r})" if column.kind == "categorical" else ""
