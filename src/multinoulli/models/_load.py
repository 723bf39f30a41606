# SPDX-License-Identifier: BSD-3-Clause
"""A model from its file, checked."""

from __future__ import annotations

import math
from dataclasses import asdict
from os import PathLike, fspath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from multinoulli.metrics import Estimate
from multinoulli.models._evaluation import Evaluation
from multinoulli.models._file import ModelFileError, read_file
from multinoulli.models._kinds import KINDS
from multinoulli.models._model import Candidate, Model, Training
from multinoulli.solvers import Certificate
from multinoulli.tables import TableEncoder

# The probabilities of the probes may be computed by another BLAS than the one that made them.
PROBE_TOLERANCE = 1e-9


def load(path: str | PathLike[str]) -> Model:
    """Read a model file, and check that it is whole and computes what it did when it was written.

    Parameters
    ----------
    path : path
        A file written by `Model.save`. It is safe to load a file from anyone: nothing in it is executed.

    Returns
    -------
    Model

    Raises
    ------
    ModelFileError
        If the file is missing, truncated, altered, not a model of multinoulli, or from a newer version.

    Examples
    --------
    >>> import multinoulli, tempfile, pathlib
    >>> table = {"weight": [1.0, 1.2, 3.0, 3.3] * 5, "kind": ["pear", "pear", "melon", "melon"] * 5}
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "fruit.model"
    >>> multinoulli.fit(table, target="kind").save(path)
    >>> multinoulli.load(path).predict({"weight": [3.1]})
    ['melon']
    """
    content, arrays = read_file(path)
    try:
        model = _model(content, arrays)
        rows, proba = content["probes"]["rows"], np.array(content["probes"]["proba"])
        again = model.predict_probes(rows)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as fault:
        raise ModelFileError(f"{fspath(path)}: its content is not that of a model ({fault}): fit again") from fault
    if again.shape != proba.shape or not np.allclose(again, proba, rtol=0, atol=PROBE_TOLERANCE):
        raise ModelFileError(f"{fspath(path)}: this version computes other probabilities for its test rows: fit again")
    return model


def _model(content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> Model:
    encoder = TableEncoder.from_dict(content["encoder"])
    if [asdict(feature) for feature in encoder.features_] != content["features"]:
        raise ValueError("the features are not those of the encoder")
    kind = KINDS[content["kind"]]
    estimator = kind.restore(encoder, content["params"], arrays, len(content["classes"]))
    if content["certificate"] is not None:
        estimator.certificate_ = Certificate(**content["certificate"])
    training = dict(content["training"])
    if training["held_out"] is not None:
        training["held_out"] = Evaluation(**_estimates(training["held_out"]))
    training["candidates"] = tuple(Candidate(**_estimates(one)) for one in training.get("candidates", ()))
    training["class_counts"], training["notes"] = tuple(training["class_counts"]), tuple(training["notes"])
    return Model(
        target=content["target"],
        classes=tuple(content["classes"]),
        encoder=encoder,
        kind=content["kind"],
        estimator=estimator,
        training=Training(**training),
    )


def _estimates(stored: dict[str, Any]) -> dict[str, Any]:
    return {key: _estimate(value) if isinstance(value, dict) else value for key, value in stored.items()}


def _estimate(stored: dict[str, Any]) -> Estimate:
    value, low, high = stored["value"], stored["low"], stored["high"]
    return Estimate(value, -math.inf if low is None else low, math.inf if high is None else high)
