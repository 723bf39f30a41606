# SPDX-License-Identifier: BSD-3-Clause
"""Linear discriminant analysis."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import check_finite, validate_predict
from multinoulli.classifiers._base import LinearClassifier
from multinoulli.classifiers._linear_scores import linear_scores
from multinoulli.classifiers.discriminant_analysis._base import DIVISORS, DiscriminantAnalysis, log_priors
from multinoulli.classifiers.discriminant_analysis._covariance import shrunk, spreads, whitening
from multinoulli.classifiers.discriminant_analysis._moments import Groups, Moments

Float64 = NDArray[np.float64]


class LinearDiscriminantAnalysis(
    ClassNamePrefixFeaturesOutMixin,  # type: ignore[misc]  # scikit-learn has no types
    TransformerMixin,  # type: ignore[misc]  # nor here
    LinearClassifier,
    DiscriminantAnalysis,
):
    r"""Linear classifier whose classes are normal distributions with one covariance.

    With means :math:`\mu_k`, their covariance :math:`\Sigma` and priors :math:`\pi_k`, the score of a class is its
    log-density plus :math:`\log \pi_k`, but for what all classes share:

    .. math::

        z_k = (x - \bar\mu)^T \Sigma^{-1} (\mu_k - \bar\mu)
        - \tfrac12 (\mu_k - \bar\mu)^T \Sigma^{-1} (\mu_k - \bar\mu) + \log \pi_k,
        \qquad \bar\mu = \sum_k \pi_k \mu_k

    and probabilities are ``softmax(scores)``. There is nothing to iterate: one pass over the rows tells all.

    Parameters
    ----------
    shrinkage : float, "auto", "oas" or None, default=None
        How far the covariance is drawn towards a simple one, where rows are few for so many features. A number from 0
        to 1 is the share of the identity times the mean variance. ``"auto"`` (Ledoit and Wolf) and ``"oas"`` (oracle
        approximating, Chen et al.) choose it, for every class apart and on its columns brought to standard deviation 1;
        the covariance is then the mean of the classes' own, by their weights.
    priors : array-like of shape (n_classes,), dict or None, default=None
        Probabilities of the classes, in the order of ``classes_`` or by label, with sum 1. None: the classes' shares of
        the weight. They do not change the covariance.
    n_components : int or None, default=None
        Axes that `transform` keeps. None: all that tell classes apart, at most ``min(n_features, n_classes - 1)``.
    covariance_divisor : {"n_samples", "degrees_of_freedom"}, default="n_samples"
        What the sum of squares within the classes is divided by: the rows (maximum likelihood, as in scikit-learn), or
        the rows less the classes (unbiased, as in R's MASS), with weights as numbers of rows.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``: these have the probability 0, whatever their prior.
    tol : float, default=1e-4
        Of columns brought to standard deviation 1 within the classes, directions whose standard deviation is at most
        `tol` are left out, as are columns that are constant within every class: where features are collinear, or more
        than rows. Axes along which the means vary less than `tol` of the most are not among ``scalings_``.
    n_jobs : int or None, default=None
        Threads of a fit. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at
        hand); -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        Their sum over the classes, weighted by the priors, is 0.
    intercept_ : ndarray of shape (n_classes,)
        -inf for a class without rows or with the prior 0.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given.
    priors_ : ndarray of shape (n_classes,)
    means_ : ndarray of shape (n_classes, n_features)
        NaN for a class without rows.
    covariance_ : ndarray of shape (n_features, n_features)
        Within the classes.
    xbar_ : ndarray of shape (n_features,)
        The mean of the means, by the priors.
    scalings_ : ndarray of shape (n_features, n_components)
        The axes of `transform`, of variance 1 within the classes, the one along which the classes lie farthest apart
        first. The largest entry of each is positive.
    explained_variance_ratio_ : ndarray of shape (n_components,)
        The share of each axis in the variance between the classes.
    n_samples_seen_ : int
        Rows with a positive weight in the stream so far; only after `partial_fit`.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    Probabilities are those of scikit-learn's `LinearDiscriminantAnalysis` with the solver "svd" or, with `shrinkage`,
    "lsqr" and "eigen"; but where `priors` are given these two weigh the classes' covariances by them.

    Source: Hastie, Tibshirani & Friedman, The Elements of Statistical Learning, section 4.3; Ledoit & Wolf, Journal of
    Multivariate Analysis 88 (2004); Chen, Wiesel, Eldar & Hero, IEEE Transactions on Signal Processing 58 (2010).

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = LinearDiscriminantAnalysis().fit(X, y)
    >>> model.predict_proba(X[70:71]).round(3)
    array([[0.   , 0.249, 0.751]])
    >>> model.transform(X).shape
    (150, 2)
    """

    _learnt = (
        "coef_",
        "intercept_",
        "priors_",
        "means_",
        "covariance_",
        "xbar_",
        "scalings_",
        "explained_variance_ratio_",
    )

    def __init__(
        self,
        *,
        shrinkage: float | str | None = None,
        priors: ArrayLike | Mapping[Any, float] | None = None,
        n_components: int | None = None,
        covariance_divisor: str = "n_samples",
        classes: ArrayLike | None = None,
        tol: float = 1e-4,
        n_jobs: int | None = None,
    ) -> None:
        self.shrinkage = shrinkage
        self.priors = priors
        self.n_components = n_components
        self.covariance_divisor = covariance_divisor
        self.classes = classes
        self.tol = tol
        self.n_jobs = n_jobs

    def transform(self, X: Any) -> Float64:
        """Coordinates on the axes that tell the classes apart, (n_samples, n_components): ``(X - xbar_) @ scalings_``.

        The covariance within the classes is the identity there.
        """
        check_is_fitted(self)
        axes = self.scalings_
        matrix = validate_predict(self, X)
        if not axes.shape[1]:
            return np.empty((matrix.shape[0], 0))
        coordinates = linear_scores(matrix, axes.T, -self.xbar_ @ axes)
        if not np.isfinite(coordinates).all():
            check_finite(matrix)
        return coordinates

    @property
    def _n_features_out(self) -> int:
        return int(self.scalings_.shape[1])

    def _check_parameters(self) -> None:
        super()._check_parameters()
        n = self.n_components
        if n is not None and (not isinstance(n, Integral) or isinstance(n, bool) or n < 1):
            raise ValueError(f"n_components must be a positive integer or None, got {n!r}")

    def _moments(self, groups: Groups, *, streamed: bool) -> Moments:
        if not isinstance(self.shrinkage, str):
            return groups.pooled()
        if streamed:
            return groups.each()
        means = np.empty((groups.n_classes, groups.n_features))
        scatter = np.zeros((groups.n_features, groups.n_features))
        for k, (mean, of_class) in enumerate(groups.by_class(self._shrunk(groups))):
            means[k] = mean
            scatter += of_class
        return Moments(groups.n_samples, groups.mass, means, scatter)

    def _learn(self, moments: Moments, classes: NDArray[Any]) -> dict[str, Any]:
        present = moments.mass > 0
        n_classes, n_features = int(present.sum()), moments.means.shape[1]
        most = min(n_features, len(classes) - 1)
        if self.n_components is not None and self.n_components > most:
            raise ValueError(
                f"n_components cannot be larger than min(n_features, n_classes - 1) = {most}, got {self.n_components}"
            )
        priors, means = self._priors(moments.mass, classes), moments.means[present]
        covariance = self._covariance(moments, n_classes)
        shares = priors[present] / priors[present].sum()
        xbar = shares @ means
        white = whitening(covariance, spreads(np.diagonal(covariance), np.abs(means).max(axis=0)), self.tol).matrix
        if not white.shape[1]:
            raise ValueError("no feature varies within the classes: their covariance is 0, and shrinkage leaves it so")
        # In these coordinates distances are what tells classes apart.
        apart = (means - xbar) @ white
        axes, variances = _axes(np.sqrt(shares)[:, None] * apart, self.tol)
        kept = slice(most if self.n_components is None else self.n_components)
        coef, intercept = np.zeros((len(classes), n_features), order="F"), np.full(len(classes), -np.inf)
        coef[present] = apart @ white.T
        intercept[present] = log_priors(shares) - coef[present] @ xbar - np.square(apart).sum(axis=1) / 2
        scalings = white @ axes[kept].T
        return {
            "coef_": coef,
            "intercept_": intercept,
            "priors_": priors,
            "means_": np.where(present[:, None], moments.means, np.nan),
            "covariance_": covariance,
            "xbar_": xbar,
            "scalings_": scalings * np.sign(scalings[np.abs(scalings).argmax(axis=0), np.arange(scalings.shape[1])]),
            "explained_variance_ratio_": variances[kept],
        }

    def _covariance(self, moments: Moments, n_classes: int) -> Float64:
        """Within the classes."""
        if moments.n_samples <= n_classes:
            raise ValueError(
                f"The number of samples must be more than the number of classes, got {moments.n_samples} samples of "
                f"{n_classes} classes: nothing varies within them"
            )
        scatter, total = moments.scatter, float(moments.mass.sum())
        if scatter.ndim == 3:
            classes = zip(scatter, moments.means, moments.mass.tolist(), strict=True)
            scatter = reduce(np.add, (shrunk(one, mean, mass, self.shrinkage) for one, mean, mass in classes))
        elif not isinstance(self.shrinkage, str):
            scatter = shrunk(scatter, moments.means[0], total, self.shrinkage)
        divisor = total - n_classes * DIVISORS[self.covariance_divisor]
        if divisor <= 0:
            raise ValueError(
                f"sample_weight has the sum {total}, which leaves no degrees of freedom for {n_classes} classes: "
                "weights are numbers of rows here; give such, or choose covariance_divisor='n_samples'"
            )
        return np.asarray(scatter / divisor)


def _axes(apart: Float64, tol: float) -> tuple[Float64, Float64]:
    """Orthogonal axes, by rows, along which the means lie apart, and the share of each in the variance."""
    _, lengths, axes = linalg.svd(apart, full_matrices=False, check_finite=False)
    kept = lengths > max(tol, np.finfo(np.float64).eps) * lengths.max(initial=0.0)
    return axes[kept], np.square(lengths[kept]) / max(float(np.square(lengths).sum()), np.finfo(np.float64).tiny)
