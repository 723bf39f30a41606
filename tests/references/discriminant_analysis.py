# SPDX-License-Identifier: BSD-3-Clause
"""Solve these problems by R's MASS and write the table: ``python -m references.discriminant_analysis``.

To be run in the folder above, with Rscript and MASS at hand: Debian 12 has them as r-base-core and r-cran-mass. The
file says which versions. Of every problem the posterior of its first, middle and last few rows is kept.
"""

import json
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris, load_wine

from references.problems import penguins

SOLUTIONS = Path(__file__).with_suffix(".json")


class Problem(NamedTuple):
    X: np.ndarray  # (n_samples, n_features), float64
    labels: np.ndarray  # (n_samples,), codes 0..n_classes-1
    count: np.ndarray  # (n_samples,), how often a row is repeated
    priors: tuple[float, ...] | None  # of the classes, None to estimate them


def of(X, labels, count=None, priors=None):
    return Problem(X, labels, np.ones(len(X), np.int64) if count is None else count.astype(np.int64), priors)


def of_penguins(target, **options):
    X, labels, count, _ = penguins(target, 1.0, **options)
    return of(X, labels, count)


PROBLEMS = {
    "iris": of(*load_iris(return_X_y=True)),
    "iris with priors": of(*load_iris(return_X_y=True), priors=(0.2, 0.7, 0.1)),
    "iris repeated": of(*load_iris(return_X_y=True), count=1 + np.arange(150) % 4),
    "wine": of(*load_wine(return_X_y=True)),
    "penguins' species": of_penguins("species"),
    "penguins' island repeated": of_penguins("island", weighted=True),
    "penguins' sex": of_penguins("sex"),
}


def shown(n):
    """The rows whose posterior is kept."""
    return np.unique(np.concatenate([np.arange(0, n, n // 12), [n - 1]]))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for problem, (X, labels, count, priors) in PROBLEMS.items():
            table = pd.DataFrame(X).add_prefix("x")
            table.insert(0, "count", count)
            table.insert(0, "prior", np.nan if priors is None else np.take(priors, labels))
            table.insert(0, "label", labels)
            table.to_csv(folder / f"{problem}.csv", index=False, na_rep="NA")
        subprocess.run(["Rscript", Path(__file__).with_suffix(".R"), folder], check=True)
        solutions = []
        for problem, (X, *_) in PROBLEMS.items():
            scaling = np.loadtxt(folder / f"{problem}-scaling.txt", ndmin=2)
            for kind in "lda", "qda":
                for method in "moment", "mle":
                    posterior = np.loadtxt(folder / f"{problem}-{kind}-{method}.txt")[shown(len(X))]
                    found = {"problem": problem, "kind": kind, "method": method, "posterior": posterior.tolist()}
                    if (kind, method) == ("lda", "moment"):
                        found["scaling"] = scaling.tolist()
                    solutions.append(found)
        versions = dict(zip(("R", "MASS"), (folder / "versions.txt").read_text().split(), strict=True))
    lines = ",\n".join(json.dumps(solution) for solution in solutions)
    SOLUTIONS.write_text(f'{{"versions": {json.dumps(versions)},\n"solutions": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
