# SPDX-License-Identifier: BSD-3-Clause
"""The exact answers, by mpmath: slow, short, and written from the definitions."""

import mpmath
import numpy as np
from mpmath import mpf

from multinoulli import functions, losses

mpmath.mp.prec = 300

PER_ELEMENT = ("softmax", "log_softmax", "cross_entropy_gradient")
PER_ROW = ("logsumexp", "cross_entropy")
NAMES = PER_ELEMENT + PER_ROW
LABELLED = ("cross_entropy", "cross_entropy_gradient")
ELEMENTWISE = ("sigmoid", "log_sigmoid", "softplus", "logit", "log1mexp")

PROMISED_ULPS = {
    np.float32: {"softmax": 3, "log_softmax": 2, "logsumexp": 2, "cross_entropy": 2, "cross_entropy_gradient": 3},
    np.float64: {"softmax": 4, "log_softmax": 2, "logsumexp": 2, "cross_entropy": 2, "cross_entropy_gradient": 4},
}
for promises in PROMISED_ULPS.values():
    promises.update(dict.fromkeys(ELEMENTWISE, 1.5))


def function(name):
    return getattr(losses if name in LABELLED else functions, name)


def call(name, scores, labels=None, **options):
    """Call the function of this name; of loss and gradient, return the gradient."""
    arguments = (scores, labels) if name in LABELLED else (scores,)
    result = function(name)(*arguments, **options)
    return result[1] if name == "cross_entropy_gradient" else result


def exact_row(scores, label=0):
    """The exact results for one row of finite scores, and log(sum exp(z - max z)), the unit of logsumexp's error."""
    z = [score if isinstance(score, mpf) else mpf(float(score)) for score in scores]
    top = z.index(max(z))
    others = [mpmath.exp(score - z[top]) for k, score in enumerate(z) if k != top]
    rest = mpmath.fsum(others)
    log_sum = mpmath.log1p(rest)
    log_proba = [score - z[top] - log_sum for score in z]
    proba = [mpmath.exp(value) for value in log_proba]
    but_label = mpmath.fsum(p for k, p in enumerate(proba) if k != label)
    return {
        "softmax": proba,
        "log_softmax": log_proba,
        "logsumexp": [z[top] + log_sum],
        "cross_entropy": [-log_proba[label]],
        "cross_entropy_gradient": [-but_label if k == label else p for k, p in enumerate(proba)],
        "log_sum": log_sum,
    }


def ulps(got, exact, scale=0):
    """The largest error, in units in the last place of the exact values, or of `scale` where that is larger."""
    info = np.finfo(np.asarray(got).dtype)
    worst = mpf(0)
    for value, truth in zip(np.ravel(got), exact, strict=True):
        size = max(abs(truth), scale, mpf(float(info.tiny)))
        unit = mpmath.ldexp(1, mpmath.frexp(size)[1] - 1 - info.nmant)
        worst = max(worst, abs(mpf(float(value)) - truth) / unit)
    return float(worst)
