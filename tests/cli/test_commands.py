# SPDX-License-Identifier: BSD-3-Clause
"""What the commands print, write and return."""

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

import multinoulli
from multinoulli.models import KINDS

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"
COMMAND = str(Path(sys.executable).with_name("multinoulli"))


def test_fit_prints_quality_baseline_and_certificate(run, tmp_path):
    code, out, err = run("fit", PENGUINS, "--target", "species", "--out", tmp_path / "m.model")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[0].startswith("Softmax regression of species: 3 classes, 344 rows")
    assert any(line.startswith("held out, 5-fold") and "baseline" in line for line in lines)
    assert any(line.startswith("log loss, nats a row") and "[" in line for line in lines)
    assert any(line.startswith("accuracy") for line in lines)
    assert any(line.startswith("Certificate: converged; relative gap") for line in lines)
    assert lines[-1].startswith(f"Saved to {tmp_path / 'm.model'}")
    assert "\x1b" not in out
    assert multinoulli.load(tmp_path / "m.model").target == "species"


def test_fit_without_out_says_that_nothing_is_kept(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("fit", PENGUINS, "--target", "species")
    assert code == 0
    assert "Not saved: give --out MODEL" in out
    assert list(tmp_path.iterdir()) == []


def test_fit_json_is_one_object_and_nothing_else(run, tmp_path):
    code, out, err = run("fit", PENGUINS, "--target", "species", "--json", "--out", tmp_path / "m.model")
    assert (code, err) == (0, "")
    result = json.loads(out)
    model = multinoulli.load(tmp_path / "m.model")
    assert result["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert result["model"] == str(tmp_path / "m.model")
    assert result["held_out"]["log_loss"]["value"] == model.training.held_out.log_loss.value
    assert result["certificate"]["relative_gap"] == model.certificate.relative_gap <= 1e-6
    assert result["seconds"] > 0


def test_fit_options_reach_the_fit(run, tmp_path):
    test = tmp_path / "test.csv"
    pl.read_csv(PENGUINS).head(200).write_csv(test)
    base = json.loads(run("fit", PENGUINS, "--target", "species", "--json")[1])

    def fit(*options):
        code, out, err = run("fit", PENGUINS, "--target", "species", "--json", *options)
        assert (code, err) == (0, "")
        return json.loads(out)

    assert fit("--folds", 3)["held_out"]["how"] == "held out, 3-fold"
    assert fit("--folds", 0)["held_out"] is None
    assert fit("--test", test)["held_out"]["n_rows"] == 200
    assert fit("--C", 0.01)["C"] == 0.01
    assert fit("--C", 0.01)["certificate"]["primal"] > base["certificate"]["primal"]
    columns = {f["column"] for f in fit("--drop", "year", "--drop", "sex")["features"]}
    assert columns == {f["column"] for f in base["features"]} - {"year", "sex"}
    assert "year=2008" in {f["name"] for f in fit("--categorical", "year")["features"]}
    text = tmp_path / "text.csv"
    text.write_text("code,y\n" + "".join(f"{'x' if i == 0 else i % 3},{'ab'[i % 2]}\n" for i in range(40)))
    as_text = json.loads(run("fit", text, "--target", "y", "--json")[1])
    assert any(f["name"].startswith("code=") for f in as_text["features"])
    code, _, err = run("fit", text, "--target", "y", "--numeric", "code")
    assert code == 1
    assert "'code'" in err
    assert "'x'" in err


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_of_model_is_fitted_shown_and_predicts(run, tmp_path, kind):
    path = tmp_path / "m.model"
    code, out, err = run("fit", PENGUINS, "--target", "species", "--model", kind, "--folds", 0, "--out", path)
    assert (code, err) == (0, "")
    assert out.lower().startswith(f"{KINDS[kind].label.lower()} of species")
    code, out, err = run("show", path)
    assert (code, err) == (0, "")
    assert ("Certificate" in out) == (kind == "softmax")
    assert ("Strongest coefficients" in out) == (kind in ("softmax", "lda"))
    shown = json.loads(run("show", path, "--json")[1])
    assert shown["kind"] == KINDS[kind].label
    assert (shown["certificate"] is None) == (kind != "softmax")
    code, out, err = run("predict", path, PENGUINS)
    assert (code, err) == (0, "")
    assert len(out.splitlines()) == 345


def test_the_best_model_is_chosen_before_the_eyes(run, tmp_path):
    path = tmp_path / "m.model"
    code, out, err = run("fit", PENGUINS, "--target", "species", "--model", "best", "--folds", 2, "--out", path)
    assert (code, err) == (0, "")
    begin = out.splitlines().index("Models by log loss on the same held-out rows, by which the first was chosen:")
    table = [line.split() for line in out.splitlines()[begin + 2 : begin + 2 + len(KINDS)]]
    assert {row[0] for row in table} == set(KINDS)
    losses = [float(row[1]) for row in table]
    assert losses == sorted(losses)
    assert multinoulli.load(path).kind == table[0][0]
    candidates = json.loads(run("show", path, "--json")[1])["candidates"]
    assert min(candidates, key=lambda one: one["log_loss"]["value"])["kind"] == table[0][0]


def test_a_kind_that_there_is_not_is_wrong_usage(run):
    code, _, err = run("fit", PENGUINS, "--target", "species", "--model", "oracle")
    assert code == 2
    assert "'oracle' is none of softmax" in " ".join(err.split())


def test_force_lets_an_odd_target_pass(run, tmp_path):
    path = tmp_path / "ids.csv"
    path.write_text("x,id\n" + "".join(f"{i % 5},id{i}\n" for i in range(30)))
    code, _, err = run("fit", path, "--target", "id", "--folds", 0)
    assert code == 1
    assert "--force" in err
    code, out, _ = run("fit", path, "--target", "id", "--folds", 0, "--force")
    assert code == 0
    assert "30 classes" in out


def test_fit_reads_queries(run):
    query = f"SELECT * EXCLUDE (year) FROM '{PENGUINS}' WHERE year > 2007"
    result = json.loads(run("fit", query, "--target", "species", "--json")[1])
    assert result["n_rows"] == len(pl.read_csv(PENGUINS).filter(pl.col("year") > 2007))
    assert "year" not in {f["column"] for f in result["features"]}


@pytest.mark.parametrize("ending", ["csv", "tsv", "parquet", "jsonl"])
def test_predict_writes_rows_in_order_with_probabilities(run, model, tmp_path, ending):
    out = tmp_path / f"predicted.{ending}"
    assert run("predict", model, PENGUINS, "--out", out) == (0, "", "")
    table = duckdb.sql(f"SELECT * FROM '{out}'").fetchnumpy()
    source = pl.read_csv(PENGUINS)
    assert list(table) == [*source.columns, "prediction", "p_Adelie", "p_Chinstrap", "p_Gentoo"]
    proba = np.column_stack([np.asarray(table[f"p_{name}"]) for name in ("Adelie", "Chinstrap", "Gentoo")])
    loaded = multinoulli.load(model)
    assert proba.tobytes() == loaded.predict_proba(PENGUINS).tobytes()
    np.testing.assert_allclose(proba.sum(axis=1), 1, atol=1e-6)
    assert list(table["prediction"]) == loaded.predict(PENGUINS)
    assert list(table["species"]) == source["species"].to_list()


def test_parquet_is_read_by_others_with_its_types(run, model, tmp_path):
    out = tmp_path / "predicted.parquet"
    run("predict", model, PENGUINS, "--out", out)
    table = pd.read_parquet(out)
    assert table["bill_length_mm"].isna().sum() == 2
    assert table["p_Adelie"].dtype == np.float64
    assert (
        multinoulli.load(model).predict_proba(table).tobytes()
        == multinoulli.load(model).predict_proba(PENGUINS).tobytes()
    )


def test_predict_writes_csv_to_standard_output(run, model):
    code, out, err = run("predict", model, PENGUINS)
    assert (code, err) == (0, "")
    table = pl.read_csv(io.StringIO(out))
    assert table["p_Gentoo"].to_numpy().tobytes() == multinoulli.load(model).predict_proba(PENGUINS)[:, 2].tobytes()


def test_predict_needs_no_target(run, model, tmp_path):
    path = tmp_path / "new.csv"
    pl.read_csv(PENGUINS).drop("species").write_csv(path)
    code, out, _ = run("predict", model, path)
    assert code == 0
    assert pl.read_csv(io.StringIO(out)).columns[0] == "island"


def test_predict_counts_unseen_levels(run, model, tmp_path):
    path = tmp_path / "new.csv"
    pl.read_csv(PENGUINS).with_columns(island=pl.lit("Hoth")).write_csv(path)
    code, out, err = run("predict", model, path)
    assert code == 0
    assert err == (
        "Warning: column 'island': 344 rows have a level that the model does not know ('Hoth'): "
        "rare in its training rows, or not there; treated as one of the others\n"
    )
    assert len(out.splitlines()) == 345


def test_evaluate(run, model, tmp_path):
    path = tmp_path / "labelled.csv"
    pl.read_csv(PENGUINS).rename({"species": "kind"}).head(100).write_csv(path)
    code, out, err = run("evaluate", model, path, "--target", "kind", "--json")
    assert (code, err) == (0, "")
    evaluation = multinoulli.load(model).evaluate(path, "kind")
    result = json.loads(out)
    assert result["n_rows"] == 100
    assert result["log_loss"]["value"] == evaluation.log_loss.value
    assert result["baseline_accuracy"]["high"] == evaluation.baseline_accuracy.high
    code, out, _ = run("evaluate", model, path, "--target", "kind")
    assert code == 0
    assert out.splitlines()[0].startswith("given rows")
    code, _, err = run("evaluate", model, path)
    assert code == 1
    assert "'species'" in err


def test_show(run, model):
    code, out, err = run("show", model)
    assert (code, err) == (0, "")
    for text in (
        "Softmax regression of species",
        "Chinstrap",
        "bill_length_mm",
        "island=Biscoe",
        "island             categorical",
        "Certificate: converged",
        "Strongest coefficients",
    ):
        assert text in out
    loaded = multinoulli.load(model)
    name, value = loaded.strongest("Gentoo")[0]
    assert f"{value:+.4f}" in out
    result = json.loads(run("show", model, "--json")[1])
    assert result["strongest"]["Gentoo"][name] == value
    assert [f["name"] for f in result["features"]] == [f.name for f in loaded.encoder.features_]


@pytest.mark.parametrize("command", ["fit", "predict", "evaluate", "show"])
def test_help_has_an_example(run, command):
    code, out, _ = run(command, "--help")
    assert code == 0
    assert f"Example: multinoulli {command} " in " ".join(out.split())


def test_top_level_help_names_the_commands(run):
    code, out, _ = run("--help")
    assert code == 0
    assert all(name in out for name in ("fit", "predict", "evaluate", "show", "--version"))
    assert run("--version")[1] == f"multinoulli {multinoulli.__version__}\n"


@pytest.mark.parametrize(
    "args",
    [
        ["fit", PENGUINS],
        ["fit", PENGUINS, "--target", "species", "--folds", "1"],
        ["fit", PENGUINS, "--target", "species", "--C", "0"],
        ["fit", PENGUINS, "--target", "species", "--C", "nan"],
        ["fit", PENGUINS, "--target", "species", "--colour"],
        ["fti"],
        ["predict", "model"],
    ],
)
def test_wrong_usage_is_exit_code_2(run, args):
    code, out, err = run(*args)
    assert code == 2
    assert out == ""
    assert "Usage" in err


def test_a_closed_pipe_is_no_traceback(model, tmp_path):
    path = tmp_path / "many.csv"
    pl.concat([pl.read_csv(PENGUINS)] * 50).write_csv(path)
    done = subprocess.run(f"{COMMAND} predict {model} {path} | head -1", shell=True, capture_output=True, text=True)
    assert done.stdout.startswith("species,island")
    assert done.stderr == ""


def in_terminal(command):
    """Run a command with a terminal for its standard error, and return what it shows there."""
    parent, child = pty.openpty()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=child)
    os.close(child)
    shown = b""
    while True:
        try:
            some = os.read(parent, 4096)
        except OSError:
            break
        if not some:
            break
        shown += some
    os.close(parent)
    assert process.wait() == 0
    return shown.decode()


SLOW = """
import sys, time
import multinoulli.cli._app as app
fit = app.fit
def slow(*args, progress, **options):
    progress("counting penguins")
    time.sleep({seconds})
    return fit(*args, progress=progress, **options)
app.fit = slow
sys.exit(app.run(sys.argv[1:]))
"""


def test_progress_is_shown_on_a_terminal_after_a_second():
    args = ["fit", str(PENGUINS), "--target", "species", "--folds", "0"]
    assert "counting penguins" in in_terminal([sys.executable, "-c", SLOW.format(seconds=2), *args])
    assert "counting penguins" not in in_terminal([sys.executable, "-c", SLOW.format(seconds=0), *args])
    piped = subprocess.run(
        [sys.executable, "-c", SLOW.format(seconds=1.5), *args], capture_output=True, text=True, check=True
    )
    assert piped.stderr == ""
