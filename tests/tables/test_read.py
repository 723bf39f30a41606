# SPDX-License-Identifier: BSD-3-Clause
"""Files, queries and frames become one frame, or one clear line that says why not."""

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multinoulli.tables import DataError, read_table

TEN = datetime(2020, 1, 1, 10)
ROWS = {"size": [1, 2, None], "name": ["a", None, "x, y"], "share": [0.5, 1e-300, 0.1]}


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def as_dict(frame):
    assert isinstance(frame, nw.DataFrame)
    return frame.to_dict(as_series=False)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", "~", "^", "#", "&", "!", ":"])
def test_a_csv_file_of_any_separator(tmp_path, separator):
    path = tmp_path / "data.csv"
    pl.DataFrame(ROWS).write_csv(path, separator=separator)
    assert as_dict(read_table(path)) == ROWS
    assert as_dict(read_table(str(path))) == ROWS


def test_a_table_separated_by_blanks_and_one_of_a_single_column(tmp_path):
    assert as_dict(read_table(written(tmp_path / "a.txt", "x y\n1 a\n2 b\n"))) == {"x": [1, 2], "y": ["a", "b"]}
    text = "text\na sentence here\nand another\n"
    assert as_dict(read_table(written(tmp_path / "b.txt", text))) == {"text": ["a sentence here", "and another"]}


def test_other_kinds_of_file(tmp_path):
    frame = pl.DataFrame(ROWS)
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_parquet(tmp_path / "without_an_ending")
    frame.write_ndjson(tmp_path / "a.jsonl")
    written(tmp_path / "a.json", frame.write_json())
    written(tmp_path / "a.csv.gz", gzip.compress(frame.write_csv().encode()))
    written(tmp_path / "a.jsonl.gz", gzip.compress(frame.write_ndjson().encode()))
    duckdb.sql(f"COPY (FROM '{tmp_path}/a.parquet') TO '{tmp_path}/a.csv.zst' (COMPRESSION zstd)")
    for path in tmp_path.iterdir():
        assert as_dict(read_table(path)) == ROWS, path


def test_quotes_line_endings_and_byte_order_mark(tmp_path):
    path = written(tmp_path / "a.csv", b'\xef\xbb\xbfa,b\r\n"say ""hi""\nnow",1\r\n"x,y",2')
    assert as_dict(read_table(path)) == {"a": ['say "hi"\nnow', "x,y"], "b": [1, 2]}


def test_missing_values_in_csv(tmp_path):
    path = written(tmp_path / "a.csv", 'a,b\n,1\nNA,1\nN/A,1\nNaN,1\nnan,1\nNULL,1\nnull,1\n"",1\nNONE,1\n')
    assert read_table(path)["a"].to_list() == [None] * 8 + ["NONE"]


def test_a_row_without_values_is_a_row(tmp_path):
    assert as_dict(read_table(written(tmp_path / "a.csv", "a,b\n,\n1,2\n"))) == {"a": [None, 1], "b": [None, 2]}


def test_types_are_those_of_all_rows(tmp_path):
    lines = ["1,,1\n"] * 30_000
    path = written(tmp_path / "late.csv", "a,b,c\n" + "".join(lines) + "x,2.5,true\n")
    frame = read_table(path)
    assert frame.schema == {"a": nw.String, "b": nw.Float64, "c": nw.String}
    assert frame.row(30_000) == ("x", 2.5, "true")
    assert frame["a"].to_list()[:2] == ["1", "1"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["9007199254740993", "1"], [9007199254740993, 1]),
        (["1", "2.5", " 1e3 "], [1.0, 2.5, 1000.0]),
        (["0.1", "inf"], [0.1, float("inf")]),
        (["18446744073709551616", "1"], [2.0**64, 1.0]),
        (["01234", "99999"], ["01234", "99999"]),
        (["0", "0.5"], [0.0, 0.5]),
        (["1_0", "2"], ["1_0", "2"]),
        (["1,5", "2"], ["1,5", "2"]),
        (["true", "False", "TRUE"], [True, False, True]),
        (["yes", "no"], ["yes", "no"]),
        (["2020-02-29", "1969-12-31"], [date(2020, 2, 29), date(1969, 12, 31)]),
        (["2019-02-29", "2020-01-01"], ["2019-02-29", "2020-01-01"]),
        (["01/02/2020", "13/02/2020"], ["01/02/2020", "13/02/2020"]),
        (["2020-01-01 10:00", "2020-01-01T10:00:01.25"], [TEN, TEN + timedelta(seconds=1.25)]),
        (["2020-01-01T10:00Z", "2020-01-01"], ["2020-01-01T10:00Z", "2020-01-01"]),
        (["1", "a"], ["1", "a"]),
    ],
)
def test_the_type_of_a_csv_column(tmp_path, cells, values):
    path = written(tmp_path / "a.csv", "a|b\n" + "".join(f"{cell}|x\n" for cell in cells))
    read = read_table(path)["a"].to_list()
    assert read == values
    assert [type(value) for value in read] == [type(value) for value in values]


def test_offsets_are_times_in_utc_and_times_are_times(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n2020-01-01T10:00:00Z,10:30\n2020-01-01 10:00+02:00,23:59:59.5\n")
    frame = read_table(path)
    assert [value.isoformat() for value in frame["a"].to_list()] == [
        "2020-01-01T10:00:00+00:00",
        "2020-01-01T08:00:00+00:00",
    ]
    assert [value.isoformat() for value in frame["b"].to_list()] == ["10:30:00", "23:59:59.500000"]


def test_columns_can_be_kept_as_text(tmp_path):
    path = written(tmp_path / "a.csv", "a,b\n1.0,1.0\n2.0,2.0\n")
    assert as_dict(read_table(path, text=["a", "absent"])) == {"a": ["1.0", "2.0"], "b": [1.0, 2.0]}


def test_floats_are_read_to_the_last_bit(tmp_path):
    values = [
        0.1,
        1 / 3,
        5e-324,
        1.7976931348623157e308,
        123456789.12345679,
        2.2250738585072011e-308,
        1e23,
        -9007199254740993.0,
    ]
    path = written(tmp_path / "a.csv", "a\n" + "".join(f"{value!r}\n" for value in values))
    assert read_table(path)["a"].to_list() == values


@pytest.mark.parametrize("lines", ["\n\na,b\n1,2\n", "a,b\n\n1,2\n\n", "  \na,b\n1,2"])
def test_blank_lines_are_no_rows(tmp_path, lines):
    assert as_dict(read_table(written(tmp_path / "a.csv", lines))) == {"a": [1], "b": [2]}


def test_a_first_row_with_a_number_is_data(tmp_path):
    assert as_dict(read_table(written(tmp_path / "a.csv", "1,x\n2,y\n"))) == {"column0": [1, 2], "column1": ["x", "y"]}
    assert as_dict(read_table(written(tmp_path / "b.csv", ",x\n1,y\n"))) == {"column0": [1], "x": ["y"]}


def test_a_pattern_reads_its_files_in_the_order_of_their_names(tmp_path):
    written(tmp_path / "2.csv", "b;a\nx;2.5\n")
    written(tmp_path / "1.csv", "a,b\n1,2\n")
    assert as_dict(read_table(tmp_path / "*.csv")) == {"a": [1.0, 2.5], "b": ["2", "x"]}
    for name, value in (("2", 2), ("1", 1)):
        pl.DataFrame({"a": [value]}).write_parquet(tmp_path / f"{name}.parquet")
        written(tmp_path / f"{name}.jsonl", f'{{"a": {value}}}\n')
    assert as_dict(read_table(tmp_path / "*.parquet")) == {"a": [1, 2]}
    assert as_dict(read_table(tmp_path / "*.jsonl")) == {"a": [1, 2]}


def test_a_name_that_looks_like_a_pattern(tmp_path):
    written(tmp_path / "w[1]*.csv", "a\n1\n")
    written(tmp_path / "w1x.csv", "a\n9\n")
    assert as_dict(read_table(tmp_path / "w[1]*.csv")) == {"a": [1]}


def test_a_folder_name_adds_no_column(tmp_path):
    folder = tmp_path / "year=2020"
    folder.mkdir()
    pl.DataFrame({"a": [1]}).write_parquet(folder / "a.parquet")
    assert as_dict(read_table(folder / "a.parquet")) == {"a": [1]}


def test_rows_keep_the_order_of_the_file(tmp_path):
    numbers = list(range(300_000))
    pl.DataFrame({"a": numbers, "b": [f"text {i}" for i in numbers]}).write_csv(tmp_path / "a.csv")
    pl.DataFrame({"a": numbers}).write_parquet(tmp_path / "a.parquet", row_group_size=10_000)
    assert read_table(tmp_path / "a.csv")["a"].to_list() == numbers
    assert read_table(tmp_path / "a.parquet")["a"].to_list() == numbers


def test_queries(tmp_path):
    pl.DataFrame({"a": [1, 2, 3]}).write_parquet(tmp_path / "a.parquet")
    assert as_dict(read_table(f"select a * 2 AS b from '{tmp_path}/a.parquet' where a > 1 order by a desc")) == {
        "b": [6, 4]
    }
    assert as_dict(read_table(f"FROM '{tmp_path}/a.parquet' LIMIT 1")) == {"a": [1]}
    assert as_dict(read_table("\n with t as (select 7 as x) select * from t")) == {"x": [7]}


def test_a_file_that_is_called_like_a_query(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "select me", "a,b\n1,2\n")
    assert as_dict(read_table("select me")) == {"a": [1], "b": [2]}


def test_frames_of_any_make():
    expected = {"a": [1, 2], "b": ["x", "y"]}
    frames = [pl.DataFrame(expected), pl.LazyFrame(expected), pd.DataFrame(expected), pa.table(expected), expected]
    for frame in [*frames, nw.from_native(pl.DataFrame(expected)), nw.from_native(pl.LazyFrame(expected))]:
        assert as_dict(read_table(frame)) == expected
    assert as_dict(read_table({"a": [1, 2.5, None]})) == {"a": [1.0, 2.5, None]}


CSV_FAULTS = {
    "empty": ("", "is empty"),
    "blank": ("\n\n", "is empty"),
    "no rows": ("a,b\n", "has no rows"),
    "too few cells": ("a,b,c\n1,2,3\n1,2\n", r"line 3 has 2 cells where the first line has 3: '1,2'"),
    "too many cells": ("a,b,c\n" + "1,2,3\n" * 50 + "1,2,3,4\n", r"line 52 has 4 cells where the first line has 3"),
    "far too many cells": ("a,b\n" + "1,2\n" * 40_000 + "1,2,3\n", r"line 40002 has 3 cells"),
    "open quote": ('a,b\n1,"x\n2,y\n3,z\n', "line 2 opens a quote that is never closed"),
    "not UTF-8": ("a,b\n1,café\n".encode("latin-1"), "line 2 is not UTF-8 text"),
    "binary": (b"a,b\n1,\0\0\n", "binary file"),
    "equal names": ("a,b,a\n1,2,3\n", "has column 'a' more than once"),
    "equal but for case": ("a,b,A\n1,2,3\n", "has column 'a', 'A' more than once"),
    "a very long cell": ("a,b\n1," + "x" * 3_000_000 + "\n", "line 2 cannot be read as CSV: .*size"),
    "prose": ("Some prose, with commas.\nAnd a line without\n", "line 2 has 1 cells"),
    "mixed line endings": (b"a,b\r\n1,2\n3,4\r\n", "line endings are mixed"),
    "a picture": (b"\x89PNG\r\n\x1a\n\0\0", "is a PNG image, not a table"),
    "a document": (b"%PDF-1.4\n", "is a PDF document"),
    "a spreadsheet": (b"PK\x03\x04\0\0", "a spreadsheet"),
}


@pytest.mark.parametrize("fault", CSV_FAULTS)
def test_a_bad_csv_file(tmp_path, fault):
    content, message = CSV_FAULTS[fault]
    path = written(tmp_path / "bad.csv", content)
    with pytest.raises(DataError, match=message) as caught:
        read_table(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.parquet", b"not parquet at all", "cannot be read as parquet"),
        ("a.parquet", b"PAR1 but cut short", "cannot be read as parquet"),
        ("a.json", b'{"a": 1}\n{"a":', "cannot be read as json"),
        ("a.json", b"[1, 2, 3]", "cannot be read as json"),
        ("a.jsonl", b'{"a": 1, "a": 2}\n', "duplicate key"),
        ("a.jsonl", b'{"a": 1, "A": 2}\n', r"has column 'A' more than once \(case"),
        ("a.csv.gz", gzip.compress(b"a,b\n1,2\n", mtime=0)[:-12], "cannot be read as CSV"),
    ],
)
def test_another_bad_file(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message) as caught:
        read_table(written(tmp_path / name, content))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_parquet_names_that_differ_in_case_only(tmp_path):
    pl.DataFrame({"a": [1], "A": [2]}).write_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has column 'A' more than once"):
        read_table(tmp_path / "a.parquet")
    frame = pl.DataFrame({"a": [1], "a_1": [2]})
    frame.write_parquet(tmp_path / "b.parquet")
    frame.write_ndjson(tmp_path / "b.jsonl")
    assert as_dict(read_table(tmp_path / "b.parquet")) == {"a": [1], "a_1": [2]}
    assert as_dict(read_table(tmp_path / "b.jsonl")) == {"a": [1], "a_1": [2]}


def test_a_parquet_file_without_rows(tmp_path):
    pl.DataFrame({"a": [1]}).clear().write_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has no rows"):
        read_table(tmp_path / "a.parquet")


def test_paths_that_are_no_files(tmp_path):
    written(tmp_path / "data.csv", "a\n1\n")
    with pytest.raises(DataError, match=r"dta.csv: no such file; did you mean .*data.csv\?"):
        read_table(tmp_path / "dta.csv")
    with pytest.raises(DataError, match="no such file; check"):
        read_table(tmp_path / "absent" / "data.csv")
    with pytest.raises(DataError, match=r"is a directory: give a file, or a pattern such as .*/\*.csv"):
        read_table(tmp_path)
    with pytest.raises(DataError, match="no file matches"):
        read_table(tmp_path / "*.parquet")
    with pytest.raises(DataError, match="not a regular file"):
        read_table("/dev/null")
    with pytest.raises(DataError, match="no such file"):
        read_table("x" * 5000)
    with pytest.raises(DataError, match="no such file"):
        read_table("x\0y")
    for url in ("https://example.org/a.csv", "s3://bucket/a.parquet"):
        with pytest.raises(DataError, match="is not a local file"):
            read_table(url)


def test_a_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = written(tmp_path / "data.csv", "a\n1\n")

    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"data.csv cannot be read: Permission denied"):
        read_table(path)


def test_files_of_a_pattern_must_agree(tmp_path):
    written(tmp_path / "1.csv", "a,b\n1,2\n")
    written(tmp_path / "2.csv", "a,c\n1,2\n")
    with pytest.raises(DataError, match=r"2.csv lacks 'b' and has 'c' besides, compared with .*1.csv"):
        read_table(tmp_path / "*.csv")
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / "1.parquet")
    pl.DataFrame({"a": [1], "b": [1]}).write_parquet(tmp_path / "2.parquet")
    with pytest.raises(DataError, match=r"2.parquet has 'b' besides"):
        read_table(tmp_path / "*.parquet")
    with pytest.raises(DataError, match="several kinds"):
        read_table(tmp_path / "1.*")


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("select nothing", "the query failed: .*nothing"),
        ("select * frm x where\n z", "the query failed: .*syntax error"),
        ("select * from nowhere", "the query failed: .*nowhere"),
        ("select query", "the query failed"),
        ("select 1 a, 2 b, 3 A", r"gives column 'a', 'A' more than once"),
        ("select 1 a where false", "has no rows"),
        ("select 1; select 2", "not one SELECT"),
        ("with x as (select 1) insert into y select * from x", "the query failed|not one SELECT"),
        ("select * from 'https://example.org/a.csv'", "the query failed"),
        ("select cast('x' as integer) a", "the query failed: .*'x'"),
    ],
)
def test_bad_queries(query, message):
    with pytest.raises(DataError, match=message) as caught:
        read_table(query)
    assert "\n" not in str(caught.value)


def test_bad_frames():
    twice = pd.DataFrame([[1, 2]], columns=["a", "a"])
    with pytest.raises(DataError, match="has column 'a' more than once"):
        read_table(twice)
    with pytest.raises(DataError, match="column name 0 is not a str"):
        read_table(pd.DataFrame([[1, 2]]))
    with pytest.raises(DataError, match="has no rows"):
        read_table(pl.DataFrame({"a": []}))
    for empty in (pl.DataFrame(), pd.DataFrame(), {}):
        with pytest.raises(DataError, match="has no columns"):
            read_table(empty)
    with pytest.raises(DataError, match="no table"):
        read_table({"a": [1], "b": [1, 2]})
    with pytest.raises(DataError, match="no table"):
        read_table({"a": [1, "x"]})
    with pytest.raises(TypeError, match=r"not builtins.int"):
        read_table(5)


def test_ctrl_c_stops_a_query():
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        read_table("select count(*) c from range(100000000) a, range(10000) b where a.range * b.range % 7 = 3")
    assert time.monotonic() - start < 10
    assert as_dict(read_table("select 1 a")) == {"a": [1]}


def run_python(code, *args):
    return subprocess.run([sys.executable, "-c", code, *args], capture_output=True, text=True, timeout=60)


def test_without_pyarrow_and_pandas_and_in_silence(tmp_path):
    pl.DataFrame(ROWS).write_csv(tmp_path / "a.csv")
    code = (
        "import sys; sys.modules['pyarrow'] = sys.modules['pandas'] = None\n"
        "from multinoulli.tables import read_table\n"
        "print(read_table(sys.argv[1]).shape)"
    )
    done = run_python(code, str(tmp_path / "a.csv"))
    assert (done.stdout, done.stderr) == ("(3, 3)\n", "")


@pytest.mark.parametrize("absent", ["duckdb", "polars"])
def test_without_the_extra_packages(tmp_path, absent):
    path = written(tmp_path / "a.csv", "a\n1\n")
    code = "import sys; sys.modules[sys.argv[1]] = None\nimport multinoulli.tables as t; t.read_table(sys.argv[2])"
    done = run_python(code, absent, str(path))
    assert done.stderr.strip().endswith(f"needs {absent}, which is not installed: pip install 'multinoulli[cli]'")
    assert "ImportError" in done.stderr


def test_importing_loads_no_extra_package():
    code = "import sys, multinoulli.tables; print(sorted({'duckdb', 'polars'} & set(sys.modules)))"
    assert run_python(code).stdout == "[]\n"
