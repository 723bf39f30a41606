# SPDX-License-Identifier: BSD-3-Clause
"""SoftmaxRegression against scikit-learn, both to the same certified accuracy."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from benchmarks.harness import markdown, threads
from benchmarks.regression_data import LONG, SETS, UNSEEN, Set
from benchmarks.worker import peak
from multinoulli import SoftmaxRegression
from multinoulli.objectives import LinearCrossEntropy

GAP = 1e-6
SOLVERS = ["lbfgs", "newton-cg", "newton-cholesky"]
MAX_HESSIAN = 2000  # parameters up to which a solver that forms the Hessian of all rows is tried
SECONDS, MOST = 2.0, 7  # what repeated runs of one contender may take, and how many there are at most

TEXT = """## Softmax regression to a certified optimum

{small}

Seconds are medians, and wall time. The rival is the fastest of scikit-learn's lbfgs, newton-cg and newton-cholesky
(the last where there are at most 2,000 parameters), run with `tol=1e-14` and stopped after the iterations that its
iterate needs (to a quarter) to pass the same certificate: a *proved* relative gap of 1e-6, by a function that none of
the solvers knows. What that function takes is not counted against it. "none in 12 s" means that runs of about so long
did not pass. A ratio is the rival's time over ours, both with one thread. Our seconds include our own certificate.
Beside a ratio stands the one that is aimed at; where no rival finished, the time it was given, over ours, says whether
that is met. `default` is scikit-learn as it comes, which is not that accurate: beside its ratio stands the relative gap
that it leaves. `predict_proba` is of all rows. The last column is the peak of memory during the fit.

{tables}"""


LONG_RUNS = "Many rows and many classes"
LONG_TEXT = """### {}

One run each with one thread, in one process; seconds of the processor. lbfgs gets as many iterations as fit in about
seven minutes and is then given up: a ratio with ">" is the time of a run that did not reach the certificate over ours.
`MB more` is the peak of the process's memory over what it held before, which included the data.

{}"""


def certified_gap(X: Any, y: np.ndarray, C: float, model: Any) -> float:
    """The relative gap of a scikit-learn solution, its intercept moved to the optimum first, in its favour."""
    binary = len(model.classes_) == 2  # one score there, two here: half of it each, with twice the penalty
    coef = np.vstack([-model.coef_, model.coef_]) / 2 if binary else model.coef_
    intercept = np.concatenate([-model.intercept_, model.intercept_]) / 2 if binary else model.intercept_
    objective = LinearCrossEntropy(
        sparse.csr_array(X) if sparse.issparse(X) else X,
        y.astype(np.int64),
        np.ones(len(y)),
        n_classes=len(model.classes_),
        l2=(2 if binary else 1) / (C * len(y)),
        fit_intercept=True,
        n_threads=1,
        rng=np.random.default_rng(0),
    )
    bounds = objective.certify(objective.pack(coef, intercept))
    return (bounds.primal - bounds.dual) / bounds.primal


def timed(work: Callable[..., Any], *given: Any) -> float:
    """Seconds of a call."""
    began = time.perf_counter()
    work(*given)
    return time.perf_counter() - began


def processor_time(work: Callable[..., Any], *given: Any) -> float:
    """Seconds of a call by the processor's clock: minutes are seldom undisturbed."""
    began = time.process_time()
    work(*given)
    return time.process_time() - began


def median(work: Callable[..., Any], *given: Any) -> float:
    """Seconds of a call, of several calls if they are short."""
    taken = [timed(work, *given)]
    while len(taken) < MOST and sum(taken) + taken[-1] < SECONDS:
        taken.append(timed(work, *given))
    return float(np.median(taken))


def iterations_needed(X: Any, y: np.ndarray, C: float, solver: str, limit: float) -> int | None:
    """Iterations, to a quarter, after which a solver's iterate passes the certificate; None if not within the limit."""

    def passes(n: int) -> tuple[float, bool, bool]:
        model = LogisticRegression(C=C, solver=solver, tol=1e-14, max_iter=n)
        seconds = timed(model.fit, X, y)
        return seconds, certified_gap(X, y, C, model) <= GAP, int(model.n_iter_.max()) < n

    too_few, enough = 0, 4
    while True:
        seconds, passed, gave_up = passes(enough)
        if passed:
            break
        if gave_up or 1.5 * seconds > limit:
            return None
        too_few, enough = enough, 2 * enough
    while enough - too_few > max(1, enough // 4):
        middle = (too_few + enough) // 2
        too_few, enough = (too_few, middle) if passes(middle)[1] else (middle, enough)
    return enough


def measure(quick: bool, named: str = "") -> Any:
    """Every set with `named` in its name, and every penalty; scikit-learn's small sets only if quick."""
    measured = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for title, sets in ("Sets that the method was made with", SETS), ("Sets that nothing was tuned on", UNSEEN):
            for one in sets:
                if named in one.name and one.is_here and not (quick and one.file):
                    measured += [{"title": title, **row} for row in _measure_set(one)]
        for one in () if quick else LONG:
            if named in one.name:
                measured += [{"title": LONG_RUNS, **row} for row in _measure_long(one)]
    return measured


def _measure_set(one: Set) -> list[dict[str, Any]]:
    X, y = one.load()
    rows = []
    for C in one.penalties:
        ours = [SoftmaxRegression(C, tol=GAP, n_jobs=n, random_state=0) for n in (1, 2)]
        before = peak(afresh=True)
        ours[0].fit(X, y)
        more_memory = peak() - before
        certificate = ours[0].certificate_
        row: dict[str, Any] = {"set": one.name, "C": C, "limit": one.limit, "gap": certificate.relative_gap}
        row |= {"passes": certificate.n_passes, "status": certificate.status}
        row["more_memory"] = more_memory
        default = LogisticRegression(C=C)
        with threads(1):
            row["ours"] = median(ours[0].fit, X, y)
            row["default"] = median(default.fit, X, y)
            row["default_gap"] = certified_gap(X, y, C, default)
            row["predict"] = median(ours[0].predict_proba, X)
            row["default_predict"] = median(default.predict_proba, X)
            row["rivals"] = {}
            for solver in SOLVERS:
                if solver == "newton-cholesky" and (X.shape[1] + 1) * len(ours[0].classes_) > MAX_HESSIAN:
                    continue
                needed = iterations_needed(X, y, C, solver, one.limit)
                if needed is not None:
                    rival = LogisticRegression(C=C, solver=solver, tol=1e-14, max_iter=needed)
                    row["rivals"][solver] = median(rival.fit, X, y)
            row["ours_again"] = median(ours[0].fit, X, y)  # on both sides of the rivals
        with threads(2):
            row["ours_two"] = median(ours[1].fit, X, y)
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def _measure_long(one: Set) -> list[dict[str, Any]]:
    """One run of ours, and one of lbfgs with as many iterations as its limit lets it have."""
    X, y = one.load()
    rows = []
    for C in one.penalties:
        with threads(1):
            ours = SoftmaxRegression(C, tol=GAP, n_jobs=1, random_state=0)
            before = peak(afresh=True)
            seconds = processor_time(ours.fit, X, y)
            more_memory = peak() - before
            few = 2
            tried = LogisticRegression(C=C, tol=1e-14, max_iter=few)
            most = max(few, int(few * one.limit / processor_time(tried.fit, X, y)))
            rival = LogisticRegression(C=C, tol=1e-14, max_iter=most)
            rival_seconds = processor_time(rival.fit, X, y)
        certificate = ours.certificate_
        row = {"set": one.name, "C": C, "gap": certificate.relative_gap, "passes": certificate.n_passes}
        row |= {"status": certificate.status, "more_memory": more_memory, "ours": seconds, "iterations": most}
        row |= {"rival": rival_seconds, "rival_gap": certified_gap(X, y, C, rival)}
        print(row, file=sys.stderr, flush=True)
        rows.append(row)
    return rows


def _rendered_long(row: dict[str, Any]) -> list[str]:
    left = f"leaves {row['rival_gap']:.0e} after {row['rival']:.0f} s, {row['iterations']} iterations"
    return [
        row["set"],
        f"{row['C']:g}",
        f"{row['ours']:.3g}",
        f"{row['gap']:.0e}" if row["status"] == "converged" else row["status"],
        f"{row['passes']:.0f}",
        f"{'' if row['rival_gap'] <= GAP else '> '}{row['rival'] / row['ours']:.1f}×, {left}",
        f"{row['more_memory'] / 2**20:.0f}",
    ]


LONG_HEADER = ["set", "C", "s", "proved gap", "passes", "lbfgs", "MB more"]
HEADER = [
    "set",
    "C",
    "s",
    "proved gap",
    "passes",
    "best rival",
    "default",
    "predict_proba",
    "two threads, s",
    "MB more",
]


def render(stored: Any) -> str:
    """One table for each title."""
    tables = []
    long, stored = ([row for row in stored if (row["title"] == LONG_RUNS) == wanted] for wanted in (True, False))
    for title in dict.fromkeys(row["title"] for row in stored):
        rows = [_rendered(row) for row in stored if row["title"] == title]
        tables.append(f"### {title}\n\n{markdown(HEADER, rows)}")
    if long:
        tables.append(LONG_TEXT.format(LONG_RUNS, markdown(LONG_HEADER, [_rendered_long(row) for row in long])))
    won = [_best(row) for row in stored if _best(row) is not None]
    small = f"A solver of scikit-learn is ahead in {sum(ratio < 1 for ratio, _ in won)} of {len(stored)} rows."
    return TEXT.format(small=small, tables="\n\n".join(tables))


def _own(row: dict[str, Any]) -> float:
    return (row["ours"] + row["ours_again"]) / 2


def _best(row: dict[str, Any]) -> tuple[float, str] | None:
    return min(((seconds / _own(row), solver) for solver, seconds in row["rivals"].items()), default=None)


def _verdict(row: dict[str, Any], ratio: float | None) -> str:
    """Whether the ratio is the one aimed at, as far as is known."""
    targets = {(one.name, C): target for one in SETS for C, target in zip(one.penalties, one.targets, strict=False)}
    target, at_least = targets.get((row["set"], row["C"])), row["limit"] / _own(row)
    if target is None:
        return ""
    if (ratio or at_least) >= target:
        return f"; {target:g}×: met"
    return f"; {target:g}×: not met" if ratio else f"; {target:g}×: open, > {at_least:.1f}×"


def _rendered(row: dict[str, Any]) -> list[str]:
    best = _best(row)
    own = _own(row)
    rival = f"{best[0]:.1f}× {best[1]}" if best else f"none in {row['limit']:.0f} s"
    return [
        row["set"],
        f"{row['C']:g}",
        f"{own:.3g}",
        f"{row['gap']:.0e}" if row["status"] == "converged" else row["status"],
        f"{row['passes']:.0f}",
        rival + _verdict(row, best[0] if best else None),
        f"{row['default'] / own:.1f}×, leaves {row['default_gap']:.0e}",
        f"{row['default_predict'] / row['predict']:.1f}×",
        f"{row['ours_two']:.3g}",
        f"{row['more_memory'] / 2**20:.0f}",
    ]
