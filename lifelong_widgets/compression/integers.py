"""Row-wise int16, int8 and int4: one scale a row, and as few bits a number."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.compression.rows import Matrix, Places, with_room
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.states import check_arrays

Codes = NDArray[np.signedinteger[Any]]


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
    dtype: type[np.signedinteger[Any]] = np.int8
    ages = False

    def __init__(self, matrix: Matrix) -> None:
        self._width = matrix.shape[1]
        self._codes: Codes = np.zeros((0, self._stored(self._width)), dtype=self.dtype)
        self._scales = np.zeros(0, dtype=np.float32)
        self.write(np.arange(len(matrix)), matrix)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return len(self._codes), self._width

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        self._codes, self._scales = with_room(self._codes, rows), with_room(self._scales, rows)
        scales = (np.abs(values).max(axis=1, initial=0.0) / self._reach()).astype(np.float32)
        safe = np.where(scales > 0, scales, np.float32(1.0))
        codes = np.clip(
            np.rint(self._coded((values / safe[:, None]).astype(np.float32, copy=False))),
            -self.levels,
            self.levels,
        )
        self._codes[rows], self._scales[rows] = self._packed(codes.astype(self.dtype)), scales

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
        if not isinstance(codes, np.ndarray) or codes.dtype != cls.dtype:
            raise FormatError(f"a quantised matrix: there are no codes of {np.dtype(cls.dtype)}")
        check_arrays("a quantised matrix", state, scales=((n,), np.float32, None))
        if codes.shape != (n, cls._stored(width)) or (n and float(state["scales"].min()) < 0):
            raise FormatError("a quantised matrix: codes and scales do not fit its shape")
        made = cls(np.zeros((0, width), dtype=np.float32))
        made._codes, made._scales = codes.copy(), state["scales"].copy()
        return made

    @staticmethod
    def _stored(width: int) -> int:
        """How many codes, or pairs of them, a row takes."""
        return width

    @classmethod
    def _reach(cls) -> int:
        """What the largest code stands for, in scales."""
        return cls.levels

    @staticmethod
    def _coded(scaled: Matrix) -> Matrix:
        """The codes of numbers, given in scales, before they are rounded."""
        return scaled

    @staticmethod
    def _packed(codes: Codes) -> Codes:
        return codes


class SquaredRows(Int8Rows):
    """The same where a code stands for its square, with its sign: ``scale[row] * code * |code|``.

    So small numbers are held more closely than large ones, which suits rows of many small weights and a few
    large ones: no number is off by more than ``(sqrt(|number| · max|row|) + max|row| / 508) / 127``.

    Source: companding, B. Smith, "Instantaneous companding of quantized signals", Bell System Technical
    Journal 1957, with a square root for the logarithm, so that 0 stays 0.

    >>> rows = SquaredRows(np.array([[0.01, -1.0]], dtype=np.float32))
    >>> rows.get_state()["codes"].tolist(), rows.take(np.array([0])).astype(float).round(3).tolist()
    ([[13, -127]], [[0.01, -1.0]])
    """

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        return _taken_squares(self._codes, self._scales, rows)

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        return _matmul_squares(self._codes, self._scales, vector.astype(np.float32, copy=False))

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return _combine_squares(
            self._codes, rows, factors.astype(np.float32, copy=False) * self._scales[rows]
        )

    @classmethod
    def _reach(cls) -> int:
        return cls.levels**2

    @staticmethod
    def _coded(scaled: Matrix) -> Matrix:
        roots: Matrix = np.copysign(np.sqrt(np.abs(scaled)), scaled)
        return roots


class Int16Rows(Int8Rows):
    """The same in codes -32767 … 32767 of two bytes.

    >>> Int16Rows(np.array([[0.5, -1.0]], dtype=np.float32)).get_state()["codes"].tolist()
    [[16384, -32767]]
    """

    levels = 32_767
    dtype = np.int16


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
    def _packed(codes: Codes) -> Codes:
        n, width = codes.shape
        half = -(-width // 2)
        even = np.zeros((n, 2 * half), dtype=np.int8)
        even[:, :width] = codes
        packed: Codes = (even[:, :half] & 15) | (even[:, half:] << 4)
        return packed


def _matmul(codes: Codes, scales: Matrix, vector: Matrix) -> Matrix:
    products = np.empty(len(codes), dtype=np.float32)
    for place in range(len(codes)):
        row, total = codes[place], np.float32(0.0)
        for column in range(len(vector)):
            total += np.float32(row[column]) * vector[column]
        products[place] = total * scales[place]
    return products


def _matmul_squares(codes: Codes, scales: Matrix, vector: Matrix) -> Matrix:
    products = np.empty(len(codes), dtype=np.float32)
    for place in range(len(codes)):
        row, total = codes[place], np.float32(0.0)
        for column in range(len(vector)):
            code = np.float32(row[column])
            total += (code * abs(code)) * vector[column]
        products[place] = total * scales[place]
    return products


def _matmul_4(codes: Codes, scales: Matrix, vector: Matrix) -> Matrix:
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
def _taken(codes: Codes, scales: Matrix, rows: Places) -> Matrix:
    taken = np.empty((len(rows), codes.shape[1]), dtype=np.float32)
    for place in range(len(rows)):
        row, scale, into = codes[rows[place]], scales[rows[place]], taken[place]
        for column in range(len(row)):
            into[column] = scale * np.float32(row[column])
    return taken


@compiled
def _taken_squares(codes: Codes, scales: Matrix, rows: Places) -> Matrix:
    taken = np.empty((len(rows), codes.shape[1]), dtype=np.float32)
    for place in range(len(rows)):
        row, scale, into = codes[rows[place]], scales[rows[place]], taken[place]
        for column in range(len(row)):
            code = np.float32(row[column])
            into[column] = scale * (code * abs(code))
    return taken


@compiled
def _taken_4(codes: Codes, scales: Matrix, rows: Places) -> Matrix:
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
def _combine(codes: Codes, rows: Places, factors: Matrix) -> Matrix:
    combined = np.zeros(codes.shape[1], dtype=np.float32)
    for place in range(len(rows)):
        row, factor = codes[rows[place]], factors[place]
        for column in range(len(row)):
            combined[column] += factor * np.float32(row[column])
    return combined


@compiled
def _combine_squares(codes: Codes, rows: Places, factors: Matrix) -> Matrix:
    combined = np.zeros(codes.shape[1], dtype=np.float32)
    for place in range(len(rows)):
        row, factor = codes[rows[place]], factors[place]
        for column in range(len(row)):
            code = np.float32(row[column])
            combined[column] += factor * (code * abs(code))
    return combined


@compiled
def _combine_4(codes: Codes, rows: Places, factors: Matrix) -> Matrix:
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
_matmul_squares = compiled(_matmul_squares, reassociate=True)
_matmul_4 = compiled(_matmul_4, reassociate=True)
