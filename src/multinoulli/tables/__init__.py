# SPDX-License-Identifier: BSD-3-Clause
"""Tables: files, queries and data frames -> design matrices and labels, and back to names."""

from multinoulli.tables._codecs import Feature
from multinoulli.tables._columns import Column, Columns, columns_of
from multinoulli.tables._encoder import Encoded, TableEncoder
from multinoulli.tables._errors import DataError
from multinoulli.tables._read import read_table
from multinoulli.tables._target import Target, codes_for, labels_of
from multinoulli.tables._write import atomic_file, check_writable, with_predictions, write_table

__all__ = [
    "Column",
    "Columns",
    "DataError",
    "Encoded",
    "Feature",
    "TableEncoder",
    "Target",
    "atomic_file",
    "check_writable",
    "codes_for",
    "columns_of",
    "labels_of",
    "read_table",
    "with_predictions",
    "write_table",
]
