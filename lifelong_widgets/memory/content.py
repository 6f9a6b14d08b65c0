"""How alike items are in what is known of them beforehand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compiled import compiled


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of items beforehand, and how what is known in several ways is brought together.

    Attributes:
        of: the content of items, (n, content_dim), float32; where an item has nothing of a modality, zeros.
        bounds: where in a row the modalities begin, and where the last of them ends; ``(0, content_dim)`` to
            compare whole rows.
        weights: what each modality counts now, (len(bounds) - 1,), float32.
    """

    of: Callable[[NDArray[np.int64]], NDArray[np.float32]]
    bounds: tuple[int, ...]
    weights: Callable[[], NDArray[np.float32]]


class ContentScores:
    """How alike each item's content is to that of a history that fades.

    With ``x`` the content of an item divided by its length, and p the place in the history, 0 for the
    latest::

        score(j) = x_j · Σ_p decay ** p · x_{i_p}

    With several modalities this is said of each, and the score is their mean by weight (late fusion) over
    those that both the item and the history have: what is missing is no opinion. Who has no content scores 0.
    It tells apart what the others name; of items that nobody has had yet, `Newcomers` names the best by it.

    Args:
        content: The content of items.
        liked: The items of the history, the latest first.
        decay: What each place in the history leaves of its weight, above 0 and at most 1.

    Source: the content-based user profile of M. Pazzani and D. Billsus, "Content-based recommendation
    systems", The Adaptive Web 2007.

    >>> table = np.array([[1, 0], [0, 2], [3, 3]], dtype=np.float32)
    >>> whole = Content(lambda items: table[items], (0, 2), lambda: np.ones(1, dtype=np.float32))
    >>> ContentScores(whole, np.array([0]), 0.85).of(np.array([0, 1, 2])).round(2)
    array([1.  , 0.  , 0.71], dtype=float32)
    >>> apart = Content(lambda items: table[items], (0, 1, 2), lambda: np.ones(2, dtype=np.float32))
    >>> ContentScores(apart, np.array([0]), 0.85).of(np.array([0, 1, 2]))
    array([1., 0., 1.], dtype=float32)
    """

    def __init__(self, content: Content, liked: NDArray[np.int64], decay: float) -> None:
        self._content, self._liked, self._decay = content, liked, decay

    def of(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """The scores of `items`."""
        return _cosines(*self._profile, self._content.of(items), self._bounds, self._content.weights())

    @cached_property
    def _profile(self) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """The history as one row of content, and which modalities it says anything of."""
        decays = np.power(self._decay, np.arange(len(self._liked)))
        return _profile(self._content.of(self._liked), decays, self._bounds)

    @cached_property
    def _bounds(self) -> NDArray[np.int64]:
        return np.array(self._content.bounds)

    def best(self, k: int, hidden: NDArray[np.int64]) -> NDArray[np.int64]:
        """None: see above."""
        return np.zeros(0, dtype=np.int64)

    def terms(self, items: NDArray[np.int64]) -> NDArray[np.float32]:
        """What each item of the history adds to the scores of `items`; one row each."""
        own = self._content.of(items)
        terms, totals = np.zeros((len(self._liked), len(items)), dtype=np.float32), np.zeros(len(items))
        for weight, part, past in self._parts():
            lengths = np.linalg.norm(own[:, part], axis=1)
            known = lengths > 0
            totals += weight * known
            scales = np.divide(weight, lengths, out=np.zeros(len(items)), where=known)
            # not `@`, which looks at flags that a BLAS may raise by lanes that it then leaves out
            terms += np.dot(past, own[:, part].T) * scales.astype(np.float32)
        terms /= np.where(totals > 0, totals, 1.0).astype(np.float32)
        return terms

    def columns(self, item: int) -> NDArray[np.float32]:
        """The same for one item, column by column of its content: (n, content_dim)."""
        own = self._content.of(np.array([item]))[0]
        terms, total = np.zeros((len(self._liked), len(own)), dtype=np.float32), 0.0
        for weight, part, past in self._parts():
            length = float(np.linalg.norm(own[part]))
            if length > 0.0:
                total += weight
                terms[:, part] = past * own[part] * np.float32(weight / length)
        if total > 0:
            terms /= np.float32(total)
        return terms

    def _parts(self) -> Iterator[tuple[float, slice, NDArray[np.float32]]]:
        """The weight of each modality that the history has, its columns, and there the items, faded."""
        history, decays = self._content.of(self._liked), np.power(self._decay, np.arange(len(self._liked)))
        bounds = self._content.bounds
        for weight, start, end in zip(self._content.weights(), bounds[:-1], bounds[1:], strict=True):
            part = history[:, start:end]
            lengths = np.linalg.norm(part, axis=1)
            if lengths.any():
                shares = np.divide(decays, lengths, out=np.zeros(len(part)), where=lengths > 0)
                yield float(weight), slice(start, end), part * shares.astype(np.float32)[:, None]


def _profile(
    history: NDArray[np.float32], decays: NDArray[np.float64], bounds: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    profile = np.zeros(history.shape[1], dtype=np.float32)
    said = np.zeros(len(bounds) - 1, dtype=np.bool_)
    for modality in range(len(said)):
        start, end = bounds[modality], bounds[modality + 1]
        for place in range(len(history)):
            row = history[place, start:end]
            length = _length_of(row)
            if length > 0.0:
                said[modality] = True
                share = np.float32(decays[place] / length)
                for column in range(len(row)):
                    profile[start + column] += share * row[column]
    return profile, said


def _cosines(
    profile: NDArray[np.float32],
    said: NDArray[np.bool_],
    content: NDArray[np.float32],
    bounds: NDArray[np.int64],
    weights: NDArray[np.float32],
) -> NDArray[np.float32]:
    scores = np.zeros(len(content), dtype=np.float32)
    totals = np.zeros(len(content), dtype=np.float32)
    for modality in range(len(weights)):
        start, end = bounds[modality], bounds[modality + 1]
        own = profile[start:end]
        for place in range(len(content) if said[modality] else 0):
            row = content[place, start:end]
            length = _length_of(row)
            if length > 0.0:
                product = np.float32(0.0)
                for column in range(len(own)):
                    product += own[column] * row[column]
                scores[place] += weights[modality] * np.float32(product / length)
                totals[place] += weights[modality]
    for place in range(len(scores)):
        if totals[place] > 0.0:
            scores[place] /= totals[place]
    return scores


def _length_of(vector: NDArray[np.float32]) -> float:
    total = np.float32(0.0)
    for value in vector:
        total += value * value
    return float(np.sqrt(total))


_length_of = compiled(_length_of, reassociate=True)
_profile = compiled(_profile, reassociate=True)
_cosines = compiled(_cosines, reassociate=True)
