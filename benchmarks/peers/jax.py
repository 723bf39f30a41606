# SPDX-License-Identifier: BSD-3-Clause
"""JAX, jitted, on arrays that it holds already; it knows no strides, so a view is copied to it in every call."""

from collections.abc import Callable
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import logit, logsumexp

from benchmarks.peers import Call
from benchmarks.problems import LABELLED, Problem


def cross_entropy(scores: Any, labels: Any, axis: int) -> Any:
    """The logsumexp less the label's score."""
    chosen = jnp.take_along_axis(scores, jnp.expand_dims(labels, axis), axis)
    return logsumexp(scores, axis=axis) - chosen.squeeze(axis)


def cross_entropy_gradient(scores: Any, labels: Any, axis: int) -> Any:
    """The loss of each sample and, through differentiation of their sum, its gradient."""

    def total(scores: Any) -> Any:
        loss = cross_entropy(scores, labels, axis)
        return loss.sum(), loss

    (_, loss), gradient = jax.value_and_grad(total, has_aux=True)(scores)
    return loss, gradient


ROWS: dict[str, Callable[..., Any]] = {
    "softmax": jax.nn.softmax,
    "log_softmax": jax.nn.log_softmax,
    "logsumexp": logsumexp,
    "cross_entropy": cross_entropy,
    "cross_entropy_gradient": cross_entropy_gradient,
}
ELEMENTS: dict[str, Callable[..., Any]] = {
    "sigmoid": jax.nn.sigmoid,
    "log_sigmoid": jax.nn.log_sigmoid,
    "softplus": jax.nn.softplus,
    "logit": logit,
    "log1mexp": lambda x: jax.nn.log1mexp(-x),  # JAX's argument has the other sign
}


@cache  # of its own, JAX would compile each new lambda again
def compiled(function: str, axis: int) -> Callable[..., Any]:
    """The function of scores, and of labels if it has them."""
    if function in ROWS:
        return jax.jit(lambda *arguments: ROWS[function](*arguments, axis=axis))
    return jax.jit(ELEMENTS[function])


def prepare(function: str, problem: Problem) -> Call | None:
    """Return the compiled function, which waits for its result."""
    compute = compiled(function, problem.axis)
    wait: Callable[[Any], Any] = jax.block_until_ready
    labels = (jnp.asarray(problem.labels, jnp.int32),) if function in LABELLED else ()
    if not problem.scores.flags.c_contiguous:
        return lambda: wait(compute(jnp.asarray(problem.scores), *labels))
    scores = jax.device_put(problem.scores)
    return lambda: wait(compute(scores, *labels))
