# SPDX-License-Identifier: BSD-3-Clause
"""How long a program waits for the import, and an installation for the build."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.harness import Work, interleaved, markdown

STATEMENTS = [
    "pass",
    "import numpy",
    "import multinoulli",
    "from multinoulli import softmax",
    "from scipy.special import softmax",
]

TEXT = """## Import and build

Seconds of `python -c`, a fresh process each time, files in the system's cache; medians.

{imports}

{wheel}"""


def measure(quick: bool) -> Any:
    """Time the imports, and unless it must be quick build a wheel."""
    work: dict[str, Work] = {
        statement: partial(subprocess.run, [sys.executable, "-c", statement], check=True) for statement in STATEMENTS
    }
    return {"imports": interleaved(work, rounds=(3, 3) if quick else (10, 10)), "wheel": None if quick else wheel()}


def wheel() -> dict[str, float] | None:
    """Build a wheel as an installation does, compiler included; None where that does not work, as without network."""
    root = Path(__file__).parents[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder]
        command += [f"--config-settings=build-dir={folder}/build", str(root)]
        began = time.perf_counter()
        done = subprocess.run(command, check=False)
        seconds = time.perf_counter() - began
        built = list(Path(folder).glob("*.whl"))
        return {"seconds": seconds, "bytes": built[0].stat().st_size} if done.returncode == 0 and built else None


def render(stored: Any) -> str:
    """The imports as a table, the wheel in a sentence."""
    rows = [[f"`{statement}`", f"{seconds:.3f}"] for statement, seconds in stored["imports"].items()]
    built = stored["wheel"]
    said = (
        f"`pip wheel --no-deps .` took {built['seconds']:.0f} s, pip's environment for the build included; "
        f"the wheel has {built['bytes'] / 1e6:.1f} MB."
        if built
        else "The wheel was not built in this run."
    )
    return TEXT.format(imports=markdown(["statement", "s"], rows), wheel=said)
