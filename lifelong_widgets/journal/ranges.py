"""Sets of entry ids, kept as ranges: an undo of ten thousand events is one pair of numbers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence


class IdRanges:
    """A set of integers, made of ranges whose ends are both included. Ranges may overlap and touch.

    >>> ranges = IdRanges([(7, 9), (2, 3), (8, 12)])
    >>> list(ranges), 8 in ranges, 4 in ranges
    ([(2, 3), (7, 12)], True, False)
    >>> list(ranges.gaps(1, 20))
    [(1, 1), (4, 6), (13, 20)]
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ranges: Iterable[Sequence[int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self.add(ranges)

    def add(self, ranges: Iterable[Sequence[int]]) -> None:
        """Take in more ranges; at the end that costs what they cost, elsewhere it moves what comes after."""
        for first, last in sorted((first, last) for first, last in ranges):
            start = bisect_left(self._lasts, first - 1)  # the first range that it may touch
            end = bisect_right(self._firsts, last + 1)
            if start < end:
                first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
            self._firsts[start:end], self._lasts[start:end] = [first], [last]

    def __contains__(self, id: int) -> bool:
        at = bisect_right(self._firsts, id) - 1
        return at >= 0 and id <= self._lasts[at]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def gaps(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The ranges of ids from `first` to `last` that are not in the set, in order."""
        for start, end in self:
            if start > first and first <= last:
                yield first, min(start - 1, last)
            first = max(first, end + 1)
        if first <= last:
            yield first, last
