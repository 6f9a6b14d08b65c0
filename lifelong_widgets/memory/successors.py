"""What comes next after the last item: a Markov chain of first order."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.scores import SparseScores
from lifelong_widgets.memory.states import check_arrays, check_ascending


class Successors:
    """How often each item came directly after each, and out of how many departures.

    Args:
        capacity: How many successors of an item are kept.

    >>> chain = Successors(capacity=128)
    >>> chain.learn(np.array([0]), 2), chain.learn(np.array([0]), 1), chain.learn(np.array([0]), 2)
    (None, None, None)
    >>> chain.counts(0, n=3).dense(3), chain.departures(0)
    (array([0., 1., 2.], dtype=float32), 3.0)
    """

    def __init__(self, capacity: int) -> None:
        self._table = NeighborTable(capacity)
        self._departures: NDArray[np.float64] = np.zeros(0)

    def learn(self, last: NDArray[np.int64], item: int, ledger: Ledger | None = None) -> None:
        """`item` came directly after the first of `last`, if there is one."""
        if not len(last):
            return
        before = int(last[0])
        if before >= len(self._departures):
            more = max(before + 1, 2 * len(self._departures)) - len(self._departures)
            self._departures = np.concatenate([self._departures, np.zeros(more)])
        if ledger is not None:
            ledger.keep(self, "_departures", before)
        self._departures[before] += 1.0
        self._table.add_to_column(last[:1], item, np.ones(1), ledger)

    def counts(self, last: int, n: int) -> SparseScores:
        """How often each of `n` items came directly after `last`."""
        return self._table.sum(np.array([last]), np.ones(1), n)

    def departures(self, last: int) -> float:
        """How often anything came after `last`."""
        return float(self._departures[last]) if last < len(self._departures) else 0.0

    @property
    def n_bytes(self) -> int:
        """What the table takes in memory."""
        return self._table.n_bytes + 8 * int(np.count_nonzero(self._departures))

    def all_departures(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """The items that anything came after, ascending, and how often."""
        rows = np.flatnonzero(self._departures)
        return rows, self._departures[rows]

    def set_departures(self, rows: NDArray[np.int64], counts: NDArray[np.float64]) -> None:
        """Take back what `all_departures` gave."""
        self._departures = np.zeros(int(rows.max(initial=-1)) + 1)
        self._departures[rows] = counts

    @property
    def table(self) -> NeighborTable:
        """What came directly after the item of each row."""
        return self._table

    def with_table(self, table: NeighborTable) -> Successors:
        """The same of another table; its departures are a copy."""
        twin = copy.copy(self)
        twin._table, twin._departures = table, self._departures.copy()
        return twin

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        rows = np.flatnonzero(self._departures)
        return {
            "table": self._table.get_state(),
            "rows": rows.astype(np.int32),
            "departures": self._departures[rows],
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back; FormatError if it does not fit."""
        n = len(state["rows"])
        check_arrays(
            "successors",
            state,
            rows=((n,), np.int32, n_items - 1),
            departures=((n,), np.float64, None),
        )
        check_ascending("successors: rows", state["rows"])
        if n and state["departures"].min() < 1:
            raise FormatError("successors: a row is known from which nobody departed")
        self._table.set_state(state["table"], n_items)
        self._departures = np.zeros(int(state["rows"].max(initial=-1)) + 1)
        self._departures[state["rows"]] = state["departures"]
