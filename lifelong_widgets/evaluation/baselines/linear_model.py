"""The best linear prediction of the next item from the decayed history, solved as the events come."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, FeedbackKinds, Interactions
from lifelong_widgets.evaluation.baselines.history_learner import HistoryLearner, between, whole
from lifelong_widgets.evaluation.baselines.ridge import RidgeModel


class LinearModel(HistoryLearner):
    """Ridge regression from the decayed history to the next item, learned online by Gauss-Seidel.

    The model is that of `lifelong_widgets.evaluation.baselines.ridge.RidgeModel`, which says how it is
    solved. `fit` solves all rows at once by Cholesky. Items without a place in it are listed by popularity.

    Args:
        catalog: The items; it may grow.
        kinds: What the events mean.
        half_life: Of the popularity that lists what has no score.
        decay: What each step back in the history leaves of its weight, above 0 and at most 1.
        ridge: The penalty λ. It grows with the number of events that it has to hold its own against.
        history_length: How many last items of a person are read.
        max_items: How many items have a row.
        random_rows: How many rows are solved after an event, beside that of the latest item.
        seed: Of the choice of the rows.

    Raises:
        DataError: A setting that is out of range.

    >>> from lifelong_widgets.data import Feedback
    >>> catalog = Catalog.from_records({"item": item} for item in ["one", "two", "three"])
    >>> linear = LinearModel(catalog, ridge=1.0)
    >>> for user, item in [("ada", "one"), ("ada", "two"), ("ada", "three"), ("bob", "two")]:
    ...     linear.learn_one(Feedback(user, item))
    >>> linear.recommend("bob", k=1).items
    ('three',)
    """

    _reason = "follows from your recent history"

    def __init__(
        self,
        catalog: Catalog,
        kinds: FeedbackKinds = DEFAULT_KINDS,
        half_life: str | timedelta | float = "7D",
        decay: float = 0.9,
        ridge: float = 1000.0,
        history_length: int = 50,
        max_items: int = 2048,
        random_rows: int = 2,
        seed: int = 0,
    ) -> None:
        super().__init__(catalog, kinds, half_life, history_length)
        self.decay = between(decay, "decay", 1e-6, 1.0)
        self.ridge = between(ridge, "ridge", 1e-6, 1e12)
        self.max_items = whole(max_items, "max_items")
        self.random_rows = int(between(random_rows, "random_rows", 0, 1000))
        self._model = RidgeModel(self.decay, self.ridge, self.max_items, self.random_rows)
        self._random = np.random.default_rng(seed)
        self._refresh = True

    def fit(self, interactions: Interactions) -> None:
        """Learn `interactions`, in addition to what was learned before, and solve for all rows exactly.

        Raises:
            UnknownItemError: One of their items is not in the catalogue; nothing is learned then.
            DataError: One of their kinds is not among `kinds`; nothing is learned then.
        """
        self._refresh = False
        try:
            super().fit(interactions)
        finally:
            self._refresh = True
        self.solve()

    def solve(self) -> None:
        """Solve all rows of W exactly, at a cost of O(max_items³)."""
        self._model.solve()

    def _scores(self, last: NDArray[np.int64], n: int) -> NDArray[np.float64]:
        return self._model.scores(last, n).astype(np.float64)

    def _learn(self, last: NDArray[np.int64], item: int) -> None:
        self._model.learn(last, item, self._random if self._refresh else None)
