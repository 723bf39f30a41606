# SPDX-License-Identifier: BSD-3-Clause
"""The promised units in the last place, against exact values, for scores of every temper."""

import numpy as np
import pytest
from mpmath import mpf

from instruction_sets import LEVELS, results_of
from reference import LABELLED, NAMES, PROMISED_ULPS, call, exact_row, ulps

LENGTHS = [1, 2, 3, 10, 17, 64, 65, 200, 1030]


def confident(rng, n):
    scores = rng.standard_normal(n)
    scores[rng.integers(n)] = rng.choice([5, 25, 60, 300])
    return scores


DISTRIBUTIONS = {
    "normal": lambda rng, n: 2 * rng.standard_normal(n),
    "uniform 40": lambda rng, n: rng.uniform(-40, 40, n),
    "uniform 500": lambda rng, n: rng.uniform(-500, 500, n),
    "offset 1e4": lambda rng, n: rng.standard_normal(n) + 1e4,
    "offset 1e6": lambda rng, n: rng.standard_normal(n) + 1e6,
    "offset -3e30": lambda rng, n: rng.standard_normal(n) - 3e30,
    "confident": confident,
    "nearly equal": lambda rng, n: 1e-3 * rng.standard_normal(n),
    "logsumexp near 0": lambda rng, n: 1e-3 * rng.standard_normal(n) - np.log(n),
    "ties": lambda rng, n: rng.integers(-2, 2, n).astype(float),
    "subnormal results": lambda rng, n: rng.uniform(-760, 0, n) * (np.arange(n) > 0),
}


def rows_of(distribution, dtype):
    rng = np.random.default_rng(0)
    for n in LENGTHS:
        scores = DISTRIBUTIONS[distribution](rng, n).astype(dtype)
        for label in sorted({int(scores.argmax()), int(rng.integers(n))}):
            yield scores, np.array(label)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_promised_ulps(distribution, dtype, tmp_path):
    rows = list(rows_of(distribution, dtype))
    calls = {
        f"{name}-{i}": (scores, label) if name in LABELLED else (scores,)
        for i, (scores, label) in enumerate(rows)
        for name in NAMES
    }
    found = [results for level in LEVELS if (results := results_of(level, tmp_path, calls))]
    found.append({key: call(key.partition("-")[0], *arguments) for key, arguments in calls.items()})
    for i, (scores, label) in enumerate(rows):
        exact = exact_row(scores, int(label))
        for name in NAMES:
            scale = exact["log_sum"] if name == "logsumexp" else 0
            for results in found:
                error = ulps(results[f"{name}-{i}"], exact[name], scale)
                assert error <= PROMISED_ULPS[dtype][name], (name, len(scores), int(label))


def outweighed(rng, n, dtype):
    """Rows where one exp below the maximum outweighs the rest: what it lost shows twice in the logarithm."""
    n_rows = 200_000 // n
    others = 2.0 ** -rng.integers(0, 8, n_rows) * rng.uniform(1, 1.5, n_rows)
    scores = np.full((n_rows, n), -40.0)
    scores[:, :2] = np.stack([np.zeros(n_rows), np.log(np.minimum(others, 1))], axis=1)
    scores[:, 2:3] = -rng.exponential(8, (n_rows, min(n - 2, 1)))
    near_0 = -np.log1p(others) * rng.choice([0, 1, 2], n_rows) * rng.uniform(0.9, 1.1, n_rows)
    return rng.permuted(scores + near_0[:, np.newaxis], axis=1).astype(dtype)


# Long doubles do: 64 bits of precision are 0.002 ulp of a double here.
@pytest.mark.parametrize("n", [2, 3, 5, 31, 100, 300, 1030])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_promised_ulps_where_one_exp_outweighs_the_others(n, dtype, tmp_path):
    scores = outweighed(np.random.default_rng(n), n, dtype)
    labels = scores.argmax(axis=1)
    below = scores.astype(np.longdouble) - scores.max(axis=1, keepdims=True)
    exps = np.exp(below)
    np.put_along_axis(exps, labels[:, np.newaxis], 0, axis=1)
    log_sum = np.log1p(exps.sum(axis=1))
    exact = {
        "log_softmax": below - log_sum[:, np.newaxis],
        "logsumexp": scores.max(axis=1) + log_sum,
        "cross_entropy": log_sum,
    }
    units = {name: np.spacing(np.abs(values).astype(dtype)) for name, values in exact.items()}
    units["logsumexp"] = np.maximum(units["logsumexp"], units["cross_entropy"])
    calls = {
        f"{name}-{order}": (np.asarray(scores, order=order), *([labels] if name in LABELLED else []))
        for name in exact
        for order in "CF"
    }
    for level in LEVELS:
        for key, result in (results_of(level, tmp_path, calls) or {}).items():
            name = key.partition("-")[0]
            assert (np.abs(result - exact[name]) / units[name]).max() <= PROMISED_ULPS[dtype][name], (level, key)


def summed_exactly(terms):
    """The sum of long doubles, pairwise: 24 roundings of 2^-64 are nothing to a double."""
    while len(terms) > 1:
        if len(terms) % 2:
            terms = np.append(terms, np.longdouble(0))
        terms = terms[::2] + terms[1::2]
    return terms[0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_promised_ulps_of_rows_of_16_million(dtype, tmp_path):
    scores = np.random.default_rng(2).normal(3, 5, 2**24 + 7).astype(dtype)
    exps = np.exp(scores.astype(np.longdouble) - scores.max())  # 64 bits of precision: 0.001 ulp of a double
    total, top = summed_exactly(exps), np.longdouble(scores.max())
    exact = {
        "softmax": exps / total,
        "log_softmax": scores.astype(np.longdouble) - top - np.log(total),
        "logsumexp": top + np.log(total),
        "cross_entropy": top - scores[5] + np.log(total),
    }
    calls = {f"{name}-": (scores, np.array(5)) if name in LABELLED else (scores,) for name in exact}
    for level in LEVELS:
        results = results_of(level, tmp_path, calls)
        for key, result in (results or {}).items():
            name = key.partition("-")[0]
            unit = np.spacing(np.abs(exact[name]).astype(dtype)).astype(np.longdouble)
            assert (np.abs(result - exact[name]) / unit).max() <= PROMISED_ULPS[dtype][name], (level, name)


@pytest.mark.parametrize("temperature", [0.01, 0.3, 1.7, 40.0])
def test_a_temperature_costs_no_accuracy_in_float32(temperature):
    scores = np.random.default_rng(1).normal(1e3, 3, 50).astype(np.float32)
    exact = exact_row([mpf(float(score)) / mpf(temperature) for score in scores], 7)
    exact["cross_entropy_gradient"] = [slope / mpf(temperature) for slope in exact["cross_entropy_gradient"]]
    for name in NAMES:
        assert ulps(call(name, scores, 7, temperature=temperature), exact[name]) <= 0.51, name


@pytest.mark.parametrize("temperature", [1e-3, 0.3, 1.7, 40.0])
def test_a_temperature_in_float64(temperature):
    scores = np.random.default_rng(1).normal(1e3, 3, 50)
    exact = exact_row([mpf(float(score)) / mpf(temperature) for score in scores], 7)
    # Rounding z / T, or z - max z, is an absolute error in log p of at most half an ulp of the largest |z / T|.
    absolute = np.finfo(float).eps * max(1, 2 * np.abs(scores).max() / temperature)
    np.testing.assert_allclose(
        call("log_softmax", scores, temperature=temperature),
        [float(v) for v in exact["log_softmax"]],
        rtol=0,
        atol=absolute,
    )
