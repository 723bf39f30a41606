# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes of features that are there or not."""

from __future__ import annotations

from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import (
    FitData,
    Matrix,
    canonical,
    check_finite,
    first_where,
    number_of_threads,
    validate_predict,
)
from multinoulli.classifiers._linear_scores import Function, linear_predictions
from multinoulli.classifiers.naive_bayes._class_sums import SPARSE_ROWS, class_sums
from multinoulli.classifiers.naive_bayes._counts import CountNB, Float64
from multinoulli.classifiers.naive_bayes._smoothing import check_counts, log_prior

BLOCK_ENTRIES = 1 << 20  # of a dense X, that are compared with the threshold at a time


class BernoulliNB(CountNB):
    r"""Naive Bayes classifier for features that are there or not, such as words of short texts.

    A feature j is there with the probability :math:`\theta_{kj} = (n_{kj} + \alpha_j) / (n_k + 2 \alpha_j)` in class k,
    where :math:`n_{kj}` is the weight of the rows of the class that have it and :math:`n_k` that of all of them. The
    score of a row is :math:`\log p_k + \sum_j x_j \log \theta_{kj} + (1 - x_j) \log (1 - \theta_{kj})`: what is not
    there counts, too. It is linear, ``X @ coef_.T + intercept_`` of the zeros and ones. X is dense or sparse, float32
    or float64.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        What is added to the weights of the rows with and without a feature, one for all features or one each; 0 only
        where every class has rows with and without every feature.
    binarize : float or None, default=0.0
        What a value must exceed to be there; not negative if X is sparse. None: X is zeros and ones.
    fit_prior : bool, default=True
        Whether the probabilities of the classes are their shares of the weights; else they are all the same.
    class_prior : array-like of shape (n_classes,) or None, default=None
        Their probabilities, in the order of ``classes_``, in place of those.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0; unless
        `class_prior` or `fit_prior` give it a prior: its features then have the probability one half.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Weights of the classes.
    class_log_prior_ : ndarray of shape (n_classes,)
        Log-probabilities of the classes.
    feature_count_ : ndarray of shape (n_classes, n_features)
        Weights of the rows of each class that have the feature.
    feature_log_prob_ : ndarray of shape (n_classes, n_features)
        Log-probabilities of the features in each class.
    coef_ : ndarray of shape (n_classes, n_features)
        Log-odds of the features.
    intercept_ : ndarray of shape (n_classes,)
        Scores of a row without any.
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
    >>> X = [[1, 0, 1], [1, 0, 1], [0, 1, 1]]
    >>> model = BernoulliNB().fit(X, ["weather", "weather", "sports"])
    >>> model.predict_proba([[1, 0, 1]]).round(3)
    array([[0.081, 0.919]])
    """

    def __init__(
        self,
        *,
        alpha: float | ArrayLike = 1.0,
        binarize: float | None = 0.0,
        fit_prior: bool = True,
        class_prior: ArrayLike | None = None,
        classes: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.binarize = binarize
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.classes = classes
        self.n_jobs = n_jobs

    def _count(self, data: FitData) -> Float64:
        self._check_threshold(data.X)
        return class_sums(data, number_of_threads(self.n_jobs), self._zeros_and_ones)

    def _set(self, classes: NDArray[Any], class_count: Float64, counts: Float64, alpha: Float64) -> None:
        prior = log_prior(class_count, self.class_prior, fitted=self.fit_prior, name="class_prior")
        weight = class_count[:, None]
        # A sum over rows of fractional weights, in an order of its own, may exceed that of all by a rounding.
        present, absent = counts + alpha, np.maximum(weight - counts, 0.0) + alpha
        if not alpha.all():
            check_counts(present, class_count > 0, classes, "feature {}")
            check_counts(absent, class_count > 0, classes, "the lack of feature {}")
            unknown = (present <= 0).any(axis=1)
            present[unknown], absent[unknown], prior = 0.5, 0.5, np.where(unknown, -np.inf, prior)
        total = np.log(present + absent)
        log_prob, log_lack = np.log(present) - total, np.log(absent) - total
        self.classes_, self.class_count_, self.feature_count_ = classes, class_count, counts
        self.class_log_prior_, self.feature_log_prob_ = prior, log_prob
        self.coef_ = np.subtract(log_prob, log_lack, order="F")
        self.intercept_ = prior + log_lack.sum(axis=1)

    def _predictions(self, X: Any, function: Function) -> Float64:
        check_is_fitted(self)
        matrix: Any = validate_predict(self, X)
        self._check_threshold(matrix)
        if sparse.issparse(matrix):
            step = SPARSE_ROWS
        else:
            check_finite(matrix)  # what is NaN would be no more than the threshold
            step = max(1, BLOCK_ENTRIES // matrix.shape[1])
        out = np.empty((matrix.shape[0], len(self.classes_)))
        for begin in range(0, len(out), step):
            some = slice(begin, begin + step)
            block = self._zeros_and_ones(matrix[some])
            out[some] = linear_predictions(block, self.coef_, self.intercept_, function, single=False)[0]
        return out

    def _zeros_and_ones(self, rows: Any) -> Any:
        """In float32, which holds them exactly."""
        if sparse.issparse(rows):  # of an entry given twice it is the sum that counts
            rows = canonical(rows)
            return sparse.csr_array((self._zeros_and_ones(rows.data), rows.indices, rows.indptr), shape=rows.shape)
        ones = rows == 1 if self.binarize is None else rows > self.binarize
        return ones.astype(np.float32)

    def _check_threshold(self, X: Matrix) -> None:
        threshold: Any = self.binarize
        if threshold is None:
            self._check_binary(X)
        elif not isinstance(threshold, Real) or not np.isfinite(float(threshold)):
            raise ValueError(f"binarize must be a finite number or None, got {threshold!r}")
        elif threshold < 0 and sparse.issparse(X):
            raise ValueError(
                f"binarize must not be negative for sparse data, whose zeros would be there: {threshold!r}"
            )

    def _check_binary(self, X: Matrix) -> None:
        found = first_where(X, lambda values: (values != 0) & (values != 1))
        if found is not None:
            row, column, value = found
            raise ValueError(
                f"X must be zeros and ones where binarize is None, got {value} at row {row}, column {column}: set "
                "binarize"
            )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.positive_only = False
        return tags
