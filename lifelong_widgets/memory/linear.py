"""A linear prediction of the next item from the decayed history, one small step an event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.decay import bag
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.scores import SparseScores
from lifelong_widgets.memory.slots import Slots
from lifelong_widgets.memory.states import check_arrays


class LinearMemory:
    """Least squares from the decayed history to the next item, by the delta rule with a step size a row.

    With ``x`` the decayed history before an event (``decay ** p`` for the item at place p, 0 for the latest)
    and ``y`` the indicator of the item that was taken::

        s_i += x_i²
        W_i += learning_rate · x_i / (ridge + s_i) · (y - xW)
        W_j += learning_rate · backward / (ridge + s_j) · x,  j the item that was taken
        score(j) = (xW)_j

    `s` is the diagonal of the Gram matrix that ridge regression would invert, so a row moves fast while it is
    new and slows down as evidence gathers. An event reads and writes the rows of one history, whereas a step
    of the exact solution reads the whole matrix; on streams it was as good as or better than that.

    The third line makes the target of an item, beside what came after it, what came before it: where order
    says little (films that are rated, things in one basket) every event teaches twice as much. With that, and
    a history that hardly fades, it says what goes together in the long run, whatever the order; the order of
    the last events is what neighbours and successors know.

    The matrix holds at most `max_items` items; a new one takes the place of the one that has gone longest
    without an event. Items without a place score 0.

    Args:
        decay: What each step back in the history leaves of its weight, above 0 and at most 1.
        learning_rate: How much of the error a step takes away.
        ridge: What is added to the evidence for each row.
        backward: What it counts that one item came before another, against that it came after.
        max_items: How many items have a row.
        history_length: How many events of the history are read.

    Source: B. Widrow and M. Hoff, "Adaptive switching circuits", 1960; the step size a row as in J. Duchi, E.
    Hazan and Y. Singer, "Adaptive subgradient methods", JMLR 2011, without the root, which a squared loss
    does not need.

    >>> model = LinearMemory(0.9, learning_rate=1.0, ridge=1.0, backward=0.0, max_items=9, history_length=25)
    >>> for last, item in [([], 0), ([0], 1)]:
    ...     model.learn(np.array(last, dtype=np.int64), item)
    >>> model.scores(np.array([0])).dense(3)
    array([0. , 0.5, 0. ], dtype=float32)
    """

    NOTED = "_weights"
    """What a ledger is told of with every row that is written, and with every column that is emptied."""

    def __init__(
        self,
        decay: float,
        learning_rate: float,
        ridge: float,
        backward: float,
        max_items: int,
        history_length: int,
    ) -> None:
        self._decay, self._learning_rate, self._ridge, self._backward = decay, learning_rate, ridge, backward
        self._slots = Slots(max_items)
        self._factors = decay ** np.arange(history_length)
        self._evidence: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._weights: NDArray[np.float32] = np.zeros((0, 0), dtype=np.float32)
        nothing: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._order = nothing, nothing  # the items of the places, and the places by ascending item

    def learn(self, last: NDArray[np.int64], item: int, ledger: Ledger | None = None) -> None:
        """`item` came after the items `last`, latest first. `ledger` can then take it back."""
        target = self._place(item, ledger)
        rows, x = self.input_of(last)
        if not len(rows):
            return
        if ledger is not None:
            ledger.keep(self, "_evidence", rows)
            ledger.keep_rows(self, "_weights", np.append(rows, target))
        self._evidence[rows] += x * x
        steps = self._learning_rate * x / (self._ridge + self._evidence[rows])
        _correct(self._weights, rows, x, steps.astype(np.float32), target, len(self._slots))
        step = self._learning_rate * self._backward / (self._ridge + self._evidence[target])
        self._weights[target, rows] += (step * x).astype(np.float32)

    def scores(self, last: NDArray[np.int64]) -> SparseScores:
        """The scores of the items that have a place after the items `last`, latest first."""
        rows, x = self.input_of(last)
        values, items = self._product(rows, x), self._slots.items
        ordered, order = self._order
        if not np.array_equal(items, ordered):  # to sort takes as long as all the rest
            order = np.argsort(items)
            self._order = items.copy(), order
        return SparseScores(items[order], values[order])

    def terms(self, last: NDArray[np.int64], items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each of `last` adds to the score of `items`; one row each."""
        terms = np.zeros((len(last), len(items)), dtype=np.float32)
        rows, columns = self._slots.of(last[: len(self._factors)]), self._slots.of(items)
        events, known = np.flatnonzero(rows >= 0), np.flatnonzero(columns >= 0)
        block = self._weights[np.ix_(rows[events], columns[known])]
        terms[np.ix_(events, known)] = block * self._factors.astype(np.float32)[events, None]
        return terms

    def input_of(self, last: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """What is read of the items `last`, latest first: distinct places, ascending, and ``x`` there."""
        return bag(self._slots.of(last[: len(self._factors)]), self._factors)

    @property
    def slots(self) -> Slots:
        """Which item has which row and column of the weights."""
        return self._slots

    def weights_of(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The weights of the items in some places, (n, n_places)."""
        return self._weights[rows, : len(self._slots)]

    def columns_of(self, places: Sequence[int]) -> NDArray[np.float32]:
        """What all items say of those in some places, (n_places, n); a copy."""
        return self._weights[: len(self._slots), list(places)]

    @property
    def n_bytes(self) -> int:
        """What is needed to score: the weights."""
        return 4 * len(self._slots) ** 2

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        n = len(self._slots)
        return {
            "slots": self._slots.get_state(),
            "evidence": self._evidence[:n].copy(),
            "weights": self._weights[:n, :n].copy(),
        }

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other or the items.
        """
        self._slots.set_state(state["slots"], n_items)
        n = len(self._slots)
        check_arrays("linear", state, evidence=((n,), np.float32, None), weights=((n, n), np.float32, None))
        if n and state["evidence"].min() < 0:
            raise FormatError("linear: evidence is negative, which no sum of squares can be")
        self._evidence, self._weights = state["evidence"].copy(), state["weights"].copy()

    def _product(self, rows: NDArray[np.int64], x: NDArray[np.float32]) -> NDArray[np.float32]:
        """``x @ weights[rows]``, of every place that is taken."""
        return _product(self._weights, rows, x, len(self._slots))

    def _place(self, item: int, ledger: Ledger | None) -> int:
        """The place of `item`, cleared of whatever was there if it is new to it."""
        slot, new = self._slots.take(item, ledger)
        size = len(self._evidence)
        if slot >= size:
            room = min(max(size + size // 2, 64), self._slots.limit)
            weights = np.zeros((room, room), dtype=np.float32)
            weights[:size, :size] = self._weights
            evidence = np.concatenate([self._evidence, np.zeros(room - size, dtype=np.float32)])
            if ledger is not None:  # rows that were kept are as wide as the old matrix
                ledger.keep_exchanged(self, "_weights")
                ledger.keep_exchanged(self, "_evidence")
            self._weights, self._evidence = weights, evidence
        elif new and len(self._slots) == self._slots.limit:
            if ledger is not None:
                ledger.keep(self, "_evidence", slot)
                ledger.keep_rows(self, "_weights", np.array([slot]))
                ledger.keep(self, "_weights", (slice(None), slot))
            self._evidence[slot] = 0.0
            self._weights[slot] = 0.0
            self._weights[:, slot] = 0.0
        return slot


@compiled
def _product(
    weights: NDArray[np.float32], rows: NDArray[np.int64], x: NDArray[np.float32], n: int
) -> NDArray[np.float32]:
    product = np.zeros(n, dtype=np.float32)
    for place in range(len(rows)):
        row, factor = weights[rows[place]], x[place]
        for column in range(n):
            product[column] += factor * row[column]
    return product


@compiled
def _correct(
    weights: NDArray[np.float32],
    rows: NDArray[np.int64],
    x: NDArray[np.float32],
    steps: NDArray[np.float32],
    target: int,
    n: int,
) -> None:
    """Take from the weights of `rows` their share of the error of the prediction that `target` is next."""
    error = -_product(weights, rows, x, n)
    error[target] += 1.0
    for place in range(len(rows)):
        row, step = weights[rows[place]], steps[place]
        for column in range(n):
            row[column] += step * error[column]
