# SPDX-License-Identifier: BSD-3-Clause
"""What a solver returns: values, all of them frozen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["converged", "max_iter", "stalled"]


@dataclass(frozen=True)
class Certificate:
    """A proved bound on how far a fit is from the optimum: ``dual <= minimum <= primal``.

    Values are those of the objective, for softmax regression nats a sample with the penalty included.
    """

    primal: float
    """The objective at the solution."""
    dual: float
    """A lower bound on the objective's minimum, computed on its own."""
    gap: float
    """``primal - dual``, at least 0: the solution is no further than this from the optimum."""
    relative_gap: float
    """``gap / primal``, compared with the tolerance."""
    gradient_norm: float
    """Euclidean norm of the gradient at the solution, in the solver's coordinates."""
    n_passes: float
    """Passes over the data until the certificate was made, it included."""
    status: Status
    """``"converged"``: the relative gap is at most the tolerance; ``"max_iter"``: the iterations ran out first;
    ``"stalled"``: rounding allowed no further progress."""


@dataclass(frozen=True)
class Result:
    """The outcome of a minimisation."""

    theta: NDArray[np.float64]
    value: float
    n_iter: int
    n_passes: float
    status: Status
    certificate: Certificate


@dataclass(frozen=True)
class Progress:
    """One iteration, for those who watch: the gap is an estimate until the certificate is made."""

    n_iter: int
    n_passes: float
    value: float
    relative_gap: float
    tol: float
