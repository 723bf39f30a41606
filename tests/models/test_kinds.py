# SPDX-License-Identifier: BSD-3-Clause
"""Every kind of model from table to file and back, and the choice of the best."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import multinoulli
from multinoulli.models import KINDS, Training
from multinoulli.models._inputs import columns
from multinoulli.tables import DataError, TableEncoder

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


@pytest.fixture(scope="module", params=list(KINDS))
def fitted(request):
    return request.param, multinoulli.fit(PENGUINS, target="species", model=request.param, folds=2)


def test_the_model_is_the_estimator_on_what_the_encoder_makes(fitted):
    kind, model = fitted
    data = pl.read_csv(PENGUINS)
    encoder = TableEncoder(drop=["species"])
    X = encoder.fit_transform(data)
    X = columns(encoder, X) if kind == "naive-bayes" else X
    proba = model.estimator.predict_proba(X)
    np.testing.assert_array_equal(model.predict_proba(data), proba)
    np.testing.assert_allclose(proba.sum(axis=1), 1, rtol=1e-12)
    assert np.mean(np.array(model.predict(data)) == data["species"].to_numpy()) > 0.95
    assert model.training.held_out.log_loss.value < 0.5 < model.training.held_out.baseline_log_loss.value


def test_a_loaded_model_is_the_saved_one_bit_for_bit(fitted, tmp_path):
    kind, model = fitted
    model.save(tmp_path / "a.model")
    loaded = multinoulli.load(tmp_path / "a.model")
    assert (loaded.kind, loaded.label) == (kind, KINDS[kind].label)
    assert loaded.predict_proba(PENGUINS).tobytes() == model.predict_proba(PENGUINS).tobytes()
    assert loaded.training == model.training
    assert (loaded.certificate is None) == (kind != "softmax")
    loaded.save(tmp_path / "b.model")
    assert (tmp_path / "a.model").read_bytes() == (tmp_path / "b.model").read_bytes()


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("table", ["numbers", "categories"])
def test_tables_of_one_kind_of_column_come_back_from_a_file(kind, table, tmp_path):
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    x = {"a": rng.standard_normal(80) + y, "b": rng.standard_normal(80)}
    if table == "categories":
        x = {name: np.where(values > 0.5, "high", "low") for name, values in x.items()}
    model = multinoulli.fit({**x, "y": y}, target="y", model=kind, folds=0)
    model.save(tmp_path / "m.model")
    loaded = multinoulli.load(tmp_path / "m.model")
    assert loaded.predict_proba(x).tobytes() == model.predict_proba(x).tobytes()


def test_only_linear_models_have_coefficients(fitted):
    kind, model = fitted
    assert model.is_linear == (kind in ("softmax", "lda"))
    if model.is_linear:
        assert len(model.strongest("Gentoo", 3)) == 3
    else:
        with pytest.raises(AttributeError, match=f"{model.label} has no coefficients"):
            model.strongest("Gentoo")
    assert (1.0 if kind == "softmax" else None) == model.training.C


def test_the_best_has_the_lowest_log_loss_of_all():
    best = multinoulli.fit(PENGUINS, target="species", model="best", folds=3)
    alone = {kind: multinoulli.fit(PENGUINS, target="species", model=kind, folds=3) for kind in KINDS}
    losses = {kind: model.training.held_out.log_loss for kind, model in alone.items()}
    assert {one.kind: one.log_loss for one in best.training.candidates} == losses
    assert best.kind == min(losses, key=lambda kind: losses[kind].value)
    assert best.training.held_out == alone[best.kind].training.held_out
    assert best.predict_proba(PENGUINS).tobytes() == alone[best.kind].predict_proba(PENGUINS).tobytes()
    assert all(one.seconds > 0 and one.reason is None for one in best.training.candidates)


def test_the_best_is_chosen_by_folds_and_measured_on_test_rows():
    data = pl.read_csv(PENGUINS)
    test, train = data[::4], data.filter(pl.int_range(pl.len()) % 4 != 0)
    model = multinoulli.fit(train, target="species", model="best", folds=2, test=test)
    assert model.training.held_out == model.evaluate(test)
    assert len(model.training.candidates) == len(KINDS)


def test_a_kind_that_cannot_be_fitted_is_passed_over(monkeypatch):
    def refuse(options, encoder):
        raise ValueError("not this time")

    broken = type(KINDS["lda"])("a broken kind", refuse, ())
    monkeypatch.setitem(KINDS, "lda", broken)
    steps = []
    model = multinoulli.fit(PENGUINS, target="species", model="best", folds=2, progress=steps.append)
    (one,) = (one for one in model.training.candidates if one.kind == "lda")
    assert (one.log_loss, one.accuracy) == (None, None)
    assert "a broken kind cannot be fitted to this table: not this time" in one.reason
    assert model.kind != "lda"
    assert "softmax regression, fold 1 of 2" in steps
    with pytest.raises(DataError, match=r"a broken kind cannot be fitted.*not this time"):
        multinoulli.fit(PENGUINS, target="species", model="lda")


def test_candidates_survive_the_file(tmp_path):
    model = multinoulli.fit(PENGUINS, target="species", model="best", folds=2)
    model.save(tmp_path / "m.model")
    training = multinoulli.load(tmp_path / "m.model").training
    assert isinstance(training, Training)
    assert training.candidates == model.training.candidates


def test_an_unknown_kind_and_a_best_without_folds_are_refused():
    with pytest.raises(DataError, match=r"model must be one of softmax, .* or best, not 'oracle'"):
        multinoulli.fit(PENGUINS, target="species", model="oracle")
    with pytest.raises(DataError, match="folds must be at least 2, got 0"):
        multinoulli.fit(PENGUINS, target="species", model="best", folds=0)
