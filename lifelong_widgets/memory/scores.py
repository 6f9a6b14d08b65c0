"""The scores that a member gives: of every item, or of those that it has something to say about."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray


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
        values = self.values
        if len(hidden):
            values = values.copy()
            values[hidden] = -np.inf
        best = np.argpartition(-values, k - 1)[:k] if len(values) > k else np.arange(len(values))
        return best[values[best] > -np.inf]


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
        scores = np.zeros(len(items), dtype=np.float32)
        if len(self.items):
            places = np.minimum(np.searchsorted(self.items, items), len(self.items) - 1)
            known = self.items[places] == items
            scores[known] = self.values[places[known]]
        return scores

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """The `k` best of those above 0 that are not `hidden`."""
        shown = self.values > 0
        if len(hidden):
            shown &= ~contains(hidden, self.items)
        items, values = self.items[shown], self.values[shown]
        return items[np.argpartition(-values, k - 1)[:k]] if len(items) > k else items

    def dense(self, n: int) -> NDArray[np.float32]:
        """The scores of the first `n` items as an array."""
        scores = np.zeros(n, dtype=np.float32)
        scores[self.items] = self.values
        return scores


def contains(ascending: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of `items` are among `ascending`.

    >>> contains(np.array([2, 5]), np.array([5, 1]))
    array([ True, False])
    """
    if not len(ascending):
        return np.zeros(len(items), dtype=np.bool_)
    places = np.minimum(np.searchsorted(ascending, items), len(ascending) - 1)
    found: NDArray[np.bool_] = ascending[places] == items
    return found
