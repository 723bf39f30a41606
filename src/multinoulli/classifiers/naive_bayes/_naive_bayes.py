# SPDX-License-Identifier: BSD-3-Clause
"""What the models share: they learn by adding up, so a batch is added to what was learnt before."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from multinoulli._validation.estimators import (
    FitData,
    declared_classes,
    features_kept_on_error,
    rows_of_batch,
    rows_of_fit,
    validate_pair,
)
from multinoulli.classifiers._base import ScoreClassifier


class NaiveBayes(ScoreClassifier):
    """A classifier whose scores are log-probabilities of class and row together.

    What differs is `_learn`, and `scores`.
    """

    classes: ArrayLike | None
    n_jobs: int | None
    class_count_: NDArray[np.float64]

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            See the class for what it may hold.
        y : array-like of shape (n_samples,)
            Class labels: strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weight 0 is as if the row were absent, an integer weight as if it were repeated.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, X holds what the model has no meaning for, fewer than two classes have
            rows, or a label is not among `classes`.
        """
        with features_kept_on_error(self):
            self._learn(self._rows_of_fit(X, y, sample_weight), afresh=True)
        return self

    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Add a batch to what was learnt before, by `fit` or `partial_fit`: batches lead to what `fit` finds on all.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Class labels; some classes may be absent.
        classes : array-like, optional
            All labels that the stream may hold: needed at the first call, unless the parameter `classes` has them, and
            the same afterwards if given.
        sample_weight : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        object
            The estimator itself.

        Raises
        ------
        ValueError
            If `fit` would, but for classes that are absent; if `classes` is missing or changes; if no row so far
            weighs anything.
        """
        first = not hasattr(self, "class_count_")
        declared = declared_classes(self, classes, first=first)
        data = self._rows_of_batch(X, y, sample_weight, declared, first)
        if len(data.labels):
            self._learn(data, afresh=first)
        elif first:
            raise ValueError(
                "sample_weight is zero for every sample of the first batch: there is nothing to predict by"
            )
        return self

    @abstractmethod
    def _learn(self, data: FitData, *, afresh: bool) -> None:
        """Set what is learnt of these rows, and if not `afresh` of those before; all of it or, where it fails, none."""

    def _rows_of_fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None) -> FitData:
        return rows_of_fit(*self._checked(X, y, reset=True), sample_weight, None, self.classes)

    def _rows_of_batch(
        self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None, declared: NDArray[Any], first: bool
    ) -> FitData:
        return rows_of_batch(*self._checked(X, y, reset=first), sample_weight, None, declared)

    def _checked(self, X: Any, y: ArrayLike, *, reset: bool) -> tuple[Any, NDArray[Any]]:
        """X, or what is to be used of it, and labels, once what can be said of each has been."""
        self._refuse_sparse(X)
        X, given = validate_pair(self, X, y, reset=reset)
        return sparse.csr_array(X) if sparse.issparse(X) else np.asarray(X), given

    def _refuse_sparse(self, X: Any) -> None:
        if sparse.issparse(X) and not self.__sklearn_tags__().input_tags.sparse:
            raise TypeError(
                f"{type(self).__name__} needs dense data, got a sparse {type(X).__name__}: zeros mean as much as "
                "other values here, so give X.toarray()"
            )

    def _class_count(self, data: FitData, *, afresh: bool) -> NDArray[np.float64]:
        """Weights of the classes, (n_classes,), so far."""
        count: NDArray[np.float64] = np.bincount(data.labels, data.weight, len(data.classes)).astype(
            np.float64, copy=False
        )
        return count if afresh else count + self.class_count_
