# SPDX-License-Identifier: BSD-3-Clause
"""The main job: a table in, a trustworthy probability model out."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold

from multinoulli.classifiers import ScoreClassifier
from multinoulli.models._evaluation import Evaluation, Measures, measure, summarise
from multinoulli.models._kinds import BEST, KINDS, Options
from multinoulli.models._model import Candidate, Model, Training
from multinoulli.tables import Columns, DataError, TableEncoder, codes_for, columns_of, labels_of, read_table


class _Recipe(NamedTuple):
    """How rows become a model: the same for every fold and for the final fit."""

    kind: str
    options: Options
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]

    def train(self, columns: Columns, labels: NDArray[np.int64]) -> tuple[TableEncoder, ScoreClassifier]:
        encoder, kind = TableEncoder(numeric=self.numeric, categorical=self.categorical), KINDS[self.kind]
        X = kind.inputs(encoder, encoder.fit_transform(columns))
        try:
            return encoder, kind.make(self.options, encoder).fit(X, labels)
        except ValueError as fault:
            raise DataError(f"{kind.label} cannot be fitted to this table: {fault}") from fault

    def scores(self, encoder: TableEncoder, estimator: ScoreClassifier, columns: Columns) -> NDArray[np.float64]:
        return estimator.scores(KINDS[self.kind].inputs(encoder, encoder.transform(columns)))


def fit(
    data: Any,
    target: str,
    *,
    model: str = "softmax",
    C: float = 1.0,
    folds: int = 5,
    test: Any = None,
    numeric: Sequence[str] = (),
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    force: bool = False,
    random_state: int = 0,
    n_jobs: int | None = None,
    progress: Callable[[str], object] | None = None,
) -> Model:
    """Fit a classifier to a table, and measure it on held-out rows.

    Parameters
    ----------
    data : path, SQL query or data frame
        A CSV (any separator, compressed too), Parquet or JSON lines file or a glob of them; a SELECT; or a data frame
        of pandas, polars, pyarrow or another library that narwhals knows; or a dict of columns. Paths and queries
        need the extra ``multinoulli[cli]``.
    target : str
        The column to predict. Rows where it is missing are dropped and counted.
    model : str, default="softmax"
        The kind of classifier: ``"softmax"`` (regression, to a certified optimum), ``"lda"`` or ``"qda"`` (linear or
        quadratic discriminant analysis), ``"naive-bayes"``, ``"mlp"`` (a neural network). ``"best"`` fits them all in
        every fold and takes the one with the lowest log loss on the rows held out; ``training.candidates`` has what
        each reached.
    C : float, default=1.0
        Inverse strength of the penalty on the coefficients (of standardised features), as in `SoftmaxRegression`; of
        no other kind.
    folds : int, default=5
        Folds of the stratified cross-validation that measures held-out quality; 0 measures nothing.
    test : path, SQL query or data frame, optional
        Rows to measure on, in place of folds; the best model is chosen by folds all the same.
    numeric, categorical, drop : sequences of str
        Columns to take as numbers, as categories, or not at all, whatever they look like.
    force : bool, default=False
        Fit even if the target looks like the wrong column: more than 1,000 classes, or all values distinct.
    random_state : int, default=0
        Decides which rows are in which fold.
    n_jobs : int or None, default=None
        Threads, as in `SoftmaxRegression`.
    progress : callable, optional
        Called with a short text at every step of the work.

    Returns
    -------
    Model

    Raises
    ------
    multinoulli.tables.DataError
        If the data cannot be used: the message names the column, row, value or file, and the way out.

    Examples
    --------
    >>> import multinoulli
    >>> table = {"weight": [1.0, 1.2, 3.0, 3.3] * 5, "kind": ["pear", "pear", "melon", "melon"] * 5}
    >>> model = multinoulli.fit(table, target="kind")
    >>> model.certificate.status
    'converged'
    >>> model.training.held_out.accuracy.value
    1.0
    """
    say = progress or (lambda text: None)
    _check_kind(model, folds)
    say("reading the data")
    frame = read_table(data, text=tuple(categorical))
    all_labels, classes = labels_of(frame, target, force=force)
    # All rows, so that a fault is reported with its own row's number.
    all_columns = columns_of(frame, numeric, categorical, (*drop, target))
    known = all_labels >= 0
    columns, labels, n_missing = all_columns.take(known), all_labels[known], int((~known).sum())
    counts = np.bincount(labels, minlength=len(classes))
    recipe = _Recipe(model, Options(C, random_state, n_jobs), tuple(numeric), tuple(categorical))
    held_out: Evaluation | None = None
    if test is not None:
        say("reading the test rows")
        test = read_table(test, text=tuple(categorical))
        codes_for(test, target, classes)  # a fault there is better known before the fit
    if test is None or model == BEST:
        _check_folds(folds, counts, classes)
    candidates: tuple[Candidate, ...] = ()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        # What scikit-learn suspects here, a target that is no class, `labels_of` has refused or `force` has allowed.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        if model == BEST:
            rounds = _Rounds(columns, labels, len(classes), folds, n_missing)
            recipe, held_out, candidates = _choose(recipe, rounds, say)
        elif test is None and folds:
            held_out = _Rounds(columns, labels, len(classes), folds, n_missing).measure(recipe, say)
        say("fitting all rows")
        encoder, estimator = recipe.train(columns, labels)
    training = Training(
        n_rows=len(labels),
        n_missing_target=n_missing,
        class_counts=tuple(int(n) for n in counts),
        C=float(C) if "C" in estimator.get_params() else None,
        n_iter=getattr(estimator, "n_iter_", None),
        notes=(*encoder.notes_, *dict.fromkeys(str(w.message) for w in caught)),
        held_out=held_out,
        candidates=candidates,
    )
    fitted = Model(target, classes, encoder, recipe.kind, estimator, training)
    if test is not None:
        fitted = replace(fitted, training=replace(training, held_out=fitted.evaluate(test)))
    return fitted


def _check_kind(model: str, folds: int) -> None:
    if model not in (*KINDS, BEST):
        raise DataError(f"model must be one of {', '.join(KINDS)} or {BEST}, not {model!r}")
    if model == BEST and not folds:
        raise DataError("the best model is chosen by its log loss on held-out rows: folds must be at least 2, got 0")


def _check_folds(folds: int, counts: NDArray[np.int64], classes: tuple[Any, ...]) -> None:
    if folds == 0:
        return
    if folds < 2:
        raise DataError(f"folds must be 0 (measure nothing) or at least 2, got {folds}")
    rarest = int(np.argmin(counts))
    n, label = int(counts[rarest]), classes[rarest]
    if n >= folds:
        return
    others = "give test rows (--test), leave the class out, or measure nothing (--folds 0)"
    if n == 1:
        raise DataError(f"class {label!r} has a single row, which allows no folds at all: {others}")
    raise DataError(
        f"class {label!r} has {n} rows, which allow at most {n} folds, not {folds}: use --folds {n}, or {others}"
    )


class _Rounds(NamedTuple):
    """The folds: every row predicted once by a model that has not seen it, the table's encoding included."""

    columns: Columns
    labels: NDArray[np.int64]
    n_classes: int
    folds: int
    n_missing: int

    def measure(self, recipe: _Recipe, say: Callable[[str], object]) -> Evaluation:
        splitter = StratifiedKFold(self.folds, shuffle=True, random_state=recipe.options.random_state)
        measures: list[Measures] = []
        for fold, (rows, held_out) in enumerate(splitter.split(self.labels, self.labels), start=1):
            say(f"fold {fold} of {self.folds}")
            encoder, estimator = recipe.train(self.columns.take(rows), self.labels[rows])
            scores = recipe.scores(encoder, estimator, self.columns.take(held_out))
            counts = np.bincount(self.labels[rows], minlength=self.n_classes)
            measures.append(measure(scores, self.labels[held_out], counts))
        return summarise(f"held out, {self.folds}-fold", measures, self.n_missing)


def _say_of(label: str, say: Callable[[str], object], text: str) -> None:
    say(f"{label}, {text}")


def _choose(
    recipe: _Recipe, rounds: _Rounds, say: Callable[[str], object]
) -> tuple[_Recipe, Evaluation, tuple[Candidate, ...]]:
    """The kind with the lowest log loss on held-out rows; one that cannot be fitted says why and is passed over."""
    candidates, evaluations = [], {}
    for kind, what in KINDS.items():
        began, reason = time.perf_counter(), None
        try:
            evaluations[kind] = rounds.measure(
                recipe._replace(kind=kind),
                partial(_say_of, what.label, say),
            )
        except DataError as fault:
            reason = str(fault)
        found, seconds = evaluations.get(kind), time.perf_counter() - began
        candidates.append(
            Candidate(kind, found.log_loss, found.accuracy, seconds, None)
            if found
            else Candidate(kind, None, None, seconds, reason)
        )
    if not evaluations:
        raise DataError(f"no model can be fitted to this table: {candidates[0].reason}")
    best = min(evaluations, key=lambda kind: evaluations[kind].log_loss.value)
    return recipe._replace(kind=best), evaluations[best], tuple(candidates)
