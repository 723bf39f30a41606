# SPDX-License-Identifier: BSD-3-Clause
"""A data frame, a dict, a file or an SQL query -> one eager frame."""

from __future__ import annotations

import difflib
import glob
import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw

from multinoulli.tables._csv import layout_of, literal, read_text_columns
from multinoulli.tables._engine import Engine, opened_engine, optional
from multinoulli.tables._errors import DataError, duplicates_in, named
from multinoulli.tables._types import typed

if TYPE_CHECKING:
    import polars as pl

__all__ = ["read_table"]

_QUERY = re.compile(r"\s*(select|with|from)[\s'\"(*]", re.IGNORECASE)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_NUMBERED = re.compile(r"(.*)_\d+")
_JSON = (".json", ".jsonl", ".ndjson")
_COMPRESSED = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_NOT_TABLES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"PK\x03\x04": "a ZIP archive or a spreadsheet",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
}


def read_table(data: Any, *, text: Collection[str] = ()) -> nw.DataFrame[Any]:
    """A table from wherever it is.

    Parameters
    ----------
    data : data frame, mapping, str or path
        A frame of any make narwhals knows (a lazy one is collected); a mapping of names to sequences of equal length;
        a path, or a pattern such as ``"logs/*.csv"`` whose files have the same columns; or a query that starts with
        SELECT, WITH or FROM, in DuckDB's SQL. Files are CSV (any of ``, ; | tab``, else blank or one of
        ``: ~ ^ # & !`` if all lines agree; plain, gzip or zstd), Parquet or JSON lines, told apart by name, then by
        content.
    text : collection of str
        Columns of CSV files that stay text, whatever their values look like. Names that are absent are ignored.

    Returns
    -------
    narwhals.DataFrame
        Rows in the order of the file. In a CSV file an empty cell and ``NA N/A NaN nan NULL null`` are null, and a
        column has the narrowest type that fits all its values: integer, float, boolean (``true``, ``false``), ISO
        date, time or date and time, else text. A column without a name is called ``column0``, by its position.

    Raises
    ------
    DataError
        If there is no such table, it is none, it has no rows or no columns, or names or rows are not regular.
    TypeError
        If `data` is none of the above.
    ImportError
        If a file, a query or a mapping is read without the packages of ``multinoulli[cli]``.

    Examples
    --------
    >>> read_table({"size": [1.5, 2.0], "sex": ["f", "m"]}).columns
    ['size', 'sex']
    """
    if isinstance(data, Mapping):
        return _checked(_from_mapping(data), "the mapping")
    if isinstance(data, str) and _QUERY.match(data) and not _exists(Path(data)):
        return _checked(_from_query(data), "the query's result")
    if isinstance(data, str | Path):
        return _checked(_from_files(str(data), text), str(data))
    return _checked(_from_frame(data), "the data frame")


def _checked(native: Any, shown: str) -> nw.DataFrame[Any]:
    frame = native if isinstance(native, nw.DataFrame) else nw.from_native(native, eager_only=True)
    if not frame.columns:
        raise DataError(f"{shown} has no columns: give a table with at least one")
    if len(frame) == 0:
        raise DataError(f"{shown} has no rows: give a table with at least one")
    return frame


def _from_frame(data: Any) -> nw.DataFrame[Any]:
    if isinstance(data, nw.DataFrame | nw.LazyFrame):
        frame = data
    else:
        # Before narwhals looks at them; a lazy frame has no such names and would have to run to tell them.
        lazy = hasattr(data, "collect")
        names = [] if lazy else list(getattr(data, "column_names", getattr(data, "columns", ())))
        if others := [name for name in names if not isinstance(name, str)]:
            raise DataError(f"the column name {others[0]!r} is not a str: rename the columns, e.g. map(str, columns)")
        if same := duplicates_in(names):
            raise DataError(f"the data frame has column {named(same)} more than once: rename all but one of them")
        try:
            frame = nw.from_native(data)
        except TypeError as error:
            raise TypeError(
                "data must be a data frame, a mapping of columns, a path or an SQL query, "
                f"not {type(data).__module__}.{type(data).__qualname__}"
            ) from error
    return frame.collect() if isinstance(frame, nw.LazyFrame) else frame


def _from_mapping(data: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    polars = optional("polars")
    try:
        frame: pl.DataFrame = polars.DataFrame({name: _one_number_type(values) for name, values in data.items()})
    except (TypeError, ValueError, polars.exceptions.PolarsError) as error:
        raise DataError(f"the mapping is no table: {str(error).splitlines()[0]}") from error
    return frame


def _one_number_type(values: Sequence[Any]) -> Sequence[Any]:
    kinds = {type(value) for value in values} - {type(None)}
    return [None if value is None else float(value) for value in values] if kinds == {int, float} else values


def _from_query(query: str) -> pl.DataFrame:
    with opened_engine() as engine:
        try:
            one_select = engine.is_one_select(query)
            names = engine.names(query) if one_select else []
        except Exception as error:
            raise _refused(error) from error
        if not one_select:
            raise DataError("the query is not one SELECT: give a single statement that reads")
        if same := duplicates_in(names, ignore_case=True):
            raise DataError(
                f"the query gives column {named(same)} more than once (case does not count): rename with AS"
            )
        try:
            return engine.frame(query)
        except Exception as error:
            raise _refused(error) from error


def _refused(error: Exception) -> DataError:
    return DataError(f"the query failed: {str(error).splitlines()[0]}")


def _from_files(pattern: str, text: Collection[str]) -> pl.DataFrame:
    if _URL.match(pattern):
        raise DataError(f"{pattern} is not a local file: download it first and give its path")
    files = _files(pattern)
    kinds = {_kind(path) for path in files}
    if len(kinds) > 1:
        raise DataError(f"{pattern} matches files of several kinds: give a pattern that matches one")
    kind, compression = kinds.pop()
    with opened_engine() as engine:
        if kind == "csv":
            return _from_csv(engine, files, compression, text)
        return _from_typed_files(engine, files, kind, compression)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long for a name, or with a null character: a query, then
        return False


def _files(pattern: str) -> list[Path]:
    path = Path(pattern).expanduser()
    if _exists(path):
        if path.is_dir():
            raise DataError(f"{pattern} is a directory: give a file, or a pattern such as {pattern.rstrip('/')}/*.csv")
        return [path]
    if glob.has_magic(pattern):
        files = [Path(name) for name in sorted(glob.glob(str(path), recursive=True)) if not Path(name).is_dir()]
        if not files:
            raise DataError(f"{pattern}: no file matches; check the folder and the pattern")
        return files
    near: list[str] = []
    if path.parent.is_dir():
        near = difflib.get_close_matches(path.name, [other.name for other in path.parent.iterdir()], n=1)
    hint = f"did you mean {path.parent / near[0]}?" if near else "check the folder and the name"
    raise DataError(f"{pattern}: no such file; {hint}")


def _kind(path: Path) -> tuple[str, str]:
    """The kind of a file and its compression, in DuckDB's words."""
    if not path.is_file():
        raise DataError(f"{path} is not a regular file: save its content in one")
    try:
        with path.open("rb") as file:
            start = file.read(16)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    if not start:
        raise DataError(f"{path} is empty: give a file with a header and at least one row")
    for magic, what in _NOT_TABLES.items():
        if start.startswith(magic):
            raise DataError(f"{path} is {what}, not a table: give CSV, Parquet or JSON lines")
    compression = next((word for magic, word in _COMPRESSED.items() if start.startswith(magic)), "none")
    endings = [ending.lower() for ending in path.suffixes]
    ending = endings[-2] if endings[-1:] in ([".gz"], [".zst"]) and len(endings) > 1 else (endings or [""])[-1]
    if start.startswith(b"PAR1") or ending in (".parquet", ".pq"):
        return "parquet", "none"
    return ("json" if ending in _JSON else "csv"), compression


def _source(path: Path) -> str:
    # DuckDB reads * ? [ in names as patterns.
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def _from_csv(engine: Engine, files: list[Path], compression: str, text: Collection[str]) -> pl.DataFrame:
    # One file at a time, so that a fault names its file.
    frames: list[pl.DataFrame] = []
    for path in files:
        layout = layout_of(engine, _source(path), str(path), compression)
        if frames:
            _same_columns(frames[0].columns, layout.names, files[0], path)
        frame = read_text_columns(engine, _source(path), str(path), compression, layout)
        frames.append(frame.select(frames[0].columns) if frames else frame)
    return typed(optional("polars").concat(frames), text)


def _from_typed_files(engine: Engine, files: list[Path], kind: str, compression: str) -> pl.DataFrame:
    def query(paths: list[Path]) -> str:
        names = f"[{', '.join(literal(_source(path)) for path in paths)}], hive_partitioning = false"
        if kind == "parquet":
            return f"SELECT * FROM read_parquet({names}, union_by_name = true)"
        # Every row is looked at before the types are fixed, as for CSV.
        return (
            f"SELECT * FROM read_json({names}, records = true, sample_size = -1, maximum_sample_files = {len(paths)}, "
            f"union_by_name = true, compression = {literal(compression)})"
        )

    first, *rest = files
    names = _names(engine, query([first]), first, kind)
    for path in rest:
        _same_columns(names, _names(engine, query([path]), path, kind), first, path)
    try:
        return engine.frame(query(files))
    except Exception as error:
        raise DataError(f"{first} cannot be read as {kind}: {str(error).splitlines()[0]}") from error


def _names(engine: Engine, query: str, path: Path, kind: str) -> list[str]:
    source = literal(_source(path))
    written = f"SELECT name FROM parquet_schema({source})"
    if kind == "json":
        written = f"SELECT DISTINCT unnest(json_keys(json)) FROM read_json_objects({source})"
    try:
        names = engine.names(query)
        # Of names that are equal but for case DuckDB renames the later ones, to a_1 or so, which the file has not.
        folded = {name.casefold() for name in names}
        renamed = {name for name in names if (base := _NUMBERED.match(name)) and base.group(1).casefold() in folded}
        if renamed:
            renamed -= {name for (name,) in engine.rows(written)}
    except Exception as error:
        raise DataError(f"{path} cannot be read as {kind}: {str(error).splitlines()[0]}") from error
    if renamed:
        same = sorted(name.rsplit("_", 1)[0] for name in renamed)
        raise DataError(
            f"{path} has column {named(same)} more than once (case does not count): rename all but one of them"
        )
    return names


def _same_columns(names: Sequence[str], others: Sequence[str], first: Path, path: Path) -> None:
    if set(names) != set(others) or len(names) != len(others):
        less, more = [n for n in names if n not in others], [n for n in others if n not in names]
        parts = ([f"lacks {named(less)}"] if less else []) + ([f"has {named(more)} besides"] if more else [])
        raise DataError(f"{path} {' and '.join(parts)}, compared with {first}: files read together need equal columns")
