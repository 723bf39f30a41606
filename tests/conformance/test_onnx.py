# SPDX-License-Identifier: BSD-3-Clause
"""ONNX's node tests, which its package generates, run on our functions by the meaning of each operator.

Of each test there are variants "expanded" into other operators; those say nothing of ours.
"""

import warnings

import numpy as np
import pytest

import multinoulli

helper = pytest.importorskip("onnx.helper")

OPERATORS = (
    "Softmax",
    "LogSoftmax",
    "Hardmax",
    "ReduceLogSumExp",
    "Sigmoid",
    "Softplus",
    "SoftmaxCrossEntropyLoss",
    "NegativeLogLikelihoodLoss",
)
# Hardmax gives all to the first of several maxima; our limit of temperature 0 shares, so that no class is preferred.
DEVIATIONS = {"test_hardmax_one_hot"}


def load():
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of NumPy, in the making of other operators' tests
        every = load_model_tests(kind="node")
    return [case for case in every if len(case.model.graph.node) == 1 and case.model.graph.node[0].op_type in OPERATORS]


CASES = load()


def losses(scores, labels, class_weight=None, *, reduction="mean", ignore_index=None):
    """SoftmaxCrossEntropyLoss, and the log-probabilities that it can return."""
    loss = multinoulli.cross_entropy(
        scores,
        labels,
        axis=1,
        class_weight=class_weight,
        ignore_label=ignore_index,
        reduction=None if reduction == "none" else reduction,
    )
    return loss, multinoulli.log_softmax(scores, axis=1)


def negative_log_likelihood(log_proba, labels, class_weight=None, *, reduction="mean", ignore_index=None):
    """The cross-entropy takes scores; of numbers that are not normalised it is larger by their logsumexp."""
    loss, _ = losses(log_proba, labels, class_weight, reduction="none", ignore_index=ignore_index)
    present = np.ones(labels.shape, bool) if ignore_index is None else labels != ignore_index
    codes = np.where(present, labels, 0)
    weights = present * (1.0 if class_weight is None else class_weight[codes])
    loss = loss - weights * multinoulli.logsumexp(log_proba, axis=1)
    if reduction == "none":
        return (loss.astype(log_proba.dtype),)
    total = loss.sum() if reduction == "sum" else loss.sum() / weights.sum()
    return (np.asarray(total, log_proba.dtype),)


def reduced(x, axes=None, *, keepdims=1, noop_with_empty_axes=0):
    axis = None if axes is None or (len(axes) == 0 and not noop_with_empty_axes) else tuple(axes)
    return (np.asarray(multinoulli.logsumexp(x, axis=axis, keepdims=bool(keepdims))),)


FUNCTIONS = {
    "Softmax": lambda x, axis=-1: (multinoulli.softmax(x, axis=axis),),
    "LogSoftmax": lambda x, axis=-1: (multinoulli.log_softmax(x, axis=axis),),
    "Hardmax": lambda x, axis=-1: (multinoulli.softmax(x, axis=axis, temperature=0),),
    "ReduceLogSumExp": reduced,
    "Sigmoid": lambda x: (multinoulli.sigmoid(x),),
    "Softplus": lambda x: (multinoulli.softplus(x),),
    "SoftmaxCrossEntropyLoss": losses,
    "NegativeLogLikelihoodLoss": negative_log_likelihood,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_onnx(case):
    node = case.model.graph.node[0]
    options = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    options = {name: value.decode() if isinstance(value, bytes) else value for name, value in options.items()}
    for inputs, wanted in case.data_sets:
        results = FUNCTIONS[node.op_type](*inputs, **options)[: len(wanted)]
        for got, want in zip(results, wanted, strict=True):
            if case.name in DEVIATIONS:
                np.testing.assert_allclose(got, [[1 / 3, 1 / 3, 1 / 3, 0]], rtol=1e-6)
                continue
            assert got.shape == want.shape
            assert got.dtype == want.dtype
            np.testing.assert_allclose(got, want, rtol=case.rtol, atol=case.atol)


def test_there_are_tests_of_every_operator():
    assert {case.model.graph.node[0].op_type for case in CASES} == set(OPERATORS)
    assert {case.name for case in CASES} >= DEVIATIONS
