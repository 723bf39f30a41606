# SPDX-License-Identifier: BSD-3-Clause
"""What is written reads back the same, and a file is there whole or not at all."""

import gzip
import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from multinoulli.tables import DataError, atomic_file, check_writable, read_table, with_predictions, write_table

ROWS = {
    "count": [1, 2, None],
    "text": ["a, b", 'say "hi"\nnow', None],
    "p": [0.1, 5e-324, 1 / 3],
    "flag": [True, None, False],
}
ENDINGS = [".csv", ".csv.gz", ".tsv", ".parquet", ".jsonl", ".ndjson"]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("make", [dict, pl.DataFrame, pa.table, lambda rows: pd.DataFrame(rows, dtype=object)])
def test_what_is_written_reads_back_the_same(tmp_path, ending, make):
    path = tmp_path / f"out{ending}"
    write_table(make(ROWS), path)
    assert read_table(path).to_dict(as_series=False) == ROWS
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_the_formats_are_what_the_ending_says(tmp_path):
    for ending in ENDINGS:
        write_table({"a": [1], "b": ["x"]}, str(tmp_path / f"out{ending}"))
    assert (tmp_path / "out.csv").read_bytes() == b"a,b\n1,x\n"
    assert (tmp_path / "out.tsv").read_bytes() == b"a\tb\n1\tx\n"
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == b"a,b\n1,x\n"
    assert (tmp_path / "out.parquet").read_bytes()[:4] == b"PAR1"
    assert (tmp_path / "out.jsonl").read_bytes() == (tmp_path / "out.ndjson").read_bytes() == b'{"a":1,"b":"x"}\n'


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_floats_read_back_to_the_same_bits(values):
    stream = io.BytesIO()
    write_table({"p": values}, None, stream)
    lines = stream.getvalue().decode().split("\n")
    assert lines[0] == "p"
    assert np.array([float(line) for line in lines[1:-1]]).tobytes() == np.array(values).tobytes()
    read = pl.DataFrame(values, schema=["p"])
    path_free = io.BytesIO()
    write_table(read, None, path_free)
    assert path_free.getvalue() == stream.getvalue()


def test_floats_survive_a_file(tmp_path):
    values = np.random.default_rng(0).integers(0, 2**63, 5000, dtype=np.uint64).view(np.float64)
    values = values[np.isfinite(values)]
    for ending in ENDINGS:
        write_table({"p": values}, tmp_path / f"out{ending}")
        assert read_table(tmp_path / f"out{ending}")["p"].to_numpy().tobytes() == values.tobytes(), ending


def test_a_stream_gets_csv_in_one_piece():
    stream = io.BytesIO()
    numbers = list(range(250_001))
    write_table({"a": numbers}, None, stream)
    assert stream.getvalue().decode() == "a\n" + "".join(f"{number}\n" for number in numbers)
    with pytest.raises(TypeError, match="None and a stream"):
        write_table({"a": [1]}, None)


def test_equal_tables_give_equal_files(tmp_path):
    for name in ("a", "b"):
        write_table(ROWS, tmp_path / f"{name}.csv.gz")
    assert (tmp_path / "a.csv.gz").read_bytes() == (tmp_path / "b.csv.gz").read_bytes()


def test_faults_leave_the_old_file(tmp_path):
    path = tmp_path / "out.csv"
    path.write_text("old")
    for column in (pl.Series("list", [[1]]), pl.Series("struct", [{"a": 1}]), pl.Series("binary", [b"x"])):
        with pytest.raises(DataError, match=rf"column '{column.name}' holds .*which CSV cannot"):
            write_table(pl.DataFrame(column), path)
    for name in ("out.xlsx", "out", "out.json"):
        with pytest.raises(
            DataError, match=r"names no format; give one of .csv, .csv.gz, .tsv, .parquet, .jsonl, .ndjson"
        ):
            write_table({"a": [1]}, tmp_path / name)
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.csv"]


def fail_halfway(path, fault):
    with atomic_file(path) as file:
        file.write(b"half")
        file.flush()
        raise fault


@pytest.mark.parametrize("fault", [RuntimeError, KeyboardInterrupt])
def test_a_failed_block_leaves_nothing(tmp_path, fault):
    old = tmp_path / "old"
    old.write_bytes(b"old")
    for path in (old, tmp_path / "new"):
        with pytest.raises(fault):
            fail_halfway(path, fault)
    assert old.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["old"]


def test_nothing_is_seen_before_the_end(tmp_path):
    path = tmp_path / "file"
    with atomic_file(path) as file:
        file.write(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"


def test_permissions_are_those_of_any_new_file(tmp_path):
    (tmp_path / "plain").write_text("")
    with atomic_file(tmp_path / "ours"):
        pass
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "folder").mkdir()
    real, link = tmp_path / "folder" / "real", tmp_path / "link"
    real.write_text("old")
    link.symlink_to(real)
    with atomic_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert real.read_text() == "new"


@pytest.mark.parametrize("write", [lambda path: write_table({"a": [1]}, path), check_writable])
def test_places_that_cannot_be_written(tmp_path, write):
    with pytest.raises(DataError, match=r"cannot write .*out.csv: there is no folder .*absent"):
        write(tmp_path / "absent" / "out.csv")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(DataError, match="is not a regular file"):
        write(tmp_path / "folder.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(DataError, match="is not a regular file"):
        write(tmp_path / "pipe.csv")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder.csv", "pipe.csv"]


def test_a_folder_closed_for_writing(tmp_path, monkeypatch):
    def refuse(self, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"cannot write .*out.csv: Permission denied"):
        write_table({"a": [1]}, tmp_path / "out.csv")
    monkeypatch.setattr(os, "access", lambda *args: False)
    with pytest.raises(DataError, match=r"cannot write .*out.csv: Permission denied"):
        check_writable(tmp_path / "out.csv")


def test_check_writable_asks_for_a_format_only_for_tables(tmp_path):
    assert check_writable(tmp_path / "a.model") is None
    assert check_writable(tmp_path / "a.csv", table=True) is None
    with pytest.raises(DataError, match="names no format"):
        check_writable(tmp_path / "a.model", table=True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pa.table, lambda rows: pd.DataFrame(rows, index=[5, 3])])
def test_with_predictions(make):
    table = with_predictions(make({"a": [1, 2]}), {"prediction": ["x", "y"], "p_x": np.array([0.75, 0.25])})
    assert table.to_dict(as_series=False) == {"a": [1, 2], "prediction": ["x", "y"], "p_x": [0.75, 0.25]}
    with pytest.raises(DataError, match="already has a column 'a'"):
        with_predictions(make({"a": [1, 2]}), {"a": [1, 2]})
