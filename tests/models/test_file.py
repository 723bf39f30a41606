# SPDX-License-Identifier: BSD-3-Clause
"""The model file: whole, checked, safe, and refused with a reason."""

import json
import os
import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import safetensors.numpy

import multinoulli
from multinoulli.models import FORMAT_VERSION, ModelFileError
from multinoulli.models._file import _digest
from multinoulli.tables import DataError

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


@pytest.fixture
def saved(penguins, tmp_path):
    path = tmp_path / "penguins.model"
    penguins.save(path)
    return path


def read(path):
    with safetensors.safe_open(path, framework="numpy") as file:
        text = file.metadata()["multinoulli"].partition("\n")[2]
        names = file.keys()
        return json.loads(text), {name: file.get_tensor(name) for name in names}


def rewrite(path, description, arrays, *, sha256=None):
    text = json.dumps(description)
    safetensors.numpy.save_file(arrays, path, {"multinoulli": (sha256 or _digest(text, arrays)) + "\n" + text})


def edited(path, change):
    """The file with its content changed and signed again: what only the checks of the content can find."""
    description, arrays = read(path)
    change(description["content"])
    rewrite(path, description, arrays)


def test_a_loaded_model_is_the_saved_one_bit_for_bit(penguins, saved):
    loaded = multinoulli.load(saved)
    data = pl.read_csv(PENGUINS)
    assert loaded.predict_proba(data).tobytes() == penguins.predict_proba(data).tobytes()
    assert loaded.predict(data) == penguins.predict(data)
    assert (loaded.target, loaded.classes) == (penguins.target, penguins.classes)
    assert loaded.certificate == penguins.certificate
    assert loaded.training == penguins.training
    assert loaded.coef.tobytes() == penguins.coef.tobytes()
    assert loaded.encoder.features_ == penguins.encoder.features_


def test_saving_twice_writes_the_same_bytes(penguins, saved, tmp_path):
    multinoulli.load(saved).save(tmp_path / "again.model")
    assert (tmp_path / "again.model").read_bytes() == saved.read_bytes()


def test_no_training_row_is_in_the_file(saved):
    rows = read(saved)[0]["content"]["probes"]["rows"]
    probes = {tuple(row) for row in zip(*rows.values(), strict=True)}
    training = set(pl.read_csv(PENGUINS).select(list(rows)).iter_rows())
    assert len(probes) >= 3
    assert not probes & training


def test_what_the_file_says(saved):
    description, arrays = read(saved)
    content = description["content"]
    assert description["format_version"] == FORMAT_VERSION
    assert content["link"] == "softmax"
    assert content["classes"] == ["Adelie", "Chinstrap", "Gentoo"]
    assert content["calibration"] is None
    assert {"name", "column", "kind"} <= set(content["features"][0])
    assert arrays["coef"].shape == (3, len(content["features"]))


def test_an_infinite_interval_survives(penguins, tmp_path):
    table = {"x": [1.0, 1.2, 3.0, 3.3] * 5, "y": ["a", "a", "b", "b"] * 5}
    model = multinoulli.fit(table, target="y", test={"x": [1.0], "y": ["a"]})
    assert model.training.held_out.log_loss.high == np.inf
    model.save(tmp_path / "m.model")
    assert multinoulli.load(tmp_path / "m.model").training == model.training


def refuse(path, message):
    with pytest.raises(ModelFileError, match=message) as caught:
        multinoulli.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_truncated_foreign_and_empty_files(saved, tmp_path):
    refuse(tmp_path / "absent.model", "no such file")
    refuse(tmp_path, "not a model file")
    refuse(PENGUINS, "not a model file")
    whole = saved.read_bytes()
    for length in 0, 5, 100, len(whole) // 2, len(whole) - 1:
        saved.write_bytes(whole[:length])
        refuse(saved, "not a model file, or a damaged one")
    safetensors.numpy.save_file({"coef": np.zeros((2, 2))}, tmp_path / "other.safetensors")
    refuse(tmp_path / "other.safetensors", "not a model of multinoulli")


def test_every_altered_byte_is_noticed(saved):
    whole = saved.read_bytes()
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(whole), 60):
        damaged = bytearray(whole)
        damaged[position] ^= 0x01
        saved.write_bytes(damaged)
        with pytest.raises(ModelFileError):
            multinoulli.load(saved)


def test_altered_content_and_arrays_have_another_digest(saved):
    description, arrays = read(saved)
    signed = _digest(json.dumps(description), arrays)
    target = {**description["content"], "target": "spices"}
    rewrite(saved, {**description, "content": target}, arrays, sha256=signed)
    refuse(saved, "altered since it was written")
    rewrite(saved, description, {**arrays, "coef": arrays["coef"] + 1e-12}, sha256=signed)
    refuse(saved, "altered since it was written")
    rewrite(saved, description, arrays, sha256=signed)
    multinoulli.load(saved)


def test_a_newer_format_says_upgrade(saved):
    description, arrays = read(saved)
    rewrite(saved, {**description, "format_version": FORMAT_VERSION + 1}, arrays)
    refuse(saved, f"format {FORMAT_VERSION + 1} by a newer multinoulli.*upgrade")


def test_a_file_of_the_first_format_loads(penguins, saved):
    description, arrays = read(saved)
    content = {name: value for name, value in description["content"].items() if name != "params"}
    content["kind"] = "softmax regression"
    content["training"] = {name: value for name, value in content["training"].items() if name != "candidates"}
    rewrite(saved, {"format_version": 1, "content": content}, arrays)
    loaded = multinoulli.load(saved)
    assert loaded.kind == "softmax"
    assert loaded.training == penguins.training
    assert loaded.coef.tobytes() == penguins.coef.tobytes()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c["probes"]["proba"][0].__setitem__(0, 0.123), "other probabilities for its test rows"),
        (lambda c: c.pop("classes"), "not that of a model"),
        (lambda c: c["classes"].append("Emperor"), "not that of a model.*coefficients of shape"),
        (lambda c: c["features"].pop(), "not that of a model.*features"),
        (lambda c: c.__setitem__("encoder", {}), "not that of a model"),
        (lambda c: c.__setitem__("encoder", [1]), "not that of a model"),
        (lambda c: c["training"].pop("C"), "not that of a model"),
        (lambda c: c.__setitem__("kind", "oracle"), "not that of a model.*oracle"),
        (lambda c: c["certificate"].__setitem__("extra", 1), "not that of a model"),
    ],
)
def test_content_that_is_not_a_model_is_refused(saved, change, message):
    edited(saved, change)
    refuse(saved, message)


@pytest.mark.parametrize("content", [[], {}, "text", None])
def test_content_that_is_no_object_is_refused(saved, content):
    description, arrays = read(saved)
    rewrite(saved, {**description, "content": content}, arrays)
    refuse(saved, "not that of a model")


@pytest.mark.parametrize("text", ["not json", "", "\nnot json", "\n{}", "\n[]", "\nnull"])
def test_a_description_that_cannot_be_read_is_refused(saved, text):
    safetensors.numpy.save_file(read(saved)[1], saved, {"multinoulli": text})
    refuse(saved, "damaged")


def test_a_failed_save_keeps_the_old_file(penguins, saved, monkeypatch):
    before = saved.read_bytes()

    def fail(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        penguins.save(saved)
    assert saved.read_bytes() == before
    assert [p.name for p in saved.parent.iterdir()] == [saved.name]


def test_saving_where_nothing_can_be_written(penguins, tmp_path):
    with pytest.raises(DataError, match=re.escape(str(tmp_path / "absent"))):
        penguins.save(tmp_path / "absent" / "m.model")
