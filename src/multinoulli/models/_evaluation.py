# SPDX-License-Identifier: BSD-3-Clause
"""The quality of predictions on rows that were not trained on, beside a baseline that looks at no column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli.losses import cross_entropy
from multinoulli.metrics import Estimate, mean_estimate, proportion_estimate


class Measures(NamedTuple):
    """What is measured on every row: arrays of shape (n_rows,)."""

    loss: NDArray[np.float64]
    hit: NDArray[np.bool_]
    baseline_loss: NDArray[np.float64]
    baseline_hit: NDArray[np.bool_]


@dataclass(frozen=True)
class Evaluation:
    """Log loss (nats a row, smaller is better) and accuracy, with 95 % intervals over the rows."""

    how: str
    """On which rows: ``"held out, 5-fold"``, or ``"given rows"``."""
    n_rows: int
    n_missing_target: int
    """Rows left out because their target is missing."""
    log_loss: Estimate
    accuracy: Estimate
    baseline_log_loss: Estimate
    """Of predicting the class frequencies of the training rows."""
    baseline_accuracy: Estimate
    """Of predicting their most frequent class."""


def measure(scores: NDArray[np.float64], labels: NDArray[np.int64], class_counts: NDArray[np.int64]) -> Measures:
    """Measure scores of shape (n_rows, n_classes) against the labels, and the class frequencies in their place."""
    log_prior = np.log(class_counts / class_counts.sum())
    return Measures(
        cross_entropy(scores, labels),
        np.argmax(scores, axis=1) == labels,
        -log_prior[labels],
        labels == np.argmax(class_counts),
    )


def summarise(how: str, measures: list[Measures], n_missing_target: int) -> Evaluation:
    """Put the rows of all folds together: each row was held out once."""
    rows = Measures(*(np.concatenate(column) for column in zip(*measures, strict=True)))
    n = len(rows.loss)
    return Evaluation(
        how=how,
        n_rows=n,
        n_missing_target=n_missing_target,
        log_loss=mean_estimate(rows.loss),
        accuracy=proportion_estimate(int(rows.hit.sum()), n),
        baseline_log_loss=mean_estimate(rows.baseline_loss),
        baseline_accuracy=proportion_estimate(int(rows.baseline_hit.sum()), n),
    )
