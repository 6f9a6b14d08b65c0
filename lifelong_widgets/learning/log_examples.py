"""A whole log as examples, gathered only when they are asked for."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.learning.examples import Examples


class LogExamples:
    """The events of a log as examples, each with the history before it, gathered only when asked for.

    An event that is worth nothing becomes history but no example.

    The log is held once, sorted by person; example *e* reads the `length` events that lie before it in its
    person's stretch. So the examples of a log of n events take O(n) memory, not O(n · length).

    Args:
        users: (n,), int64, indices of people, in time order.
        items: (n,), int64.
        rewards: (n,), float32.
        length: of the histories.
        people: (n, person_dim), float32, the features of the person before each event, if any.

    Example:
        >>> log = LogExamples(np.array([0, 1, 0]), np.array([5, 6, 7]), np.ones(3, np.float32), length=2)
        >>> log[np.array([2])].history_items.tolist()
        [[5, 0]]
    """

    def __init__(
        self,
        users: np.ndarray,
        items: np.ndarray,
        rewards: np.ndarray,
        length: int,
        people: np.ndarray | None = None,
    ) -> None:
        order = np.argsort(users, kind="stable")
        self._place = np.empty(len(users), dtype=np.int64)
        self._place[order] = np.arange(len(users))
        self._place = self._place[rewards != 0]  # the others are history, but nothing to learn
        self._people = None if people is None else people[rewards != 0]
        sorted_users = users[order]
        starts = np.flatnonzero(np.r_[True, sorted_users[1:] != sorted_users[:-1]])
        lengths = np.diff(np.r_[starts, len(users)])
        self._start = np.repeat(starts, lengths)
        self._items, self._rewards = items[order].astype(np.int64), rewards[order].astype(np.float32)
        self._back = np.arange(1, length + 1)

    def __len__(self) -> int:
        return len(self._place)

    def __getitem__(self, events: np.ndarray) -> Examples:
        place = self._place[events]
        past = place[:, None] - self._back
        missing = past < self._start[place][:, None]
        past[missing] = 0
        items, rewards = self._items[past], self._rewards[past]
        items[missing], rewards[missing] = 0, 0.0
        return Examples(
            items,
            rewards,
            self._items[place],
            self._rewards[place],
            None if self._people is None else self._people[events],
        )
