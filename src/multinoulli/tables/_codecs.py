# SPDX-License-Identifier: BSD-3-Clause
"""One column <-> its block of the design matrix: numbers standardised, levels one-hot.

A codec is a frozen value with its learned numbers. `entries` gives a block as triples (rows, columns, values), which
fit a dense and a sparse matrix alike.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli.tables._cells import DATE_UNIT, TIME_UNIT
from multinoulli.tables._columns import Column

__all__ = ["Entries", "Feature", "LevelCodec", "NumberCodec", "fit_levels", "fit_number"]

Entries = Iterator[tuple[Any, Any, Any]]

# A standardised value past this is cut: a single cell must not make the scores overflow.
_LARGEST = 1e100
# What lies nearer together than this cannot be told apart in halves.
_SMALLEST_SPREAD = 1e-300
_EPOCH = dt.datetime(1970, 1, 1)


@dataclass(frozen=True)
class Feature:
    """One column of the design matrix.

    Attributes
    ----------
    name : str
        Unique, for people: ``bill_length_mm``, ``island=Biscoe``, ``sex is missing``.
    column : str
        The column of the table that it comes from.
    kind : {"numeric", "date", "boolean", "level", "other", "missing"}
    detail : str
        What a value of 1 means: the level, or the unit and the mean that 0 stands for.
    center, spread : float
        Matrix value = (table value - center) / spread; dates in days.
    """

    name: str
    column: str
    kind: str
    detail: str
    center: float = 0.0
    spread: float = 1.0


@dataclass(frozen=True)
class NumberCodec:
    """A numeric, date or boolean column: missing values filled, standardised, and marked in a column of their own."""

    name: str
    kind: str
    unit: str
    fill: float
    center: float
    spread: float
    has_value: bool
    has_missing: bool

    @property
    def width(self) -> int:
        return self.has_value + self.has_missing

    @property
    def density(self) -> float:
        """Entries a row that are not zero, about."""
        return float(self.has_value)

    def features(self) -> Iterator[Feature]:
        if self.has_value:
            yield Feature(self.name, self.name, self.kind, self._meaning(), self.center, self.spread)
        if self.has_missing:
            yield Feature(f"{self.name} is missing", self.name, "missing", "the value is missing")

    def _meaning(self) -> str:
        if self.kind == "boolean":
            return "true"
        days = " days" if self.kind == "date" else ""
        center = _as_written(self.center, self.unit)
        return f"{self.spread:.6g}{days} above the mean, {center if isinstance(center, str) else f'{center:.6g}'}"

    def entries(self, column: Column, offset: int) -> Entries:
        if self.has_value:
            values = np.where(column.missing, self.fill, column.values)
            # Halves, since the difference of two large numbers overflows.
            with np.errstate(over="ignore"):
                scaled = (values * 0.5 - self.center * 0.5) / (self.spread * 0.5)
            yield slice(None), offset, np.clip(scaled, -_LARGEST, _LARGEST)
        if self.has_missing:
            yield np.flatnonzero(column.missing), offset + self.has_value, 1.0

    def unseen(self, column: Column) -> dict[str, int]:
        return {}

    def probes(self) -> list[Any]:
        if self.kind == "boolean":
            return [False, True, None, True]
        steps = np.array([0.0, -1.0, 1.0, -0.5, 2.0, 0.25, -2.0])
        with np.errstate(over="ignore"):
            numbers = np.nan_to_num(self.center + steps * self.spread)
        raw = [_as_written(float(number), self.unit) for number in (self.fill, *numbers[1:])]
        return [*raw[:3], None, *raw[3:]]


@dataclass(frozen=True)
class LevelCodec:
    """A categorical column: a matrix column for each frequent level, for missing, and for all the other levels."""

    name: str
    levels: tuple[str, ...]
    has_missing: bool
    has_other: bool
    kind: str = "categorical"
    unit: str = ""

    @property
    def width(self) -> int:
        return len(self.levels) + self.has_missing + self.has_other

    @property
    def density(self) -> float:
        """Entries a row that are not zero, about."""
        return 1.0

    def features(self) -> Iterator[Feature]:
        for level in self.levels:
            yield Feature(f"{self.name}={level}", self.name, "level", level)
        if self.has_missing:
            yield Feature(f"{self.name}=(missing)", self.name, "missing", "the value is missing")
        if self.has_other:
            yield Feature(f"{self.name}=(other)", self.name, "other", "a rare level, or one that the fit never saw")

    def entries(self, column: Column, offset: int) -> Entries:
        other = len(self.levels) + self.has_missing if self.has_other else -1
        codes = self._lookup({None: len(self.levels) if self.has_missing else other})
        found = np.fromiter(map(codes.get, self._texts(column), repeat(other)), np.int64, column.missing.size)
        rows = np.flatnonzero(found >= 0)
        yield rows, offset + found[rows], 1.0

    def unseen(self, column: Column) -> dict[str, int]:
        known = self._lookup({})
        counts = Counter(self._texts(column)).most_common()
        return {level: count for level, count in counts if level is not None and level not in known}

    def probes(self) -> list[Any]:
        unseen = "a level the fit never saw"
        while unseen in self.levels:
            unseen += "?"
        picked = [self.levels[i] for i in np.linspace(0, len(self.levels) - 1, min(5, len(self.levels))).astype(int)]
        return [*picked[:3], None, unseen, *picked[3:]]

    def _lookup(self, extra: dict[str | None, int]) -> dict[str | None, int]:
        codes: dict[str | None, int] = {level: code for code, level in enumerate(self.levels)}
        # The level "True" may arrive as a boolean, which is written "true".
        for level in self.levels:
            if level.casefold() in ("true", "false"):
                codes.setdefault(level.casefold(), codes[level])
        return codes | extra

    @staticmethod
    def _texts(column: Column) -> list[str | None]:
        return [None] * column.missing.size if column.kind == "empty" else column.values.tolist()


def fit_number(name: str, column: Column) -> tuple[NumberCodec | None, str]:
    """The codec of a numeric, date or boolean column, and a note on what it leaves out, or an empty one."""
    known = column.values[~column.missing]
    has_missing = bool(column.missing.any())
    fill = float(_median(known)) if column.kind != "boolean" else float(known.mean() > 0.5)
    center, spread = 0.0, 1.0
    constant = bool((known == known[0]).all())
    if column.kind != "boolean" and not constant:
        center, spread = _mean_and_sd(np.where(column.missing, fill, column.values))
        constant = spread < _SMALLEST_SPREAD
    note = ""
    if constant:
        shown = bool(fill) if column.kind == "boolean" else f"{fill:.6g}"
        note = f"column {name!r} is left out: its value is always {shown}"
        note += ", but whether it is missing is kept" if has_missing else ""
        if not has_missing:
            return None, note
    return NumberCodec(name, column.kind, column.unit, fill, center, spread, not constant, has_missing), note


def fit_levels(name: str, column: Column, min_count: int, max_levels: int) -> tuple[LevelCodec | None, str]:
    """The codec of a categorical column, and a note on what it leaves out, or an empty one."""
    counts = Counter(column.values[~column.missing].tolist())
    frequent = sorted(
        (level for level in counts if counts[level] >= min_count), key=lambda level: (-counts[level], level)
    )
    has_missing = bool(column.missing.any())
    kept = tuple(sorted(frequent[:max_levels]))
    if not kept:
        return None, (
            f"column {name!r} is left out: none of its {len(counts):,} levels has {min_count} rows or more "
            "(an identifier, or free text?)"
        )
    codec = LevelCodec(name, kept, has_missing, len(kept) < len(counts))
    if codec.width == 1:
        return None, f"column {name!r} is left out: its value is always {kept[0]!r}"
    if len(frequent) > len(kept):
        return (
            codec,
            f"column {name!r} has {len(frequent):,} frequent levels: all but the top {max_levels:,} share a column",
        )
    return codec, ""


def _median(values: NDArray[np.float64]) -> float:
    middle = np.partition(values, [(values.size - 1) // 2, values.size // 2])
    # Halves first: the sum of the two may overflow.
    return float(middle[(values.size - 1) // 2] * 0.5 + middle[values.size // 2] * 0.5)


def _mean_and_sd(values: NDArray[np.float64]) -> tuple[float, float]:
    # Powers of two move the numbers to where neither sums nor squares overflow or vanish, and lose no bit.
    size = _power_of_two(values)
    center = float((values / size).mean() * size)
    apart = values * 0.5 - center * 0.5
    size = _power_of_two(apart)
    scaled = apart / size
    scaled -= scaled.mean()
    return center, float(np.sqrt((scaled * scaled).mean()) * size * 2.0)


def _power_of_two(values: NDArray[np.float64]) -> float:
    return float(np.ldexp(1.0, max(-1000, int(np.frexp(np.abs(values).max())[1]) - 1)))


def _as_written(number: float, unit: str) -> Any:
    """A number of a date column as JSON can hold it: ISO text, but durations as days."""
    if unit == DATE_UNIT:
        days = min(max(number, -700_000.0), 2_900_000.0)
        return (_EPOCH + dt.timedelta(days=days)).isoformat()
    if unit == TIME_UNIT:
        seconds = min(max(number, 0.0), 0.999) * 86_400
        return (_EPOCH + dt.timedelta(seconds=seconds)).time().isoformat()
    return number
