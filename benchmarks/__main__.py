# SPDX-License-Identifier: BSD-3-Clause
"""Measure everything, or some sections, and write docs/benchmarks.md."""

import argparse
from collections.abc import Sequence

from benchmarks.page import SECTIONS, Page


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep what was measured in build/bench, and write the page from all that is kept."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("--only", default=",".join(SECTIONS), help="the sections to measure: %(default)s; '' for none")
    parser.add_argument(
        "--cells",
        metavar="TEXT",
        help="only functions' cells and regression's sets with this in their name, such as axis",
    )
    parser.add_argument("--quick", action="store_true", help="small arrays and few rounds, kept and written elsewhere")
    chosen = parser.parse_args(arguments)
    names = [name for name in chosen.only.split(",") if name]
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        parser.error(f"no section named {', '.join(unknown)}; there are {', '.join(SECTIONS)}")
    page = Page(chosen.quick)
    if chosen.cells:
        page.measure_cells(chosen.cells)
        names = []
    for name in names:
        page.measure(name)
        page.write()
    page.write()
    print(f"wrote {page.path}")


if __name__ == "__main__":
    main()
