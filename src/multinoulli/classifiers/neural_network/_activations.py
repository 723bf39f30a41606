# SPDX-License-Identifier: BSD-3-Clause
"""The activations of hidden layers, in place, and what their slopes make of a gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from multinoulli import _core

Floats = NDArray[Any]


class Activation(NamedTuple):
    """``apply(h, slope)`` makes h the activation of what it holds; ``back(delta, h, slope)`` multiplies by the slope.

    The slope is taken from the activation h, which `back` may overwrite; or, where that does not tell it, from what
    `apply` left in `slope`, an array for that (None where no gradient follows).
    """

    apply: Callable[[Floats, Floats | None], object]
    back: Callable[[Floats, Floats, Floats | None], object]
    keeps_slope: bool = False


def _relu(h: Floats, slope: Floats | None) -> None:
    np.maximum(h, 0, out=h)


def _relu_back(delta: Floats, h: Floats, slope: Floats | None) -> None:
    np.greater(h, 0, out=h)  # a product by 0 or 1: a copy where h is 0 would mispredict every other branch
    delta *= h


def _tanh(h: Floats, slope: Floats | None) -> None:
    np.tanh(h, out=h)


def _tanh_back(delta: Floats, h: Floats, slope: Floats | None) -> None:
    h *= h
    np.subtract(1, h, out=h)
    delta *= h


def _logistic(h: Floats, slope: Floats | None) -> None:
    _core.sigmoid(h, out=h)


def _logistic_back(delta: Floats, h: Floats, slope: Floats | None) -> None:
    delta *= h
    np.subtract(1, h, out=h)
    delta *= h


def _gelu(h: Floats, slope: Floats | None) -> None:
    """``h Phi(h)``, whose slope is ``Phi(h) + h phi(h)``, with the normal distribution's Phi and its density phi."""
    below = ndtr(h, out=slope)
    if slope is None:
        h *= below
        return
    density = np.multiply(h, h)
    density *= -0.5
    np.exp(density, out=density)
    density *= h
    density *= 1 / np.sqrt(2 * np.pi).astype(h.dtype)
    h *= below
    slope += density


def _gelu_back(delta: Floats, h: Floats, slope: Floats | None) -> None:
    delta *= slope


def _identity(*arrays: Floats | None) -> None:
    pass


ACTIVATIONS = {
    "identity": Activation(_identity, _identity),
    "logistic": Activation(_logistic, _logistic_back),
    "tanh": Activation(_tanh, _tanh_back),
    "relu": Activation(_relu, _relu_back),
    "gelu": Activation(_gelu, _gelu_back, keeps_slope=True),
}
