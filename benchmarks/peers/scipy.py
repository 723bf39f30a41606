# SPDX-License-Identifier: BSD-3-Clause
"""SciPy, which has no losses."""

from functools import partial
from typing import Any

from scipy import special

from benchmarks.peers import Call
from benchmarks.problems import Problem

ROWS = {"softmax": special.softmax, "log_softmax": special.log_softmax, "logsumexp": special.logsumexp}
UFUNCS = {"sigmoid": special.expit, "log_sigmoid": special.log_expit, "logit": special.logit}


def prepare(function: str, problem: Problem) -> Call | None:
    """Return SciPy's function, its ufuncs with `out` where outputs are reused."""
    if function in ROWS:
        return partial(ROWS[function], problem.scores, axis=problem.axis)
    if function not in UFUNCS:
        return None
    options: dict[str, Any] = {"out": problem.outputs(function)} if problem.reuse else {}
    return partial(UFUNCS[function], problem.scores, **options)
