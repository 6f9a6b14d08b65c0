"""What people did last, until it is known whether they stayed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.errors import FormatError
from lifelong_widgets.state_file import count_of


class Awaiting(NamedTuple):
    """An item that was taken, after which nothing is known yet.

    Attributes:
        person: who took it, by their index.
        time: when, in seconds; None if nobody said.
        history_items: (history_length,), int64, what they had done before, the most recent first.
        history_rewards: (history_length,), float32.
        item: what they took.
        reward: what it was worth.
        features: (person_dim,), float32, of the person before that; None if there are none.
    """

    person: int
    time: float | None
    history_items: NDArray[np.int64]
    history_rewards: NDArray[np.float32]
    item: int
    reward: float
    features: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True)
class PendingMark:
    """What `Pending.revert` needs: the counts, and each entry that came or went since."""

    first: int
    last: int
    changes: list[tuple[int, Awaiting | None]] = field(default_factory=list)


class Pending:
    """The last event of each person, in the order of arrival: at most one a person.

    To add, to take out and to look for those that have waited long enough is O(1), amortised.

    >>> nothing = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.float32)
    >>> pending = Pending(history_length=2)
    >>> pending.put(Awaiting(0, 10.0, *nothing, item=7, reward=1.0))
    >>> pending.put(Awaiting(1, 60.0, *nothing, item=8, reward=1.0))
    >>> [one.item for one in pending.left(now=90.0, gap=40.0, most=9)], len(pending)
    ([7], 1)
    """

    def __init__(self, history_length: int, person_dim: int = 0) -> None:
        self._length, self._person_dim = history_length, person_dim
        self._clear()

    def _clear(self) -> None:
        self._waiting: dict[int, Awaiting] = {}  # by number of arrival
        self._number_of: dict[int, int] = {}  # of each person
        self._first = self._last = 0  # numbers: where to look for old ones; the next one that comes

    def __len__(self) -> int:
        return len(self._waiting)

    def __contains__(self, person: int) -> bool:
        return person in self._number_of

    def put(self, one: Awaiting, mark: PendingMark | None = None) -> None:
        """Let `one` wait; its person has nothing that waits."""
        if mark is not None:
            mark.changes.append((self._last, None))
        self._waiting[self._last], self._number_of[one.person] = one, self._last
        self._last += 1

    def take(self, person: int, mark: PendingMark | None = None) -> Awaiting | None:
        """Take out what a person did last, if it waits."""
        number = self._number_of.get(person)
        return None if number is None else self._take(number, mark)

    def left(self, now: float, gap: float, most: int, mark: PendingMark | None = None) -> list[Awaiting]:
        """Take out those at the head of the queue who have been silent for longer than `gap`.

        What has no time stays until its person comes back, and does not hold up those behind it. Where `now`
        is more than `gap` before the head's time, one of the two clocks is wrong: the head goes to the end of
        the queue, and so holds up those behind it from a gap before its time to a gap after it at most.

        Args:
            now: the time of the event that says so, in seconds.
            gap: in seconds.
            most: heads that are looked at, so that an event costs O(1).
            mark: can then take it back.
        """
        found: list[Awaiting] = []
        number, end, looked_at = self._first, self._last, 0
        while number < end and looked_at < most:
            one = self._waiting.get(number)
            if one is not None and one.time is not None:
                if now - gap <= one.time <= now + gap:
                    break
                looked_at += 1
                self._take(number, mark)
                if one.time < now:
                    found.append(one)
                else:
                    self.put(one, mark)
            number += 1
        self._first = number
        return found

    def mark(self) -> PendingMark:
        """A place to come back to: hand it to each change from now on, then to `revert`. O(1)."""
        return PendingMark(self._first, self._last)

    def revert(self, mark: PendingMark) -> None:
        """Take back every change since `mark`, which each was given; of several marks the newest first."""
        for number, taken in reversed(mark.changes):
            if taken is None:
                del self._number_of[self._waiting.pop(number).person]
            else:
                self._waiting[number], self._number_of[taken.person] = taken, number
        self._first, self._last = mark.first, mark.last

    def get_state(self) -> dict[str, Any]:
        """Those that wait, as arrays, in the order of arrival."""
        waiting = [self._waiting[number] for number in sorted(self._waiting)]
        shape = (len(waiting), self._length)
        features = {}
        if self._person_dim:
            rows = np.array([one.features for one in waiting], dtype=np.float32)
            features = {"features": rows.reshape(len(waiting), self._person_dim)}
        return {
            **features,
            "people": np.array([one.person for one in waiting], dtype=np.int64),
            "times": np.array([one.time or 0.0 for one in waiting], dtype=np.float64),
            "timed": np.array([one.time is not None for one in waiting], dtype=np.uint8),
            "history_items": np.array([one.history_items for one in waiting], dtype=np.int32).reshape(shape),
            "history_rewards": np.array([one.history_rewards for one in waiting], np.float32).reshape(shape),
            "items": np.array([one.item for one in waiting], dtype=np.int32),
            "rewards": np.array([one.reward for one in waiting], dtype=np.float64),
        }

    def set_state(self, state: dict[str, Any], n_items: int, n_people: int) -> None:
        """Take a state back whose items and people are below these numbers.

        Raises:
            FormatError: the arrays do not fit each other, or hold what cannot be.
        """
        n = count_of(len(state["people"]), "pending")
        shapes = {
            "people": ((n,), np.int64, n_people),
            "times": ((n,), np.float64, None),
            "timed": ((n,), np.uint8, 2),
            "history_items": ((n, self._length), np.int32, n_items),
            "history_rewards": ((n, self._length), np.float32, None),
            "items": ((n,), np.int32, n_items),
            "rewards": ((n,), np.float64, None),
        }
        if self._person_dim:
            shapes["features"] = ((n, self._person_dim), np.float32, None)
        for name, (shape, dtype, below) in shapes.items():
            array = state[name]
            if not isinstance(array, np.ndarray) or array.shape != shape or array.dtype != dtype:
                raise FormatError(f"pending: {name} must be {np.dtype(dtype)} of shape {shape}")
            if below is None and not np.isfinite(array).all():
                raise FormatError(f"pending: {name} holds numbers that are not finite")
            if below is not None and array.size and not 0 <= array.min() <= array.max() < below:
                raise FormatError(f"pending: {name} must be from 0 to {below - 1}")
        if len(np.unique(state["people"])) != n:
            raise FormatError("pending: a person is there twice")
        self._clear()
        histories = state["history_items"].astype(np.int64)
        for row in range(n):
            self.put(
                Awaiting(
                    int(state["people"][row]),
                    float(state["times"][row]) if state["timed"][row] else None,
                    histories[row],
                    state["history_rewards"][row].copy(),
                    int(state["items"][row]),
                    float(state["rewards"][row]),
                    state["features"][row].copy() if self._person_dim else None,
                )
            )

    def _take(self, number: int, mark: PendingMark | None) -> Awaiting:
        one = self._waiting.pop(number)
        del self._number_of[one.person]
        if mark is not None:
            mark.changes.append((number, one))
        return one
