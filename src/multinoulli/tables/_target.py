# SPDX-License-Identifier: BSD-3-Clause
"""The target column -> integer labels and the classes that they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli.tables._cells import canonical_text
from multinoulli.tables._columns import Column, Columns, columns_of
from multinoulli.tables._errors import DataError, named, nearest
from multinoulli.tables._read import read_table

__all__ = ["Target", "codes_for", "labels_of"]

_MOST_CLASSES = 1000


class Target(NamedTuple):
    """Labels and their classes.

    Attributes
    ----------
    labels : ndarray of shape (n_rows,), int64
        Positions in `classes`; -1 where the target is missing.
    classes : tuple
        Sorted; all of them str, int, bool or float. Dates are ISO text.
    """

    labels: NDArray[np.int64]
    classes: tuple[Any, ...]


def labels_of(frame: Any, column: str, *, force: bool = False) -> Target:
    """The labels of a table's target column.

    Whole numbers become int, whatever type they came in; other numbers stay float.

    Parameters
    ----------
    frame : data frame, mapping, path or query
    column : str
        The target.
    force : bool, default=False
        Whether to accept a target that looks like a mistake: more than 1,000 classes, or as many classes as rows.

    Raises
    ------
    DataError
        If the column is absent, has an infinite value or mixed kinds, has fewer than two classes, or looks like a
        mistake.

    Examples
    --------
    >>> labels_of({"species": ["b", "a", None, "b"]}, "species")
    Target(labels=array([ 1,  0, -1,  1]), classes=('a', 'b'))
    """
    native, texts = _target_columns(frame, column)
    if texts.kind == "empty":
        raise DataError(f"the target {column!r} is missing in every row: name another column")
    counts = Counter(text for text in texts.values.tolist() if text is not None)
    if len(counts) == 1:
        raise DataError(
            f"the target {column!r} has only one class, {next(iter(counts))!r}: two are the least; name another column"
        )
    if len(counts) > _MOST_CLASSES and not force:
        raise DataError(
            f"the target {column!r} has {len(counts):,} classes, more than {_MOST_CLASSES:,}: "
            "name another column, or take it as it is with force=True (--force)"
        )
    if len(counts) == counts.total() > 2 and not force:
        raise DataError(
            f"the target {column!r} has {len(counts):,} distinct values in {len(counts):,} rows, as an identifier has: "
            "name another column, or take it as it is with force=True (--force)"
        )
    by_class = {_class_of(text, native.kind): text for text in counts}
    classes = tuple(sorted(by_class))
    codes: dict[str | None, int] = {by_class[one]: code for code, one in enumerate(classes)}
    codes[None] = -1
    return Target(np.array([codes[text] for text in texts.values.tolist()], np.int64), classes)


def codes_for(frame: Any, column: str, classes: Sequence[Any]) -> NDArray[np.int64]:
    """The labels of a table's target column among classes that are known, -1 where it is missing.

    A class is found whatever type it comes in: 1, 1.0 and "1" are one class, and so are True and "true".

    Raises
    ------
    DataError
        If the column is absent, or has a value that is not among the classes.

    Examples
    --------
    >>> codes_for({"digit": ["3", None, "1"]}, "digit", [1, 3])
    array([ 1, -1,  0])
    """
    _, texts = _target_columns(frame, column)
    if texts.kind == "empty":
        return np.full(texts.missing.size, -1, np.int64)
    codes: dict[str | None, int] = {canonical_text(one): code for code, one in enumerate(classes)}
    for text in ("true", "false"):
        for one in classes:
            if isinstance(one, str) and one.casefold() == text:
                codes.setdefault(text, codes[one])
    codes[None] = -1
    unknown = Counter(text for text in texts.values.tolist() if text not in codes).most_common()
    if unknown:
        text, count = unknown[0]
        more = f", and {len(unknown) - 1} more classes" if len(unknown) > 1 else ""
        raise DataError(
            f"the target {column!r} holds a class {text!r} ({count} rows{more}) that the model does not know; "
            f"it knows {named(map(str, classes))}: leave those rows out, or fit again"
        )
    return np.array([codes[text] for text in texts.values.tolist()], np.int64)


def _target_columns(frame: Any, column: str) -> tuple[Column, Column]:
    """The column in the kind it has, and as text: text is exact where float64 is not."""
    if isinstance(frame, Columns):
        raise TypeError(
            "labels are read from a table, not from Columns, which have lost the types: give the table itself"
        )
    table = frame if isinstance(frame, Mapping) else read_table(frame)
    names: Collection[str] = list(table) if isinstance(table, Mapping) else table.columns
    if column not in names:
        raise DataError(f"there is no column {column!r} for the target; {nearest(column, names)}")
    native = columns_of(table, only=[column])[column]
    return native, columns_of(table, categorical=[column], only=[column])[column]


def _class_of(text: str, kind: str) -> Any:
    if kind == "boolean":
        return text == "true"
    if kind == "numeric":
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    return text
