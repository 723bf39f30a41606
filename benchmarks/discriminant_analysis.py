# SPDX-License-Identifier: BSD-3-Clause
"""Linear and quadratic discriminant analysis against scikit-learn's: a fit and the probabilities of all rows."""

from __future__ import annotations

import ctypes
import sys
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn import discriminant_analysis as peers
from sklearn.metrics import log_loss

from benchmarks.harness import interleaved, markdown, threads
from benchmarks.regression_data import SETS, Data
from benchmarks.worker import peak
from multinoulli import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

Make = Callable[[], Any]

TEXT = """## Discriminant analysis

Seconds are medians of a fit and of the probabilities of its rows together, in turns with scikit-learn's solvers, with
two threads the one that was fastest with one; solvers that fail on the data, or take over {slow:.0f} s, are left out.
A ratio is the fastest solver's time over ours. `log loss` is of every sixth row, when the others are fitted: ours,
and that of the fastest solver. `MB more` is the peak of the process's memory in a fit with one thread over what it
held before, which included the data. Our sums are in float64 for float32 data too; those of scikit-learn's lsqr are
as well, where a fit is little more than the product of the rows with themselves, which BLAS makes for both.

{table}"""

SLOW = 3.0
LINEAR = {
    solver: lambda solver=solver: peers.LinearDiscriminantAnalysis(solver=solver) for solver in ("svd", "lsqr", "eigen")
}
SHRUNK = {
    solver: lambda solver=solver: peers.LinearDiscriminantAnalysis(solver=solver, shrinkage="auto")
    for solver in ("lsqr", "eigen")
}
QUADRATIC = {
    "svd": lambda: peers.QuadraticDiscriminantAnalysis(),
    "eigen": lambda: peers.QuadraticDiscriminantAnalysis(solver="eigen"),
}
SHRUNK_QUADRATIC = {"eigen": lambda: peers.QuadraticDiscriminantAnalysis(solver="eigen", shrinkage=0.1)}
# Model, ours by threads, rivals, and words of the sets' names.
ROWS: list[tuple[str, Callable[[int], Any], Mapping[str, Make], list[str]]] = [
    ("linear", lambda n: LinearDiscriminantAnalysis(n_jobs=n), LINEAR, ["digits", "letter", "embeddings", "MNIST"]),
    (
        "linear, Ledoit-Wolf",
        lambda n: LinearDiscriminantAnalysis(shrinkage="auto", n_jobs=n),
        SHRUNK,
        ["digits", "embeddings"],
    ),
    ("quadratic", lambda n: QuadraticDiscriminantAnalysis(n_jobs=n), QUADRATIC, ["wine", "letter"]),
    (
        "quadratic, shrinkage 0.1",
        lambda n: QuadraticDiscriminantAnalysis(shrinkage=0.1, n_jobs=n),
        SHRUNK_QUADRATIC,
        ["digits", "letter"],
    ),
]


def run(make: Make, data: Data) -> Any:
    """Fit and predict."""
    X, y = data
    return make().fit(X, y).predict_proba(X)


def held_out(make: Make, data: Data) -> float:
    """Nats a row."""
    X, y = data
    held = np.arange(len(y)) % 6 == 0
    model = make().fit(X[~held], y[~held])
    return float(log_loss(y[held], model.predict_proba(X[held]), labels=model.classes_))


def able(rivals: Mapping[str, Make], data: Data) -> dict[str, Make]:
    """Those that do it, in the time that they get."""
    done: dict[str, Make] = {}
    for name, make in rivals.items():
        try:
            taken = interleaved({name: lambda make=make: run(make, data)}, seconds=0, rounds=(1, 1))
        except (np.linalg.LinAlgError, ValueError) as error:
            print(name, error, file=sys.stderr)
            continue
        if taken[name] < SLOW:
            done[name] = make
    return done


def measure(quick: bool) -> list[dict[str, Any]]:
    """Every model and set; scikit-learn's own sets only if quick."""
    measured = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for model, ours, rivals, names in ROWS:
            for one in SETS:
                if one.is_here and not (quick and one.file) and any(name in one.name for name in names):
                    print(model, one.name, file=sys.stderr)
                    measured.append({"model": model, "set": one.name, **_measure(ours, rivals, one.load())})
    return measured


def _measure(ours: Callable[[int], Any], rivals: Mapping[str, Make], data: Data) -> dict[str, Any]:
    ctypes.CDLL(None).malloc_trim(0)  # what was freed is not held
    before = peak(afresh=True)
    ours(1).fit(*data)
    row: dict[str, Any] = {"more_memory": peak() - before}
    with threads(1):
        rivals = able(rivals, data)
    for n in (1, 2):
        work = {"ours": lambda n=n: run(lambda: ours(n), data)}
        work |= {name: lambda make=make: run(make, data) for name, make in rivals.items()}
        with threads(n):
            row[f"seconds_{n}"] = interleaved(work, seconds=1.0, rounds=(3, 15))
        best = _best(row["seconds_1"])
        rivals = {best: rivals[best]} if best else {}
    row["log_loss"] = [held_out(lambda: ours(1), data), held_out(rivals[best], data) if best else None]
    return row


def _best(seconds: Mapping[str, float]) -> str | None:
    return min((name for name in seconds if name != "ours"), key=seconds.__getitem__, default=None)


def render(stored: list[dict[str, Any]]) -> str:
    """One table."""
    header = [
        "model",
        "set",
        "s",
        "fastest solver",
        "two threads, s",
        "fastest solver",
        "log loss",
        "theirs",
        "MB more",
    ]
    return TEXT.format(slow=SLOW, table=markdown(header, [_rendered(row) for row in stored]))


def _rendered(row: dict[str, Any]) -> list[str]:
    cells = [row["model"], row["set"]]
    for n in (1, 2):
        seconds = row[f"seconds_{n}"]
        best = _best(seconds)
        cells += [f"{seconds['ours']:.3g}", f"{seconds[best] / seconds['ours']:.1f}× {best}" if best else "none"]
    ours, theirs = row["log_loss"]
    return [*cells, f"{ours:.3f}", "–" if theirs is None else f"{theirs:.3f}", f"{row['more_memory'] / 2**20:.0f}"]
