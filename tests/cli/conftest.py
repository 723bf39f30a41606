# SPDX-License-Identifier: BSD-3-Clause
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from multinoulli.cli import main

PENGUINS = Path(__file__).parents[2] / "examples" / "penguins.csv"


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command in this process: exit code, standard output, standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        code = main([str(arg) for arg in args])
        sys.stdout.flush()
        out, err = capfd.readouterr()
        return code, out, err

    return run


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of the penguins, made by the installed command."""
    path = tmp_path_factory.mktemp("model") / "penguins.model"
    command = [Path(sys.executable).with_name("multinoulli"), "fit", PENGUINS, "--target", "species", "--out", path]
    subprocess.run(command, check=True, capture_output=True)
    return path
