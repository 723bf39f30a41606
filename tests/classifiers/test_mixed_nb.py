# SPDX-License-Identifier: BSD-3-Clause
"""MixedNB against R's e1071, GaussianNB and CategoricalNB, its definition, and every option."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.utils.estimator_checks import parametrize_with_checks

from multinoulli import CategoricalNB, GaussianNB, MixedNB

ROOT = Path(__file__).parents[2]
SOLVED = json.loads((ROOT / "tests" / "references" / "naive_bayes.json").read_text(encoding="utf-8"))["solutions"]
PENGUINS = pd.read_csv(ROOT / "examples" / "penguins.csv")
FRAME, SPECIES = PENGUINS.drop(columns=["species", "year"]), PENGUINS["species"].to_numpy()


@parametrize_with_checks([MixedNB()])
def test_obeys_scikit_learn(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the checks' own data are hard on purpose
        check(estimator)


def data_of(problem, tables):
    if problem == "iris":
        X, y = load_iris(return_X_y=True)
        return pd.DataFrame(X), np.array(["setosa", "versicolor", "virginica"])[y]
    return FRAME[[table["column"] for table in tables]], SPECIES


@pytest.mark.parametrize("solved", SOLVED, ids=lambda solved: solved["problem"])
def test_agrees_with_r(solved):
    X, y = data_of(solved["problem"], solved["tables"])
    model = MixedNB(alpha=solved["laplace"], var_smoothing=0.0).fit(X, y)
    assert model.classes_.tolist() == solved["classes"]
    assert model.class_count_.tolist() == solved["count"]
    numeric = [table for table in solved["tables"] if table["of"] == ["mean", "sd"]]
    categorical = [table for table in solved["tables"] if table not in numeric]
    # The divisor of a variance is there the number of values minus one.
    values = np.stack(
        [np.bincount(pd.factorize(y, sort=True)[0], X.iloc[:, j].notna()) for j in model.numeric_features_], 1
    )
    model.var_ = model.var_ * values / (values - 1)
    np.testing.assert_allclose(model.theta_.T, [np.array(table["table"])[:, 0] for table in numeric], rtol=1e-13)
    np.testing.assert_allclose(np.sqrt(model.var_.T), [np.array(table["table"])[:, 1] for table in numeric], rtol=1e-12)
    for table, categories, log_prob in zip(categorical, model.categories_, model.category_log_prob_, strict=True):
        assert categories == table["of"]
        np.testing.assert_allclose(np.exp(log_prob), table["table"], rtol=1e-12)
    proba = model.predict_proba(X.iloc[solved["rows"]])
    np.testing.assert_allclose(proba, solved["proba"], rtol=1e-10, atol=1e-14)


def test_columns_of_one_kind_are_the_models_of_that_kind():
    rng = np.random.default_rng(0)
    y = rng.integers(3, size=200)
    numbers, codes = rng.normal(y[:, None], 1.0, (200, 4)), (rng.integers(4, size=(200, 3)) + y[:, None]) % 5
    weight = rng.random(200)
    np.testing.assert_allclose(
        MixedNB().fit(numbers, y, weight).scores(numbers),
        GaussianNB().fit(numbers, y, weight).scores(numbers),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        MixedNB(categorical_features=range(3), alpha=0.3).fit(codes, y, weight).scores(codes),
        CategoricalNB(alpha=0.3).fit(codes, y, weight).scores(codes),
        rtol=1e-12,
    )
    both = np.column_stack([numbers, codes])
    model = MixedNB(categorical_features=[4, 5, -1], var_smoothing=1e-3).fit(both, y)
    apart = GaussianNB(var_smoothing=1e-3).fit(numbers, y).scores(numbers) + CategoricalNB().fit(codes, y).scores(codes)
    np.testing.assert_allclose(model.scores(both), apart - model.class_log_prior_, rtol=1e-12)


# Six rows, whose model is made by hand.
TABLE = [["a", 1.0], ["b", 3.0], ["a", None], ["b", 10.0], [None, 14.0], ["b", np.nan]]
LABELS = [0, 0, 0, 1, 1, 1]


def test_what_it_learns_is_as_defined():
    model = MixedNB(var_smoothing=0.0, alpha=0.5).fit(TABLE, LABELS)
    assert model.numeric_features_.tolist() == [1]
    assert model.categorical_features_.tolist() == [0]
    assert model.categories_ == [["a", "b"]]
    np.testing.assert_array_equal(model.theta_, [[2.0], [12.0]])
    np.testing.assert_array_equal(model.var_, [[1.0], [4.0]])
    np.testing.assert_array_equal(model.category_count_[0], [[2, 1], [0, 2]])
    np.testing.assert_allclose(
        np.exp(model.category_log_prob_[0]), [[2.5 / 4, 1.5 / 4], [0.5 / 3, 2.5 / 3]], rtol=1e-15
    )
    density = [-np.log(2 * np.pi) / 2 - (4.0 - 2) ** 2 / 2, -np.log(2 * np.pi * 4) / 2 - (4.0 - 12) ** 2 / 8]
    shares = np.log([2.5 / 4, 0.5 / 3])
    np.testing.assert_allclose(model.scores([["a", 4.0]]), [np.log(0.5) + density + shares], rtol=1e-14)
    np.testing.assert_allclose(model.scores([[None, 4.0]]), [np.log(0.5) + density], rtol=1e-14)
    np.testing.assert_allclose(model.scores([["a", None]]), [np.log(0.5) + shares], rtol=1e-14)
    np.testing.assert_allclose(model.scores([[None, np.nan]]), np.log([[0.5, 0.5]]), rtol=1e-14)
    unseen = np.log([0.5 / 4, 0.5 / 3])
    np.testing.assert_allclose(model.scores([["c", None]]), [np.log(0.5) + unseen], rtol=1e-14)


def test_var_smoothing_is_a_share_of_the_largest_variance():
    model = MixedNB(var_smoothing=0.01).fit(TABLE, LABELS)
    assert model.epsilon_ == pytest.approx(0.01 * np.var([1, 3, 10, 14]), rel=1e-14)
    np.testing.assert_allclose(model.var_, np.array([[1.0], [4.0]]) + model.epsilon_, rtol=1e-14)
    constant = [["a", 1.0], ["b", 1.0], ["a", 2.0], ["a", 3.0]]
    with pytest.raises(ValueError, match=r"feature 1 is constant in class .*0.*, and var_smoothing=0.0 adds nothing"):
        MixedNB(var_smoothing=0.0).fit(constant, [0, 0, 1, 1])
    assert np.isfinite(MixedNB().fit(constant, [0, 0, 1, 1]).predict_proba(constant)).all()


def test_a_class_without_values_in_a_column_has_those_of_all():
    table = [[1.0, "a"], [3.0, "b"], [None, None], [None, None]]
    model = MixedNB(var_smoothing=0.0).fit(table, [0, 0, 1, 1])
    np.testing.assert_array_equal(model.theta_, [[2.0], [2.0]])
    np.testing.assert_array_equal(model.var_, [[1.0], [1.0]])
    np.testing.assert_allclose(np.exp(model.category_log_prob_[0]), 0.5)
    np.testing.assert_allclose(model.predict_proba([[9.0, "a"]]), 0.5)


def test_a_column_without_any_value_says_nothing():
    table = [[1.0, None], [3.0, np.nan], [5.0, None], [7.0, None]]
    model = MixedNB().fit(table, [0, 0, 1, 1])
    alone = MixedNB().fit([[row[0]] for row in table], [0, 0, 1, 1])
    np.testing.assert_array_equal(model.scores([[2.0, 5.0]]), alone.scores([[2.0]]))
    assert np.isnan(model.theta_[:, 1]).all()


@pytest.mark.parametrize("library", ["pandas", "polars", "category", "object array", "lists"])
def test_tables_of_any_make(library):
    frame = FRAME
    if library == "polars":
        frame = pytest.importorskip("polars").from_pandas(FRAME)
    elif library == "category":
        frame = FRAME.astype({"island": "category", "sex": "category", "body_mass_g": "Int64"})
    elif library != "pandas":
        frame = FRAME.to_numpy(dtype=object)
        frame = frame.tolist() if library == "lists" else frame
    model = MixedNB().fit(frame, SPECIES)
    assert model.categorical_features_.tolist() == [0, 5]
    assert model.categories_ == [["Biscoe", "Dream", "Torgersen"], ["female", "male"]]
    np.testing.assert_allclose(
        model.predict_proba(frame), MixedNB().fit(FRAME, SPECIES).predict_proba(FRAME), rtol=1e-12
    )
    assert model.score(frame, SPECIES) > 0.95
    assert hasattr(model, "feature_names_in_") == (library in ("pandas", "polars", "category"))


@pytest.mark.parametrize(
    "given", [["island", "sex"], [0, 5], [0, -1], np.array([1, 0, 0, 0, 0, 1], bool), np.array([0, 5])], ids=str
)
def test_categorical_features_may_be_named(given):
    model = MixedNB(categorical_features=given).fit(FRAME, SPECIES)
    np.testing.assert_array_equal(model.scores(FRAME), MixedNB().fit(FRAME, SPECIES).scores(FRAME))


def test_categorical_features_decide():
    numbers = FRAME[["flipper_length_mm", "body_mass_g"]].fillna(0)
    as_categories = MixedNB(categorical_features=[0]).fit(numbers, SPECIES)
    assert as_categories.categories_[0] == sorted(set(numbers["flipper_length_mm"]))
    assert MixedNB(categorical_features=None).fit(numbers, SPECIES).categories_ == []
    assert MixedNB().fit(numbers > 200, SPECIES).categories_ == [[False, True], [False, True]]
    for bad, message in (
        (["ocean"], "categorical_features names 'ocean', but X has the columns"),
        ([7], "categorical_features has 7, which is no index of 6 columns"),
        ([0.5], 'categorical_features must be "auto", None, indices, names or a mask of 6'),
        ("all", 'categorical_features must be "auto", None'),
        (["sex"], "X has 'Torgersen' at row 0, column 0, where numbers are expected: list the column"),
    ):
        with pytest.raises(ValueError, match=message):
            MixedNB(categorical_features=bad).fit(FRAME, SPECIES)
    with pytest.raises(ValueError, match="names 'sex', but X has no column names"):
        MixedNB(categorical_features=["sex"]).fit(FRAME.to_numpy(), SPECIES)


def test_weight_zero_is_absence_and_integer_weights_are_repetition():
    times = np.random.default_rng(0).integers(3, size=len(SPECIES))
    weighed = MixedNB().fit(FRAME, SPECIES, times)
    rows = np.repeat(np.arange(len(SPECIES)), times)
    repeated = MixedNB().fit(FRAME.iloc[rows], SPECIES[rows])
    np.testing.assert_allclose(weighed.scores(FRAME), repeated.scores(FRAME), rtol=1e-12)
    some = times > 0
    present = MixedNB().fit(FRAME[some], SPECIES[some], times[some])
    np.testing.assert_array_equal(weighed.scores(FRAME), present.scores(FRAME))


def test_batches_lead_to_what_fit_finds_and_may_bring_new_categories():
    order = np.random.default_rng(0).permutation(len(SPECIES))
    stream = MixedNB()
    for rows in np.array_split(order, 7):
        stream.partial_fit(FRAME.iloc[rows], SPECIES[rows], classes=np.unique(SPECIES))
    np.testing.assert_allclose(stream.scores(FRAME), MixedNB().fit(FRAME, SPECIES).scores(FRAME), rtol=1e-11)
    growing = MixedNB().partial_fit(TABLE, LABELS, classes=[0, 1])
    growing.partial_fit([["0", 5.0], ["a", 2.0]], [0, 1])
    assert growing.categories_ == [["a", "b", "0"]]
    whole = MixedNB().fit([*TABLE, ["0", 5.0], ["a", 2.0]], [*LABELS, 0, 1])
    np.testing.assert_allclose(growing.scores(TABLE), whole.scores(TABLE), rtol=1e-13)


def test_priors_and_classes():
    model = MixedNB(class_prior=[0.2, 0.3, 0.5]).fit(FRAME, SPECIES)
    np.testing.assert_allclose(model.class_log_prior_, np.log([0.2, 0.3, 0.5]))
    np.testing.assert_allclose(MixedNB(fit_prior=False).fit(FRAME, SPECIES).class_log_prior_, np.log(1 / 3))
    some = SPECIES != "Chinstrap"
    absent = MixedNB(classes=np.unique(SPECIES)).fit(FRAME[some], SPECIES[some])
    np.testing.assert_array_equal(absent.predict_proba(FRAME)[:, 1], 0)
    two = MixedNB().fit(FRAME[some], SPECIES[some]).predict_proba(FRAME)
    np.testing.assert_array_equal(absent.predict_proba(FRAME)[:, [0, 2]], two)


def test_alpha():
    with pytest.raises(ValueError, match=r"alpha=0 gives category number 0 of column 0 the probability 0 in class .*1"):
        MixedNB(alpha=0).fit(TABLE, LABELS)
    for bad in -1.0, np.nan, [1.0, np.inf], "many":
        with pytest.raises(ValueError, match=r"alpha must be (non-negative and finite|a number)"):
            MixedNB(alpha=bad).fit([["a", 1.0], ["b", 2.0]], [0, 1])
    with pytest.raises(ValueError, match=r"alpha has shape \(3,\), expected a number or shape \(2,\)"):
        MixedNB(alpha=[1.0, 2.0, 3.0]).fit([["a", 1.0], ["b", 2.0]], [0, 1])
    known = MixedNB(alpha=0).fit([["a", 1.0], ["b", 2.0], ["a", 5.0], ["b", 8.0]], [0, 0, 1, 1])
    np.testing.assert_array_equal(known.scores([["new", 3.0]]), known.scores([[None, 3.0]]))


def test_alpha_may_be_another_for_every_column():
    X, y = [["a", 1.0, "x"], ["b", 2.0, "x"], ["a", 5.0, "y"], ["a", 8.0, "x"]], [0, 0, 1, 1]
    model = MixedNB(alpha=[0.5, 9.0, 2.0]).fit(X, y)
    np.testing.assert_allclose(np.exp(model.category_log_prob_[0]), [[0.5, 0.5], [2.5 / 3, 0.5 / 3]], rtol=1e-14)
    np.testing.assert_allclose(np.exp(model.category_log_prob_[1]), [[4 / 6, 2 / 6], [0.5, 0.5]], rtol=1e-14)
    row, known = [["new", None, "new"]], np.log([0.5, 0.5])
    np.testing.assert_allclose(model.scores(row)[0], known + np.log(0.5 / 3) + np.log(2 / 6), rtol=1e-14)


def test_bad_tables_are_named():
    with pytest.raises(ValueError, match="Input X contains infinity at row 1, column 0"):
        MixedNB().fit([[1.0], [np.inf], [2.0]], [0, 1, 1])
    with pytest.raises(ValueError, match="neither numbers nor categories"):
        MixedNB().fit(pd.DataFrame({"day": pd.to_datetime(["2020-01-01"] * 3)}), [0, 1, 1])
    with pytest.raises(TypeError, match="MixedNB needs dense data"):
        MixedNB().fit(sparse.csr_array(np.eye(3)), [0, 1, 1])
    model = MixedNB().fit(TABLE, LABELS)
    with pytest.raises(ValueError, match="X has 'x' at row 0, column 1, where numbers are expected"):
        model.predict([["a", "x"]])
    with pytest.raises(ValueError, match="X has 1 features, but MixedNB is expecting 2"):
        model.predict([["a"]])
    named = MixedNB().fit(FRAME, SPECIES)
    with pytest.raises(ValueError, match="feature names"):
        named.predict(FRAME[FRAME.columns[::-1]])
    assert clone(named).get_params() == named.get_params()
