# SPDX-License-Identifier: BSD-3-Clause
"""Dense layers: their parameters in one vector, and one thread's way through them, forwards and back."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from scipy import sparse

from multinoulli import _core
from multinoulli.classifiers.neural_network._activations import ACTIVATIONS

Floats = NDArray[Any]
Layers = list[tuple[Floats, Floats]]  # weights (inputs, outputs) and intercepts (outputs,) of each


class Network:
    """The layers' sizes, inputs and classes included, and the activation of all but the last.

    The parameters are one vector: the weights of every layer, which alone are penalised, then the intercepts of every
    layer.
    """

    def __init__(self, sizes: tuple[int, ...], activation: str) -> None:
        self.sizes, self.activation = sizes, ACTIVATIONS[activation]
        self._gain = 2.0 if activation == "logistic" else 6.0
        self.n_weights = sum(a * b for a, b in pairwise(sizes))
        self.n_parameters = self.n_weights + sum(sizes[1:])

    def layers(self, theta: Floats) -> Layers:
        """Views of the parameters."""
        layers, at, at_intercept = [], 0, self.n_weights
        for inputs, outputs in pairwise(self.sizes):
            weights = theta[at : at + inputs * outputs].reshape(inputs, outputs)
            layers.append((weights, theta[at_intercept : at_intercept + outputs]))
            at, at_intercept = at + inputs * outputs, at_intercept + outputs
        return layers

    def initial(self, rng: np.random.Generator, dtype: DTypeLike) -> Floats:
        """Uniform within the bounds of Glorot & Bengio (2010), intercepts too, as scikit-learn has them."""
        theta = np.empty(self.n_parameters, dtype)
        for weights, intercepts in self.layers(theta):
            bound = np.sqrt(self._gain / sum(weights.shape))
            weights[...] = rng.uniform(-bound, bound, weights.shape)
            intercepts[...] = rng.uniform(-bound, bound, intercepts.shape)
        return theta

    def pack(self, coefs: list[Floats], intercepts: list[Floats], dtype: DTypeLike) -> Floats:
        """One vector, a new one, of all layers' parameters."""
        return np.concatenate([part.ravel() for part in [*coefs, *intercepts]], dtype=dtype)


class Pass:
    """Buffers for up to `n_rows` rows at a time, which every call overwrites; dropout if there is a seed for it."""

    def __init__(
        self, network: Network, n_rows: int, dtype: DTypeLike, *, dropout: float = 0.0, seed: int | None = None
    ) -> None:
        def buffers(wanted: bool) -> list[Any]:
            return [np.empty((n_rows, size), dtype) if wanted else None for size in network.sizes[1:-1]]

        self.activation = network.activation
        self._outputs = [*buffers(True), np.empty((n_rows, network.sizes[-1]), dtype)]
        self._n_rows, self._dtype = n_rows, dtype
        self._keep = 1.0 - dropout
        self._rng = np.random.default_rng(seed) if dropout else None
        self._masks, self._slopes = buffers(dropout > 0), buffers(self.activation.keeps_slope)
        self._deltas = buffers(False)

    def scores(self, X: Any, layers: Layers, *, training: bool = False) -> Floats:
        """Scores of rows of X, in a buffer; for a gradient of the same rows to follow if `training`."""
        n, last = X.shape[0], len(layers) - 1
        h: Any = X
        for i, (weights, intercepts) in enumerate(layers):
            out: Floats = self._outputs[i][:n]
            if sparse.issparse(h):
                out[...] = h @ weights
            else:
                np.matmul(h, weights, out=out)
            out += intercepts
            if i < last:
                self.activation.apply(out, self._slopes[i][:n] if training and self.activation.keeps_slope else None)
                if training and self._rng is not None:
                    out *= self._new_mask(i, n)
            h = out
        scores: Floats = self._outputs[-1][:n]
        return scores

    def loss(self, X: Any, labels: NDArray[np.int64], weight: NDArray[np.float64], layers: Layers) -> float:
        """Sum of the weighted cross-entropies."""
        return self._losses(self.scores(X, layers), labels, weight)

    def gradient(
        self,
        X: Any,
        labels: NDArray[np.int64],
        weight: NDArray[np.float64],
        layers: Layers,
        into: Layers,
        *,
        divisor: float,
        smoothing: float,
    ) -> float:
        """Sum of the weighted losses; the gradient of it over the divisor, layer by layer, goes into `into`."""
        delta = self.scores(X, layers, training=True)
        loss = self._losses(delta, labels, weight, delta, divisor, smoothing)
        n = X.shape[0]
        for i in reversed(range(len(layers))):
            inputs = self._outputs[i - 1][:n] if i else X
            of_weights, of_intercepts = into[i]
            if sparse.issparse(inputs):
                of_weights[...] = inputs.T @ delta
            else:
                np.matmul(inputs.T, delta, out=of_weights)
            np.add.reduce(delta, axis=0, out=of_intercepts)
            if i == 0:
                return loss
            if self._deltas[i - 1] is None:
                self._deltas[i - 1] = np.empty_like(self._outputs[i - 1])
            delta = np.matmul(delta, layers[i][0].T, out=self._deltas[i - 1][:n])
            if self._rng is not None:
                delta *= self._masks[i - 1][:n]
                inputs *= self._keep  # the activation as it was; where it was dropped, delta is 0
            self.activation.back(delta, inputs, self._slopes[i - 1][:n] if self.activation.keeps_slope else None)
        return loss

    def _losses(
        self,
        scores: Floats,
        labels: NDArray[np.int64],
        weight: NDArray[np.float64],
        gradient: Floats | None = None,
        divisor: float = 1.0,
        smoothing: float = 0.0,
    ) -> float:
        losses = np.empty(len(labels))
        _core.weighted_cross_entropy(
            scores, labels, None, None, smoothing, 0.0, None, weight, divisor, losses, gradient
        )
        return float(losses.sum())

    def _new_mask(self, i: int, n: int) -> Floats:
        """0 with the probability of dropout and otherwise its inverse's complement: activations keep their mean."""
        mask: Floats = self._masks[i][:n]
        assert self._rng is not None
        self._rng.random(out=mask, dtype=mask.dtype)
        np.less(mask, self._keep, out=mask)
        mask *= 1 / self._keep
        return mask
