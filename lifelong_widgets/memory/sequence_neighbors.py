"""Which items come soon after which: windowed, directed, decayed co-occurrence."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.memory.decay import bag
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.neighbor_table import NeighborTable
from lifelong_widgets.memory.scores import SparseScores

Counts = Callable[[NDArray[np.int64]], NDArray[np.float64]]


class SequenceNeighbors:
    """When j is taken, each item i that the person took d events before adds ``decay ** d`` to ``w_ij``.

    With ``c_i`` the number of events of i, and p the place in the history, 0 for the latest::

        forward(j)  = Σ_p history_decay ** p · w_{i_p j} / ((c_{i_p} + 5) ** 1/2 · (c_j + 5) ** 3/8)
        backward(j) = the same of the transposed, w_{j i_p};  p < history_length

    The exponents make a compromise between what is likely and what is particular: popular items are favoured
    less than by the conditional probability and more than by the cosine.

    Args:
        window: How many events the co-occurrence reaches back.
        decay: What each event of distance leaves of an increment, above 0 and at most 1.
        history_length: How many events of the history score.
        history_decay: What each place in the history leaves of its weight, above 0 and at most 1.
        capacity: How many neighbours of an item are kept in each direction.

    Source: the sequential rules of M. Ludewig and D. Jannach, "Evaluation of session-based recommendation
    algorithms", UMUAI 2018, with the decays of D. Garg et al., "Sequence and time aware neighborhood for
    session-based recommendations: STAN", SIGIR 2019.

    >>> neighbors = SequenceNeighbors(20, 0.9, history_length=20, history_decay=0.9, capacity=128)
    >>> neighbors.learn(np.array([0]), 1)
    >>> forward, backward = neighbors.scores(np.array([0]), lambda items: np.ones(len(items)), n=2)
    >>> forward.dense(2).round(3), backward.dense(2)
    (array([0.   , 0.209], dtype=float32), array([0., 0.], dtype=float32))
    """

    def __init__(
        self, window: int, decay: float, history_length: int, history_decay: float, capacity: int
    ) -> None:
        self.window = window
        self._followers = NeighborTable(capacity)
        self._predecessors = NeighborTable(capacity)
        self._gains = decay ** np.arange(window)
        self._factors = history_decay ** np.arange(history_length)

    def learn(self, last: NDArray[np.int64], item: int, ledger: Ledger | None = None) -> None:
        """`item` came after the items `last`, latest first, which may be none."""
        last = last[: self.window]
        if not len(last):
            return
        items, gains = bag(last, self._gains)
        self._followers.add_to_column(items, item, gains, ledger)
        nearest = np.argsort(-gains, kind="stable")
        self._predecessors.add_to_row(item, items[nearest], gains[nearest], ledger)

    def scores(self, last: NDArray[np.int64], counts: Counts, n: int) -> tuple[SparseScores, SparseScores]:
        """How strongly each of `n` items tends to follow, and to precede, the items `last`, latest first.

        `counts` says how many events each of some items has had.
        """
        last = last[: len(self._factors)]
        factors = self._factors[: len(last)] / np.sqrt(counts(last) + 5.0)
        both = []
        for table in (self._followers, self._predecessors):
            sums = table.sum(last, factors, n)
            both.append(SparseScores(sums.items, _tempered(sums.values, counts(sums.items))))
        return both[0], both[1]

    def terms(
        self, last: NDArray[np.int64], items: NDArray[np.int64], counts: Counts
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """What each of `last` adds to the two `scores` of `items`; one row each."""
        read = last[: len(self._factors)]
        factors = (self._factors[: len(read)] / np.sqrt(counts(read) + 5.0)).astype(np.float32)[:, None]
        tempering = _tempered(np.ones(len(items), dtype=np.float32), counts(items))
        both = []
        for table in (self._followers, self._predecessors):
            terms = np.zeros((len(last), len(items)), dtype=np.float32)
            terms[: len(read)] = factors * table.terms(read, items) * tempering
            both.append(terms)
        return both[0], both[1]

    @property
    def n_bytes(self) -> int:
        """What the tables take in memory."""
        return self._followers.n_bytes + self._predecessors.n_bytes

    @property
    def tables(self) -> tuple[NeighborTable, NeighborTable]:
        """What followed the items of each row, and what came before them."""
        return self._followers, self._predecessors

    def with_tables(self, followers: NeighborTable, predecessors: NeighborTable) -> SequenceNeighbors:
        """The same of other tables."""
        twin = copy.copy(self)
        twin._followers, twin._predecessors = followers, predecessors
        return twin

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        return {
            "followers": self._followers.get_state(),
            "predecessors": self._predecessors.get_state(),
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back; FormatError if it does not fit."""
        self._followers.set_state(state["followers"], n_items)
        self._predecessors.set_state(state["predecessors"], n_items)


@compiled
def _tempered(values: NDArray[np.float32], counts: NDArray[np.float64]) -> NDArray[np.float32]:
    tempered = np.empty_like(values)
    for place in range(len(values)):
        fourth = np.sqrt(np.sqrt(counts[place] + 5.0))  # roots, since a power rounds as the platform likes
        tempered[place] = values[place] / (fourth * np.sqrt(fourth))
    return tempered
