# SPDX-License-Identifier: BSD-3-Clause
"""The problems that the peers solved: small real data, raw, with and without a penalty, with and without weights."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_iris, load_wine

SOLUTIONS = Path(__file__).with_name("softmax_regression.json")
PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"
MEASURES = ["bill_length_mm", "bill_depth_mm", "flipper_length_mm", "body_mass_g"]


class Problem(NamedTuple):
    X: np.ndarray  # (n_samples, n_features), float64
    labels: np.ndarray  # (n_samples,), codes 0..n_classes-1
    weight: np.ndarray  # (n_samples,)
    C: float


def penguins(target, C, *, weighted=False):
    table = pd.read_csv(PENGUINS).dropna()
    labels = np.unique(table[target], return_inverse=True)[1]
    weight = table["year"].to_numpy() - 2006.0 if weighted else np.ones(len(table))
    return Problem(table[MEASURES].to_numpy(np.float64), labels, weight, C)


def bundled(load, C, columns=slice(None)):
    X, labels = load(return_X_y=True)
    return Problem(X[:, columns], labels, np.ones(len(labels)), C)


# Without a penalty only classes that overlap: where they can be told apart there is no maximum.
PROBLEMS = {
    "iris, C=1": bundled(load_iris, 1.0),
    "iris, C=100": bundled(load_iris, 100.0),
    "wine, C=1": bundled(load_wine, 1.0),
    "wine, C=100": bundled(load_wine, 100.0),
    "breast cancer, C=1": bundled(load_breast_cancer, 1.0),
    "breast cancer, C=100": bundled(load_breast_cancer, 100.0),
    "penguins' species, C=0.01": penguins("species", 0.01),
    "penguins' island, C=1": penguins("island", 1.0),
    "penguins' island, weighted, C=1": penguins("island", 1.0, weighted=True),
    "penguins' sex, C=100": penguins("sex", 100.0),
    "three columns of wine, C=inf": bundled(load_wine, np.inf, slice(3)),
    "three columns of breast cancer, C=inf": bundled(load_breast_cancer, np.inf, slice(0, 6, 2)),
    "penguins' island, C=inf": penguins("island", np.inf),
    "penguins' island, weighted, C=inf": penguins("island", np.inf, weighted=True),
    "penguins' sex, C=inf": penguins("sex", np.inf),
}
