# SPDX-License-Identifier: BSD-3-Clause
"""Encodings computed by hand and by scikit-learn; the same for every frame, every row alone, and after JSON."""

import datetime as dt
import json
import math

import mpmath
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import clone
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from multinoulli.tables import Columns, DataError, Feature, TableEncoder, columns_of

TABLE = {
    "size": [1.0, 2.0, None, 6.0],
    "count": [1, 1, 3, 3],
    "wet": [True, True, None, False],
    "day": [dt.date(1970, 1, 1), dt.date(1970, 1, 3), dt.date(1970, 1, 1), dt.date(1970, 1, 3)],
    "island": ["b", "a", "b", None],
}
# The median of 1, 2, 6 is 2; the mean of 1, 2, 2, 6 is 11/4, and the variance 59/16.
SIZE = [(x - 2.75) / math.sqrt(59 / 16) for x in (1, 2, 2, 6)]
MATRIX = np.array(
    [
        [SIZE[0], 0, -1, 1, 0, -1, 0, 1, 0],
        [SIZE[1], 0, -1, 1, 0, 1, 1, 0, 0],
        [SIZE[2], 1, 1, 1, 1, -1, 0, 1, 0],
        [SIZE[3], 0, 1, 0, 0, 1, 0, 0, 1],
    ]
)
NAMES = ["size", "size is missing", "count", "wet", "wet is missing", "day", "island=a", "island=b", "island=(missing)"]


@pytest.mark.parametrize(
    "make",
    [dict, pl.DataFrame, pl.LazyFrame, pd.DataFrame, pa.table, columns_of, lambda t: pd.DataFrame(t, dtype=object)],
)
def test_a_matrix_computed_by_hand(make):
    encoder = TableEncoder(min_count=1)
    X = encoder.fit_transform(make(TABLE))
    assert X.dtype == np.float64
    np.testing.assert_allclose(X, MATRIX, rtol=0, atol=3e-16)
    assert encoder.get_feature_names_out().tolist() == NAMES
    assert encoder.fit(make(TABLE)).transform(make(TABLE)).tobytes() == X.tobytes()
    assert X.tobytes() == TableEncoder(min_count=1).fit_transform(TABLE).tobytes()


def test_features_say_what_they_are():
    features = {feature.name: feature for feature in TableEncoder(min_count=1).fit(TABLE).features_}
    assert list(features) == NAMES
    assert features["count"] == Feature("count", "count", "numeric", "1 above the mean, 2", 2.0, 1.0)
    assert features["day"] == Feature("day", "day", "date", "1 days above the mean, 1970-01-02T00:00:00", 1.0, 1.0)
    assert features["wet"] == Feature("wet", "wet", "boolean", "true")
    assert features["island=a"] == Feature("island=a", "island", "level", "a")
    missing = features["island=(missing)"]
    assert (missing.column, missing.kind) == ("island", "missing")
    assert features["size is missing"].kind == "missing"
    assert features["size is missing"].column == "size"
    assert TableEncoder(min_count=1).fit(TABLE).columns_ == {
        "size": "numeric",
        "count": "numeric",
        "wet": "boolean",
        "day": "date",
        "island": "categorical",
    }


def test_a_median_between_two_values_and_a_majority():
    encoder = TableEncoder()
    X = encoder.fit_transform({"x": [1.0, 2.0, 4.0, 5.0, None], "b": [False, True, None, True, True]})
    # The median is 3, the mean too; the variance is (4 + 1 + 1 + 4 + 0) / 5 = 2.
    np.testing.assert_allclose(X[:, 0], np.array([-2, -1, 1, 2, 0]) / math.sqrt(2), rtol=3e-16)
    assert X[:, 2].tolist() == [0, 1, 1, 1, 1]
    tie = TableEncoder().fit_transform({"b": [False, True, None]})
    assert tie.tolist() == [[0, 0], [1, 0], [0, 1]]


LEVELS = {"c": ["b", "b", "a", "a", "z", "c", None]}


def test_rare_levels_share_a_column():
    encoder = TableEncoder(min_count=2)
    X = encoder.fit_transform(LEVELS)
    assert encoder.get_feature_names_out().tolist() == ["c=a", "c=b", "c=(missing)", "c=(other)"]
    a, b, missing, other = np.eye(4).tolist()
    assert X.tolist() == [b, b, a, a, other, other, missing]
    encoded = encoder.encode({"c": ["new", "z", "a", None, "new"]})
    assert encoded.X.tolist() == [other, other, a, missing, other]
    assert encoded.unseen == {"c": {"new": 2, "z": 1}}
    assert encoded.n_missing == {"c": 1}


def test_without_rare_levels_an_unseen_one_is_all_zeros():
    encoder = TableEncoder(min_count=1).fit({"c": ["a", "b"], "x": [0.0, 1.0]})
    encoded = encoder.encode({"c": ["new", None, "b"], "x": [0.0, 1.0, None]})
    assert encoded.X.tolist() == [[0, 0, -1], [0, 0, 1], [0, 1, 0]]
    assert encoded.unseen == {"c": {"new": 1}}
    assert encoded.n_missing == {"c": 1, "x": 1}


def test_at_most_max_levels_the_most_frequent_then_by_name():
    table = {"c": ["d"] * 3 + ["b"] * 2 + ["a"] * 2 + ["e"] * 4}
    encoder = TableEncoder(min_count=1, max_levels=3).fit(table)
    assert encoder.get_feature_names_out().tolist() == ["c=a", "c=d", "c=e", "c=(other)"]
    assert encoder.notes_ == ("column 'c' has 4 frequent levels: all but the top 3 share a column",)
    assert TableEncoder(min_count=3).fit(table).get_feature_names_out().tolist() == ["c=d", "c=e", "c=(other)"]


def test_columns_that_tell_nothing_are_left_out_with_a_note():
    table = {
        "one": [3.5, 3.5, 3.5],
        "yes": [True, True, True],
        "same": ["x", "x", "x"],
        "id": ["p", "q", "r"],
        "void": [None, None, None],
        "known": [7.0, None, 7.0],
        "x": [1.0, 2.0, 3.0],
    }
    encoder = TableEncoder(min_count=2).fit(table)
    assert encoder.get_feature_names_out().tolist() == ["known is missing", "x"]
    assert encoder.notes_ == (
        "column 'one' is left out: its value is always 3.5",
        "column 'yes' is left out: its value is always True",
        "column 'same' is left out: its value is always 'x'",
        "column 'id' is left out: none of its 3 levels has 2 rows or more (an identifier, or free text?)",
        "column 'void' is left out: all its values are missing",
        "column 'known' is left out: its value is always 7, but whether it is missing is kept",
    )
    assert encoder.transform({"known": [None, 1e9], "x": [2.0, 2.0]}).tolist() == [[1, 0], [0, 0]]
    with pytest.raises(DataError, match=r"no column is left to learn from: column 'one' is left out.*; column 'yes'"):
        TableEncoder().fit({name: table[name] for name in ("one", "yes")})
    with pytest.raises(DataError, match="no column is left"):
        TableEncoder(drop=["x"]).fit({"x": [1.0, 2.0]})
    with pytest.raises(DataError, match="has no rows"):
        TableEncoder().fit({"x": []})


def test_the_overrides_reach_the_fit_and_the_encoding():
    table = {"code": [1, 2, 1, 2], "text": ["1", "3", "1", "3"], "gone": [1, 2, 3, 4]}
    encoder = TableEncoder(numeric=["text"], categorical=["code"], drop=["gone"], min_count=1)
    expected = [[1, 0, -1], [0, 1, 1], [1, 0, -1], [0, 1, 1]]
    assert encoder.fit_transform(table).tolist() == expected
    assert encoder.transform(pl.DataFrame(table).drop("gone")).tolist() == expected
    assert encoder.fit(columns_of(table, numeric=["text"], categorical=["code"])).transform(table).tolist() == expected
    with pytest.raises(DataError, match=r"'text', row 1: 'x' is not a number"):
        encoder.transform({"code": [1], "text": ["x"]})
    for kind, name in (("numeric", "text"), ("categorical", "code")):
        with pytest.raises(DataError, match=f"{name!r} of these Columns is .*: make it {kind} in columns_of"):
            TableEncoder(**{kind: [name]}).fit(columns_of(table))
    assert TableEncoder(drop=["text", "gone"]).fit(columns_of(table)).get_feature_names_out().tolist() == ["code"]


def test_names_are_unique():
    table = {
        "c": ["a", "(missing)", None, "(other)"],
        "c=a": [1.0, 2.0, 3.0, 4.0],
        "c is missing": [1.0, 2.0, 3.0, 4.0],
    }
    names = TableEncoder(min_count=1).fit(table).get_feature_names_out().tolist()
    assert names == ["c=(missing)", "c=(other)", "c=a", "c=(missing) #2", "c=a #2", "c is missing"]


def random_table(seed, n_rows):
    rng = np.random.default_rng(seed)
    day = dt.datetime(2020, 1, 1)
    table = {
        "x": rng.normal(5, 3, n_rows).tolist(),
        "n": rng.poisson(3, n_rows).tolist(),
        "b": (rng.random(n_rows) < 0.3).tolist(),
        "c": [f"level {i}" for i in rng.zipf(1.5, n_rows) % 50],
        "d": [day + dt.timedelta(minutes=int(i)) for i in rng.integers(0, 10**6, n_rows)],
    }
    for column in table.values():
        for row in rng.choice(n_rows, n_rows // 10, replace=False):
            column[row] = None
    return table


def test_the_same_as_scikit_learn():
    table = random_table(0, 500)
    X = TableEncoder(min_count=4, drop=["b", "d"]).fit_transform(table)
    x = np.array([[math.nan if value is None else value for value in table[name]] for name in ("x", "n")]).T
    imputed = SimpleImputer(strategy="median", add_indicator=True).fit_transform(x)
    scaled = StandardScaler().fit_transform(imputed[:, :2])
    text = np.array([["(missing)" if value is None else value] for value in table["c"]], dtype=object)
    onehot = OneHotEncoder(min_frequency=4, sparse_output=False).fit(text)
    levels = onehot.categories_[0].tolist()
    assert levels[0] == "(missing)"
    blocks = onehot.transform(text)
    # Theirs: (missing), the levels by name, the rare ones; ours has (missing) after the levels.
    order = [*range(1, blocks.shape[1] - 1), 0, blocks.shape[1] - 1]
    expected = np.column_stack([scaled[:, 0], imputed[:, 2], scaled[:, 1], imputed[:, 3], blocks[:, order]])
    np.testing.assert_allclose(X, expected, rtol=0, atol=1e-14)


def test_every_frame_gives_the_same_bits():
    table = random_table(1, 300)
    X = TableEncoder().fit_transform(table)
    for make in (pl.DataFrame, pd.DataFrame, pa.table, columns_of):
        encoder = TableEncoder().fit(make(table))
        assert encoder.transform(make(table)).tobytes() == X.tobytes()
        assert encoder.to_dict() == TableEncoder().fit(table).to_dict()


def test_files_give_the_same_bits(tmp_path):
    table = random_table(2, 300)
    frame = pl.DataFrame(table)
    X = TableEncoder().fit_transform(frame)
    frame.write_csv(tmp_path / "a.csv")
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (tmp_path / "a.csv", str(tmp_path / "a.parquet"), f"SELECT * FROM '{tmp_path}/a.parquet'"):
        assert TableEncoder().fit_transform(source).tobytes() == X.tobytes()


@pytest.mark.parametrize("wide", [False, True])
def test_a_row_is_encoded_alike_whatever_stands_beside_it(wide):
    table = random_table(3, 6000)
    encoder = TableEncoder(min_count=1 if wide else 200, categorical=["n"] if wide else [])
    X = encoder.fit_transform(table)
    assert encoder.sparse_ is wide
    X = X.toarray() if wide else X
    for row in (0, 1, 77, 4095, 4096, 5999):
        alone = encoder.transform({name: values[row : row + 1] for name, values in table.items()})
        assert (alone.toarray() if wide else alone).tobytes() == X[row : row + 1].tobytes()
    backwards = encoder.transform({name: values[::-1] for name, values in table.items()})
    np.testing.assert_array_equal(backwards.toarray() if wide else backwards, X[::-1])


def test_wide_matrices_are_sparse_and_hold_the_same_numbers():
    rng = np.random.default_rng(0)
    table = {"x": [0.0, 1.0, 2.0] * 100, "c": [f"{i:03}" for i in rng.permutation(300) % 100]}
    encoder = TableEncoder(min_count=1)
    X = encoder.fit_transform(table)
    assert encoder.sparse_
    assert isinstance(X, sparse.csr_array)
    assert (X.shape, X.dtype) == ((300, 101), np.float64)
    assert X.has_canonical_format
    assert not (X.data == 0).any()
    # The mean of 0, 1, 2 is 1 and the variance 2/3.
    expected = np.zeros((300, 101))
    expected[:, 0] = (np.array(table["x"]) - 1) / math.sqrt(2 / 3)
    expected[np.arange(300), [1 + int(level) for level in table["c"]]] = 1
    np.testing.assert_allclose(X.toarray(), expected, rtol=3e-16)
    assert not TableEncoder(min_count=1).fit({**table, "c": [f"{i % 40}" for i in range(300)]}).sparse_
    assert isinstance(encoder.transform({"x": [1.0], "c": ["007"]}), sparse.csr_array)


numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(numbers, min_size=2, max_size=30))
def test_mean_and_spread_of_any_numbers(values):
    with mpmath.workdps(1500):
        exact = [mpmath.mpf(value) for value in values]
        mean = mpmath.fsum(exact) / len(exact)
        spread = mpmath.sqrt(mpmath.fsum((value - mean) ** 2 for value in exact) / len(exact))
        expected = [float((value - mean) / spread) for value in exact] if spread else []
        if spread < 2e-300:
            return
    X = TableEncoder().fit_transform({"x": values})
    # The center is rounded once, which weighs most where all the values are close to it.
    size = max(abs(value) for value in values)
    np.testing.assert_allclose(X[:, 0], expected, rtol=1e-13, atol=1e-13 + float(mpmath.mpf(size) / spread) * 1e-15)


def test_numbers_too_close_or_too_far_apart():
    encoder = TableEncoder()
    with pytest.raises(DataError, match="'x' is left out: its value is always"):
        encoder.fit({"x": [0.0, 5e-324]})
    X = encoder.fit_transform({"x": [1.7e308, -1.7e308, 1.7e308, -1.7e308]})
    np.testing.assert_allclose(X[:, 0], [1, -1, 1, -1], rtol=1e-15)
    encoder.fit({"x": [0.0, 2e-10]})
    assert encoder.transform({"x": [1.7e308, -1.7e308]}).tolist() == [[1e100], [-1e100]]


def test_json_keeps_every_bit():
    for table, options in ((random_table(4, 400), {}), (TABLE, {"min_count": 1, "categorical": ["count"]})):
        encoder = TableEncoder(**options).fit(table)
        text = json.dumps(encoder.to_dict(), allow_nan=False)
        read = TableEncoder.from_dict(json.loads(text))
        assert json.dumps(read.to_dict()) == text
        assert read.transform(table).tobytes() == encoder.transform(table).tobytes()
        assert read.features_ == encoder.features_
        assert read.notes_ == encoder.notes_
        assert {name: list(v) if isinstance(v, tuple) else v for name, v in read.get_params().items()} == {
            name: list(v) if isinstance(v, tuple) else v for name, v in encoder.get_params().items()
        }


def test_parameters_of_numpy_are_stored_too():
    encoder = TableEncoder(min_count=np.int64(1), drop=np.array(["y"])).fit({"x": [1.0, 2.0], "y": [1, 2]})
    assert json.loads(json.dumps(encoder.to_dict()))["params"]["min_count"] == 1


def test_json_keeps_sparse_and_notes():
    table = {"c": [f"{i:03}" for i in range(100)] * 2, "id": [f"p{i}" for i in range(200)]}
    encoder = TableEncoder(min_count=2).fit(table)
    read = TableEncoder.from_dict(encoder.to_dict())
    assert read.sparse_
    assert len(read.notes_) == 1
    assert read.notes_ == encoder.notes_


def stored(**changes):
    result = TableEncoder(min_count=1).fit({"x": [1.0, 2.0], "c": ["a", "b"]}).to_dict()
    for path, value in changes.items():
        where = result
        *keys, last = [int(key) if key.isdecimal() else key for key in path.split("__")]
        for key in keys:
            where = where[key]
        if value is KeyError:
            del where[last]
        else:
            where[last] = value
    return result


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 2}, "format 2 is unknown"),
        ({"format": KeyError}, "format None is unknown"),
        ({"notes": KeyError}, "lacks 'notes'"),
        ({"notes": [1]}, "notes must be a list of texts"),
        ({"extra": 1}, "unknown field 'extra'"),
        ({"sparse": 1}, "boolean sparse"),
        ({"columns": []}, "needs columns"),
        ({"columns": {}}, "list columns"),
        ({"columns__0": 5}, "must be an object"),
        ({"columns__0__name": "c"}, "each of them once"),
        ({"columns__0__spread": 0.0}, "'x' is not one that a fit gives"),
        ({"columns__0__spread": "1"}, "spread = '1'"),
        ({"columns__0__center": float("nan")}, "center = nan"),
        ({"columns__0__center": KeyError}, "lacks 'center'"),
        ({"columns__0__more": 1}, "unknown field 'more'"),
        ({"columns__0__kind": "date"}, "'x' is not one that a fit gives"),
        ({"columns__0__has_value": 1}, "has_value = 1"),
        ({"columns__0__has_value": False}, "'x' is not one that a fit gives"),
        ({"columns__1__levels": ["b", "a"]}, "'c' is not one that a fit gives"),
        ({"columns__1__levels": ["a", "a"]}, "'c' is not one that a fit gives"),
        ({"columns__1__levels": ["a", 1]}, "levels ="),
        ({"columns__1__levels": []}, "levels ="),
        ({"columns__1__kind": "numeric"}, "'c' is not one that a fit gives"),
        ({"params__min_count": 0}, "min_count must be"),
        ({"params__min_count": KeyError}, "lacks 'min_count'"),
        ({"params__drop": "x"}, "drop must be a sequence"),
    ],
)
def test_a_stored_encoder_that_is_not_one(change, message):
    assert TableEncoder.from_dict(stored()).columns_ == {"x": "numeric", "c": "categorical"}
    with pytest.raises(ValueError, match=message):
        TableEncoder.from_dict(stored(**change))
    with pytest.raises(ValueError, match="must be an object"):
        TableEncoder.from_dict([])


def test_absent_columns_are_named_and_others_ignored():
    encoder = TableEncoder(min_count=1).fit({"island": ["a", "b"], "x": [1.0, 2.0]})
    with pytest.raises(DataError, match=r"no column 'island', which the model needs; did you mean 'Island'\?"):
        encoder.transform({"Island": ["a"], "x": [1.0]})
    with pytest.raises(DataError, match=r"no column 'x', which the model needs; the columns are 'island'"):
        encoder.transform(columns_of({"island": ["a"]}))
    expected = encoder.transform({"island": ["a"], "x": [1.0]})
    extra = pl.DataFrame({"x": [1.0], "list": [[1]], "far": [math.inf], "island": ["a"]})
    assert encoder.transform(extra).tobytes() == expected.tobytes()


KINDS = {
    "numeric": [1.0, 2.0],
    "boolean": [True, False],
    "date": [dt.date(2020, 1, 1), dt.date(2020, 1, 3)],
    "time": [dt.time(6), dt.time(12)],
    "duration": [dt.timedelta(1), dt.timedelta(2)],
    "categorical": ["a", "b"],
}
WORDS = {
    "numeric": "numbers",
    "boolean": "booleans",
    "date": r"dates \(days since 1970-01-01 UTC\)",
    "time": r"dates \(days since midnight\)",
    "duration": r"dates \(days\)",
    "categorical": r"text",
}
PASS = {("numeric", "duration"), *((kind, "categorical") for kind in KINDS)} | {(kind, kind) for kind in KINDS}


@pytest.mark.parametrize("fitted", KINDS)
@pytest.mark.parametrize("given_kind", KINDS)
def test_another_kind_than_the_models(fitted, given_kind):
    encoder = TableEncoder(min_count=1).fit({"x": KINDS[fitted]})
    for make in (dict, pl.DataFrame):
        table = make({"x": KINDS[given_kind]})
        if (given_kind, fitted) in PASS:
            assert encoder.transform(table).shape[0] == 2
        elif given_kind == "categorical" and fitted not in ("numeric", "duration"):
            with pytest.raises(
                DataError, match=r"column 'x', row 1: 'a' is not (true or false|an ISO date|an ISO time)"
            ):
                encoder.transform(table)
        else:
            message = f"column 'x' holds {WORDS[given_kind]} where the model was fitted on {WORDS[fitted]}"
            with pytest.raises(DataError, match=message):
                encoder.transform(table)


def test_the_same_values_in_another_dress():
    encoder = TableEncoder(min_count=1).fit(KINDS)
    expected = encoder.transform(KINDS).tolist()
    dressed = {
        "numeric": [1, 2],
        "boolean": ["True", " false"],
        "date": ["2020-01-01", "2020-01-03T00:00:00+00:00"],
        "time": ["06:00", "12:00:00"],
        "duration": [1, 2.0],
        "categorical": ["a", "b"],
    }
    assert encoder.transform(dressed).tolist() == expected
    assert (
        encoder.transform({**dressed, "date": [dt.datetime(2020, 1, 1), dt.datetime(2020, 1, 3)]}).tolist() == expected
    )


def test_levels_that_arrive_as_numbers_or_booleans():
    encoder = TableEncoder(min_count=1).fit({"c": ["1", "x"], "b": ["True", "unknown"]})
    assert encoder.get_feature_names_out().tolist() == ["c=1", "c=x", "b=True", "b=unknown"]
    expected = [[1, 0, 1, 0], [0, 0, 0, 0]]
    for make in (dict, pl.DataFrame, pd.DataFrame):
        encoded = encoder.encode(make({"c": [1, 2], "b": [True, False]}))
        assert encoded.X.tolist() == expected
        assert encoded.unseen == {"c": {"2": 1}, "b": {"false": 1}}
    assert encoder.transform({"c": [1.0, 2.5], "b": [True, False]}).tolist() == expected


def test_a_file_is_read_as_the_model_expects(tmp_path):
    encoder = TableEncoder(min_count=1).fit({"c": ["1.0", "2.0"]})
    (tmp_path / "a.csv").write_text("c\n1.0\n2.0\n")
    assert encoder.transform(tmp_path / "a.csv").tolist() == [[1, 0], [0, 1]]


def test_columns_without_values_fit_every_kind():
    encoder = TableEncoder(min_count=1).fit(KINDS)
    names = encoder.get_feature_names_out().tolist()
    for make in (dict, pl.DataFrame, pd.DataFrame):
        row = encoder.transform(make({name: [None] for name in KINDS}))
        # Every median lies halfway, hence 0; the majority of a tie is false.
        assert dict(zip(names, row[0].tolist(), strict=True)) == dict.fromkeys(names, 0.0)
    assert encoder.transform({name: [] for name in KINDS}).shape == (0, len(names))


def test_infinite_values_are_named():
    encoder = TableEncoder().fit({"x": [1.0, 2.0]})
    with pytest.raises(DataError, match="column 'x', row 2: inf"):
        encoder.transform({"x": [1.0, math.inf]})


def test_probe_rows():
    table = random_table(5, 400) | {
        "t": [dt.time(i % 24) for i in range(400)],
        "y": [dt.timedelta(i) for i in range(400)],
    }
    encoder = TableEncoder().fit(table)
    probes = encoder.probe_rows()
    assert json.loads(json.dumps(probes)) == probes
    assert list(probes) == list(encoder.columns_)
    assert {len(values) for values in probes.values()} == {8}
    assert all(None in values for values in probes.values())
    encoded = encoder.encode(probes)
    assert list(encoded.unseen) == ["c"]
    assert np.isfinite(encoded.X).all()
    assert len(np.unique(encoded.X, axis=0)) == 8
    for j, feature in enumerate(encoder.features_):
        if feature.kind != "level":
            assert len(np.unique(encoded.X[:, j])) > 1, feature
    assert encoded.X.tobytes() == TableEncoder.from_dict(encoder.to_dict()).transform(probes).tobytes()


def test_probe_rows_of_extreme_columns():
    far = [dt.datetime(1, 1, 1), dt.datetime(9999, 12, 31)] * 3
    table = {"far": far, "large": [-1.7e308, 1.7e308] * 3, "c": ["a level the fit never saw"] * 5 + [None]}
    encoder = TableEncoder().fit(table)
    probes = encoder.probe_rows()
    assert json.loads(json.dumps(probes, allow_nan=False)) == probes
    encoded = encoder.encode(probes)
    assert np.isfinite(encoded.X).all()
    assert list(encoded.unseen["c"]) == ["a level the fit never saw?"]


def test_it_is_a_scikit_learn_transformer():
    encoder = TableEncoder(min_count=2, drop=["b"])
    copy = clone(encoder)
    assert copy.get_params() == encoder.get_params()
    table = pd.DataFrame(random_table(6, 200))
    y = np.arange(200) % 2
    model = make_pipeline(encoder, LogisticRegression()).fit(table, y)
    assert model.predict_proba(table).shape == (200, 2)
    assert isinstance(columns_of(table), Columns)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"min_count": 0}, "min_count must be a whole number of 1 or more, not 0"),
        ({"max_levels": 2.5}, "max_levels must be"),
        ({"min_count": True}, "min_count must be"),
        ({"drop": "x"}, r"drop must be a sequence of column names, not 'x'"),
        ({"numeric": [1]}, "numeric must be"),
    ],
)
def test_bad_parameters(options, message):
    with pytest.raises(ValueError, match=message):
        TableEncoder(**options).fit({"x": [1.0, 2.0]})
