# SPDX-License-Identifier: BSD-3-Clause
"""The commands and their options."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import typer

from multinoulli.cli import _display as display
from multinoulli.cli._progress import Progress, reported_warnings
from multinoulli.models import BEST, KINDS, Model, ModelFileError, fit, load
from multinoulli.tables import DataError, check_writable, with_predictions, write_table

app = typer.Typer(
    name="multinoulli",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich" if sys.stdout.isatty() else None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Class probabilities you can trust, from a table: fit, predict, evaluate, show.",
    epilog="Begin with: multinoulli fit examples/penguins.csv --target species --out penguins.model",
)

DATA_HELP = (
    "A CSV (any separator, compressed too), Parquet or JSON lines file, a quoted glob of them, or a SELECT query "
    "that reads them, such as \"SELECT * FROM 'penguins.csv' WHERE year > 2007\"."
)
Data = Annotated[str, typer.Argument(help=DATA_HELP, metavar="DATA", show_default=False)]
ModelPath = Annotated[
    Path, typer.Argument(help="A file written by multinoulli fit.", metavar="MODEL", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
Names = list[str] | None


def run(args: list[str]) -> int:
    """Run the command with these arguments and return its exit code; no fault of data or model shows a traceback."""
    try:
        app(args, prog_name="multinoulli")
    except SystemExit as done:
        if done.code == 130:  # Typer's own answer to Ctrl-C, which says nothing
            raise KeyboardInterrupt from None
        return int(done.code or 0)
    except (DataError, ModelFileError) as fault:
        return _fail(f"Error: {fault}")
    except ImportError as missing:  # the reader says which extra is missing
        return _fail(f"Error: {missing}")
    except BrokenPipeError:  # the reader of our output has seen enough, as in `multinoulli predict ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


def _fail(message: str) -> int:
    print(message, file=sys.stderr)
    return 1


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"multinoulli {version('multinoulli')}")
        raise typer.Exit


def _positive(value: float) -> float:
    if not 0 < value < float("inf"):
        raise typer.BadParameter(f"{value} is not a positive, finite number")
    return value


def _kind(value: str) -> str:
    if value not in (*KINDS, BEST):
        raise typer.BadParameter(f"{value!r} is none of {', '.join(KINDS)}, {BEST}")
    return value


def _folds(value: int) -> int:
    if value != 0 and value < 2:
        raise typer.BadParameter(f"{value} folds: give 2 or more, or 0 to measure nothing")
    return value


@app.callback()
def _program(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


@app.command(
    "fit",
    short_help="Fit a model to a table and measure it on held-out rows.",
    epilog="Example: multinoulli fit penguins.csv --target species --drop year --out penguins.model",
)
def _fit(
    data: Data,
    target: Annotated[str, typer.Option(help="The column to predict.", metavar="COLUMN", show_default=False)],
    out: Annotated[Path | None, typer.Option(help="Where to keep the model.", metavar="MODEL")] = None,
    test: Annotated[
        str | None, typer.Option(help="Rows to measure on, in place of folds; like DATA.", metavar="DATA")
    ] = None,
    folds: Annotated[
        int, typer.Option(help="Folds that measure held-out quality; 0 measures nothing.", callback=_folds)
    ] = 5,
    model: Annotated[
        str,
        typer.Option(
            help=f"What to fit: {', '.join(KINDS)}; or best, the one with the lowest log loss on held-out rows.",
            metavar="KIND",
            callback=_kind,
        ),
    ] = "softmax",
    C: Annotated[
        float,
        typer.Option(
            "--C", help="Inverse strength of softmax regression's penalty: smaller is simpler.", callback=_positive
        ),
    ] = 1.0,
    numeric: Annotated[
        Names, typer.Option(help="A column to take as a number; may be repeated.", metavar="COLUMN")
    ] = None,
    categorical: Annotated[
        Names, typer.Option(help="A column to take as categories; may be repeated.", metavar="COLUMN")
    ] = None,
    drop: Annotated[Names, typer.Option(help="A column to leave out; may be repeated.", metavar="COLUMN")] = None,
    force: Annotated[bool, typer.Option("--force", help="Fit even if the target looks like the wrong column.")] = False,
    json: Json = False,
) -> None:
    """Fit a model of one column given the others, and measure it on held-out rows.

    Softmax regression is proved optimal: the relative gap says how far it is from the best possible at most.
    """
    began = time.perf_counter()
    if out is not None:
        check_writable(out)
    with reported_warnings(), Progress() as progress:
        fitted = fit(
            data,
            target,
            model=model,
            C=C,
            folds=folds,
            test=test,
            numeric=numeric or (),
            categorical=categorical or (),
            drop=drop or (),
            force=force,
            progress=progress,
        )
        if out is not None:
            fitted.save(out)
    seconds = time.perf_counter() - began
    if json:
        display.print_json(display.fit_as_dict(fitted, out, seconds))
    else:
        display.print_fit(fitted, out, seconds)


@app.command(
    "predict",
    short_help="Add the predicted class and its probabilities to a table.",
    epilog="Example: multinoulli predict penguins.model new.csv --out predicted.parquet",
)
def _predict(
    model: ModelPath,
    data: Data,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Where to write: .csv, .tsv, .parquet or .jsonl by the ending. CSV to standard output if not given.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Write the rows of DATA, in order, with the predicted class and the probability of every class.

    The added columns are prediction and one p_CLASS for every class.
    """
    if out is not None:
        check_writable(out, table=True)
    with reported_warnings(), Progress() as progress:
        progress("loading the model")
        loaded = load(model)
        progress("reading the data")
        frame = loaded.read(data)
        progress("predicting")
        proba = loaded.predict_proba(frame)
        progress("writing")
        table = with_predictions(frame, _new_columns(loaded, proba))
        if out is not None:
            write_table(table, out)
    if out is None:
        write_table(table, None, sys.stdout.buffer)


def _new_columns(model: Model, proba: Any) -> dict[str, Any]:
    columns: dict[str, Any] = {"prediction": model.most_probable(proba)}
    return columns | {f"p_{label}": proba[:, k] for k, label in enumerate(model.classes)}


@app.command(
    "evaluate",
    short_help="Measure a model on other rows.",
    epilog="Example: multinoulli evaluate penguins.model labelled.csv --target species",
)
def _evaluate(
    model: ModelPath,
    data: Data,
    target: Annotated[
        str | None,
        typer.Option(
            help="The column with the true classes; the model's own name for it if not given.", metavar="COLUMN"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a model on rows it was not fitted to, beside a baseline that predicts the class frequencies."""
    with reported_warnings(), Progress() as progress:
        progress("loading the model")
        loaded = load(model)
        progress("predicting")
        evaluation = loaded.evaluate(data, target)
    if json:
        display.print_json(display.evaluation_as_dict(evaluation))
    else:
        display.print_evaluation(evaluation)


@app.command("show", short_help="Tell what a model is.", epilog="Example: multinoulli show penguins.model")
def _show(
    model: ModelPath,
    json: Json = False,
) -> None:
    """Tell what a model is: classes, columns, certificate, and the strongest coefficients of every class."""
    loaded = load(model)
    if json:
        display.print_json(display.model_as_dict(loaded))
    else:
        display.print_model(loaded)
