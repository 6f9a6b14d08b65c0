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
from lifelong_widgets.evaluation.baselines.neighbor_table import NeighborTable


class SequenceKNN(HistoryLearner):
    """Sequence kNN: co-occurrence within a window, with a direction, fading with the distance.

    When j is taken, each item i that the person took d events before, within `window`, adds ``decay ** d``
    to ``w_ij`` (and `backward` times as much to ``w_ji``). With ``c_i`` the number of events of i and p the
    place in the history, 0 for the latest::

        score(j) = Σ_{p < window} history_decay ** p · w_{i_p j} / ((c_{i_p} + 5) ** 1/2 · (c_j + 5) ** 1/4)

    The exponents make a compromise between what is likely and what is particular: popular items are favoured
    less than by the conditional probability and more than by the cosine.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that lists what has no score.
        window: How many events the co-occurrence reaches back, in learning and in scoring.
        decay: What each event of distance leaves of an increment, above 0 and at most 1.
        history_decay: What each place in the history leaves of its weight, above 0 and at most 1.
        backward: The weight of the opposite direction: 0 where the order is what matters, 1 for none.
        capacity: How many neighbours of an item are kept.

    Raises:
        DataError: A setting that is out of range.

    Source: the sequential rules of M. Ludewig and D. Jannach, "Evaluation of session-based recommendation
    algorithms", UMUAI 2018, with the decays of D. Garg et al., "Sequence and time aware neighborhood for
    session-based recommendations: STAN", SIGIR 2019.

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
        self._followers = NeighborTable(self.capacity)
        self._counts: NDArray[np.float64] = np.zeros(0)
        self._gains = self.decay ** np.arange(self.window)
        self._factors = self.history_decay ** np.arange(self.window)

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        counts = first_of(self._counts, n) + 5.0
        factors = self._factors[: len(last)] / np.sqrt(counts[last])
        scores: NDArray[np.float64] = self._followers.sum(last, factors, n) / np.sqrt(np.sqrt(counts))
        return scores

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        self._counts = grown(self._counts, item + 1)
        self._counts[item] += 1.0
        if len(last):
            items, places = np.unique(last, return_inverse=True)
            gains = np.bincount(places, weights=self._gains[: len(last)]).astype(np.float64, copy=False)
            self._followers.add_to_column(items, item, gains)
            if self.backward:
                nearest = np.argsort(-gains, kind="stable")
                self._followers.add_to_row(item, items[nearest], self.backward * gains[nearest])
