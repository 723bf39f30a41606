# SPDX-License-Identifier: BSD-3-Clause
"""SoftmaxRegression against the optima that R's glmnet and VGAM, statsmodels and scikit-learn reach on small data.

`references/make.py` says how these were made. The objective is evaluated here by NumPy and SciPy alone.
"""

import json
from functools import cache

import numpy as np
import pytest
from scipy import special

from multinoulli import SoftmaxRegression
from references.problems import PROBLEMS, SOLUTIONS

SOLVED = json.loads(SOLUTIONS.read_text())["solutions"]


def objective(problem, intercept, coef):
    scores = problem.X @ coef.T + intercept
    loss = special.logsumexp(scores, axis=1) - scores[np.arange(len(scores)), problem.labels]
    penalty = np.sum(coef**2) / (2 * problem.C) if np.isfinite(problem.C) else 0.0
    return (problem.weight @ loss + penalty) / problem.weight.sum()


@cache
def fitted(name, tol):
    X, labels, weight, C = PROBLEMS[name]
    return SoftmaxRegression(C, tol=tol).fit(X, labels, weight)


def solved(case):
    return case["problem"], np.array(case["intercept"]), np.array(case["coef"])


@pytest.mark.parametrize("case", SOLVED, ids=lambda case: f"{case['problem']}, {case['peer']}")
def test_the_optimum_is_that_of(case):
    name, intercept, coef = solved(case)
    problem, model = PROBLEMS[name], fitted(name, 1e-12)
    theirs = objective(problem, intercept, coef)
    assert objective(problem, model.intercept_, model.coef_) == pytest.approx(theirs, rel=1e-8)
    # Ours sum to 0 over the classes. Without a penalty, and of the intercept always, only differences are identified.
    coef, intercept = coef - coef.mean(axis=0), intercept - intercept.mean()
    spread = problem.X.std(axis=0)
    np.testing.assert_allclose(model.coef_ * spread, coef * spread, rtol=0, atol=1e-6 * np.abs(coef * spread).max())
    np.testing.assert_allclose(model.intercept_, intercept, rtol=0, atol=1e-6 * np.abs(intercept).max())


@pytest.mark.parametrize("case", SOLVED, ids=lambda case: f"{case['problem']}, {case['peer']}")
def test_what_is_proved_by_default_is_true_of(case):
    name, intercept, coef = solved(case)
    certificate = fitted(name, SoftmaxRegression().tol).certificate_
    theirs = objective(PROBLEMS[name], intercept, coef)
    assert certificate.status == "converged"
    assert certificate.dual <= theirs * (1 + 1e-12)
    assert certificate.primal <= theirs * (1 + 1e-6)


def test_every_problem_was_solved_by_every_peer_that_can():
    asked = {(name, "scikit-learn") for name in PROBLEMS}
    asked |= {(name, "VGAM" if np.isinf(problem.C) else "glmnet") for name, problem in PROBLEMS.items()}
    plain = {name for name, problem in PROBLEMS.items() if np.isinf(problem.C) and (problem.weight == 1).all()}
    assert {(case["problem"], case["peer"]) for case in SOLVED} == asked | {(name, "statsmodels") for name in plain}
