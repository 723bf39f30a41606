# SPDX-License-Identifier: BSD-3-Clause
"""A table of mixed columns -> a numeric design matrix whose columns have names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from multinoulli.tables._codecs import Feature, LevelCodec, NumberCodec, fit_levels, fit_number
from multinoulli.tables._coerce import coerced
from multinoulli.tables._columns import Column, Columns, columns_of
from multinoulli.tables._errors import DataError, duplicates_in, nearest
from multinoulli.tables._read import read_table
from multinoulli.tables._stored import codec_from_dict, codec_to_dict, known_fields

__all__ = ["Encoded", "TableEncoder"]

_FORMAT = 1
_PROBE_ROWS = 8
_BLOCK_ROWS = 4096
# A sparse matrix spends 12 bytes an entry and its products are slower: it has to be much smaller to be worth it.
_SPARSE_WIDTH, _SPARSE_DENSITY = 64, 1 / 8


@dataclass(frozen=True, eq=False)
class Encoded:
    """A design matrix, and what in the table was new or missing.

    Attributes
    ----------
    X : ndarray or csr_array of shape (n_rows, n_features), float64
    unseen : dict of str to dict of str to int
        For each categorical column the levels without a matrix column of their own, with their rows: never seen in
        the fit, or too rare there. Columns without any are left out.
    n_missing : dict of str to int
        Missing values for each column that has any.
    """

    X: Any
    unseen: dict[str, dict[str, int]]
    n_missing: dict[str, int]


class TableEncoder(TransformerMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn has no types
    """Encodes tables for a linear model, the same way every time.

    A number or a date becomes a column with mean 0 and standard deviation 1, missing values filled with the median and,
    if the fit saw any, marked in a 0/1 column; a boolean becomes 0 and 1. A categorical column becomes one 0/1 column
    for each level with at least `min_count` rows (at most `max_levels`, the most frequent), one for missing values and
    one for all other levels, each of the two only if the fit saw such rows; without the latter a level that the fit
    never saw is 0 in all of them. Columns that tell nothing are left out, with a note. A row's values depend on that
    row only.

    Parameters
    ----------
    numeric, categorical, drop : sequence of str, default=()
        Columns to read as numbers, to read as text, and to leave out; all others are what their type says.
    min_count : int, default=5
        Rows that a level needs for a column of its own.
    max_levels : int, default=1000
        Most levels of one column that get a column of their own.

    Attributes
    ----------
    features_ : tuple of Feature
        What each matrix column is.
    notes_ : tuple of str
        A sentence for each table column that was left out or cut.
    sparse_ : bool
        Whether matrices are CSR, decided in the fit: wide ones with few entries are.

    Examples
    --------
    >>> encoder = TableEncoder(min_count=1)
    >>> encoder.fit_transform({"size": [1.0, 3.0], "sex": ["f", "m"]})
    array([[-1.,  1.,  0.],
           [ 1.,  0.,  1.]])
    >>> list(encoder.get_feature_names_out())
    ['size', 'sex=f', 'sex=m']
    """

    def __init__(
        self,
        numeric: Sequence[str] = (),
        categorical: Sequence[str] = (),
        drop: Sequence[str] = (),
        min_count: int = 5,
        max_levels: int = 1000,
    ) -> None:
        self.numeric = numeric
        self.categorical = categorical
        self.drop = drop
        self.min_count = min_count
        self.max_levels = max_levels

    def fit(self, frame: Any, y: Any = None) -> TableEncoder:
        """Learn from a table.

        Parameters
        ----------
        frame : data frame, mapping, path, query or Columns
            Whatever `read_table` or `columns_of` takes; Columns are taken in the kinds they have.
        y : ignored

        Raises
        ------
        DataError
            If the table has a fault, or no column is left to learn from.
        """
        self._fit(self._columns_to_fit(frame))
        return self

    def fit_transform(self, frame: Any, y: Any = None, **fit_params: Any) -> Any:
        """Learn from a table and encode it, reading it once."""
        columns = self._columns_to_fit(frame)
        self._fit(columns)
        return self.encode(columns).X

    def transform(self, frame: Any) -> Any:
        """The design matrix of a table: ``encode(frame).X``."""
        return self.encode(frame).X

    def encode(self, frame: Any) -> Encoded:
        """The design matrix of a table, and what in it is unseen or missing.

        Parameters
        ----------
        frame : data frame, mapping, path, query or Columns
            With at least the columns that the encoder uses; others are ignored.

        Raises
        ------
        DataError
            If a column is absent or of another kind than in the fit, or has an infinite value.
        """
        check_is_fitted(self)
        columns = self._columns_to_encode(frame)
        coded = [(codec, coerced(codec.name, columns[codec.name], codec.kind, codec.unit)) for codec in self._codecs_]
        unseen = {codec.name: levels for codec, column in coded if (levels := codec.unseen(column))}
        n_missing = {codec.name: int(column.missing.sum()) for codec, column in coded if column.missing.any()}
        assemble = self._sparse_matrix if self.sparse_ else self._dense_matrix
        return Encoded(assemble(coded, columns.n_rows), unseen, n_missing)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """The names of the matrix columns."""
        check_is_fitted(self)
        return np.array([feature.name for feature in self.features_], object)

    @property
    def columns_(self) -> dict[str, str]:
        """The table columns that are used, and the kind of each."""
        check_is_fitted(self)
        return {codec.name: codec.kind for codec in self._codecs_}

    def probe_rows(self) -> dict[str, list[Any]]:
        """Up to eight rows that never were: medians, spreads, levels, missing values and a level that is unseen.

        A fitted model file tests itself on them. They hold no training row, and only values that JSON can hold.
        """
        check_is_fitted(self)
        probes = {codec.name: codec.probes() for codec in self._codecs_}
        return {name: [values[row % len(values)] for row in range(_PROBE_ROWS)] for name, values in probes.items()}

    def to_dict(self) -> dict[str, Any]:
        """Everything learned, as JSON can hold it; floats come back to the same bits."""
        check_is_fitted(self)
        params = {
            name: int(value) if isinstance(value, Integral) else list(value)
            for name, value in self.get_params().items()
        }
        return {
            "format": _FORMAT,
            "params": params,
            "columns": [codec_to_dict(codec) for codec in self._codecs_],
            "sparse": self.sparse_,
            "notes": list(self.notes_),
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> TableEncoder:
        """The fitted encoder that `to_dict` wrote.

        Raises
        ------
        ValueError
            If it is not what `to_dict` writes, or was written by a later version.
        """
        if not isinstance(stored, Mapping):
            raise ValueError(f"a stored encoder must be an object, not {stored!r}")
        if stored.get("format") != _FORMAT:
            raise ValueError(
                f"a stored encoder of format {stored.get('format')!r} is unknown: this version reads {_FORMAT}"
            )
        known_fields("the stored encoder", stored, dict.fromkeys(("format", "params", "columns", "sparse", "notes")))
        params, columns, notes = stored["params"], stored["columns"], stored["notes"]
        if not isinstance(params, Mapping) or not isinstance(columns, list) or not isinstance(stored["sparse"], bool):
            raise ValueError("the stored encoder needs an object params, a list columns and a boolean sparse")
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise ValueError(f"the stored encoder's notes must be a list of texts, not {notes!r}")
        known_fields("the stored encoder's params", params, cls().get_params())
        encoder = cls()
        encoder.set_params(
            **{name: tuple(value) if isinstance(value, list) else value for name, value in params.items()}
        )
        encoder._check_params()
        codecs = tuple(codec_from_dict(column) for column in columns)
        if not codecs or duplicates_in([codec.name for codec in codecs]):
            raise ValueError("the stored encoder needs columns, and each of them once")
        encoder._set_fitted(codecs, tuple(notes), stored["sparse"])
        return encoder

    def _check_params(self) -> None:
        for option in ("numeric", "categorical", "drop"):
            value = getattr(self, option)
            if isinstance(value, str) or not all(isinstance(name, str) for name in value):
                raise ValueError(f"{option} must be a sequence of column names, not {value!r}: write [{value!r}]")
        for option in ("min_count", "max_levels"):
            value = getattr(self, option)
            if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{option} must be a whole number of 1 or more, not {value!r}")

    def _columns_to_fit(self, frame: Any) -> Columns:
        self._check_params()
        if not isinstance(frame, Columns):
            return columns_of(frame, self.numeric, self.categorical, self.drop)
        for kind, names in (("numeric", self.numeric), ("categorical", self.categorical)):
            for name in names:
                if name in frame and frame[name].kind not in (kind, "empty"):
                    raise DataError(
                        f"column {name!r} of these Columns is {frame[name].kind}: make it {kind} in columns_of"
                    )
        return Columns({name: column for name, column in frame.items() if name not in self.drop}, frame.n_rows)

    def _columns_to_encode(self, frame: Any) -> Columns:
        kinds = self.columns_
        texts = [name for name, kind in kinds.items() if kind == "categorical"]
        table = frame if isinstance(frame, Mapping) else read_table(frame, text=texts)
        names = list(table) if isinstance(table, Mapping) else table.columns
        for name in kinds:
            if name not in names:
                raise DataError(f"the table has no column {name!r}, which the model needs; {nearest(name, names)}")
        if isinstance(table, Columns):
            return table
        return columns_of(table, [name for name in self.numeric if name in kinds], texts, only=kinds)

    def _fit(self, columns: Columns) -> None:
        if columns.n_rows == 0:
            raise DataError("the table has no rows: give a table with at least one")
        codecs: list[NumberCodec | LevelCodec] = []
        notes: list[str] = []
        for name, column in columns.items():
            codec, note = self._fit_column(name, column)
            codecs += [codec] if codec else []
            notes += [note] if note else []
        if not codecs:
            reasons = ": " + "; ".join(notes) if notes else ""
            raise DataError(f"no column is left to learn from{reasons}")
        width = sum(codec.width for codec in codecs)
        density = sum(codec.density for codec in codecs) / width
        self._set_fitted(tuple(codecs), tuple(notes), width >= _SPARSE_WIDTH and density <= _SPARSE_DENSITY)

    def _fit_column(self, name: str, column: Column) -> tuple[NumberCodec | LevelCodec | None, str]:
        if column.kind == "empty":
            return None, f"column {name!r} is left out: all its values are missing"
        if column.kind == "categorical":
            return fit_levels(name, column, self.min_count, self.max_levels)
        return fit_number(name, column)

    def _set_fitted(self, codecs: tuple[NumberCodec | LevelCodec, ...], notes: tuple[str, ...], sparse_: bool) -> None:
        self._codecs_ = codecs
        self.notes_ = notes
        self.sparse_ = sparse_
        self.features_ = _uniquely_named([feature for codec in codecs for feature in codec.features()])

    def _dense_matrix(self, coded: list[tuple[NumberCodec | LevelCodec, Column]], n_rows: int) -> NDArray[np.float64]:
        X = np.zeros((n_rows, len(self.features_)))
        # By blocks of rows, so that writing a column does not walk through all the memory.
        for start in range(0, n_rows, _BLOCK_ROWS):
            rows = slice(start, start + _BLOCK_ROWS)
            offset = 0
            for codec, column in coded:
                for places, positions, values in codec.entries(column.rows(rows), offset):
                    X[rows][places, positions] = values
                offset += codec.width
        return X

    def _sparse_matrix(self, coded: list[tuple[NumberCodec | LevelCodec, Column]], n_rows: int) -> sparse.csr_array:
        triples = []
        offset = 0
        for codec, column in coded:
            for rows, positions, values in codec.entries(column, offset):
                rows = np.arange(n_rows)[rows]
                triples.append([rows, np.broadcast_to(positions, rows.shape), np.broadcast_to(values, rows.shape)])
            offset += codec.width
        rows, positions, values = (np.concatenate(parts) for parts in zip(*triples, strict=True))
        shape = (n_rows, len(self.features_))
        X = sparse.csr_array((values.astype(np.float64), (rows.astype(np.int32), positions.astype(np.int32))), shape)
        X.eliminate_zeros()
        return X


def _uniquely_named(features: list[Feature]) -> tuple[Feature, ...]:
    """The features, a number appended to a name that was already taken: a level may be called "(missing)"."""
    taken: set[str] = set()
    unique = []
    for feature in features:
        name, number = feature.name, 2
        while name in taken:
            name, number = f"{feature.name} #{number}", number + 1
        taken.add(name)
        unique.append(replace(feature, name=name))
    return tuple(unique)
