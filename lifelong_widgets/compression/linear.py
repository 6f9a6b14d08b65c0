"""The linear memory to score with, its weights held in fewer bytes."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.rows import WRITES_UNTIL_ANEW, Matrix, Rows
from lifelong_widgets.compression.teaching import TuningSteps
from lifelong_widgets.errors import DataError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.linear import LinearMemory

_ROOM = 16  # one in so many columns is made for items that come


class CompactLinear(LinearMemory):
    """A linear memory to read from. Its places are a copy of those of the one that it follows.

    Args:
        model: what it holds.
        held: makes rows of a matrix.
        tuned: what is to be added to the weights before that, if anything.
        steps: told of each step of tuning.
    """

    def __init__(
        self,
        model: LinearMemory,
        held: Callable[[Matrix], Rows],
        tuned: Callable[[LinearMemory, TuningSteps], Matrix | None],
        steps: TuningSteps,
    ) -> None:
        self._copy(model, held)
        self._tuned = tuned
        self.encode(model, steps)

    def _copy(self, model: LinearMemory, held: Callable[[Matrix], Rows]) -> None:
        """What it is beside its weights."""
        self.__dict__.update({name: value for name, value in vars(model).items() if name != "_weights"})
        self._slots, self._held = copy.deepcopy(model.slots), held

    @classmethod
    def of(cls, model: LinearMemory, rows: Rows, held: Callable[[Matrix], Rows]) -> CompactLinear:
        """The one whose weights are `rows`, and whose places those of `model` are."""
        made = cls.__new__(cls)
        made._copy(model, held)
        made._rows, made._n_written = rows, 0
        return made

    @property
    def rows(self) -> Rows:
        """The weights of the places that are taken; there may be more columns than these."""
        return self._rows

    def encode(self, model: LinearMemory, steps: TuningSteps) -> None:
        """Hold all of the weights of `model` anew."""
        n, self._n_written = len(model.slots), 0
        self._correction = self._tuned(model, steps)
        weights = self._corrected(model, np.arange(n))
        if hasattr(self, "_rows"):  # it follows: items come
            weights = np.pad(weights, ((0, 0), (0, room_beside(n, model.slots.limit))))
        self._rows = self._held(weights)

    def copy_rows(
        self, model: LinearMemory, rows: NDArray[np.int64], emptied: list[int], steps: TuningSteps
    ) -> None:
        """These rows are what they are in `model`; the columns `emptied` were made empty before that."""
        n = len(model.slots)
        if n > self._rows.shape[1] or n < self._rows.shape[0] or _are_full_again(model, rows, emptied):
            self.encode(model, steps)
            return
        for column in emptied:
            self._rows.clear(column)
            if self._correction is not None and column < len(self._correction):
                self._correction[column] = self._correction[:, column] = 0.0
        rows = np.union1d(rows, np.arange(self._rows.shape[0], n))  # there is no hole
        self._n_written += len(rows)
        if (self._rows.ages or self._correction is not None) and self._n_written > WRITES_UNTIL_ANEW * n:
            self.encode(model, steps)
            return
        self._rows.write(rows, np.pad(self._corrected(model, rows), ((0, 0), (0, self._rows.shape[1] - n))))

    def _corrected(self, model: LinearMemory, rows: NDArray[np.int64]) -> Matrix:
        """The weights of some rows, and what tuning adds to those that were there when it was made."""
        weights = model.weights_of(rows)
        if self._correction is not None:
            weights, known = weights.copy(), rows < len(self._correction)
            weights[known, : len(self._correction)] += self._correction[rows[known]]
        return weights

    def _product(self, rows: NDArray[np.int64], x: NDArray[np.float32]) -> NDArray[np.float32]:
        return self._rows.combine(rows, x)[: len(self._slots)]

    def _place(self, item: int, ledger: Ledger | None) -> int:
        raise DataError("a compressed copy learns nothing itself: it follows the model that it was made from")


def room_beside(n: int, limit: int) -> int:
    """How many columns may be held for items that come, beside `n`, where `limit` are all there can be."""
    return min(n // _ROOM + 16, limit - n)


def _are_full_again(model: LinearMemory, rows: NDArray[np.int64], emptied: list[int]) -> bool:
    """Whether columns that were made empty hold something beside `rows`: an undo has put it back."""
    if not emptied:
        return False
    columns = model.columns_of([column for column in emptied if column < len(model.slots)])
    columns[rows[rows < len(columns)]] = 0.0
    return bool(columns.any())
