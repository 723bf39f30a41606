# SPDX-License-Identifier: BSD-3-Clause
"""What a fit shows and tells after every epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from multinoulli.classifiers._progress import draw_bar, end_bar


@dataclass(frozen=True)
class Epoch:
    """An epoch, or an iteration of L-BFGS, that is done.

    Attributes
    ----------
    n_iter, max_iter : int
        How many are done, and how many there are at most.
    loss : float
        As in ``loss_curve_``.
    validation_loss : float or None
        Log loss of the rows held out, if there are any.
    learning_rate : float or None
        Of the epoch's last step; L-BFGS has none.
    """

    n_iter: int
    max_iter: int
    loss: float
    validation_loss: float | None
    learning_rate: float | None


Callback = Callable[[Epoch], object]


@contextmanager
def show_epochs(verbose: int, callback: Callback | None) -> Iterator[Callback]:
    """Give what is to be called after every epoch."""

    def show(epoch: Epoch) -> None:
        if verbose == 1:
            draw_bar("MLPClassifier", epoch.n_iter / epoch.max_iter, _described(epoch))
        elif verbose:
            print(f"[MLPClassifier] {_described(epoch)}")
        if callback is not None:
            callback(epoch)

    try:
        yield show
    finally:
        if verbose == 1:
            end_bar()


def _described(epoch: Epoch) -> str:
    parts = [f"epoch {epoch.n_iter} of at most {epoch.max_iter}: loss {epoch.loss:.6g}"]
    if epoch.validation_loss is not None:
        parts.append(f"held out {epoch.validation_loss:.6g}")
    if epoch.learning_rate is not None:
        parts.append(f"learning rate {epoch.learning_rate:.3g}")
    return ", ".join(parts)
