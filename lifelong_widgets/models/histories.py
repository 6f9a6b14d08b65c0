"""What each person did: the recent past that the encoder reads, and all that they have consumed."""

from __future__ import annotations

import itertools
from array import array

import numpy as np

from lifelong_widgets.errors import FormatError


class Histories:
    """The last `length` events of each person, and the set of items that each has consumed.

    Preallocated arrays that double when full: a new event costs O(`length`), whatever lies behind.
    A person is an index from 0; one that was never seen reads as an empty history and takes no row.

    Example:
        >>> histories = Histories(length=3)
        >>> histories.append(user=0, item=7, reward=1.0, kind=0, consumed=True)
        >>> histories.items_of(0).tolist(), histories.consumed_by(0).tolist()
        ([7, 0, 0], [7])
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._n = 0
        self._items = np.zeros((0, length), dtype=np.int64)
        self._rewards = np.zeros((0, length), dtype=np.float32)
        self._kinds = np.zeros((0, length), dtype=np.int16)
        # the set answers "already?", the array is handed out: neither is rebuilt at a click
        self._consumed: list[set[int]] = []
        self._consumed_items: list[array[int]] = []

    def __len__(self) -> int:
        return self._n

    def items_of(self, user: int | None) -> np.ndarray:
        """The items of a person's recent events, (length,), int64, the most recent first, then zeros."""
        if user is None or user >= self._n:
            return np.zeros(self.length, dtype=np.int64)
        row: np.ndarray = self._items[user]
        return row

    def rewards_of(self, user: int | None) -> np.ndarray:
        """What these events were worth, (length,), float32, then zeros."""
        if user is None or user >= self._n:
            return np.zeros(self.length, dtype=np.float32)
        row: np.ndarray = self._rewards[user]
        return row

    def kinds_of(self, user: int | None) -> np.ndarray:
        """The codes of their kinds, (length,), int16, then zeros."""
        if user is None or user >= self._n:
            return np.zeros(self.length, dtype=np.int16)
        row: np.ndarray = self._kinds[user]
        return row

    def consumed_by(self, user: int | None) -> np.ndarray:
        """All items that a person has consumed, each once, int64, in the order in which they were."""
        if user is None or user >= self._n or not self._consumed_items[user]:
            return np.zeros(0, dtype=np.int64)
        return np.frombuffer(self._consumed_items[user], dtype=np.int64).copy()

    def append(self, user: int, item: int, reward: float, kind: int, consumed: bool) -> None:
        """Add an event; people up to `user` get a row if they have none."""
        self._reserve(user + 1)
        for column, value in ((self._items, item), (self._rewards, reward), (self._kinds, kind)):
            column[user, 1:] = column[user, :-1]
            column[user, 0] = value
        if consumed and item not in self._consumed[user]:
            self._consumed[user].add(item)
            self._consumed_items[user].append(item)

    def copy(self) -> Histories:
        """An independent copy."""
        twin = Histories(self.length)
        twin.set_state(self.get_state())
        return twin

    def get_state(self) -> dict[str, np.ndarray]:
        """Everything, as arrays; the consumed sets are one flat array and its offsets."""
        consumed = [self.consumed_by(user) for user in range(self._n)]
        offsets = np.cumsum([0, *map(len, consumed)]).astype(np.int64)
        flat = np.concatenate(consumed) if consumed else np.zeros(0, dtype=np.int64)
        return {
            "items": self._items[: self._n].copy(),
            "rewards": self._rewards[: self._n].copy(),
            "kinds": self._kinds[: self._n].copy(),
            "consumed": flat,
            "consumed_offsets": offsets,
        }

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Take a state back.

        Raises:
            FormatError: the arrays do not fit each other; nothing was changed.
        """
        items, rewards, kinds = state["items"], state["rewards"], state["kinds"]
        flat, offsets = state["consumed"], state["consumed_offsets"]
        shape = (len(items), self.length)
        if items.shape != shape or rewards.shape != shape or kinds.shape != shape:
            raise FormatError(
                f"histories: items, rewards and kinds have shapes {items.shape}, {rewards.shape} and "
                f"{kinds.shape}, expected {shape} each"
            )
        if not np.isfinite(rewards).all():
            raise FormatError("histories: a reward is not finite")
        ends_fit = len(offsets) == len(items) + 1 and offsets[0] == 0 and offsets[-1] == len(flat)
        if not ends_fit or (np.diff(offsets) < 0).any():
            raise FormatError("histories: the offsets of the consumed items do not fit them")
        self._items, self._rewards, self._kinds = items.copy(), rewards.copy(), kinds.copy()
        self._n = len(items)
        parts = [flat[start:end].tolist() for start, end in itertools.pairwise(offsets.tolist())]
        self._consumed = [set(part) for part in parts]
        self._consumed_items = [array("q", part) for part in parts]

    def _reserve(self, n: int) -> None:
        if n > len(self._items):
            capacity = max(n, 2 * len(self._items), 16)
            for name in ("_items", "_rewards", "_kinds"):
                old = getattr(self, name)
                new = np.zeros((capacity, self.length), dtype=old.dtype)
                new[: self._n] = old[: self._n]
                setattr(self, name, new)
        while self._n < n:
            self._consumed.append(set())
            self._consumed_items.append(array("q"))
            self._n += 1
