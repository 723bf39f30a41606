# SPDX-License-Identifier: BSD-3-Clause
import pytest
from sklearn.datasets import load_iris, load_wine


@pytest.fixture(scope="session")
def iris():
    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def scaled_iris(iris):
    X, y = iris
    return (X - X.mean(axis=0)) / X.std(axis=0), y


@pytest.fixture(scope="session")
def wine():
    return load_wine(return_X_y=True)
