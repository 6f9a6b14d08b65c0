"""What tends to come soon after what you had lately."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKinds
from lifelong_widgets.evaluation.baselines.history_learner import (
    HistoryLearner,
    between,
    first_of,
    grown,
    whole,
)
from lifelong_widgets.memory.sequence_neighbors import SequenceNeighbors


class SequenceKNN(HistoryLearner):
    """Sequence kNN: co-occurrence within a window, with a direction, fading with the distance.

    The score is the forward one, plus `backward` times the backward one, of
    `lifelong_widgets.memory.sequence_neighbors.SequenceNeighbors`, which says how the two are counted.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that lists what has no score.
        window: How many events the co-occurrence reaches back, in learning and in scoring.
        decay: What each event of distance leaves of an increment, above 0 and at most 1.
        history_decay: What each place in the history leaves of its weight, above 0 and at most 1.
        backward: The weight of the opposite direction: 0 where the order is what matters, 1 for none.
        capacity: How many neighbours of an item are kept in each direction.

    Raises:
        DataError: A setting that is out of range.

    >>> from lifelong_widgets.data import Feedback
    >>> catalog = Catalog.from_records({"item": item} for item in ["one", "two", "three"])
    >>> knn = SequenceKNN(catalog, backward=0.0)
    >>> for user, item in [("ada", "one"), ("ada", "two"), ("ada", "three"), ("bob", "two")]:
    ...     knn.learn_one(Feedback(user, item))
    >>> knn.recommend("bob", k=1).items
    ('three',)
    """

    _reason = "often comes soon after what you had lately"

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        window: int = 20,
        decay: float = 0.9,
        history_decay: float = 0.9,
        backward: float = 1.0,
        capacity: int = 128,
    ) -> None:
        super().__init__(catalog, kinds, half_life, whole(window, "window"))
        self.window = self.history_length
        self.decay = between(decay, "decay", 1e-6, 1.0)
        self.history_decay = between(history_decay, "history_decay", 1e-6, 1.0)
        self.backward = between(backward, "backward", 0.0, 1.0)
        self.capacity = whole(capacity, "capacity")
        self._neighbors = SequenceNeighbors(
            self.window, self.decay, self.window, self.history_decay, self.capacity
        )
        self._counts: NDArray[np.float64] = np.zeros(0)

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        counts = first_of(self._counts, n)
        forward, backward = self._neighbors.scores(last, lambda items: counts[items], n)
        return forward.dense(n) + self.backward * backward.dense(n).astype(np.float64)

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        self._counts = grown(self._counts, item + 1)
        self._counts[item] += 1.0
        self._neighbors.learn(last, item)
