# SPDX-License-Identifier: BSD-3-Clause
"""What hypothesis draws: tables of scores, ordinary and wild."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

DTYPES = st.sampled_from([np.float32, np.float64])


def finite_scores(limit=50.0, *, min_side=1, max_side=9, max_dims=3):
    """Arrays of either type whose scores are finite and at most `limit` in size."""
    shapes = npst.array_shapes(min_dims=1, max_dims=max_dims, min_side=min_side, max_side=max_side)
    return DTYPES.flatmap(
        lambda dtype: npst.arrays(
            dtype, shapes, elements=st.floats(-limit, limit, width=32 if dtype == np.float32 else 64)
        )
    )


def any_scores(*, max_side=9, max_dims=3):
    """Arrays of either type with any value at all: NaN, infinities, subnormal and huge numbers."""
    shapes = npst.array_shapes(min_dims=1, max_dims=max_dims, min_side=1, max_side=max_side)
    return DTYPES.flatmap(lambda dtype: npst.arrays(dtype, shapes))


def labels_for(scores):
    """Labels for the rows along the last axis."""
    return npst.arrays(np.int64, scores.shape[:-1], elements=st.integers(0, scores.shape[-1] - 1))


def masks_for(scores):
    """Masks of the shape of the scores, with rows fully masked among them."""
    return npst.arrays(np.bool_, scores.shape)
