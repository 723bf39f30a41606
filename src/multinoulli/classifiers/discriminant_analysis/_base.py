# SPDX-License-Identifier: BSD-3-Clause
"""What both discriminant analyses share: moments of a fit or of a stream, and what is learnt of them when asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError

from multinoulli._threads import single_threaded_blas
from multinoulli._validation.estimators import (
    check_positive,
    declared_classes,
    features_kept_on_error,
    number_of_threads,
    validate_batch,
    validate_fit,
)
from multinoulli.classifiers._base import ScoreClassifier
from multinoulli.classifiers.discriminant_analysis._covariance import shrunk
from multinoulli.classifiers.discriminant_analysis._moments import Groups, Moments

Float64 = NDArray[np.float64]

DIVISORS = {"n_samples": 0, "degrees_of_freedom": 1}  # what every class takes off the number of its rows


class DiscriminantAnalysis(ScoreClassifier):
    """Classes as normal distributions, known by their moments."""

    shrinkage: float | str | None
    priors: ArrayLike | Mapping[Any, float] | None
    covariance_divisor: str
    classes: ArrayLike | None
    tol: float
    n_jobs: int | None

    _learnt: ClassVar[tuple[str, ...]]  # the names of what `_learn` returns
    _stream: Moments | None

    @abstractmethod
    def _moments(self, groups: Groups, *, streamed: bool) -> Moments:
        """What is to be known of the rows."""

    @abstractmethod
    def _learn(self, moments: Moments, classes: NDArray[Any]) -> dict[str, Any]:
        """The attributes that follow from the moments."""

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64, dense (C order) and CSR, are used as they are; other input is converted. Sums are in
            float64.
        y : array-like of shape (n_samples,)
            Class labels: strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weight 0 is as if the row were absent, an integer weight as if it were repeated.

        Returns
        -------
        Self
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, the data are not finite or have fewer than two classes, a label is not among
            `classes`, or the rows are too few for a covariance.
        """
        self._check_parameters()
        with (
            features_kept_on_error(self),
            single_threaded_blas(),  # its threads would add in another order
        ):
            data = validate_fit(self, X, y, sample_weight, declared=self.classes)
            groups = Groups(data, number_of_threads(self.n_jobs))
            learnt = self._learn(self._moments(groups, streamed=False), data.classes)
        self._forget()
        self.classes_ = data.classes
        self.__dict__.update(learnt)
        return self

    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> Self:
        """Learn from the next batch of a stream, which need not be kept: the end is what `fit` finds on all rows.

        A call adds the moments of the batch to those before. What follows from them is computed when it is first asked
        for, by a prediction or by name; where the rows so far determine no covariance, that raises NotFittedError.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Class labels; some classes may be absent.
        classes : array-like, optional
            All labels that the stream may hold: needed at the first call, unless the parameter `classes` has them, and
            the same afterwards if given. A class of which no row came yet has the probability 0.
        sample_weight : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        Self
            The estimator itself.

        Raises
        ------
        ValueError
            If `fit` would, but for rows that are too few; if `classes` is missing or changes; if `shrinkage` is
            ``"auto"``, or becomes or ceases to be ``"oas"`` within a stream.

        Notes
        -----
        `fit` forgets the stream, and a call after `fit` begins a new one, which may have the classes of that fit.
        """
        self._check_parameters()
        if self.shrinkage == "auto":
            raise ValueError(
                "shrinkage='auto' needs all rows once more when their means are known, and a stream keeps none: "
                "choose 'oas' or a number, or use fit"
            )
        before = self.__dict__.get("_stream")
        declared = declared_classes(self, classes, first=before is None)
        data = validate_batch(self, X, y, sample_weight, None, declared, first=before is None)
        with single_threaded_blas():
            moments = self._moments(Groups(data, number_of_threads(self.n_jobs)), streamed=True)
        if before is not None:
            if before.scatter.ndim != moments.scatter.ndim:
                raise ValueError(f"shrinkage became {self.shrinkage!r} within a stream: begin a new one with clone")
            moments = before.merged(moments)
        self._forget()
        self.classes_, self._stream, self.n_samples_seen_ = declared, moments, moments.n_samples
        return self

    def __getattr__(self, name: str) -> Any:
        """What was not learnt yet of a stream."""
        stream = self.__dict__.get("_stream")
        if stream is None or name not in self._learnt:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            with single_threaded_blas():
                learnt = self._learn(stream, self.classes_)
        except ValueError as error:
            raise NotFittedError(f"The rows of the stream so far are too few: {error}") from error
        self.__dict__.update(learnt)
        return learnt[name]

    def _shrunk(self, groups: Groups) -> Callable[[int], tuple[Float64, Float64]]:
        """Mean and scatter of a class, shrunk while all rows are at hand."""

        def of_class(k: int) -> tuple[Float64, Float64]:
            mean, scatter = groups.of_class(k)
            fourth_moment = partial(groups.fourth_moment, k, mean)
            return mean, shrunk(scatter, mean, float(groups.mass[k]), self.shrinkage, fourth_moment)

        return of_class

    def _forget(self) -> None:
        for name in (*self._learnt, "_stream", "n_samples_seen_"):
            self.__dict__.pop(name, None)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self) -> None:
        check_positive("tol", self.tol, zero=True)
        if self.covariance_divisor not in DIVISORS:
            raise ValueError(f"covariance_divisor must be one of {list(DIVISORS)}, got {self.covariance_divisor!r}")
        known = self.shrinkage is None or self.shrinkage in ("auto", "oas")
        if not known and not is_share(self.shrinkage):
            raise ValueError(f"shrinkage must be None, 'auto', 'oas' or a number from 0 to 1, got {self.shrinkage!r}")

    def _priors(self, mass: Float64, classes: NDArray[Any]) -> Float64:
        """The probabilities of the classes before X is seen, (n_classes,)."""
        if self.priors is None:
            return np.asarray(mass / mass.sum())
        given = self.priors
        if isinstance(given, Mapping):
            unlike = set(classes.tolist()).symmetric_difference(given)
            if unlike:
                raise ValueError(
                    f"priors must have one value for each of the classes {classes.tolist()}, got {dict(given)}"
                )
            given = [given[label] for label in classes.tolist()]
        priors = np.array(given, dtype=np.float64)
        if priors.shape != classes.shape:
            raise ValueError(f"priors has shape {priors.shape}, expected {classes.shape}: one value a class")
        if not (priors >= 0).all():
            bad = int(np.argmin(priors >= 0))
            raise ValueError(f"priors must be non-negative, got {priors[bad]} for class {classes.tolist()[bad]!r}")
        if not abs(priors.sum() - 1) <= 1e-5:
            raise ValueError(f"priors must sum to 1, got {priors.sum()}: divide them by that")
        if not priors[mass > 0].any():
            raise ValueError(f"priors must be above 0 for a class that has rows, got {priors.tolist()}")
        return priors


def is_share(value: object) -> bool:
    """Whether it is a number from 0 to 1."""
    return isinstance(value, Real) and not isinstance(value, bool) and 0 <= float(value) <= 1


def log_priors(priors: Float64) -> Float64:
    """Their logarithms, -inf for 0."""
    with np.errstate(divide="ignore"):
        return np.log(priors)
