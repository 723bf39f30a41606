# SPDX-License-Identifier: BSD-3-Clause
from __future__ import annotations  # signatures as they are written, in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from multinoulli import _core
from multinoulli._namespaces import foreign
from multinoulli._validation.scores import Axis
from multinoulli.functions._rows import Rows, deliver


@np.errstate(all="ignore")
def softmax_jacobian(
    scores: ArrayLike,
    /,
    *,
    axis: Axis = -1,
    where: ArrayLike | None = None,
    temperature: float = 1.0,
) -> Any:
    r"""All derivatives of a row's probabilities with respect to its scores.

    .. math:: \frac{\partial p_i}{\partial z_j} = \frac{p_i (\delta_{ij} - p_j)}{T}

    Parameters
    ----------
    scores : array_like, shape (..., K)
        As for `softmax`.
    axis : int, tuple of int or None, default -1
        Where the K classes lie; None takes all entries as one row.
    where : array_like of bool, optional
        False: the entry is not a class of its row. It is never read; its row and column are 0.
    temperature : float, default 1.0
        T in (0, inf]. At 0 the softmax jumps and has no derivative.

    Returns
    -------
    ndarray, shape (..., K, K)
        The classes last, twice, wherever they lie in `scores`; over several axes they are counted in C order. At
        temperature 1 within 8 units in the last place of the exact values, those of a nearly certain row included.

    Raises
    ------
    TypeError
        If `scores` are not real numbers of at most 64 bits, or an argument is of the wrong kind.
    ValueError
        If an argument is out of its range, or `scores` is a single number while `axis` is not None.

    Notes
    -----
    NaN makes its row's matrix NaN. It is symmetric and its rows sum to 0. A product with it needs no matrix:
    `softmax_vjp`, `softmax_jvp`.

    References
    ----------
    .. [1] Martins and Astudillo, "From Softmax to Sparsemax", ICML 2016, section 2.5.

    Examples
    --------
    >>> from multinoulli.functions import softmax_jacobian
    >>> softmax_jacobian([0.0, 0.0])
    array([[ 0.25, -0.25],
           [-0.25,  0.25]])
    """
    if (f := foreign(scores)) is not None:
        from multinoulli._namespaces import _functions as of_namespace

        return of_namespace.softmax_jacobian(f, scores, axis=axis, where=where, temperature=temperature)
    rows = Rows.read(scores, axis=axis, where=where, temperature=temperature, empty=None)
    if rows.temperature == 0:
        raise ValueError("temperature must be above 0 here: at 0 the softmax jumps and has no derivative")
    n_classes = rows.scores.shape[-1]
    if n_classes == 0:
        return deliver(np.zeros((*rows.scores.shape, 0), rows.scores.dtype), rows.dtype, None)
    proba = np.asarray(_core.softmax(rows.scores))
    rows.fill(proba, 0.0)
    # 1 - p is exact where p is at most 1/2. At the largest it is what the gradient of its cross-entropy has there.
    most_probable = proba.argmax(axis=-1)
    at = most_probable[..., None]
    complement = 1 - proba
    gradient = _core.cross_entropy_gradient(rows.scores, most_probable)[1]
    largest = np.take_along_axis(proba, at, axis=-1) > 0  # not a row that is filled with zeros
    exact = np.where(largest, -np.take_along_axis(gradient, at, axis=-1), 1)
    np.put_along_axis(complement, at, exact, axis=-1)
    jacobian = np.multiply(proba[..., :, None], proba[..., None, :])
    np.subtract(0, jacobian, out=jacobian)  # negated, 0 would be -0
    np.einsum("...kk->...k", jacobian)[...] = proba * complement
    if rows.temperature != 1:
        jacobian /= rows.temperature
    return deliver(jacobian, rows.dtype, None)
