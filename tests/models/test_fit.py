# SPDX-License-Identifier: BSD-3-Clause
"""From a table to a model: what is measured, on which rows, and what every option does."""

import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

import multinoulli
from multinoulli.models import DataWarning
from multinoulli.tables import DataError, TableEncoder

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


def frame(n=60, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n)
    return pd.DataFrame(
        {"x": x, "noise": rng.standard_normal(n), "y": np.where(x + rng.standard_normal(n) > 0, "up", "down")}
    )


def test_penguins(penguins):
    assert penguins.classes == ("Adelie", "Chinstrap", "Gentoo")
    assert penguins.training.n_rows == 344
    assert penguins.training.class_counts == (152, 68, 124)
    assert penguins.certificate.status == "converged"
    assert penguins.certificate.relative_gap <= 1e-6
    held_out = penguins.training.held_out
    assert held_out.n_rows == 344
    assert held_out.accuracy.value > 0.98
    # Predicting 152/344, 68/344 and 124/344 in every row, nearly so in every fold.
    assert held_out.baseline_log_loss.value == pytest.approx(stats.entropy([152, 68, 124]), rel=1e-3)
    assert held_out.baseline_accuracy.value == pytest.approx(152 / 344)
    assert held_out.log_loss.low < held_out.log_loss.value < held_out.log_loss.high < 0.1


def test_held_out_rows_are_never_trained_on(monkeypatch):
    """Every fold is repeated by hand with a model that sees the other folds only, encoding included."""
    data = frame()
    model = multinoulli.fit(data, target="y", folds=3)
    losses, hits, base = [], [], []
    labels = (data["y"] == "up").to_numpy().astype(int)
    for rows, held_out in StratifiedKFold(3, shuffle=True, random_state=0).split(labels, labels):
        part = multinoulli.fit(data.iloc[rows], target="y", folds=0)
        proba = part.predict_proba(data.iloc[held_out])
        own = proba[np.arange(len(held_out)), labels[held_out]]
        losses.extend(-np.log(own))
        hits.extend(own > 0.5)
        base.extend(-np.log(np.bincount(labels[rows])[labels[held_out]] / len(rows)))
    held_out = model.training.held_out
    assert held_out.how == "held out, 3-fold"
    assert held_out.log_loss.value == pytest.approx(np.mean(losses), rel=1e-12)
    assert held_out.accuracy.value == np.mean(hits)
    assert held_out.baseline_log_loss.value == pytest.approx(np.mean(base), rel=1e-12)
    half = stats.t.ppf(0.975, 59) * stats.sem(losses)
    assert held_out.log_loss.high - held_out.log_loss.value == pytest.approx(half, rel=1e-9)


def test_test_rows_replace_the_folds():
    train, test = frame(), frame(40, seed=1)
    test.loc[3, "y"] = None
    model = multinoulli.fit(train, target="y", test=test)
    held_out = model.training.held_out
    assert (held_out.how, held_out.n_rows, held_out.n_missing_target) == ("given rows", 39, 1)
    known = test["y"].notna()
    proba = model.predict_proba(test[known])
    assert held_out.log_loss.value == pytest.approx(log_loss(test["y"][known], proba), rel=1e-12)
    assert held_out.accuracy.value == np.mean(np.array(model.predict(test[known])) == test["y"][known])
    counts = np.array(model.training.class_counts)
    own = (test["y"][known] == "up").to_numpy().astype(int)
    assert held_out.baseline_log_loss.value == pytest.approx(-np.log(counts[own] / 60).mean(), rel=1e-12)
    assert held_out == model.evaluate(test)


def test_folds_zero_measures_nothing():
    assert multinoulli.fit(frame(), target="y", folds=0).training.held_out is None


def test_the_model_is_the_estimator_on_the_encoded_table():
    data = frame()
    model = multinoulli.fit(data, target="y", C=0.3)
    X = TableEncoder(drop=["y"]).fit_transform(pl.from_pandas(data))
    estimator = multinoulli.SoftmaxRegression(0.3, random_state=0).fit(X, data["y"])
    np.testing.assert_array_equal(model.coef, estimator.coef_)
    np.testing.assert_array_equal(model.predict_proba(data), estimator.predict_proba(X))
    assert model.training.C == 0.3


def test_random_state_decides_the_folds():
    a, b = (multinoulli.fit(frame(), target="y", random_state=seed).training.held_out for seed in (0, 1))
    assert a.log_loss != b.log_loss


def test_column_overrides():
    data = frame()
    data["code"] = ["1", "2", "3"] * 20
    names = {
        option: {f.name for f in multinoulli.fit(data, target="y", **options).encoder.features_}
        for option, options in {
            "none": {},
            "numeric": {"numeric": ["code"]},
            "drop": {"drop": ["code"]},
        }.items()
    }
    assert {"code=1", "code=2", "code=3"} <= names["none"]
    assert "code" in names["numeric"]
    assert not any("code" in name for name in names["drop"])
    data["code"] = data["code"].astype(int)
    assert "code=2" in {f.name for f in multinoulli.fit(data, target="y", categorical=["code"]).encoder.features_}


def test_missing_targets_are_dropped_and_counted():
    data = frame()
    data.loc[[3, 5], "y"] = None
    model = multinoulli.fit(data, target="y")
    assert (model.training.n_rows, model.training.n_missing_target) == (58, 2)
    assert model.training.held_out.n_missing_target == 2
    np.testing.assert_array_equal(model.coef, multinoulli.fit(data.dropna(), target="y").coef)


def test_paths_queries_and_frames_give_the_same_model(penguins):
    for data in (
        str(PENGUINS),
        f"SELECT * FROM '{PENGUINS}'",
        pl.read_csv(PENGUINS),
        pd.read_csv(PENGUINS),
        pl.read_csv(PENGUINS).to_arrow(),
    ):
        model = multinoulli.fit(data, target="species")
        np.testing.assert_array_equal(model.coef, penguins.coef)
        assert model.training.held_out == penguins.training.held_out


def test_unseen_levels_are_handled_and_counted(penguins):
    data = pl.read_csv(PENGUINS).head(3).with_columns(island=pl.Series(["Hoth", "Biscoe", "Hoth"]))
    with pytest.warns(
        DataWarning, match=r"column 'island': 2 rows have a level that the model does not know \('Hoth'\)"
    ):
        proba = penguins.predict_proba(data)
    np.testing.assert_allclose(proba.sum(axis=1), 1)


def test_a_row_is_predicted_alike_alone_and_in_the_table(penguins):
    data = pl.read_csv(PENGUINS)
    together = penguins.predict_proba(data)
    for row in 0, 3, 150, 343:
        np.testing.assert_array_equal(penguins.predict_proba(data[row]), together[row : row + 1])


def test_labels_keep_their_type():
    data = frame()
    data["y"] = np.where(data["y"] == "up", 7, 3)
    assert multinoulli.fit(data, target="y").classes == (3, 7)
    data["y"] = data["y"] == 7
    assert multinoulli.fit(data, target="y").classes == (False, True)


def test_progress_tells_every_step():
    steps = []
    multinoulli.fit(frame(), target="y", folds=2, progress=steps.append)
    assert steps == ["reading the data", "fold 1 of 2", "fold 2 of 2", "fitting all rows"]


def test_strongest_coefficients_come_first(penguins):
    strongest = penguins.strongest("Gentoo", 4)
    row = penguins.coef[2]
    assert [c.value for c in strongest] == sorted(row, key=abs, reverse=True)[:4]
    assert strongest[0].feature == penguins.encoder.features_[int(np.argmax(np.abs(row)))].name


def test_an_unconverged_fit_says_so(monkeypatch):
    monkeypatch.setattr("multinoulli.models._kinds.MAX_ITER", 1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = multinoulli.fit(frame(), target="y")
    assert model.certificate.status == "max_iter"
    assert any("raise max_iter" in note or "lower C" in note for note in model.training.notes)


def counted(counts, **columns):
    labels = [label for label, n in counts.items() for _ in range(n)]
    return {"x": list(np.arange(len(labels)) % 7 * 1.0), "y": labels, **columns}


FAULTS = {
    "target absent": (counted({"a": 9, "b": 9}), {"target": "Y2"}, "'Y2'.*did you mean 'y'|'Y2'"),
    "one class": (counted({"a": 9}), {"target": "y"}, "'y'.*one class"),
    "all distinct": ({"x": [1.0] * 30, "y": [f"id{i}" for i in range(30)]}, {"target": "y"}, "'y'.*distinct.*force"),
    "too many classes": (
        {"x": [1.0] * 4004, "y": [f"c{i // 4}" for i in range(4004)]},
        {"target": "y"},
        "'y'.*1,?001.*force",
    ),
    "all targets missing": ({"x": [1.0, 2.0], "y": [None, None]}, {"target": "y"}, "'y'"),
    "single row in a class": (counted({"a": 9, "b": 1}), {"target": "y"}, "class 'b' has a single row, .*no folds"),
    "few rows in a class": (counted({"a": 9, "b": 3}), {"target": "y"}, "class 'b' has 3 rows, .*at most 3 folds"),
    "one fold": (counted({"a": 9, "b": 9}), {"target": "y", "folds": 1}, "folds must be 0 .* or at least 2, got 1"),
    "infinite value": (counted({"a": 9, "b": 9}, z=[np.inf] + [1.0] * 17), {"target": "y"}, "'z'.*row 1.*inf"),
    "nothing but the target": ({"y": ["a"] * 9 + ["b"] * 9}, {"target": "y"}, "column"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults_are_named(name):
    data, options, message = FAULTS[name]
    with pytest.raises(DataError, match=message) as caught:
        multinoulli.fit(data, **options)
    assert "\n" not in str(caught.value)


def test_force_lets_a_strange_target_pass():
    data = {"x": [float(i % 5) for i in range(30)], "y": [f"id{i}" for i in range(30)]}
    assert len(multinoulli.fit(data, target="y", force=True, folds=0).classes) == 30


def test_evaluate_with_another_name_and_unknown_classes(penguins):
    data = pl.read_csv(PENGUINS)
    renamed = penguins.evaluate(data.rename({"species": "kind"}), target="kind")
    assert renamed == penguins.evaluate(data)
    assert renamed.how == "given rows"
    with pytest.raises(DataError, match="'Emperor'"):
        penguins.evaluate(data.with_columns(species=pl.lit("Emperor")))
    with pytest.raises(DataError, match="no row has a value in the target column 'species'"):
        penguins.evaluate(data.with_columns(species=pl.lit(None, dtype=pl.String)))


def test_columns_of_the_model_must_be_there_and_of_their_type(penguins):
    data = pl.read_csv(PENGUINS)
    with pytest.raises(DataError, match="'body_mass_g'"):
        penguins.predict(data.drop("body_mass_g"))
    with pytest.raises(DataError, match="'body_mass_g'"):
        penguins.predict(data.with_columns(body_mass_g=pl.lit("heavy")))
