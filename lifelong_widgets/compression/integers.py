"""Row-wise int8 and int4: one scale a row, and as few bits a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.compression.rows import Matrix, Places, with_room
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.states import check_arrays


class Int8Rows:
    """A matrix stored as ``scale[row] * code[row, column]``, symmetric around zero; codes -127 … 127.

    No number is off by more than half a step, ``max|row| / 254``.

    Source: Jacob et al. (2018), "Quantization and training of neural networks for efficient
    integer-arithmetic-only inference", with a zero point of 0 and one scale a row.

    >>> rows = Int8Rows(np.array([[0.5, -1.0], [0.0, 0.0]], dtype=np.float32))
    >>> rows.get_state()["codes"].tolist(), rows.take(np.array([0])).round(2).tolist()
    ([[64, -127], [0, 0]], [[0.5, -1.0]])
    """

    levels = 127
    ages = False

    def __init__(self, matrix: Matrix) -> None:
        self._width = matrix.shape[1]
        self._codes = np.zeros((0, self._stored(self._width)), dtype=np.int8)
        self._scales = np.zeros(0, dtype=np.float32)
        self.write(np.arange(len(matrix)), matrix)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return len(self._codes), self._width

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        self._codes, self._scales = with_room(self._codes, rows), with_room(self._scales, rows)
        scales = (np.abs(values).max(axis=1, initial=0.0) / self.levels).astype(np.float32)
        safe = np.where(scales > 0, scales, np.float32(1.0))
        codes = np.clip(np.rint(values / safe[:, None]), -self.levels, self.levels).astype(np.int8)
        self._codes[rows], self._scales[rows] = self._packed(codes), scales

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        return _taken(self._codes, self._scales, rows)

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        return _matmul(self._codes, self._scales, vector.astype(np.float32, copy=False))

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return _combine(self._codes, rows, factors.astype(np.float32, copy=False) * self._scales[rows])

    def clear(self, column: int) -> None:
        """See `Rows`."""
        self._codes[:, column] = 0

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return {"codes": self._codes.copy(), "scales": self._scales.copy()}

    @classmethod
    def of_state(cls, state: Mapping[str, Any], shape: tuple[int, int]) -> Self:
        """See `Rows`."""
        n, width = shape
        codes = state.get("codes")
        if not isinstance(codes, np.ndarray) or codes.dtype != np.int8:
            raise FormatError("a quantised matrix: there are no codes of eight bits")
        check_arrays("a quantised matrix", state, scales=((n,), np.float32, None))
        if codes.shape != (n, cls._stored(width)) or (n and float(state["scales"].min()) < 0):
            raise FormatError("a quantised matrix: codes and scales do not fit its shape")
        made = cls(np.zeros((0, width), dtype=np.float32))
        made._codes, made._scales = codes.copy(), state["scales"].copy()
        return made

    @staticmethod
    def _stored(width: int) -> int:
        """How many bytes a row takes."""
        return width

    @staticmethod
    def _packed(codes: NDArray[np.int8]) -> NDArray[np.int8]:
        return codes


class Int4Rows(Int8Rows):
    """The same in codes -7 … 7, two of them a byte: no number is off by more than ``max|row| / 14``.

    The first half of a row lies in the low halves of its bytes, the second in the high ones, so that a
    product reads both vectors in order.

    >>> rows = Int4Rows(np.array([[0.25, -1.0, 1.0]], dtype=np.float32))
    >>> rows.take(np.array([0])).astype(float).round(2).tolist(), rows.get_state()["codes"].shape
    ([[0.29, -1.0, 1.0]], (1, 2))
    """

    levels = 7

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        return _taken_4(self._codes, self._scales, rows)[:, : self._width]

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        even = np.zeros(2 * self._codes.shape[1], dtype=np.float32)
        even[: self._width] = vector
        return _matmul_4(self._codes, self._scales, even)

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        scaled = factors.astype(np.float32, copy=False) * self._scales[rows]
        return _combine_4(self._codes, rows, scaled)[: self._width]

    def clear(self, column: int) -> None:
        """See `Rows`."""
        half = self._codes.shape[1]
        kept = np.int8(-16) if column < half else np.int8(15)
        self._codes[:, column % half] &= kept

    @staticmethod
    def _stored(width: int) -> int:
        return -(-width // 2)

    @staticmethod
    def _packed(codes: NDArray[np.int8]) -> NDArray[np.int8]:
        n, width = codes.shape
        half = -(-width // 2)
        even = np.zeros((n, 2 * half), dtype=np.int8)
        even[:, :width] = codes
        packed: NDArray[np.int8] = (even[:, :half] & 15) | (even[:, half:] << 4)
        return packed


def _matmul(codes: NDArray[np.int8], scales: Matrix, vector: Matrix) -> Matrix:
    products = np.empty(len(codes), dtype=np.float32)
    for place in range(len(codes)):
        row, total = codes[place], np.float32(0.0)
        for column in range(len(vector)):
            total += np.float32(row[column]) * vector[column]
        products[place] = total * scales[place]
    return products


def _matmul_4(codes: NDArray[np.int8], scales: Matrix, vector: Matrix) -> Matrix:
    half = codes.shape[1]
    first, second = vector[:half], vector[half:]
    products = np.empty(len(codes), dtype=np.float32)
    for place in range(len(codes)):
        row, total = codes[place], np.float32(0.0)
        for column in range(half):
            byte = np.int32(row[column])
            total += np.float32(((byte & 15) ^ 8) - 8) * first[column]
            total += np.float32(byte >> 4) * second[column]
        products[place] = total * scales[place]
    return products


@compiled
def _taken(codes: NDArray[np.int8], scales: Matrix, rows: Places) -> Matrix:
    taken = np.empty((len(rows), codes.shape[1]), dtype=np.float32)
    for place in range(len(rows)):
        row, scale, into = codes[rows[place]], scales[rows[place]], taken[place]
        for column in range(len(row)):
            into[column] = scale * np.float32(row[column])
    return taken


@compiled
def _taken_4(codes: NDArray[np.int8], scales: Matrix, rows: Places) -> Matrix:
    half = codes.shape[1]
    taken = np.empty((len(rows), 2 * half), dtype=np.float32)
    for place in range(len(rows)):
        row, scale = codes[rows[place]], scales[rows[place]]
        first, second = taken[place, :half], taken[place, half:]
        for column in range(half):
            byte = np.int32(row[column])
            first[column] = scale * np.float32(((byte & 15) ^ 8) - 8)
            second[column] = scale * np.float32(byte >> 4)
    return taken


@compiled
def _combine(codes: NDArray[np.int8], rows: Places, factors: Matrix) -> Matrix:
    combined = np.zeros(codes.shape[1], dtype=np.float32)
    for place in range(len(rows)):
        row, factor = codes[rows[place]], factors[place]
        for column in range(len(row)):
            combined[column] += factor * np.float32(row[column])
    return combined


@compiled
def _combine_4(codes: NDArray[np.int8], rows: Places, factors: Matrix) -> Matrix:
    half = codes.shape[1]
    combined = np.zeros(2 * half, dtype=np.float32)
    first, second = combined[:half], combined[half:]
    for place in range(len(rows)):
        row, factor = codes[rows[place]], factors[place]
        for column in range(half):
            byte = np.int32(row[column])
            first[column] += factor * np.float32(((byte & 15) ^ 8) - 8)
            second[column] += factor * np.float32(byte >> 4)
    return combined


_matmul = compiled(_matmul, reassociate=True)
_matmul_4 = compiled(_matmul_4, reassociate=True)
