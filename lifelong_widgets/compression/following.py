"""What a live model has touched since a copy was made, and bringing the copy up to date."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.linear import CompactLinear
from lifelong_widgets.compression.tables import CompactTable
from lifelong_widgets.memory import EpisodicMemory, Gate
from lifelong_widgets.memory.ledger import Ledger
from lifelong_widgets.memory.linear import LinearMemory

Rows = NDArray[np.int64]
_ALL = None


class Touched:
    """Which rows of what the steps of an engine have touched; it is told the mark of each.

    A ledger says what a step is about to write, row by row, so that it can be taken back. The same rows are
    what a copy has to look at again. It keeps sets of them, whose size is that of what was touched, not of
    how often.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Nothing was touched since."""
        self.dense = False
        self.n_users = sys.maxsize
        self.of_owners: dict[tuple[int, str], set[int] | None] = {}
        self.emptied: dict[int, list[int]] = {}
        self._moved: set[int] = set()
        self._described: set[int] = set()
        self._valued: set[int] = set()
        self._people: set[int] = set()

    def note(self, mark: Any, n_people: int) -> None:
        """A step was taken, or is about to be taken back.

        Args:
            mark: an `engine.Mark` that the step was given.
            n_people: how many histories there are.
        """
        self.dense = self.dense or bool(mark.step.rows)
        for rows, _, _ in mark.step.rows:
            self._moved.update(rows.tolist())
        for _, rows, _ in mark.step.content:
            self._described.update(rows.tolist())
        for rows, _, _ in [] if mark.value is None else mark.value.step.rows:
            self._valued.update(rows.tolist())
        self.n_users = min(self.n_users, mark.n_users)
        self._people.update(mark.histories.rows, range(mark.histories.n, n_people))
        self._note_writes(mark.memory)

    def person(self, person: int, n_users: int) -> None:
        """The copy itself has taken in something about a person, when it knew so many."""
        self._people.add(person)
        self.n_users = min(self.n_users, n_users)

    def items(self, n: int) -> tuple[Rows, Rows]:
        """Whose embeddings were moved, and whose content was written, of `n` items; ascending."""
        return _below(self._moved, n), _below(self._described, n)

    def valued(self, n: int) -> Rows:
        """Whose rows were moved by the values, of `n` items; ascending."""
        return _below(self._valued, n)

    def rows_of(self, owner: object, name: str) -> Rows:
        """Which rows of an attribute that is written row by row were; ascending."""
        return _below(self.of_owners.get((id(owner), name)) or (), sys.maxsize)

    def people(self, n: int) -> Rows:
        """Of whom something has happened, of `n` people; ascending."""
        return _below(self._people, n)

    def _note_writes(self, ledger: Ledger) -> None:
        for owner, name, index in ledger.writes():
            key = id(owner), name
            if isinstance(index, tuple) and isinstance(index[0], slice):  # a column of the linear memory
                self.emptied.setdefault(id(owner), []).append(int(index[1]))
                continue
            rows = index[0] if isinstance(index, tuple) else index
            if rows is None:
                self.of_owners[key] = _ALL
            elif (known := self.of_owners.setdefault(key, set())) is not None:
                known.update(rows.tolist() if isinstance(rows, np.ndarray) else (int(rows),))


class Twin:
    """The small parts, tables and linear weights of a copy, each beside what it is a copy of."""

    def __init__(self, live: Any, memory: EpisodicMemory, gate: Gate) -> None:
        self._pairs: dict[int, tuple[Any, Any]] = {}
        of_live, own = live.memory.members, memory.members
        pairs: list[tuple[Any, Any]] = [(part, own[name]) for name, part in of_live.items()]
        pairs += [(part, gate.members[name]) for name, part in live.gate.members.items()]
        pairs += [(part, memory.tables[name]) for name, part in live.memory.tables.items()]
        pairs += [(live.memory.linear.slots, memory.linear.slots)]
        for part, twin in pairs:
            self._pairs[id(part)] = part, twin

    def follow(self, touched: Touched) -> int:
        """Be what the live parts are, in the rows that were touched; how many rows that were."""
        n, weights = 0, np.zeros(0, dtype=np.int64)
        emptied: list[int] = []
        linear: tuple[LinearMemory, CompactLinear] | None = None
        for (owner, name), rows in touched.of_owners.items():
            if owner not in self._pairs:
                continue
            part, twin = self._pairs[owner]
            if isinstance(twin, CompactLinear):
                linear = part, twin
                if name == "_weights":
                    weights = np.union1d(weights, _below(rows or (), len(part.slots)))
                    emptied = touched.emptied.get(owner, [])
            elif isinstance(twin, CompactTable):
                if name == "_neighbors":
                    changed = _below(rows or (), len(part))
                    twin.copy_rows(part, changed)
                    n += len(changed)
            else:
                n += _copied(part, twin, name, rows)
        if linear is not None:  # once its places are known
            linear[1].copy_rows(linear[0], weights, emptied)
            n += len(weights)
        return n


def _copied(part: Any, twin: Any, name: str, rows: set[int] | None) -> int:
    """Make an attribute of `twin` what it is in `part`, in some rows or all of it."""
    source, into = getattr(part, name), getattr(twin, name)
    if rows is _ALL or source.shape != into.shape:
        setattr(twin, name, copy.copy(source))
        return 0
    places = _below(rows, len(source))
    into[places] = source[places]
    return len(places)


def _below(rows: Iterable[int], n: int) -> Rows:
    found = np.fromiter(rows, dtype=np.int64)
    found.sort()
    return found[: np.searchsorted(found, n)]
