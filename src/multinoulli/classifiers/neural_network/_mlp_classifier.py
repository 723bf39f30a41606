# SPDX-License-Identifier: BSD-3-Clause
"""A network of dense layers with softmax probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from multinoulli._validation.estimators import (
    check_finite,
    declared_classes,
    features_kept_on_error,
    number_of_threads,
    validate_batch,
    validate_fit,
    validate_predict,
)
from multinoulli.classifiers._base import ScoreClassifier
from multinoulli.classifiers.neural_network._epochs import Callback
from multinoulli.classifiers.neural_network._fit import Memory, fit_network
from multinoulli.classifiers.neural_network._network import Floats
from multinoulli.classifiers.neural_network._parameters import check_parameters
from multinoulli.classifiers.neural_network._predictions import network_scores


class MLPClassifier(ScoreClassifier):
    r"""Neural network of dense layers, trained by cross-entropy.

    Scores are what the last layer gives, probabilities ``softmax(scores)``, for two classes as for many. A hidden layer
    is ``h = activation(h_before @ coef + intercept)``. The objective is

    .. math::

        \frac{1}{\sum_i w_i} \sum_i w_i \, \ell_i + \frac{\alpha}{2 \sum_i w_i} \sum_l \lVert coef_l \rVert^2

    with the cross-entropies :math:`\ell_i`, sums over the rows of a batch, and in the denominators what the rows of a
    batch weigh on average. So without hidden layers, with L-BFGS and ``alpha = 1 / C`` it is that of
    `SoftmaxRegression`. Networks see columns as they are: standardise them first.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(100,)
        Units of every hidden layer; empty for none.
    activation : {"relu", "tanh", "gelu", "logistic", "identity"}, default="relu"
        Of the hidden layers. "gelu" is ``h * Phi(h)`` with the normal distribution function, not an approximation.
    solver : {"adam", "sgd", "lbfgs"}, default="adam"
        "lbfgs" is for small data: every iteration reads all rows, and computes in float64 whatever `dtype` is.
    alpha : float, default=1e-4
        Strength of the L2 penalty of the weights, part of the loss and of its gradient. As in scikit-learn it is
        divided by what a batch weighs, not all rows: more batches penalise more.
    weight_decay : float, default=0.0
        AdamW's: every step multiplies weights by ``1 - rate * weight_decay``, apart from the gradient, which Adam
        would scale. For plain SGD it is the same as ``alpha = weight_decay * batch_size``; use one of the two.
    batch_size : int or "auto", default="auto"
        Rows of a step; "auto" means at most 200. The last batch of an epoch has what is left.
    learning_rate : {"constant", "cosine"}, default="constant"
        "cosine" falls from `learning_rate_init` to 0 at the end of `max_iter` epochs.
    learning_rate_init : float, default=1e-3
    momentum : float, default=0.9
        Of SGD, from 0 to 1.
    nesterovs_momentum : bool, default=True
    beta_1, beta_2, epsilon : float, default=0.9, 0.999, 1e-8
        Of Adam.
    max_iter : int, default=200
        Epochs, or iterations of L-BFGS, at most.
    max_fun : int, default=15000
        Evaluations of the loss at most, with L-BFGS.
    shuffle : bool, default=True
        Whether every epoch has its rows in another order.
    tol : float, default=1e-4
        A fit has converged when the loss has not fallen by as much below its minimum for `n_iter_no_change` epochs;
        with L-BFGS, when no part of the gradient is larger.
    n_iter_no_change : int or inf, default=10
    early_stopping : bool, default=False
        Whether rows are held out, whose log loss then is the loss that stops the fit; the weights of its minimum are
        kept.
    validation_fraction : float, default=0.1
        The share of the rows, of every class, that is held out.
    dropout : float, default=0.0
        Probability with which an activation of a hidden layer is 0 in a step; the others are divided by what is left
        of 1.
    label_smoothing : float, default=0.0
        Share of a label's probability that is spread evenly over all classes.
    class_weight : dict, "balanced" or None, default=None
        Weights of the classes, multiplied with the sample weights.
    classes : array-like or None, default=None
        All labels there are, where some may be absent from ``y``: those get the probability 0.
    dtype : {"float32", "float64"}, default="float32"
        Of the weights, and what steps are computed in, whatever X is.
    warm_start : bool, default=False
        Whether `fit` goes on from the last weights and what steps remember, which must be of the same classes and
        layers.
    random_state : int, RandomState or None, default=None
        Of the first weights, the order of rows, dropout and the rows held out. One seed gives the same bits on one
        machine.
    n_jobs : int or None, default=None
        Threads. None: as many as the functions use; -1: all processors. Their number does not change a bit of the
        result.
    callback : callable or None, default=None
        Called with an `Epoch` after every epoch; what it raises ends the fit and leaves the estimator's weights as they
        were.
    verbose : int, default=0
        1 shows a progress bar with the losses, on standard error; 2 prints a line an epoch.

    Attributes
    ----------
    coefs_ : list of ndarray, of shapes (n_inputs, n_outputs)
        The weights of every layer.
    intercepts_ : list of ndarray, of shapes (n_outputs,)
        An absent class has -inf.
    classes_ : ndarray of shape (n_classes,)
    loss_curve_ : list of float
        After every epoch the mean loss of its batches as they were met, and the penalty; after every iteration of
        L-BFGS the objective.
    loss_ : float
        The last of these.
    validation_curve_ : list of float or None
        Log loss, in nats, of the rows held out, after every epoch.
    best_loss_ : float
        The smallest of the losses that stop the fit.
    n_iter_ : int
        Epochs, or iterations, of `fit`; and of the calls of `partial_fit` after it.
    t_ : int
        Rows read in them.
    status_ : {"converged", "max_iter", "max_fun", "stalled", "diverged"}
        How the last call ended.
    n_features_in_ : int
    feature_names_in_ : ndarray of shape (n_features,)
        If X had names that are all strings.

    Notes
    -----
    Sample weights of a batch are not divided by its own sum but by the average one: a step follows an unbiased
    estimate of the whole gradient, and batches without heavy rows move less.

    References
    ----------
    .. [1] Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
    .. [2] Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019.
    .. [3] Srivastava et al., "Dropout", JMLR 15, 2014.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> X = (X - X.mean(axis=0)) / X.std(axis=0)
    >>> model = MLPClassifier(16, solver="lbfgs", alpha=1.0, random_state=0).fit(X, y)
    >>> model.score(X, y) > 0.95
    True
    """

    coefs_: list[Floats]
    intercepts_: list[Floats]
    loss_curve_: list[float]
    validation_curve_: list[float] | None
    loss_: float
    best_loss_: float
    n_iter_: int
    t_: int
    status_: str
    _memory: Memory

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 1e-4,
        weight_decay: float = 0.0,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        max_iter: int = 200,
        max_fun: int = 15000,
        shuffle: bool = True,
        tol: float = 1e-4,
        n_iter_no_change: float = 10,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        classes: ArrayLike | None = None,
        dtype: str = "float32",
        warm_start: bool = False,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        callback: Callback | None = None,
        verbose: int = 0,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.max_iter = max_iter
        self.max_fun = max_fun
        self.shuffle = shuffle
        self.tol = tol
        self.n_iter_no_change = n_iter_no_change
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.class_weight = class_weight
        self.classes = classes
        self.dtype = dtype
        self.warm_start = warm_start
        self.random_state = random_state
        self.n_jobs = n_jobs
        self.callback = callback
        self.verbose = verbose

    def fit(self, X: Any, y: ArrayLike, sample_weight: ArrayLike | None = None) -> MLPClassifier:
        """Fit the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            Converted to `dtype` as it is read, never as a whole where it is dense.
        y : array-like of shape (n_samples,)
            Class labels: strings or integers.
        sample_weight : array-like of shape (n_samples,), optional
            Weight 0 is as if the row were absent; in the objective, an integer weight is as if it were repeated.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            If a parameter is out of range, the data are not finite or have fewer than two classes, a label is not
            among `classes`, or a warm start has other classes or layers than the last fit.
        """
        check_parameters(self)
        with features_kept_on_error(self):
            data = validate_fit(self, X, y, sample_weight, self.class_weight, self.classes)
            present = np.unique(data.labels)
            fit_network(self, data, present, onwards=self.warm_start and hasattr(self, "coefs_"), stream=False)
        return self

    def _has_steps(self) -> bool:
        if self.solver == "lbfgs":
            raise AttributeError("partial_fit makes one epoch of steps, which solver='lbfgs' does not take")
        return True

    @available_if(_has_steps)  # type: ignore[untyped-decorator]  # scikit-learn has no types
    def partial_fit(
        self, X: Any, y: ArrayLike, classes: ArrayLike | None = None, sample_weight: ArrayLike | None = None
    ) -> MLPClassifier:
        """Go on for one epoch over these rows, from the last weights if there are any.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)
            Class labels; some classes may be absent.
        classes : array-like, optional
            All labels of the stream: needed at the first call, unless the parameter `classes` has them or `fit` came
            before.
        sample_weight : array-like of shape (n_samples,), optional
            Weights are relative to their mean in this call.

        Returns
        -------
        MLPClassifier
            The estimator itself.

        Raises
        ------
        ValueError
            If `fit` would, but for absent classes; if `classes` is missing or changes, `early_stopping` is set, or
            `learning_rate` is "cosine", whose end a stream does not know.
        """
        check_parameters(self)
        if self.early_stopping:
            raise ValueError("partial_fit does not support early_stopping=True: a stream has no rows to hold out")
        if self.learning_rate == "cosine":
            raise ValueError("partial_fit does not support learning_rate='cosine': a stream does not know its end")
        first = not hasattr(self, "coefs_")
        declared = declared_classes(self, classes, first=first)
        data = validate_batch(self, X, y, sample_weight, self.class_weight, declared, first=first)
        fit_network(self, data, np.arange(len(declared)), onwards=not first, stream=True)
        return self

    def scores(self, X: Any) -> NDArray[np.float64]:
        """Scores of shape (n_samples, n_classes), from weights of `dtype`: log-probabilities up to a constant a row."""
        check_is_fitted(self)
        matrix = validate_predict(self, X)
        if not sparse.issparse(matrix):
            check_finite(matrix)  # an activation may hide that a value is infinite
        layers = list(zip(self.coefs_, self.intercepts_, strict=True))
        return network_scores(layers, self.activation, matrix, number_of_threads(self.n_jobs))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
