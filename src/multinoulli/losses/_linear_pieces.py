# SPDX-License-Identifier: BSD-3-Clause
"""Matrix products over many classes in pieces that threads share.

The pieces are the same for any number of threads, and each is multiplied by one: so are the results, to the last bit.
BLAS's own threads divide a sum in other places than one thread does, and wait for each other busily.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from multinoulli import _core
from multinoulli._threads import single_threaded_blas

Result = TypeVar("Result")

_SMALLEST, _LARGEST = 512, 2048  # classes; of fewer the products are a tenth slower
_WORTH_THREADS = 1 << 22  # products


@dataclass(frozen=True)
class Pieces:
    """Something like `map`, for functions of a range of classes."""

    size: int
    map: Callable[..., Iterator[Any]]

    def each(self, function: Callable[[slice], Result], classes: slice) -> Iterator[Result]:
        """Yield what the function returns for each piece of the classes, in their order."""

        @np.errstate(all="ignore")  # which a thread does not inherit
        def quietly(piece: slice) -> Result:
            return function(piece)

        begins = range(classes.start, classes.stop, self.size)
        yield from self.map(quietly, [slice(begin, min(begin + self.size, classes.stop)) for begin in begins])


@contextmanager
def shared_pieces(n_classes: int, products: int) -> Iterator[Pieces]:
    """Share pieces of so many classes among the threads, if so many products are worth it."""
    size = min(max(n_classes // 16 // 64 * 64, _SMALLEST), _LARGEST)
    n_threads = _core.get_num_threads() if products >= _WORTH_THREADS and n_classes > size else 1
    with single_threaded_blas():
        if n_threads == 1:
            yield Pieces(size, map)
        else:
            with ThreadPoolExecutor(n_threads, thread_name_prefix="multinoulli") as pool:
                yield Pieces(size, pool.map)
