"""Places for a bounded number of items, given up by the least recently used."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray


class Slots:
    """Which item has which of `limit` places.

    Args:
        limit: How many items can have a place at a time.

    >>> slots = Slots(limit=2)
    >>> slots.take(70), slots.take(80), slots.take(70), slots.take(90)
    ((0, True), (1, True), (0, False), (1, True))
    >>> slots.of(np.array([90, 80, 70])), slots.items
    (array([ 1, -1,  0]), array([70, 90]))
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._slots: OrderedDict[int, int] = OrderedDict()  # least recently used first
        self._items: NDArray[np.int64] = np.zeros(0, dtype=np.int64)

    def __len__(self) -> int:
        return len(self._slots)

    @property
    def items(self) -> NDArray[np.int64]:
        """The item in each place; a view."""
        return self._items[: len(self)]

    def take(self, item: int) -> tuple[int, bool]:
        """The place of `item`, and whether it is new to it: then what lies there is of no or another item."""
        slot = self._slots.get(item)
        if slot is not None:
            self._slots.move_to_end(item)
            return slot, False
        if len(self) < self.limit:
            slot = len(self)
            if slot == len(self._items):
                self._items = np.concatenate([self._items, np.zeros(max(64, slot), dtype=np.int64)])
        else:
            _, slot = self._slots.popitem(last=False)
        self._items[slot] = item
        self._slots[item] = slot
        return slot, True

    def of(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of `items`, -1 for those that have none."""
        return np.array([self._slots.get(item, -1) for item in items.tolist()], dtype=np.int64)
