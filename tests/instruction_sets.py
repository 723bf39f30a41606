# SPDX-License-Identifier: BSD-3-Clause
"""The core's own functions, computed with an instruction set of choice in a process of its own."""

import os
import platform
import subprocess
import sys

import numpy as np

from multinoulli import _core

LEVELS = ("v2", "v3", "v4") if platform.machine() == "x86_64" else ("baseline",)
# Without the rest of the package, which takes ten times as long to import. A key is "name-anything-position".
ALONE = """
import importlib.util, sys
import numpy as np
spec = importlib.util.spec_from_file_location("multinoulli._core", sys.argv[1])
core = importlib.util.module_from_spec(spec)
_, _, given, results = sys.argv
calls = {}
with np.load(given) as arrays:
    for key in arrays:
        calls.setdefault(key.rpartition("-")[0], []).append(arrays[key])
found = {}
for key, arguments in calls.items():
    result = getattr(core, key.partition("-")[0])(*arguments)
    found[key] = result[1] if isinstance(result, tuple) else arguments[-1] if result is None else result
np.savez(results, isa=core.isa, **found)
"""


def results_of(level, folder, calls):
    """Return the results of `calls`, {"name-anything": arguments}: of loss and gradient the gradient, else the last
    argument where that is the output.

    None if the processor lacks the instruction set.
    """
    arrays = {f"{key}-{i}": array for key, arguments in calls.items() for i, array in enumerate(arguments)}
    np.savez(folder / "arguments.npz", **arrays)
    command = [sys.executable, "-c", ALONE, _core.__file__, folder / "arguments.npz", folder / "results.npz"]
    environment = {**os.environ, "MULTINOULLI_ISA": level}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if "this processor lacks that instruction set" in done.stderr and level != LEVELS[0]:
        return None
    assert done.returncode == 0, done.stderr
    with np.load(folder / "results.npz") as results:
        assert results["isa"] == level
        return {key: results[key] for key in calls}
