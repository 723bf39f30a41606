# SPDX-License-Identifier: BSD-3-Clause
"""The losses with their options, and the gradients; derivatives times vectors; ragged rows."""

from __future__ import annotations

from typing import Any

from benchmarks.harness import markdown
from benchmarks.measured import Measured, compare, store, times
from benchmarks.problems import Cell
from benchmarks.team import Team

OURS, THEIRS = "multinoulli", "torch"
CELLS = [Cell((1_000_000, 10)), Cell((100_000, 1_000))]
# What each is called here, and what it is.
WORK = {
    "losses, class weights": "cross_entropy, class_weight",
    "gradient, class weights, mean": "cross_entropy_gradient, class_weight, mean",
    "gradient, smoothing, mean": "cross_entropy_gradient, label_smoothing = 0.1, mean",
    "gradient, ignored tenth, mean": "cross_entropy_gradient, ignore_label, mean",
    "gradient, targets, mean": "cross_entropy_gradient, target probabilities, mean",
    "gradient, binary, mean": "binary_cross_entropy_gradient of every score, mean",
    "vjp of softmax": "softmax_vjp",
    "vjp of log_softmax": "log_softmax_vjp",
    "softmax of segments": "segment_softmax, rows of 1 ... 2 K - 1 scores",
}

TEXT = """## Losses with options, derivatives, ragged rows

float32. PyTorch computes gradients by `cross_entropy` (or `binary_cross_entropy_with_logits`) and autograd, products
with derivatives by autograd through `softmax` and `log_softmax`, and the softmax of ragged rows from `segment_reduce`
and `repeat_interleave`.

{}"""


def measure(quick: bool) -> Any:
    """Measure with one thread."""
    rounds = (1, 2) if quick else (3, 9)
    with Team({OURS: ("losses_multinoulli", {}), THEIRS: ("losses_torch", {})}, 1) as team:
        return store(one for cell in CELLS for one in compare(team, 1, cell, list(WORK), rounds))


def render(stored: Any) -> str:
    """One row for each size and piece of work."""
    rows = [
        [
            one.cell,
            WORK[one.function],
            f"{one.own * 1e3:.3g}",
            f"{one.own / one.size * 1e9:.2f}",
            times(one.ratio(THEIRS)),
        ]
        for one in Measured.read(stored)
    ]
    return TEXT.format(markdown(["scores", "function", "multinoulli, ms", "ns a score", "PyTorch"], rows))
