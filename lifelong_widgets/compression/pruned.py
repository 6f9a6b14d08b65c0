"""Magnitude pruning: the numbers of the largest size, and nothing of the others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifelong_widgets.compression.coded_rows import CodedRows, heaviest
from lifelong_widgets.compression.rows import Matrix, Places
from lifelong_widgets.errors import FormatError


class PrunedRows:
    """A matrix of which each row keeps its largest numbers; the others are 0.

    Args:
        matrix: (n, m).
        kept: how many of a row.
        bits: of what is kept, 4 or 8.

    Source: S. Han, J. Pool, J. Tran and W. Dally, "Learning both weights and connections for efficient neural
    networks", NeurIPS 2015.

    >>> rows = PrunedRows(np.array([[3.0, -4.0, 1.0, 0.5]], dtype=np.float32), kept=2, bits=8)
    >>> rows.take(np.array([0])).round(1).tolist()
    [[3.0, -4.0, 0.0, 0.0]]
    """

    ages = False

    def __init__(self, matrix: Matrix, kept: int, bits: int) -> None:
        self._n, self._width = matrix.shape
        self._kept = kept
        self._rows = CodedRows(bits, signed=True)
        self.write(np.arange(self._n), matrix)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return self._n, self._width

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        entries = []
        for row in values:
            columns = np.flatnonzero(row)
            entries.append(heaviest(columns, row[columns].astype(np.float32), self._kept))
        self._rows.write(rows, entries)
        self._n = max(self._n, int(rows.max(initial=-1)) + 1)

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        taken = np.zeros((len(rows), self._width), dtype=np.float32)
        columns, weights, counts = self._rows.of(rows, np.ones(len(rows), dtype=np.float32))
        taken[np.repeat(np.arange(len(rows)), counts), columns] = weights
        return taken

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        return self._rows.products(vector)

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return self._rows.sums(rows, factors, self._width)

    def clear(self, column: int) -> None:
        """See `Rows`."""
        vector = np.zeros(self._width, dtype=np.float32)
        vector[column] = 1.0
        rows = np.flatnonzero(self.matmul(vector))
        values = self.take(rows)
        values[:, column] = 0.0
        self.write(rows, values)

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return self._rows.get_state()

    @classmethod
    def of_state(cls, state: Mapping[str, Any], shape: tuple[int, int], kept: int, bits: int) -> PrunedRows:
        """The matrix of a state; see `Rows`."""
        made = cls(np.zeros((0, shape[1]), dtype=np.float32), kept, bits)
        made._rows.set_state(state, *shape)
        if len(made._rows) != shape[0]:
            raise FormatError(f"pruned rows: there are {len(made._rows)}, expected {shape[0]}")
        made._n = shape[0]
        return made
