# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes against scikit-learn's models of the same names, which are the same models."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import sklearn.naive_bayes
from scipy import sparse

import multinoulli
from benchmarks.harness import markdown, threads
from benchmarks.regression_data import SETS, Data, Set
from benchmarks.softmax_regression import timed
from benchmarks.worker import peak

ROUNDS = 5

TEXT = """## Naive Bayes

Seconds of `fit` and of `predict_proba` of the same rows, medians of {rounds} rounds of one library after the other in
one process; a ratio is scikit-learn's time for both over ours. Accuracy is of every fifth row, held out from another
fit. `MB more` is the peak of the process's memory over what it held before, which included the data: ours, and
scikit-learn's.

{table}"""


def _categories(n: int) -> Callable[[], Data]:
    """Twenty columns of ten categories, the first ones the likelier; three in ten cells are shifted by the class."""

    def load() -> Data:
        rng = np.random.default_rng(0)
        y = rng.integers(5, size=n)
        X = np.minimum(rng.integers(10, size=(n, 20)), rng.integers(10, size=(n, 20)))
        return (X + (rng.random((n, 20)) < 0.3) * y[:, None]) % 10, y

    return load


def _named(name: str) -> Set:
    return next(one for one in SETS if one.name.startswith(name))


def _sets(quick: bool) -> list[tuple[str, Set]]:
    n = 50_000 if quick else 1_000_000
    made = Set(f"made, {n:,} × 20 of ten categories, 5", _categories(n))
    digits, news = _named("digits"), _named("TF-IDF")
    pairs = [("GaussianNB", digits), ("BernoulliNB", digits), ("CategoricalNB", made)]
    if quick:
        return pairs
    real = [("GaussianNB", _named("MNIST")), ("GaussianNB", _named("shuttle")), ("BernoulliNB", _named("MNIST"))]
    return [*real, ("MultinomialNB", news), ("ComplementNB", news), ("BernoulliNB", news), *pairs]


def measure(quick: bool, named: str = "") -> Any:
    """Every model on its sets with `named` in their name that are here."""
    return [
        _measure(model, one, 2 if quick else ROUNDS) for model, one in _sets(quick) if one.is_here and named in one.name
    ]


def _measure(model: str, one: Set, rounds: int) -> dict[str, Any]:
    X, y = one.load()
    rows = sparse.csr_array(X) if sparse.issparse(X) else X
    unseen = np.arange(len(y)) % 5 == 0
    row: dict[str, Any] = {"set": one.name, "model": model}
    for n in 1, 2:
        makers = {
            "ours": lambda n=n: getattr(multinoulli, model)(n_jobs=n),
            "theirs": getattr(sklearn.naive_bayes, model),
        }
        seconds: dict[str, list[list[float]]] = {name: [] for name in makers}
        with threads(n):
            for _ in range(rounds):
                for name, make in makers.items():
                    fitted = make()
                    seconds[name].append([timed(fitted.fit, X, y), timed(fitted.predict_proba, X)])
        row[f"{n} threads"] = {name: np.median(taken, axis=0).tolist() for name, taken in seconds.items()}
    for name, make in makers.items():
        before = peak(afresh=True)
        make().fit(X, y).predict_proba(X)
        row[f"{name}, more memory"] = peak() - before
        row[f"{name}, accuracy"] = float(make().fit(rows[~unseen], y[~unseen]).score(rows[unseen], y[unseen]))
    print(row, file=sys.stderr, flush=True)
    return row


HEADER = ["model", "set", "fit, s", "predict_proba, s", "scikit-learn", "with two threads", "accuracy", "MB more"]


def render(stored: Any) -> str:
    """One table."""
    return TEXT.format(rounds=ROUNDS, table=markdown(HEADER, [_rendered(row) for row in stored]))


def _rendered(row: dict[str, Any]) -> list[str]:
    one, two = row["1 threads"], row["2 threads"]
    accuracies = row["ours, accuracy"], row["theirs, accuracy"]
    return [
        row["model"],
        row["set"],
        f"{one['ours'][0]:.2g}",
        f"{one['ours'][1]:.2g}",
        f"{sum(one['theirs']) / sum(one['ours']):.1f}×",
        f"{sum(two['ours']):.2g} s, {sum(two['theirs']) / sum(two['ours']):.1f}×",
        f"{accuracies[0]:.4f}" + ("" if accuracies[0] == accuracies[1] else f", {accuracies[1]:.4f} there"),
        f"{row['ours, more memory'] / 2**20:.0f}, {row['theirs, more memory'] / 2**20:.0f}",
    ]
