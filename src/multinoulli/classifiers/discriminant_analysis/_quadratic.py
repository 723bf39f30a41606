# SPDX-License-Identifier: BSD-3-Clause
"""Quadratic discriminant analysis."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from multinoulli import _core
from multinoulli._threads import single_threaded_blas
from multinoulli._validation.estimators import check_finite, number_of_threads, validate_predict
from multinoulli.classifiers._linear_scores import MOST_WITHOUT_BLAS
from multinoulli.classifiers.discriminant_analysis._base import DIVISORS, DiscriminantAnalysis, is_share, log_priors
from multinoulli.classifiers.discriminant_analysis._covariance import Whitening, shrunk, spreads, whitening
from multinoulli.classifiers.discriminant_analysis._moments import Groups, Moments

Float64 = NDArray[np.float64]

# Entries of the rows that are held at once in the coordinates of a class.
BLOCK_ENTRIES = 1 << 20


class QuadraticDiscriminantAnalysis(DiscriminantAnalysis):
    r"""Classifier whose classes are normal distributions, each with a covariance of its own.

    With means :math:`\mu_k`, covariances :math:`\Sigma_k` and priors :math:`\pi_k` the score of a class is its
    log-density plus :math:`\log \pi_k`, but for a constant:

    .. math::

        z_k = -\tfrac12 (x - \mu_k)^T \Sigma_k^{-1} (x - \mu_k) - \tfrac12 \log |\Sigma_k| + \log \pi_k

    and probabilities are ``softmax(scores)``.

    Parameters
    ----------
    reg_param : float, default=0.0
        From 0 to 1: the share of the identity in every covariance, ``(1 - reg_param) * covariance + reg_param * I``,
        after `shrinkage`. It is in the units of the features.
    shrinkage : float, "auto", "oas" or None, default=None
        How far a covariance is drawn towards a simple one, where rows are few for so many features. A number from 0 to
        1 is the share of the identity times the mean variance of the class. ``"auto"`` (Ledoit and Wolf) and ``"oas"``
        (oracle approximating, Chen et al.) choose it, on the class's columns brought to standard deviation 1.
    priors : array-like of shape (n_classes,), dict or None, default=None
        Probabilities of the classes, in the order of ``classes_`` or by label, with sum 1. None: the classes' shares of
        the weight.
    covariance_divisor : {"n_samples", "degrees_of_freedom"}, default="n_samples"
        What the sum of squares of a class is divided by: its rows (maximum likelihood, as in scikit-learn), or one less
        (unbiased, as in R's MASS), with weights as numbers of rows.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``: these have the probability 0, whatever their prior.
    tol : float, default=1e-4
        Of a class's columns brought to standard deviation 1, a direction whose standard deviation is at most `tol`
        makes the covariance singular, which is an error, as is a constant column.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given.
    priors_ : ndarray of shape (n_classes,)
    means_ : ndarray of shape (n_classes, n_features)
        NaN for a class without rows, as are the covariances.
    covariance_ : ndarray of shape (n_classes, n_features, n_features)
        Shrunk and regularised.
    n_samples_seen_ : int
        Rows with a positive weight in the stream so far; only after `partial_fit`.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    Probabilities are those of scikit-learn's `QuadraticDiscriminantAnalysis`, and with ``"degrees_of_freedom"`` those
    of R's ``qda``. Computations are in float64, also of float32 data.

    Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, section 4.3; of the shrinkages Ledoit &
    Wolf, Journal of Multivariate Analysis 88 (2004); Chen, Wiesel, Eldar & Hero, IEEE Transactions on Signal Processing
    58 (2010).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = QuadraticDiscriminantAnalysis().fit(X, y)
    >>> model.predict_proba(X[70:71]).round(3)
    array([[0.   , 0.328, 0.672]])
    """

    _learnt = ("priors_", "means_", "covariance_", "_matrices", "_constants")

    def __init__(
        self,
        *,
        reg_param: float = 0.0,
        shrinkage: float | str | None = None,
        priors: ArrayLike | Mapping[Any, float] | None = None,
        covariance_divisor: str = "n_samples",
        classes: ArrayLike | None = None,
        tol: float = 1e-4,
        n_jobs: int | None = None,
    ) -> None:
        self.reg_param = reg_param
        self.shrinkage = shrinkage
        self.priors = priors
        self.covariance_divisor = covariance_divisor
        self.classes = classes
        self.tol = tol
        self.n_jobs = n_jobs

    def scores(self, X: Any) -> Float64:
        """Scores of shape (n_samples, n_classes): log-probabilities up to a constant a row.

        The same bits for a row whatever stands beside it. A row so far away that all its scores would be -inf is an
        error.
        """
        check_is_fitted(self)
        learnt = self._constants, self.means_, self._matrices
        constants, means, matrices = map(np.asarray, learnt)  # of memory maps too
        matrix: Any = validate_predict(self, X)
        n_samples, n_features = map(int, matrix.shape)
        out = np.full((n_samples, len(constants)), -np.inf)
        n_threads, none = number_of_threads(self.n_jobs), np.zeros(n_features)
        step = max(BLOCK_ENTRIES // n_features, 64)
        kept = np.empty((min(step, n_samples), n_features))
        blas = single_threaded_blas() if n_features > MOST_WITHOUT_BLAS else nullcontext()  # the core has threads
        with blas, np.errstate(over="ignore", invalid="ignore"):  # found out below
            for first in range(0, n_samples, step):
                rows = matrix[first : first + step]
                rows = rows.toarray() if sparse.issparse(rows) else np.ascontiguousarray(rows)
                white = kept[: len(rows)]
                for k in np.flatnonzero(constants > -np.inf):
                    _core.linear_scores(rows, means[k], matrices[k], none, white, n_threads)
                    out[first : first + step, k] = constants[k] - np.vecdot(white, white) / 2
        best = np.isfinite(out.max(axis=1, initial=-np.inf))
        if not best.all():
            check_finite(matrix)
            raise ValueError(
                f"row {int(np.argmin(best))} of X is so far from every class that its scores overflow: leave it out"
            )
        return out

    def _check_parameters(self) -> None:
        super()._check_parameters()
        if not is_share(self.reg_param):
            raise ValueError(f"reg_param must be a number from 0 to 1, got {self.reg_param!r}")

    def _moments(self, groups: Groups, *, streamed: bool) -> Moments:
        return groups.each(self._shrunk(groups) if self.shrinkage == "auto" else None)

    def _learn(self, moments: Moments, classes: NDArray[Any]) -> dict[str, Any]:
        priors = self._priors(moments.mass, classes)
        shape = len(classes), *moments.scatter.shape[1:]
        covariance, matrices = np.full(shape, np.nan), np.zeros(shape)
        constants = np.full(len(classes), -np.inf)
        for k in np.flatnonzero(moments.mass > 0).tolist():
            covariance[k] = self._covariance(moments, k, classes.tolist()[k])
            white = whitening(covariance[k], spreads(np.diagonal(covariance[k]), moments.means[k]), self.tol)
            self._check_rank(white, classes.tolist()[k], moments.mass[k])
            matrices[k], constants[k] = white.matrix, -white.log_determinant / 2
        return {
            "priors_": priors,
            "means_": np.where(moments.mass[:, None] > 0, moments.means, np.nan),
            "covariance_": covariance,
            "_matrices": matrices,
            "_constants": constants + log_priors(priors),
        }

    def _covariance(self, moments: Moments, k: int, label: Any) -> Float64:
        """Of a class, shrunk and regularised."""
        mass, mean = float(moments.mass[k]), moments.means[k]
        divisor = mass - DIVISORS[self.covariance_divisor]
        if divisor <= 0:
            raise ValueError(
                f"class {label!r} has the weight {mass}, which leaves no degree of freedom: it needs more rows, or "
                "covariance_divisor='n_samples' with reg_param above 0"
            )
        scatter = moments.scatter[k]
        if self.shrinkage != "auto":  # which was done with the rows at hand
            scatter = shrunk(scatter, mean, mass, self.shrinkage)
        covariance: Float64 = (1 - self.reg_param) / divisor * scatter
        covariance[np.diag_indices(len(covariance))] += self.reg_param
        return covariance

    def _check_rank(self, white: Whitening, label: Any, mass: float) -> None:
        n_features, rank = white.matrix.shape
        if rank < n_features:
            raise np.linalg.LinAlgError(  # a ValueError
                f"The covariance matrix of class {label!r} is not full rank: its rows, of weight {mass:g}, vary in "
                f"{rank} of {n_features} directions. Give it more rows, set shrinkage ('auto', 'oas' or a number) or "
                "reg_param above 0, or leave out features that are constant or follow from others"
            )
