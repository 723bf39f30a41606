# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of softmax and log_softmax: against the definitions in mpmath, finite differences, and each other."""

import ml_dtypes
import mpmath
import numpy as np
import pytest
from mpmath import mpf
from threadpoolctl import threadpool_limits

from instruction_sets import LEVELS, results_of
from layouts import LAYOUTS
from multinoulli.functions import log_softmax, log_softmax_vjp, softmax, softmax_jacobian, softmax_jvp, softmax_vjp
from multinoulli.losses import cross_entropy_gradient, cross_entropy_hvp
from reference import exact_row, ulps

INF, NAN = np.inf, np.nan
PRODUCTS = {"softmax_vjp": softmax_vjp, "log_softmax_vjp": log_softmax_vjp}
DIFFERENTIATED = {"softmax_vjp": softmax, "log_softmax_vjp": log_softmax}
LENGTHS = [1, 2, 3, 8, 10, 17, 64, 65, 130]
ROWS = {
    "normal": lambda rng, n: 2 * rng.standard_normal(n),
    "spread": lambda rng, n: rng.uniform(-40, 40, n),
    "certain": lambda rng, n: np.where(np.arange(n) == n // 2, 60, 0) + rng.standard_normal(n),
    "ties": lambda rng, n: rng.integers(0, 2, n).astype(float),
}


def exactly(name, scores, vector):
    """The exact entries, and for each the size of the terms that it is the difference of."""
    p, v = exact_row(scores)["softmax"], [mpf(float(x)) for x in vector]
    m = max(range(len(p)), key=lambda k: p[k])
    if name == "softmax_vjp":
        mean = mpmath.fsum(a * b for a, b in zip(p, v, strict=True))
        spread = mpmath.fsum(a * abs(b - v[m]) for a, b in zip(p, v, strict=True))
        return [a * (b - mean) for a, b in zip(p, v, strict=True)], [
            a * (abs(b - v[m]) + spread) for a, b in zip(p, v, strict=True)
        ]
    total, size = mpmath.fsum(v), mpmath.fsum(abs(b) for b in v)
    sizes = [abs(b) + a * size for a, b in zip(p, v, strict=True)]
    others = mpmath.fsum(a for k, a in enumerate(p) if k != m)
    sizes[m] = abs(v[m]) * others + p[m] * (size - abs(v[m]))
    return [b - a * total for a, b in zip(p, v, strict=True)], sizes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("temper", ROWS)
def test_promised_ulps(name, dtype, temper, tmp_path):
    rng = np.random.default_rng(0)
    rows = [
        (ROWS[temper](rng, n).astype(dtype), (offset + rng.standard_normal(n)).astype(dtype))
        for n in LENGTHS
        for offset in (0, 1000)
    ]
    calls = {f"{name}-{i}": (z, v, np.empty_like(z)) for i, (z, v) in enumerate(rows)}
    found = [results for level in LEVELS if (results := results_of(level, tmp_path, calls))]
    found.append({f"{name}-{i}": PRODUCTS[name](z, v) for i, (z, v) in enumerate(rows)})
    for i, (z, v) in enumerate(rows):
        exact, sizes = exactly(name, z, v)
        for results in found:
            got = results[f"{name}-{i}"]
            for value, truth, size in zip(got, exact, sizes, strict=True):
                assert ulps([value], [truth], size) <= 8, (len(z), float(value), float(truth))


def in_long_double(name, scores, vectors):
    """`exactly` for rows of finite scores, in numpy's long double."""
    z, v = scores.astype(np.longdouble), vectors.astype(np.longdouble)
    exps = np.exp(z - z.max(axis=-1, keepdims=True))
    m = np.arange(z.shape[-1]) == exps.argmax(axis=-1)[:, None]
    p = exps / exps.sum(axis=-1, keepdims=True)
    others = np.where(m, 0, p).sum(axis=-1, keepdims=True)
    v_m = np.where(m, v, 0).sum(axis=-1, keepdims=True)
    if name == "softmax_vjp":
        mean, spread = ((p * d).sum(axis=-1, keepdims=True) for d in (v - v_m, abs(v - v_m)))
        return p * ((v - v_m) - mean), p * (abs(v - v_m) + spread)
    total, rest, size = (d.sum(axis=-1, keepdims=True) for d in (v, np.where(m, 0, v), np.where(m, 0, abs(v))))
    exact = np.where(m, v_m * others - p * rest, v - p * total)
    return exact, np.where(m, abs(v_m) * others + p * size, abs(v) + p * (size + abs(v_m)))


@pytest.mark.skipif(np.finfo(np.longdouble).nmant < 63, reason="long double is no longer than double here")
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PRODUCTS)
def test_promised_ulps_for_every_number_of_classes(name, dtype, tmp_path):
    rng = np.random.default_rng(11)
    calls = {}
    for n in range(1, 71):
        z = np.concatenate([[temper(rng, n) for _ in range(10)] for temper in ROWS.values()])
        v = rng.choice([0, 1000], (len(z), 1)) + rng.standard_normal(z.shape)
        calls[f"{name}-{n}"] = z.astype(dtype), v.astype(dtype), np.empty(z.shape, dtype)
    for level in LEVELS:
        for key, got in (results_of(level, tmp_path, calls) or {}).items():
            exact, size = in_long_double(name, *calls[key][:2])
            unit = np.spacing(np.maximum(size, np.finfo(dtype).tiny).astype(dtype))
            assert (abs(got - exact) <= 8 * unit).all(), (level, key)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", PRODUCTS)
def test_rows_do_not_depend_on_their_neighbours(name, dtype):
    rng = np.random.default_rng(12)
    for n in range(1, 71):
        z, v = (3 * rng.standard_normal((2, 40, n))).astype(dtype)
        want = np.stack([PRODUCTS[name](z[i], v[i]) for i in range(40)])
        for rows in range(1, 41):
            np.testing.assert_array_equal(PRODUCTS[name](z[:rows], v[:rows]), want[:rows])
        z[1::2] = NAN
        v[3::4] = INF
        np.testing.assert_array_equal(PRODUCTS[name](z, v)[::2], want[::2])


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_finite_differences(name, axis, temperature):
    rng = np.random.default_rng(1)
    z, v, direction = rng.standard_normal((3, 3, 4, 5))
    where = rng.random((3, 4, 5)) < 0.7
    where[0] = True
    options = {"axis": axis, "temperature": temperature, "where": where}

    def along(step):
        values = DIFFERENTIATED[name](z + step * direction, **options)
        return (np.where(where, v * values, 0)).sum()

    slope = (along(1e-5) - along(-1e-5)) / 2e-5
    np.testing.assert_allclose((PRODUCTS[name](z, v, **options) * direction).sum(), slope, rtol=1e-7)


def test_the_jacobian_is_made_of_products():
    rng = np.random.default_rng(2)
    z, v = rng.standard_normal((2, 4, 6))
    jacobian = softmax_jacobian(z)
    np.testing.assert_allclose(np.einsum("nk,nkj->nj", v, jacobian), softmax_vjp(z, v), rtol=0, atol=1e-15)
    np.testing.assert_allclose(np.einsum("nkj,nj->nk", jacobian, v), softmax_jvp(z, v), rtol=0, atol=1e-15)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("temper", ROWS)
def test_the_jacobian_within_promised_ulps(dtype, temper):
    rng = np.random.default_rng(3)
    for n in [1, 2, 3, 10]:
        z = ROWS[temper](rng, n).astype(dtype)
        p = exact_row(z)["softmax"]
        exact = [
            p[i] * mpmath.fsum(q for k, q in enumerate(p) if k != i) if i == j else -p[i] * p[j]
            for i in range(n)
            for j in range(n)
        ]
        assert ulps(softmax_jacobian(z), exact) <= 8


@pytest.mark.parametrize("axis", [-1, 0, 1, (0, 2), None])
def test_the_jacobian_has_the_classes_last(axis):
    z = np.random.default_rng(4).standard_normal((2, 3, 4))
    moved = {-1: z, 0: z.transpose(1, 2, 0), 1: z.transpose(0, 2, 1), (0, 2): z.transpose(1, 0, 2), None: z}[axis]
    moved = moved.reshape({(0, 2): (3, 8), None: (24,)}.get(axis, moved.shape))
    np.testing.assert_array_equal(softmax_jacobian(z, axis=axis), softmax_jacobian(moved))
    np.testing.assert_allclose(softmax_jacobian(z, axis=axis, temperature=2), softmax_jacobian(moved / 2) / 2)


def test_the_hessian_is_the_derivative_of_the_gradient():
    rng = np.random.default_rng(5)
    z, v = rng.standard_normal((2, 3, 4))
    labels = rng.integers(0, 4, 3)
    for temperature in 1.0, 2.5:
        step = 1e-5

        def gradient(z, temperature=temperature):
            return cross_entropy_gradient(z, labels, temperature=temperature)[1]

        slope = (gradient(z + step * v) - gradient(z - step * v)) / (2 * step)
        np.testing.assert_allclose(cross_entropy_hvp(z, v, temperature=temperature), slope, rtol=1e-6, atol=1e-10)


def test_forwards_is_backwards():
    z, v = np.random.default_rng(6).standard_normal((2, 3, 70))
    np.testing.assert_array_equal(softmax_jvp(z, v), softmax_vjp(z, v))
    np.testing.assert_array_equal(softmax_jvp(z, v), cross_entropy_hvp(z, v))


@pytest.mark.parametrize("name", PRODUCTS)
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [-1, 0])
def test_layouts_give_the_same_bits(name, layout, axis):
    z, v = np.random.default_rng(7).standard_normal((2, 3, 5, 9)).astype(np.float32)
    want = PRODUCTS[name](z, v, axis=axis)
    np.testing.assert_array_equal(PRODUCTS[name](LAYOUTS[layout](z), LAYOUTS[layout](v), axis=axis), want)
    out = LAYOUTS[layout](np.zeros_like(z))
    if out.flags.writeable and out.dtype == z.dtype:
        out = out.view(np.ndarray)
        assert PRODUCTS[name](z, v, axis=axis, out=out) is out
        np.testing.assert_array_equal(out, want)


@pytest.mark.parametrize("name", PRODUCTS)
def test_types(name):
    z, v = np.random.default_rng(8).standard_normal((2, 4, 5))
    for dtype in np.float16, ml_dtypes.bfloat16:
        low = z.astype(dtype), v.astype(dtype)
        got = PRODUCTS[name](*low)
        assert got.dtype == dtype
        want = PRODUCTS[name](*(array.astype(np.float32) for array in low))
        np.testing.assert_array_equal(got, want.astype(dtype))
    assert PRODUCTS[name]([1, 2], [True, False]).dtype == np.float64
    assert PRODUCTS[name](z.astype(np.float32), v).dtype == np.float32


@pytest.mark.parametrize("name", PRODUCTS)
def test_special_values(name):
    product = PRODUCTS[name]
    z = np.array([[0.0, NAN, 1], [0, 1, 2], [0, 1, 2], [-INF, 0, 0], [-INF, -INF, -INF]])
    v = np.array([[1.0, 2, 3], [1, NAN, 3], [1, 2, 3], [5, 1, 3], [1, 2, 3]])
    got = product(z, v)
    assert np.isnan(got[[0, 1, 4]]).all()
    np.testing.assert_array_equal(got[2], product(z[2], v[2]))
    np.testing.assert_allclose(got[3], [0, -0.5, 0.5] if name == "softmax_vjp" else [5, -3.5, -1.5])
    where = np.array([True, False, True])
    masked = product(z[:2], v[:2], where=where)
    np.testing.assert_allclose(masked[:, [0, 2]], product(z[:2, [0, 2]], v[:2, [0, 2]]))
    np.testing.assert_array_equal(masked[:, 1], 0)
    np.testing.assert_array_equal(product(z[4], v[4], where=where), 0)
    assert product(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0, 3)
    assert product(np.zeros((3, 0)), np.zeros((3, 0))).shape == (3, 0)
    np.testing.assert_array_equal(product(z[2], v[2], temperature=INF), 0)
    np.testing.assert_array_equal(np.isnan(softmax_jacobian(z)).all(axis=(1, 2)), [True, False, False, False, True])
    np.testing.assert_array_equal(softmax_jacobian(z[4], where=where), 0)
    assert softmax_jacobian(np.zeros((2, 0))).shape == (2, 0, 0)


def test_the_vector_broadcasts():
    z, v = np.random.default_rng(9).standard_normal((3, 4)), np.arange(4.0)
    np.testing.assert_array_equal(softmax_vjp(z, v), softmax_vjp(z, np.tile(v, (3, 1))))


@pytest.mark.parametrize(
    ("product", "name"), [(softmax_vjp, "cotangent"), (log_softmax_vjp, "cotangent"), (softmax_jvp, "tangent")]
)
def test_wrong_arguments_are_refused_by_name(product, name):
    with pytest.raises(ValueError, match=rf"{name} has shape \(3,\), which does not broadcast to the scores' \(2, 4\)"):
        product(np.zeros((2, 4)), np.zeros(3))
    with pytest.raises(TypeError, match=f"{name} must be real numbers"):
        product(np.zeros(2), np.array(["a", "b"]))
    with pytest.raises(ValueError, match="temperature must be above 0 here"):
        product(np.zeros(2), np.zeros(2), temperature=0)
    with pytest.raises(ValueError, match="out has shape"):
        product(np.zeros(2), np.zeros(2), out=np.zeros(3))
    with pytest.raises(ValueError, match="temperature must be above 0 here"):
        softmax_jacobian(np.zeros(2), temperature=0)


def test_many_rows_do_not_depend_on_the_threads():
    z, v = np.random.default_rng(10).standard_normal((2, 3000, 101)).astype(np.float32)
    want = {}
    for threads in 1, 2, 7:
        with threadpool_limits(threads):
            for name, product in PRODUCTS.items():
                got = product(z, v)
                np.testing.assert_array_equal(got, want.setdefault(name, got))
    np.testing.assert_array_equal(want["softmax_vjp"][17], softmax_vjp(z[17], v[17]))
