# SPDX-License-Identifier: BSD-3-Clause
"""The library that this repository is."""

from functools import partial
from typing import Any

import multinoulli
from benchmarks.peers import Call
from benchmarks.problems import Problem


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the plain call, with `out` where outputs are reused."""
    compute = getattr(multinoulli, function, None)
    if compute is None:
        return None
    options: dict[str, Any] = {} if problem.axis == -1 else {"axis": problem.axis}
    if problem.reuse:
        outputs = problem.outputs(function)
        options["out"] = outputs if len(outputs) > 1 else outputs[0]
    return partial(compute, *problem.arguments(function), **options)
