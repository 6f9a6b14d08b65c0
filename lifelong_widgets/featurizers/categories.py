"""Categories: one column each, every row of length 1."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Self

import numpy as np

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.featurizers.base import Array, Featurizer, check_fitted, unit_rows


class CategoryFeaturizer(Featurizer):
    """The categories of an item as a multi-hot row of length 1.

    Categories that appear later and were not seen by `fit` are ignored until the next `fit`.

    Args:
        max_categories: keep at most this many, the most frequent ones (ties by name).

    Example:
        >>> from lifelong_widgets.data import Interactions, Item
        >>> shelf = [Item(1, "Contact", ("Drama", "Sci-Fi")), Item(2, "Cube", ("Sci-Fi",))]
        >>> CategoryFeaturizer().fit(shelf).transform(shelf).round(2).tolist()
        [[0.7099999785423279, 0.7099999785423279], [0.0, 1.0]]
    """

    def __init__(self, max_categories: int = 256) -> None:
        self.max_categories = max_categories

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Learn which categories there are."""
        counts = Counter(category for item in items for category in item.categories)
        kept = sorted(counts, key=lambda category: (-counts[category], category))[: self.max_categories]
        self.categories_ = sorted(kept)
        return self

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, n_categories), float32."""
        column = {category: number for number, category in enumerate(self.categories_)}
        rows = np.zeros((len(items), len(column)), dtype=np.float32)
        for row, item in zip(rows, items, strict=True):
            for category in item.categories:
                if category in column:
                    row[column[category]] = 1.0
        return unit_rows(rows)

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        check_fitted(self)
        return len(self.categories_)

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """The category of each column, such as ``"category: Drama"``."""
        return np.array([f"category: {category}" for category in self.categories_], dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The categories, in the order of the columns (JSON)."""
        return {"categories": self.categories_}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self.categories_ = list(state["categories"])
        return self
