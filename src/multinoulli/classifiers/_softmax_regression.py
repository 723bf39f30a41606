# SPDX-License-Identifier: BSD-3-Clause
"""Softmax regression, solved to a proved optimum."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import check_random_state

from multinoulli._threads import single_threaded_blas
from multinoulli._validation.estimators import (
    FitData,
    check_positive,
    declared_classes,
    features_kept_on_error,
    number_of_threads,
    validate_batch,
    validate_fit,
)
from multinoulli.classifiers._base import LinearClassifier
from multinoulli.classifiers._progress import show_progress
from multinoulli.objectives import AnchoredCrossEntropy, LinearCrossEntropy, Posterior, Separation
from multinoulli.solvers import Certificate, CurvaturePairs, Objective, Progress, Result, minimise

WAY_OUT = {
    "max_iter": "raise max_iter, raise tol, or lower C (a stronger penalty is easier to solve)",
    "time_limit": "raise time_limit, raise tol, or lower C (a stronger penalty is easier to solve)",
    "stalled": "rounding allows no smaller gap on these data: raise tol, lower C, or scale the columns of X",
}


class SoftmaxRegression(LinearClassifier):
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
        Inverse strength of the penalty. Infinite for maximum likelihood without one: `tol` is then compared with an
        estimate, half the squared Newton decrement over the objective, as no bound can be proved; and where classes can
        be told apart without error there is no maximum, which is found out and said.
    fit_intercept : bool, default=True
        Whether the scores have an intercept. It is not penalised.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with the sample weights; 0 is as if the class were absent. ``"balanced"``
        gives all classes the same total weight.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``. With an intercept an absent class gets the
        probability 0 that maximum likelihood gives it: its coefficients are 0, its intercept is -inf.
    tol : float, default=1e-6
        Relative duality gap, ``(primal - dual) / primal``, at which a fit is converged.
    max_iter : int, default=500
        Iterations of Newton's method after which to stop unconverged, with a warning.
    time_limit : float or None, default=None
        Seconds after which to stop unconverged, with a warning, once an iteration is done.
    warm_start : bool, default=False
        Begin at the last solution, if it has the same classes and features, with what was learnt of the curvature: of
        use for the same data with another ``C``, or a little more data.
    random_state : int, RandomState or None, default=None
        Draws the rows from which curvature is estimated when there are more than needed. It changes the way to the
        optimum, so the last digits of the solution.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use (``OMP_NUM_THREADS``, threadpoolctl, or the processors at hand);
        -1: all processors. Their number does not change a bit of the result.
    callback : callable or None, default=None
        Called with a `multinoulli.solvers.Progress` after every iteration; what it raises ends the fit and leaves the
        estimator as it was.
    verbose : int, default=0
        1 shows a progress bar with the gap falling, on standard error; 2 prints a line an iteration: what is done, and
        why.

    Attributes
    ----------
    coef_ : ndarray of shape (n_classes, n_features)
        Their sum over classes is 0.
    intercept_ : ndarray of shape (n_classes,)
        Its sum is 0.
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted: ``classes`` if given. Else a class whose samples all have weight 0 is not among them.
    certificate_ : multinoulli.solvers.Certificate
        How far the solution is from the optimum at most, proved at the returned coefficients. Not there after
        `partial_fit`, which proves nothing.
    n_iter_ : int
        Iterations, of the last call of `fit` or `partial_fit`.
    n_samples_seen_ : int
        Rows with a positive weight in the stream so far; only after `partial_fit`.
    n_features_in_ : int
        Features seen in `fit` or the first `partial_fit`.
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

    _posterior: Posterior | None
    _pairs: CurvaturePairs | None

    def __init__(
        self,
        C: float = 1.0,
        *,
        fit_intercept: bool = True,
        class_weight: Mapping[Any, float] | str | None = None,
        classes: ArrayLike | None = None,
        tol: float = 1e-6,
        max_iter: int = 500,
        time_limit: float | None = None,
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        callback: Callable[[Progress], object] | None = None,
        verbose: int = 0,
    ) -> None:
        self.C = C
        self.fit_intercept = fit_intercept
        self.class_weight = class_weight
        self.classes = classes
        self.tol = tol
        self.max_iter = max_iter
        self.time_limit = time_limit
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
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
            If a parameter is out of range, the data are not finite or have fewer than two classes, or a label is not
            among `classes`.
        """
        self._check_parameters()
        with (
            features_kept_on_error(self),
            single_threaded_blas(),  # its threads would add in another order: the objective has its own
        ):
            data = validate_fit(self, X, y, sample_weight, self.class_weight, self.classes)
            # Without an intercept, an absent class still takes its share of what is predicted.
            present = np.unique(data.labels) if self.fit_intercept else np.arange(len(data.classes))
            objective = self._objective(data, present)
            start, pairs = self._start(objective, data.classes, present)
            result = self._minimise(objective, start, pairs)
        coef, intercept = np.zeros((len(data.classes), data.X.shape[1])), np.full(len(data.classes), -np.inf)
        coef[present], intercept[present] = objective.unpack(result.theta)
        self._keep(data.classes, coef, intercept, result.n_iter)
        self.certificate_: Certificate = result.certificate
        if self.warm_start:
            self._pairs = pairs
        if result.status != "converged":
            self._warn(result, objective.separation)
        return self

    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> SoftmaxRegression:
        """Learn from the next batch of a stream, which need not be kept.

        Every batch moves the estimate to the minimum of the batch's loss and of a quadratic about the last estimate,
        which stands for all rows before: its curvature is the penalty's and the sum of what batches had where they led
        to. So there is no rate to choose, scales of columns matter no more than in `fit`, and one pass over the data
        comes close to what `fit` finds on all of them; larger batches come closer. A single batch of all is what `fit`
        solves, to about `tol` by an estimate.

        Curvature is kept as a whole matrix up to 1,000 parameters; beyond, as one of classes and one of features, the
        diagonal of it above 2,047 features. A batch is copied in float64, and made dense up to so many features.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Class labels; some classes may be absent.
        classes : array-like, optional
            All labels that the stream may hold: needed at the first call, unless the parameter `classes` has them, and
            the same afterwards if given. A class of which no row came yet is next to impossible, not more.
        sample_weight : array-like of shape (n_samples,), optional
            As in `fit`.

        Returns
        -------
        SoftmaxRegression
            The estimator itself.

        Raises
        ------
        ValueError
            If `fit` would, but for classes that are absent; if `classes` is missing or changes, `class_weight` is
            "balanced", or `C` infinite.

        Notes
        -----
        Nothing is proved of a stream: there is no ``certificate_`` after this. ``n_iter_`` counts the iterations of the
        last call. `C` is read at the first call. `fit` forgets the stream, but with `warm_start` begins at what it led
        to; and a call after `fit` begins a new stream, which may have the classes of that fit.

        Source: Laplace's approximation, batch by batch (Spiegelhalter & Lauritzen, Networks 20, 1990), with Kronecker
        factors where it is large (Ritter, Botev & Barber, NeurIPS 2018).

        Examples
        --------
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> model = SoftmaxRegression()
        >>> for first in range(3):  # batches of every third row
        ...     model = model.partial_fit(X[first::3], y[first::3], classes=[0, 1, 2])
        >>> model.score(X, y) > 0.95
        True
        """
        self._check_parameters()
        if np.isinf(self.C):
            raise ValueError("C must be finite for partial_fit: few rows can be told apart, which leaves no maximum")
        posterior: Posterior | None = getattr(self, "_posterior", None)
        declared = declared_classes(self, classes, first=posterior is None)
        data = validate_batch(self, X, y, sample_weight, self.class_weight, declared, first=posterior is None)
        result: Result | None = None
        with single_threaded_blas():
            if posterior is None:
                posterior = Posterior.prior(
                    data.X, data.weight, len(declared), float(1 / self.C), fit_intercept=self.fit_intercept
                )
            if len(data.labels):
                batch = AnchoredCrossEntropy(
                    posterior, data.X, data.labels, data.weight, number_of_threads(self.n_jobs)
                )
                result = self._minimise(batch, batch.start(), CurvaturePairs(0))
                batch.learn(result.theta)
        self._keep(declared, *posterior.unpack(), 0 if result is None else result.n_iter)
        self._posterior, self.n_samples_seen_ = posterior, posterior.n_samples
        if result is not None and result.status != "converged":
            self._warn(result, None, proved=False)
        return self

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_parameters(self) -> None:
        check_positive("C", self.C, infinite=True)
        check_positive("tol", self.tol)
        check_positive("max_iter", self.max_iter, integer=True, zero=True)
        if self.time_limit is not None:
            check_positive("time_limit", self.time_limit, infinite=True)

    def _objective(self, data: FitData, present: NDArray[np.intp]) -> LinearCrossEntropy:
        seed = self.random_state
        if not isinstance(seed, Integral):  # a RandomState of one seed takes longer to make than many a fit of few rows
            seed = check_random_state(seed).randint(2**31 - 1)
        return LinearCrossEntropy(
            data.X,
            np.searchsorted(present, data.labels),
            data.weight,
            n_classes=len(present),
            l2=float(1 / (self.C * data.weight.sum())),
            fit_intercept=self.fit_intercept,
            n_threads=number_of_threads(self.n_jobs),
            rng=np.random.default_rng(seed),
        )

    def _minimise(
        self, objective: Objective[Any, Any, Any], start: NDArray[np.float64] | None, pairs: CurvaturePairs
    ) -> Result:
        with show_progress(self.verbose, self.callback) as callback:
            return minimise(
                objective,
                start,
                tol=self.tol,
                max_iter=self.max_iter,
                time_limit=np.inf if self.time_limit is None else self.time_limit,
                callback=callback,
                pairs=pairs,
            )

    def _keep(
        self, classes: NDArray[Any], coef: NDArray[np.float64], intercept: NDArray[np.float64], n_iter: int
    ) -> None:
        self.classes_, self.intercept_, self.n_iter_ = classes, intercept, n_iter
        self.coef_ = np.asfortranarray(coef)  # as scores are computed from it
        self._posterior = self._pairs = None
        for name in ("certificate_", "n_samples_seen_"):  # each is of one way to fit
            self.__dict__.pop(name, None)

    def _start(
        self, objective: LinearCrossEntropy, classes: NDArray[Any], present: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64] | None, CurvaturePairs]:
        last = getattr(self, "coef_", None) if self.warm_start else None
        fits = last is not None and last.shape[1] == self.n_features_in_ and np.array_equal(self.classes_, classes)
        if last is None or not fits or not np.isfinite(self.intercept_[present]).all():
            return None, CurvaturePairs(objective.size.n_pairs)
        pairs = self._pairs if self._pairs is not None and self._pairs.size in (0, objective.start().size) else None
        return (
            objective.pack(last[present], self.intercept_[present]),
            pairs or CurvaturePairs(objective.size.n_pairs),
        )

    def _warn(self, result: Result, separation: Separation | None, *, proved: bool = True) -> None:
        certificate = result.certificate
        if separation is not None:
            names = getattr(self, "feature_names_in_", None)
            message = separation.describe(self.classes_[np.isfinite(self.intercept_)], names)
        else:
            known = "is proved to be at most" if proved else "seems to be about"
            known = f"the relative gap {known} {certificate.relative_gap:.1e}"
            if np.isinf(certificate.relative_gap):
                known = f"the relative gap seems to be about {certificate.decrement / certificate.primal:.1e}"
            message = f"{known}, tol is {self.tol:.1e}; {WAY_OUT[result.status]}"
        warnings.warn(
            f"SoftmaxRegression stopped ({result.status}) after {result.n_iter} iterations: {message}",
            ConvergenceWarning,
            stacklevel=3,
        )
