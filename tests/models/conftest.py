# SPDX-License-Identifier: BSD-3-Clause
from pathlib import Path

import pytest

import multinoulli

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


@pytest.fixture(scope="session")
def penguins() -> multinoulli.Model:
    return multinoulli.fit(PENGUINS, target="species")
