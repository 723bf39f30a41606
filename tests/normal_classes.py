# SPDX-License-Identifier: BSD-3-Clause
"""Classes that are normal distributions, by their definitions: what discriminant analysis is compared with."""

import numpy as np
from scipy import stats
from scipy.special import softmax


def moments(X, y, weight=None):
    """Shares, means and sums of squares about them, class by class, by their definitions."""
    weight = np.ones(len(y)) if weight is None else np.asarray(weight, float)
    masses, means, scatters = [], [], []
    for label in np.unique(y):
        rows, w = X[y == label], weight[y == label]
        means.append(w @ rows / w.sum())
        masses.append(w.sum())
        scatters.append((w[:, None] * (rows - means[-1])).T @ (rows - means[-1]))
    return np.array(masses), np.array(means), np.array(scatters)


def posterior(X, means, covariances, priors):
    """Probabilities by SciPy's normal densities."""
    logs = [stats.multivariate_normal(mean, one).logpdf(X) for mean, one in zip(means, covariances, strict=True)]
    return softmax(np.log(priors) + np.column_stack(logs), axis=1)


def close(ours, wanted, tol=1e-9):
    np.testing.assert_allclose(ours, wanted, rtol=tol, atol=tol * np.abs(wanted).max())
