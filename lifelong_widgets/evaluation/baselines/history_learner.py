"""What the learners share that read a person's last items."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from datetime import timedelta
from itertools import islice
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation.baselines.ranking import best_with_back_off
from lifelong_widgets.evaluation.baselines.recency_popularity import RecencyPopularity
from lifelong_widgets.recommendations import Recommendations, check_flags, check_k


class HistoryLearner(RecencyPopularity, ABC):
    """Recent popularity, and in front of it what a person's last items speak for.

    A kind of learner says what a history is worth (`_scores`) and what an event teaches (`_learn`). Here are
    the verbs: who had what, what is hidden, the back-off, and the errors. Events of positive kinds all count
    the same, except in the popularity, which weighs them; those that speak against an item teach nothing and
    enter no history, though the item may be consumed by them.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that is backed off to, as for `RecencyPopularity`.
        history_length: How many last items of a person are kept, and so the most that an event can cost.
    """

    _reason: ClassVar[str]

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        history_length: int = 50,
    ) -> None:
        super().__init__(catalog, kinds, half_life)
        self.history_length = whole(history_length, "history_length")
        self._histories: dict[Id, deque[int]] = {}

    def fit(self, interactions: Interactions) -> None:
        """Learn `interactions`, in addition to what was learned before.

        Raises:
            UnknownItemError: One of their items is not in the catalogue; nothing is learned then.
            DataError: One of their kinds is not among `kinds`; nothing is learned then.
        """
        for item in interactions.items:
            self.catalog.index_of(item)
        for name in interactions.kind_names:
            self.kinds[name]
        for event in interactions:
            self.learn_one(event)

    def recommend(
        self, user: Id, k: int = 10, exclude_seen: bool = True, reasons: bool = True
    ) -> Recommendations:
        """The best `k` items for `user`, without what they have consumed. Changes nothing.

        Scores above 0 are the learner's; those from -1 to 0 belong to items of which it knows no more than
        how popular they are now. Ties keep the order of the catalogue.

        Raises:
            DataError: `k` is not a whole number of at least 1, or a flag neither True nor False.
        """
        k, n = check_k(k), len(self.catalog)
        check_flags(exclude_seen=exclude_seen, reasons=reasons)
        last = self._last(user)
        scores = self._scores(last, n) if len(last) else None
        hidden = list(self._consumed.get(user, ())) if exclude_seen else []
        chosen, values = best_with_back_off(scores, self._popularity, n, k, hidden)
        why = tuple(self._reason if value > 0 else "popular now" for value in values) if reasons else None
        return Recommendations.of(user, chosen, values, self.catalog, why)

    def learn_one(self, feedback: Feedback) -> None:
        """Learn from one event, with the errors of `RecencyPopularity.learn_one`; nothing changes then."""
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        if kind.positive and kind.weight > 0:
            self._learn(self._last(feedback.user), code)
        super().learn_one(feedback)

    def observe(self, feedback: Feedback) -> None:
        """Take one event into the history without learning from it; errors as for `learn_one`."""
        code, kind = self.catalog.index_of(feedback.item), self.kinds[feedback.kind]
        if kind.positive and kind.weight > 0:
            history = self._histories.get(feedback.user)
            if history is None:
                history = self._histories[feedback.user] = deque(maxlen=self.history_length)
            history.appendleft(code)
        super().observe(feedback)

    def _last(self, user: Id) -> NDArray[np.int64]:
        """The last items of `user`, the latest first; empty for somebody unknown."""
        history = self._histories.get(user, ())
        return np.fromiter(islice(history, self.history_length), dtype=np.int64, count=len(history))

    @abstractmethod
    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        """A new array, (n,): what each item is worth after the items `last` (at least one), latest first."""

    @abstractmethod
    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        """That `item` came after the items `last`, latest first, which may be none."""


def whole(given: int, name: str) -> int:
    """`given`, if it is a whole number of at least 1.

    Raises:
        DataError: It is not.
    """
    if isinstance(given, bool) or not isinstance(given, (int, np.integer)) or given < 1:
        raise DataError(f"{name} must be a whole number of at least 1, not {given!r:.80}")
    return int(given)


def between(given: float, name: str, low: float, high: float) -> float:
    """`given`, if it is a number from `low` to `high`.

    Raises:
        DataError: It is not.
    """
    if isinstance(given, bool) or not isinstance(given, (int, float)) or not low <= given <= high:
        raise DataError(f"{name} must be a number from {low:g} to {high:g}, not {given!r:.80}")
    return float(given)


def grown(counts: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """`counts` with room for `n` items, doubled so that growing costs O(1) an item."""
    if n <= len(counts):
        return counts
    return np.concatenate([counts, np.zeros(max(n, 2 * len(counts)) - len(counts))])


def first_of(counts: NDArray[np.float64], n: int) -> NDArray[np.float64]:
    """The counts of the first `n` items, 0 for those that have none yet; a view where it can be one."""
    return counts[:n] if n <= len(counts) else np.concatenate([counts, np.zeros(n - len(counts))])
