# SPDX-License-Identifier: BSD-3-Clause
"""An approximate inverse of the Hessian of softmax regression, as a product of what classes and what features do.

The Hessian is the mean of (diag(p_i) - p_i p_i') (x) x_i x_i', plus the ridge. It is taken as A (x) G + ridge, with A
the mean of diag(p_i) - p_i p_i' and G the mean of x_i x_i', each row counted by its spread 1 - |p_i|^2: exact where
all rows predict the same, as they do at the start. X is centred, so the intercept, with Hessian A, is nearly
independent of the coefficients. In the eigenvectors of A the whole falls apart into one d x d matrix a class,
eigenvalue * G + ridge.

Fitted again as the predictions sharpen, it makes L-BFGS several times shorter: 557 iterations became 105 on handwritten
digits at C = 1, and what had not ended after 3,000 at C = 100 took 190.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

Float64 = NDArray[np.float64]

# Numbers in all factors together (160 MB); beyond it, and for sparse X, the diagonal of G serves.
MAX_FACTOR_ENTRIES = 20_000_000


def fits_in_memory(n_classes: int, n_features: int) -> bool:
    """Whether the d x d factors of all classes may be kept."""
    return n_classes * n_features**2 <= MAX_FACTOR_ENTRIES


class Preconditioner:
    """Maps a gradient to an approximate Newton step.

    Parameters
    ----------
    between : ndarray of shape (n_classes, n_classes)
        A, positive semidefinite, with the constant vector in its null space.
    gram : ndarray of shape (n_features, n_features) or (n_features,)
        G, or its diagonal.
    ridge : ndarray of shape (n_features,)
        The penalty's second derivative, positive.
    """

    def __init__(self, between: Float64, gram: Float64, ridge: Float64) -> None:
        curvature, self._vectors = np.linalg.eigh(between)
        # The smallest eigenvalue is 0 (a constant added to all scores changes nothing): no step in that direction.
        curvature[0] = 0.0
        self._intercept = np.append(0.0, 1.0 / np.maximum(curvature[1:], np.finfo(float).tiny))
        self._diagonal = gram.ndim == 1
        if self._diagonal:
            self._inverse = 1.0 / (np.outer(curvature, gram) + ridge)
        else:
            self._inverse = np.stack([self._invert(c * gram + np.diag(ridge)) for c in curvature])

    @staticmethod
    def _invert(matrix: Float64) -> Float64:
        """Inverse by Cholesky, whose error does not depend on how the columns are scaled."""
        root = 1.0 / np.sqrt(np.diag(matrix))
        scaled = matrix * np.outer(root, root)
        try:
            factor = scipy.linalg.cho_factor(scaled, lower=True)
        except np.linalg.LinAlgError:  # collinear columns and a penalty lost in rounding
            factor = scipy.linalg.cho_factor(scaled + 1e-10 * np.eye(len(root)), lower=True)
        inverse: Float64 = scipy.linalg.cho_solve(factor, np.eye(len(root)))
        return inverse * np.outer(root, root)

    def coef(self, gradient: Float64) -> Float64:
        """The step for the coefficients, (n_classes, n_features) to the same."""
        rotated = self._vectors.T @ gradient
        rotated = self._inverse * rotated if self._diagonal else np.matmul(self._inverse, rotated[:, :, None])[:, :, 0]
        step: Float64 = self._vectors @ rotated
        return step

    def intercept(self, gradient: Float64) -> Float64:
        """The step for the intercept, (n_classes,) to the same."""
        step: Float64 = self._vectors @ (self._intercept * (self._vectors.T @ gradient))
        return step
