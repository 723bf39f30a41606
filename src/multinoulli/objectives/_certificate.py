# SPDX-License-Identifier: BSD-3-Clause
"""The proof of how far any point is from the minimum, on its own: from the data and the point, in float64.

Primal, with weights that sum to 1 and a free intercept::

    F(coef, intercept) = sum_i w_i [logsumexp(z_i) - z_i,y_i] + l2/2 |coef|^2,      z_i = x_i coef + intercept

Dual. logsumexp(z) is the largest value of <q, z> + entropy(q) over distributions q; exchange minimum and maximum, and
any distributions q_i whose weighted mean is the class frequencies (else the intercept would make it -inf) give a
lower bound::

    D(q) = sum_i w_i entropy(q_i) - |V|^2 / (2 l2),      V = sum_i w_i (q_i - onehot(y_i)) x_i'

At q = softmax(z) that meets the constraint, F - D = |dF/dcoef|^2 / (2 l2) exactly (Fenchel-Young). Without an
intercept there is no constraint. The gap F - D bounds how far F is from its minimum, in nats a sample.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from multinoulli.functions import softmax
from multinoulli.losses import cross_entropy
from multinoulli.objectives._blocks import Blocks, Products

Float64 = NDArray[np.float64]

# Relative error of the classes' mean predictions from which their curvature serves for all steps to come, and the one
# that many scores, which take long to read, are left with: mixing costs the bound about so much.
NEAR, LARGE, NEGLIGIBLE = 1e-2, 1 << 25, 1e-9
TINY = float(np.finfo(float).tiny)  # in place of 0, of which there is nothing to add
# Newton steps for the intercept when a certificate is made: two or three are usual.
MAX_INTERCEPT_STEPS = 20


class Proof(NamedTuple):
    """``dual <= minimum <= primal``, and the gradient of the loss with respect to coefficients and intercept."""

    primal: float
    dual: float
    of_coef: Float64
    of_intercept: Float64


def prove(
    blocks: Blocks, products: Products, labels: NDArray[np.int64], weight: Float64, coef: Float64, intercept: Float64,
    l2: float, *, has_intercept: bool, mean_proba: Float64, prior: Float64,
) -> Proof:  # fmt: skip
    """Bounds from both sides. Coefficients are (n_features, K) for rows less `blocks.mean`, the intercept there (K,).

    `products` are those of the blocks and the coefficients.

    The constraint on the mean of q is met to rounding by the intercept and then exactly by mixing: q <- (1 - mix) q +
    mix s with one distribution s for all rows. Good to about 1e-14 of F. Without a penalty there is no bound: -inf.
    """
    mix, s = 0.0, np.zeros_like(prior)
    if has_intercept:
        with np.errstate(divide="ignore"):  # a class that no row predicts at all: -inf is no bound
            mix = max(0.0, float(np.max(1 - prior / mean_proba)))
        s = np.maximum(prior - (1 - mix) * mean_proba, 0.0)  # mix * s

    def of_span(rows: slice) -> tuple[float, float, Float64]:
        total, entropy, V = 0.0, 0.0, np.zeros(coef.shape)
        for some in blocks.blocks(rows):
            block, y, w = blocks.read(some), labels[some], weight[some]
            scores = products(some, block) + intercept
            total += float(cross_entropy(scores, y) @ w)
            q = softmax(scores) * (1 - mix) + s
            entropy -= float(np.vecdot(q, np.log(np.maximum(q, TINY))) @ w)
            q[np.arange(len(y)), y] -= 1
            q *= w[:, None]
            blocks.add_adjoint(block, q, V)
        return total, entropy, V

    loss, entropy, V = blocks.total(of_span)
    square = float(np.vdot(coef, coef))
    dual = entropy - float(np.vdot(V, V)) / (2 * l2) if l2 > 0 else -np.inf
    return Proof(loss + 0.5 * l2 * square, dual, V + l2 * coef, mean_proba - prior)


def best_intercept(
    blocks: Blocks, products: Products, weight: Float64, intercept: Float64, prior: Float64
) -> tuple[Float64, Float64, int]:
    """Newton's method on the intercept alone, until the mean prediction is the class frequencies.

    Returns the intercept, the mean prediction and how often it asked for all products.
    """
    n_classes, wanted = len(prior), NEGLIGIBLE if blocks.n_samples * len(prior) > LARGE else 1e-13
    hessian: Float64 | None = None

    def of_span(rows: slice) -> tuple[Float64, Float64]:
        mean, square = np.zeros(n_classes), np.zeros((n_classes, n_classes) if hessian is None else (1, 1))
        for some in blocks.blocks(rows):
            p = softmax(products(some) + intercept)
            mean += weight[some] @ p
            if hessian is None:
                square += (p * weight[some, None]).T @ p
        return mean, square

    last, mean, readings = np.inf, prior, 0
    while readings < MAX_INTERCEPT_STEPS:
        readings += 1
        mean, square = blocks.total(of_span)
        wrong = float(np.max(np.abs(mean - prior) / prior))
        if wrong < wanted or wrong > 0.5 * last < 1e-9:  # exact, or as near as rounding lets it come
            break
        last = wrong
        of_all = np.diag(mean) - square + 1 / n_classes**2 if hessian is None else hessian  # no step along a constant
        hessian = of_all if wrong < NEAR else None
        step = np.linalg.lstsq(of_all, prior - mean, rcond=None)[0]
        intercept = intercept + step * min(1.0, 2.0 / float(np.max(np.abs(step)) + 1e-300))
    return intercept - intercept.mean(), mean, readings
