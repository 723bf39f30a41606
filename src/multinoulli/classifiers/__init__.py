# SPDX-License-Identifier: BSD-3-Clause
"""scikit-learn estimators: plumbing, no mathematics."""

from multinoulli.classifiers._base import LinearClassifier, ScoreClassifier
from multinoulli.classifiers._linear_scores import linear_scores
from multinoulli.classifiers._softmax_regression import SoftmaxRegression
from multinoulli.classifiers.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from multinoulli.classifiers.naive_bayes import (
    BernoulliNB,
    CategoricalNB,
    ComplementNB,
    GaussianNB,
    MixedNB,
    MultinomialNB,
)
from multinoulli.classifiers.neural_network import MLPClassifier

__all__ = [
    "BernoulliNB",
    "CategoricalNB",
    "ComplementNB",
    "GaussianNB",
    "LinearClassifier",
    "LinearDiscriminantAnalysis",
    "MLPClassifier",
    "MixedNB",
    "MultinomialNB",
    "QuadraticDiscriminantAnalysis",
    "ScoreClassifier",
    "SoftmaxRegression",
    "linear_scores",
]
