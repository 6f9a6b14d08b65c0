"""How alike items are in what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled

ContentOf = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""The content of items, (n, content_dim)."""


class ContentScores:
    """How alike each item's content is to that of a history that fades.

    With ``x`` the content of an item divided by its length, and p the place in the history, 0 for the
    latest::

        score(j) = x_j · Σ_p decay ** p · x_{i_p}

    Who has no content scores 0. It tells apart what the others name and names nothing itself: to be found by
    its content is what the network does for an item.

    Args:
        content_of: The content of items.
        liked: The items of the history, the latest first.
        decay: What each place in the history leaves of its weight, above 0 and at most 1.

    Source: the content-based user profile of M. Pazzani and D. Billsus, "Content-based recommendation
    systems", The Adaptive Web 2007.

    >>> content = np.array([[1, 0], [0, 2], [3, 3]], dtype=np.float32)
    >>> ContentScores(lambda items: content[items], np.array([0]), 0.85).of(np.array([0, 1, 2])).round(2)
    array([1.  , 0.  , 0.71], dtype=float32)
    """

    def __init__(self, content_of: ContentOf, liked: NDArray[np.int64], decay: float) -> None:
        self._content_of, self._liked, self._decay = content_of, liked, decay

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`."""
        weights = np.power(self._decay, np.arange(len(self._liked)))
        return _cosines(self._content_of(self._liked), weights, self._content_of(items))

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """None: see above."""
        return np.zeros(0, dtype=np.int64)

    def terms(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each item of the history adds to the score of `items`; one row each."""
        weights = np.power(self._decay, np.arange(len(self._liked)))
        return _each_cosine(self._content_of(self._liked), weights, self._content_of(items))


def _cosines(
    history: NDArray[np.float32], weights: NDArray[np.float64], content: NDArray[np.float32]
) -> NDArray[np.float32]:
    profile = np.zeros(content.shape[1], dtype=np.float32)
    for place in range(len(history)):
        length = _length_of(history[place])
        if length > 0.0:
            share = np.float32(weights[place] / length)
            for column in range(len(profile)):
                profile[column] += share * history[place, column]
    scores = np.zeros(len(content), dtype=np.float32)
    for place in range(len(content)):
        length = _length_of(content[place])
        if length > 0.0:
            product = np.float32(0.0)
            for column in range(len(profile)):
                product += profile[column] * content[place, column]
            scores[place] = product / length
    return scores


def _each_cosine(
    history: NDArray[np.float32], weights: NDArray[np.float64], content: NDArray[np.float32]
) -> NDArray[np.float32]:
    cosines = np.empty((len(history), len(content)), dtype=np.float32)
    for place in range(len(history)):
        cosines[place] = _cosines(history[place : place + 1], weights[place : place + 1], content)
    return cosines


def _length_of(vector: NDArray[np.float32]) -> float:
    total = np.float32(0.0)
    for value in vector:
        total += value * value
    return float(np.sqrt(total))


_length_of = compiled(_length_of, reassociate=True)
_cosines = compiled(_cosines, reassociate=True)
_each_cosine = compiled(_each_cosine)
