"""The scores that a member gives: of every item, or of those that it has something to say about."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled


class Scores(Protocol):
    """What can be asked of scores, whichever way they are held."""

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`; 0 where there is none."""

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """The `k` items with the highest scores, in any order, without those `hidden` (ascending)."""


class DenseScores:
    """A score of every item.

    >>> DenseScores(np.array([0.5, -1.0, 2.0], dtype=np.float32)).best(1, hidden=np.array([2]))
    array([0])
    """

    def __init__(self, values: NDArray[np.float32]) -> None:
        self.values = values

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`."""
        return self.values[items]

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """The `k` best of those that are not `hidden`."""
        return best_places(self.values, k, hidden)


class SparseScores:
    """Scores above 0 of some items; what costs O(n log n) of their number, whatever the catalogue.

    Args:
        items: (n,), int64, ascending.
        values: (n,), float32.

    >>> scores = SparseScores(np.array([3, 8]), np.array([0.5, 2.0], dtype=np.float32))
    >>> scores.of(np.array([8, 4])), scores.best(1, hidden=np.array([8]))
    (array([2., 0.], dtype=float32), array([3]))
    """

    def __init__(self, items: NDArray[np.int64], values: NDArray[np.float32]) -> None:
        self.items, self.values = items, values

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`, 0 for the others."""
        return _of(self.items, self.values, items)

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """The `k` best of those above 0 that are not `hidden`."""
        return _best_shown(self.items, self.values, k, hidden)

    def plus(self, other: SparseScores) -> SparseScores:
        """The sums of both."""
        return SparseScores(*_plus(self.items, self.values, other.items, other.values))

    def dense(self, n: int) -> NDArray[np.float32]:
        """The scores of the first `n` items as an array."""
        scores = np.zeros(n, dtype=np.float32)
        scores[self.items] = self.values
        return scores


_NOTHING: NDArray[np.int64] = np.zeros(0, dtype=np.int64)


def best_places(
    values: NDArray[np.floating], k: int, hidden: NDArray[np.int64] = _NOTHING
) -> NDArray[np.int64]:
    """The places of the `k` highest of `values`, in any order, without those `hidden` (ascending).

    Of equal ones the first. What is -inf or not a number is never chosen. One pass, since few of many values
    get past the lowest of the best so far, which stands on top of a heap.

    >>> sorted(best_places(np.array([1.0, 3.0, 2.0, 3.0]), 2).tolist())
    [1, 3]
    """
    return best_places_in(values, k, hidden)


def contains(ascending: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `items` are among `ascending`.

    >>> contains(np.array([2, 5]), np.array([5, 1]))
    array([ True, False])
    """
    return _contains(ascending, items)


def union(*arrays: NDArray[np.integer]) -> NDArray[np.int64]:
    """The numbers that are in any of `arrays`, ascending, each once.

    >>> union(np.array([5, 1]), np.array([2, 5]))
    array([1, 2, 5])
    """
    return distinct_in(np.concatenate(arrays, dtype=np.int64))


@compiled
def best_places_in(values: NDArray[np.floating], k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
    """`best_places`, to be called by what is compiled itself."""
    heap = np.empty(min(k, len(values)), dtype=np.int64)  # places; the worst value on top
    size, next_hidden = 0, 0
    for place in range(len(values)):
        if next_hidden < len(hidden) and hidden[next_hidden] == place:
            next_hidden += 1
            continue
        value = values[place]
        if not value > -np.inf:
            continue
        if size < k or (size > 0 and value > values[heap[0]]):
            size = offer(heap, size, values, place)
    return heap[:size]


@compiled
def offer(heap: NDArray[np.int64], size: int, values: NDArray[np.floating], place: int) -> int:
    """Let `place` into a heap of `size` places, the worst on top, in which it belongs; its size then.

    It belongs there if there is room, or if its value is above that of the worst, which goes. Places come
    ascending. To be called by what is compiled itself.
    """
    value = values[place]
    if size < len(heap):  # up from the bottom
        child = size
        while child > 0:
            parent = (child - 1) // 2
            if values[heap[parent]] < value:
                break
            if values[heap[parent]] == value and heap[parent] > place:
                break
            heap[child] = heap[parent]
            child = parent
        heap[child] = place
        return size + 1
    parent = 0  # down from the top
    while True:
        child = 2 * parent + 1
        if child >= size:
            break
        if child + 1 < size and _is_worse(values, heap[child + 1], heap[child]):
            child += 1
        if not _is_worse(values, heap[child], place):
            break
        heap[parent] = heap[child]
        parent = child
    heap[parent] = place
    return size


@compiled
def _is_worse(values: NDArray[np.floating], one: int, other: int) -> bool:
    return bool(values[one] < values[other] or (values[one] == values[other] and one > other))


@compiled
def _contains(ascending: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    found = np.zeros(len(items), dtype=np.bool_)
    for place in range(len(items)):
        at = np.searchsorted(ascending, items[place])
        found[place] = at < len(ascending) and ascending[at] == items[place]
    return found


@compiled
def _of(
    ascending: NDArray[np.int64], values: NDArray[np.float32], items: NDArray[np.int64]
) -> NDArray[np.float32]:
    scores = np.zeros(len(items), dtype=np.float32)
    for place in range(len(items)):
        at = np.searchsorted(ascending, items[place])
        if at < len(ascending) and ascending[at] == items[place]:
            scores[place] = values[at]
    return scores


@compiled
def _best_shown(
    items: NDArray[np.int64], values: NDArray[np.float32], k: int, hidden: NDArray[np.int64]
) -> NDArray[np.int64]:
    """See `SparseScores.best`."""
    heap = np.empty(min(k, len(items)), dtype=np.int64)
    size, next_hidden = 0, 0
    for place in range(len(items)):
        value = values[place]
        if not value > 0.0 or (size == len(heap) and (size == 0 or not value > values[heap[0]])):
            continue
        while next_hidden < len(hidden) and hidden[next_hidden] < items[place]:
            next_hidden += 1
        if next_hidden == len(hidden) or hidden[next_hidden] != items[place]:
            size = offer(heap, size, values, place)
    return items[heap[:size]]


@compiled
def _plus(
    items: NDArray[np.int64],
    values: NDArray[np.float32],
    more_items: NDArray[np.int64],
    more_values: NDArray[np.float32],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    merged = np.empty(len(items) + len(more_items), dtype=np.int64)
    sums = np.empty(len(merged), dtype=np.float32)
    size, one, other = 0, 0, 0
    while one < len(items) or other < len(more_items):
        is_first = other == len(more_items) or (one < len(items) and items[one] <= more_items[other])
        if is_first:
            merged[size], sums[size] = items[one], values[one]
            if other < len(more_items) and more_items[other] == items[one]:
                sums[size] += more_values[other]
                other += 1
            one += 1
        else:
            merged[size], sums[size] = more_items[other], more_values[other]
            other += 1
        size += 1
    return merged[:size], sums[:size]


@compiled
def distinct_in(items: NDArray[np.int64]) -> NDArray[np.int64]:
    """The distinct `items`, ascending, to be called by what is compiled itself; sorts them in place."""
    items.sort()
    size = 0
    for place in range(len(items)):
        if place == 0 or items[place] != items[place - 1]:
            items[size] = items[place]
            size += 1
    return items[:size].copy()
