# SPDX-License-Identifier: BSD-3-Clause
"""What a problem's size decides: how many rows tell its curvature, what is kept in memory, when a Hessian is formed.

The numbers were measured, in units of a pass over the data where they are prices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

# Problems of less work a pass take all rows for their curvature, since a sample would save less than it costs, and do
# not count other work: so rows that weigh 2 are fitted like rows that are there twice.
SMALL = 3e6
# Up to so many features what an iteration costs beside its products decides, and all rows make for fewer of them.
NARROW = 40
# Arithmetic of a Hessian that is formed and factored sooner than a few products with it are asked for.
TINY = 3e6
# Coefficients up to which a Hessian is formed and factored: in float64 of all rows, and at all (in float32, 400 MB).
MAX_EXACT, MAX_EXPLICIT = 1500, 10_000
# Scores of all rows in float64 up to this size (256 MB); larger ones of directions are worked out in float32, one at a
# time, and added to those of the point until a step is so short beside the way that it drowns in their rounding.
MAX_DOUBLE_SCORES = 1 << 25
# Entries of a sample of large problems' rows, features and probabilities together (128 MB in float32).
MAX_SAMPLE = 1 << 25
# What many vectors of many parameters cost in float64 is worth more than their digits.
MAX_DOUBLE_PARAMETERS = 1 << 17
# Pairs of steps and of their products with the Hessian, and entries of either (32 MB) of large problems.
MAX_PAIRS, FEWEST_PAIRS, MAX_PAIR_ENTRIES = 100, 4, 1 << 23


@dataclass(frozen=True)
class Size:
    """Of softmax regression's data."""

    n_samples: int
    n_features: int
    n_classes: int
    n_entries: int
    """Of X, zeros of a sparse one not counted."""
    is_sparse: bool

    @property
    def n_coefs(self) -> int:
        """Coefficients of all classes."""
        return self.n_features * self.n_classes

    @property
    def is_small(self) -> bool:
        """Whether all rows tell the curvature because a sample would save nothing."""
        return self.n_entries * self.n_classes < SMALL

    @property
    def is_large(self) -> bool:
        """Whether the scores of all rows are too many to have several times."""
        return self.n_samples * self.n_classes > MAX_DOUBLE_SCORES

    @property
    def takes_doubles(self) -> bool:
        """Whether the solver's vectors are float64."""
        return self.n_coefs <= MAX_DOUBLE_PARAMETERS

    @property
    def first_sample(self) -> int:
        """Rows that tell the curvature at first."""
        n, d = self.n_samples, self.n_features
        return n if self.is_small or (d <= NARROW and not self.is_sparse) else min(n, max(n // 16, 4 * d, 1000))

    def sample(self, rows: int) -> int:
        """So many rows, or as many as memory should hold."""
        return min(rows, MAX_SAMPLE // (self.n_features + self.n_classes)) if self.is_large else rows

    @property
    def rows_of_factors(self) -> int:
        """Rows for two small matrices, of features and of classes: a pass worth of arithmetic, if they need so many."""
        n, d, n_classes = self.n_samples, self.n_features, self.n_classes
        wanted = min(4 * n * n_classes // d, max(n // 8, 50 * (d + n_classes)))
        return min(max(wanted, 4 * d, 1000), n, MAX_SAMPLE // (d + n_classes))

    @property
    def n_pairs(self) -> int:
        """Pairs of the curvature of which using all costs no more than a product with the data."""
        worthwhile = MAX_PAIRS if self.is_small else int(self.n_entries / (8 * self.n_features))
        if self.is_large:
            worthwhile = min(worthwhile, MAX_PAIR_ENTRIES // self.n_coefs)
        return min(MAX_PAIRS, worthwhile) if worthwhile >= FEWEST_PAIRS else 0

    @property
    def is_formed_exactly(self) -> bool:
        """Whether a Hessian that is formed is that of all rows drawn, in float64."""
        return not self.is_sparse and self.n_coefs <= MAX_EXACT

    @property
    def n_terms(self) -> float:
        """Terms of a larger Hessian, one a row and a pair of classes, that make a good preconditioner of it."""
        return 2.0 * self.n_coefs * (self.n_classes - 1)

    @property
    def is_tiny(self) -> bool:
        """Whether the Hessian of all rows costs next to nothing."""
        return not self.is_sparse and self.n_samples * (self.n_features * (self.n_classes - 1)) ** 2 <= TINY

    def price_of_forming(self, rows: int) -> float:
        """Of a Hessian from so many rows, or from some of their terms, and its factors."""
        n, d, n_classes = self.n_samples, self.n_features, self.n_classes
        if self.is_sparse or self.n_coefs > MAX_EXPLICIT:
            return math.inf
        factoring = self.n_coefs**2 / (12 * n)
        if self.n_coefs > MAX_EXACT:
            return (self.n_terms * d / (4 * n * n_classes) + factoring) / 2 + 70 * n_classes / d
        return (50 + 0.6 * d * (n_classes + 1) / 4) * min(rows, n) / n + 0.6 * factoring
