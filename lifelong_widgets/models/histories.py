"""What each person did: the recent past that the encoder reads, and all that they have consumed."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lifelong_widgets.errors import FormatError
from lifelong_widgets.models.clock import Clock

_INT32 = np.iinfo(np.int32)
_NUMBERS = {
    "items": "iuf",
    "rewards": "f",
    "kinds": "iu",
    "times": "f",
    "consumed": "iuf",
    "consumed_offsets": "iu",
}


@dataclass(frozen=True, slots=True)
class HistoriesMark:
    """What `Histories.revert` needs: the rows as they were, and what was consumed since."""

    n: int
    clock: Clock
    rows: dict[int, tuple[np.ndarray, ...]] = field(default_factory=dict)
    consumed: list[tuple[int, int]] = field(default_factory=list)


class Histories:
    """The last `length` events of each person, and the set of items that each has consumed.

    Preallocated arrays that double when full: a new event costs O(`length`), whatever lies behind. A consumed
    item takes four bytes. A person is an index from 0; one that was never seen reads as an empty history and
    takes no row.

    Example:
        >>> histories = Histories(length=3)
        >>> histories.append(user=0, item=7, reward=1.0, kind=0, consumed=True, time=60.0)
        >>> histories.items_of(0).tolist(), histories.consumed_by(0).tolist(), histories.clock
        ([7, 0, 0], [7], 60.0)
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self._n = 0
        self._items = np.zeros((0, length), dtype=np.int32)
        self._rewards = np.zeros((0, length), dtype=np.float32)
        self._kinds = np.zeros((0, length), dtype=np.int16)
        self._times = np.zeros((0, length))
        self._clock = Clock()
        # sorted, so that "already?" is a bisection: a set takes ten times the memory
        self._consumed: list[array[int]] = []

    def __len__(self) -> int:
        return self._n

    @property
    def clock(self) -> float:
        """The latest time that events had, seconds; 0 if none had any. See `Clock`."""
        return self._clock.now

    def moments(self, times: Iterable[float | None]) -> list[float | None]:
        """What is believed of when events happen that come in this order; None for the moment of the clock.

        >>> histories = Histories(length=3)
        >>> histories.append(user=0, item=7, reward=1.0, kind=0, consumed=True, time=60.0)
        >>> histories.moments([90.0, None, 4e9, 30.0])
        [90.0, None, None, 30.0]
        """
        clock, believed = self._clock, []
        for time in times:
            moment, clock = clock.read(time)
            believed.append(moment)
        return believed

    def items_of(self, user: int | None) -> np.ndarray:
        """The items of a person's recent events, (length,), int64, the most recent first, then zeros."""
        if user is None or user >= self._n:
            return np.zeros(self.length, dtype=np.int64)
        row: np.ndarray = self._items[user].astype(np.int64)
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

    def times_of(self, user: int | None) -> np.ndarray:
        """When they happened, (length,), float64, seconds, then zeros."""
        if user is None or user >= self._n:
            return np.zeros(self.length)
        row: np.ndarray = self._times[user]
        return row

    def consumed_by(self, user: int | None) -> np.ndarray:
        """All items that a person has consumed, each once, int64, ascending."""
        if user is None or user >= self._n or not self._consumed[user]:
            return np.zeros(0, dtype=np.int64)
        return np.frombuffer(self._consumed[user], dtype=np.int32).astype(np.int64)

    def n_consumed(self, user: int) -> int:
        """How many items a person has consumed."""
        return len(self._consumed[user]) if user < self._n else 0

    def append(
        self,
        user: int,
        item: int,
        reward: float,
        kind: int,
        consumed: bool,
        time: float | None = None,
        mark: HistoriesMark | None = None,
    ) -> None:
        """Add an event; people up to `user` get a row if they have none.

        One without a `time`, or with one that is not believed, happens when the clock says. `mark` can then
        take it back.
        """
        self._reserve(user + 1)
        believed, clock = self._clock.read(time)
        now = self._clock.now if believed is None else believed
        if mark is not None and user < mark.n and user not in mark.rows:
            mark.rows[user] = tuple(column[user].copy() for column in self._columns())
        for column, value in zip(self._columns(), (item, reward, kind, now), strict=True):
            column[user, 1:] = column[user, :-1]
            column[user, 0] = value
        self._clock = clock
        if consumed:
            items = self._consumed[user]
            place = bisect_left(items, item)
            if place == len(items) or items[place] != item:
                items.insert(place, item)
                if mark is not None and user < mark.n:
                    mark.consumed.append((user, item))

    def mark(self) -> HistoriesMark:
        """A place to come back to: hand it to each `append` from now on, then to `revert`. Costs O(1).

        Example:
            >>> histories = Histories(length=3)
            >>> mark = histories.mark()
            >>> histories.append(0, 7, 1.0, 0, True, mark=mark)
            >>> histories.revert(mark)
            >>> len(histories)
            0
        """
        return HistoriesMark(self._n, self._clock)

    def revert(self, mark: HistoriesMark) -> None:
        """Take back, bit for bit, every event since `mark`, which each of them was given; newest mark first.

        Costs what these events cost. The mark is spent.
        """
        for user, item in mark.consumed:
            items = self._consumed[user]
            items.pop(bisect_left(items, item))
        for user, rows in mark.rows.items():
            for column, row in zip(self._columns(), rows, strict=True):
                column[user] = row
        for column in self._columns():
            column[mark.n : self._n] = 0
        self._clock = mark.clock
        del self._consumed[mark.n :]
        self._n = mark.n

    def copy_people(self, other: Histories, people: np.ndarray) -> None:
        """Be what `other` is in the histories of `people`, in how many there are, and in the clock."""
        self._reserve(len(other))
        for column, source in zip(self._columns(), other._columns(), strict=True):
            column[people] = source[people]
            column[len(other) :] = 0
        for person in people.tolist():
            self._consumed[person] = array("i", other._consumed[person])
        del self._consumed[len(other) :]
        self._n, self._clock = len(other), other._clock

    def copy(self) -> Histories:
        """An independent copy."""
        twin = Histories(self.length)
        twin.set_state(self.get_state())
        return twin

    def get_state(self) -> dict[str, Any]:
        """Everything, as arrays and a number; the consumed items are one array, ascending for each person."""
        sizes = np.fromiter(map(len, self._consumed), dtype=np.int64, count=self._n)
        return {
            "items": self._items[: self._n].copy(),
            "rewards": self._rewards[: self._n].copy(),
            "kinds": self._kinds[: self._n].copy(),
            "times": self._times[: self._n].copy(),
            "clock": self._clock.now,
            **({} if self._clock.claim is None else {"claim": self._clock.claim}),
            "consumed": np.array(array("i", b"".join(self._consumed)), dtype=np.int32),
            "consumed_offsets": np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)]),
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Take a state back, also one whose consumed items are in the order in which they were.

        Raises:
            FormatError: the arrays do not fit each other, or hold what no item can be; nothing was changed.
        """
        if "times" not in state:  # nobody asked when, in files of before version 3
            state = {**state, "times": np.zeros(state["items"].shape), "clock": 0.0}
        for name, kinds_of_number in _NUMBERS.items():
            if not isinstance(state[name], np.ndarray) or state[name].dtype.kind not in kinds_of_number:
                raise FormatError(f"histories: {name} must be an array of numbers")
        items, rewards, kinds, times = (state[name] for name in ("items", "rewards", "kinds", "times"))
        flat, offsets = state["consumed"], state["consumed_offsets"]
        shape = (len(items), self.length)
        if any(column.shape != shape for column in (items, rewards, kinds, times)):
            raise FormatError(
                f"histories: items, rewards, kinds and times have shapes {items.shape}, {rewards.shape}, "
                f"{kinds.shape} and {times.shape}, expected {shape} each"
            )
        if not (np.isfinite(rewards).all() and np.isfinite(times).all()):
            raise FormatError("histories: a reward or a time is not finite")
        clock = Clock(state["clock"], state.get("claim"))
        for time in (clock.now, 0.0 if clock.claim is None else clock.claim):
            if not isinstance(time, float) or not np.isfinite(time):
                raise FormatError(f"histories: the clock stands at {time!r:.40}, which is no time")
        ends_fit = (
            flat.ndim == 1
            and offsets.shape == (len(items) + 1,)
            and offsets[0] == 0
            and offsets[-1] == len(flat)
        )
        if not ends_fit or (np.diff(offsets) < 0).any():
            raise FormatError("histories: the offsets of the consumed items do not fit them")
        for name in ("items", "consumed"):
            _refuse_unless_indices(state[name], name)
        owners = np.repeat(np.arange(len(items)), np.diff(offsets))
        flat = flat[np.lexsort((flat, owners))].astype(np.int32)
        if ((flat[1:] == flat[:-1]) & (owners[1:] == owners[:-1])).any():
            raise FormatError("histories: an item was consumed twice by the same person")
        self._items, self._rewards = items.astype(np.int32), rewards.astype(np.float32)
        self._kinds, self._times = kinds.astype(np.int16), times.astype(np.float64)
        self._n, self._clock = len(items), clock
        self._consumed = [array("i", part.tobytes()) for part in np.split(flat, offsets[1:-1])][: self._n]

    def _columns(self) -> tuple[np.ndarray, ...]:
        return self._items, self._rewards, self._kinds, self._times

    def _reserve(self, n: int) -> None:
        if n > len(self._items):
            capacity = max(n, 2 * len(self._items), 16)
            for name in ("_items", "_rewards", "_kinds", "_times"):
                old = getattr(self, name)
                new = np.zeros((capacity, self.length), dtype=old.dtype)
                new[: self._n] = old[: self._n]
                setattr(self, name, new)
        while self._n < n:
            self._consumed.append(array("i"))
            self._n += 1


def _refuse_unless_indices(indices: np.ndarray, name: str) -> None:
    whole = np.issubdtype(indices.dtype, np.integer)
    if not whole or (indices.size and not 0 <= indices.min() <= indices.max() <= _INT32.max):
        raise FormatError(f"histories: {name} must be indices of items: integers from 0 to {_INT32.max}")
