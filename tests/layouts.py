# SPDX-License-Identifier: BSD-3-Clause
"""The same numbers in memory in other ways, none of which may matter to a result."""

import numpy as np


def misaligned(array):
    buffer = np.zeros(array.nbytes + 1, np.uint8)[1:]
    copy = buffer.view(array.dtype).reshape(array.shape)
    copy[...] = array
    assert not copy.flags.aligned
    return copy


def read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def byte_swapped(array):
    return array.astype(array.dtype.newbyteorder())


def every_second(array):
    wide = np.full((*array.shape[:-1], 2 * array.shape[-1]), np.nan, array.dtype)
    wide[..., ::2] = array
    return wide[..., ::2]


def mirrored(array):
    return array[..., ::-1].copy()[..., ::-1]


# For arrays of three axes.
LAYOUTS = {
    "contiguous": np.copy,
    "read-only": read_only,
    "misaligned": misaligned,
    "byte-swapped": byte_swapped,
    "Fortran": np.asfortranarray,
    "every second": every_second,
    "reversed": mirrored,
    "transposed": lambda array: np.ascontiguousarray(array.transpose(1, 0, 2)).transpose(1, 0, 2),
    "subclass": lambda array: array.copy().view(np.recarray),
}
