"""Places for a bounded number of items, given up by the least recently used."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.states import check_arrays
from lifelong_widgets.state_file import count_of


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
        self._n = 0
        self._tick = 0
        self._items: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        # at which `take` each place was used last; the place of each item, plus one, or 0 for none
        self._used: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
        self._slots: NDArray[np.int32] = np.zeros(0, dtype=np.int32)

    def __len__(self) -> int:
        return self._n

    @property
    def items(self) -> NDArray[np.int64]:
        """The item in each place; a view."""
        return self._items[: self._n]

    def take(self, item: int, ledger: Ledger | None = None) -> tuple[int, bool]:
        """The place of `item`, and whether it is new to it: then what lies there is of no or another item.

        `ledger` can then take it back.
        """
        if ledger is not None:
            ledger.keep_all(self, "_tick")
        self._tick += 1
        slot = int(self._slots[item]) - 1 if item < len(self._slots) else -1
        new = slot < 0
        if new:
            slot = self._place(item, ledger)
        elif ledger is not None:
            ledger.keep(self, "_used", slot)
        self._used[slot] = self._tick
        return slot, new

    def of(self, items: NDArray[np.int64]) -> NDArray[np.int64]:
        """The places of `items`, -1 for those that have none."""
        slots = np.full(len(items), -1, dtype=np.int64)
        known = items < len(self._slots)
        slots[known] = self._slots[items[known]] - 1
        return slots

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number."""
        return {"tick": self._tick, "items": self.items.copy(), "used": self._used[: self._n].copy()}

    def set_state(self, state: dict[str, Any], n_items: int) -> None:
        """Take a state back whose items are below `n_items`.

        Raises:
            FormatError: the arrays do not fit each other, the items or the limit.
        """
        n, tick = len(state["items"]), count_of(state["tick"], "tick")
        check_arrays(
            "slots",
            state,
            items=((n,), np.int64, n_items - 1),
            used=((n,), np.int64, tick),
        )
        if n > self.limit or len(np.unique(state["items"])) < n:
            raise FormatError(f"slots: {n} places for at most {self.limit} items, each once")
        self._n, self._tick = n, tick
        self._items, self._used = state["items"].copy(), state["used"].copy()
        self._slots = np.zeros(int(self._items.max(initial=-1)) + 1, dtype=np.int32)
        self._slots[self._items] = np.arange(1, n + 1)

    def _place(self, item: int, ledger: Ledger | None) -> int:
        if item >= len(self._slots):
            more = max(item + 1, 2 * len(self._slots)) - len(self._slots)
            self._slots = np.concatenate([self._slots, np.zeros(more, dtype=np.int32)])
        full = self._n == self.limit
        slot = int(self._used[: self._n].argmin()) if full else self._n
        if slot == len(self._items):
            room = np.zeros(max(64, slot), dtype=np.int64)
            self._items, self._used = np.concatenate([self._items, room]), np.concatenate([self._used, room])
        if ledger is not None:
            ledger.keep_all(self, "_n")
            for name in ("_items", "_used"):
                ledger.keep(self, name, slot)
            ledger.keep(self, "_slots", item)
            if full:
                ledger.keep(self, "_slots", int(self._items[slot]))
        if full:
            self._slots[self._items[slot]] = 0
        else:
            self._n += 1
        self._items[slot] = item
        self._slots[item] = slot + 1
        return slot
