"""Sparse rows in one to two bytes an entry: gaps between columns, and codes of four or eight bits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.compression.rows import Matrix, Places, with_room
from lifelong_widgets.compression.scales import Steps, checked_steps, scales_of, steps_of
from lifelong_widgets.compression.varints import gaps, packed, sums, unpacked
from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import count_of

Bytes = NDArray[np.uint8]


class CodedRows:
    """Rows of a sparse matrix, each as a string of bytes: how many entries, where they are, what they are.

    The columns of a row are ascending; each is written as the gap to the one before it, in groups of seven
    bits (a gap below 128 takes one byte, one below 16,384 two). The weights are ``scale · level(code)``,
    where levels grow with the square of the code: small weights, of which there are most, are told apart more
    finely than large ones. A row that is written again, and has grown, is put at the end; the holes are
    closed when they are as large as what is left. A state has counts, gaps and codes apart, each of which is
    more like itself than like the others.

    Args:
        bits: of a code, 4 or 8.
        signed: whether weights may be below 0, which costs one bit.

    Source: gaps in groups of seven bits: I. Witten, A. Moffat and T. Bell, "Managing Gigabytes", 1999.

    >>> rows = CodedRows(bits=8, signed=False)
    >>> rows.write(np.array([1]), [(np.array([2, 300]), np.array([4.0, 1.0], dtype=np.float32))])
    >>> rows.sums(np.array([1, 0]), np.ones(2, dtype=np.float32), 301)[[2, 300]].round(2), rows.n_bytes
    (array([4.  , 1.01], dtype=float32), 14)
    """

    def __init__(self, bits: int, signed: bool) -> None:
        self.bits, self.signed = bits, signed
        self._levels = _levels(bits, signed)
        self._bytes: Bytes = np.zeros(0, dtype=np.uint8)
        self._starts: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._sizes: NDArray[np.int32] = np.zeros(0, dtype=np.int32)
        self._steps: Steps = np.zeros(0, dtype=np.int16)
        self._scales: Matrix = np.zeros(0, dtype=np.float32)
        self._end = 0

    def __len__(self) -> int:
        return len(self._sizes)

    @property
    def n_bytes(self) -> int:
        """What the rows take: their bytes, and four for each."""
        return int(self._sizes.sum()) + 4 * len(self)

    def write(self, rows: Places, entries: list[tuple[Places, Matrix]]) -> None:
        """Rows become these entries: columns, ascending, and weights, none of them 0."""
        for name in ("_starts", "_sizes", "_steps", "_scales"):
            setattr(self, name, with_room(getattr(self, name), rows))
        tops = np.array([np.abs(weights).max(initial=0.0) for _, weights in entries], dtype=np.float32)
        self._steps[rows] = steps_of(tops)
        self._scales[rows] = scales_of(self._steps[rows])
        for row, (columns, weights) in zip(rows.tolist(), entries, strict=True):
            codes = _codes(weights, self._scales[row], self.bits, self.signed)
            self._put(row, _written(columns.astype(np.int64, copy=False), codes, self.bits))

    def entries(self, row: int) -> tuple[Places, Matrix]:
        """The columns of a row, ascending, and its weights."""
        columns, weights, _ = self.of(np.array([row]), np.ones(1, dtype=np.float32))
        return columns, weights

    def of(self, rows: Places, factors: Matrix) -> tuple[Places, Matrix, NDArray[np.int64]]:
        """All entries of `rows`, row after row: columns, weights times factor, and how many a row."""
        columns, codes, counts = _unrolled(self._bytes, self._starts, self._sizes, self.bits, rows)
        known = np.minimum(rows, max(len(self) - 1, 0))  # an unknown one has no entries
        scales = self._scales[known] if len(self) else np.zeros(len(rows), dtype=np.float32)
        return columns, self._levels[codes] * np.repeat(factors * scales, counts), counts

    def sums(self, rows: Places, factors: Matrix, n: int) -> Matrix:
        """``factors @ matrix[rows]`` of the first `n` columns, (n,); rows may repeat, and be unknown."""
        parts = self._bytes, self._starts, self._sizes, self._scales, self._levels, self.bits
        return _summed(*parts, rows, factors.astype(np.float32, copy=False), n)

    def nonzero_sums(self, rows: Places, factors: Matrix, n: int) -> tuple[Places, Matrix]:
        """The same without the zeros: the columns, ascending, and the sums there."""
        return _nonzero(self.sums(rows, factors, n))

    def products(self, vector: Matrix) -> Matrix:
        """``matrix @ vector``, (n_rows,); no column is beyond the vector."""
        parts = self._bytes, self._starts, self._sizes, self._scales, self._levels, self.bits
        return _products(*parts, vector.astype(np.float32, copy=False))

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        columns, codes, counts = _unrolled(
            self._bytes, self._starts, self._sizes, self.bits, np.arange(len(self))
        )
        return {
            "n": len(self),
            "counts": packed(counts),
            "gaps": packed(gaps(columns, counts)),
            "codes": codes,
            "scales": self._steps.copy(),
        }

    def set_state(self, state: Mapping[str, Any], n_rows: int, n_columns: int) -> None:
        """Take a state back of at most `n_rows` rows whose columns are below `n_columns`.

        Raises:
            FormatError: the arrays do not fit each other, or are not such rows.
        """
        n = count_of(state["n"], "the number of rows")
        if n > n_rows:
            raise FormatError(f"coded rows: there are {n:,}, at most {n_rows:,} fit")
        counts = unpacked(state["counts"], n)
        if n and (counts.min() < 0 or counts.max() > n_columns):
            raise FormatError(f"coded rows: one has fewer than 0 or more than {n_columns:,} entries")
        total, codes = int(counts.sum()), state["codes"]
        whole = isinstance(codes, np.ndarray) and codes.dtype == np.uint8 and codes.shape == (total,)
        if not whole or int(codes.max(initial=0)) >= 2**self.bits:
            raise FormatError(f"coded rows: there are not {total:,} codes of {self.bits} bits")
        differences = unpacked(state["gaps"], total)
        firsts = (np.cumsum(counts) - counts)[counts > 0]
        later = np.delete(differences, firsts)
        if total and (
            differences[firsts].min() < 0 or later.min(initial=1) < 1 or later.max(initial=1) >= n_columns
        ):
            raise FormatError("coded rows: the columns of a row are not ascending")
        columns = sums(differences, counts)
        if total and columns.max() >= n_columns:
            raise FormatError(f"coded rows: a column is beyond the {n_columns:,} that there are")
        steps = checked_steps("coded rows", state["scales"], n)
        self._bytes, self._end = np.zeros(0, dtype=np.uint8), 0
        self._starts, self._sizes = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int32)
        self._steps, self._scales = steps, scales_of(steps)
        ends = np.cumsum(counts)
        for row, (begin, end) in enumerate(zip((ends - counts).tolist(), ends.tolist(), strict=True)):
            self._put(row, _written(columns[begin:end], codes[begin:end], self.bits))

    def _put(self, row: int, coded: Bytes) -> None:
        """A row becomes these bytes."""
        if len(coded) > self._sizes[row]:
            self._starts[row] = self._reserve(len(coded))
        start = self._starts[row]
        self._bytes[start : start + len(coded)] = coded
        self._sizes[row] = len(coded)

    def _reserve(self, size: int) -> int:
        """Where `size` bytes are free."""
        if self._end + size > len(self._bytes):
            if self._end > 2 * int(self._sizes.sum()):
                self._close_holes()
            if self._end + size > len(self._bytes):
                room = np.zeros(max(self._end + size, self._end * 5 // 4), dtype=np.uint8)
                room[: self._end] = self._bytes[: self._end]
                self._bytes = room
        start, self._end = self._end, self._end + size
        return start

    def _close_holes(self) -> None:
        ends = np.cumsum(self._sizes, dtype=np.int64)
        starts, total = ends - self._sizes, int(ends[-1]) if len(ends) else 0
        if total == self._end:
            return
        self._bytes = _gathered(self._bytes, self._starts, starts, self._sizes, total)
        self._starts, self._end = starts, total


def heaviest(columns: Places, weights: Matrix, k: int | None) -> tuple[Places, Matrix]:
    """Of entries in any order the `k` of the largest size, in the order of their columns.

    >>> heaviest(np.array([7, 2, 5]), np.array([1.0, -3.0, 2.0], dtype=np.float32), 2)
    (array([2, 5]), array([-3.,  2.], dtype=float32))
    """
    if k is not None and len(columns) > k:
        chosen = np.argpartition(-np.abs(weights), k - 1)[:k]
        columns, weights = columns[chosen], weights[chosen]
    order = np.argsort(columns)
    return columns[order], weights[order]


def _levels(bits: int, signed: bool) -> Matrix:
    """What each code stands for, from -1 or 0 to 1."""
    codes = np.arange(2**bits)
    if not signed:
        upwards: Matrix = ((codes / (2**bits - 1)) ** 2).astype(np.float32)
        return upwards
    middle = 2 ** (bits - 1)
    shares = np.clip((codes - middle) / (middle - 1), -1.0, 1.0)
    both: Matrix = (np.sign(shares) * shares**2).astype(np.float32)
    return both


def _codes(weights: Matrix, scale: np.float32, bits: int, signed: bool) -> Bytes:
    """The nearest levels of weights, counted in roots."""
    roots = np.sqrt(np.abs(weights) / (scale if scale > 0 else np.float32(1.0)))
    if signed:
        middle = 2 ** (bits - 1)
        codes = middle + np.rint(np.sign(weights) * roots * (middle - 1))
    else:
        codes = np.maximum(np.rint(roots * (2**bits - 1)), 1)
    nearest: Bytes = codes.astype(np.uint8)
    return nearest


@compiled
def _written(columns: Places, codes: Bytes, bits: int) -> Bytes:
    n = len(columns)
    data = np.empty(5 * (n + 1) + n, dtype=np.uint8)
    at, before = _put(data, 0, n), -1
    for place in range(n):
        at = _put(data, at, columns[place] - before - 1)
        before = columns[place]
    if bits == 8:
        for place in range(n):
            data[at] = codes[place]
            at += 1
    else:
        for place in range(0, n, 2):
            high = np.int64(codes[place + 1]) if place + 1 < n else np.int64(0)
            data[at] = np.uint8(np.int64(codes[place]) | (high << 4))
            at += 1
    return data[:at].copy()


@compiled
def _put(data: Bytes, at: int, number: int) -> int:
    while number >= 128:
        data[at] = np.uint8(128 | (number & 127))
        number >>= 7
        at += 1
    data[at] = np.uint8(number)
    return at + 1


@compiled
def _count(data: Bytes, at: int) -> tuple[np.int64, int]:
    """A number in groups of seven bits, and where it ends."""
    number, shift = np.int64(0), np.int64(0)
    while data[at] >= 128:
        number |= np.int64(data[at] & 127) << shift
        shift += 7
        at += 1
    return number | (np.int64(data[at]) << shift), at + 1


@compiled
def _code(data: Bytes, start: int, entry: int, bits: int) -> np.int64:
    """The code of an entry of the row whose codes begin at `start`."""
    if bits == 8:
        return np.int64(data[start + entry])
    return (np.int64(data[start + entry // 2]) >> (4 * (entry & 1))) & 15


@compiled
def _codes_at(data: Bytes, at: int, n: np.int64) -> int:
    """Where the codes of a row begin whose `n` gaps begin at `at`."""
    while n > 0:
        n -= np.int64(data[at] < 128)
        at += 1
    return at


@compiled
def _row(data: Bytes, start: int, bits: int, columns: Places, codes: Bytes) -> int:
    """Read the row that begins at `start` into arrays with room for it; how many entries it has."""
    n, at = _count(data, start)
    first, column = _codes_at(data, at, n), np.int64(-1)
    for entry in range(n):
        gap, at = _count(data, at)
        column += gap + 1
        columns[entry], codes[entry] = column, _code(data, first, entry, bits)
    return int(n)


@compiled
def _counts(data: Bytes, starts: Places, sizes: NDArray[np.int32], rows: Places) -> Places:
    """How many entries each of `rows` has; 0 if it is unknown."""
    counts = np.zeros(len(rows), dtype=np.int64)
    for place in range(len(rows)):
        if rows[place] < len(sizes) and sizes[rows[place]] > 0:
            counts[place] = _count(data, starts[rows[place]])[0]
    return counts


@compiled
def _summed(
    data: Bytes,
    starts: Places,
    sizes: NDArray[np.int32],
    scales: Matrix,
    levels: Matrix,
    bits: int,
    rows: Places,
    factors: Matrix,
    limit: int,
) -> Matrix:
    counts, sums = _counts(data, starts, sizes, rows), np.zeros(limit, dtype=np.float32)
    widest = counts.max() if len(rows) else 0
    columns, codes = np.empty(widest, dtype=np.int64), np.empty(widest, dtype=np.uint8)
    for place in range(len(rows)):
        if counts[place] == 0:
            continue
        n = _row(data, starts[rows[place]], bits, columns, codes)
        factor = factors[place] * scales[rows[place]]
        for entry in range(n):
            if columns[entry] < limit:
                sums[columns[entry]] += factor * levels[codes[entry]]
    return sums


@compiled
def _nonzero(sums: Matrix) -> tuple[Places, Matrix]:
    columns, values = np.empty(len(sums), dtype=np.int64), np.empty(len(sums), dtype=np.float32)
    size = 0
    for column in range(len(sums)):
        if sums[column] != 0.0:
            columns[size], values[size] = column, sums[column]
            size += 1
    return columns[:size], values[:size]


@compiled
def _products(
    data: Bytes,
    starts: Places,
    sizes: NDArray[np.int32],
    scales: Matrix,
    levels: Matrix,
    bits: int,
    vector: Matrix,
) -> Matrix:
    products = np.zeros(len(sizes), dtype=np.float32)
    columns, codes = np.empty(len(vector), dtype=np.int64), np.empty(len(vector), dtype=np.uint8)
    for row in range(len(sizes)):
        if sizes[row] == 0:
            continue
        n, total = _row(data, starts[row], bits, columns, codes), np.float32(0.0)
        for entry in range(n):
            total += vector[columns[entry]] * levels[codes[entry]]
        products[row] = total * scales[row]
    return products


@compiled
def _unrolled(
    data: Bytes, starts: Places, sizes: NDArray[np.int32], bits: int, rows: Places
) -> tuple[Places, Bytes, Places]:
    """The columns and codes of `rows`, row after row, and how many each has."""
    counts = _counts(data, starts, sizes, rows)
    columns, codes = np.empty(counts.sum(), dtype=np.int64), np.empty(counts.sum(), dtype=np.uint8)
    size = 0
    for place in range(len(rows)):
        if counts[place]:
            size += _row(data, starts[rows[place]], bits, columns[size:], codes[size:])
    return columns, codes, counts


@compiled
def _gathered(data: Bytes, old: Places, new: Places, sizes: NDArray[np.int32], total: int) -> Bytes:
    gathered = np.empty(total, dtype=np.uint8)
    for row in range(len(sizes)):
        for place in range(sizes[row]):
            gathered[new[row] + place] = data[old[row] + place]
    return gathered
