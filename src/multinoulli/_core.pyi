# SPDX-License-Identifier: BSD-3-Clause
from collections.abc import Callable
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
def entry(name: str, /) -> Callable[[_F], _F]: ...
def get_num_threads() -> int: ...
def set_num_threads(num_threads: int, /) -> None: ...
