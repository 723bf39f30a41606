# SPDX-License-Identifier: BSD-3-Clause
"""A fitted model: from the columns of a table to class probabilities."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import version
from os import PathLike
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli.classifiers import LinearClassifier, ScoreClassifier
from multinoulli.functions import softmax
from multinoulli.metrics import Estimate
from multinoulli.models._evaluation import Evaluation, measure, summarise
from multinoulli.models._file import write_file
from multinoulli.models._kinds import KINDS
from multinoulli.solvers import Certificate
from multinoulli.tables import DataError, TableEncoder, codes_for, read_table

Label = str | int | float | bool


class DataWarning(UserWarning):
    """Something about the data that did not stop the work but that its owner should know."""


@dataclass(frozen=True)
class Candidate:
    """What one kind of model reached on held-out rows, when the best was looked for."""

    kind: str
    log_loss: Estimate | None
    """None where it could not be fitted."""
    accuracy: Estimate | None
    seconds: float
    """Of all its fits and predictions."""
    reason: str | None
    """Why it could not be fitted."""


@dataclass(frozen=True)
class Training:
    """What a model was made from."""

    n_rows: int
    """Rows with a target."""
    n_missing_target: int
    """Rows dropped because their target is missing."""
    class_counts: tuple[int, ...]
    """Rows of each class."""
    C: float | None
    """Inverse strength of the penalty; None where there is none."""
    n_iter: int | None
    """Iterations of the final fit; None where it has none."""
    notes: tuple[str, ...]
    """Sentences about columns that were dropped and the like."""
    held_out: Evaluation | None
    """Quality on held-out rows; None where it was not measured. The best of several is measured on the rows by which
    it was chosen, which flatters it a little: test rows do not."""
    candidates: tuple[Candidate, ...] = ()
    """Among which the model is the best, if it is."""


class Coefficient(NamedTuple):
    """One number of a model: what one unit of a feature adds to the score of a class."""

    feature: str
    value: float


@dataclass(frozen=True, eq=False)
class Model:
    """A classifier on the columns of a table, made by `multinoulli.fit` or `multinoulli.load`.

    `data` is in every method what `multinoulli.fit` takes: a path, a SQL query or a data frame. Columns that
    the model does not use are ignored. A level of a category that the training rows did not have, or too
    rarely, is one of the others, and a `DataWarning` counts it.

    Examples
    --------
    >>> import multinoulli
    >>> table = {"weight": [1.0, 1.2, 3.0, 3.3] * 5, "kind": ["pear", "pear", "melon", "melon"] * 5}
    >>> model = multinoulli.fit(table, target="kind")
    >>> model.classes
    ('melon', 'pear')
    >>> model.predict({"weight": [1.1, 2.9]})
    ['pear', 'melon']
    >>> model.predict_proba({"weight": [1.1, 2.9]}).shape
    (2, 2)
    """

    target: str
    """The column that is predicted."""
    classes: tuple[Label, ...]
    """Its values, sorted."""
    encoder: TableEncoder
    """From the columns of a table to the design matrix."""
    kind: str
    """What classifier it is: ``"softmax"``, for one."""
    estimator: ScoreClassifier
    """It, fitted to the encoder's matrix and to codes of the classes, 0, 1, ..."""
    training: Training

    @property
    def label(self) -> str:
        """What classifier it is, for people."""
        return KINDS[self.kind].label

    @property
    def certificate(self) -> Certificate | None:
        """How far the fit is from its optimum at most; None where nothing is proved."""
        return getattr(self.estimator, "certificate_", None)

    @property
    def coef(self) -> NDArray[np.float64]:
        """(n_classes, n_features), for the standardised features of the encoder; linear models have it."""
        return self._linear().coef_

    @property
    def intercept(self) -> NDArray[np.float64]:
        """(n_classes,); linear models have it."""
        return self._linear().intercept_

    @property
    def is_linear(self) -> bool:
        """Whether scores are ``X @ coef.T + intercept`` for the encoder's X."""
        return isinstance(self.estimator, LinearClassifier)

    def _linear(self) -> LinearClassifier:
        if not isinstance(self.estimator, LinearClassifier):
            raise AttributeError(f"a model of the kind {self.label} has no coefficients: its scores are not linear")
        return self.estimator

    def scores(self, data: Any) -> NDArray[np.float64]:
        """Scores of shape (n_rows, n_classes): log-probabilities up to a constant a row."""
        encoded = self.encoder.encode(data)
        for column, levels in encoded.unseen.items():
            rows, examples = sum(levels.values()), ", ".join(repr(level) for level in list(levels)[:3])
            more = ", ..." if len(levels) > 3 else ""
            warnings.warn(
                f"column {column!r}: {rows} row{'s have' if rows > 1 else ' has'} a level that the model does not know "
                f"({examples}{more}): rare in its training rows, or not there; treated as one of the others",
                DataWarning,
                stacklevel=3,
            )
        return self._scores(encoded.X)

    def _scores(self, X: Any) -> NDArray[np.float64]:
        return self.estimator.scores(KINDS[self.kind].inputs(self.encoder, X))

    def read(self, data: Any) -> Any:
        """The table of a path or a query as the model reads it: its categories as text, so that 007 is not 7."""
        kinds = self.encoder.columns_
        return read_table(data, text=[name for name, kind in kinds.items() if kind == "categorical"])

    def predict_proba(self, data: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n_rows, n_classes), columns in the order of `classes`.

        Raises
        ------
        multinoulli.tables.DataError
            If the data cannot be read, or lack a column of the model, or have another type there.
        """
        proba: NDArray[np.float64] = softmax(self.scores(data))
        return proba

    def predict(self, data: Any) -> list[Label]:
        """The most probable class of every row."""
        return self.most_probable(self.predict_proba(data))

    def most_probable(self, proba: NDArray[np.float64]) -> list[Label]:
        """The class of the largest probability in every row; of equal ones the first."""
        return [self.classes[k] for k in np.argmax(proba, axis=1)]

    def evaluate(self, data: Any, target: str | None = None) -> Evaluation:
        """Quality on rows that the model was not fitted to, beside the class frequencies of its training rows.

        Parameters
        ----------
        data : path, SQL query or data frame
            With the model's columns and the target. Rows without a target are left out and counted.
        target : str, optional
            The column with the true classes, if it has another name here.

        Raises
        ------
        multinoulli.tables.DataError
            If the data cannot be used, or have a class that the model does not know.
        """
        frame = self.read(data)
        labels = codes_for(frame, self.target if target is None else target, self.classes)
        known = labels >= 0
        if not known.any():
            raise DataError(f"no row has a value in the target column {self.target if target is None else target!r}")
        measures = measure(self.scores(frame)[known], labels[known], np.asarray(self.training.class_counts))
        return summarise("given rows", [measures], int((~known).sum()))

    def strongest(self, label: Label, n: int = 5) -> list[Coefficient]:
        """The `n` largest coefficients of a class by absolute value; features are standardised, so they compare.

        Only linear models have coefficients.
        """
        row = self.coef[self.classes.index(label)]
        order = np.argsort(-np.abs(row), kind="stable")[:n]
        return [Coefficient(self.encoder.features_[j].name, float(row[j])) for j in order]

    def save(self, path: str | PathLike[str]) -> None:
        """Write the model to one file, whole or not at all: safetensors with JSON metadata, no pickle.

        Raises
        ------
        multinoulli.tables.DataError
            If the file cannot be written. An old file of that name is then as it was.
        """
        probes = self.encoder.probe_rows()
        content = {
            "multinoulli": version("multinoulli"),
            "kind": self.kind,
            "params": KINDS[self.kind].params(self.estimator),
            "link": "softmax",
            "target": self.target,
            "classes": self.classes,
            "features": [asdict(feature) for feature in self.encoder.features_],
            "encoder": self.encoder.to_dict(),
            "calibration": None,
            "training": _plain(asdict(self.training)),
            "certificate": None if self.certificate is None else asdict(self.certificate),
            # Made-up rows, none from the training data, with their probabilities: computed again on load.
            "probes": {"rows": probes, "proba": self.predict_probes(probes).tolist()},
        }
        write_file(path, content, KINDS[self.kind].arrays(self.estimator))

    def predict_probes(self, rows: dict[str, list[Any]]) -> NDArray[np.float64]:
        """Probabilities of rows given as plain lists, with no word about unseen levels."""
        proba: NDArray[np.float64] = softmax(self._scores(self.encoder.transform(rows)))
        return proba


def _plain(value: Any) -> Any:
    """JSON has no infinities: an interval of one row, which has no ends, is written with nulls."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
