# SPDX-License-Identifier: BSD-3-Clause
"""What an objective says of a point in the end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Bounds(NamedTuple):
    """A point and what is known of it: ``dual <= minimum <= primal``, proved or estimated as the objective says."""

    theta: NDArray[np.float64]
    primal: float
    dual: float
    gradient_norm: float
