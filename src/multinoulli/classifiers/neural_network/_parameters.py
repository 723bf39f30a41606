# SPDX-License-Identifier: BSD-3-Clause
"""What the parameters of a network may be."""

from __future__ import annotations

from collections.abc import Iterable
from numbers import Integral
from typing import Any

import numpy as np

from multinoulli._validation.estimators import check_positive
from multinoulli.classifiers.neural_network._activations import ACTIVATIONS

CHOICES = {
    "activation": tuple(ACTIVATIONS),
    "solver": ("adam", "sgd", "lbfgs"),
    "learning_rate": ("constant", "cosine"),
}
# At their defaults with L-BFGS, which looks at all rows in every step of a length of its own choice.
OF_STEPS = {"weight_decay": 0.0, "dropout": 0.0, "early_stopping": False, "learning_rate": "constant"}


def hidden_sizes(hidden_layer_sizes: Any) -> tuple[int, ...]:
    """The sizes of the hidden layers, of which there may be none."""
    if not isinstance(hidden_layer_sizes, Integral | Iterable):
        raise ValueError(f"hidden_layer_sizes must be integers, one a hidden layer, got {hidden_layer_sizes!r}")
    sizes = (hidden_layer_sizes,) if isinstance(hidden_layer_sizes, Integral) else tuple(hidden_layer_sizes)
    for size in sizes:
        check_positive("hidden_layer_sizes", size, integer=True)
    return tuple(map(int, sizes))


def check_parameters(model: Any) -> None:
    """Raise ValueError at the first parameter that is out of range."""
    hidden_sizes(model.hidden_layer_sizes)
    for name, choices in CHOICES.items():
        if getattr(model, name) not in choices:
            raise ValueError(f"{name} must be one of {list(choices)}, got {getattr(model, name)!r}")
    try:
        dtype = np.dtype(model.dtype)
    except TypeError:
        dtype = np.dtype(object)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype must be 'float32' or 'float64', got {model.dtype!r}")
    if not isinstance(model.batch_size, str):
        check_positive("batch_size", model.batch_size, integer=True)
    elif model.batch_size != "auto":
        raise ValueError(f"batch_size must be 'auto' or a positive integer, got {model.batch_size!r}")
    for name in "learning_rate_init", "epsilon":
        check_positive(name, getattr(model, name))
    for name in "alpha", "weight_decay", "tol":
        check_positive(name, getattr(model, name), zero=True)
    for name in "max_iter", "max_fun":
        check_positive(name, getattr(model, name), integer=True)
    check_positive("n_iter_no_change", model.n_iter_no_change, infinite=True)
    for name in "momentum", "beta_1", "beta_2", "dropout", "label_smoothing":
        check_positive(name, getattr(model, name), zero=True)
        most = "at most 1" if name in ("momentum", "label_smoothing") else "below 1"
        if getattr(model, name) > 1 or (getattr(model, name) == 1 and most == "below 1"):
            raise ValueError(f"{name} must be at least 0 and {most}, got {getattr(model, name)!r}")
    check_positive("validation_fraction", model.validation_fraction)
    if model.validation_fraction >= 1:
        raise ValueError(f"validation_fraction must be below 1, got {model.validation_fraction!r}")
    if model.solver == "lbfgs":
        for name, default in OF_STEPS.items():
            if getattr(model, name) != default:
                raise ValueError(f"{name}={getattr(model, name)!r} is not for solver='lbfgs': choose 'adam' or 'sgd'")
