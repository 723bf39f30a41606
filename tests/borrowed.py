# SPDX-License-Identifier: BSD-3-Clause
"""What runs another library's own tests on our functions: its parametrized functions, case by case."""

import itertools


def arguments(function):
    """Every combination of the values that the marks of a test give its parameters, as a dict by name."""
    marks = [mark for mark in getattr(function, "pytestmark", []) if mark.name == "parametrize"]
    for chosen in itertools.product(*(values(mark) for mark in marks)):
        yield {name: value for some in chosen for name, value in some.items()}


def values(mark):
    names, given = mark.args[:2]
    names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
    return [dict(zip(names, value if len(names) > 1 else [value], strict=True)) for value in given]
