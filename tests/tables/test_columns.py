# SPDX-License-Identifier: BSD-3-Clause
"""Every type of every data frame becomes the same few kinds of column."""

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multinoulli.tables import Columns, DataError, columns_of

EAST = dt.timezone(dt.timedelta(hours=6))
MIXED = {
    "integer": [1, None, -3],
    "float": [1.5, float("nan"), None],
    "decimal": [Decimal("1.5"), None, Decimal("-0.25")],
    "boolean": [True, None, False],
    "text": ["a", None, ""],
    "day": [dt.date(1970, 1, 2), None, dt.date(1969, 12, 31)],
    "instant": [dt.datetime(1970, 1, 1, 12), None, dt.datetime(1970, 1, 3, 6)],
    "zoned": [dt.datetime(1970, 1, 1, 12, tzinfo=EAST), None, dt.datetime(1970, 1, 2, tzinfo=dt.UTC)],
    "duration": [dt.timedelta(days=1, hours=12), None, dt.timedelta(microseconds=-86_400)],
    "time": [dt.time(6), None, dt.time(18, 0, 0)],
    "nothing": [None, None, None],
}
NAN = float("nan")
EXPECTED = {
    "integer": ("numeric", [1, NAN, -3], ""),
    "float": ("numeric", [1.5, NAN, NAN], ""),
    "decimal": ("numeric", [1.5, NAN, -0.25], ""),
    "boolean": ("boolean", [1, NAN, 0], ""),
    "text": ("categorical", ["a", None, ""], ""),
    "day": ("date", [1, NAN, -1], "days since 1970-01-01 UTC"),
    "instant": ("date", [0.5, NAN, 2.25], "days since 1970-01-01 UTC"),
    "zoned": ("date", [0.25, NAN, 1], "days since 1970-01-01 UTC"),
    "duration": ("date", [1.5, NAN, -1e-6], "days"),
    "time": ("date", [0.25, NAN, 0.75], "days since midnight"),
    "nothing": ("empty", [NAN, NAN, NAN], ""),
}
FRAMES = {
    "mapping": lambda: MIXED,
    "polars": lambda: pl.DataFrame(MIXED),
    "pandas": lambda: pd.DataFrame(MIXED),
    "pandas of objects": lambda: pd.DataFrame(MIXED, dtype=object),
    "pandas on arrow": lambda: pa.table(MIXED).to_pandas(types_mapper=pd.ArrowDtype),
    "pyarrow": lambda: pa.table(MIXED),
}


def same(column, kind, values, unit=""):
    assert (column.kind, column.unit) == (kind, unit)
    missing = [value is None or value != value for value in values]
    assert column.missing.dtype == bool
    assert column.missing.tolist() == missing
    if kind == "categorical":
        assert column.values.tolist() == values
    elif kind != "empty":
        assert column.values.dtype == np.float64
        np.testing.assert_array_equal(column.values, np.array(values, float))


@pytest.mark.parametrize("make", FRAMES)
def test_every_type_of_every_frame(make):
    columns = columns_of(FRAMES[make]())
    assert list(columns) == list(EXPECTED)
    assert columns.n_rows == 3
    for name, (kind, values, unit) in EXPECTED.items():
        same(columns[name], kind, values, unit)


def test_more_types():
    frame = pl.DataFrame(
        {
            "category": pl.Series(["a", None, "b"], dtype=pl.Categorical),
            "enum": pl.Series(["a", None, "b"], dtype=pl.Enum(["b", "a"])),
            "large": pl.Series([2**64 - 1, None, 0], dtype=pl.UInt64),
            "huge": pl.Series([2**100, None, 0], dtype=pl.Int128),
            "half": pl.Series([0.1, None, 0.5], dtype=pl.Float32),
            "fine": pl.Series([dt.datetime(1970, 1, 2), None, None], dtype=pl.Datetime("ns")),
        }
    )
    columns = columns_of(frame)
    same(columns["category"], "categorical", ["a", None, "b"])
    same(columns["enum"], "categorical", ["a", None, "b"])
    same(columns["large"], "numeric", [2.0**64, NAN, 0])
    same(columns["huge"], "numeric", [2.0**100, NAN, 0])
    same(columns["half"], "numeric", [float(np.float32(0.1)), NAN, 0.5])
    same(columns["fine"], "date", [1, NAN, NAN], "days since 1970-01-01 UTC")


def test_pandas_with_its_own_missing_values():
    frame = pd.DataFrame(
        {
            "integer": pd.array([1, None], dtype="Int64"),
            "boolean": pd.array([True, None], dtype="boolean"),
            "category": pd.Categorical(["a", None]),
            "numbers": pd.Categorical([1, None]),
            "object": pd.Series(["a", pd.NA], dtype=object),
            "date": pd.Series([pd.Timestamp("1970-01-02"), pd.NaT], dtype=object),
        }
    ).set_index(pd.Index([7, 3]))
    columns = columns_of(frame)
    same(columns["integer"], "numeric", [1, NAN])
    same(columns["boolean"], "boolean", [1, NAN])
    same(columns["category"], "categorical", ["a", None])
    same(columns["numbers"], "categorical", ["1", None])
    same(columns["object"], "categorical", ["a", None])
    same(columns["date"], "date", [1, NAN], "days since 1970-01-01 UTC")


def test_numpy_arrays_in_a_mapping():
    days = np.array(["1970-01-02", "NaT"], "datetime64[ns]")
    columns = columns_of(
        {"f": np.array([1.5, np.nan]), "b": np.array([True, False]), "d": days, "s": np.array(["x", "y"])}
    )
    same(columns["f"], "numeric", [1.5, NAN])
    same(columns["b"], "boolean", [1, 0])
    same(columns["d"], "date", [1, NAN], "days since 1970-01-01 UTC")
    same(columns["s"], "categorical", ["x", "y"])


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pd.DataFrame, pa.table])
def test_numeric_override(make):
    table = make({"a": ["1", " 2.5", None, "1e3"], "b": [True, False, None, True], "c": ["1", "2", "3", "4"]})
    columns = columns_of(table, numeric=["a", "b"])
    same(columns["a"], "numeric", [1, 2.5, NAN, 1000])
    same(columns["b"], "numeric", [1, 0, NAN, 1])
    same(columns["c"], "categorical", ["1", "2", "3", "4"])


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pd.DataFrame, pa.table])
def test_categorical_override_writes_one_text_for_one_value(make):
    table = make(
        {
            "integer": [1, -2, 9007199254740993],
            "float": [1.0, 0.5, float("nan")],
            "boolean": [True, False, True],
            "day": [dt.datetime(2020, 1, 31), None, dt.datetime(2020, 1, 31, 12)],
        }
    )
    columns = columns_of(table, categorical=["integer", "float", "boolean", "day"])
    same(columns["integer"], "categorical", ["1", "-2", "9007199254740993"])
    same(columns["float"], "categorical", ["1", "0.5", None])
    same(columns["boolean"], "categorical", ["true", "false", "true"])
    same(columns["day"], "categorical", ["2020-01-31", None, "2020-01-31 12:00:00"])


def test_categorical_override_of_integers_with_gaps():
    for table in ({"a": [9007199254740993, None]}, pl.DataFrame({"a": [9007199254740993, None]})):
        same(columns_of(table, categorical=["a"])["a"], "categorical", ["9007199254740993", None])


def test_categorical_override_reads_a_file_as_text(tmp_path):
    (tmp_path / "a.csv").write_text("a,b\n1.0,1.0\n2.50,2.50\n")
    columns = columns_of(tmp_path / "a.csv", categorical=["a"])
    same(columns["a"], "categorical", ["1.0", "2.50"])
    same(columns["b"], "numeric", [1, 2.5])


def test_drop_and_only():
    table = {"a": [1], "b": [[1]], "c": [2]}
    assert list(columns_of(table, drop=["b"])) == ["a", "c"]
    assert list(columns_of(table, only=["c", "absent"])) == ["c"]


def test_take():
    columns = columns_of({"a": [1.0, None, 3.0], "b": ["x", None, "y"]})
    kept = columns.take(np.array([True, False, True]))
    assert isinstance(kept, Columns)
    assert kept.n_rows == 2
    same(kept["a"], "numeric", [1, 3])
    same(columns.take(np.array([2, 1]))["b"], "categorical", ["y", None])
    assert columns.take(np.array([1]))["b"].kind == "empty"


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pd.DataFrame, pa.table])
def test_infinite_values(make):
    with pytest.raises(DataError, match=r"column 'a', row 3: -inf is not a finite number"):
        columns_of(make({"a": [1.0, None, float("-inf"), float("inf")]}))


def test_more_infinite_values(tmp_path):
    with pytest.raises(DataError, match="column 'a', row 2: inf"):
        columns_of({"a": [1, 10**400]})
    with pytest.raises(DataError, match="column 'a', row 1: inf"):
        columns_of({"a": ["1e400"]}, numeric=["a"])
    (tmp_path / "a.csv").write_text("a\n1\n-Infinity\n")
    with pytest.raises(DataError, match="column 'a', row 2: -inf"):
        columns_of(tmp_path / "a.csv")


FAULTS = [
    ({"island": [1]}, {"numeric": ["Iland"]}, r"numeric names a column 'Iland'.*did you mean 'island'\?"),
    ({"island": [1]}, {"categorical": ["sex"]}, r"categorical names a column 'sex'.*the columns are 'island'"),
    ({"island": [1]}, {"drop": ["ISLAND"]}, r"drop names a column 'ISLAND'.*did you mean 'island'\?"),
    ({"a": [1]}, {"numeric": ["a"], "categorical": ["a"]}, "'a' is named both numeric and categorical"),
    ({"a": ["1", "1,5"]}, {"numeric": ["a"]}, r"column 'a', row 2: '1,5' is not a number"),
    ({"a": ["1", "0x10"]}, {"numeric": ["a"]}, r"row 2: '0x10' is not a number"),
    ({"a": [dt.date(2020, 1, 1)]}, {"numeric": ["a"]}, "'a' holds dates"),
    ({"a": [[1, 2]]}, {}, r"column 'a' holds .*drop it \(--drop a\)"),
    ({"a": [{"b": 1}]}, {}, r"column 'a' holds .*drop it \(--drop a\)"),
    ({"a": [b"x"]}, {}, r"column 'a' holds .*drop it \(--drop a\)"),
]


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pa.table])
@pytest.mark.parametrize(("table", "options", "message"), FAULTS)
def test_faults(make, table, options, message):
    with pytest.raises(DataError, match=message):
        columns_of(make(table), **options)


def test_faults_of_mixed_columns():
    with pytest.raises(DataError, match=r"'a' mixes numbers \(row 1: 5\) and text \(row 3: 'x'\)"):
        columns_of({"a": [5, None, "x"]})
    with pytest.raises(DataError, match="'a' mixes numbers"):
        columns_of(pd.DataFrame({"a": [5, None, "x"]}, dtype=object))
    same(columns_of({"a": [5, None, "x"]}, categorical=["a"])["a"], "categorical", ["5", None, "x"])
    with pytest.raises(DataError, match="mixes dates, times or durations"):
        columns_of({"a": [dt.date(2020, 1, 1), dt.time(1)]})
    with pytest.raises(DataError, match=r"one length, not \[1, 2\]"):
        columns_of({"a": [1], "b": [1, 2]})
