# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes of features that are one of several categories each."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from multinoulli._validation.estimators import FitData, number_of_threads
from multinoulli.classifiers.naive_bayes._codes import Codes
from multinoulli.classifiers.naive_bayes._naive_bayes import NaiveBayes
from multinoulli.classifiers.naive_bayes._smoothing import check_counts, log_prior, smoothing

Float64 = NDArray[np.float64]


class CategoricalNB(NaiveBayes):
    r"""Naive Bayes classifier for categories, which columns of X hold as codes 0, 1, 2, ...

    Category c of feature j has the probability :math:`(n_{kjc} + \alpha_j) / (n_k + \alpha_j C_j)` in class k, where
    :math:`n_{kjc}` is the weight of the rows of the class that have it, :math:`n_k` that of all of them, and
    :math:`C_j` the number of categories. The score of a row is the sum of the logarithms of the class's probability and
    of those of its categories. X is dense: integers, or numbers that are integers.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        What is added to every count, one for all features or one each; 0 only where every class has every category.
    fit_prior : bool, default=True
        Whether the probabilities of the classes are their shares of the weights; else they are all the same.
    class_prior : array-like of shape (n_classes,) or None, default=None
        Their probabilities, in the order of ``classes_``, in place of those.
    min_categories : int, array-like of shape (n_features,) or None, default=None
        How many categories features have at least, one number for all or one each. None: as many as were seen.
    unseen : {"smoothing", "error"}, default="smoothing"
        What a category is to predictions that is beyond those seen and declared. ``"smoothing"``: as probable as one
        declared and never seen, :math:`\alpha_j / (n_k + \alpha_j C_j)`; with ``alpha=0`` it says nothing.
        ``"error"``: a ValueError that names row, column and value.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0; unless
        `class_prior` or `fit_prior` give it a prior: its categories are then equally probable.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Weights of the classes.
    class_log_prior_ : ndarray of shape (n_classes,)
        Log-probabilities of the classes.
    category_count_ : list of n_features ndarrays of shape (n_classes, n_categories of the feature)
        Weights of the rows of each class that have the category.
    feature_log_prob_ : list of n_features ndarrays of shape (n_classes, n_categories of the feature)
        Log-probabilities of the categories in each class.
    n_categories_ : ndarray of shape (n_features,)
        Categories of the features: those seen so far, or `min_categories` if that is more.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Examples
    --------
    >>> X = [[0, 1], [0, 2], [1, 1], [1, 0]]
    >>> model = CategoricalNB().fit(X, ["no", "no", "yes", "yes"])
    >>> model.predict_proba([[1, 1]]).round(3)
    array([[0.25, 0.75]])
    >>> model.set_params(unseen="error").predict([[1, 3]])
    Traceback (most recent call last):
    ValueError: X has the category 3 at row 0, column 1, but column 1 has 3 categories, 0 to 2: raise min_categories, or
    set unseen="smoothing"
    """

    def __init__(
        self,
        *,
        alpha: float | ArrayLike = 1.0,
        fit_prior: bool = True,
        class_prior: ArrayLike | None = None,
        min_categories: int | ArrayLike | None = None,
        unseen: Literal["smoothing", "error"] = "smoothing",
        classes: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.min_categories = min_categories
        self.unseen = unseen
        self.classes = classes
        self.n_jobs = n_jobs

    def scores(self, X: Any) -> Float64:
        """Scores of shape (n_samples, n_classes): log-probabilities of class and row together."""
        check_is_fitted(self)
        self._check_unseen()
        self._refuse_sparse(X)
        codes = Codes(validate_data(self, X, dtype="numeric", order="C", reset=False))
        tables = [self._table(j, alpha) for j, alpha in enumerate(smoothing(self.alpha, self.n_features_in_))]
        scores, all_seen = codes.scores(tables, self.class_log_prior_, number_of_threads(self.n_jobs))
        if self.unseen == "error" and not all_seen:
            row, column, code = codes.first_beyond(self.n_categories_)
            n_categories = self.n_categories_[column]
            raise ValueError(
                f"X has the category {code} at row {row}, column {column}, but column {column} has {n_categories} "
                f'categories, 0 to {n_categories - 1}: raise min_categories, or set unseen="smoothing"'
            )
        return scores

    def _table(self, j: int, alpha: float) -> Float64:
        """Log-probabilities of a feature's categories, (n_categories + 1, n_classes), last that of one never seen."""
        log_prob = self.feature_log_prob_[j]
        total = self.category_count_[j].sum(axis=1) + alpha * log_prob.shape[1]
        return np.vstack([log_prob.T, np.log(alpha) - np.log(total) if alpha else np.zeros(len(total))])

    def _learn(self, data: FitData, *, afresh: bool) -> None:
        self._check_unseen()
        codes, n_features, n_threads = Codes(data.X), data.X.shape[1], number_of_threads(self.n_jobs)
        alpha = smoothing(self.alpha, n_features)
        n_categories = np.maximum(codes.n_categories(n_threads), self._least_categories(n_features))
        if not afresh:
            n_categories = np.maximum(n_categories, self.n_categories_)
        counts = codes.counts(n_categories, data, n_threads)
        if not afresh:
            for count, before in zip(counts, self.category_count_, strict=True):
                count[:, : before.shape[1]] += before
        self._set(data.classes, self._class_count(data, afresh=afresh), counts, alpha, n_categories)

    def _set(
        self,
        classes: NDArray[Any],
        class_count: Float64,
        counts: list[Float64],
        alpha: Float64,
        n_categories: NDArray[np.int64],
    ) -> None:
        prior = log_prior(class_count, self.class_prior, fitted=self.fit_prior, name="class_prior")
        log_probs = []
        for j, count in enumerate(counts):
            smoothed = count + alpha[j]
            if alpha[j] == 0:
                check_counts(smoothed, class_count > 0, classes, f"category {{}} of feature {j}")
                absent = class_count == 0
                smoothed[absent], prior = 1.0, np.where(absent, -np.inf, prior)
            log_probs.append(np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True)))
        self.classes_, self.class_count_, self.class_log_prior_ = classes, class_count, prior
        self.category_count_, self.feature_log_prob_, self.n_categories_ = counts, log_probs, n_categories

    def _checked(self, X: Any, y: ArrayLike, *, reset: bool) -> tuple[NDArray[Any], NDArray[Any]]:
        self._refuse_sparse(X)
        X, y = validate_data(self, X, y, dtype="numeric", order="C", reset=reset)
        check_classification_targets(y)
        Codes(X).check()
        return np.asarray(X), np.asarray(y)

    def _least_categories(self, n_features: int) -> NDArray[np.int64]:
        if self.min_categories is None:
            return np.zeros(n_features, np.int64)
        least = np.asarray(self.min_categories)
        if least.dtype.kind not in "iu" or (least < 1).any():
            raise ValueError(f"min_categories must be positive integers, got {self.min_categories!r}")
        if least.shape not in ((), (n_features,)):
            raise ValueError(f"min_categories has shape {least.shape}, expected an integer or shape ({n_features},)")
        return np.broadcast_to(least.astype(np.int64), (n_features,))

    def _check_unseen(self) -> None:
        if self.unseen not in ("error", "smoothing"):
            raise ValueError(f'unseen must be "error" or "smoothing", got {self.unseen!r}')

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.categorical = True
        tags.input_tags.positive_only = True
        tags.classifier_tags.poor_score = True
        return tags
