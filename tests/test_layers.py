# SPDX-License-Identifier: BSD-3-Clause
"""Who may import whom: every room imports only rooms of lower rows."""

import ast
from pathlib import Path

import pytest

import multinoulli

ROWS = [
    {"_core"},
    {"_threads", "_validation"},
    {"_namespaces"},
    {"functions"},
    {"losses", "distributions", "metrics"},
    {"objectives", "solvers"},
    {"classifiers", "calibration", "tables"},
    {"models", "reports"},
    {"cli"},
]
ROW_OF = {room: row for row, rooms in enumerate(ROWS) for room in rooms}
PACKAGE = Path(multinoulli.__file__).parent
FILES = sorted(path for path in PACKAGE.rglob("*.py") if path != PACKAGE / "__init__.py")


def room_of(module: str) -> str:
    return module.split(".")[1]


def imported_rooms(source: str, module: str) -> set[str]:
    """Rooms that a module imports, wherever in the file; relative imports are against the house rules."""
    rooms = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            rooms |= {room_of(alias.name) for alias in node.names if alias.name.startswith("multinoulli.")}
            assert all(alias.name != "multinoulli" for alias in node.names), f"{module} imports the whole package"
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            if node.module == "multinoulli":
                rooms |= {alias.name for alias in node.names}
            elif node.module and node.module.startswith("multinoulli."):
                rooms.add(room_of(node.module))
    return rooms


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_lower_rooms(path: Path) -> None:
    module = ".".join(["multinoulli", *path.relative_to(PACKAGE).with_suffix("").parts])
    own = room_of(module)
    assert own in ROW_OF, f"{own} is not in the table of rooms"
    for other in imported_rooms(path.read_text(), module) - {own}:
        assert ROW_OF[other] < ROW_OF[own], f"{module} imports {other}"


def test_the_reader_of_imports_sees_every_form() -> None:
    source = "import multinoulli.cli\nfrom multinoulli import _core\ndef f():\n    from multinoulli.models import fit\n"
    assert imported_rooms(source, "m") == {"cli", "_core", "models"}
