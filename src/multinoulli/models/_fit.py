# SPDX-License-Identifier: BSD-3-Clause
"""The main job: a table in, a trustworthy probability model out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold

from multinoulli.classifiers import SoftmaxRegression, linear_scores
from multinoulli.models._evaluation import Evaluation, Measures, measure, summarise
from multinoulli.models._model import Model, Training
from multinoulli.tables import DataError, TableEncoder, codes_for, labels_of, read_table

MAX_ITER = 5000


class _Recipe(NamedTuple):
    """How rows become a model: the same for every fold and for the final fit."""

    C: float
    numeric: Sequence[str]
    categorical: Sequence[str]
    drop: Sequence[str]
    random_state: int
    n_jobs: int | None

    def train(self, frame: Any, labels: NDArray[np.int64]) -> tuple[TableEncoder, SoftmaxRegression]:
        encoder = TableEncoder(numeric=self.numeric, categorical=self.categorical, drop=self.drop)
        estimator = SoftmaxRegression(C=self.C, max_iter=MAX_ITER, random_state=self.random_state, n_jobs=self.n_jobs)
        return encoder, estimator.fit(encoder.fit_transform(frame), labels)


def fit(
    data: Any,
    target: str,
    *,
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
    """Fit softmax regression to a table, to a certified optimum, and measure it on held-out rows.

    Parameters
    ----------
    data : path, SQL query or data frame
        A CSV (any separator, compressed too), Parquet or JSON lines file or a glob of them; a SELECT; or a data frame
        of pandas, polars, pyarrow or another library that narwhals knows; or a dict of columns. Paths and queries
        need the extra ``multinoulli[cli]``.
    target : str
        The column to predict. Rows where it is missing are dropped and counted.
    C : float, default=1.0
        Inverse strength of the penalty on the coefficients (of standardised features), as in `SoftmaxRegression`.
    folds : int, default=5
        Folds of the stratified cross-validation that measures held-out quality; 0 measures nothing.
    test : path, SQL query or data frame, optional
        Rows to measure on, in place of folds.
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
    say("reading the data")
    frame, labels, classes, n_missing = _read(data, target, force)
    counts = np.bincount(labels, minlength=len(classes))
    recipe = _Recipe(C, tuple(numeric), tuple(categorical), (*drop, target), random_state, n_jobs)
    if test is None:
        _check_folds(folds, counts, classes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        held_out: Evaluation | None = None
        if test is not None:
            say("reading the test rows")
            test_frame, test_labels, n_test_missing = _read_test(test, target, classes)
        elif folds:
            held_out = _cross_validate(frame, labels, counts, folds, recipe, n_missing, say)
        say("fitting all rows")
        encoder, estimator = recipe.train(frame, labels)
        if test is not None:
            scores = linear_scores(encoder.transform(test_frame), estimator.coef_, estimator.intercept_)
            held_out = summarise("test rows", [measure(scores, test_labels, counts)], n_test_missing)
    unconverged = [str(w.message) for w in caught if issubclass(w.category, ConvergenceWarning)]
    for w in caught:
        if not issubclass(w.category, ConvergenceWarning):
            warnings.warn_explicit(w.message, w.category, w.filename, w.lineno)
    training = Training(
        n_rows=len(labels),
        n_missing_target=n_missing,
        class_counts=tuple(int(n) for n in counts),
        C=float(C),
        n_iter=estimator.n_iter_,
        notes=(*encoder.notes_, *dict.fromkeys(unconverged)),
        held_out=held_out,
    )
    return Model(target, classes, encoder, estimator.coef_, estimator.intercept_, estimator.certificate_, training)


def _read(data: Any, target: str, force: bool) -> tuple[Any, NDArray[np.int64], tuple[Any, ...], int]:
    """The rows that have a target, their labels, the classes, and how many rows have none."""
    frame = read_table(data)
    labels, classes = labels_of(frame, target, force=force)
    known = np.flatnonzero(labels >= 0)
    n_missing = len(labels) - len(known)
    return (frame[known] if n_missing else frame), labels[known], classes, n_missing


def _read_test(data: Any, target: str, classes: tuple[Any, ...]) -> tuple[Any, NDArray[np.int64], int]:
    frame = read_table(data)
    labels = codes_for(frame, target, classes)
    known = np.flatnonzero(labels >= 0)
    if not len(known):
        raise DataError(f"no test row has a value in the target column {target!r}: nothing can be measured on them")
    return frame[known], labels[known], len(labels) - len(known)


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


def _cross_validate(
    frame: Any,
    labels: NDArray[np.int64],
    counts: NDArray[np.int64],
    folds: int,
    recipe: _Recipe,
    n_missing: int,
    say: Callable[[str], object],
) -> Evaluation:
    """Every row predicted once by a model that has not seen it, the table's encoding included."""
    splitter = StratifiedKFold(folds, shuffle=True, random_state=recipe.random_state)
    measures: list[Measures] = []
    for fold, (rows, held_out) in enumerate(splitter.split(labels, labels), start=1):
        say(f"fold {fold} of {folds}")
        encoder, estimator = recipe.train(frame[rows], labels[rows])
        scores = linear_scores(encoder.transform(frame[held_out]), estimator.coef_, estimator.intercept_)
        measures.append(measure(scores, labels[held_out], np.bincount(labels[rows], minlength=len(counts))))
    return summarise(f"{folds}-fold", measures, n_missing)
