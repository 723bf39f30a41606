# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes: given the class, features are independent, so a score is a sum with one term a feature."""

from multinoulli.classifiers.naive_bayes._bernoulli import BernoulliNB
from multinoulli.classifiers.naive_bayes._categorical import CategoricalNB
from multinoulli.classifiers.naive_bayes._complement import ComplementNB
from multinoulli.classifiers.naive_bayes._gaussian import GaussianNB
from multinoulli.classifiers.naive_bayes._mixed import MixedNB
from multinoulli.classifiers.naive_bayes._multinomial import MultinomialNB

__all__ = ["BernoulliNB", "CategoricalNB", "ComplementNB", "GaussianNB", "MixedNB", "MultinomialNB"]
