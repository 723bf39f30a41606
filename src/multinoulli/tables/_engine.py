# SPDX-License-Identifier: BSD-3-Clause
"""DuckDB as the reader of files and queries: in memory, offline, interruptible, and out through an Arrow stream."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import duckdb
    import polars as pl

__all__ = ["Engine", "opened_engine", "optional"]

Result = TypeVar("Result")


def optional(module: str) -> Any:
    """The module, which only the command's extra brings.

    Raises
    ------
    ImportError
        That names the extra, if the module is not installed.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(
            f"reading and writing files needs {module}, which is not installed: pip install 'multinoulli[cli]'"
        ) from error


@contextmanager
def opened_engine() -> Iterator[Engine]:
    """An engine for one read."""
    optional("polars")
    offline = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
    connection = optional("duckdb").connect(":memory:", config={**offline, "temp_directory": tempfile.gettempdir()})
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = true")
        # Otherwise a query could name the local variables of this package as tables.
        connection.execute("SET python_enable_replacements = false")
        yield Engine(connection)
    finally:
        connection.close()


class Engine:
    """A DuckDB connection whose every statement can be stopped with Ctrl-C.

    DuckDB's Arrow stream does not look at signals. So statements run in a second thread, and the first one waits in
    short steps: a wait without an end would sleep through the signal when another thread received it.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a small result."""
        return self._run(lambda: self._connection.execute(query).fetchall())

    def names(self, query: str) -> list[str]:
        """The column names of a query, bound but not run, as DuckDB gives them."""
        return self._run(lambda: list(self._connection.sql(query).columns))

    def frame(self, query: str) -> pl.DataFrame:
        """The whole result."""
        import polars as pl

        return self._run(lambda: pl.DataFrame(_Stream(self._connection.sql(query))))

    def is_one_select(self, query: str) -> bool:
        """Whether the text is a single statement, and one that reads."""
        statements = self._run(lambda: self._connection.extract_statements(query))
        return len(statements) == 1 and statements[0].type.name == "SELECT"

    def _run(self, work: Callable[[], Result]) -> Result:
        with ThreadPoolExecutor(max_workers=1) as pool:
            future = pool.submit(work)
            try:
                while not future.done():
                    wait([future], timeout=0.1)
            except KeyboardInterrupt:
                self._connection.interrupt()
                raise
            return future.result()


class _Stream:
    """The relation as a bare Arrow stream.

    polars remembers the type of what it was given for as long as it lives; DuckDB's own type in its place would keep
    the whole DuckDB module alive at exit, which then reports leaks on stderr.
    """

    def __init__(self, relation: duckdb.DuckDBPyRelation) -> None:
        self._relation = relation

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self._relation.__arrow_c_stream__(requested_schema)
