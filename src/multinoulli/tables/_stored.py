# SPDX-License-Identifier: BSD-3-Clause
"""Codecs <-> what JSON can hold. What is read is checked before it is believed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from multinoulli.tables._cells import DATE_UNIT, DURATION_UNIT, TIME_UNIT
from multinoulli.tables._codecs import LevelCodec, NumberCodec

__all__ = ["codec_from_dict", "codec_to_dict", "known_fields"]

_UNITS = {"numeric": ("",), "boolean": ("",), "date": (DATE_UNIT, TIME_UNIT, DURATION_UNIT)}


def codec_to_dict(codec: NumberCodec | LevelCodec) -> dict[str, Any]:
    """The codec's fields; a `LevelCodec` is the one with levels."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(codec).items()}


def codec_from_dict(stored: Any) -> NumberCodec | LevelCodec:
    """The codec that `codec_to_dict` wrote.

    Raises
    ------
    ValueError
        If a field is absent, unknown, of another type or out of range.
    """
    if not isinstance(stored, Mapping):
        raise ValueError(f"a stored column must be an object, not {stored!r}")
    kind: type[NumberCodec | LevelCodec] = LevelCodec if "levels" in stored else NumberCodec
    types = {field.name: field.type for field in fields(kind)}
    known_fields("a stored column", stored, types)
    for name, value in stored.items():
        if not _fits(value, str(types[name])):
            raise ValueError(f"a stored column has {name} = {value!r}: it must be {types[name]}")
    values: dict[str, Any] = {n: tuple(value) if isinstance(value, list) else value for n, value in stored.items()}
    codec = kind(**values)
    if isinstance(codec, LevelCodec):
        regular = codec.kind == "categorical" and codec.unit == "" and list(codec.levels) == sorted(set(codec.levels))
    else:
        regular = codec.unit in _UNITS.get(codec.kind, ()) and codec.spread > 0
    if not regular or codec.width < 1:
        raise ValueError(f"the stored column {codec.name!r} is not one that a fit gives: {dict(stored)!r}")
    return codec


def known_fields(what: str, stored: Mapping[str, Any], names: Mapping[str, Any]) -> None:
    """Raise ValueError unless the stored fields are exactly those named."""
    if absent := sorted(set(names) - set(stored)):
        raise ValueError(f"{what} lacks {absent[0]!r}")
    if unknown := sorted(set(stored) - set(names)):
        raise ValueError(f"{what} has an unknown field {unknown[0]!r}")


def _fits(value: Any, type_name: str) -> bool:
    if type_name == "bool":
        return isinstance(value, bool)
    if type_name == "float":
        return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    if type_name == "str":
        return isinstance(value, str)
    return isinstance(value, list) and bool(value) and all(isinstance(level, str) for level in value)
