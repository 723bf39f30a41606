# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives through PyTorch and JAX, first and second, against finite differences and our own."""

import numpy as np
import pytest

from multinoulli import functions, losses

# Of PyTorch's own, when forward derivatives are first asked for.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")

INF = np.inf
RNG = np.random.default_rng(0)
SCORES = RNG.standard_normal((3, 4))
LABELS = np.array([0, 3, 1])
TARGETS = RNG.dirichlet(np.ones(4), 3)
WEIGHTS = RNG.standard_normal((3, 4))

# What is differentiated, as functions of the scores alone.
OF_SCORES = {
    "softmax": functions.softmax,
    "softmax at 0.5, axis 0": lambda z: functions.softmax(z, axis=0, temperature=0.5),
    "log_softmax": functions.log_softmax,
    "log_softmax over all": lambda z: functions.log_softmax(z, axis=None),
    "logsumexp": functions.logsumexp,
    "logsumexp of weights": lambda z: functions.logsumexp(z, weights=np.array([1, 2, -0.1, 0]), return_sign=True)[0],
    "sigmoid": functions.sigmoid,
    "log_sigmoid": functions.log_sigmoid,
    "softplus": functions.softplus,
    "logit": lambda z: functions.logit(0.5 + 0.1 * z),
    "log1mexp": lambda z: functions.log1mexp(-0.5 - z * z),
    "softmax_vjp": lambda z: functions.softmax_vjp(z, WEIGHTS),
    "cross_entropy": lambda z: losses.cross_entropy(z, LABELS),
    "cross_entropy with all": lambda z: losses.cross_entropy(
        z, LABELS, weight=[1, 2, 0.5], class_weight=[1, 2, 1, 3], label_smoothing=0.1, z_loss=0.1, reduction="mean"
    ),
    "cross_entropy of targets": lambda z: losses.cross_entropy(z, TARGETS, temperature=2),
    "cross_entropy_gradient": lambda z: losses.cross_entropy_gradient(z, LABELS)[1],
    "binary_cross_entropy": lambda z: losses.binary_cross_entropy(z, TARGETS, z_loss=0.1),
}


@pytest.mark.parametrize("name", OF_SCORES)
def test_gradcheck_and_gradgradcheck(name):
    torch = pytest.importorskip("torch")
    z = torch.tensor(SCORES, requires_grad=True)
    assert torch.autograd.gradcheck(OF_SCORES[name], z, check_forward_ad=True)
    assert torch.autograd.gradgradcheck(OF_SCORES[name], z)


def test_torch_ties_and_absent_classes():
    torch = pytest.importorskip("torch")
    z = torch.tensor([[0.0, 0.0, -INF], [1.0, 1.0, 1.0]], dtype=torch.float64, requires_grad=True)
    for function, value in (functions.softmax, "softmax_vjp"), (functions.log_softmax, "log_softmax_vjp"):
        v = torch.tensor([[1.0, 2.0, 0.0], [3.0, -1.0, 0.5]], dtype=torch.float64)
        (got,) = torch.autograd.grad((torch.where(v == 0, torch.zeros_like(v), function(z)) * v).sum(), z)
        want = getattr(functions, value)(z.detach().numpy(), v.numpy())
        np.testing.assert_allclose(got.numpy(), want, atol=1e-15)
    p = np.array([0.5, 0.5])
    hessian = torch.autograd.functional.hessian(functions.logsumexp, torch.tensor([2.0, 2.0], dtype=torch.float64))
    np.testing.assert_allclose(hessian.numpy(), np.diag(p) - np.outer(p, p), atol=1e-15)
    loss = losses.cross_entropy(z[:1], torch.tensor([0]))
    (got,) = torch.autograd.grad(loss.sum(), z)
    np.testing.assert_allclose(got.numpy(), [[-0.5, 0.5, 0], [0, 0, 0]])


def test_torch_ignored_samples_have_no_gradient_and_no_nan():
    torch = pytest.importorskip("torch")
    z = torch.tensor([[0.0, 1.0], [float("nan"), 0.0]], dtype=torch.float64, requires_grad=True)
    loss = losses.cross_entropy(z, torch.tensor([0, -100]), ignore_label=-100, reduction="mean")
    (got,) = torch.autograd.grad(loss, z)
    assert torch.isfinite(got).all()
    np.testing.assert_array_equal(got[1].numpy(), 0)


def test_torch_func():
    torch = pytest.importorskip("torch")
    z = torch.tensor(SCORES)
    jacobian = torch.func.vmap(torch.func.jacrev(functions.softmax))(z)
    np.testing.assert_allclose(jacobian.numpy(), functions.softmax_jacobian(SCORES), atol=1e-14)
    forwards = torch.func.vmap(torch.func.jacfwd(functions.log_softmax))(z)
    np.testing.assert_allclose(forwards.numpy(), np.eye(4) - functions.softmax(SCORES)[:, None, :], atol=1e-14)


def test_torch_like_its_own():
    torch = pytest.importorskip("torch")
    z = torch.tensor(SCORES, requires_grad=True)
    labels = torch.tensor(LABELS)
    for ours, theirs in [
        (losses.cross_entropy(z, labels, reduction="mean"), torch.nn.functional.cross_entropy(z, labels)),
        (
            losses.cross_entropy(z, labels, reduction="mean", label_smoothing=0.1, class_weight=[1.0, 2, 3, 4]),
            torch.nn.functional.cross_entropy(
                z, labels, label_smoothing=0.1, weight=torch.tensor([1.0, 2, 3, 4], dtype=torch.float64)
            ),
        ),
        (
            losses.binary_cross_entropy(z, torch.tensor(TARGETS), reduction="mean"),
            torch.nn.functional.binary_cross_entropy_with_logits(z, torch.tensor(TARGETS)),
        ),
    ]:
        np.testing.assert_allclose(ours.item(), theirs.item(), rtol=1e-14)
        for a, b in zip(torch.autograd.grad(ours, z), torch.autograd.grad(theirs, z), strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12, atol=1e-16)


def enabled_jax():
    jax = pytest.importorskip("jax")
    jax.config.update("jax_enable_x64", True)
    return jax


@pytest.mark.parametrize("name", OF_SCORES)
def test_jax_transformations(name):
    jax = enabled_jax()
    from jax.test_util import check_grads

    function = OF_SCORES[name]
    z = jax.numpy.asarray(SCORES)
    check_grads(function, (z,), order=2, modes=("fwd", "rev"), atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(jax.jit(function)(z), function(z), rtol=1e-12, atol=1e-15)


def test_jax_vmap_and_jit():
    jax = enabled_jax()
    z = jax.numpy.asarray(SCORES)
    np.testing.assert_allclose(jax.vmap(functions.softmax)(z), functions.softmax(SCORES), rtol=1e-14)
    gradient = jax.jit(jax.vmap(jax.grad(losses.cross_entropy)))(z, jax.numpy.asarray(LABELS))
    np.testing.assert_allclose(gradient, losses.cross_entropy_gradient(SCORES, LABELS)[1], rtol=1e-12)
    # What cannot be refused, because its value is not known yet, is NaN.
    assert np.isnan(jax.jit(losses.cross_entropy)(z, jax.numpy.asarray([0, 9, 1]))[1])
