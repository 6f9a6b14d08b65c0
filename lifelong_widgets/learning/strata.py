"""Keeping every group's share of a buffer as even as the stream allows."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field

import numpy as np

from lifelong_widgets.errors import FormatError


@dataclass(frozen=True, slots=True)
class StrataMark:
    """What `Strata.revert` needs: the groups of the slots that changed hands, and what was counted since."""

    owners: dict[int, int] = field(default_factory=dict)
    counted: list[int] = field(default_factory=list)
    filled: list[int] = field(default_factory=list)


class Strata:
    """Class-balancing reservoir sampling: which slot an example of a group takes when all are filled.

    A group that was never among the largest takes a slot of one of the largest, drawn at random. One that was
    is *full*, and keeps a uniform sample of its own: its t-th example takes one of its own m slots with
    probability m / t. So a rare group is kept whole, and a common one is sampled.
    Chrysakis and Moens (2020), "Online continual learning from imbalanced data", algorithm 1.

    Groups are indices from 0, such as those of items or people. Everything costs O(log n) and the shifting of
    a short list; what is drawn depends on the slots' owners and the counts only, not on how they came about.

    >>> strata = Strata(capacity=2)
    >>> for slot in (0, 1):
    ...     strata.count(7)
    ...     strata.put(slot, 7)
    >>> strata.count(3)
    >>> strata.slot_for(3, np.random.default_rng(0)) in (0, 1)
    True
    """

    def __init__(self, capacity: int) -> None:
        # in plain numbers: to read or to write one in an array costs several times as much
        self._owner = [-1] * capacity
        self._slots: dict[int, list[int]] = {}
        self._groups_of_size: dict[int, list[int]] = {}
        self._largest = 0
        self._n_seen: dict[int, int] = {}  # by group
        self._full: set[int] = set()  # groups that were among the largest once, and have lost a slot since

    def count(self, group: int, mark: StrataMark | None = None) -> None:
        """Say that an example of `group` has come. `mark` can then take it back."""
        self._n_seen[group] = self._n_seen.get(group, 0) + 1
        if mark is not None:
            mark.counted.append(group)

    def slot_for(self, group: int, rng: np.random.Generator, mark: StrataMark | None = None) -> int | None:
        """The slot that the example of `group` just counted takes from another one; None to let it go by."""
        own = self._slots.get(group, ())
        if group in self._full or len(own) == self._largest:
            place = int(rng.random() * self._n_seen[group])
            return own[place] if place < len(own) else None
        largest = self._groups_of_size[self._largest]
        victim = largest[int(rng.random() * len(largest))]
        if victim not in self._full:
            self._full.add(victim)
            if mark is not None:
                mark.filled.append(victim)
        slots = self._slots[victim]
        return slots[int(rng.random() * len(slots))]

    def put(self, slot: int, group: int, mark: StrataMark | None = None) -> None:
        """Let `slot`, whoever had it, belong to `group`."""
        if mark is not None:
            mark.owners.setdefault(slot, self._owner[slot])
        self._move(slot, group)

    def revert(self, mark: StrataMark) -> None:
        """Take back, bit for bit, all that `mark` was given to; of several marks the newest first."""
        for slot, owner in mark.owners.items():
            self._move(slot, owner)
        for group in mark.counted:
            self._n_seen[group] -= 1
            if not self._n_seen[group]:
                del self._n_seen[group]
        self._full.difference_update(mark.filled)

    @property
    def n_slots(self) -> int:
        """How many slots have an owner."""
        return len(self._owner) - self._owner.count(-1)

    def get_state(self) -> dict[str, np.ndarray]:
        """The owners of the filled slots, the groups that were seen, how often, and whether they are full."""
        owner, groups = np.array(self._owner, dtype=np.int64), sorted(self._n_seen)
        return {
            "owner": owner[owner >= 0],
            "groups": np.array(groups, dtype=np.int64),
            "n_seen": np.array([self._n_seen[group] for group in groups], dtype=np.int64),
            "full": np.array([group in self._full for group in groups], dtype=np.uint8),
        }

    def set_state(self, state: dict[str, np.ndarray]) -> None:
        """Take a state back.

        Raises:
            FormatError: the arrays do not fit each other.
        """
        owner, groups, n_seen, full = (state[name] for name in ("owner", "groups", "n_seen", "full"))
        whole = all(
            isinstance(part, np.ndarray) and part.dtype.kind in "iu" for part in (owner, groups, n_seen, full)
        )
        if not whole or len(owner) > len(self._owner) or not len(groups) == len(n_seen) == len(full):
            raise FormatError("replay buffer: the strata do not fit each other or the capacity")
        if len(groups) and (groups.min() < 0 or groups.max() > 2**31 or (np.diff(groups) <= 0).any()):
            raise FormatError("replay buffer: the groups of the strata must be indices in order")
        kept = np.unique(owner, return_counts=True)
        if not np.isin(kept[0], groups).all() or (n_seen[np.searchsorted(groups, kept[0])] < kept[1]).any():
            raise FormatError("replay buffer: the strata hold more examples than were seen")
        for slot in range(len(self._owner)):
            self._move(slot, -1)
        # a count of 0 is as good as none
        self._n_seen = dict(zip(groups[n_seen > 0].tolist(), n_seen[n_seen > 0].tolist(), strict=True))
        self._full = set(groups[(n_seen > 0) & (full > 0)].tolist())
        for slot, group in enumerate(owner.tolist()):
            self._move(slot, group)

    def _move(self, slot: int, group: int) -> None:
        before = self._owner[slot]
        if before == group:
            return
        if before >= 0:
            slots = self._slots[before]
            self._resize(before, len(slots), len(slots) - 1)
            del slots[bisect_left(slots, slot)]
            if not slots:
                del self._slots[before]
        if group >= 0:
            slots = self._slots.setdefault(group, [])
            self._resize(group, len(slots), len(slots) + 1)
            insort(slots, slot)
        self._owner[slot] = group

    def _resize(self, group: int, before: int, after: int) -> None:
        if before:
            groups = self._groups_of_size[before]
            del groups[bisect_left(groups, group)]
            if not groups:
                del self._groups_of_size[before]
        if after:
            insort(self._groups_of_size.setdefault(after, []), group)
        if after > self._largest:
            self._largest = after
        elif before == self._largest and before not in self._groups_of_size:
            self._largest = before - 1  # where this group is now, or nobody
