# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes of features that are normally distributed in every class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import (
    FitData,
    check_finite,
    check_positive,
    number_of_threads,
    validate_predict,
)
from multinoulli.classifiers.naive_bayes._gaussian_scores import gaussian_scores
from multinoulli.classifiers.naive_bayes._moments import Moments, check_variances, class_moments
from multinoulli.classifiers.naive_bayes._naive_bayes import NaiveBayes
from multinoulli.classifiers.naive_bayes._smoothing import log_prior

Float64 = NDArray[np.float64]


class GaussianNB(NaiveBayes):
    r"""Naive Bayes classifier for measurements: every feature is normally distributed in every class.

    The score of a row is :math:`\log p_k - \sum_j [\log(2 \pi v_{kj}) + (x_j - \mu_{kj})^2 / v_{kj}] / 2`, the
    log-density of class and row together. X is dense, float32 or float64, used where it lies and summed in float64:
    read once or twice by `fit`, once by predictions. Differences from the means are taken before they are squared, so
    that a large mean costs no digits.

    Parameters
    ----------
    priors : array-like of shape (n_classes,) or None, default=None
        Probabilities of the classes, in the order of ``classes_``. None: their shares of the weights.
    var_smoothing : float, default=1e-9
        The share of the largest variance of a feature, over all rows, that is added to all variances. With 0 a feature
        that is constant in a class is an error.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0, whatever
        `priors` say: nothing is known of its features.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Weights of the classes.
    class_prior_ : ndarray of shape (n_classes,)
        Probabilities of the classes.
    theta_ : ndarray of shape (n_classes, n_features)
        Means; nan in absent classes.
    var_ : ndarray of shape (n_classes, n_features)
        Variances, by weight (not by weight - 1), smoothed; nan in absent classes.
    epsilon_ : float
        What was added to them.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    Source: scikit-learn's `GaussianNB`, whose model it is; there the variance that `var_smoothing` is a share of does
    not know weights, and in a stream is that of the last batch.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = GaussianNB().fit(X, y)
    >>> model.theta_[0].round(3)
    array([5.006, 3.428, 1.462, 0.246])
    >>> model.predict_proba(X[50:51]).round(3)
    array([[0.   , 0.804, 0.196]])
    """

    _moments: Moments
    _theta_low: Float64  # what rounding theta_ lost

    def __init__(
        self,
        *,
        priors: ArrayLike | None = None,
        var_smoothing: float = 1e-9,
        classes: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.priors = priors
        self.var_smoothing = var_smoothing
        self.classes = classes
        self.n_jobs = n_jobs

    def scores(self, X: Any) -> Float64:
        """Scores of shape (n_samples, n_classes): log-densities of class and row together, in float64."""
        check_is_fitted(self)
        self._refuse_sparse(X)
        matrix: Any = validate_predict(self, X)
        check_variances(self.var_, self.class_count_, self.classes_, self.var_smoothing, range(matrix.shape[1]))
        with np.errstate(divide="ignore"):
            offset = np.where(self.class_count_ > 0, np.log(self.class_prior_), -np.inf)
        scores, finite = gaussian_scores(
            matrix, self.theta_, self._theta_low, self.var_, offset, number_of_threads(self.n_jobs)
        )
        if not finite:
            check_finite(matrix)
        return scores

    def _learn(self, data: FitData, *, afresh: bool) -> None:
        check_positive("var_smoothing", self.var_smoothing, zero=True)
        class_count = self._class_count(data, afresh=afresh)
        prior = np.exp(log_prior(class_count, self.priors, name="priors"))
        moments = class_moments(data, number_of_threads(self.n_jobs))
        if not afresh:
            moments = self._moments.with_more(moments)
        with np.errstate(over="ignore", invalid="ignore"):
            of_all = moments.of_all()[1]
        if not np.isfinite(of_all).all():
            column = int(np.argmin(np.isfinite(of_all)))
            raise ValueError(f"the variance of column {column} of X is beyond float64: divide the column by its size")
        epsilon = float(self.var_smoothing * of_all.max())
        theta, low, variance = moments.filled(class_count, epsilon)
        if afresh and len(class_count) == np.count_nonzero(class_count):
            check_variances(variance, class_count, data.classes, self.var_smoothing, range(len(variance[0])))
        self._moments, self.epsilon_, self.class_count_ = moments, epsilon, class_count
        self.classes_, self.class_prior_ = data.classes, prior
        self.theta_, self._theta_low, self.var_ = theta, low, variance
