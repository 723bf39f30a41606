# SPDX-License-Identifier: BSD-3-Clause
"""Models of counts: sums of the features over the rows of every class, and scores that are linear in X."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import (
    FitData,
    Matrix,
    check_finite,
    first_where,
    number_of_threads,
    validate_predict,
)
from multinoulli.classifiers._base import LinearClassifier
from multinoulli.classifiers._linear_scores import Function, linear_predictions
from multinoulli.classifiers.naive_bayes._class_sums import class_sums
from multinoulli.classifiers.naive_bayes._naive_bayes import NaiveBayes
from multinoulli.classifiers.naive_bayes._smoothing import smoothing

Float64 = NDArray[np.float64]

FEATURES_AT_ONCE = 4096  # so that steps from counts to coefficients find in the cache what the one before left there


def by_features(function: Callable[[slice], Float64], n_classes: int, n_features: int) -> Float64:
    """What `function` gives for slices of the features, (n_classes, n_features), in the order that scores want."""
    out = np.empty((n_classes, n_features), order="F")
    for begin in range(0, n_features, FEATURES_AT_ONCE):
        some = slice(begin, begin + FEATURES_AT_ONCE)
        out[:, some] = function(some)
    return out


class CountNB(NaiveBayes, LinearClassifier):
    """Naive Bayes of counts; a subclass says how they become coefficients."""

    alpha: float | ArrayLike
    feature_count_: Float64

    def scores(self, X: Any) -> Float64:
        """Scores of shape (n_samples, n_classes): log-probabilities of class and row together.

        Up to what is the same for all classes; in float64 for float32 data, too, as a sum over thousands of features
        has no digits to lose.
        """
        return self._predictions(X, "scores")

    def _predictions(self, X: Any, function: Function) -> Float64:
        check_is_fitted(self)
        matrix = validate_predict(self, X)
        predictions, finite = linear_predictions(matrix, self.coef_, self.intercept_, function, single=False)
        if not finite:
            check_finite(matrix)
        return predictions

    def _learn(self, data: FitData, *, afresh: bool) -> None:
        alpha = smoothing(self.alpha, data.X.shape[1])
        counts = self._count(data)
        if not afresh:
            counts += self.feature_count_
        self._set(data.classes, self._class_count(data, afresh=afresh), counts, alpha)

    def _count(self, data: FitData) -> Float64:
        self._check_counts(data.X)
        return class_sums(data, number_of_threads(self.n_jobs))

    @abstractmethod
    def _set(self, classes: NDArray[Any], class_count: Float64, counts: Float64, alpha: Float64) -> None:
        """Set all attributes, after all checks; `counts` is (n_classes, n_features), `alpha` (n_features,)."""

    def _check_counts(self, X: Matrix) -> None:
        """Raise ValueError where X is negative."""
        found = first_where(X, lambda values: values < 0)
        if found is None:
            return
        row, column, value = found
        raise ValueError(
            f"Negative values in data passed to {type(self).__name__}: {value} at row {row}, column {column}; "
            "counts cannot be negative"
        )

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.positive_only = True
        tags.classifier_tags.poor_score = True
        return tags
