"""What comes next after the last item."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKinds
from lifelong_widgets.evaluation.baselines.history_learner import (
    HistoryLearner,
    between,
    whole,
)
from lifelong_widgets.memory.successors import Successors


class LastItem(HistoryLearner):
    """A Markov chain of first order over items, smoothed by what is popular now.

    With ``c_ij`` the number of times that a person took j next after i, ``c_i`` their sum over j, and
    ``p_j`` the share of j in the recent popularity::

        P(j | i) = (c_ij + smoothing · p_j) / (c_i + smoothing)

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity.
        smoothing: How many events the popularity is worth; 0 lists what never came next by popularity
            below all that did.
        capacity: How many successors of an item are kept.

    Raises:
        DataError: A setting that is out of range.

    Source: Dirichlet smoothing, C. Zhai and J. Lafferty, "A study of smoothing methods for language models
    applied to information retrieval", TOIS 2004, of a Markov chain as in G. Shani, D. Heckerman and R.
    Brafman, "An MDP-based recommender system", JMLR 2005.

    >>> from lifelong_widgets.data import Feedback
    >>> catalog = Catalog.from_records({"item": item} for item in ["one", "two", "three"])
    >>> chain = LastItem(catalog, smoothing=0.1)
    >>> for user, item in [("ada", "one"), ("ada", "two"), ("ada", "three"), ("bob", "one")]:
    ...     chain.learn_one(Feedback(user, item))
    >>> chain.recommend("bob", k=2, exclude_seen=False).items
    ('two', 'one')
    """

    _reason = "often comes next after what you had last"

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        smoothing: float = 1.0,
        capacity: int = 128,
    ) -> None:
        super().__init__(catalog, kinds, half_life, history_length=1)
        self.smoothing = between(smoothing, "smoothing", 0.0, 1e9)
        self.capacity = whole(capacity, "capacity")
        self._successors = Successors(self.capacity)

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        latest = int(last[0])
        popularity = self._popularity.relative(n)
        share = popularity / max(popularity.sum(), 1.0)  # the greatest is 1, or there is none at all
        total = self._successors.departures(latest) + self.smoothing
        counts = self._successors.counts(latest, n).dense(n)
        scores: NDArray[np.float64] = (counts + self.smoothing * share) / max(total, 1e-9)
        return scores

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        self._successors.learn(last, item)
