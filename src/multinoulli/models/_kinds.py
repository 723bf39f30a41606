# SPDX-License-Identifier: BSD-3-Clause
"""The kinds of models that a table can be given to: an estimator each, and what of it a file keeps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli.classifiers import (
    LinearClassifier,
    LinearDiscriminantAnalysis,
    MixedNB,
    MLPClassifier,
    QuadraticDiscriminantAnalysis,
    ScoreClassifier,
    SoftmaxRegression,
)
from multinoulli.models._inputs import as_encoded, categorical, columns, dense
from multinoulli.tables import TableEncoder

MAX_ITER, MAX_EPOCHS = 5000, 2000
# Not a kind, but the one that predicts held-out rows best.
BEST = "best"


class Options(NamedTuple):
    """What the user decides about a fit, whatever the kind."""

    C: float
    random_state: int
    n_jobs: int | None


@dataclass(frozen=True)
class Kind:
    """An estimator that has been fitted is its parameters and the attributes named here, no more."""

    label: str
    """For people."""
    make: Callable[[Options, TableEncoder], ScoreClassifier]
    fitted: tuple[str, ...]
    """What scores are made of: arrays, or lists of arrays."""
    inputs: Callable[[TableEncoder, Any], Any] = as_encoded
    """From the encoder's matrix to what the estimator takes."""

    def arrays(self, estimator: ScoreClassifier) -> dict[str, NDArray[Any]]:
        """Its arrays by name without the last underscore, those of a list numbered."""
        found: dict[str, NDArray[Any]] = {}
        for attribute in self.fitted:
            value, name = getattr(estimator, attribute), attribute.rstrip("_")
            if isinstance(value, (list, tuple)):
                found |= {f"{name}{i}": np.ascontiguousarray(array) for i, array in enumerate(value)}
            else:
                found[name] = np.ascontiguousarray(value)
        return found

    def params(self, estimator: ScoreClassifier) -> dict[str, Any]:
        """Its parameters, as JSON holds them; `random_state` and `n_jobs` concern only who fits."""
        params = estimator.get_params()
        return {name: _plain(params[name]) for name in sorted(params) if name not in ("random_state", "n_jobs")}

    def restore(
        self, encoder: TableEncoder, params: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], n_classes: int
    ) -> ScoreClassifier:
        """The estimator with these parameters and arrays."""
        estimator = self.make(Options(1.0, 0, None), encoder).set_params(**params)
        n_inputs = self.inputs(encoder, encoder.transform(encoder.probe_rows())).shape[1]
        estimator.classes_, estimator.n_features_in_ = np.arange(n_classes), n_inputs
        for attribute in self.fitted:
            name = attribute.rstrip("_")
            numbered = [arrays[f"{name}{i}"] for i in range(len(arrays)) if f"{name}{i}" in arrays]
            setattr(estimator, attribute, arrays.get(name, numbered))
        if isinstance(estimator, LinearClassifier):
            coef, intercept, shape = estimator.coef_, estimator.intercept_, (n_classes, n_inputs)
            if coef.shape != shape or intercept.shape != shape[:1] or not coef.dtype == intercept.dtype == np.float64:
                raise ValueError(
                    f"coefficients of shape {coef.shape} and {intercept.shape} instead of {shape} and {shape[:1]}"
                )
        restored: ScoreClassifier = estimator
        return restored


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    held = isinstance(value, float) and math.isfinite(value)
    return value if held or value is None or isinstance(value, (bool, int, str)) else str(value)


KINDS = {
    "softmax": Kind(
        "softmax regression",
        lambda o, _: SoftmaxRegression(o.C, max_iter=MAX_ITER, random_state=o.random_state, n_jobs=o.n_jobs),
        ("coef_", "intercept_"),
    ),
    "lda": Kind(
        "linear discriminant analysis",
        lambda o, _: LinearDiscriminantAnalysis(n_jobs=o.n_jobs),
        ("coef_", "intercept_"),
        dense,
    ),
    "qda": Kind(  # shrunk, as the 0/1 columns of a category add up to 1 and some are 0 in all rows of a class
        "quadratic discriminant analysis",
        lambda o, _: QuadraticDiscriminantAnalysis(shrinkage="auto", n_jobs=o.n_jobs),
        ("means_", "_matrices", "_constants"),
        dense,
    ),
    "naive-bayes": Kind(
        "naive Bayes",
        lambda _, encoder: MixedNB(categorical_features=np.flatnonzero(categorical(encoder)).tolist()),
        (
            "class_count_",
            "class_log_prior_",
            "numeric_features_",
            "theta_",
            "_theta_low",
            "var_",
            "categorical_features_",
            "categories_",
            "category_count_",
            "category_log_prob_",
        ),
        columns,
    ),
    "mlp": Kind(
        "neural network",
        lambda o, _: MLPClassifier(
            early_stopping=True, max_iter=MAX_EPOCHS, random_state=o.random_state, n_jobs=o.n_jobs
        ),
        ("coefs_", "intercepts_"),
    ),
}
