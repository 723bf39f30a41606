# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn estimators: plumbing, no mathematics."""

from multinoulli.classifiers._base import LinearClassifier, ScoreClassifier
from multinoulli.classifiers._linear_scores import linear_scores
from multinoulli.classifiers._softmax_regression import SoftmaxRegression
from multinoulli.classifiers.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis

__all__ = [
    "LinearClassifier",
    "LinearDiscriminantAnalysis",
    "QuadraticDiscriminantAnalysis",
    "ScoreClassifier",
    "SoftmaxRegression",
    "linear_scores",
]
