# SPDX-License-Identifier: BSD-3-Clause
"""From a table to a model, and the model's file."""

from multinoulli.models._evaluation import Evaluation
from multinoulli.models._file import FORMAT_VERSION, ModelFileError
from multinoulli.models._fit import fit
from multinoulli.models._kinds import BEST, KINDS
from multinoulli.models._load import load
from multinoulli.models._model import Candidate, DataWarning, Model, Training

__all__ = [
    "BEST",
    "FORMAT_VERSION",
    "KINDS",
    "Candidate",
    "DataWarning",
    "Evaluation",
    "Model",
    "ModelFileError",
    "Training",
    "fit",
    "load",
]
