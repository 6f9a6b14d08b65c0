"""The best linear prediction of the next item from the decayed history, solved as the events come."""

from __future__ import annotations

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from lifelong_widgets.memory.slots import Slots

_SPARSE = 0.25  # below this share of co-occurring items, gathering their rows is cheaper than reading all
_MATRICES = ("_gram", "_targets", "_weights")


class RidgeModel:
    """Ridge regression from the decayed history to the next item, learned online by Gauss-Seidel.

    With ``x`` the decayed history before an event (``decay ** p`` for the item at place p, 0 for the latest)
    and ``y`` the indicator of the item that was taken::

        W = argmin Σ ‖y - xW‖² + ridge · ‖W‖²  =  (G + ridge · I)⁻¹ B,    G = Σ xᵀx,  B = Σ xᵀy
        score(j) = (xW)_j

    An event adds to G and B, and then solves some rows R of W together, those of the latest item and of
    `random_rows` others of the history, exactly for the rest as it stands::

        W_R = (G_RR + ridge · I)⁻¹ (B_R - G_R W + G_RR W_R)

    That is a step of block Gauss-Seidel, at the price of reading W once. G + ridge · I is positive definite,
    so the steps converge to the ridge solution, and on a stream they follow it as it moves.

    The matrices hold at most `max_items` items; a new one takes the place of the one that has gone longest
    without an event, so that an event costs at most ``O((1 + random_rows) · max_items²)``, whatever the
    catalogue. Items without a place score 0.

    Args:
        decay: What each step back in the history leaves of its weight, above 0 and at most 1.
        ridge: The penalty λ. It grows with the number of events that it has to hold its own against.
        max_items: How many items have a row.
        random_rows: How many rows are solved after an event, beside that of the latest item.

    Source: the regression of M. Choi et al., "Session-aware linear item-item models for session-based
    recommendation", WWW 2021, after H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW
    2019; Gauss-Seidel as in G. Golub and C. Van Loan, "Matrix computations", 2013, section 11.2.

    >>> model = RidgeModel(decay=0.9, ridge=1.0, max_items=10, random_rows=2)
    >>> for last, item in [([], 0), ([0], 1)]:
    ...     model.learn(np.array(last, dtype=np.int64), item, np.random.default_rng(0))
    >>> model.scores(np.array([0]), n=3)
    array([0. , 0.5, 0. ], dtype=float32)
    """

    def __init__(self, decay: float, ridge: float, max_items: int, random_rows: int) -> None:
        self.ridge, self.max_items, self.random_rows = ridge, max_items, random_rows
        self._decay = decay
        self._slots = Slots(max_items)
        self._gram, self._targets, self._weights = (np.zeros((0, 0), dtype=np.float32) for _ in range(3))

    def learn(self, last: NDArray[np.int64], item: int, rng: np.random.Generator | None) -> None:
        """`item` came after the items `last`, latest first; without an `rng` no row is solved yet."""
        target = self._place(item)
        slots, x = self._input(last)
        if not len(slots):
            return
        block = np.ix_(slots, slots)
        self._gram[block] += np.outer(x, x)
        self._targets[slots, target] += x
        if rng is not None:
            others = 1 + rng.permutation(len(slots) - 1)[: self.random_rows]
            self._solve_rows(slots[[0, *others.tolist()]])

    def solve(self) -> None:
        """Solve all rows of W exactly, by Cholesky, at a cost of O(max_items³)."""
        n = len(self._slots)
        if not n:
            return
        penalized = self._gram[:n, :n].astype(np.float64)
        penalized[np.diag_indices(n)] += self.ridge
        with threadpool_limits(1):  # the bits of a decomposition depend on how many threads share it
            factor = scipy.linalg.cho_factor(penalized, overwrite_a=True)
            solution = scipy.linalg.cho_solve(factor, self._targets[:n, :n].astype(np.float64))
        self._weights[:n, :n] = solution

    def scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float32]:
        """The score of each of `n` items after the items `last`, latest first."""
        scores = np.zeros(n, dtype=np.float32)
        slots, x = self._input(last)
        if len(slots):
            scores[self._slots.items] = _product(x[None], self._weights[slots, : len(self._slots)])[0]
        return scores

    def _input(self, last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The distinct places of `last` that have one, the latest first, and the decayed history there."""
        slots = self._slots.of(last)
        decays = (self._decay ** np.arange(len(last)))[slots >= 0]
        slots = slots[slots >= 0]
        distinct, firsts, places = np.unique(slots, return_index=True, return_inverse=True)
        sums = np.bincount(places, weights=decays, minlength=len(distinct)).astype(np.float32)
        order = np.argsort(firsts)
        return distinct[order], sums[order]

    def _solve_rows(self, rows: NDArray[np.int64]) -> None:
        """One step of block Gauss-Seidel: these rows of W, exactly, the other rows as they are."""
        n = len(self._slots)
        gram = self._gram[rows, :n]
        linked = np.flatnonzero(gram.any(axis=0))
        # torch's product, since the bits of numpy's depend on how many threads share it
        if len(linked) < _SPARSE * n:
            product = _product(gram[:, linked], self._weights[linked, :n])
        else:
            product = _product(gram, self._weights[:n, :n])
        own = gram[:, rows].astype(np.float64)
        rest = self._targets[rows, :n] - product + _product(gram[:, rows], self._weights[rows, :n])
        own[np.diag_indices(len(rows))] += self.ridge
        self._weights[rows, :n] = np.linalg.solve(own, rest)

    def _place(self, item: int) -> int:
        """The place of `item`, cleared of whatever was there if it is new to it."""
        slot, new = self._slots.take(item)
        size = len(self._gram)
        if slot >= size:
            room = min(max(2 * size, 64), self.max_items)
            for name in _MATRICES:
                larger = np.zeros((room, room), dtype=np.float32)
                larger[:size, :size] = getattr(self, name)
                setattr(self, name, larger)
        elif new and len(self._slots) == self.max_items:
            for name in _MATRICES:
                matrix = getattr(self, name)
                matrix[slot] = 0.0
                matrix[:, slot] = 0.0
        return slot


def _product(a: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    product: NDArray[np.float32] = (torch.from_numpy(a) @ torch.from_numpy(b)).numpy()
    return product
