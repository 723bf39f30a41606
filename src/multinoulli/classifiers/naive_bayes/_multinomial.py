# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes of counts that the rows of a class draw from one multinomial distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli.classifiers.naive_bayes._counts import CountNB, Float64, by_features
from multinoulli.classifiers.naive_bayes._smoothing import check_counts, log_prior


class MultinomialNB(CountNB):
    r"""Naive Bayes classifier for counts, such as words of texts.

    A feature j has the probability :math:`\theta_{kj} = (n_{kj} + \alpha_j) / \sum_j (n_{kj} + \alpha_j)` in class k,
    where :math:`n_{kj}` is its sum over the rows of the class, and the score of a row is :math:`\log p_k + \sum_j x_j
    \log \theta_{kj}`: linear, ``X @ coef_.T + intercept_``. Counts need not be integers: TF-IDF does, too. X is dense
    or sparse, float32 or float64, and not negative.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        What is added to every count, one for all features or one each; 0 only where every class has every feature.
    fit_prior : bool, default=True
        Whether the probabilities of the classes are their shares of the weights; else they are all the same.
    class_prior : array-like of shape (n_classes,) or None, default=None
        Their probabilities, in the order of ``classes_``, in place of those.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0; unless
        `class_prior` or `fit_prior` give it a prior: its features then have the probabilities of `alpha` alone.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Weights of the classes.
    class_log_prior_ : ndarray of shape (n_classes,)
        Log-probabilities of the classes; ``intercept_`` is the same.
    feature_count_ : ndarray of shape (n_classes, n_features)
        Weighted sums of the features over the rows of each class.
    feature_log_prob_ : ndarray of shape (n_classes, n_features)
        Log-probabilities of the features in each class; ``coef_`` is the same.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    Source: McCallum & Nigam, A comparison of event models for naive Bayes text classification, AAAI workshop, 1998.

    Examples
    --------
    >>> X = [[3, 0, 1], [2, 0, 2], [0, 4, 1]]  # how often three words stand in three texts
    >>> model = MultinomialNB().fit(X, ["weather", "weather", "sports"])
    >>> model.predict([[1, 0, 2]])
    array(['weather'], dtype='<U7')
    >>> model.predict_proba([[1, 0, 2]]).round(3)
    array([[0.051, 0.949]])
    """

    def __init__(
        self,
        *,
        alpha: float | ArrayLike = 1.0,
        fit_prior: bool = True,
        class_prior: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.classes = classes
        self.n_jobs = n_jobs

    def _set(self, classes: NDArray[Any], class_count: Float64, counts: Float64, alpha: Float64) -> None:
        prior = log_prior(class_count, self.class_prior, fitted=self.fit_prior, name="class_prior")
        known = counts
        if not alpha.all():
            present = class_count > 0
            check_counts(counts + alpha, present, classes, "feature {}")
            known, prior = np.where(present[:, None], counts, 1.0), np.where(present, prior, -np.inf)
        log_total = np.log(known.sum(axis=1) + alpha.sum())[:, None]
        log_prob = by_features(lambda some: np.log(known[:, some] + alpha[some]) - log_total, *counts.shape)
        self.classes_, self.class_count_, self.feature_count_ = classes, class_count, counts
        self.class_log_prior_ = self.intercept_ = prior
        self.feature_log_prob_ = self.coef_ = log_prob
