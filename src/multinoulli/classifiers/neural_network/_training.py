# SPDX-License-Identifier: BSD-3-Clause
"""Epochs of steps, until the loss falls no more; the best weights kept where rows are held out to judge them."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.model_selection import train_test_split

from multinoulli._validation.estimators import FitData
from multinoulli.classifiers.neural_network._epochs import Callback, Epoch
from multinoulli.classifiers.neural_network._network import Floats, Network
from multinoulli.classifiers.neural_network._shards import Shards
from multinoulli.classifiers.neural_network._steps import Steps


@dataclass
class Outcome:
    """Where a training has led to."""

    theta: Floats
    status: str = "max_iter"  # or "converged", "diverged", "max_fun", "stalled"
    losses: list[float] = field(default_factory=list)
    held_out_losses: list[float] = field(default_factory=list)


def train(
    model: Any,
    network: Network,
    theta: Floats,
    steps: Steps,
    rng: np.random.Generator,
    data: FitData,
    fitted: NDArray[np.intp],
    held_out: NDArray[np.intp],
    n_epochs: int,
    n_threads: int,
    callback: Callback,
) -> Outcome:
    """Epochs over the rows `fitted`, from `theta` on, which is overwritten, as is what steps and generator remember.

    The weights of all rows are scaled to a mean of 1, those of a batch are not: in expectation, the gradient of a batch
    is that of all rows.
    """
    outcome, n, mean_weight = Outcome(theta), len(fitted), float(data.weight[fitted].mean())
    data = data._replace(weight=data.weight / mean_weight)
    batch = batch_rows(model.batch_size, n)
    options = {"smoothing": float(model.label_smoothing), "dropout": float(model.dropout)}
    seed = int(rng.integers(2**62)) if model.dropout else 0
    start, best, best_theta, waited = theta.copy(), math.inf, theta.copy(), 0
    with ExitStack() as stack:
        shards = stack.enter_context(Shards(network, data, batch, theta.dtype, n_threads, seed=seed, **options))
        judge = _judge(stack, network, data, held_out, theta.dtype, n_threads)
        for epoch in range(n_epochs):
            order = rng.permutation(fitted) if model.shuffle else fitted
            loss, rate = 0.0, float(model.learning_rate_init)
            for begin in range(0, n, batch):
                rows = order[begin : begin + batch]
                of_batch, gradients = shards.gradient(theta, rows, len(rows))
                loss += of_batch / n
                if not math.isfinite(loss):
                    break
                if model.learning_rate == "cosine":
                    rate = model.learning_rate_init * cosine((epoch + begin / n) / n_epochs)
                steps.step(model, theta, gradients, model.alpha / (len(rows) * mean_weight), rate, n_threads)
            loss += penalty(network, theta, model.alpha / (batch * mean_weight))
            held_out_loss = judge(theta) if judge is not None and math.isfinite(loss) else None
            watched = loss if held_out_loss is None else held_out_loss
            if not (math.isfinite(watched) and np.isfinite(theta).all()):
                theta[...] = _first_finite(shards, [best_theta, start], fitted)
                outcome.status = "diverged"
                return outcome
            outcome.losses.append(loss)
            if held_out_loss is not None:
                outcome.held_out_losses.append(held_out_loss)
            waited = 0 if watched < best - model.tol else waited + 1
            if watched < best:
                best = watched
                np.copyto(best_theta, theta)
            callback(Epoch(epoch + 1, n_epochs, loss, held_out_loss, rate))
            if waited >= model.n_iter_no_change:
                outcome.status = "converged"
                break
    if judge is not None:
        np.copyto(theta, best_theta)
    return outcome


def batch_rows(batch_size: int | str, n_samples: int) -> int:
    """Rows of a batch."""
    return min(200 if isinstance(batch_size, str) else int(batch_size), n_samples)


def cosine(done: float) -> float:
    """The share of the first learning rate that is left: half a cosine's way down (Loshchilov & Hutter 2017)."""
    return 0.5 * (1 + math.cos(math.pi * done))


def penalty(network: Network, theta: Floats, l2: float) -> float:
    """Of the weights, not of the intercepts."""
    weights = theta[: network.n_weights]
    return 0.5 * l2 * float(weights @ weights) if l2 else 0.0


def hold_out(data: FitData, fraction: float, rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows to fit and rows to judge by, every class in the same proportion."""
    counts = np.bincount(data.labels, minlength=len(data.classes))
    n_held_out, n_classes = math.ceil(fraction * len(data.labels)), int((counts > 0).sum())
    if (counts == 1).any():
        alone = data.classes.tolist()[int(np.argmax(counts == 1))]
        raise ValueError(
            f"early_stopping holds out rows of every class, but class {alone!r} has one row: leave it out, or fit with "
            "early_stopping=False"
        )
    if min(n_held_out, len(data.labels) - n_held_out) < n_classes:
        raise ValueError(
            f"validation_fraction={fraction} of {len(data.labels)} rows leaves {n_held_out} to hold out and "
            f"{len(data.labels) - n_held_out} to fit, fewer than the {n_classes} classes: change it, or fit with "
            "early_stopping=False"
        )
    seed = int(rng.integers(2**31))
    rows = np.arange(len(data.labels))
    fitted, held_out = train_test_split(rows, test_size=fraction, stratify=data.labels, random_state=seed)
    return fitted, held_out


def _judge(
    stack: ExitStack, network: Network, data: FitData, held_out: NDArray[np.intp], dtype: DTypeLike, n_threads: int
) -> Callable[[Floats], float] | None:
    """What tells the log loss of the rows held out, if there are any."""
    if not len(held_out):
        return None
    total = float(data.weight[held_out].sum())
    shards = stack.enter_context(Shards(network, data, len(held_out), dtype, n_threads))
    return lambda theta: shards.loss(theta, held_out) / total


def _first_finite(shards: Shards, candidates: list[Floats], rows: NDArray[np.intp]) -> Floats:
    for candidate in candidates:
        if math.isfinite(shards.loss(candidate, rows)):
            return candidate
    raise ValueError(
        f"X is too large for a network of {candidates[0].dtype}: the loss is not finite even before the first step; "
        "scale the columns of X, for example with StandardScaler, or set dtype='float64'"
    )
