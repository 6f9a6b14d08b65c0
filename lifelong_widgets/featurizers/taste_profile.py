"""A person by which items they took."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.utils.extmath import randomized_svd

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.data.ids import Id
from lifelong_widgets.errors import FormatError
from lifelong_widgets.featurizers.audience import takings
from lifelong_widgets.featurizers.base import Array, distinct
from lifelong_widgets.featurizers.behavior import directions, positive
from lifelong_widgets.featurizers.profiles import Profile


class TasteProfile(Profile):
    """TF-IDF over the items that a person takes as their words, reduced by truncated SVD.

    Latent semantic analysis (Deerwester et al. 1990) of the person × item matrix of positive events: people
    who take the same items are alike, and an item that everybody takes says little. Counts are taken as they
    are, so that one more event is one more row of its item. Items that were not in the log say nothing.

    Args:
        n_components: The width of the output; columns beyond the number of people or items are zero.
        half_life: After how long an event counts half as much; None: never.
        unit: Of `half_life`: ``"events"`` of that person, or ``"days"``.
        seed: Of the randomised SVD.

    Example:
        >>> import pandas as pd
        >>> log = Interactions.from_pandas(pd.DataFrame({
        ...     "user": ["ada", "bob", "eve"], "item": [1, 1, 2], "time": range(3)}))
        >>> ada, bob, eve = TasteProfile(n_components=2).fit(log).transform(log)
        >>> round(float(ada @ bob), 2), round(abs(float(ada @ eve)), 2)
        (1.0, 0.0)
    """

    def __init__(
        self, n_components: int = 32, half_life: float | None = None, unit: str = "events", seed: int = 0
    ) -> None:
        self.n_components = n_components
        self.half_life = half_life
        self.unit = unit
        self.seed = seed

    def _learn_items(self, log: Interactions, catalog: Catalog | None) -> int:
        taken = positive(log)
        rows = np.zeros((len(taken.items), self.n_components))
        if len(taken):
            tfidf = TfidfTransformer()
            weights = tfidf.fit_transform(takings(taken))
            rank = min(self.n_components, *weights.shape)
            # not TruncatedSVD, which refuses a log of one item
            _, _, right = randomized_svd(weights, rank, random_state=self.seed)
            rows[:, :rank] = tfidf.idf_[:, None] * right.T
        self._set_items(list(taken.items), rows)
        titles = {} if catalog is None else {item.id: item.title for item in catalog}
        self.names_ = [f"taste: {label}" for label in directions(rows, taken.items, titles)]
        return self.n_components

    def _set_items(self, items: list[Id], rows: Array) -> None:
        self.items_, self.item_rows_ = items, rows
        self._place = {id: place for place, id in enumerate(items)}

    def _item_rows(self, items: list[Id]) -> Array:
        rows = np.zeros((len(items), self.item_rows_.shape[1]))
        for place, id in enumerate(items):
            if id in self._place:
                rows[place] = self.item_rows_[self._place[id]]
        return rows

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """Each direction by the three items that weigh most in it."""
        return np.array(distinct(self.names_), dtype=object)

    def get_state(self) -> dict[str, Any]:
        """As any profile, and the items with their rows and the names of the columns."""
        items = {"items": self.items_, "item_rows": self.item_rows_.copy(), "names": self.names_}
        return super().get_state() | items

    def set_state(self, state: dict[str, Any], catalog: Catalog | None = None) -> Self:
        """Take a fitted state back.

        Raises:
            FormatError: the rows of items are no finite numbers, or not as wide as those of people.
        """
        super().set_state(state)
        rows = state["item_rows"]
        if rows.shape != (len(state["items"]), self.width) or not np.isfinite(rows).all():
            raise FormatError(
                f"taste profile: there must be a row of {self.width} finite numbers for each item"
            )
        self._set_items(list(state["items"]), state["item_rows"])
        self.names_ = list(state["names"])
        return self
