"""What a learner keeps, and what carries over: measures of the matrix of continual learning.

All read a square matrix *R*, whose entry ``R[t, i]`` is the accuracy (a hit rate, an nDCG) on held-out events
of slice *i* after slice *t* was learned. The formulas count from 1 as the papers do; T is the last slice.

Sources: D. Lopez-Paz and M. Ranzato, "Gradient episodic memory for continual learning", NIPS 2017 (R, ACC,
BWT, FWT); A. Chaudhry, P. K. Dokania, T. Ajanthan and P. H. S. Torr, "Riemannian walk for incremental
learning: understanding forgetting and intransigence", ECCV 2018; N. Díaz-Rodríguez, V. Lomonaco, D. Filliat
and D. Maltoni, "Don't forget, there is more than forgetting: new metrics for continual learning", 2018.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lifelong_widgets.errors import DataError

Matrix = NDArray[np.float64]


def average_accuracy(matrix: ArrayLike) -> float:
    """ACC, how good the learner is at all slices in the end: mean of R[T, i] over i (GEM 2017).

    >>> average_accuracy([[0.8, 0.1], [0.4, 0.6]])
    0.5
    """
    return _mean(_square(matrix)[-1])


def lifetime_accuracy(matrix: ArrayLike) -> float:
    """A, how good it was at what it had met, all along: mean of R[t, i] over i ≤ t (Díaz-Rodríguez 2018).

    >>> round(lifetime_accuracy([[0.8, 0.1], [0.4, 0.6]]), 3)
    0.6
    """
    values = _square(matrix)
    return _mean(values[np.tril_indices(len(values))])


def backward_transfer(matrix: ArrayLike) -> float:
    """BWT, what later slices did to earlier ones: mean of R[T, i] - R[i, i] over i < T (GEM 2017).

    Negative where the learner forgets. NaN for a single slice.

    >>> backward_transfer([[0.8, 0.1], [0.5, 0.6]])
    -0.30000000000000004
    """
    values = _square(matrix)
    return _mean((values[-1] - values.diagonal())[:-1])


def forward_transfer(matrix: ArrayLike, baseline: ArrayLike) -> float:
    """FWT, what earlier slices did for the next: mean of R[i-1, i] - b[i] over i > 1 (GEM 2017).

    NaN for a single slice.

    Args:
        matrix: (T, T).
        baseline: (T,), the accuracy on each slice of a learner that has learned nothing.

    Raises:
        DataError: not a square matrix, or a baseline of another length.

    >>> forward_transfer([[0.8, 0.25], [0.4, 0.6]], baseline=[0.1, 0.125])
    0.125
    """
    values = _square(matrix)
    untrained = _one_each(baseline, len(values), "baseline")
    return _mean((values.diagonal(1) - untrained[1:]) if len(values) > 1 else values[0, :0])


def forgetting_by_slice(matrix: ArrayLike) -> Matrix:
    """(T - 1,): f[i] = max over t < T of R[t, i], less R[T, i], for each slice i < T (Chaudhry 2018).

    Negative where the learner is better at a slice in the end than it ever was.

    >>> forgetting_by_slice([[0.8, 0.1, 0.2], [0.9, 0.6, 0.3], [0.4, 0.7, 0.5]]).round(3)
    array([ 0.5, -0.1])
    """
    values = _square(matrix)
    return values[:-1, :-1].max(axis=0) - values[-1, :-1] if len(values) > 1 else values[0, :0]


def forgetting(matrix: ArrayLike) -> float:
    """F, the mean of `forgetting_by_slice` (Chaudhry 2018); between -1 and 1, NaN for a single slice.

    The maximum of several measured rates lies above the maximum of the true ones, so that F is a little
    above 0 for a learner that forgets nothing, the more so the fewer the held-out events.

    >>> round(forgetting([[0.8, 0.1, 0.2], [0.9, 0.6, 0.3], [0.4, 0.7, 0.5]]), 3)
    0.2
    """
    return _mean(forgetting_by_slice(matrix))


def plasticity(matrix: ArrayLike) -> float:
    """How well each slice was learned when it was there: mean of R[i, i]. High, where a learner can change.

    >>> plasticity([[0.75, 0.1], [0.4, 0.5]])
    0.625
    """
    return _mean(_square(matrix).diagonal())


def intransigence(matrix: ArrayLike, reference: ArrayLike) -> float:
    """I, what could not be learned any more: mean of reference[i] - R[i, i] (Chaudhry 2018, there for one i).

    Args:
        matrix: (T, T).
        reference: (T,), the accuracy on each slice of a learner that did not have to go through the slices
            before: in the paper one that learned slices 1 to i together, at times one that learned slice i
            alone. Say which.

    Raises:
        DataError: not a square matrix, or a reference of another length.

    >>> intransigence([[0.75, 0.1], [0.4, 0.5]], reference=[0.75, 0.75])
    0.125
    """
    values = _square(matrix)
    return _mean(_one_each(reference, len(values), "reference") - values.diagonal())


def stability(matrix: ArrayLike) -> float:
    """REM, remembering: 1 - |min(BWT', 0)|, where 1 is a learner that loses nothing (Díaz-Rodríguez 2018).

    BWT' is the backward transfer of all times and not only of the end: the mean of R[t, i] - R[i, i] over
    i < t. NaN for a single slice.

    >>> stability([[0.75, 0.1], [0.5, 0.6]])
    0.75
    """
    values = _square(matrix)
    losses = (values - values.diagonal())[np.tril_indices(len(values), -1)]
    return 1.0 - abs(min(_mean(losses), 0.0)) if len(losses) else float("nan")


def _square(matrix: ArrayLike) -> Matrix:
    values = np.asarray(matrix, dtype=np.float64)
    if values.ndim != 2 or values.shape[0] != values.shape[1] or not len(values):
        raise DataError(f"R is a square matrix with a row and a column for each slice, not {values.shape}")
    return values


def _one_each(given: ArrayLike, n: int, name: str) -> Matrix:
    values = np.asarray(given, dtype=np.float64)
    if values.shape != (n,):
        raise DataError(f"{name} has one accuracy for each of {n} slices, not the shape {values.shape}")
    return values


def _mean(values: Matrix) -> float:
    return float(values.mean()) if len(values) else float("nan")
