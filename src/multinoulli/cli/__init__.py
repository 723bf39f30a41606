# SPDX-License-Identifier: BSD-3-Clause
"""The command ``multinoulli``: parse, call the public API, print."""

import sys
from collections.abc import Sequence

__all__ = ["main"]


def main(args: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code.

    Parameters
    ----------
    args : sequence of str, optional
        Without the name of the program; ``sys.argv[1:]`` if not given.

    Returns
    -------
    int
        0 done, 1 the data or the model is at fault, 2 wrong usage.

    Examples
    --------
    >>> main(["--version"])
    multinoulli 0...
    0
    """
    try:
        from multinoulli.cli._app import run

        return run(sys.argv[1:] if args is None else list(args))
    except KeyboardInterrupt:
        print("Interrupted: nothing was written.", file=sys.stderr)
    except ModuleNotFoundError as missing:
        if missing.name not in {"typer", "rich"}:
            raise
        print(f"Error: the command needs {missing.name}: pip install 'multinoulli[cli]'", file=sys.stderr)
    return 1
