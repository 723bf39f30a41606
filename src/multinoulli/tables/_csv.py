# SPDX-License-Identifier: BSD-3-Clause
"""CSV files -> text columns with names, without guessing.

DuckDB can find out separator, header, quotes and rows to skip by itself, but a ragged file makes it guess a table that
is not there (one column of whole lines, or the first rows skipped). So the header decides: its separator and its width
hold for every line, and a line that disagrees is a fault with a number.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from multinoulli.tables._engine import Engine
from multinoulli.tables._errors import DataError, duplicates_in, named

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Layout", "layout_of", "literal", "read_text_columns"]

MISSING = ("", "NA", "N/A", "NaN", "nan", "NULL", "null")

_SEPARATORS = ",\t;|"
_RARE_SEPARATORS = " :~^#&!"
_NUMBER_OR_DATE = re.compile(r"\s*([+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|\d{4}-\d{2}-\d{2}.*)\s*", re.DOTALL)
_SAMPLE_LINES = 64


@dataclass(frozen=True)
class Layout:
    """How a CSV file is to be read: blank lines to skip, separator, whether names come first, and the column names."""

    skip: int
    separator: str
    has_header: bool
    names: tuple[str, ...]


def literal(text: str) -> str:
    """The text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def layout_of(engine: Engine, source: str, shown: str, compression: str) -> Layout:
    """The layout that the first lines of a file show.

    The first line is a header unless one of its cells is a number or a date; without a header the columns are
    `column0`, `column1`, ...; so is a column with an empty name.

    Parameters
    ----------
    engine : Engine
    source : str
        The file as DuckDB takes it.
    shown : str
        The file as errors name it.
    compression : str
        DuckDB's word for it.

    Raises
    ------
    DataError
        If the file is empty or binary, or two columns have one name (DuckDB ignores case in names).
    """
    lines = _first_lines(engine, source, shown, compression)
    if not any(line.strip() for line in lines):
        raise DataError(f"{shown} is empty: give a file with a header and at least one row")
    if any("\0" in line for line in lines):
        raise DataError(f"{shown} is not a table but a binary file: give CSV, Parquet or JSON lines")
    skip = next(number for number, line in enumerate(lines) if line.strip())
    separator = _separator_of(lines[skip:])
    first = next(csv.reader(lines[skip:], delimiter=separator))
    if any(_NUMBER_OR_DATE.fullmatch(cell) for cell in first):
        return Layout(skip, separator, False, tuple(f"column{position}" for position in range(len(first))))
    names = tuple(cell.strip() or f"column{position}" for position, cell in enumerate(first))
    if same := duplicates_in(names, ignore_case=True):
        raise DataError(f"{shown} has column {named(same)} more than once (case does not count): rename all but one")
    return Layout(skip, separator, True, names)


def read_text_columns(engine: Engine, source: str, shown: str, compression: str, layout: Layout) -> pl.DataFrame:
    """All the columns as text, null where a cell is a missing-value marker.

    Raises
    ------
    DataError
        If a line has more or fewer cells than the header, a quote is not closed, or the text is not UTF-8.
    """
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in layout.names)
    query = (
        f"SELECT * FROM read_csv({literal(source)}, auto_detect = false, columns = {{{columns}}}, "
        f"delim = {literal(layout.separator)}, quote = '\"', escape = '\"', comment = '', skip = {layout.skip}, "
        f"header = {str(layout.has_header).lower()}, nullstr = [{', '.join(map(literal, MISSING))}], "
        f"compression = {literal(compression)}, hive_partitioning = false)"
    )
    try:
        return engine.frame(query)
    except Exception as error:
        raise _fault(error, shown, len(layout.names)) from error


def _first_lines(engine: Engine, source: str, shown: str, compression: str) -> list[str]:
    # A separator that no text holds makes every line one cell; DuckDB undoes compression and byte order mark.
    query = (
        f"SELECT line FROM read_csv({literal(source)}, auto_detect = false, columns = {{'line': 'VARCHAR'}}, "
        "header = false, delim = '\x1f', quote = '', escape = '', comment = '', strict_mode = false, "
        f"compression = {literal(compression)}, hive_partitioning = false) LIMIT {_SAMPLE_LINES}"
    )
    try:
        return [f"{line or ''}\n" for (line,) in engine.rows(query)]
    except Exception as error:
        raise _fault(error, shown, 1) from error


def _separator_of(lines: list[str]) -> str:
    def widths(separator: str) -> list[int]:
        # The last line of the sample may be the first half of a quoted cell.
        records = islice(csv.reader(lines, delimiter=separator), max(1, len(lines) - 1))
        return [len(record) for record in records if record]

    best = max(_SEPARATORS, key=lambda separator: widths(separator)[0])
    if widths(best)[0] > 1:
        return best
    # Rare ones can also be part of a text, so all lines must agree on them.
    for separator in _RARE_SEPARATORS:
        if len(set(widths(separator))) == 1 and widths(separator)[0] > 1:
            return separator
    return ","


def _fault(error: Exception, shown: str, width: int) -> DataError:
    message = str(error)
    line = re.search(r"CSV Error on Line: (\d+)", message)
    where = f"{shown}, line {line.group(1)}" if line else shown
    if found := re.search(r"Expected Number of Columns: \d+ Found: (\d+)", message):
        content = re.search(r"Original Line: (.*)", message)
        text = f": {content.group(1)[:80]!r}" if content else ""
        return DataError(
            f"{where} has {found.group(1)} cells where the first line has {width}{text}; "
            "add or remove a separator, or put quotes around a cell that contains one"
        )
    if "unterminated quote" in message:
        return DataError(
            f"{where} opens a quote that is never closed: close it, or double it if it is part of the text"
        )
    if "utf-8" in message.lower() or "unicode" in message.lower():
        return DataError(f"{where} is not UTF-8 text: if it is a table, save it as CSV in UTF-8")
    if "invalid state" in message:
        return DataError(f"{shown} cannot be read as CSV: its quotes or its line endings are mixed, or it is no table")
    details = [text for text in message.splitlines() if text and "CSV Error on Line" not in text]
    reason = next((text for text in details if not text.startswith("Original Line")), "unknown fault")
    return DataError(f"{where} cannot be read as CSV: {reason[:200]}")
