# SPDX-License-Identifier: BSD-3-Clause
"""Where the data given to an estimator becomes arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from numbers import Integral, Real
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from joblib import effective_n_jobs
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import validate_data

from multinoulli import _core

Matrix: TypeAlias = "NDArray[Any] | sparse.csr_array"


class FitData(NamedTuple):
    """What an estimator fits: rows of weight 0 are gone, as if they had never been there."""

    X: Matrix  # (n_samples, n_features), float32 or float64, C order or canonical CSR
    labels: NDArray[np.int64]  # (n_samples,), codes 0..n_classes-1, at least two of them used
    weight: NDArray[np.float64]  # (n_samples,), positive, sample and class weights multiplied
    classes: NDArray[Any]  # (n_classes,), the user's labels, sorted: those declared, or else those used


def validate_fit(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None = None,
    class_weight: Mapping[Any, float] | str | None = None,
    declared: ArrayLike | None = None,
) -> FitData:
    """Check the data of a fit and record ``n_features_in_`` and ``feature_names_in_`` on the estimator."""
    X, given = validate_pair(estimator, X, y, reset=True)
    data = rows_of_fit(X, given, sample_weight, class_weight, declared)
    return data._replace(X=canonical(data.X))


@contextmanager
def features_kept_on_error(estimator: Any) -> Iterator[None]:
    """Have an estimator know the features that it was fitted on before, if an exception ends what is done within."""
    names = "n_features_in_", "feature_names_in_"
    before = {name: estimator.__dict__[name] for name in names if name in estimator.__dict__}
    try:
        yield
    except BaseException:
        for name in names:
            estimator.__dict__.pop(name, None)
        estimator.__dict__.update(before)
        raise


def rows_of_fit(
    X: Any,
    given: NDArray[Any],
    sample_weight: ArrayLike | None,
    class_weight: Mapping[Any, float] | str | None,
    declared: ArrayLike | None,
) -> FitData:
    """The rows of X that weigh something, their labels and weights; X is whatever a mask can index."""
    weight = np.ones(len(given)) if sample_weight is None else _sample_weight(sample_weight, len(given))
    if not weight.any():
        raise ValueError("sample_weight is zero for every sample: at least two classes need positive weight")
    if declared is not None:
        _check_labels(given, np.unique(np.asarray(declared)))
    X, given, weight = _present(X, given, weight)
    if class_weight is not None:
        weight = weight * _class_weight(class_weight, given, weight)
        X, given, weight = _present(X, given, weight)
    classes, labels = _classes(given)
    if len(classes) < 2:
        raise ValueError(
            f"y has one class, {classes.tolist()[0]!r}, among the samples with positive weight: "
            "a classifier needs at least 2 classes"
        )
    if declared is not None:
        every = np.unique(np.asarray(declared))
        classes, labels = every, np.searchsorted(every, classes)[labels]
    return FitData(X, labels.astype(np.int64), weight, classes)


def validate_batch(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    sample_weight: ArrayLike | None,
    class_weight: Mapping[Any, float] | str | None,
    classes: NDArray[Any],
    *,
    first: bool,
) -> FitData:
    """Check a batch of a stream; the first records ``n_features_in_`` and ``feature_names_in_`` on the estimator.

    Any of the classes may be absent from it, and all rows may weigh nothing.
    """
    if isinstance(class_weight, str):
        raise ValueError(
            f"class_weight={class_weight!r} cannot be had from a stream: give a dict, or weigh samples by sample_weight"
        )
    X, given = validate_pair(estimator, X, y, reset=first)
    data = rows_of_batch(X, given, sample_weight, class_weight, classes)
    return data._replace(X=canonical(data.X))


def rows_of_batch(
    X: Any,
    given: NDArray[Any],
    sample_weight: ArrayLike | None,
    class_weight: Mapping[Any, float] | str | None,
    classes: NDArray[Any],
) -> FitData:
    """The same of a batch: of `classes` some may be absent."""
    _check_labels(given, classes)
    weight = np.ones(len(given)) if sample_weight is None else _sample_weight(sample_weight, len(given))
    labels = np.searchsorted(classes, given)
    if class_weight is not None:
        weight = weight * _class_weight(class_weight, classes, np.ones(len(classes)))[labels]
    X, labels, weight = _present(X, labels, weight)
    return FitData(X, labels.astype(np.int64), weight, classes)


def declared_classes(estimator: Any, classes: ArrayLike | None, *, first: bool) -> NDArray[Any]:
    """The labels of a stream, sorted: given at the first `partial_fit`, or the estimator's parameter or last fit's."""
    if first:
        classes = estimator.classes if classes is None else classes
        classes = getattr(estimator, "classes_", None) if classes is None else classes
        if classes is None:
            raise ValueError("classes must be given at the first call of partial_fit: all labels of the stream")
        declared: NDArray[Any] = np.unique(np.asarray(classes))
        if len(declared) < 2:
            raise ValueError(f"classes must be at least 2 labels, got {declared.tolist()}")
        return declared
    known: NDArray[Any] = estimator.classes_
    if classes is not None and not np.array_equal(np.unique(np.asarray(classes)), known):
        raise ValueError(
            f"classes must be what they were at the first call of partial_fit, {known.tolist()}, got "
            f"{np.unique(np.asarray(classes)).tolist()}: other classes need another model"
        )
    return known


def validate_predict(estimator: Any, X: Any) -> Matrix:
    """Check the data to be predicted against what the estimator was fitted on, but whether a dense X is finite."""
    if _is_plain(X) and _is_known(estimator, X):
        return np.asarray(X)
    X = validate_data(
        estimator,
        X,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        order="C",
        ensure_all_finite=False,
        reset=False,
    )
    if sparse.issparse(X):
        check_finite(X)
    matrix: Matrix = _matrix(X)
    return matrix


def number_of_threads(n_jobs: int | None) -> int:
    """Threads for ``n_jobs``: None means as many as the functions use; otherwise joblib's meaning."""
    return int(_core.get_num_threads() if n_jobs is None else effective_n_jobs(n_jobs))


def check_positive(
    name: str, value: object, *, integer: bool = False, zero: bool = False, infinite: bool = False
) -> None:
    """Raise ValueError unless a hyperparameter is a finite number above 0; `zero` and `infinite` allow these too."""
    kind = Integral if integer else Real
    number = float(value) if isinstance(value, kind) and not isinstance(value, bool) else np.nan
    if not (np.isfinite(number) or (infinite and number == np.inf)) or number < 0 or (number == 0 and not zero):
        what = "integer" if integer else "number" if infinite else "finite number"
        what = f"a {'non-negative' if zero else 'positive'} {what}"
        raise ValueError(f"{name} must be {what}, got {value!r}")


def validate_pair(estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, NDArray[Any]]:
    """Check X, whose sparse entries stay as they are, and labels, and record what `validate_fit` does."""
    if _is_plain(X) and _are_classes(y) and len(X) == len(y) and (reset or _is_known(estimator, X)):
        check_finite(X)
        if reset:
            estimator.n_features_in_ = X.shape[1]
            estimator.__dict__.pop("feature_names_in_", None)
        return X, y
    X, y = validate_data(
        estimator,
        X,
        y,
        accept_sparse="csr",
        dtype=[np.float64, np.float32],
        order="C",
        y_numeric=False,
        multi_output=False,
        ensure_all_finite=False,
        reset=reset,
    )
    check_finite(X)
    check_classification_targets(y)
    return X, np.asarray(y)


def _is_plain(X: Any) -> bool:
    """Whether X is an array that is used as it is: `validate_data` would take a while to say so."""
    return (
        type(X) is np.ndarray
        and X.ndim == 2
        and X.size > 0
        and (X.dtype == np.float64 or X.dtype == np.float32)
        and X.flags.c_contiguous
    )


def _is_known(estimator: Any, X: NDArray[Any]) -> bool:
    """Whether X has as many features as the estimator knows, and neither has names for them."""
    return bool(X.shape[1] == estimator.n_features_in_) and not hasattr(estimator, "feature_names_in_")


def _are_classes(y: Any) -> bool:
    """Whether these are labels beyond doubt: integers that span so little that scikit-learn would not even warn."""
    if type(y) is not np.ndarray or y.ndim != 1 or y.dtype.kind != "i" or not y.size:
        return False
    return 2 * (int(y.max()) - int(y.min()) + 1) <= len(y)


def _sums_finite(values: NDArray[Any]) -> bool:
    """Whether the sum is finite: then all are, but some sums overflow."""
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def first_where(X: Any, wrong: Callable[[NDArray[Any]], NDArray[np.bool_]]) -> tuple[int, int, Any] | None:
    """Row, column and value of the first entry of X, dense or sparse, that is `wrong`; None if there is none."""
    values = X.data if sparse.issparse(X) else X
    is_wrong = wrong(values)
    if not is_wrong.any():
        return None
    at = int(np.argmax(is_wrong))
    if sparse.issparse(X):
        entries = X.tocoo()
        return int(entries.row[at]), int(entries.col[at]), values[at]
    row, column = divmod(at, X.shape[1])
    return row, column, X[row, column]


def check_finite(X: Any) -> None:
    """Raise ValueError if X, dense or sparse, is not finite; of predictions asked where a dense X's scores are not."""
    if _sums_finite(X.data if sparse.issparse(X) else X):  # a sum tells most at half the price
        return
    found = first_where(X, lambda values: ~np.isfinite(values))
    if found is not None:
        row, column, value = found
        what = "NaN" if np.isnan(value) else "infinity"
        raise ValueError(f"Input X contains {what} at row {row}, column {column}: fill it in or leave the row out")


def _classes(given: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """The classes, sorted, and the code of every label; without a sort of all where integers span little."""
    if not _are_classes(given):
        return np.unique(given, return_inverse=True)
    low = int(given.min())
    shifted = given.astype(np.intp) - low
    used = np.bincount(shifted) > 0
    return (np.flatnonzero(used) + low).astype(given.dtype), (np.cumsum(used) - 1)[shifted]


def _check_labels(given: NDArray[Any], declared: NDArray[Any]) -> None:
    known = np.isin(given, declared)
    if not known.all():
        row = int(np.argmin(known))
        raise ValueError(
            f"y has the label {given.tolist()[row]!r} at row {row}, which is not in classes: {declared.tolist()}"
        )


def _sample_weight(sample_weight: ArrayLike, n_samples: int) -> NDArray[np.float64]:
    weight = check_array(sample_weight, ensure_2d=False, dtype=np.float64, input_name="sample_weight")
    if weight.ndim == 0:
        weight = np.full(n_samples, float(weight))
    if weight.shape != (n_samples,):
        raise ValueError(f"sample_weight has shape {weight.shape}, expected ({n_samples},): one weight a sample")
    if (weight < 0).any():
        row = int(np.argmax(weight < 0))
        raise ValueError(f"sample_weight must not be negative, got {weight[row]} at row {row}")
    return np.asarray(weight)


def _present(X: Any, given: NDArray[Any], weight: NDArray[np.float64]) -> tuple[Any, NDArray[Any], NDArray[np.float64]]:
    present = weight > 0
    return (X, given, weight) if present.all() else (X[present], given[present], weight[present])


def _class_weight(
    class_weight: Mapping[Any, float] | str, given: NDArray[Any], weight: NDArray[np.float64]
) -> NDArray[np.float64]:
    """One factor a sample."""
    classes, labels = np.unique(given, return_inverse=True)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced', a dict or None, got {class_weight!r}")
        mass = np.bincount(labels, weights=weight)
        return np.asarray(mass.sum() / (len(classes) * mass))[labels]
    factors = np.asarray(compute_class_weight(dict(class_weight), classes=classes, y=given), dtype=np.float64)
    if not (factors >= 0).all():
        bad = int(np.argmax(~(factors >= 0)))
        raise ValueError(f"class_weight must not be negative, got {factors[bad]} for class {classes.tolist()[bad]!r}")
    if not factors.any():
        raise ValueError("class_weight is zero for every class of y: at least two classes need positive weight")
    return factors[labels]


def _matrix(X: Any) -> Any:
    return sparse.csr_array(X) if sparse.issparse(X) else np.asarray(X)


def canonical(X: Any) -> Matrix:
    """X as it is used, with the entries of a sparse one in order and each but once."""
    matrix = _matrix(X)
    if sparse.issparse(matrix) and not matrix.has_canonical_format:  # entries given twice would be squared apart
        matrix = matrix.tocsc().tocsr()  # sorts the entries of a row, in linear time
        matrix.sum_duplicates()
    canonical: Matrix = matrix
    return canonical
