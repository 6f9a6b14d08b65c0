"""Item-to-item weights, of which each item keeps only its heaviest: memory and cost do not grow with time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.scores import SparseScores
from lifelong_widgets.memory.states import check_arrays, check_ascending

_DENSE = 16_384  # items


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
    >>> table.sum(np.array([0, 1]), np.array([1.0, 10.0]), n=4).dense(4)
    array([0., 3., 6., 0.], dtype=float32)
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        # the index of a neighbour plus one: 0, which costs no memory until it is written, is an empty place
        self._neighbors: NDArray[np.int32] = np.zeros((0, capacity), dtype=np.int32)
        self._weights: NDArray[np.float32] = np.zeros((0, capacity), dtype=np.float32)

    def __len__(self) -> int:
        return len(self._neighbors)

    def add_to_column(
        self,
        rows: NDArray[np.int64],
        column: int,
        gains: NDArray[np.floating],
        ledger: Ledger | None = None,
    ) -> None:
        """``table[rows, column] += gains``, for distinct rows. `ledger` can then take it back."""
        if not len(rows):
            return
        self._make_room(max(int(rows.max()), column) + 1)
        matches = self._neighbors[rows] == column + 1
        places = matches.argmax(axis=1)
        missing = ~matches[np.arange(len(rows)), places]
        if missing.any():
            places[missing] = self._weights[rows[missing]].argmin(axis=1)
        if ledger is not None:
            ledger.keep(self, "_neighbors", (rows, places))
            ledger.keep(self, "_weights", (rows, places))
        if missing.any():
            self._neighbors[rows[missing], places[missing]] = column + 1
            self._weights[rows[missing], places[missing]] = 0.0
        self._weights[rows, places] += gains.astype(np.float32)

    def add_to_row(
        self,
        row: int,
        columns: NDArray[np.int64],
        gains: NDArray[np.floating],
        ledger: Ledger | None = None,
    ) -> None:
        """``table[row, columns] += gains``, for distinct columns, the most important first."""
        columns, gains = columns[: self.capacity], gains[: self.capacity]
        if not len(columns):
            return
        self._make_room(max(int(columns.max()), row) + 1)
        if ledger is not None:
            ledger.keep(self, "_neighbors", row)
            ledger.keep(self, "_weights", row)
        matches = self._neighbors[row][None, :] == columns[:, None] + 1
        places = matches.argmax(axis=1)
        missing = ~matches[np.arange(len(columns)), places]
        count = int(np.count_nonzero(missing))
        if count:
            weights = self._weights[row].copy()
            weights[places[~missing]] = np.inf  # what is about to grow stays
            places[missing] = lightest = np.argsort(weights, kind="stable")[:count]
            self._neighbors[row, lightest] = columns[missing] + 1
            self._weights[row, lightest] = 0.0
        self._weights[row, places] += gains.astype(np.float32)

    def sum(self, rows: NDArray[np.int64], factors: NDArray[np.floating], n: int) -> SparseScores:
        """``factors @ table[rows]``, of items below `n`; rows may repeat, and unknown ones are empty."""
        known = rows < len(self)
        rows, factors = rows[known], factors[known]
        weights = self._weights[rows] * factors.astype(np.float32)[:, None]
        return _summed(self._neighbors[rows].ravel(), weights.ravel(), n)

    def terms(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """``table[rows][:, columns]`` as a dense array, for distinct columns."""
        terms = np.zeros((len(rows), len(columns)), dtype=np.float32)
        for place, row in enumerate(rows.tolist()):
            if row < len(self):
                matches = self._neighbors[row][None, :] == columns[:, None] + 1
                terms[place] = np.where(matches, self._weights[row], 0.0).sum(axis=1)
        return terms

    @property
    def n_bytes(self) -> int:
        """What the rows take that hold anything."""
        return 8 * self.capacity * len(self._taken())

    def get_state(self) -> dict[str, NDArray[Any]]:
        """The rows that hold anything, as arrays."""
        rows = self._taken()
        return {
            "rows": rows.astype(np.int32),
            "neighbors": self._neighbors[rows],
            "weights": self._weights[rows],
        }

    def set_state(self, state: dict[str, NDArray[Any]], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other or the items.
        """
        n = len(state["rows"])
        check_arrays(
            "neighbours",
            state,
            rows=((n,), np.int32, n_items - 1),
            neighbors=((n, self.capacity), np.int32, n_items),
            weights=((n, self.capacity), np.float32, None),
        )
        check_ascending("neighbours: rows", state["rows"])
        if n and (not (state["neighbors"][:, 0] > 0).all() or state["weights"].min() < 0):
            raise FormatError("neighbours: a row holds nothing, or a weight is negative")
        self._neighbors = np.zeros((0, self.capacity), dtype=np.int32)
        self._weights = np.zeros((0, self.capacity), dtype=np.float32)
        if n:
            self._make_room(int(state["rows"].max()) + 1)
            self._neighbors[state["rows"]] = state["neighbors"]
            self._weights[state["rows"]] = state["weights"]

    def _taken(self) -> NDArray[np.int64]:
        """The rows that hold anything: the first place is the first to be filled, and is never emptied."""
        return np.flatnonzero(self._neighbors[:, 0])

    def _make_room(self, n: int) -> None:
        old = len(self)
        if n > old:
            # fresh zeros, of which the system gives out a page when it is written, and not before
            for name in ("_neighbors", "_weights"):
                before = getattr(self, name)
                larger = np.zeros((max(n, 2 * old), self.capacity), dtype=before.dtype)
                larger[:old] = before
                setattr(self, name, larger)


class CompactTable(NeighborTable):
    """A copy of a table to read from: without its empty places, three to five bytes an entry.

    A weight is ``scale[row] · code`` with a code from 0 to 255, so that none is off by more than half a step,
    ``max(row) / 510``.

    Args:
        table: what is copied.

    >>> table = NeighborTable(capacity=2)
    >>> table.add_to_row(0, np.array([1, 3]), np.array([3.0, 1.0]))
    >>> CompactTable(table).sum(np.array([0]), np.ones(1), n=4).dense(4)
    array([0., 3., 0., 1.], dtype=float32)
    """

    def __init__(self, table: NeighborTable) -> None:
        super().__init__(table.capacity)
        taken = table._neighbors > 0
        ids = table._neighbors[taken] - 1
        self._ids = ids.astype(np.uint16 if ids.max(initial=0) < 2**16 else np.int32)
        self._starts = np.concatenate([[0], np.cumsum(taken.sum(axis=1))]).astype(np.int32)
        self._scales = (table._weights.max(axis=1, initial=0.0) / 255.0).astype(np.float32)
        safe = np.where(self._scales > 0, self._scales, 1.0)[:, None]
        self._codes = np.round(table._weights / safe)[taken].astype(np.uint8)

    def __len__(self) -> int:
        return len(self._scales)

    @property
    def n_bytes(self) -> int:
        """What it takes in memory."""
        return sum(part.nbytes for part in (self._ids, self._starts, self._scales, self._codes))

    def sum(self, rows: NDArray[np.int64], factors: NDArray[np.floating], n: int) -> SparseScores:
        """As `NeighborTable.sum`."""
        known = rows < len(self)
        rows, factors = rows[known], factors[known]
        sizes = np.diff(self._starts)[rows]
        places = np.arange(sizes.sum()) + np.repeat(self._starts[rows] - np.cumsum(sizes) + sizes, sizes)
        weights = self._codes[places] * np.repeat(self._scales[rows] * factors.astype(np.float32), sizes)
        return _summed(self._ids[places].astype(np.int64) + 1, weights, n)

    def _make_room(self, n: int) -> None:
        raise DataError("a compact copy learns no more")


def _summed(ids: NDArray[np.integer], weights: NDArray[np.float32], n: int) -> SparseScores:
    """The weights of each id (an index plus one; 0 is nobody), summed in their order."""
    if n <= _DENSE:  # counting beats sorting
        sums = np.bincount(ids, weights=weights, minlength=n + 1)[1 : n + 1]
        items = np.flatnonzero(sums)
        return SparseScores(items, sums[items].astype(np.float32))
    distinct, places = np.unique(ids, return_inverse=True)
    sums = np.bincount(places, weights=weights, minlength=len(distinct))
    wanted = (distinct > 0) & (distinct <= n)
    return SparseScores(distinct[wanted].astype(np.int64) - 1, sums[wanted].astype(np.float32))
