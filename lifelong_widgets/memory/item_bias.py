"""What the gate gets wrong about single items, whatever is known of them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays


class ItemBias:
    """A number for each item, which is added to its score: ``z_j + b_j``.

    With ``p`` the softmax of the scores of a list, ``y`` the indicator of what was taken from it, and w what
    that is worth, every item of the list moves against its slope, by a step that shrinks as slopes gather::

        g_j  = w · (p_j - y_j)
        s_j += g_j²
        b_j -= learning_rate · g_j / sqrt(1 + s_j)

    So the bias learns what is left when everything else has been weighed: this item is taken more often than
    all its facts say, that one less.

    Source: J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods", JMLR 2011; biases of items as in
    Y. Koren, R. Bell and C. Volinsky, "Matrix factorization techniques for recommender systems", 2009.

    >>> bias = ItemBias()
    >>> bias.learn(np.array([2, 5]), np.array([0.0, 0.0]), place=1, weight=1.0, learning_rate=0.1)
    >>> bias.of(np.array([2, 5, 900])).round(3)
    array([-0.045,  0.045,  0.   ], dtype=float32)
    """

    def __init__(self) -> None:
        self._values: NDArray[np.float32] = np.zeros(0, dtype=np.float32)
        self._slopes: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # the sums of their squares

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The biases of `items`; 0 for those that nothing is known of."""
        return _of(self._values, items)

    def learn(
        self,
        items: NDArray[np.int64],
        scores: NDArray[np.floating],
        place: int,
        weight: float,
        learning_rate: float,
        ledger: Ledger | None = None,
    ) -> None:
        """The item at `place` was taken from a list.

        Args:
            items: of the list, (n,), ascending.
            scores: theirs, with the biases, (n,).
            place: where the right one is.
            weight: what it was worth.
            learning_rate: how far the first step goes at most.
            ledger: can then take it back.
        """
        n = int(items[-1]) + 1
        if n > len(self._values):
            more = np.zeros(max(n, 2 * len(self._values)) - len(self._values), dtype=np.float32)
            values, slopes = np.concatenate([self._values, more]), np.concatenate([self._slopes, more])
            self._values, self._slopes = values, slopes  # both or none
        if ledger is not None:
            ledger.keep(self, "_values", items)
            ledger.keep(self, "_slopes", items)
        _learn(self._values, self._slopes, items, scores, place, weight, learning_rate)

    @property
    def n_bytes(self) -> int:
        """What is needed to score."""
        return 4 * int(np.count_nonzero(self._slopes))

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        items = np.flatnonzero((self._values != 0) | (self._slopes != 0))
        n = int(items[-1]) + 1 if len(items) else 0
        return {"values": self._values[:n].copy(), "slopes": self._slopes[:n].copy()}

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other, or hold what no bias can.
        """
        shape = (len(state["values"]),)
        check_arrays("bias", state, values=(shape, np.float32, None), slopes=(shape, np.float32, None))
        if shape[0] > n_items or (shape[0] and state["slopes"].min() < 0):
            raise FormatError("bias: there are more than items, or a sum of squares is negative")
        self._values, self._slopes = state["values"].copy(), state["slopes"].copy()


@compiled
def _of(values: NDArray[np.float32], items: NDArray[np.int64]) -> NDArray[np.float32]:
    biases = np.zeros(len(items), dtype=np.float32)
    for place in range(len(items)):
        if items[place] < len(values):
            biases[place] = values[items[place]]
    return biases


@compiled
def _learn(
    values: NDArray[np.float32],
    slopes: NDArray[np.float32],
    items: NDArray[np.int64],
    scores: NDArray[np.floating],
    right: int,
    weight: float,
    learning_rate: float,
) -> None:
    top, total = scores.max(), 0.0
    for score in scores:
        total += np.exp(np.float64(score - top))
    for place in range(len(items)):
        item = items[place]
        slope = weight * (np.exp(np.float64(scores[place] - top)) / total - (place == right))
        slopes[item] += slope * slope
        values[item] -= learning_rate * slope / np.sqrt(1.0 + slopes[item])
