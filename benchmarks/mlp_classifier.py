# SPDX-License-Identifier: BSD-3-Clause
"""MLPClassifier beside scikit-learn's and a plain loop of PyTorch: the same network, batches, epochs and steps."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn import datasets
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier as TheirMLPClassifier

from benchmarks.harness import markdown, threads
from benchmarks.regression_data import FOLDER, SETS
from benchmarks.worker import peak
from multinoulli import MLPClassifier

try:
    import torch
except ImportError:
    torch = None  # type: ignore[assignment]  # left out where it is not installed

BATCH, ROUNDS = 200, 3
Fit = Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray]  # X, y and unseen rows; the probabilities of these

TEXT = """## Neural networks

One hidden layer of ReLU units, batches of {batch} shuffled rows, Adam with a rate of 0.001, float32; one fit and the
probabilities of the unseen rows, in turns, medians of wall time. PyTorch is a plain loop over `nn.Sequential` on index
tensors. `log loss` and `accuracy` are of unseen rows: first weights differ, so do the digits. `MB more` is the peak of
our memory over what the process held before. A ratio is the rival's time over ours.

{table}"""


def _digits() -> tuple[np.ndarray, ...]:
    X, y = datasets.load_digits(return_X_y=True)
    X = (X / 16).astype(np.float32)
    return X[:1500], y[:1500], X[1500:], y[1500:]


def _mnist() -> tuple[np.ndarray, ...]:
    stored = np.load(FOLDER / "mnist.npz")
    n = int(stored["n_train"])
    X, y = (stored["X"] / np.float32(255)).astype(np.float32), stored["y"].astype(np.int64)
    return X[:n], y[:n], X[n:], y[n:]


def _ours(units: int, epochs: int, n_threads: int) -> Fit:
    model = MLPClassifier(units, max_iter=epochs, batch_size=BATCH, random_state=0, n_jobs=n_threads)
    return lambda X, y, unseen: model.fit(X, y).predict_proba(unseen)


def _scikit_learn(units: int, epochs: int, n_threads: int) -> Fit:
    model = TheirMLPClassifier(units, max_iter=epochs, batch_size=BATCH, random_state=0)
    return lambda X, y, unseen: model.fit(X, y).predict_proba(unseen)


def _torch(units: int, epochs: int, n_threads: int) -> Fit:
    def fit(X: np.ndarray, y: np.ndarray, unseen: np.ndarray) -> np.ndarray:
        torch.manual_seed(0)
        rows, labels = torch.from_numpy(X), torch.from_numpy(y)
        net = torch.nn.Sequential(
            torch.nn.Linear(X.shape[1], units), torch.nn.ReLU(), torch.nn.Linear(units, int(y.max()) + 1)
        )
        optimizer, loss = torch.optim.Adam(net.parameters(), 1e-3), torch.nn.CrossEntropyLoss()
        for _ in range(epochs):
            order = torch.randperm(len(y))
            for begin in range(0, len(y), BATCH):
                some = order[begin : begin + BATCH]
                optimizer.zero_grad()
                loss(net(rows[some]), labels[some]).backward()
                optimizer.step()
        with torch.no_grad():
            return torch.softmax(net(torch.from_numpy(unseen)), dim=1).numpy()

    return fit


CONTENDERS = {"ours": _ours, "scikit-learn": _scikit_learn} | ({"PyTorch": _torch} if torch else {})


def measure(quick: bool) -> Any:
    """Every set and number of threads."""
    sets: list[tuple[str, Any, int, int]] = [("digits, 64-100-10", _digits, 100, 20)]
    if not quick and any(one.file == "mnist.npz" and one.is_here for one in SETS):
        sets.append(("MNIST, 784-256-10", _mnist, 256, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [_measured(*one, n_threads) for one in sets for n_threads in (1, 2)]


def _measured(name: str, load: Any, units: int, epochs: int, n_threads: int) -> dict[str, Any]:
    X, y, unseen, labels = load()
    row: dict[str, Any] = {"set": name, "epochs": epochs, "threads": n_threads, "of": {}}
    seconds: dict[str, list[float]] = {contender: [] for contender in CONTENDERS}
    with threads(n_threads):
        _ours(units, 1, n_threads)(X, y, unseen)
        before = peak(afresh=True)
        _ours(units, 1, n_threads)(X, y, unseen)
        row["more_memory"] = peak() - before
        for _ in range(ROUNDS):
            for contender, make in CONTENDERS.items():
                fit = make(units, epochs, n_threads)
                began = time.perf_counter()
                proba = fit(X, y, unseen)
                seconds[contender].append(time.perf_counter() - began)
                quality = {"loss": log_loss(labels, proba), "accuracy": float((proba.argmax(axis=1) == labels).mean())}
                row["of"][contender] = quality
    for contender, taken in seconds.items():
        row["of"][contender]["seconds"] = float(np.median(taken))
    print(row, file=sys.stderr, flush=True)
    return row


def render(stored: Any) -> str:
    """One table."""
    header = ["set", "epochs", "threads", "who", "s", "ratio", "log loss", "accuracy", "MB more"]
    lines = []
    for row in stored:
        own = row["of"]["ours"]["seconds"]
        for who, of in row["of"].items():
            lines.append([row["set"], str(row["epochs"]), str(row["threads"]), who, f"{of['seconds']:.3g}"])
            lines[-1].append("" if who == "ours" else f"{of['seconds'] / own:.1f}×")
            lines[-1] += [f"{of['loss']:.4f}", f"{of['accuracy']:.4f}"]
            lines[-1].append(f"{row['more_memory'] / 2**20:.0f}" if who == "ours" else "")
    return TEXT.format(batch=BATCH, table=markdown(header, lines))
