# SPDX-License-Identifier: BSD-3-Clause
"""Every kind of bad input: one clear line, exit code 1, no traceback, nothing half-written."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
import safetensors.numpy

from multinoulli.cli import main

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"
COMMAND = str(Path(sys.executable).with_name("multinoulli"))


def table(rows, header="x,y"):
    return header + "\n" + "".join(f"{row}\n" for row in rows)


GOOD = [f"{i % 5},{'ab'[i % 2]}" for i in range(40)]

# name: (file name, its content, target, words that the message must have)
BAD_DATA = {
    "no such file": ("other.csv", table(GOOD), "y", ["data.csv", "no such file"]),
    "not a table: a picture": ("data.png", b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "y", ["data.png"]),
    "not a table: a parquet file that is none": ("data.parquet", "not parquet", "y", ["data.parquet"]),
    "not a table: broken JSON": ("data.jsonl", '{"x": 1, "y": "a"}\n{"x": \n', "y", ["data.jsonl"]),
    "an empty file": ("data.csv", "", "y", ["data.csv", "empty"]),
    "a header and no rows": ("data.csv", "x,y\n", "y", ["data.csv", "no rows"]),
    "target column absent": ("data.csv", table(GOOD, "x,kind"), "knd", ["'knd'", "did you mean 'kind'"]),
    "one class": ("data.csv", table([f"{i},a" for i in range(20)]), "y", ["'y'", "one class", "'a'"]),
    "all distinct": ("data.csv", table([f"{i % 5},id{i}" for i in range(40)]), "y", ["'y'", "distinct", "--force"]),
    "more than 1,000 classes": (
        "data.csv",
        table([f"{i % 5},c{i // 2}" for i in range(2200)]),
        "y",
        ["'y'", "1,100", "--force"],
    ),
    "a class with a single row": ("data.csv", table([*GOOD, "1,c"]), "y", ["'c'", "single row", "--test", "--folds 0"]),
    "fewer rows than folds": ("data.csv", table([*GOOD, "1,c", "2,c"]), "y", ["'c'", "--folds 2"]),
    "infinite value": ("data.csv", table([*GOOD, "inf,a"]), "y", ["'x'", "41", "inf"]),
    "duplicate columns": ("data.csv", table([f"1,{r}" for r in GOOD], "x,x,y"), "y", ["'x'", "more than once"]),
    "no target at all": ("data.csv", table([f"{i}," for i in range(9)]), "y", ["'y'"]),
}


def explained(code, out, err, words):
    assert code == 1
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err, f"{word!r} is not in {err!r}"


@pytest.mark.parametrize("name", BAD_DATA)
def test_bad_data_to_fit(run, tmp_path, name):
    file, content, target, words = BAD_DATA[name]
    path = tmp_path / file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    data = path if file != "other.csv" else tmp_path / "data.csv"
    old = tmp_path / "old.model"
    old.write_text("the old model")
    explained(*run("fit", data, "--target", target, "--out", old), words)
    assert old.read_text() == "the old model"
    assert {p.name for p in tmp_path.iterdir()} == {file, "old.model"}


def test_a_glob_and_a_query_that_find_nothing(run, tmp_path):
    explained(*run("fit", tmp_path / "*.csv", "--target", "y"), ["*.csv"])
    explained(*run("fit", "SELECT * FROM nowhere", "--target", "y"), ["nowhere"])
    explained(*run("fit", "SELECT 1 AS a, 2 AS a", "--target", "a"), ["'a'"])


def test_missing_targets_are_dropped_and_counted(run, tmp_path):
    path = tmp_path / "data.csv"
    path.write_text(table([*GOOD, "1,", "2,"]))
    code, out, err = run("fit", path, "--target", "y")
    assert (code, err) == (0, "")
    assert "40 rows (2 without a target dropped)" in out


def test_bad_data_to_predict(run, model, tmp_path):
    good, path, out = pl.read_csv(PENGUINS), tmp_path / "new.csv", tmp_path / "out.csv"
    out.write_text("old")
    for table_, words in (
        (good.drop("body_mass_g"), ["'body_mass_g'"]),
        (good.rename({"body_mass_g": "body_mass"}), ["'body_mass_g'", "'body_mass'"]),
        (good.with_columns(body_mass_g=pl.lit("heavy")), ["'body_mass_g'", "number"]),
        (good.with_columns(body_mass_g=pl.lit(float("inf"))), ["'body_mass_g'", "row 1", "inf"]),
        (good.with_columns(prediction=pl.lit("x")), ["'prediction'"]),
        (good.clear(), ["no rows"]),
    ):
        table_.write_csv(path)
        explained(*run("predict", model, path, "--out", out), words)
    explained(*run("predict", model, PENGUINS, "--out", tmp_path / "out.xlsx"), ["out.xlsx", ".parquet"])
    explained(*run("evaluate", model, PENGUINS, "--target", "spices"), ["'spices'", "'species'"])
    assert out.read_text() == "old"
    assert {p.name for p in tmp_path.iterdir()} == {"new.csv", "out.csv"}


def test_bad_model_files(run, model, tmp_path):
    whole = model.read_bytes()
    path = tmp_path / "bad.model"
    for command in (["predict", path, PENGUINS], ["evaluate", path, PENGUINS, "--target", "species"], ["show", path]):
        path.unlink(missing_ok=True)
        explained(*run(*command), ["bad.model", "no such file"])
        path.write_bytes(whole[: len(whole) // 2])
        explained(*run(*command), ["bad.model", "damaged"])
        path.write_bytes(whole.replace(b"Gentoo", b"Gentou", 1))
        explained(*run(*command), ["bad.model", "altered"])
        path.write_bytes(PENGUINS.read_bytes())
        explained(*run(*command), ["bad.model", "not a model file"])
        newer = {"multinoulli": '\n{"format_version": 99, "content": {}}'}
        safetensors.numpy.save_file({}, path, newer)
        explained(*run(*command), ["bad.model", "newer", "upgrade"])


def test_where_nothing_can_be_written(run, model, tmp_path):
    absent = tmp_path / "absent" / "m.model"
    explained(*run("fit", PENGUINS, "--target", "species", "--out", absent), [str(absent.parent)])
    explained(*run("predict", model, PENGUINS, "--out", tmp_path / "absent" / "p.csv"), [str(absent.parent)])
    explained(*run("fit", PENGUINS, "--target", "species", "--out", tmp_path), [str(tmp_path)])


def test_a_folder_closed_for_writing(run):
    explained(*run("fit", PENGUINS, "--target", "species", "--out", "/proc/m.model"), ["/proc"])


def test_ctrl_c_leaves_nothing_behind(tmp_path):
    path, out = tmp_path / "data.csv", tmp_path / "m.model"
    out.write_text("the old model")
    rows = 60_000
    pl.DataFrame({f"x{j}": [(i * (j + 3)) % 1009 / 7 for i in range(rows)] for j in range(10)}).with_columns(
        y=pl.Series([f"c{(i * 7919) % 31}" for i in range(rows)])
    ).write_csv(path)
    parent, child = pty.openpty()  # on a terminal the command says where it is
    args = ["fit", str(path), "--target", "y", "--out", str(out), "--C", "1000"]
    process = subprocess.Popen([COMMAND, *args], stdout=subprocess.PIPE, stderr=child, text=True)
    os.close(child)
    shown = b""
    while b"fold" not in shown:
        shown += os.read(parent, 4096)
    process.send_signal(signal.SIGINT)
    stdout, _ = process.communicate(timeout=60)
    shown += os.read(parent, 65536)
    os.close(parent)
    assert (process.returncode, stdout) == (1, "")
    assert b"Interrupted: nothing was written." in shown
    assert b"Traceback" not in shown
    assert out.read_text() == "the old model"
    assert {p.name for p in tmp_path.iterdir()} == {"data.csv", "m.model"}


def test_ctrl_c_before_the_work_has_begun(monkeypatch, capsys):
    def interrupted(args):
        raise KeyboardInterrupt

    monkeypatch.setattr("multinoulli.cli._app.run", interrupted)
    assert main(["show", "m.model"]) == 1
    assert capsys.readouterr().err == "Interrupted: nothing was written.\n"
