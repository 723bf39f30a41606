# SPDX-License-Identifier: BSD-3-Clause
"""What the commands print: text for people, plain when piped, or one JSON object."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from multinoulli.metrics import Estimate
from multinoulli.models import Evaluation, Model

STRONGEST = 5
MANY = 20  # classes or columns named before the rest is only counted


def fit_as_dict(model: Model, out: Path | None, seconds: float) -> dict[str, Any]:
    """The outcome of a fit for JSON."""
    described = model_as_dict(model)
    return {**described, "model": None if out is None else str(out), "seconds": seconds}


def evaluation_as_dict(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation for JSON."""
    return asdict(evaluation)


def model_as_dict(model: Model) -> dict[str, Any]:
    """A model for JSON: everything but the coefficients that are not among the strongest."""
    training = asdict(model.training)
    return {
        "kind": model.label,
        "target": model.target,
        "classes": list(model.classes),
        **training,
        "features": [asdict(feature) for feature in model.encoder.features_],
        "certificate": None if model.certificate is None else asdict(model.certificate),
        "strongest": {str(label): dict(model.strongest(label, STRONGEST)) for label in model.classes}
        if model.is_linear
        else None,
    }


def print_json(value: dict[str, Any]) -> None:
    """One JSON object on standard output; numbers that JSON does not know become null."""
    print(json.dumps(_finite(value), ensure_ascii=False))


def print_fit(model: Model, out: Path | None, seconds: float) -> None:
    """The outcome of a fit."""
    console = _console()
    _print_what(console, model)
    if model.training.held_out is None:
        console.print("Held-out quality was not measured.")
    else:
        _print_evaluation(console, model.training.held_out)
    _print_certificate(console, model)
    _print_candidates(console, model)
    _print_notes(console, model)
    kept = f"Saved to {out}" if out is not None else "Not saved: give --out MODEL to keep it"
    console.print(Text(f"{kept}; {seconds:.1f} s"))


def print_evaluation(evaluation: Evaluation) -> None:
    """An evaluation."""
    _print_evaluation(_console(), evaluation)


def print_model(model: Model) -> None:
    """What a model is."""
    console = _console()
    _print_what(console, model)
    table = Table("class", "rows", box=None, pad_edge=False)
    for label, count in list(zip(model.classes, model.training.class_counts, strict=True))[:MANY]:
        table.add_row(Text(str(label)), f"{count:,}")
    _print_table(console, table)
    if len(model.classes) > MANY:
        console.print(f"... and {len(model.classes) - MANY} more classes")
    console.print()
    _print_columns(console, model)
    if model.training.held_out is not None:
        _print_evaluation(console, model.training.held_out)
    _print_certificate(console, model)
    _print_candidates(console, model)
    if model.is_linear:
        _print_strongest(console, model)
    _print_notes(console, model)


def _print_table(console: Console, table: Table) -> None:
    """Without the blanks that would pad the last column."""
    with console.capture() as captured:
        console.print(table)
    print("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _console() -> Console:
    """Standard output; lines are never broken or cut when it is not a terminal."""
    return Console(width=None if sys.stdout.isatty() else 10_000, highlight=False)


def _print_what(console: Console, model: Model) -> None:
    training = model.training
    n_columns, n_features = len(model.encoder.columns_), len(model.encoder.features_)
    missing = f" ({training.n_missing_target:,} without a target dropped)" if training.n_missing_target else ""
    penalty = "" if training.C is None else f", C = {training.C:g}"
    console.print(
        Text(
            f"{model.label[0].upper()}{model.label[1:]} of {model.target}: {len(model.classes)} classes, "
            f"{training.n_rows:,} rows{missing}, "
            f"{n_columns} column{_s(n_columns)} as {n_features} feature{_s(n_features)}{penalty}"
        )
    )
    console.print()


def _print_columns(console: Console, model: Model) -> None:
    features: dict[str, list[str]] = {}
    for feature in model.encoder.features_:
        features.setdefault(feature.column, []).append(feature.name)
    table = Table("column", "kind", "features", box=None, pad_edge=False)
    for column, names in list(features.items())[:MANY]:
        shown = ", ".join(names[:6]) + (f", ... ({len(names)})" if len(names) > 6 else "")
        table.add_row(Text(column), model.encoder.columns_[column], Text(shown))
    _print_table(console, table)
    if len(features) > MANY:
        console.print(f"... and {len(features) - MANY} more columns")
    console.print()


def _print_evaluation(console: Console, evaluation: Evaluation) -> None:
    table = Table(evaluation.how, "model", "baseline: class frequencies", box=None, pad_edge=False)
    table.add_row("log loss, nats a row", _interval(evaluation.log_loss), _interval(evaluation.baseline_log_loss))
    table.add_row("accuracy", _interval(evaluation.accuracy), _interval(evaluation.baseline_accuracy))
    _print_table(console, table)
    missing = f", {evaluation.n_missing_target:,} without a target left out" if evaluation.n_missing_target else ""
    console.print(f"95 % intervals in brackets; {evaluation.n_rows:,} row{_s(evaluation.n_rows)}{missing}")
    console.print()


def _print_certificate(console: Console, model: Model) -> None:
    certificate = model.certificate
    if certificate is None:
        return
    console.print(
        f"Certificate: {certificate.status}; relative gap {certificate.relative_gap:.1e} "
        f"(objective {certificate.primal:.9g}, minimum at least {certificate.dual:.9g}), gradient norm "
        f"{certificate.gradient_norm:.1e}, {model.training.n_iter} iterations, {certificate.n_passes:.0f} passes over "
        "the data"
    )


def _print_candidates(console: Console, model: Model) -> None:
    candidates = model.training.candidates
    if not candidates:
        return
    if model.certificate is not None:
        console.print()
    console.print("Models by log loss on the same held-out rows, by which the first was chosen:")
    table = Table("model", "log loss", "accuracy", "s", box=None, pad_edge=False)
    for one in sorted(candidates, key=lambda c: math.inf if c.log_loss is None else c.log_loss.value):
        if one.log_loss is None or one.accuracy is None:
            table.add_row(one.kind, Text(f"not fitted: {one.reason}"), "", f"{one.seconds:.1f}")
        else:
            table.add_row(one.kind, _interval(one.log_loss), _interval(one.accuracy), f"{one.seconds:.1f}")
    _print_table(console, table)
    console.print()


def _print_strongest(console: Console, model: Model) -> None:
    console.print()
    console.print("Strongest coefficients, of standardised features:")
    table = Table("class", "coefficient", "feature", box=None, pad_edge=False)
    for label in model.classes[:MANY]:
        for i, (name, value) in enumerate(model.strongest(label, STRONGEST)):
            table.add_row(Text("" if i else str(label)), f"{value:+.4f}", Text(name))
    _print_table(console, table)


def _print_notes(console: Console, model: Model) -> None:
    for note in model.training.notes:
        console.print(Text(f"Note: {note}"))


def _interval(estimate: Estimate) -> str:
    def digits(x: float) -> str:
        return f"{x:.4f}" if abs(x) >= 0.001 or x == 0 else f"{x:.2e}"

    # Rich would take a bare [ for markup.
    return f"{digits(estimate.value)} \\[{digits(estimate.low)}, {digits(estimate.high)}]"


def _s(n: int) -> str:
    return "" if n == 1 else "s"


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
