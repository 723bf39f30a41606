# SPDX-License-Identifier: BSD-3-Clause
"""Faults in the user's data, and the nearest name for one that was mistyped."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = ["DataError", "duplicates_in", "named", "nearest"]


class DataError(ValueError):
    """A fault in the user's data: one line that names the file, column, row or value, and the way out.

    Rows are counted from 1 and the header is not one of them.
    """


def named(names: Iterable[str], limit: int = 8) -> str:
    """The names in quotes, the first `limit` of them.

    Examples
    --------
    >>> named(["a", "b", "c"], limit=2)
    "'a', 'b' and 1 more"
    """
    names = [repr(name) for name in names]
    rest = len(names) - limit
    return ", ".join(names[:limit]) + (f" and {rest} more" if rest > 0 else "")


def nearest(name: str, names: Iterable[str], what: str = "columns") -> str:
    """What to say after "there is no `name`": the name that was probably meant, or those there are.

    Examples
    --------
    >>> nearest("Iland", ["island", "sex"])
    "did you mean 'island'?"
    >>> nearest("colour", ["island", "sex"])
    "the columns are 'island', 'sex'"
    """
    names = list(names)
    folded = {other.casefold(): other for other in reversed(names)}
    close = difflib.get_close_matches(name.casefold(), folded, n=1)
    if names[:1] == ["column0"]:
        return f"the {what} have no names, since the first line holds a number or a date: put a line of names before it"
    if close:
        return f"did you mean {folded[close[0]]!r}?"
    return f"the {what} are {named(names)}" if names else f"there are no {what}"


def duplicates_in(names: Sequence[str], *, ignore_case: bool = False) -> list[str]:
    """Every name that occurs more than once, in its order.

    Examples
    --------
    >>> duplicates_in(["a", "b", "A"]), duplicates_in(["a", "b", "A"], ignore_case=True)
    ([], ['a', 'A'])
    """
    keys = [name.casefold() if ignore_case else name for name in names]
    counts: dict[str, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    return list(dict.fromkeys(name for name, key in zip(names, keys, strict=True) if counts[key] > 1))
