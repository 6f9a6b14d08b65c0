"""Featurizers that have learned a row for each of some keys, and look an item's row up by its key."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np

from lifelong_widgets.data import Item
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array, Featurizer, check_fitted, distinct


class TableFeaturizer(Featurizer):
    """Features that are a table of rows, which `fit` reads from a log and gives to `set_state`.

    An item whose key has no row is a row of zeros.
    """

    reads_log = True
    keys_are: ClassVar[str]
    """What the keys are called in a state."""

    @abstractmethod
    def _key(self, item: Item) -> Id:
        """What the row of an item is looked up by."""

    def transform(self, items: Sequence[Item]) -> Array:
        """The features of `items`: (n_items, width), float32, rows of length 1, or 0 where none is known."""
        rows = np.zeros((len(items), self.width), dtype=np.float32)
        for place, item in enumerate(items):
            known = self._place.get(self._key(item))
            if known is not None:
                rows[place] = self.rows_[known]
        return rows

    @property
    def width(self) -> int:
        """How many columns there are, once fitted."""
        check_fitted(self)
        return int(self.rows_.shape[1])

    def get_feature_names_out(self, input_features: None = None) -> Array:
        """A name for each column."""
        return np.array(distinct(self.names_), dtype=object)

    def get_state(self) -> dict[str, Any]:
        """The keys and the names (JSON), and the rows (array)."""
        return {self.keys_are: list(self._place), "rows": self.rows_, "names": self.names_}

    def set_state(self, state: dict[str, Any]) -> Self:
        """Take a fitted state back."""
        self._place = {key: place for place, key in enumerate(state[self.keys_are])}
        self.rows_: Array = state["rows"]
        self.names_: list[str] = list(state["names"])
        return self
