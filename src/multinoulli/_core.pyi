# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np

_F = TypeVar("_F", bound=Callable[..., Any])

isa: str

softmax: np.ufunc
log_softmax: np.ufunc
logsumexp: np.ufunc
cross_entropy: np.ufunc
cross_entropy_gradient: np.ufunc

sigmoid: np.ufunc
log_sigmoid: np.ufunc
softplus: np.ufunc
logit: np.ufunc
log1mexp: np.ufunc

_Array = np.ndarray[Any, Any]

def softmax_vjp(scores: _Array, cotangent: _Array, out: _Array, /) -> None: ...
def log_softmax_vjp(scores: _Array, cotangent: _Array, out: _Array, /) -> None: ...
def segment_softmax(scores: _Array, indptr: _Array, out: _Array, /) -> None: ...
def segment_logsumexp(scores: _Array, indptr: _Array, out: _Array, /) -> None: ...
def linear_scores(
    X: _Array, mean: _Array | None, coef: _Array, offset: _Array, out: _Array, threads: int, /
) -> bool: ...
def linear_predictions(
    X: _Array, mean: _Array | None, coef: _Array, offset: _Array, function: str, out: _Array, threads: int, /
) -> bool: ...
def linear_gradient(
    X: _Array,
    mean: _Array | None,
    scores: _Array,
    labels: _Array,
    weight: _Array,
    gradient: _Array,
    sums: _Array,
    spread: _Array | None,
    proba: _Array | None,
    threads: int,
    /,
) -> float: ...
def linear_hessian(
    X: _Array,
    proba: _Array,
    weight: _Array,
    damping: float,
    vector: _Array,
    offset: _Array,
    out: _Array,
    sums: _Array,
    threads: int,
    /,
) -> None: ...
def linear_search(
    scores: _Array,
    directions: Sequence[_Array],
    steps: Sequence[float] | _Array,
    offset: _Array,
    labels: _Array,
    weight: _Array,
    hessian_every: int,
    threads: int,
    /,
) -> tuple[float, _Array, _Array]: ...
def linear_move(
    scores: _Array, directions: Sequence[_Array], steps: Sequence[float] | _Array, offset: _Array, threads: int, /
) -> None: ...
def csr_scores(
    data: _Array, indices: _Array, indptr: _Array, coef: _Array, offset: _Array, out: _Array, threads: int, /
) -> None: ...
def csr_adjoint(
    data: _Array, indices: _Array, indptr: _Array, residual: _Array, out: _Array, threads: int, /
) -> None: ...
def adam_step(
    theta: _Array,
    gradients: _Array,
    first: _Array,
    second: _Array,
    n_weights: int,
    l2: float,
    kept: float,
    rate: float,
    beta_1: float,
    beta_2: float,
    scale: float,
    epsilon: float,
    threads: int,
    /,
) -> None: ...
def momentum_step(
    theta: _Array,
    gradients: _Array,
    velocity: _Array,
    n_weights: int,
    l2: float,
    kept: float,
    rate: float,
    momentum: float,
    nesterov: bool,
    threads: int,
    /,
) -> None: ...
def class_moments(
    X: _Array, labels: _Array, weight: _Array, centre: _Array | None, first: _Array, second: _Array | None, /
) -> None: ...
def csr_sums(data: _Array, indices: _Array, indptr: _Array, rows: _Array, weight: _Array, sums: _Array, /) -> None: ...
def gaussian_scores(X: _Array, mean: _Array, low: _Array, scale: _Array, offset: _Array, out: _Array, /) -> None: ...
def count_categories(codes: _Array, starts: _Array, labels: _Array, weight: _Array, counts: _Array, /) -> None: ...
def category_scores(codes: _Array, starts: _Array, table: _Array, offset: _Array, out: _Array, /) -> bool: ...
def use_blas(dgemm: Any, sgemm: Any, /) -> None: ...
def weighted_cross_entropy(
    scores: _Array | None,
    labels: _Array | None,
    targets: _Array | None,
    class_weight: _Array | None,
    label_smoothing: float,
    z_loss: float,
    offsets: _Array | None,
    weights: _Array | None,
    divisor: float,
    losses: _Array,
    gradient: _Array | None,
    /,
) -> None: ...
def weigh_targets(targets: _Array, class_weight: _Array | None, sums: _Array, /) -> None: ...
def weighted_binary_cross_entropy(
    scores: _Array,
    labels: _Array,
    first: float,
    second: float,
    label_smoothing: float,
    z_loss: float,
    weights: _Array | None,
    divisor: float,
    losses: _Array | None,
    gradient: _Array | None,
    /,
) -> float | None: ...
def entry(name: str, /) -> Callable[[_F], _F]: ...
def get_num_threads() -> int: ...
def set_num_threads(num_threads: int, /) -> None: ...
