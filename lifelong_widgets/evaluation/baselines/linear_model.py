"""The best linear prediction of the next item from the decayed history, solved as the events come."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKinds, Interactions
from lifelong_widgets.evaluation.baselines.history_learner import HistoryLearner, between, whole
from lifelong_widgets.evaluation.baselines.slots import Slots

_SPARSE = 0.25  # below this share of co-occurring items, gathering their rows is cheaper than reading all


class LinearModel(HistoryLearner):
    """Ridge regression from the decayed history to the next item, learned online by Gauss-Seidel.

    With ``x`` the decayed history before an event (``decay ** p`` for the item at place p, 0 for the latest)
    and ``y`` the indicator of the item that was taken::

        W = argmin Σ ‖y - xW‖² + ridge · ‖W‖²  =  (G + ridge · I)⁻¹ B,    G = Σ xᵀx,  B = Σ xᵀy
        score(j) = (xW)_j

    An event adds to G and B, and then solves some rows R of W together, those of the latest item and of
    `random_rows` others of the history, exactly for the rest as it stands::

        W_R = (G_RR + ridge · I)⁻¹ (B_R - G_R W + G_RR W_R)

    That is a step of block Gauss-Seidel, at the price of reading W once. G + ridge · I is positive definite,
    so the steps converge to the ridge solution, and on a stream they follow it as it moves. `fit` solves all
    rows at once by Cholesky.

    The matrices hold at most `max_items` items; a new one takes the place of the one that has gone longest
    without an event, so that an event costs at most ``O((1 + random_rows) · max_items²)``, whatever the
    catalogue. Items without a place are listed by popularity.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that lists what has no score.
        decay: What each step back in the history leaves of its weight, above 0 and at most 1.
        ridge: The penalty λ. It grows with the number of events that it has to hold its own against.
        history_length: How many last items of a person are read.
        max_items: How many items have a row.
        random_rows: How many rows are solved after an event, beside that of the latest item.
        seed: Of the choice of the rows.

    Raises:
        DataError: A setting that is out of range.

    Source: the regression of M. Choi et al., "Session-aware linear item-item models for session-based
    recommendation", WWW 2021, after H. Steck, "Embarrassingly shallow autoencoders for sparse data", WWW
    2019; Gauss-Seidel as in G. Golub and C. Van Loan, "Matrix computations", 2013, section 11.2.

    >>> from lifelong_widgets.data import Feedback
    >>> catalog = Catalog.from_records({"item": item} for item in ["one", "two", "three"])
    >>> linear = LinearModel(catalog, ridge=1.0)
    >>> for user, item in [("ada", "one"), ("ada", "two"), ("ada", "three"), ("bob", "two")]:
    ...     linear.learn_one(Feedback(user, item))
    >>> linear.recommend("bob", k=1).items
    ('three',)
    """

    _reason = "follows from your recent history"

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        decay: float = 0.9,
        ridge: float = 1000.0,
        history_length: int = 50,
        max_items: int = 2048,
        random_rows: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__(catalog, kinds, half_life, history_length)
        self.decay = between(decay, "decay", 1e-6, 1.0)
        self.ridge = between(ridge, "ridge", 1e-6, 1e12)
        self.max_items = whole(max_items, "max_items")
        self.random_rows = int(between(random_rows, "random_rows", 0, 1000))
        self._slots = Slots(self.max_items)
        self._gram, self._targets, self._weights = (np.zeros((0, 0), dtype=np.float32) for _ in range(3))
        self._decays = (self.decay ** np.arange(self.history_length)).astype(np.float32)
        self._random = np.random.default_rng(seed)
        self._refresh = True

    def fit(self, interactions: Interactions) -> None:
        """Learn `interactions`, in addition to what was learned before, and solve for all rows exactly.

        Raises:
            UnknownItemError: One of their items is not in the catalogue; nothing is learned then.
            DataError: One of their kinds is not among `kinds`; nothing is learned then.
        """
        self._refresh = False
        try:
            super().fit(interactions)
        finally:
            self._refresh = True
        self.solve()

    def solve(self) -> None:
        """Solve all rows of W exactly, at a cost of O(max_items³)."""
        n = len(self._slots)
        penalized = self._gram[:n, :n].astype(np.float64)
        penalized[np.diag_indices(n)] += self.ridge
        factor = scipy.linalg.cho_factor(penalized, overwrite_a=True)
        self._weights[:n, :n] = scipy.linalg.cho_solve(factor, self._targets[:n, :n].astype(np.float64))

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        scores = np.zeros(n)
        slots, x = self._input(last)
        if len(slots):
            scores[self._slots.items] = x @ self._weights[slots, : len(self._slots)]
        return scores

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        target = self._place(item)
        slots, x = self._input(last)
        if not len(slots):
            return
        self._gram[np.ix_(slots, slots)] += np.outer(x, x)
        self._targets[slots, target] += x
        if self._refresh:
            others = 1 + self._random.permutation(len(slots) - 1)[: self.random_rows]
            self._solve_rows(slots[[0, *others.tolist()]])

    def _input(self, last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """The distinct places of `last` that have one, the latest first, and the decayed history there."""
        slots = self._slots.of(last)
        decays = self._decays[: len(slots)][slots >= 0]
        slots = slots[slots >= 0]
        if not len(slots):
            return slots, decays
        distinct, firsts, places = np.unique(slots, return_index=True, return_inverse=True)
        sums = np.bincount(places, weights=decays).astype(np.float32)
        order = np.argsort(firsts)
        return distinct[order], sums[order]

    def _solve_rows(self, rows: NDArray[np.int64]) -> None:
        """One step of block Gauss-Seidel: these rows of W, exactly, the other rows as they are."""
        n = len(self._slots)
        gram = self._gram[rows, :n]
        linked = np.flatnonzero(gram.any(axis=0))
        if len(linked) < _SPARSE * n:
            product = gram[:, linked] @ self._weights[linked, :n]
        else:
            product = gram @ self._weights[:n, :n]
        own = gram[:, rows].astype(np.float64)
        rest = self._targets[rows, :n] - product + own @ self._weights[rows, :n]
        own[np.diag_indices(len(rows))] += self.ridge
        self._weights[rows, :n] = np.linalg.solve(own, rest)

    def _place(self, item: int) -> int:
        """The place of `item`, cleared of whatever was there if it is new to it."""
        slot, new = self._slots.take(item)
        size = len(self._gram)
        if slot >= size:
            room = min(max(2 * size, 64), self.max_items)
            for name in ("_gram", "_targets", "_weights"):
                larger = np.zeros((room, room), dtype=np.float32)
                larger[:size, :size] = getattr(self, name)
                setattr(self, name, larger)
        elif new:
            for matrix in (self._gram, self._targets, self._weights):
                matrix[slot] = 0.0
                matrix[:, slot] = 0.0
        return slot
