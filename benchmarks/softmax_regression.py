# SPDX-License-Identifier: BSD-3-Clause
"""SoftmaxRegression against scikit-learn, both to the same certified accuracy."""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from benchmarks.harness import Work, interleaved, markdown, threads
from multinoulli import SoftmaxRegression
from multinoulli.objectives import LinearCrossEntropy

GAP = 1e-6
SOLVERS = ["lbfgs", "newton-cg", "newton-cholesky"]
LIMIT = 2.0  # seconds, after which a solver is given up


def certified_gap(X: np.ndarray, y: np.ndarray, C: float, model: Any) -> float:
    """The relative gap of a scikit-learn solution, its intercept moved to the optimum first, in its favour."""
    objective = LinearCrossEntropy(
        X,
        y.astype(np.int64),
        np.ones(len(y)),
        n_classes=len(model.classes_),
        l2=1 / (C * len(y)),
        fit_intercept=True,
        n_threads=1,
        rng=np.random.default_rng(0),
    )
    bounds = objective.certify(objective.pack(model.coef_, model.intercept_))
    return (bounds.primal - bounds.dual) / bounds.primal


def iterations_needed(X: np.ndarray, y: np.ndarray, C: float, solver: str) -> int | None:
    """Iterations, to a twentieth, after which a solver's iterate passes the certificate; None if not within LIMIT."""

    def passes(n: int) -> bool:
        model = LogisticRegression(C=C, solver=solver, tol=1e-14, max_iter=n).fit(X, y)
        return certified_gap(X, y, C, model) <= GAP

    too_few, enough = 0, 8
    while True:
        began = time.perf_counter()
        if passes(enough):
            break
        if time.perf_counter() - began > LIMIT:
            return None
        too_few, enough = enough, 2 * enough
    while enough - too_few > max(1, enough // 20):
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if passes(middle) else (middle, enough)
    return enough


def digits() -> str:
    """The table of handwritten digits, 1,797 × 64, 10 classes, pixels 0...16 as they come."""
    X, y = load_digits(return_X_y=True)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        for C in 0.01, 1.0, 100.0:
            with threads(1):
                needed = {solver: iterations_needed(X, y, C, solver) for solver in SOLVERS}
                default = LogisticRegression(C=C).fit(X, y)
            left = certified_gap(X, y, C, default)
            for n in 1, 2:
                work: dict[str, Work] = {
                    "multinoulli": lambda C=C, n=n: SoftmaxRegression(C, tol=GAP, n_jobs=n).fit(X, y),
                    "default": lambda C=C: LogisticRegression(C=C).fit(X, y),
                }
                for solver, m in needed.items():
                    if m is not None:
                        model = LogisticRegression(C=C, solver=solver, tol=1e-14, max_iter=m)
                        work[solver] = lambda model=model: model.fit(X, y)
                with threads(n):
                    taken = interleaved(work, seconds=6, rounds=(3, 9))
                own = taken["multinoulli"]
                certificate = SoftmaxRegression(C, tol=GAP).fit(X, y).certificate_
                rows.append(
                    [f"{C:g}", str(n), f"{own * 1e3:.0f} ({certificate.relative_gap:.0e})"]
                    + [
                        f"{taken[s] / own:.1f}× ({needed[s]} it.)" if s in taken else f"> {LIMIT:.0f} s"
                        for s in SOLVERS
                    ]
                    + [f"{taken['default'] / own:.1f}×, leaves {left:.0e}"]
                )
    header = ["C", "threads", "multinoulli, ms (gap)", *(f"scikit-learn {s}" for s in SOLVERS), "scikit-learn default"]
    return markdown(header, rows)
