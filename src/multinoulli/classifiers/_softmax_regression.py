# SPDX-License-Identifier: BSD-3-Clause
"""Softmax regression, solved to a proved optimum."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import ThreadpoolController

from multinoulli._validation.estimators import check_positive, number_of_threads, validate_fit, validate_predict
from multinoulli.classifiers._linear_scores import linear_scores
from multinoulli.functions import log_softmax, softmax
from multinoulli.objectives import LinearCrossEntropy
from multinoulli.solvers import Certificate, Progress, minimise

WAY_OUT = {
    "max_iter": "raise max_iter, raise tol, or lower C (a stronger penalty is easier to solve)",
    "stalled": "rounding allows no smaller gap on these data: raise tol, lower C, or scale the columns of X",
}


class SoftmaxRegression(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    r"""Linear classifier with softmax probabilities, fitted to a certified optimum.

    Scores are ``X @ coef_.T + intercept_`` and probabilities ``softmax(scores)``, for two classes as for many. The
    fit minimises

    .. math::

        \frac{1}{\sum_i w_i} \sum_i w_i \, [\operatorname{logsumexp}(z_i) - z_{i, y_i}]
        + \frac{1}{2 C \sum_i w_i} \lVert coef \rVert^2

    and stops when the duality gap *proves* that no solution is better by more than ``tol``. For three classes or more
    and the same ``C`` the solution is that of scikit-learn's `LogisticRegression`; for two, where scikit-learn has
    one score and this model two with a penalty on each, it is that of `LogisticRegression` with ``2 * C``.

    Parameters
    ----------
    C : float, default=1.0
        Inverse strength of the penalty. Finite: without a penalty there is no bound to prove.
    fit_intercept : bool, default=True
        Whether the scores have an intercept. It is not penalised.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with the sample weights. ``"balanced"`` gives all classes the same total
        weight.
    tol : float, default=1e-6
        Relative duality gap, ``(primal - dual) / primal``, at which a fit is converged.
    max_iter : int, default=1000
        Iterations after which to stop unconverged, with a warning.
    warm_start : bool, default=False
        Begin at the last solution, if it has the same classes and features.
    random_state : int, RandomState or None, default=None
        Draws the rows from which curvature is estimated when there are more than needed. It changes the way to the
        optimum, so the last digits of the solution.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.
    verbose : int, default=0
        1 prints every tenth iteration, 2 every one.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        Their sum over classes is 0.
    intercept_ : ndarray of shape (n_classes,)
        Its sum is 0.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted. A class whose samples all have weight 0 is not among them.
    certificate_ : multinoulli.solvers.Certificate
        How far the solution is from the optimum at most, proved at the returned coefficients.
    n_iter_ : int
        Iterations.
    n_features_in_ : int
        Features seen in `fit`.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, if X had names that are all strings.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> model = SoftmaxRegression().fit(X, y)
    >>> model.certificate_.status
    'converged'
    >>> model.certificate_.relative_gap <= 1e-6
    True
    >>> model.predict_proba(X[:1]).round(3)
    array([[0.982, 0.018, 0.   ]])
    """

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        tol: float = 1e-6,
        max_iter: int = 1000,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.tol = tol
        self.max_iter = max_iter
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.verbose = verbose

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> SoftmaxRegression:
        """Fit the model.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            float32 and float64, dense (C order) and CSR, are used as they are; other input is converted.
        y : array-like of shape (n_samples,)
            Class labels: strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weight 0 is as if the row were absent, an integer weight as if it were repeated.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, or the data are not finite or have fewer than two classes.
        """
        check_positive("C", self.C)
        check_positive("tol", self.tol)
        check_positive("max_iter", self.max_iter, integer=True, zero=True)
        data = validate_fit(self, X, y, sample_weight, self.class_weight)
        n_threads = number_of_threads(self.n_jobs)
        with _blas().limit(limits=1):  # BLAS threads would add in another order: the objective has its own
            objective = LinearCrossEntropy(
                data.X,
                data.labels,
                data.weight,
                n_classes=len(data.classes),
                l2=1 / (self.C * data.weight.sum()),
                fit_intercept=self.fit_intercept,
                n_threads=n_threads,
                rng=np.random.default_rng(check_random_state(self.random_state).randint(2**31 - 1)),
            )
            start = self._start(objective, data.classes) if self.warm_start else None
            result = minimise(objective, start, tol=self.tol, max_iter=self.max_iter, callback=self._callback())
        self.classes_ = data.classes
        self.coef_, self.intercept_ = objective.unpack(result.theta)
        self.certificate_: Certificate = result.certificate
        self.n_iter_ = result.n_iter
        if result.status != "converged":
            warnings.warn(
                f"SoftmaxRegression stopped ({result.status}) after {result.n_iter} iterations: the relative gap is "
                f"proved to be at most {result.certificate.relative_gap:.1e}, tol is {self.tol:.1e}; "
                f"{WAY_OUT[result.status]}",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def scores(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n_samples, n_classes): log-probabilities up to a constant a row."""
        check_is_fitted(self)
        return linear_scores(validate_predict(self, X), self.coef_, self.intercept_)

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Scores as scikit-learn wants them: for two classes, how far the second is above the first, (n_samples,)."""
        scores = self.scores(X)
        return scores[:, 1] - scores[:, 0] if len(self.classes_) == 2 else scores

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Probabilities of shape (n_samples, n_classes), columns in the order of ``classes_``."""
        proba: NDArray[np.float64] = softmax(self.scores(X))
        return proba

    def predict_log_proba(self, X: Any) -> NDArray[np.float64]:
        """Log-probabilities of shape (n_samples, n_classes): exact where the probability rounds to 0 or 1."""
        log_proba: NDArray[np.float64] = log_softmax(self.scores(X))
        return log_proba

    def predict(self, X: Any) -> NDArray[Any]:
        """The most probable class of every row, (n_samples,); of equal ones the first."""
        best = np.argmax(self.scores(X), axis=1)
        labels: NDArray[Any] = self.classes_[best]
        return labels

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _start(self, objective: LinearCrossEntropy, classes: NDArray[Any]) -> NDArray[np.float64] | None:
        last = getattr(self, "coef_", None)
        if last is None or last.shape[1] != self.n_features_in_ or not np.array_equal(self.classes_, classes):
            return None
        return objective.pack(last, self.intercept_)

    def _callback(self) -> Callable[[Progress], None] | None:
        if not self.verbose:
            return None
        every = 10 if self.verbose == 1 else 1

        def show(progress: Progress) -> None:
            if progress.n_iter % every == 0:
                print(
                    f"[SoftmaxRegression] iteration {progress.n_iter}: {progress.n_passes:.1f} passes, objective "
                    f"{progress.value:.8g}, relative gap about {progress.relative_gap:.1e}, tol {progress.tol:.1e}"
                )

        return show


@cache
def _blas() -> ThreadpoolController:
    """The libraries with threads that are loaded; looked up once, because that takes a millisecond."""
    return ThreadpoolController()
