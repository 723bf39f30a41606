# SPDX-License-Identifier: BSD-3-Clause
"""What earlier solves learnt of the curvature, as a correction of any preconditioner.

Conjugate gradients leave pairs (s, H s). An L-BFGS matrix that is to map every H s to its s is laid around the
preconditioner M (Morales & Nocedal, "Automatic preconditioning by limited memory quasi-Newton updating", SIAM J. Optim.
10, 2000). With the steps as columns of S, their products as columns of Y, R the upper triangle of S'Y and D its
diagonal, it is in closed form (Byrd, Nocedal & Schnabel, Math. Program. 63, 1994, equation 3.1)

    (I - S R^-T Y') M (I - Y R^-1 S') + S R^-T D R^-1 S',

four products with thin matrices and two small triangular solves, where the usual two loops would take a few calls for
every pair. The products are kept without the penalty's share, which is added when it is known: so pairs outlive a
change of the penalty.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsv

from multinoulli.solvers._conjugate_gradient import Operator, Vector


class CurvaturePairs:
    """The last `capacity` pairs, in float32: they guide a solver and decide nothing."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._steps: list[NDArray[np.float32]] = []
        self._products: list[NDArray[np.float32]] = []

    def __len__(self) -> int:
        return len(self._steps)

    @property
    def size(self) -> int:
        """Of the parameters; 0 if nothing is remembered."""
        return self._steps[0].size if self._steps else 0

    def keep(self, pairs: list[tuple[Vector, Vector]], ridge: Vector) -> None:
        """Remember directions and their products, whose last term is ``ridge * direction``."""
        for step, product in pairs[-self.capacity :] if self.capacity else []:
            length = float(np.linalg.norm(step))
            if length > 0:
                self._steps.append((step / length).astype(np.float32))
                self._products.append(((product - ridge * step) / length).astype(np.float32))
        del self._steps[: -self.capacity or None], self._products[: -self.capacity or None]

    def forget(self) -> None:
        """Begin afresh."""
        self._steps.clear()
        self._products.clear()

    def correct(self, precondition: Operator, ridge: Vector) -> Operator:
        """Return the preconditioner corrected by what is remembered."""
        if not self._steps:
            return precondition
        S = np.array(self._steps)
        Y = np.array(self._products) + ridge.astype(np.float32) * S
        curvature = np.einsum("ij,ij->i", S, Y)
        useful = curvature > 1e-6 * np.linalg.norm(Y, axis=1)
        S, Y, curvature = S[useful], Y[useful], curvature[useful].astype(np.float64)
        if not len(S):
            return precondition
        R = (S @ Y.T).astype(np.float64, order="F")  # only the upper triangle is read

        def corrected(v: Vector) -> Vector:
            alpha = dtrsv(R, S @ v.astype(np.float32))
            r = precondition(v - alpha.astype(np.float32) @ Y)
            beta = dtrsv(R, curvature * alpha - Y @ r.astype(np.float32), trans=1, overwrite_x=True)
            r += beta.astype(np.float32) @ S
            return r

        return corrected
