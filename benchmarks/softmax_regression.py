# SPDX-License-Identifier: BSD-3-Clause
"""SoftmaxRegression against scikit-learn, both to the same certified accuracy."""

from __future__ import annotations

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
MAX_ITER = 20_000


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
    """Iterations, to about a tenth, after which a solver's iterate passes the certificate; None if it never does."""
    n, last = 10, 0
    while n != last:
        last, n = n, n + max(1, n // 10)
        model = LogisticRegression(C=C, solver=solver, tol=1e-14, max_iter=last).fit(X, y)
        if certified_gap(X, y, C, model) <= GAP:
            return last
        if last > MAX_ITER or int(np.max(model.n_iter_)) < last:  # it gave up by itself
            return None
    return None


def digits() -> str:
    """The table of handwritten digits, 1,797 × 64, 10 classes, pixels 0...16 as they come."""
    X, y = load_digits(return_X_y=True)
    rows = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        for C in 0.01, 1.0, 100.0:
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
                    taken = interleaved(work, seconds=10, rounds=(5, 15))
                own = taken["multinoulli"]
                certificate = SoftmaxRegression(C, tol=GAP).fit(X, y).certificate_
                rows.append(
                    [f"{C:g}", str(n), f"{own * 1e3:.0f} ({certificate.relative_gap:.0e})"]
                    + [f"{taken[s] / own:.1f}× ({needed[s]} it.)" if s in taken else "never" for s in SOLVERS]
                    + [f"{taken['default'] / own:.1f}×, leaves {left:.0e}"]
                )
    header = ["C", "threads", "multinoulli, ms (gap)", *(f"scikit-learn {s}" for s in SOLVERS), "scikit-learn default"]
    return markdown(header, rows)
