# SPDX-License-Identifier: BSD-3-Clause
"""A frame -> a file that is there whole, or not at all."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import narwhals as nw
from numpy.typing import NDArray

from multinoulli.tables._engine import optional
from multinoulli.tables._errors import DataError
from multinoulli.tables._read import read_table

if TYPE_CHECKING:
    import polars as pl

__all__ = ["atomic_file", "check_writable", "with_predictions", "write_table"]

_ROWS_A_CHUNK = 100_000


def write_table(frame: Any, path: str | PathLike[str] | None, stream: IO[bytes] | None = None) -> None:
    r"""Write a table in the format that the file's name says; CSV to a stream.

    Floats are written with the fewest digits that read back to the same bits.

    Parameters
    ----------
    frame : data frame or mapping of str to sequence
    path : str or path or None
        ``.csv``, ``.csv.gz``, ``.tsv``, ``.parquet``, ``.jsonl`` or ``.ndjson``. An existing file is replaced.
    stream : binary file, optional
        Where the table goes, as CSV, if `path` is None.

    Raises
    ------
    DataError
        If the ending is unknown, the file cannot be written, or a column cannot be held by the format.
    TypeError
        If neither a path nor a stream is given.
    ImportError
        If polars, of ``multinoulli[cli]``, is not installed.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> write_table({"p": [0.1, None]}, None, stream)
    >>> stream.getvalue()
    b'p\n0.1\n\n'
    """
    table = _as_polars(frame)
    if path is None:
        if stream is None:
            raise TypeError("write_table needs a path, or None and a stream")
        _write_csv(table, stream)
        return
    write = _writer(path)
    with atomic_file(path) as file:
        write(table, file)


def check_writable(path: str | PathLike[str], *, table: bool = False) -> None:
    """Find out before the work, not after it, that a file cannot be written.

    Parameters
    ----------
    path : str or path
    table : bool, default=False
        Whether a table is to be written, so that the ending must name a format.

    Raises
    ------
    DataError
        As `atomic_file` and `write_table` would.
    """
    if table:
        _writer(path)
    final = _destination(path)
    if not os.access(final.parent, os.W_OK | os.X_OK):
        raise DataError(f"cannot write {path}: Permission denied ({final.parent}); give a folder that you can write to")


def with_predictions(frame: Any, columns: Mapping[str, Sequence[Any] | NDArray[Any]]) -> nw.DataFrame[Any]:
    """The table with new columns at its right, one value a row.

    Raises
    ------
    DataError
        If the table already has one of the columns.

    Examples
    --------
    >>> with_predictions({"size": [1.5, 2.0]}, {"prediction": ["a", "b"]}).columns
    ['size', 'prediction']
    """
    table = read_table(frame)
    for name in columns:
        if name in table.columns:
            raise DataError(f"the table already has a column {name!r}, which would be overwritten: rename it")
    backend = table.implementation
    return table.with_columns(*(nw.new_series(name, values, backend=backend) for name, values in columns.items()))


@contextmanager
def atomic_file(path: str | PathLike[str]) -> Iterator[IO[bytes]]:
    """A binary file to write that takes the place of `path` when the block ends, and vanishes if the block fails.

    Parameters
    ----------
    path : str or path
        A new file or one to replace. A symbolic link stays, and the file it points to is replaced.

    Raises
    ------
    DataError
        If the folder is missing or not writable, or the path is there but no regular file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "note.txt"
    >>> with atomic_file(path) as file:
    ...     _ = file.write(b"whole")
    >>> path.read_bytes()
    b'whole'
    """
    final = _destination(path)
    part = final.with_name(f".{final.name[:200]}.{secrets.token_hex(8)}.part")
    try:
        file = part.open("xb")
    except OSError as error:
        raise DataError(f"cannot write {path}: {error.strerror} ({final.parent})") from error
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, final)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _destination(path: str | PathLike[str]) -> Path:
    final = Path(os.path.realpath(path))
    if not final.parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {final.parent}; make it, or give another")
    if final.exists() and not final.is_file():
        raise DataError(f"cannot write {path}: it is there and is not a regular file; give another name")
    return final


def _writer(path: str | PathLike[str]) -> Callable[[pl.DataFrame, IO[bytes]], None]:
    name = Path(path).name.lower()
    for ending, write in _WRITERS.items():
        if name.endswith(ending):
            return write
    raise DataError(f"cannot write {path}: its ending names no format; give one of {', '.join(_WRITERS)}")


def _as_polars(frame: Any) -> pl.DataFrame:
    polars = optional("polars")
    table = read_table(frame) if isinstance(frame, Mapping) else nw.from_native(frame, eager_only=True)
    # Other frames through Python values, which asks for no third library.
    native: pl.DataFrame = (
        table.to_native() if table.implementation.is_polars() else polars.DataFrame(table.to_dict(as_series=False))
    )
    return native


def _write_csv(table: pl.DataFrame, file: IO[bytes] | gzip.GzipFile, separator: str = ",") -> None:
    for name, dtype in table.schema.items():
        if dtype.is_nested() or dtype in (optional("polars").Binary, optional("polars").Object):
            raise DataError(f"column {name!r} holds {dtype}, which CSV cannot: drop it, or write .parquet")
    # In chunks through Python, so that a closed pipe is the BrokenPipeError that callers know.
    for start in range(0, max(1, len(table)), _ROWS_A_CHUNK):
        chunk = table.slice(start, _ROWS_A_CHUNK)
        file.write(chunk.write_csv(separator=separator, include_header=start == 0).encode())


def _write_gzip_csv(table: pl.DataFrame, file: IO[bytes]) -> None:
    # Without a time and a name inside, equal tables give equal files.
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as packed:
        _write_csv(table, packed)


_WRITERS: dict[str, Callable[[pl.DataFrame, IO[bytes]], None]] = {
    ".csv": _write_csv,
    ".csv.gz": _write_gzip_csv,
    ".tsv": lambda table, file: _write_csv(table, file, separator="\t"),
    ".parquet": lambda table, file: table.write_parquet(file),
    ".jsonl": lambda table, file: table.write_ndjson(file),
    ".ndjson": lambda table, file: table.write_ndjson(file),
}
