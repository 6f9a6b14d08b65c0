"""Whom the choices of each single person follow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays


class PersonalWeights:
    """Weights of the facts for each person, whose product with them is added to the scores: ``x_j · d_u``.

    One follows what is popular, another what their last click was near to, a third comes back to things. With
    ``p`` the softmax of the scores of a list, ``y`` the indicator of what u took from it, and w what that is
    worth, the weights move against their gradient, by a step that shrinks as gradients gather::

        g    = w · Σ_j (p_j - y_j) x_j
        s_u += |g|²
        d_u -= learning_rate · g / sqrt(1 + s_u)

    Args:
        n_features: How many facts there are.

    Source: J. Duchi, E. Hazan and Y. Singer, "Adaptive subgradient methods", JMLR 2011, with one step size a
    person, as in M. Streeter and H. McMahan, "Less regret via online conditioning", 2010; a shared model and
    small ones of each task's own beside it: T. Evgeniou and M. Pontil, "Regularized multi-task learning", KDD
    2004.

    >>> weights = PersonalWeights(n_features=2)
    >>> facts = np.array([[1, 0], [0, 1]], dtype=np.float32)
    >>> weights.learn(7, facts, np.zeros(2), place=0, weight=1.0, learning_rate=0.1)
    >>> weights.scores(7, facts).round(3), weights.scores(8, facts)
    (array([ 0.041, -0.041], dtype=float32), array([0., 0.], dtype=float32))
    """

    def __init__(self, n_features: int) -> None:
        self._weights: NDArray[np.float32] = np.zeros((0, n_features), dtype=np.float32)
        self._slopes: NDArray[np.float32] = np.zeros(0, dtype=np.float32)  # the sums of their squares

    def scores(self, person: int | None, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """What is added to the scores of a list for a person, (n,); 0 for whom nothing is known of.

        Args:
            person: whose list it is, by their index.
            features: of its items, (n, n_features).
        """
        if person is None or person >= len(self._weights):
            return np.zeros(len(features), dtype=np.float32)
        return _product(features, self._weights[person])

    def of(self, person: int | None) -> NDArray[np.float32]:
        """The weights of a person, (n_features,); 0 for whom nothing is known of."""
        if person is None or person >= len(self._weights):
            return np.zeros(self._weights.shape[1], dtype=np.float32)
        own: NDArray[np.float32] = self._weights[person].copy()
        return own

    def learn(
        self,
        person: int,
        features: NDArray[np.float32],
        scores: NDArray[np.floating],
        place: int,
        weight: float,
        learning_rate: float,
        ledger: Ledger | None = None,
    ) -> None:
        """A person took the item at `place` from a list.

        Args:
            person: by their index.
            features: of the items, (n, n_features).
            scores: theirs, with what is added, (n,).
            place: where the right one is.
            weight: what it was worth.
            learning_rate: how far the first step goes at most.
            ledger: can then take it back.
        """
        n = len(self._weights)
        if person >= n:
            more = max(person + 1, 2 * n) - n
            room = np.zeros((more, self._weights.shape[1]), dtype=np.float32)
            weights = np.concatenate([self._weights, room])
            slopes = np.concatenate([self._slopes, np.zeros(more, dtype=np.float32)])
            self._weights, self._slopes = weights, slopes  # both or none
        if ledger is not None:
            ledger.keep(self, "_weights", person)
            ledger.keep(self, "_slopes", person)
        _learn(self._weights, self._slopes, person, features, scores, place, weight, learning_rate)

    @property
    def n_bytes(self) -> int:
        """What the people take of whom something is known."""
        return 4 * int(self._weights.shape[1]) * int(np.count_nonzero(self._slopes))

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays."""
        people = np.flatnonzero(self._weights.any(axis=1) | (self._slopes != 0))
        n = int(people[-1]) + 1 if len(people) else 0
        return {"weights": self._weights[:n].copy(), "slopes": self._slopes[:n].copy()}

    def set_state(self, state: dict[str, Any], n_people: int) -> None:
        """Take a state back whose people are below `n_people`.

        Raises:
            FormatError: the arrays do not fit each other, or hold what no weights can.
        """
        n = len(state["slopes"])
        check_arrays(
            "personal weights",
            state,
            weights=((n, self._weights.shape[1]), np.float32, None),
            slopes=((n,), np.float32, None),
        )
        if n > n_people or (n and state["slopes"].min() < 0):
            raise FormatError(
                "personal weights: they are of more than the people, or a sum of squares is negative"
            )
        self._weights, self._slopes = state["weights"].copy(), state["slopes"].copy()


def _product(features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = np.empty(len(features), dtype=np.float32)
    for row in range(len(features)):
        told, total = features[row], np.float32(0.0)
        for column in range(len(weights)):
            total += told[column] * weights[column]
        scores[row] = total
    return scores


@compiled
def _learn(
    weights: NDArray[np.float32],
    slopes: NDArray[np.float32],
    person: int,
    features: NDArray[np.float32],
    scores: NDArray[np.floating],
    right: int,
    weight: float,
    learning_rate: float,
) -> None:
    top, total = scores.max(), 0.0
    for score in scores:
        total += np.exp(np.float64(score - top))
    gradient = np.zeros(features.shape[1], dtype=np.float32)
    for row in range(len(features)):
        told = features[row]
        slope = np.float32(weight * (np.exp(np.float64(scores[row] - top)) / total - (row == right)))
        for column in range(len(gradient)):
            gradient[column] += slope * told[column]
    own, square = weights[person], np.float32(0.0)
    for column in range(len(gradient)):
        square += gradient[column] * gradient[column]
    slopes[person] += square
    step = np.float32(learning_rate / np.sqrt(1.0 + slopes[person]))
    for column in range(len(gradient)):
        own[column] -= step * gradient[column]


_product = compiled(_product, reassociate=True)
