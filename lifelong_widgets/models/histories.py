"""What each person did: the recent past that the encoder reads, and all that they have consumed."""

from __future__ import annotations

import itertools

import numpy as np


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
        self._consumed: list[set[int]] = []

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
        """All items that a person has consumed, int64, in ascending order."""
        if user is None or user >= self._n:
            return np.zeros(0, dtype=np.int64)
        consumed = self._consumed[user]
        indices = np.fromiter(consumed, dtype=np.int64, count=len(consumed))
        indices.sort()
        return indices

    def append(self, user: int, item: int, reward: float, kind: int, consumed: bool) -> None:
        """Add an event; people up to `user` get a row if they have none."""
        self._reserve(user + 1)
        for column, value in ((self._items, item), (self._rewards, reward), (self._kinds, kind)):
            column[user, 1:] = column[user, :-1]
            column[user, 0] = value
        if consumed:
            self._consumed[user].add(item)

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
        """Take a state back."""
        self._items, self._rewards = state["items"].copy(), state["rewards"].copy()
        self._kinds = state["kinds"].copy()
        self._n = len(self._items)
        offsets = state["consumed_offsets"]
        flat = state["consumed"]
        self._consumed = [set(flat[a:b].tolist()) for a, b in itertools.pairwise(offsets.tolist())]

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
            self._n += 1
