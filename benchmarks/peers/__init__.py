# SPDX-License-Identifier: BSD-3-Clause
"""One module a library, each imported in a process of its own: ``prepare(function, problem)`` gives the call to time.

The call takes no arguments and returns the result, something that `numpy.asarray` understands; of the cross-entropy
with its gradient, the pair. `prepare` returns None where the library does not have the function.
"""

from collections.abc import Callable
from typing import Any

Call = Callable[[], Any]

OURS = "multinoulli"
COPY = "copying"  # what no function can be faster than that writes as much as it reads
THREADED = {"torch": "PyTorch", "onnxruntime": "onnxruntime", "jax": "JAX", "numba": "numba"}
# Slow, and with one thread for these functions (scikit-learn could have more): measured with one thread only.
SINGLE = {"numpy": "NumPy formula", "scipy": "SciPy", "sklearn": "scikit-learn"}
PEERS = THREADED | SINGLE
