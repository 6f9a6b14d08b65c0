"""Item-to-item weights, of which each item keeps only its heaviest: memory and cost do not grow with time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class NeighborTable:
    """A sparse matrix with at most `capacity` entries a row; a full row gives up its lightest for a new one.

    Row i is two rows of dense arrays, the neighbours' indices and their weights, so that adding to many
    rows, and summing many, are a handful of array operations. The arrays double when they are full. As long
    as no row is full the table equals the dense matrix.

    Args:
        capacity: The most entries of a row.

    Source: what a full row does is close to the space-saving algorithm of A. Metwally, D. Agrawal and A. El
    Abbadi, "Efficient computation of frequent and top-k elements in data streams", ICDT 2005; a newcomer
    starts from zero here, since an inherited weight would make it look like an old neighbour.

    >>> table = NeighborTable(capacity=2)
    >>> table.add_to_column(np.array([0, 1]), 2, np.array([1.0, 0.5]))
    >>> table.add_to_row(0, np.array([1]), np.array([3.0]))
    >>> table.sum(np.array([0, 1]), np.array([1.0, 10.0]), n=4)
    array([0., 3., 6., 0.])
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._neighbors: NDArray[np.int32] = np.empty((0, capacity), dtype=np.int32)
        self._weights: NDArray[np.float32] = np.empty((0, capacity), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._neighbors)

    def add_to_column(self, rows: NDArray[np.int64], column: int, gains: NDArray[np.floating]) -> None:
        """``table[rows, column] += gains``, for distinct rows."""
        if not len(rows):
            return
        self._make_room(max(int(rows.max()), column) + 1)
        matches = self._neighbors[rows] == column
        places = matches.argmax(axis=1)
        missing = ~matches[np.arange(len(rows)), places]
        if missing.any():
            new = rows[missing]
            places[missing] = lightest = self._weights[new].argmin(axis=1)
            self._neighbors[new, lightest] = column
            self._weights[new, lightest] = 0.0
        self._weights[rows, places] += gains.astype(np.float32)

    def add_to_row(self, row: int, columns: NDArray[np.int64], gains: NDArray[np.floating]) -> None:
        """``table[row, columns] += gains``, for distinct columns, the most important first."""
        columns, gains = columns[: self.capacity], gains[: self.capacity]
        if not len(columns):
            return
        self._make_room(max(int(columns.max()), row) + 1)
        matches = self._neighbors[row][None, :] == columns[:, None]
        places = matches.argmax(axis=1)
        missing = ~matches[np.arange(len(columns)), places]
        count = int(np.count_nonzero(missing))
        if count:
            weights = self._weights[row].copy()
            weights[places[~missing]] = np.inf  # what is about to grow stays
            places[missing] = lightest = np.argsort(weights, kind="stable")[:count]
            self._neighbors[row, lightest] = columns[missing]
            self._weights[row, lightest] = 0.0
        self._weights[row, places] += gains.astype(np.float32)

    def sum(self, rows: NDArray[np.int64], factors: NDArray[np.floating], n: int) -> NDArray[np.float64]:
        """``factors @ table[rows, :n]`` as a new dense array; rows may repeat, and unknown ones are empty."""
        known = rows < len(self)
        rows, factors = rows[known], factors[known]
        weights = self._weights[rows] * factors.astype(np.float32)[:, None]
        # place 0 collects the empty entries, whose neighbour is -1 and whose weight is 0
        sums = np.bincount((self._neighbors[rows] + 1).ravel(), weights=weights.ravel(), minlength=n + 1)
        return sums[1 : n + 1].astype(np.float64, copy=False)

    def _make_room(self, n: int) -> None:
        more = max(n, 2 * len(self)) - len(self)
        if n > len(self):
            shape = (more, self.capacity)
            self._neighbors = np.concatenate([self._neighbors, np.full(shape, -1, dtype=np.int32)])
            self._weights = np.concatenate([self._weights, np.zeros(shape, dtype=np.float32)])
