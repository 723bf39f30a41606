# SPDX-License-Identifier: BSD-3-Clause
"""The columns of a table back from the encoder's matrix, by hand."""

import numpy as np
import pytest
from scipy import sparse

from multinoulli.models._inputs import categorical, columns, dense
from multinoulli.tables import DataError, TableEncoder

TABLE = {
    "size": [1.0, 3.0, None, 2.0, 2.0, 2.0],
    "sex": ["f", "m", "f", None, "f", "m"],
    "rare": ["x", "x", "x", "x", "y", "z"],
    "flag": [True, False, True, None, True, True],
}


@pytest.mark.parametrize("as_sparse", [False, True])
def test_columns_are_numbers_codes_and_nan(as_sparse):
    encoder = TableEncoder(min_count=2)
    X = encoder.fit_transform(TABLE)
    size = np.array([1.0, 3.0, np.nan, 2.0, 2.0, 2.0])
    size = (size - np.nanmean(size)) / np.nanstd(size)
    got = columns(encoder, sparse.csr_array(X) if as_sparse else X)
    scaled = (got[:, 0] - got[3, 0]) / (got[1, 0] - got[3, 0]) * (size[1] - size[3]) + size[3]
    np.testing.assert_allclose(scaled, size, rtol=1e-12)
    np.testing.assert_array_equal(got[:, 1], [0, 1, 0, np.nan, 0, 1])
    np.testing.assert_array_equal(got[:, 2], [0, 0, 0, 0, 1, 1])  # y and z are others
    np.testing.assert_array_equal(np.isnan(got[:, 3]), [False, False, False, True, False, False])
    assert got[1, 3] < got[0, 3]
    assert categorical(encoder) == [False, True, True, False]


def test_a_level_that_the_encoder_does_not_know_has_a_code_of_its_own():
    encoder = TableEncoder(min_count=1)
    encoder.fit({"sex": ["f", "m", "f", "m"]})
    got = columns(encoder, encoder.transform({"sex": ["m", "x", "f"]}))
    np.testing.assert_array_equal(got[:, 0], [1, 2, 0])


def test_a_sparse_matrix_is_made_dense_while_it_is_small(monkeypatch):
    encoder = TableEncoder(min_count=1)
    X = encoder.fit_transform({"sex": ["f", "m", "f", "m"]})
    np.testing.assert_array_equal(dense(encoder, sparse.csr_array(X)), X)
    assert dense(encoder, X) is X
    monkeypatch.setattr("multinoulli.models._inputs.MAX_DENSE", 3)
    with pytest.raises(DataError, match=r"4 rows of 2 features are too many.*softmax"):
        dense(encoder, sparse.csr_array(X))
