# SPDX-License-Identifier: BSD-3-Clause
"""Solve the problems of `problems.py` by the peers and write `softmax_regression.json`: ``python -m references.make``.

To be run in the folder above, with what the tests do without: statsmodels, and Rscript with glmnet and VGAM. Debian 12
has these as r-base-core, r-cran-glmnet and r-cran-vgam; statsmodels, scikit-learn and pandas came from pip, in an
environment of their own. The file says which versions. VGAM warns that it ends at a half-step: no whole one changes
its likelihood any more.
"""

import json
import subprocess
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from references.problems import PROBLEMS, SOLUTIONS


def by_r(folder):
    """What glmnet and VGAM find."""
    listed = [{"name": name, "C": problem.C} for name, problem in PROBLEMS.items()]
    pd.DataFrame(listed).to_csv(folder / "problems.csv", index=False)
    for name, (X, labels, weight, _) in PROBLEMS.items():
        table = pd.DataFrame(X).add_prefix("x")
        table.insert(0, "weight", weight)
        table.insert(0, "label", labels)
        table.to_csv(folder / f"{name}.csv", index=False)
    subprocess.run(["Rscript", Path(__file__).with_name("peers.R"), folder], check=True)
    for path in sorted(folder.glob("*-*.txt")):
        name, _, peer = path.stem.rpartition("-")
        rows = np.loadtxt(path)
        yield name, peer, rows[:, 0], rows[:, 1:]


def by_scikit_learn():
    """What newton-cg finds: for two classes at twice the C, as one score then stands for two."""
    for name, (X, labels, weight, C) in PROBLEMS.items():
        two = labels.max() == 1
        model = LogisticRegression(C=2 * C if two else C, solver="newton-cg", tol=1e-12, max_iter=100_000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its line search ends where rounding allows no further fall
            model.fit(X, labels, weight)
        intercept, coef = model.intercept_, model.coef_
        if two:
            intercept, coef = np.append(-intercept, intercept) / 2, np.concatenate([-coef, coef]) / 2
        yield name, "scikit-learn", intercept, coef


def by_statsmodels():
    """What MNLogit finds, in units of the columns' spread; it knows neither penalty nor weights."""
    from statsmodels.discrete.discrete_model import MNLogit

    for name, (X, labels, weight, C) in PROBLEMS.items():
        if np.isinf(C) and (weight == 1).all():
            centre, spread = X.mean(axis=0), X.std(axis=0)
            standard = np.column_stack([np.ones(len(X)), (X - centre) / spread])
            found = MNLogit(labels, standard).fit(method="newton", maxiter=100, tol=1e-15, disp=False)
            rows = np.vstack([np.zeros(standard.shape[1]), found.params.T])  # the first class is the baseline
            coef = rows[:, 1:] / spread
            yield name, "statsmodels", rows[:, 0] - coef @ centre, coef


def main():
    with tempfile.TemporaryDirectory() as folder:
        found = [*by_r(Path(folder)), *by_scikit_learn(), *by_statsmodels()]
        of_r = dict(zip(("R", "glmnet", "VGAM"), (Path(folder) / "versions.txt").read_text().split(), strict=True))
    versions = of_r | {package: version(package) for package in ("scikit-learn", "statsmodels")}
    solutions = [
        {"problem": name, "peer": peer, "intercept": intercept.tolist(), "coef": coef.tolist()}
        for name, peer, intercept, coef in found
    ]
    lines = ",\n".join(json.dumps(solution) for solution in solutions)
    SOLUTIONS.write_text(f'{{"versions": {json.dumps(versions)},\n"solutions": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    main()
