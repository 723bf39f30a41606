# SPDX-License-Identifier: BSD-3-Clause
"""The losses with options, derivatives and ragged rows of this library."""

from functools import partial

import multinoulli as m
from benchmarks.peers import Call
from benchmarks.problems import Problem, options_of


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the call."""
    z, y = problem.scores, problem.labels
    o = options_of(problem)
    gradient = partial(m.cross_entropy_gradient, z, reduction="mean")
    calls = {
        "losses, class weights": lambda: m.cross_entropy(z, y, class_weight=o.class_weight),
        "gradient, class weights, mean": lambda: gradient(y, class_weight=o.class_weight),
        "gradient, smoothing, mean": lambda: gradient(y, label_smoothing=0.1),
        "gradient, ignored tenth, mean": lambda: gradient(o.some_ignored, ignore_label=-100),
        "gradient, targets, mean": lambda: gradient(o.targets),
        "gradient, binary, mean": lambda: m.binary_cross_entropy_gradient(z, o.binary, reduction="mean"),
        "vjp of softmax": lambda: m.softmax_vjp(z, o.cotangent),
        "vjp of log_softmax": lambda: m.log_softmax_vjp(z, o.cotangent),
        "softmax of segments": lambda: m.segment_softmax(z.ravel(), o.indptr),
    }
    return calls[function]
