# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes by what the other classes' counts say against a class."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from multinoulli.classifiers.naive_bayes._counts import CountNB, Float64, by_features
from multinoulli.classifiers.naive_bayes._smoothing import check_counts


class ComplementNB(CountNB):
    r"""Complement naive Bayes classifier for counts, for classes of very different size.

    Feature j has the weight :math:`w_{kj} = -\log [(m_{kj} + \alpha_j) / \sum_j (m_{kj} + \alpha_j)]`, where
    :math:`m_{kj}` is its sum over the rows of all classes but k, and the score of a row is :math:`\sum_j x_j w_{kj}`,
    ``X @ coef_.T + intercept_``: the less the other classes would have it, the more. Probabilities are the softmax of
    these scores, as in scikit-learn. There are no priors: the method has none. X is dense or sparse, float32 or
    float64, and not negative.

    Parameters
    ----------
    alpha : float or array-like of shape (n_features,), default=1.0
        What is added to every count, one for all features or one each; 0 only where the others of every class have
        every feature.
    norm : bool, default=False
        Whether the weights of a class are divided by their sum, as Rennie et al. do in the end.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.

    Attributes
    ----------
    class_count_ : ndarray of shape (n_classes,)
        Weights of the classes.
    feature_count_ : ndarray of shape (n_classes, n_features)
        Weighted sums of the features over the rows of each class.
    feature_all_ : ndarray of shape (n_features,)
        Their sums over all classes.
    feature_log_prob_ : ndarray of shape (n_classes, n_features)
        The weights; ``coef_`` is the same.
    intercept_ : ndarray of shape (n_classes,)
        0, and -inf for absent classes.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    Source: Rennie, Shih, Teevan & Karger, Tackling the poor assumptions of naive Bayes text classifiers, ICML 2003.

    Examples
    --------
    >>> X = [[3, 0, 1], [2, 0, 2], [0, 4, 1]]
    >>> ComplementNB().fit(X, ["weather", "weather", "sports"]).predict([[1, 0, 2]])
    array(['weather'], dtype='<U7')
    """

    def __init__(
        self,
        *,
        alpha: float | ArrayLike = 1.0,
        norm: bool = False,
        classes: ArrayLike | None = None,
        n_jobs: int | None = None,
    ) -> None:
        self.alpha = alpha
        self.norm = norm
        self.classes = classes
        self.n_jobs = n_jobs

    def _set(self, classes: NDArray[Any], class_count: Float64, counts: Float64, alpha: Float64) -> None:
        present, every, total = class_count > 0, counts.sum(axis=0), np.zeros(len(classes))
        if not alpha.all():
            check_counts(_of_others(counts, every) + alpha, present, classes, "for the other classes feature {}")

        def logs(some: slice) -> Float64:
            smoothed = _of_others(counts[:, some], every[some]) + alpha[some]
            np.add(total, smoothed.sum(axis=1), out=total)
            return np.log(smoothed)

        weights = by_features(logs, *counts.shape)
        np.subtract(np.log(total)[:, None], weights, out=weights)
        if self.norm:
            weights /= weights.sum(axis=1, keepdims=True)
        self.classes_, self.class_count_, self.feature_count_, self.feature_all_ = classes, class_count, counts, every
        self.intercept_ = np.where(present, 0.0, -np.inf)
        self.feature_log_prob_ = self.coef_ = weights


def _of_others(counts: Float64, every: Float64) -> Float64:
    """The sums of all other classes; exactly 0 where no other has a feature, as sums in two orders may not be equal."""
    others = every - counts
    alone = (counts > 0).sum(axis=0) == 1
    others[:, alone] = np.where(counts[:, alone] > 0, 0.0, every[alone])
    return others
