"""Low-rank factorisation: a matrix as the product of a tall one and a wide one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lifelong_widgets.compression.rows import Matrix, Places, Stored

_EXACT = 256  # rows or columns, for which the decomposition is exact
_SPARE = 8  # directions beside those that are asked for
_ITERATIONS = 5


class LowRankRows:
    """A matrix as ``left @ basis``, the best of its rank: ``rank · (n + m)`` numbers instead of ``n · m``.

    The basis is that of the singular value decomposition, its rows orthonormal. A row that is written later
    is projected on it, which is the nearest point that it reaches; so the basis grows old, and who follows a
    live model makes it anew now and then.

    Args:
        matrix: (n, m).
        rank: at least 1; at most min(n, m) is used.
        store: how the two factors are held.

    Source: C. Eckart and G. Young, "The approximation of one matrix by another of lower rank", 1936.

    >>> from lifelong_widgets.compression.rows import FloatRows
    >>> rows = LowRankRows(np.outer([1.0, 2.0, 3.0], [1.0, 0.0, -1.0]).astype(np.float32), 1, FloatRows)
    >>> rows.take(np.array([1])).round(4).tolist()
    [[2.0, 0.0, -2.0]]
    """

    ages = True

    def __init__(self, matrix: Matrix, rank: int, store: type[Stored]) -> None:
        basis = _leading_directions(matrix, rank)
        self._basis = store(basis)
        self._directions = self._basis.take(np.arange(len(basis)))  # as they were stored
        self._onto = _inverse(self._directions)
        self._left = store((matrix @ self._onto).astype(np.float32))

    @property
    def shape(self) -> tuple[int, int]:
        """See `Rows`."""
        return self._left.shape[0], self._basis.shape[1]

    def write(self, rows: Places, values: Matrix) -> None:
        """See `Rows`."""
        self._left.write(rows, (values @ self._onto).astype(np.float32))

    def take(self, rows: Places) -> Matrix:
        """See `Rows`."""
        return self._left.take(rows) @ self._directions

    def matmul(self, vector: Matrix) -> Matrix:
        """See `Rows`."""
        return self._left.matmul(self._directions @ vector)

    def combine(self, rows: Places, factors: Matrix) -> Matrix:
        """See `Rows`."""
        return self._left.combine(rows, factors) @ self._directions

    def factors(self) -> tuple[Matrix, Matrix]:
        """The tall one, (n, rank), and the wide one, (rank, m), as they are held."""
        return self._left.take(np.arange(self._left.shape[0])), self._directions.copy()

    def clear(self, column: int) -> None:
        """See `Rows`."""
        self._basis.clear(column)
        self._directions[:, column] = 0.0
        self._onto[column] = 0.0

    def get_state(self) -> dict[str, Any]:
        """See `Rows`."""
        return {"left": self._left.get_state(), "basis": self._basis.get_state()}

    @classmethod
    def of_state(
        cls, state: Mapping[str, Any], shape: tuple[int, int], rank: int, stored: type[Stored]
    ) -> LowRankRows:
        """The matrix of a state; see `Rows`."""
        rank = min(rank, *shape)
        made = cls.__new__(cls)
        made._basis = stored.of_state(state["basis"], (rank, shape[1]))
        made._left = stored.of_state(state["left"], (shape[0], rank))
        made._directions = made._basis.take(np.arange(rank))
        made._onto = _inverse(made._directions)
        return made


def _leading_directions(matrix: Matrix, rank: int) -> Matrix:
    """The leading right singular vectors, (rank, m), with signs that do not depend on the library.

    Of a large matrix by power iterations from a few random directions: N. Halko, P.-G. Martinsson and J.
    Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011.
    """
    n, m = matrix.shape
    rank = min(rank, n, m)
    if not rank:
        return np.zeros((0, m), dtype=np.float32)
    if min(n, m) <= max(_EXACT, 2 * rank):
        directions = np.linalg.svd(matrix, full_matrices=False)[2][:rank]
    else:
        width = min(rank + _SPARE, n, m)
        basis = np.random.default_rng(0).standard_normal((m, width)).astype(np.float32)
        for _ in range(_ITERATIONS):
            basis = np.linalg.qr(matrix.T @ (matrix @ basis))[0]
        within = np.linalg.svd(matrix @ basis, full_matrices=False)[2]
        directions = (within @ basis.T)[:rank]
    signs = np.sign(directions[np.arange(rank), np.abs(directions).argmax(axis=1)])
    found: Matrix = (directions * np.where(signs == 0, 1.0, signs)[:, None]).astype(np.float32)
    return found


def _inverse(directions: Matrix) -> Matrix:
    """What a row is multiplied by to be projected, (m, rank): rounded ones are not quite orthonormal."""
    inverse: Matrix = np.linalg.pinv(directions.astype(np.float64)).astype(np.float32)
    return inverse
