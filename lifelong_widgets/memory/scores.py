"""The scores that a member gives: of every item, or of those that it has something to say about."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

_GROUP = 64  # values


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
        best = largest(values, k)
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


def largest(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """The places of the `k` largest of `values`, in any order; of all, if there are no more.

    Exact. The k-th largest of the maxima of groups is no larger than the k-th largest value, so only what
    reaches it needs to be partitioned: one pass over the values, a sixth of the time of a whole partition.

    >>> values = np.arange(100_000, dtype=np.float32)
    >>> np.sort(largest(values, 3))
    array([99997, 99998, 99999])
    """
    n_groups = len(values) // _GROUP
    if n_groups >= 4 * k:
        maxima = values[: n_groups * _GROUP].reshape(_GROUP, n_groups).max(axis=0)
        reach = np.flatnonzero(values >= np.partition(maxima, n_groups - k)[n_groups - k])
        if len(reach) >= k:
            return reach[np.argpartition(-values[reach], k - 1)[:k]] if len(reach) > k else reach
    return np.argpartition(-values, k - 1)[:k] if len(values) > k else np.arange(len(values))


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
