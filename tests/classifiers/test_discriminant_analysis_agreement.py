# SPDX-License-Identifier: BSD-3-Clause
"""Discriminant analysis against the posteriors and axes of R's MASS on small data.

`references/discriminant_analysis.py` says how these were made.
"""

import json

import numpy as np
import pytest

from multinoulli import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from references.discriminant_analysis import PROBLEMS, SOLUTIONS, shown

SOLVED = json.loads(SOLUTIONS.read_text())["solutions"]
KINDS = {"lda": LinearDiscriminantAnalysis, "qda": QuadraticDiscriminantAnalysis}
DIVISORS = {"moment": "degrees_of_freedom", "mle": "n_samples"}


def asked(case):
    problem = PROBLEMS[case["problem"]]
    model = KINDS[case["kind"]](priors=problem.priors, covariance_divisor=DIVISORS[case["method"]])
    return problem, model


@pytest.mark.parametrize("case", SOLVED, ids=lambda case: f"{case['problem']}, {case['kind']}, {case['method']}")
@pytest.mark.parametrize("way", ["weights", "repetition", "stream"])
def test_posteriors_and_axes_are_those_of_mass(case, way):
    problem, model = asked(case)
    X, labels, count, _ = problem
    if way == "weights":
        model.fit(X, labels, count)
    elif way == "repetition":
        model.fit(np.repeat(X, count, axis=0), np.repeat(labels, count))
    else:
        for begin in range(0, len(X), 50):
            some = slice(begin, begin + 50)
            model.partial_fit(X[some], labels[some], classes=np.unique(labels), sample_weight=count[some])
    posterior = np.array(case["posterior"])
    np.testing.assert_allclose(model.predict_proba(X[shown(len(X))]), posterior, rtol=1e-10, atol=1e-300)
    if "scaling" in case:
        axes = np.array(case["scaling"])
        axes *= np.sign(np.sum(axes * model.scalings_, axis=0))
        np.testing.assert_allclose(model.scalings_, axes, rtol=1e-10, atol=1e-10 * np.abs(axes).max())


def test_every_problem_was_solved_in_every_way():
    solved = {(case["problem"], case["kind"], case["method"]) for case in SOLVED}
    assert solved == {(name, kind, method) for name in PROBLEMS for kind in KINDS for method in DIVISORS}
