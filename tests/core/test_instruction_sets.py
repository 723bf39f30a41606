# SPDX-License-Identifier: BSD-3-Clause
"""MULTINOULLI_ISA forces an instruction set, or says why it cannot."""

import functools
import os
import subprocess
import sys

import numpy as np
import pytest

from instruction_sets import LEVELS
from multinoulli import _core
from multinoulli.functions import softmax

# Without the rest of the package, which takes ten times as long to import.
CODE = """
import importlib.util, sys
import numpy as np
spec = importlib.util.spec_from_file_location("multinoulli._core", sys.argv[1])
core = importlib.util.module_from_spec(spec)
print(core.isa, core.softmax(np.linspace(-9, 9, 70)).tobytes().hex())
"""


@functools.cache
def forced(name):
    environment = {**os.environ, "MULTINOULLI_ISA": name}
    command = [sys.executable, "-c", CODE, _core.__file__]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def supported():
    return [name for name in LEVELS if forced(name).returncode == 0]


def test_each_one_the_processor_has_can_be_forced():
    names = supported()
    assert _core.isa in names
    for name in names:
        isa, result = forced(name).stdout.split()
        assert isa == name
        proba = np.frombuffer(bytes.fromhex(result))
        np.testing.assert_allclose(proba, softmax(np.linspace(-9, 9, 70)), rtol=2e-15)


def test_the_best_one_is_the_default():
    assert forced("").stdout.split()[0] == supported()[-1]


def test_one_that_the_processor_lacks_is_refused():
    for name in set(LEVELS) - set(supported()):
        result = forced(name)
        assert result.returncode == 1
        assert f"ImportError: MULTINOULLI_ISA={name}: this processor lacks that instruction set" in result.stderr


@pytest.mark.parametrize("name", ["v5", "V3", "3", "avx2"])
def test_an_unknown_one_is_refused(name):
    error = forced(name).stderr
    assert f"ImportError: MULTINOULLI_ISA={name}: no such instruction set in this build" in error
    assert f"unset it, or choose from: {', '.join(supported())}" in error
