"""How the rows of a batch move: Adam, row-wise Adagrad, momentum, plain gradients; all in compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled

Floats = NDArray[np.float32]
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
MOMENTUM = 0.9
_TOGETHER = 16  # rows, which the nearest cache holds with their copies
_N_UNBIASED = 32_768  # steps, after which there is nothing to correct any more


def _unbias(beta: float) -> NDArray[np.float32]:
    """What makes up for a moment that began at 0, ``1 / (1 - beta ** n)``, after n = 0, 1, 2, … steps."""
    n_steps = np.arange(1, _N_UNBIASED)
    return np.append(0.0, 1.0 / -np.expm1(n_steps * np.log(beta))).astype(np.float32)


_UNBIAS1, _UNBIAS2 = _unbias(BETA1), _unbias(BETA2)


@dataclass(frozen=True, slots=True)
class RowsBefore:
    """What some rows were before they were moved, copied by the loop that moves them: each is read once.

    Attributes:
        indices: (n,), which.
        embeddings: (n, dim), their learned part.
        states: (n, width), what the optimizer keeps of them.
        moved: (1,), whether they were, and the copies are made. The loop says it itself: an interrupt comes
            before it or after it, and nothing is moved of which there is no copy.
    """

    indices: NDArray[np.int64]
    embeddings: Floats
    states: Floats
    moved: NDArray[np.bool_]

    @classmethod
    def of(cls, indices: NDArray[np.int64], dim: int, width: int) -> RowsBefore:
        """Room for the rows `indices`, none of which has moved yet."""
        n = len(indices)
        room = np.empty((n, dim), dtype=np.float32), np.empty((n, width), dtype=np.float32)
        return cls(indices, *room, np.zeros(1, dtype=bool))


@dataclass(frozen=True, slots=True)
class RowOptimizer:
    """A rule by which rows move, and what it keeps of each row. Of rows not in the batch it knows nothing.

    Attributes:
        move: ``move(rows, states, indices, gradients, rates, embeddings, kept, moved)``, in place. The last
            number of a state counts the row's steps. The last three are the arrays of a `RowsBefore`, to be
            filled; of no rows where no copy is wanted.
        n_signed: how many numbers of a state, its first, may be negative, for rows of some width.
        n_positive: how many more there are, the count among them.
        reach: ``reach(states, gradients)``, how far the gradients of some rows would take them in the next
            step and, with momentum, those after it, for a rate of 1. Nothing moves.
    """

    move: Callable[
        [
            Floats,
            Floats,
            NDArray[np.int64],
            Floats,
            NDArray[np.float64],
            Floats,
            Floats,
            NDArray[np.bool_],
        ],
        None,
    ]
    n_signed: Callable[[int], int]
    n_positive: Callable[[int], int]
    reach: Callable[[Floats, Floats], Floats]

    def width(self, dim: int) -> int:
        """How many numbers are kept of a row whose learned part has `dim`."""
        return self.n_signed(dim) + self.n_positive(dim)


@compiled
def _keep(
    begin: int,
    end: int,
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    embeddings: Floats,
    kept: Floats,
) -> None:
    """Copy what is about to be moved, unless no copy is wanted.

    Some rows at a time, so that a loop that moves them finds them near, and waits for none by itself.
    """
    if len(embeddings) == 0:
        return
    for place in range(begin, end):
        row, state = rows[indices[place]], states[indices[place]]
        for column in range(embeddings.shape[1]):
            embeddings[place, column] = row[column]
        for column in range(kept.shape[1]):
            kept[place, column] = state[column]


def _adam(
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    gradients: Floats,
    rates: NDArray[np.float64],
    embeddings: Floats,
    kept: Floats,
    moved: NDArray[np.bool_],
) -> None:
    # as arguments: a loop that reads arrays of a module has copies of them in its code
    _move_by_adam(rows, states, indices, gradients, rates, embeddings, kept, moved, _UNBIAS1, _UNBIAS2)


@compiled
def _move_by_adam(
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    gradients: Floats,
    rates: NDArray[np.float64],
    embeddings: Floats,
    kept: Floats,
    moved: NDArray[np.bool_],
    unbias1: Floats,
    unbias2: Floats,
) -> None:
    dim, last = gradients.shape[1], len(unbias1) - 1
    kept1, kept2 = np.float32(BETA1), np.float32(BETA2)
    new1, new2, least = np.float32(1.0 - BETA1), np.float32(1.0 - BETA2), np.float32(EPSILON)
    for begin in range(0, len(indices), _TOGETHER):
        end = min(begin + _TOGETHER, len(indices))
        _keep(begin, end, rows, states, indices, embeddings, kept)
        for place in range(begin, end):
            row, state, slopes = rows[indices[place], :dim], states[indices[place]], gradients[place]
            first, second = state[:dim], state[dim : 2 * dim]
            state[2 * dim] += np.float32(1.0)
            n_updates = min(int(state[2 * dim]), last)
            step, unbias = np.float32(rates[place]) * unbias1[n_updates], unbias2[n_updates]
            for column in range(dim):  # nothing is read that was just written: eight columns go at once
                mean = kept1 * first[column] + new1 * slopes[column]
                square = kept2 * second[column] + new2 * slopes[column] * slopes[column]
                first[column], second[column] = mean, square
                row[column] -= step * mean / (np.sqrt(square * unbias) + least)
    moved[0] = True


@compiled
def _adagrad(
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    gradients: Floats,
    rates: NDArray[np.float64],
    embeddings: Floats,
    kept: Floats,
    moved: NDArray[np.bool_],
) -> None:
    dim, least = gradients.shape[1], np.float32(EPSILON)
    for begin in range(0, len(indices), _TOGETHER):
        end = min(begin + _TOGETHER, len(indices))
        _keep(begin, end, rows, states, indices, embeddings, kept)
        for place in range(begin, end):
            row, state, slopes = rows[indices[place], :dim], states[indices[place]], gradients[place]
            total = np.float32(0.0)
            for column in range(dim):
                total += slopes[column] * slopes[column]
            state[0] += total / np.float32(dim)
            state[1] += np.float32(1.0)
            step = np.float32(rates[place]) / (np.sqrt(state[0]) + least)
            for column in range(dim):
                row[column] -= step * slopes[column]
    moved[0] = True


@compiled
def _momentum(
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    gradients: Floats,
    rates: NDArray[np.float64],
    embeddings: Floats,
    kept: Floats,
    moved: NDArray[np.bool_],
) -> None:
    dim, left = gradients.shape[1], np.float32(MOMENTUM)
    for begin in range(0, len(indices), _TOGETHER):
        end = min(begin + _TOGETHER, len(indices))
        _keep(begin, end, rows, states, indices, embeddings, kept)
        for place in range(begin, end):
            row, state, slopes = rows[indices[place], :dim], states[indices[place]], gradients[place]
            velocity, rate = state[:dim], np.float32(rates[place])
            state[dim] += np.float32(1.0)
            for column in range(dim):
                velocity[column] = left * velocity[column] + slopes[column]
            for column in range(dim):
                row[column] -= rate * velocity[column]
    moved[0] = True


@compiled
def _sgd(
    rows: Floats,
    states: Floats,
    indices: NDArray[np.int64],
    gradients: Floats,
    rates: NDArray[np.float64],
    embeddings: Floats,
    kept: Floats,
    moved: NDArray[np.bool_],
) -> None:
    dim = gradients.shape[1]
    for begin in range(0, len(indices), _TOGETHER):
        end = min(begin + _TOGETHER, len(indices))
        _keep(begin, end, rows, states, indices, embeddings, kept)
        for place in range(begin, end):
            row, state, slopes = rows[indices[place], :dim], states[indices[place]], gradients[place]
            rate = np.float32(rates[place])
            state[0] += np.float32(1.0)
            for column in range(dim):
                row[column] -= rate * slopes[column]
    moved[0] = True


def _reach_of_adam(states: Floats, gradients: Floats) -> Floats:
    dim = gradients.shape[1]
    second = np.float32(BETA2) * states[:, dim : 2 * dim] + np.float32(1.0 - BETA2) * gradients * gradients
    unbias = 1.0 / (1.0 - BETA2 ** (states[:, 2 * dim :].astype(np.float64) + 1.0))
    reach: Floats = gradients / (np.sqrt(second * unbias.astype(np.float32)) + np.float32(EPSILON))
    return reach


def _reach_of_adagrad(states: Floats, gradients: Floats) -> Floats:
    total = states[:, :1] + (gradients * gradients).mean(axis=1, keepdims=True)
    reach: Floats = gradients / (np.sqrt(total) + np.float32(EPSILON))
    return reach


ADAM = RowOptimizer(_adam, lambda dim: dim, lambda dim: dim + 1, _reach_of_adam)
"""Lazy Adam: the moments and the bias correction of each row are its own, and decay at its own steps.

Kingma and Ba (2015), "Adam: a method for stochastic optimization", algorithm 1.
"""

ROW_WISE_ADAGRAD = RowOptimizer(_adagrad, lambda dim: 0, lambda dim: 2, _reach_of_adagrad)
"""Adagrad with one number a row, the sum of the mean squares of its gradients, instead of one a coordinate.

J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods for online learning and stochastic
optimization", JMLR 12, 2011; row-wise: M. Naumov et al., "Deep learning recommendation model for
personalization and recommendation systems", 2019.
"""

MOMENTUM_ROWS = RowOptimizer(
    _momentum,
    lambda dim: dim,
    lambda dim: 1,
    lambda states, gradients: gradients / np.float32(1.0 - MOMENTUM),
)
"""Heavy ball, ``v = 0.9 v + g``: Polyak (1964). A row rolls on only when it is in a batch."""

PLAIN_ROWS = RowOptimizer(_sgd, lambda dim: 0, lambda dim: 1, lambda states, gradients: gradients)
"""``row -= rate · g``."""
