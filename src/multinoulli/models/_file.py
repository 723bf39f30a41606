# SPDX-License-Identifier: BSD-3-Clause
"""The model file: safetensors for the arrays, JSON in its metadata for the rest. Nothing in it is ever executed.

Metadata, all strings as safetensors wants them: ``format`` is "multinoulli", ``format_version`` a number, ``content``
JSON that the model defines, ``sha256`` the digest of the version, the content and the arrays with their names, types
and shapes.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from os import PathLike, fspath
from pathlib import Path
from typing import Any

import numpy as np
import safetensors
import safetensors.numpy
from numpy.typing import NDArray

from multinoulli.tables import atomic_file

FORMAT_VERSION = 1


class ModelFileError(ValueError):
    """A model file that cannot be used; the message says why."""


def write_file(path: str | PathLike[str], content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write content and arrays, whole or not at all."""
    text = json.dumps(content, allow_nan=False)
    metadata = {
        "format": "multinoulli",
        "format_version": str(FORMAT_VERSION),
        "content": text,
        "sha256": _digest(str(FORMAT_VERSION), text, arrays),
    }
    with atomic_file(path) as file:
        file.write(safetensors.numpy.save(arrays, metadata))


def read_file(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Content and arrays of a file that is whole, ours, and of a version that is known; else a ModelFileError."""
    name = fspath(path)
    metadata, arrays = _read(name)
    if metadata.get("format") != "multinoulli":
        raise ModelFileError(f"{name}: a safetensors file, but not a model of multinoulli")
    written = metadata.get("format_version", "")
    if written.isdecimal() and int(written) > FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: written in format {written} by a newer multinoulli; this one, {version('multinoulli')}, reads "
            f"formats up to {FORMAT_VERSION}: upgrade it with pip install --upgrade multinoulli"
        )
    text = metadata.get("content", "")
    if metadata.get("sha256") != _digest(written, text, arrays):
        raise ModelFileError(f"{name}: altered since it was written (its SHA-256 differs): get it again or fit again")
    return json.loads(text), arrays


def _read(name: str) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    try:
        Path(name).stat()
        with safetensors.safe_open(name, framework="numpy") as file:
            return file.metadata() or {}, {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except FileNotFoundError:
        raise ModelFileError(f"{name}: no such file") from None
    except (OSError, safetensors.SafetensorError) as fault:
        raise ModelFileError(f"{name}: not a model file, or a damaged one ({fault})") from None


def _digest(format_version: str, content: str, arrays: dict[str, NDArray[Any]]) -> str:
    sha = hashlib.sha256()
    for part in (format_version, content):
        sha.update(len(part.encode()).to_bytes(8, "little") + part.encode())
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        sha.update(f"{key} {array.dtype.str} {array.shape}".encode() + array.tobytes())
    return sha.hexdigest()
