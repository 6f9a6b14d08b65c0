"""What featurizers that know an item by what people did with it have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Self

import numpy as np

from lifelong_widgets.data import Interactions, Item
from lifelong_widgets.data.display import shorten
from lifelong_widgets.data.ids import Id
from lifelong_widgets.featurizers.base import Array
from lifelong_widgets.featurizers.table import TableFeaturizer

_NAMED = 3  # items that name a direction
_TITLE = 24  # characters of each


class BehaviorFeaturizer(TableFeaturizer):
    """Features that are read from the log given to `fit`: a table of one row for each item that is in it.

    An item without an event there, be it new or never taken, is a row of zeros: nothing is known. What people
    did *after* the log is not in the rows, so that a model that is tested on later events has not seen them.
    """

    keys_are = "ids"

    def fit(self, items: Sequence[Item], y: Interactions | None = None) -> Self:
        """Read the log `y`; `items` give the directions their names. Without a log, all rows are zeros."""
        ids: list[Id] = []
        rows = np.zeros((0, self._width()), dtype=np.float32)
        if y is not None and len(y):
            ids, rows = self._read(y)
        names = self._names(items, ids, rows, y)
        return self.set_state({"ids": ids, "rows": rows, "names": names})

    @abstractmethod
    def _width(self) -> int:
        """How many columns there will be."""

    @abstractmethod
    def _read(self, log: Interactions) -> tuple[list[Id], Array]:
        """Items of `log`, which is not empty, and a row of each: (n, width), float32, of length 1."""

    def _names(
        self, items: Sequence[Item], ids: list[Id], rows: Array, log: Interactions | None
    ) -> list[str]:
        """A name for each column: the items that lie far along it and that people know."""
        if log is not None and len(log):
            events = dict(zip(log.items, np.bincount(log.item_codes).tolist(), strict=True))
            rows = rows * np.sqrt(np.array([events[id] for id in ids], dtype=np.float64))[:, None]
        labels = directions(rows, ids, {item.id: item.title for item in items})
        return [f"{self._label()}: {label}" for label in labels]

    def _label(self) -> str:
        return type(self).__name__.removesuffix("Featurizer").lower()

    def _key(self, item: Item) -> Id:
        return item.id


def directions(rows: Array, ids: Sequence[Id], titles: Mapping[Id, str]) -> list[str]:
    """A label for each column of `rows`: the three of `ids` that lie farthest along it.

    >>> directions(np.array([[1.0, 0.0], [0.2, 0.0]]), ["a", "b"], {"a": "Fog"})
    ['Fog+b', 'unused 1']
    """
    labels = []
    for number, column in enumerate(rows.T):
        farthest = [ids[i] for i in np.argsort(-np.abs(column), kind="stable")[:_NAMED] if column[i]]
        named = "+".join(shorten(titles.get(id, str(id)), _TITLE) for id in farthest)
        labels.append(named or f"unused {number}")
    return labels


def positive(log: Interactions) -> Interactions:
    """The events of `log` that speak for their item: a skip is no taste."""
    return log.take(log.rewards > 0)
