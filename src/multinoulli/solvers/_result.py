# SPDX-License-Identifier: BSD-3-Clause
"""What a solver returns: values, all of them frozen."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Status = Literal["converged", "max_iter", "time_limit", "stalled", "separable"]


@dataclass(frozen=True)
class Certificate:
    """A proved bound on how far a fit is from the optimum: ``dual <= minimum <= primal``.

    Values are those of the objective, for softmax regression nats a sample with the penalty included. Without a penalty
    nothing can be proved: `dual` is -inf, the gaps are infinite, and `decrement` says how far the optimum seems.
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
    decrement: float
    """Half the squared length of the gradient in the metric of the Hessian: about ``primal - minimum`` near the
    minimum. An estimate, from the last solve; compared with the tolerance, relative to `primal`, where there is no
    penalty."""
    n_passes: float
    """Passes over the data until the certificate was made, it included."""
    status: Status
    """``"converged"``: the relative gap is at most the tolerance; ``"max_iter"`` and ``"time_limit"``: the iterations
    or the seconds ran out first; ``"stalled"``: rounding allowed no further progress; ``"separable"``: there is no
    minimum, the loss falls forever as coefficients grow."""


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
    """The objective at the present penalty."""
    relative_gap: float
    tol: float
    level: float
    """The present penalty in units of the one that is meant, from above down to 1."""
    share: float
    """Of the rows from which the curvature is estimated."""
    damping: float
    """In units of the scores' curvature: 0 where the model of the loss is trusted."""
    explicit: bool
    """Whether the Hessian is formed and factored."""
