# SPDX-License-Identifier: BSD-3-Clause
"""Minimise any objective; the result comes with its certificate."""

from multinoulli.solvers._newton import minimise
from multinoulli.solvers._objective import Objective
from multinoulli.solvers._pairs import CurvaturePairs
from multinoulli.solvers._result import Certificate, Progress, Result

__all__ = ["Certificate", "CurvaturePairs", "Objective", "Progress", "Result", "minimise"]
