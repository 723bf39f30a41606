# SPDX-License-Identifier: BSD-3-Clause
"""The one path from scores to labels and probabilities, which every classifier walks."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import check_finite, validate_predict
from multinoulli.classifiers._linear_scores import Function, linear_predictions
from multinoulli.functions import log_softmax, softmax


class ScoreClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """A classifier that gives every class a score: ``predict_proba`` is their softmax.

    What differs is how scores are made of X: `scores`, and what `fit` learns for that. ``classes_`` has the labels.
    """

    classes_: NDArray[Any]

    @abstractmethod
    def scores(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n_samples, n_classes), a new array: log-probabilities up to a constant a row."""

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores as scikit-learn wants them: for two classes, how far the second is above the first, (n_samples,)."""
        scores = self.scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes), columns in the order of ``classes_``."""
        scores = self.scores(X)
        proba: NDArray[np.float64] = softmax(scores, out=scores)
        return proba

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Log-probabilities of shape (n_samples, n_classes): exact where the probability rounds to 0 or 1."""
        scores = self.scores(X)
        log_proba: NDArray[np.float64] = log_softmax(scores, out=scores)
        return log_proba

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of every row, (n_samples,); of equal ones the first."""
        best = np.argmax(self.scores(X), axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels


class LinearClassifier(ScoreClassifier):
    """A classifier whose scores are ``X @ coef_.T + intercept_``."""

    coef_: NDArray[np.float64]
    intercept_: NDArray[np.float64]

    def scores(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n_samples, n_classes): log-probabilities up to a constant a row.

        Those of float64 and of sparse data are exact but for float64's rounding. A dense float32 X of more than 64
        features, 64 classes or 700 coefficients, and up to 128 classes, is multiplied in float32, as scikit-learn does,
        and the sums of every 128 features are added up in float64: a score is wrong by at most ``130 * 2**-24 * |x| @
        |coef|``, on average by less than ``2 * 2**-24`` times it. Where that matters, predict ``X.astype(float)``. All
        predictions are of these scores.
        """
        return self._predictions(X, "scores")

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes), columns in the order of ``classes_``."""
        return self._predictions(X, "softmax")

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Log-probabilities of shape (n_samples, n_classes): exact where the probability rounds to 0 or 1."""
        return self._predictions(X, "log_softmax")

    def _predictions(self, X: Any, function: Function) -> NDArray[np.float64]:
        check_is_fitted(self)
        matrix = validate_predict(self, X)
        predictions, finite = linear_predictions(matrix, self.coef_, self.intercept_, function)
        if not finite:
            check_finite(matrix)
        return predictions
