# SPDX-License-Identifier: BSD-3-Clause
"""What softmax regression is measured on: scikit-learn's small sets, and larger ones that are not the project's own.

Those are read from the folder that MULTINOULLI_DATA names, and left out where it is absent.
"""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn import datasets

FOLDER = Path(os.environ.get("MULTINOULLI_DATA", ""))
Data = tuple[Any, np.ndarray]


@dataclass(frozen=True)
class Set:
    """A table to fit, its penalties, and the seconds after which a rival is given up.

    `targets` are the ratios to the best rival that are aimed at, one a penalty, if there are any.
    """

    name: str
    load: Callable[[], Data]
    penalties: tuple[float, ...] = (0.01, 1.0, 100.0)
    targets: tuple[float | None, ...] = (None, None, None)
    limit: float = 1.0
    file: str | None = None

    @property
    def is_here(self) -> bool:
        """Whether it can be loaded."""
        return self.file is None or (bool(os.environ.get("MULTINOULLI_DATA")) and (FOLDER / self.file).exists())


def _mnist() -> Data:
    stored = np.load(FOLDER / "mnist.npz")
    n = int(stored["n_train"])
    return (stored["X"][:n] / np.float32(255)).astype(np.float32), stored["y"][:n].astype(np.int64)


def _embeddings() -> Data:
    stored = np.load(FOLDER / "banking77_minilm384.npz")
    n = int(stored["n_train"])
    return stored["X"][:n].astype(np.float32), _codes(stored["y"][:n])


def _newsgroups() -> Data:
    stored = np.load(FOLDER / "newsgroups20_tfidf.npz")
    parts = stored["data"].astype(np.float64), stored["indices"], stored["indptr"]
    n = int(stored["n_train"])
    return sparse.csr_matrix(parts, shape=tuple(stored["shape"]))[:n], _codes(stored["y"][:n])


def _table(file: str, target: int, standardised: bool) -> Callable[[], Data]:
    def load() -> Data:
        with gzip.open(FOLDER / file, "rt") as lines:
            cells = np.array([line.rstrip("\n").replace('"', "").split(",") for line in lines][1:])
        X = np.delete(cells, target % cells.shape[1], axis=1).astype(np.float64)
        return (X - X.mean(axis=0)) / X.std(axis=0) if standardised else X, _codes(cells[:, target])

    return load


def _codes(labels: np.ndarray) -> np.ndarray:
    return np.unique(labels, return_inverse=True)[1]


def _of_scikit_learn(name: str) -> Callable[[], Data]:
    return lambda: getattr(datasets, f"load_{name}")(return_X_y=True)


def _made(n: int, d: int, n_classes: int, **options: Any) -> Callable[[], Data]:
    def load() -> Data:
        return datasets.make_classification(
            n, d, n_classes=n_classes, n_informative=d // 2, n_redundant=d // 4, random_state=0, **options
        )

    return load


def _many_classes(n: int, d: int, n_classes: int) -> Callable[[], Data]:
    """Like the last layer of a network for images: overlapping clouds, and a tenth of the labels wrong.

    Clouds and their centres have one covariance, with eigenvalues that fall as 1, 1/2, 1/3, ...; every row is then
    brought to mean 0 and variance 1, as a layer norm does.
    """

    def load() -> Data:
        rng = np.random.default_rng(0)
        directions = np.linalg.qr(rng.standard_normal((d, d)))[0] / np.sqrt(np.arange(1, d + 1))
        spread = (directions @ np.linalg.qr(rng.standard_normal((d, d)))[0]).astype(np.float32)
        centres = 0.2 * rng.standard_normal((n_classes, d), dtype=np.float32)
        X, y = np.empty((n, d), np.float32), rng.permutation(np.arange(n) % n_classes)
        for begin in range(0, n, 1 << 13):
            some = X[begin : begin + (1 << 13)]
            of_rows = rng.standard_normal(some.shape, dtype=np.float32) + centres[y[begin : begin + len(some)]]
            np.matmul(of_rows, spread, out=some)
            some -= some.mean(axis=1, keepdims=True)
            some /= some.std(axis=1, keepdims=True)
        wrong = rng.random(n) < 0.1
        y[wrong] = rng.integers(n_classes, size=int(wrong.sum()))
        return X, y

    return load


SETS = [
    Set("iris, 150 × 4, 3 classes", _of_scikit_learn("iris")),
    Set("wine as it comes, 178 × 13, 3", _of_scikit_learn("wine"), (1.0, 100.0)),
    Set("breast cancer as it comes, 569 × 30, 2", _of_scikit_learn("breast_cancer"), (1.0, 100.0)),
    Set("digits, 1,797 × 64, 10", _of_scikit_learn("digits"), targets=(8, 8, 8)),
    Set(
        "letter, 20,000 × 16, 26",
        _table("letter.csv.gz", -1, False),
        targets=(4, 4, 4),
        limit=2.0,
        file="letter.csv.gz",
    ),
    Set(
        "shuttle, standardised, 58,000 × 9, 7",
        _table("shuttle.csv.gz", -1, True),
        targets=(3, 3, 3),
        limit=2.0,
        file="shuttle.csv.gz",
    ),
    Set("embeddings, 10,003 × 384, 77", _embeddings, targets=(3, 5, 5), limit=6.0, file="banking77_minilm384.npz"),
    Set(
        "TF-IDF, 11,314 × 130,107, 20, sparse",
        _newsgroups,
        targets=(2, 4, 6),
        limit=12.0,
        file="newsgroups20_tfidf.npz",
    ),
    Set("MNIST, 60,000 × 784, 10", _mnist, targets=(15, 20, None), limit=12.0, file="mnist.npz"),
]
# Nothing was tuned on these.
UNSEEN = [
    Set("made, 5,000 × 20, 3", _made(5000, 20, 3, class_sep=0.8)),
    Set("made, 20,000 × 100, 5, a fifth mislabelled", _made(20_000, 100, 5, flip_y=0.2)),
    Set("made, 2,000 × 400, 4", _made(2000, 400, 4)),
    Set("made, 50,000 × 12, 12", _made(50_000, 12, 12, n_clusters_per_class=1, class_sep=0.7)),
]
# Each takes minutes: one run of each contender, and of the rivals lbfgs alone.
LONG = [
    Set("made, 100,000 × 768, 1,000, a tenth mislabelled", _many_classes(100_000, 768, 1000), (0.01,), limit=420.0),
]
