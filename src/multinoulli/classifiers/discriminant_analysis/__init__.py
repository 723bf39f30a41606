# SPDX-License-Identifier: BSD-3-Clause
"""Classes as normal distributions: scores are their log-densities plus the log of the prior."""

from multinoulli.classifiers.discriminant_analysis._linear import LinearDiscriminantAnalysis
from multinoulli.classifiers.discriminant_analysis._quadratic import QuadraticDiscriminantAnalysis

__all__ = ["LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis"]
