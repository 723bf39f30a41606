# SPDX-License-Identifier: BSD-3-Clause
"""The main job: a table in, a trustworthy probability model out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import StratifiedKFold

from multinoulli.classifiers import SoftmaxRegression
from multinoulli.models._evaluation import Evaluation, Measures, measure, summarise
from multinoulli.models._model import Model, Training
from multinoulli.tables import Columns, DataError, TableEncoder, codes_for, columns_of, labels_of, read_table

MAX_ITER = 5000


class _Recipe(NamedTuple):
    """How rows become a model: the same for every fold and for the final fit."""

    C: float
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    random_state: int
    n_jobs: int | None

    def train(self, columns: Columns, labels: NDArray[np.int64]) -> tuple[TableEncoder, SoftmaxRegression]:
        encoder = TableEncoder(numeric=self.numeric, categorical=self.categorical)
        estimator = SoftmaxRegression(C=self.C, max_iter=MAX_ITER, random_state=self.random_state, n_jobs=self.n_jobs)
        return encoder, estimator.fit(encoder.fit_transform(columns), labels)


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
    frame = read_table(data, text=tuple(categorical))
    all_labels, classes = labels_of(frame, target, force=force)
    # All rows, so that a fault is reported with its own row's number.
    all_columns = columns_of(frame, numeric, categorical, (*drop, target))
    known = all_labels >= 0
    columns, labels, n_missing = all_columns.take(known), all_labels[known], int((~known).sum())
    counts = np.bincount(labels, minlength=len(classes))
    recipe = _Recipe(C, tuple(numeric), tuple(categorical), random_state, n_jobs)
    held_out: Evaluation | None = None
    if test is not None:
        say("reading the test rows")
        test = read_table(test, text=tuple(categorical))
        codes_for(test, target, classes)  # a fault there is better known before the fit
    else:
        _check_folds(folds, counts, classes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        # What scikit-learn suspects here, a target that is no class, `labels_of` has refused or `force` has allowed.
        warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
        if test is None and folds:
            held_out = _cross_validate(columns, labels, len(classes), folds, recipe, n_missing, say)
        say("fitting all rows")
        encoder, estimator = recipe.train(columns, labels)
    training = Training(
        n_rows=len(labels),
        n_missing_target=n_missing,
        class_counts=tuple(int(n) for n in counts),
        C=float(C),
        n_iter=estimator.n_iter_,
        notes=(*encoder.notes_, *dict.fromkeys(str(w.message) for w in caught)),
        held_out=held_out,
    )
    coef = np.ascontiguousarray(estimator.coef_)  # as a file keeps it
    model = Model(target, classes, encoder, coef, estimator.intercept_, estimator.certificate_, training)
    if test is not None:
        model = replace(model, training=replace(training, held_out=model.evaluate(test)))
    return model


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
    columns: Columns,
    labels: NDArray[np.int64],
    n_classes: int,
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
        encoder, estimator = recipe.train(columns.take(rows), labels[rows])
        scores = estimator.scores(encoder.transform(columns.take(held_out)))
        measures.append(measure(scores, labels[held_out], np.bincount(labels[rows], minlength=n_classes)))
    return summarise(f"held out, {folds}-fold", measures, n_missing)
