# SPDX-License-Identifier: BSD-3-Clause
"""The model file: safetensors for the arrays, JSON in its metadata for the rest. Nothing in it is ever executed.

The metadata have one entry, ``multinoulli``: a SHA-256, a line break, and a JSON object with ``format_version``, a
number, and ``content``, an object that the model defines. The digest is that of the JSON text and of the arrays with
their names, types and shapes. (One entry, because safetensors writes several in any order, and the same model should
be the same bytes.)
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

# 1: softmax regression alone.
FORMAT_VERSION = 2


class ModelFileError(ValueError):
    """A model file that cannot be used; the message says why."""


def write_file(path: str | PathLike[str], content: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
    """Write content and arrays, whole or not at all."""
    text = json.dumps({"format_version": FORMAT_VERSION, "content": content}, allow_nan=False)
    metadata = {"multinoulli": _digest(text, arrays) + "\n" + text}
    with atomic_file(path) as file:
        file.write(safetensors.numpy.save(arrays, metadata))


def read_file(path: str | PathLike[str]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Content and arrays of a file that is whole, ours, and of a version that is known; else a ModelFileError."""
    name = fspath(path)
    metadata, arrays = _read(name)
    if "multinoulli" not in metadata:
        raise ModelFileError(f"{name}: a safetensors file, but not a model of multinoulli")
    sha256, _, text = metadata["multinoulli"].partition("\n")
    try:
        description = json.loads(text)
        written, content = description["format_version"], description["content"]
    except (ValueError, TypeError, KeyError):
        raise ModelFileError(f"{name}: damaged (its description cannot be read): get it again or fit again") from None
    if isinstance(written, int) and written > FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: written in format {written} by a newer multinoulli; this one, {version('multinoulli')}, reads "
            f"formats up to {FORMAT_VERSION}: upgrade it with pip install --upgrade multinoulli"
        )
    if sha256 != _digest(text, arrays):
        raise ModelFileError(f"{name}: altered since it was written (its SHA-256 differs): get it again or fit again")
    if written == 1 and isinstance(content, dict):
        content |= {"kind": "softmax", "params": {}}
    return content, arrays


def _read(path: str) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    try:
        Path(path).stat()
        with safetensors.safe_open(path, framework="numpy") as file:
            names = file.keys()
            return file.metadata() or {}, {name: file.get_tensor(name) for name in names}
    except FileNotFoundError:
        raise ModelFileError(f"{path}: no such file") from None
    except (OSError, safetensors.SafetensorError) as fault:
        raise ModelFileError(f"{path}: not a model file, or a damaged one ({fault})") from None


def _digest(text: str, arrays: dict[str, NDArray[Any]]) -> str:
    sha = hashlib.sha256(text.encode())
    for key in sorted(arrays):
        array = np.ascontiguousarray(arrays[key])
        sha.update(f"\n{key} {array.dtype.str} {array.shape}\n".encode() + array.tobytes())
    return sha.hexdigest()
