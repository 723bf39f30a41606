# SPDX-License-Identifier: BSD-3-Clause
"""Neural networks of dense layers with softmax probabilities."""

from multinoulli.classifiers.neural_network._epochs import Epoch
from multinoulli.classifiers.neural_network._mlp_classifier import MLPClassifier

__all__ = ["Epoch", "MLPClassifier"]
