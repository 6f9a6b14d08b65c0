"""Compositional embeddings: a row is the sum of two of far fewer rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifelong_widgets.compression.rows import Matrix, Places, Stored

_SWEEPS = 8


class HashedRows:
    """A matrix whose row i is ``quotient[i // b] + remainder[i % b]``: ``n / b + b`` rows instead of n.

    Every row has a pair of its own, so none is confused with another. The two tables are fitted by least
    squares, one after the other. It is for catalogues so large that their rows cannot be kept: neighbours of
    one bucket share what they have, so it costs much more than other methods of the same size do.

    Args:
        matrix: (n, m).
        n_buckets: b.
        store: how the two tables are held.

    Source: H.-J. M. Shi et al., "Compositional embeddings using complementary partitions for memory-efficient
    recommendation systems", KDD 2020.

    >>> from lifelong_widgets.compression.rows import FloatRows
    >>> rows = HashedRows(np.arange(6, dtype=np.float32)[:, None], n_buckets=2, store=FloatRows)
    >>> rows.take(np.arange(6))[:, 0].round(3).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """

    ages = True

    def __init__(self, matrix: Matrix, n_buckets: int, store: type[Stored]) -> None:
        self._n, self._buckets = len(matrix), n_buckets
        rows = np.arange(self._n)
        quotient = np.zeros((-(-self._n // n_buckets), matrix.shape[1]), dtype=np.float32)
        remainder = np.zeros((n_buckets, matrix.shape[1]), dtype=np.float32)
        for _ in range(_SWEEPS):
            quotient = _means(matrix - remainder[rows % n_buckets], rows // n_buckets, len(quotient))
            remainder = _means(matrix - quotient[rows // n_buckets], rows % n_buckets, n_buckets)
        self._quotient, self._remainder = store(quotient), store(remainder)

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return self._n, self._quotient.shape[1]

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`: the row of a quotient moves half of the way of what it is a part of.

        Others share it, so the row that was written is not reached; it is a compromise with them.
        """
        above = rows // self._buckets
        groups, places = np.unique(above, return_inverse=True)
        fresh = groups >= self._quotient.shape[0]
        target = _means(values - self._remainder.take(rows % self._buckets), places, len(groups))
        known = np.zeros_like(target)
        known[~fresh] = self._quotient.take(groups[~fresh])
        sizes = np.bincount(places, minlength=len(groups))[:, None] / self._buckets
        self._quotient.write(groups, np.where(fresh[:, None], target, known + sizes * (target - known)))
        self._n = max(self._n, int(rows.max(initial=-1)) + 1)

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        return self._quotient.take(rows // self._buckets) + self._remainder.take(rows % self._buckets)

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        rows = np.arange(self._n)
        above, below = self._quotient.matmul(vector), self._remainder.matmul(vector)
        return above[rows // self._buckets] + below[rows % self._buckets]

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        above = self._quotient.combine(rows // self._buckets, factors)
        return above + self._remainder.combine(rows % self._buckets, factors)

    def clear(self, column: int) -> None:
        """See `Rows`."""
        self._quotient.clear(column)
        self._remainder.clear(column)

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return {"quotient": self._quotient.get_state(), "remainder": self._remainder.get_state()}

    @classmethod
    def of_state(
        cls, state: Mapping[str, Any], shape: tuple[int, int], n_buckets: int, stored: type[Stored]
    ) -> HashedRows:
        """The matrix of a state; see `Rows`."""
        made = cls.__new__(cls)
        made._n, made._buckets = shape[0], n_buckets
        made._quotient = stored.of_state(state["quotient"], (-(-shape[0] // n_buckets), shape[1]))
        made._remainder = stored.of_state(state["remainder"], (n_buckets, shape[1]))
        return made


def _means(values: Matrix, groups: Places, n_groups: int) -> Matrix:
    """The mean of the rows of each group, (n_groups, m); 0 for an empty one."""
    sums = np.zeros((n_groups, values.shape[1]), dtype=np.float64)
    np.add.at(sums, groups, values)
    counts = np.maximum(np.bincount(groups, minlength=n_groups), 1)
    return (sums / counts[:, None]).astype(np.float32)
