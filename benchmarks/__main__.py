# SPDX-License-Identifier: BSD-3-Clause
"""Measure everything and write docs/benchmarks.md."""

from pathlib import Path

from benchmarks import functions, softmax_regression
from benchmarks.harness import machine

PAGE = """# Benchmarks

What you may conclude from this page: how long multinoulli took beside its peers on one machine, in one run,
each timed in turn with the others (A B C, A B C, ...), medians. Machines differ and are shared: trust the
ratios more than the times. `make bench` wrote it.

Measured on {machine}.

A ratio is the peer's time divided by ours: 2.0× means that multinoulli took half the time. SciPy and the
NumPy formula have one thread whatever the row says; – means that the peer does not have the function or was
not installed.

## Functions

Outputs are reused where the interface allows it (multinoulli; PyTorch's `softmax` and `log_softmax`). The
last column is the time of `numpy.copyto` on the same array divided by ours, the memory limit: 1.00 would be
as fast as copying.

{big}

One call on few numbers, where the interface is what costs:

{small}

## Softmax regression to a certified optimum

scikit-learn's digits, 1,797 × 64, 10 classes. All columns but the last are the time to a *proved* relative gap of
1e-6: scikit-learn's solvers are run with `tol=1e-14` and stopped after the iterations that their iterate needs to
pass the same certificate, whose cost is not counted against them; "> 2 s" means that a run of more than 2 seconds did
not pass. The last column is scikit-learn as it comes, which is not that accurate: beside its time stands the relative
gap that it leaves.

{digits}
"""


def main() -> None:
    """Write the page."""
    tables = {
        "big": functions.big_arrays(),
        "small": functions.small_calls(),
        "digits": softmax_regression.digits(),
    }
    path = Path(__file__).parents[1] / "docs" / "benchmarks.md"
    path.write_text(PAGE.format(machine=machine(), **tables), encoding="utf-8")
    print(f"wrote {path}")


if __name__ == "__main__":
    main()
