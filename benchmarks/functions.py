# SPDX-License-Identifier: BSD-3-Clause
"""The functions against SciPy, PyTorch and the formula in NumPy."""

from __future__ import annotations

import numpy as np
from scipy import special

import multinoulli
from benchmarks.harness import Work, interleaved, markdown, repeated, threads

try:
    import torch
    from torch.nn import functional
except ImportError:
    torch = None

SHAPES = {"1,000,000 × 10": (1_000_000, 10), "20,000 × 1,000": (20_000, 1_000), "1,024 × 32,000": (1_024, 32_000)}
PEERS = ["NumPy formula", "SciPy", "PyTorch"]


def numpy_softmax(x: np.ndarray) -> np.ndarray:
    """The formula as it is usually written."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    e /= e.sum(axis=-1, keepdims=True)
    return e


def numpy_logsumexp(x: np.ndarray) -> np.ndarray:
    """The formula as it is usually written."""
    top = x.max(axis=-1, keepdims=True)
    return np.log(np.exp(x - top).sum(axis=-1)) + top[..., 0]


def numpy_log_softmax(x: np.ndarray) -> np.ndarray:
    """The formula as it is usually written."""
    return x - numpy_logsumexp(x)[..., None]


def cases(x: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, Work]]:
    """Every function, and who has it. Outputs are reused where the interface allows it."""
    rows = np.arange(len(x))
    out, per_row = np.empty_like(x), np.empty(len(x), x.dtype)

    def numpy_gradient() -> None:
        p = numpy_softmax(x)
        p[rows, labels] -= 1

    work: dict[str, dict[str, Work]] = {
        "softmax": {
            "multinoulli": lambda: multinoulli.softmax(x, out=out),
            "NumPy formula": lambda: numpy_softmax(x),
            "SciPy": lambda: special.softmax(x, axis=-1),
        },
        "log_softmax": {
            "multinoulli": lambda: multinoulli.log_softmax(x, out=out),
            "NumPy formula": lambda: numpy_log_softmax(x),
            "SciPy": lambda: special.log_softmax(x, axis=-1),
        },
        "logsumexp": {
            "multinoulli": lambda: multinoulli.logsumexp(x, out=per_row),
            "NumPy formula": lambda: numpy_logsumexp(x),
            "SciPy": lambda: special.logsumexp(x, axis=-1),
        },
        "cross_entropy": {
            "multinoulli": lambda: multinoulli.cross_entropy(x, labels, out=per_row),
            "NumPy formula": lambda: numpy_logsumexp(x) - x[rows, labels],
        },
        "loss and gradient": {
            "multinoulli": lambda: multinoulli.cross_entropy_gradient(x, labels, out=(per_row, out)),
            "NumPy formula": numpy_gradient,
        },
    }
    if torch is not None:
        t, t_out, t_labels = torch.from_numpy(x), torch.empty(x.shape), torch.from_numpy(labels)

        def torch_gradient() -> None:
            leaf = t.detach().requires_grad_(True)
            functional.cross_entropy(leaf, t_labels, reduction="sum").backward()

        work["softmax"]["PyTorch"] = lambda: torch.softmax(t, -1, out=t_out)
        work["log_softmax"]["PyTorch"] = lambda: torch.log_softmax(t, -1, out=t_out)
        work["logsumexp"]["PyTorch"] = lambda: torch.logsumexp(t, -1)
        work["cross_entropy"]["PyTorch"] = lambda: functional.cross_entropy(t, t_labels, reduction="none")
        work["loss and gradient"]["PyTorch"] = torch_gradient
    for some in work.values():
        some["copy"] = lambda: np.copyto(out, x)
    return work


def big_arrays() -> str:
    """The table of large float32 arrays."""
    rng = np.random.default_rng(0)
    rows = []
    for shape_name, shape in SHAPES.items():
        x = rng.standard_normal(shape, dtype=np.float32) * 2
        labels = rng.integers(0, shape[1], shape[0])
        for name, work in cases(x, labels).items():
            for n in 1, 2:
                with threads(n):
                    taken = interleaved(work, rounds=(5, 9))
                own = taken["multinoulli"]
                rows.append(
                    [shape_name, name, str(n), f"{own * 1e3:.1f}"]
                    + [f"{taken[peer] / own:.1f}×" if peer in taken else "–" for peer in PEERS]
                    + [f"{taken['copy'] / own:.2f}" if name in {"softmax", "log_softmax"} and n == 1 else ""]
                )
    header = ["float32 scores", "function", "threads", "multinoulli, ms", *PEERS, "copy ÷ ours"]
    return markdown(header, rows)


def small_calls() -> str:
    """The table of single calls on little data, where the interface is what costs."""
    rows = []
    for n in 10, 1000:
        x = np.random.default_rng(0).standard_normal(n).astype(np.float32)
        work: dict[str, Work] = {
            "multinoulli": lambda x=x: multinoulli.softmax(x),
            "NumPy formula": lambda x=x: numpy_softmax(x),
            "SciPy": lambda x=x: special.softmax(x, axis=-1),
        }
        if torch is not None:
            tensor = torch.from_numpy(x)
            work["PyTorch"] = lambda tensor=tensor: torch.softmax(tensor, -1)
        with threads(1):
            taken = interleaved({name: repeated(call, 2000) for name, call in work.items()}, rounds=(15, 25))
        own = taken["multinoulli"]
        rows.append(
            [f"{n:,}", f"{own / 2000 * 1e6:.2f}"]
            + [f"{taken[peer] / own:.1f}×" if peer in taken else "–" for peer in PEERS]
        )
    return markdown(["softmax of n float32 scores, n =", "multinoulli, µs", *PEERS], rows)
