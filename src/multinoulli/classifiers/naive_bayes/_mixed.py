# SPDX-License-Identifier: BSD-3-Clause
"""Naive Bayes of numbers and categories together, with missing values left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, check_consistent_length, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from multinoulli._validation.estimators import FitData, check_positive
from multinoulli.classifiers.naive_bayes._columns import Columns, in_order
from multinoulli.classifiers.naive_bayes._moments import Moments, check_variances, column_moments
from multinoulli.classifiers.naive_bayes._naive_bayes import NaiveBayes
from multinoulli.classifiers.naive_bayes._smoothing import check_counts, log_prior, smoothing

Float64 = NDArray[np.float64]


class MixedNB(NaiveBayes):
    r"""Naive Bayes classifier for tables of numbers and categories, with or without missing values.

    Numbers are normally distributed in every class, as in `GaussianNB`, and categories have shares smoothed by `alpha`,
    as in `CategoricalNB`. The score of a row is the sum of the log-probability of the class and those of its values;
    a missing value adds nothing to any class's score, nor to what `fit` learns. X is a data frame (pandas, polars,
    ...), an array of numbers or objects, or lists of rows; NaN, None and pandas' NA are missing.

    Parameters
    ----------
    categorical_features : "auto", array-like or None, default="auto"
        Columns that hold categories: indices, names of a data frame, or a mask. ``"auto"``: those of a data frame with
        a type of strings, categories or booleans, and those of objects that are not all numbers. None: none.
    alpha : float or array-like of shape (n_features,), default=1.0
        What is added to the weight of every category in every class, one for all columns or one each (those of numeric
        columns mean nothing); 0 only where every class has every category. A category that was not seen by `fit` is
        scored as one of weight 0, :math:`\alpha / (n + \alpha C)` with the weight n of the class's rows with a value
        and C categories; with ``alpha=0`` as if it were missing.
    var_smoothing : float, default=1e-9
        The share of the largest variance of a column that is added to all variances. With 0 a column that is constant
        in a class is an error.
    fit_prior : bool, default=True
        Whether the probabilities of the classes are their shares of the weights; else they are all the same.
    class_prior : array-like of shape (n_classes,) or None, default=None
        Their probabilities, in the order of ``classes_``, in place of those.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. An absent class has the probability 0, whatever its
        prior: nothing is known of its values.

    Attributes
    ----------
    numeric_features_, categorical_features_ : ndarray of int
        Indices of the columns of each kind; `fit` or the first `partial_fit` decides.
    theta_, var_ : ndarray of shape (n_classes, n_numeric)
        Means and variances (by weight, not weight - 1; smoothed) of the numeric columns. A class without any value in a
        column has those of all classes. nan in absent classes, and in columns without any value, which say nothing.
    epsilon_ : float
        What was added to the variances.
    categories_ : list of n_categorical lists
        The categories of each categorical column, sorted; those that come with a later batch after those before.
    category_count_ : list of n_categorical ndarrays of shape (n_classes, n_categories of the column)
        Weights of the rows of each class that have the category.
    category_log_prob_ : list of n_categorical ndarrays of shape (n_classes, n_categories of the column)
        Log-probabilities of the categories in each class.
    class_count_, class_log_prior_ : ndarray of shape (n_classes,)
        Weights and log-probabilities of the classes.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    n_features_in_ : int
        Columns seen in `fit` or the first `partial_fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Notes
    -----
    R's ``e1071::naiveBayes`` has the same model, but for the variances' divisor, which there is the number of values
    minus one, and for probabilities of 0, which there are put in place by a threshold. With a new category in a batch
    all shares of its column change, as one more category is smoothed.

    Examples
    --------
    >>> X = [["red", 1.0], ["red", 2.0], ["blue", None], ["blue", 6.0], [None, 5.0]]
    >>> model = MixedNB().fit(X, ["apple", "apple", "plum", "plum", "plum"])
    >>> model.categories_, model.theta_.round(2).tolist()
    ([['blue', 'red']], [[1.5], [5.5]])
    >>> model.predict_proba([["red", None], ["green", 5.4]]).round(3)
    array([[0.667, 0.333],
           [0.   , 1.   ]])
    """

    _moments: Moments
    _theta_low: Float64  # what rounding theta_ lost
    numeric_features_: NDArray[np.intp]
    categorical_features_: NDArray[np.intp]
    categories_: list[list[Any]]
    category_count_: list[Float64]
    category_log_prob_: list[Float64]

    def __init__(
        self,
        *,
        categorical_features: str | ArrayLike | None = "auto",
        alpha: float | ArrayLike = 1.0,
        var_smoothing: float = 1e-9,
        fit_prior: bool = True,
        class_prior: ArrayLike | None = None,
        classes: ArrayLike | None = None,
    ) -> None:
        self.categorical_features = categorical_features
        self.alpha = alpha
        self.var_smoothing = var_smoothing
        self.fit_prior = fit_prior
        self.class_prior = class_prior
        self.classes = classes

    def scores(self, X: Any) -> Float64:
        """Scores of shape (n_samples, n_classes): log-densities of class and row together, missing values left out."""
        check_is_fitted(self)
        self._refuse_sparse(X)
        columns = Columns.of(X)
        validate_data(self, X, skip_check_array=True, reset=False)
        check_variances(self.var_, self.class_count_, self.classes_, self.var_smoothing, self.numeric_features_)
        present = (self.class_count_ > 0) & (self.class_log_prior_ > -np.inf)
        scores = np.tile(self.class_log_prior_[present], (len(columns), 1))
        for at, j in enumerate(self.numeric_features_.tolist()):
            mean, low, variance = (of[present, at] for of in (self.theta_, self._theta_low, self.var_))
            values = columns.numbers(j)[:, None]
            if np.isfinite(mean).all():  # else the column had no value at all
                standard = np.clip((values - mean - low) / np.sqrt(variance), -1e150, 1e150)  # a square is no infinity
                scores -= np.nan_to_num((np.log(2 * np.pi * variance) + standard**2) / 2, copy=False, nan=0.0)
        for at, j in enumerate(self.categorical_features_.tolist()):
            scores += self._table(at)[:, present][_codes(columns.values(j), self.categories_[at], j)]
        every = np.full((len(columns), len(self.classes_)), -np.inf)
        every[:, present] = scores
        return every

    def _table(self, at: int) -> Float64:
        """A row of log-probabilities a category, and at the end those of a category unseen, and of one missing."""
        log_prob, counts = self.category_log_prob_[at], self.category_count_[at]
        alpha = float(smoothing(self.alpha, self.n_features_in_)[self.categorical_features_[at]])
        total = counts.sum(axis=1) + alpha * counts.shape[1]
        unseen = np.log(alpha) - np.log(total) if alpha else np.zeros(len(total))
        return np.vstack([log_prob.T, unseen, np.zeros(len(total))])

    def _learn(self, data: FitData, *, afresh: bool) -> None:
        alpha = smoothing(self.alpha, self.n_features_in_)
        check_positive("var_smoothing", self.var_smoothing, zero=True)
        columns: Any = data.X
        names = getattr(self, "feature_names_in_", None)
        if afresh:
            chosen = columns.categorical(self.categorical_features, names)
            numeric, categorical = np.flatnonzero(~chosen), np.flatnonzero(chosen)
        else:
            numeric, categorical = self.numeric_features_, self.categorical_features_
        class_count = self._class_count(data, afresh=afresh)
        prior = log_prior(class_count, self.class_prior, fitted=self.fit_prior, name="class_prior")
        moments = column_moments([columns.numbers(j) for j in numeric.tolist()], data)
        if not afresh:
            moments = self._moments.with_more(moments)
        epsilon = float(self.var_smoothing * moments.of_all()[1].max(initial=0.0))
        theta, low, variance = moments.filled(class_count, epsilon)
        if afresh:
            check_variances(variance, class_count, data.classes, self.var_smoothing, numeric)
        known: list[list[Any]] = [[] for _ in categorical] if afresh else self.categories_
        before = None if afresh else self.category_count_
        categories, counts = self._counted(data, categorical, known, before)
        log_probs = [
            self._shares(count, float(alpha[j]), class_count, data.classes, j)
            for j, count in zip(categorical.tolist(), counts, strict=True)
        ]
        self.numeric_features_, self.categorical_features_ = numeric, categorical
        self.classes_, self.class_count_, self.class_log_prior_ = data.classes, class_count, prior
        self._moments, self.epsilon_, self.theta_, self._theta_low, self.var_ = moments, epsilon, theta, low, variance
        self.categories_, self.category_count_, self.category_log_prob_ = categories, counts, log_probs

    def _counted(
        self, data: FitData, categorical: NDArray[np.intp], known: list[list[Any]], before: list[Float64] | None
    ) -> tuple[list[list[Any]], list[Float64]]:
        """The categories and their counts, of these rows and those before."""
        columns: Any = data.X
        n_classes = len(data.classes)
        categories, counts = [], []
        for at, j in enumerate(categorical.tolist()):
            values = columns.values(j)
            seen = in_order([value for value in values if value is not None], j)
            those = [*known[at], *(value for value in seen if value not in set(known[at]))]
            codes, shape = _codes(values, those, j), (n_classes, len(those))
            there = codes >= 0
            flat = np.bincount(data.labels[there] * shape[1] + codes[there], data.weight[there], shape[0] * shape[1])
            count = np.asarray(flat, np.float64).reshape(shape)
            if before is not None:
                count[:, : before[at].shape[1]] += before[at]
            categories.append(those)
            counts.append(count)
        return categories, counts

    @staticmethod
    def _shares(count: Float64, alpha: float, class_count: Float64, classes: NDArray[Any], j: int) -> Float64:
        smoothed = count + alpha
        if alpha == 0:
            check_counts(smoothed, class_count > 0, classes, f"category number {{}} of column {j}")
            smoothed[class_count == 0] = 1.0
        shares: Float64 = np.log(smoothed) - np.log(smoothed.sum(axis=1, keepdims=True))
        return shares

    def _checked(self, X: Any, y: ArrayLike, *, reset: bool) -> tuple[Columns, NDArray[Any]]:
        self._refuse_sparse(X)
        columns = Columns.of(X)
        validate_data(self, X, y, skip_check_array=True, reset=reset)
        given = column_or_1d(y, warn=True)
        assert_all_finite(given, input_name="y")
        check_consistent_length(columns, given)
        check_classification_targets(given)
        return columns, np.asarray(given)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        return tags


def _codes(values: Sequence[Any], categories: list[Any], j: int) -> NDArray[np.intp]:
    """Where each value stands among the categories; -1 where it is missing, -2 where it is none of them."""
    index: dict[Any, int] = {category: code for code, category in enumerate(categories)}
    index[None] = -1
    try:
        return np.fromiter((index.get(value, -2) for value in values), np.intp, len(values))
    except TypeError as error:
        raise TypeError(f"X has a value in column {j} that is no string and no number: {error}") from None
