# SPDX-License-Identifier: BSD-3-Clause
"""Whether classes can be told apart without error, so that maximum likelihood has no solution.

The loss falls forever along a direction (coef, intercept) that puts no row's own class below another, and some row's
above one: then the maximum-likelihood estimate does not exist (Albert & Anderson, Biometrika 71, 1984). Complete
separation, where every row's own class is strictly first, shows in the scores of an iterate. Quasi-complete separation
is a linear program: the largest sum of margins over the cone of such directions, in a box; zero means that there is
none (Konis, "Linear programming algorithms for detecting separated data", 2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import linprog

Float64 = NDArray[np.float64]

# A linear program that is still solved in reasonable time, in entries and in seconds; beyond it no quasi-complete
# separation is found.
MAX_ENTRIES, MAX_SECONDS = 2_000_000, 10.0
NAMED = 5  # features in a message


@dataclass(frozen=True)
class Separation:
    """A direction along which the loss falls forever."""

    complete: bool
    coef: Float64  # (n_features, n_classes)
    classes: NDArray[np.intp]  # codes of those that some row is separated from, or in
    features: NDArray[np.intp]  # those that separate, the strongest first

    def describe(self, classes: NDArray[Any], feature_names: Sequence[str] | None) -> str:
        """Say so, and what to do."""
        names = [str(j) if feature_names is None else repr(str(feature_names[j])) for j in self.features[:NAMED]]
        more = ", ..." if len(self.features) > NAMED else ""
        kind = "completely" if self.complete else "in part (quasi-completely)"
        return (
            f"there is no maximum of the likelihood, because features {', '.join(names)}{more} separate the classes "
            f"{', '.join(map(str, classes[self.classes].tolist()))} {kind}: the larger the coefficients, the better. "
            "Those returned are finite and mean little; use a finite C, or leave these features out"
        )


def complete(coef: Float64, scale: Float64) -> Separation:
    """What scores show that put every row's own class first; `scale`: the features' standard deviations."""
    strength = np.abs((coef - coef.mean(axis=1, keepdims=True)) * scale[:, None]).max(axis=1)
    features = np.argsort(-strength, kind="stable")
    return Separation(True, coef, np.arange(coef.shape[1]), features[strength[features] > 0.01 * strength.max()])


def quasi_complete(X: Any, labels: NDArray[np.int64], n_classes: int, has_intercept: bool) -> Separation | None:
    """The direction of largest total margin, for rows that are centred and scaled; None if there is none."""
    n, d = X.shape
    if n * (n_classes - 1) * 2 * (d + has_intercept) > MAX_ENTRIES:
        return None
    inputs = sparse.hstack([sparse.csr_array(X), np.ones((n, 1))]) if has_intercept else sparse.csr_array(X)
    inputs = sparse.csr_array(inputs)
    # One row of margins for every other class: own score less that class's, at least 0.
    margins = []
    for shift in range(1, n_classes):
        other = (labels + shift) % n_classes
        own = sparse.csr_array((np.ones(n), (np.arange(n), labels)), shape=(n, n_classes))
        its = sparse.csr_array((np.ones(n), (np.arange(n), other)), shape=(n, n_classes))
        margins.append(_row_products(own - its, inputs))
    A = sparse.vstack(margins).tocsr()
    gain = np.asarray(A.sum(axis=0)).ravel()
    found = linprog(
        -gain / n,
        A_ub=-A,
        b_ub=np.zeros(A.shape[0]),
        bounds=(-1, 1),
        method="highs",
        options={"time_limit": MAX_SECONDS},
    )
    if found.status != 0 or -found.fun < 1e-7:
        return None
    direction = found.x.reshape(n_classes, -1)
    positive = (A @ found.x).reshape(n_classes - 1, n) > 1e-6
    if not positive.any():
        return None
    shifts, rows = np.nonzero(positive)
    involved = np.union1d(labels[rows], (labels[rows] + shifts + 1) % n_classes)
    coef = direction[:, :d].T
    strength = np.ptp(coef, axis=1)
    features = np.argsort(-strength, kind="stable")
    return Separation(bool(positive.all()), coef, involved, features[strength[features] > 1e-6])


def _row_products(left: sparse.csr_array, right: sparse.csr_array) -> sparse.csr_array:
    """Row by row, every entry of `left` times every entry of `right`: (n, columns of left x columns of right)."""
    left, right = left.tocsr(), right.tocsr()
    blocks = [right.multiply(left[:, [k]]) for k in range(left.shape[1])]
    return sparse.csr_array(sparse.hstack(blocks))
