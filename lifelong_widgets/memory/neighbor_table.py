"""Item-to-item weights, of which each item keeps only its heaviest: memory and cost do not grow with time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.scores import SparseScores
from lifelong_widgets.memory.states import check_arrays, check_ascending

DENSE = 16_384
"""For so many items counting beats sorting."""


class NeighborTable:
    """A sparse matrix with at most `capacity` entries a row; a full row gives up its lightest for a new one.

    Row i is two rows of dense arrays, the neighbours' indices and their weights. The arrays grow by half when
    they are full. As long as no row is full the table equals the dense matrix.

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

    NOTED = "_neighbors"
    """What a ledger is told of with every row that is written."""

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
        places = _places_in_column(self._neighbors, self._weights, rows, column + 1)
        if ledger is not None:
            ledger.keep(self, "_neighbors", (rows, places))
            ledger.keep(self, "_weights", (rows, places))
        _add(self._neighbors, self._weights, rows, places, np.full(len(rows), column), _float32(gains))

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
        places = _places_in_row(self._neighbors[row], self._weights[row], columns)
        _add(self._neighbors, self._weights, np.full(len(columns), row), places, columns, _float32(gains))

    def sum(self, rows: NDArray[np.int64], factors: NDArray[np.floating], n: int) -> SparseScores:
        """``factors @ table[rows]``, of items below `n`; rows may repeat, and unknown ones are empty."""
        factors = _float32(factors)
        if n <= DENSE:
            return SparseScores(*_counted(self._neighbors, self._weights, rows, factors, n))
        return summed(*_entries(self._neighbors, self._weights, rows, factors, n))

    def terms(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """``table[rows][:, columns]`` as a dense array, for distinct columns."""
        return _terms(self._neighbors, self._weights, rows, columns)

    def entries_of(self, row: int) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The columns that a row has weights in, in any order, and these weights."""
        if row >= len(self):
            return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32)
        places = np.flatnonzero(self._neighbors[row])
        return self._neighbors[row, places].astype(np.int64) - 1, self._weights[row, places]

    @property
    def taken(self) -> NDArray[np.int64]:
        """The rows that hold anything, ascending."""
        return self._taken()

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
            shape = max(n, old + old // 2), self.capacity
            neighbors, weights = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.float32)
            neighbors[:old], weights[:old] = self._neighbors, self._weights
            self._neighbors, self._weights = neighbors, weights  # both or none


def _float32(values: NDArray[np.floating]) -> NDArray[np.float32]:
    return values.astype(np.float32, copy=False)


def summed(ids: NDArray[np.int64], weights: NDArray[np.float32]) -> SparseScores:
    """The weights of each id, summed in their order."""
    order = np.argsort(ids, kind="stable")
    return SparseScores(*_summed_in_order(ids[order], weights[order]))


@compiled
def _places_in_column(
    neighbors: NDArray[np.int32], weights: NDArray[np.float32], rows: NDArray[np.int64], identity: int
) -> NDArray[np.int64]:
    """Where in each of `rows` `identity` is, or else the lightest entry, which makes room for it."""
    places = np.zeros(len(rows), dtype=np.int64)
    for n in range(len(rows)):
        row, lightest = rows[n], 0
        for place in range(neighbors.shape[1]):
            if neighbors[row, place] == identity:
                lightest = place
                break
            if weights[row, place] < weights[row, lightest]:
                lightest = place
        places[n] = lightest
    return places


@compiled
def _places_in_row(
    neighbors: NDArray[np.int32], weights: NDArray[np.float32], columns: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where each of `columns` is in one row, or else the lightest entries of the others, one for each."""
    places = np.full(len(columns), -1, dtype=np.int64)
    free, n_known = np.ones(len(neighbors), dtype=np.bool_), 0
    for n in range(len(columns)):
        for place in range(len(neighbors)):
            if neighbors[place] == columns[n] + 1:
                places[n] = place
                free[place] = False  # what is about to grow stays
                n_known += 1
                break
    if n_known == len(columns):
        return places
    lightest = np.flatnonzero(free)
    lightest = lightest[np.argsort(weights[lightest], kind="mergesort")]
    used = 0
    for n in range(len(columns)):
        if places[n] < 0:
            places[n] = lightest[used]
            used += 1
    return places


@compiled
def _add(
    neighbors: NDArray[np.int32],
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    places: NDArray[np.int64],
    columns: NDArray[np.int64],
    gains: NDArray[np.float32],
) -> None:
    """Add to entries, which begin at 0 where they were another's."""
    for n in range(len(rows)):
        row, place = rows[n], places[n]
        if neighbors[row, place] != columns[n] + 1:
            neighbors[row, place] = columns[n] + 1
            weights[row, place] = 0.0
        weights[row, place] += gains[n]


@compiled
def _entries(
    neighbors: NDArray[np.int32],
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    factors: NDArray[np.float32],
    limit: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The entries below `limit` of all `rows`: their columns, and their weights times the row's factor."""
    columns = np.empty(len(rows) * neighbors.shape[1], dtype=np.int64)
    scaled = np.empty(len(columns), dtype=np.float32)
    size = 0
    for n in range(len(rows)):
        if rows[n] >= len(neighbors):
            continue
        for place in range(neighbors.shape[1]):
            column = neighbors[rows[n], place] - 1
            if 0 <= column < limit:
                columns[size] = column
                scaled[size] = weights[rows[n], place] * factors[n]
                size += 1
    return columns[:size], scaled[:size]


@compiled
def _terms(
    neighbors: NDArray[np.int32],
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    columns: NDArray[np.int64],
) -> NDArray[np.float32]:
    terms = np.zeros((len(rows), len(columns)), dtype=np.float32)
    for n in range(len(rows)):
        if rows[n] >= len(neighbors):
            continue
        row, own = neighbors[rows[n]], weights[rows[n]]
        for place in range(len(row)):
            if row[place] > 0:
                for column in range(len(columns)):
                    if row[place] == columns[column] + 1:
                        terms[n, column] = own[place]
    return terms


@compiled
def _counted(
    neighbors: NDArray[np.int32],
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    factors: NDArray[np.float32],
    limit: int,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The columns below `limit`, ascending, and the sums of what is there, each times its row's factor."""
    sums = np.zeros(limit, dtype=np.float64)
    for n in range(len(rows)):
        if rows[n] >= len(neighbors):
            continue
        row, own, factor = neighbors[rows[n]], weights[rows[n]], factors[n]
        for place in range(len(row)):
            if 0 < row[place] <= limit:
                sums[row[place] - 1] += own[place] * factor
    columns = np.empty(limit, dtype=np.int64)
    values = np.empty(limit, dtype=np.float32)
    size = 0
    for column in range(limit):
        if sums[column] != 0.0:
            columns[size] = column
            values[size] = sums[column]
            size += 1
    return columns[:size], values[:size]


@compiled
def _summed_in_order(
    ids: NDArray[np.int64], weights: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    items = np.empty(len(ids), dtype=np.int64)
    sums = np.zeros(len(ids), dtype=np.float64)
    size = 0
    for place in range(len(ids)):
        if place == 0 or ids[place] != ids[place - 1]:
            items[size] = ids[place]
            size += 1
        sums[size - 1] += weights[place]
    return items[:size], sums[:size].astype(np.float32)
