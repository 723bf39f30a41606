# SPDX-License-Identifier: BSD-3-Clause
"""Steps of training against their formulas in long double."""

import os
import subprocess
import sys

import numpy as np
import pytest

from instruction_sets import LEVELS
from multinoulli import _core

SIZES = [0, 1, 7, 16, 17, 63, 200, 40_001]
ADAM = {"l2": 0.03, "kept": 0.98, "rate": 0.01, "beta_1": 0.9, "beta_2": 0.99, "scale": 1.7, "epsilon": 1e-3}


def problem(size, dtype, n_gradients=1):
    rng = np.random.default_rng(size)
    theta, first = rng.standard_normal((2, size)).astype(dtype)
    second = rng.random(size).astype(dtype)
    return theta, rng.standard_normal((n_gradients, size)).astype(dtype), first, second


def exact(theta, gradients, first, second, n_weights, kept, l2):
    """Everything in long double, the whole gradient, and what the parameters are before they move."""
    theta, first, second = (np.asarray(one, np.longdouble) for one in (theta, first, second))
    weights = np.arange(len(theta)) < n_weights
    g = np.asarray(gradients, np.longdouble).sum(axis=0) + np.where(weights, l2, 0) * theta
    return g, first, second, np.where(weights, kept, 1) * theta


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("n_gradients", [1, 3])
def test_adam(dtype, size, n_gradients):
    theta, gradients, first, second = problem(size, dtype, n_gradients)
    n_weights = size * 2 // 3
    g, m, v, before = exact(theta, gradients, first, second, n_weights, ADAM["kept"], ADAM["l2"])
    m = ADAM["beta_1"] * m + (1 - np.longdouble(ADAM["beta_1"])) * g
    v = ADAM["beta_2"] * v + (1 - np.longdouble(ADAM["beta_2"])) * g**2
    expected = before - ADAM["rate"] * m / (ADAM["scale"] * np.sqrt(v) + ADAM["epsilon"])
    _core.adam_step(theta, gradients, first, second, n_weights, *ADAM.values(), 1)
    near = 30 * np.finfo(dtype).eps
    np.testing.assert_allclose(first, m, rtol=near, atol=near)
    np.testing.assert_allclose(second, v, rtol=near, atol=near)
    np.testing.assert_allclose(theta, expected, rtol=near, atol=near)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("nesterov", [False, True])
def test_momentum(dtype, size, nesterov):
    theta, gradients, velocity, _ = problem(size, dtype, 2)
    n_weights, rate, momentum = size // 3, 0.1, 0.8
    g, u, _, before = exact(theta, gradients, velocity, velocity, n_weights, 0.9, 0.2)
    u = momentum * u - rate * g
    expected = before + (momentum * u - rate * g if nesterov else u)
    _core.momentum_step(theta, gradients, velocity, n_weights, 0.2, 0.9, rate, momentum, nesterov, 1)
    near = 30 * np.finfo(dtype).eps
    np.testing.assert_allclose(velocity, u, rtol=near, atol=near)
    np.testing.assert_allclose(theta, expected, rtol=near, atol=near)


def test_neither_threads_nor_places_change_a_bit():
    results = []
    for threads, offset in (1, 0), (2, 0), (7, 0), (1, 5):
        size = 900_000
        theta, gradients, first, second = (
            np.concatenate([np.zeros((*one.shape[:-1], offset), one.dtype), one], axis=-1)
            for one in problem(size, np.float32)
        )
        _core.adam_step(theta, gradients, first, second, 500_000 + offset, *ADAM.values(), threads)
        results.append((theta[offset:], first[offset:], second[offset:]))
    for other in results[1:]:
        for ours, theirs in zip(results[0], other, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_wrong_arguments_are_refused():
    theta, gradients, first, second = problem(10, np.float32)
    with pytest.raises(ValueError, match="more weights than the 10 parameters"):
        _core.adam_step(theta, gradients, first, second, 11, *ADAM.values(), 1)
    with pytest.raises(ValueError, match="length 10 along axis 0, not 9"):
        _core.adam_step(theta[:9].copy(), gradients[:, :9].copy(), first, second[:9].copy(), 0, *ADAM.values(), 1)
    with pytest.raises(TypeError, match="dtype float64"):
        _core.adam_step(theta, gradients.astype(float), first, second, 0, *ADAM.values(), 1)
    with pytest.raises(ValueError, match="must be a gradient"):
        _core.momentum_step(theta, gradients[:0], first, 0, 0.0, 1.0, 0.1, 0.9, True, 1)
    theta.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        _core.momentum_step(theta, gradients, first, 0, 0.0, 1.0, 0.1, 0.9, True, 1)


ELSEWHERE = """
import importlib.util, sys
import numpy as np
spec = importlib.util.spec_from_file_location("multinoulli._core", sys.argv[1])
core = importlib.util.module_from_spec(spec)
with np.load(sys.argv[2]) as arrays:
    theta, gradients, first, second = (arrays[f"arr_{i}"] for i in range(4))
core.adam_step(theta, gradients, first, second, 100, *map(float, sys.argv[4:]), 1)
np.save(sys.argv[3], theta)
"""


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_instruction_set_takes_the_same_step(level, dtype, tmp_path):
    given = problem(1003, dtype, 2)
    np.savez(tmp_path / "given.npz", *given)
    command = [sys.executable, "-c", ELSEWHERE, _core.__file__, tmp_path / "given.npz", tmp_path / "theta.npy"]
    environment = {**os.environ, "MULTINOULLI_ISA": level}
    done = subprocess.run([*command, *map(str, ADAM.values())], env=environment, capture_output=True, text=True)
    if "this processor lacks that instruction set" in done.stderr:
        pytest.skip(f"no {level} here")
    assert done.returncode == 0, done.stderr
    _core.adam_step(*given, 100, *ADAM.values(), 1)  # the formulas are tested above
    near = 30 * np.finfo(dtype).eps
    np.testing.assert_allclose(np.load(tmp_path / "theta.npy"), given[0], rtol=near, atol=near)
