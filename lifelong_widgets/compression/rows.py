"""A matrix that is held in fewer bytes, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.states import check_arrays

Matrix = NDArray[np.float32]
Places = NDArray[np.int64]

WRITES_UNTIL_ANEW = 4
"""As often each row is written, on average, until what ages is made anew."""


class Rows(Protocol):
    """What can be asked of a matrix, whichever way it is held. No array that it gives is its own."""

    ages: bool
    """Whether rows that are written later are held worse than those of the beginning."""

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns."""

    def write(self, rows: Places, values: Matrix) -> None:
        """Rows become `values`, (n, n_columns), distinct; rows beyond the last are added, in any order."""

    def take(self, rows: Places) -> Matrix:
        """Some rows, (n, n_columns); they may repeat."""

    def matmul(self, vector: Matrix) -> Matrix:
        """``matrix @ vector``, (n_rows,)."""

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """``factors @ matrix[rows]``, (n_columns,)."""

    def clear(self, column: int) -> None:
        """A column becomes 0 everywhere."""

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""


class Stored(Rows, Protocol):
    """A way of holding the numbers of a matrix, of which only their bits are told."""

    def __init__(self, matrix: Matrix) -> None: ...

    @classmethod
    def of_state(cls, state: Mapping[str, Any], shape: tuple[int, int]) -> Self:
        """The matrix of a state.

        Raises:
            FormatError: it is not one of this shape.
        """


class FloatRows:
    """A matrix as it is: float32, four bytes a number."""

    ages = False

    def __init__(self, matrix: Matrix) -> None:
        self._values = np.array(matrix, dtype=np.float32)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return self._values.shape[0], self._values.shape[1]

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        self._values = with_room(self._values, rows)
        self._values[rows] = values

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        taken: Matrix = self._values.take(rows, axis=0)
        return taken

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        return self._values @ vector

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return factors @ self.take(rows)

    def clear(self, column: int) -> None:
        """See `Rows`."""
        self._values[:, column] = 0.0

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return {"values": self._values.copy()}

    @classmethod
    def of_state(cls, state: Mapping[str, Any], shape: tuple[int, int]) -> Self:
        """See `Rows`."""
        check_arrays("a matrix", state, values=(shape, np.float32, None))
        return cls(state["values"])


def with_room(array: NDArray[Any], rows: Places) -> NDArray[Any]:
    """`array`, or a longer copy with zeros at its end if some of `rows` are beyond it.

    >>> with_room(np.ones(2), np.array([3])).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    missing = int(rows.max(initial=-1)) + 1 - len(array)
    if missing <= 0:
        return array
    return np.concatenate([array, np.zeros((missing, *array.shape[1:]), dtype=array.dtype)])


def check_at_most(what: str, array: NDArray[Any], limit: int) -> None:
    """Raise a FormatError if a whole number in `array` is above `limit`, or below 0."""
    if array.size and (int(array.min()) < 0 or int(array.max()) > limit):
        raise FormatError(f"{what} holds {array.min()} to {array.max()}, which must be from 0 to {limit}")
