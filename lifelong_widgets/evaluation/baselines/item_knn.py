"""People who had this also had that."""

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
from lifelong_widgets.memory.neighbor_table import NeighborTable


class ItemKNN(HistoryLearner):
    """Item-kNN: the sum of the cosines between an item and everything in the person's history.

    With ``c_ij`` the number of times that i and j were taken by the same person, in either order, and
    ``c_i`` the number of times that i was taken::

        cosine(i, j) = c_ij / sqrt((c_i + shrinkage) · (c_j + shrinkage))
        score(j)     = Σ_{distinct i in history} cosine(i, j)

    Taking an item again counts as a pair of it with itself, so that streams on which people come back
    recommend what they had. An event adds to the pairs of its item with the last `history_length` items.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that lists what has no score.
        history_length: How many last items of a person are read; in most logs everybody's whole history.
        capacity: How many neighbours of an item are kept.
        shrinkage: Draws the cosines of rare items towards zero.

    Raises:
        DataError: A setting that is out of range.

    Source: B. Sarwar, G. Karypis, J. Konstan and J. Riedl, "Item-based collaborative filtering
    recommendation algorithms", WWW 2001; made incremental as in M. Papagelis et al., "Incremental
    collaborative filtering for highly-scalable recommendation algorithms", ISMIS 2005.

    >>> from lifelong_widgets.data import Feedback
    >>> catalog = Catalog.from_records({"item": item} for item in ["tea", "cup", "saw", "nail"])
    >>> knn = ItemKNN(catalog)
    >>> for user, item in [("ada", "tea"), ("ada", "cup"), ("bob", "saw"), ("bob", "nail"), ("eve", "nail")]:
    ...     knn.learn_one(Feedback(user, item))
    >>> knn.recommend("eve", k=1).items
    ('saw',)
    """

    _reason = "people who had what you had also had it"

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        history_length: int = 500,
        capacity: int = 512,
        shrinkage: float = 5.0,
    ) -> None:
        super().__init__(catalog, kinds, half_life, history_length)
        self.capacity = whole(capacity, "capacity")
        self.shrinkage = between(shrinkage, "shrinkage", 0.0, 1e9)
        self._pairs = NeighborTable(self.capacity)
        self._counts: NDArray[np.float64] = np.zeros(0)

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        counts = np.maximum(first_of(self._counts, n) + self.shrinkage, 1e-9)  # 0 / 0 is no similarity
        items = np.unique(last)
        scores: NDArray[np.float64] = self._pairs.sum(items, counts[items] ** -0.5, n).dense(n) / np.sqrt(
            counts
        )
        return scores

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        self._counts = grown(self._counts, item + 1)
        self._counts[item] += 1.0
        if len(last):
            firsts = np.sort(np.unique(last, return_index=True)[1])  # distinct ones, latest first
            items = last[firsts]
            self._pairs.add_to_column(items, item, np.ones(len(items)))
            others = items[items != item]
            self._pairs.add_to_row(item, others, np.ones(len(others)))
