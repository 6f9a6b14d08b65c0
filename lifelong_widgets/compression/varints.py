"""Whole numbers in as few bytes as they need."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError

Numbers = NDArray[np.int64]


def packed(numbers: Numbers) -> NDArray[np.uint8]:
    """Each number in groups of seven bits, the sign in the lowest one: 0, -1, 1, -2, … are 0, 1, 2, 3, …

    >>> packed(np.array([3, -64, 1_000_000])).tolist()
    [6, 127, 128, 137, 122]
    """
    return _packed(np.ascontiguousarray(numbers, dtype=np.int64))


def unpacked(data: object, n: int) -> Numbers:
    """The `n` numbers that `packed` made bytes of.

    Raises:
        FormatError: they are others, or more or fewer.
    """
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.ndim != 1:
        raise FormatError("packed numbers are no bytes")
    if int(np.count_nonzero(data < 128)) != n or (len(data) and data[-1] >= 128):
        raise FormatError(f"packed numbers: there are not {n:,} of them")
    numbers, longest = _unpacked(data, n)
    if longest > 9:  # 63 bits
        raise FormatError("packed numbers: one has more than 63 bits")
    return numbers


def gaps(values: Numbers, sizes: Numbers) -> Numbers:
    """Each number of several lists that lie behind each other less the one before it in its list.

    >>> gaps(np.array([5, 7, 2, 3]), np.array([2, 2])).tolist()
    [5, 2, 2, 1]
    """
    differences = np.diff(values, prepend=0)
    starts = (np.cumsum(sizes) - sizes)[sizes > 0]
    differences[starts] = values[starts]
    return differences


def sums(differences: Numbers, sizes: Numbers) -> Numbers:
    """The lists of which `gaps` made these.

    >>> sums(np.array([5, 2, 2, 1]), np.array([2, 2])).tolist()
    [5, 7, 2, 3]
    """
    totals = np.cumsum(differences)
    starts = np.cumsum(sizes) - sizes
    before = np.concatenate([np.zeros(1, dtype=np.int64), totals])[starts]
    lists: Numbers = totals - np.repeat(before, sizes)
    return lists


@compiled
def _packed(numbers: Numbers) -> NDArray[np.uint8]:
    data, at = np.empty(10 * len(numbers), dtype=np.uint8), 0
    for number in numbers:
        rest = np.uint64((number << 1) ^ (number >> 63))
        while rest >= np.uint64(128):
            data[at] = np.uint8(128) | np.uint8(rest & np.uint64(127))
            rest >>= np.uint64(7)
            at += 1
        data[at] = np.uint8(rest)
        at += 1
    return data[:at].copy()


@compiled
def _unpacked(data: NDArray[np.uint8], n: int) -> tuple[Numbers, int]:
    """The numbers, and the length of the longest."""
    numbers, at, longest = np.zeros(n, dtype=np.int64), 0, 0
    for place in range(n):
        number, shift, start = np.uint64(0), np.uint64(0), at
        while data[at] >= 128:
            number |= np.uint64(data[at] & 127) << shift
            shift += np.uint64(7)
            at += 1
        number |= np.uint64(data[at]) << shift
        at += 1
        longest = max(longest, at - start)
        numbers[place] = np.int64(number >> np.uint64(1)) ^ -np.int64(number & np.uint64(1))
    return numbers, longest
