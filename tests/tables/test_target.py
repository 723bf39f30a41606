# SPDX-License-Identifier: BSD-3-Clause
"""Targets of any type become labels and sorted classes; those that look like mistakes are refused."""

import datetime as dt

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from multinoulli.tables import DataError, codes_for, columns_of, labels_of

DAYS = ("2019-12-31", "2020-01-02")
CASES = [
    (["b", "a", None, "b"], [1, 0, -1, 1], ("a", "b")),
    ([10, 9, 10, None], [1, 0, 1, -1], (9, 10)),
    ([2.0, 1.0, float("nan"), 1.0], [1, 0, -1, 0], (1, 2)),
    ([0.5, -1.0, 0.5, None], [1, 0, 1, -1], (-1, 0.5)),
    ([True, False, None, True], [1, 0, -1, 1], (False, True)),
    ([9007199254740993, 9007199254740992, None, 9007199254740992], [1, 0, -1, 0], (9007199254740992, 9007199254740993)),
    ([dt.date(2020, 1, 2), dt.date(2019, 12, 31), None, dt.date(2019, 12, 31)], [1, 0, -1, 0], DAYS),
]


@pytest.mark.parametrize("make", [dict, pl.DataFrame, pa.table, lambda table: pd.DataFrame(table, dtype=object)])
@pytest.mark.parametrize(("values", "labels", "classes"), CASES)
def test_labels_and_classes(make, values, labels, classes):
    target = labels_of(make({"y": values}), "y")
    assert target.labels.dtype == np.int64
    assert target.labels.tolist() == labels
    assert target.classes == classes
    assert [type(one) for one in target.classes] == [type(one) for one in classes]
    assert codes_for(make({"y": values}), "y", classes).tolist() == labels


def test_labels_of_a_file(tmp_path):
    (tmp_path / "a.csv").write_text("y\nb\na\nNA\nb\n")
    labels, classes = labels_of(tmp_path / "a.csv", "y")
    assert (labels.tolist(), classes) == ([1, 0, -1, 1], ("a", "b"))


def test_classes_are_sorted_as_what_they_are():
    assert labels_of({"y": [10, 9, 100, 9]}, "y").classes == (9, 10, 100)
    assert labels_of({"y": ["10", "9", "100", "9"]}, "y").classes == ("10", "100", "9")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([None, None], "'y' is missing in every row"),
        (["a", "a", None], "'y' has only one class, 'a'"),
        (["a", "b", "c"], r"'y' has 3 distinct values in 3 rows.*--force"),
        ([*range(1001), *range(1001)], r"'y' has 1,001 classes, more than 1,000.*--force"),
        ([1.0, float("inf")], "column 'y', row 2: inf"),
        ([1, "a"], "column 'y' mixes numbers"),
    ],
)
def test_faults(values, message):
    with pytest.raises(DataError, match=message):
        labels_of({"y": values}, "y")


def test_force_accepts_what_looks_like_a_mistake():
    assert labels_of({"y": ["a", "b", "c"]}, "y", force=True).classes == ("a", "b", "c")
    assert len(labels_of({"y": [*range(1001), *range(1001)]}, "y", force=True).classes) == 1001
    with pytest.raises(DataError, match="only one class"):
        labels_of({"y": ["a", "a"]}, "y", force=True)


def test_two_rows_and_a_thousand_classes_are_no_mistake():
    assert labels_of({"y": ["a", "b"]}, "y").classes == ("a", "b")
    assert len(labels_of({"y": [*range(1000), 0]}, "y").classes) == 1000


def test_an_absent_target():
    table = {"Species": ["a", "b"], "sex": ["m", "f"]}
    for call in (lambda name: labels_of(table, name), lambda name: codes_for(table, name, ["a", "b"])):
        with pytest.raises(DataError, match=r"no column 'species' for the target; did you mean 'Species'\?"):
            call("species")
        with pytest.raises(DataError, match=r"did you mean 'Species'\?"):
            call("spices")
        with pytest.raises(DataError, match=r"the columns are 'Species', 'sex'"):
            call("weight")
    with pytest.raises(DataError, match="the first line holds a number or a date"):
        labels_of({"column0": ["name", "a"], "column1": [2019, 1]}, "name")
    with pytest.raises(TypeError, match="give the table itself"):
        labels_of(columns_of(table), "sex")


def test_known_classes_in_another_dress():
    assert codes_for({"y": [2.0, None, 1]}, "y", ["1", "2"]).tolist() == [1, -1, 0]
    assert codes_for({"y": ["2", "1"]}, "y", [1, 2]).tolist() == [1, 0]
    assert codes_for({"y": [True, False]}, "y", ["False", "True", "unknown"]).tolist() == [1, 0]
    assert codes_for({"y": ["true", None]}, "y", [False, True]).tolist() == [1, -1]
    assert codes_for({"y": [None, None]}, "y", ["a", "b"]).tolist() == [-1, -1]
    assert codes_for({"y": ["a"]}, "y", ["a", "b"]).tolist() == [0]


def test_unknown_classes():
    with pytest.raises(DataError, match=r"'y' holds a class 'c' \(2 rows, and 1 more.*knows 'a', 'b'"):
        codes_for({"y": ["a", "c", "c", "d"]}, "y", ["a", "b"])
    with pytest.raises(DataError, match="column 'y', row 1: inf"):
        codes_for({"y": [float("inf")]}, "y", [1, 2])
