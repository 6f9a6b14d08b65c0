"""The tables of neighbours to read from, in one to two bytes an entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.coded_rows import CodedRows, heaviest
from lifelong_widgets.errors import DataError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.neighbor_table import DENSE, NeighborTable, summed
from lifelong_widgets.memory.scores import SparseScores


class CompactTable(NeighborTable):
    """A table without its empty places, of whose neighbours only the heaviest may be kept.

    Args:
        capacity: that of the table that it holds.
        bits: of a weight, 4 or 8.
        kept: how many neighbours of an item; None for all.

    >>> table = NeighborTable(capacity=2)
    >>> table.add_to_row(0, np.array([1, 3]), np.array([3.0, 1.0]))
    >>> small = CompactTable(2, bits=8, kept=None)
    >>> small.copy_rows(table, table.taken)
    >>> small.sum(np.array([0]), np.ones(1), n=4).dense(4).round(1)
    array([0., 3., 0., 1.], dtype=float32)
    """

    def __init__(self, capacity: int, bits: int, kept: int | None) -> None:
        super().__init__(capacity)
        self.kept = kept
        self.rows = CodedRows(bits, signed=False)

    def __len__(self) -> int:
        return len(self.rows)

    def copy_rows(self, table: NeighborTable, rows: NDArray[np.int64]) -> None:
        """These rows are what they are in `table`, as nearly as this one can say it."""
        self.rows.write(rows, [_told(*table.entries_of(row), self.kept) for row in rows.tolist()])

    @property
    def n_bytes(self) -> int:
        """What it takes."""
        return self.rows.n_bytes

    def sum(self, rows: NDArray[np.int64], factors: NDArray[np.floating], n: int) -> SparseScores:
        """As `NeighborTable.sum`."""
        factors = factors.astype(np.float32, copy=False)
        if n <= DENSE:
            return SparseScores(*self.rows.nonzero_sums(rows, factors, n))
        columns, weights, _ = self.rows.of(rows, factors)
        return summed(columns[columns < n], weights[columns < n])

    def terms(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.float32]:
        """As `NeighborTable.terms`."""
        terms = np.zeros((len(rows), len(columns)), dtype=np.float32)
        for place, row in enumerate(rows.tolist()):
            items, weights = self.rows.entries(row)
            terms[place] = SparseScores(items, weights).of(columns)
        return terms

    def add_to_column(
        self,
        rows: NDArray[np.int64],
        column: int,
        gains: NDArray[np.floating],
        ledger: Ledger | None = None,
    ) -> None:
        """A compact table learns nothing.

        Raises:
            DataError: always.
        """
        raise DataError("a compressed copy learns nothing itself: it follows the model that it was made from")

    def add_to_row(
        self,
        row: int,
        columns: NDArray[np.int64],
        gains: NDArray[np.floating],
        ledger: Ledger | None = None,
    ) -> None:
        """See `add_to_column`."""
        self.add_to_column(columns, row, gains, ledger)


def _told(
    columns: NDArray[np.int64], weights: NDArray[np.float32], kept: int | None
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    positive = weights > 0
    return heaviest(columns[positive], weights[positive], kept)
