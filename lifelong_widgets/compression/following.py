"""What a live model has touched since a copy was made, and bringing the copy up to date."""

from __future__ import annotations

import copy
import sys
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.linear import CompactLinear
from lifelong_widgets.compression.tables import CompactTable
from lifelong_widgets.compression.teaching import TuningSteps
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
        self._parts: dict[int, tuple[object, str]] = {}
        self.clear()

    def watch(self, parts: Mapping[str, object]) -> None:
        """Note from now on what these write, each under its name; what others write is nobody's here.

        It holds them, so that no other object can come to stand for one of them.
        """
        self._parts = {id(part): (part, name) for name, part in parts.items()}

    def clear(self) -> None:
        """Nothing was touched since."""
        self.dense = False
        self.n_users = sys.maxsize
        self.of_parts: dict[tuple[str, str], set[int] | None] = {}
        self.emptied: dict[str, list[int]] = {}
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
        for moved in mark.step.rows:
            self._moved.update(moved.indices.tolist())
        for _, rows, _ in mark.step.content:
            self._described.update(rows.tolist())
        for moved in [] if mark.value is None else mark.value.step.rows:
            self._valued.update(moved.indices.tolist())
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

    def rows_of(self, part: str, attribute: str) -> Rows:
        """Which rows of what a part keeps row by row were written; ascending."""
        return _below(self.of_parts.get((part, attribute)) or (), sys.maxsize)

    def people(self, n: int) -> Rows:
        """Of whom something has happened, of `n` people; ascending."""
        return _below(self._people, n)

    def _note_writes(self, ledger: Ledger) -> None:
        for owner, attribute, index in ledger.writes():
            part, name = self._parts.get(id(owner), (None, ""))
            if part is not owner:
                continue
            if isinstance(index, tuple) and isinstance(index[0], slice):  # a column of the linear memory
                self.emptied.setdefault(name, []).append(int(index[1]))
                continue
            rows = index[0] if isinstance(index, tuple) else index
            key = name, attribute
            if rows is None:
                self.of_parts[key] = _ALL
            elif (known := self.of_parts.setdefault(key, set())) is not None:
                known.update(rows.tolist() if isinstance(rows, np.ndarray) else (int(rows),))


def parts_of(memory: EpisodicMemory, gate: Gate) -> dict[str, object]:
    """What keeps notes of its writes, under names that are the same for a live model and for its copy."""
    parts: dict[str, object] = {f"memory/{name}": part for name, part in memory.members.items()}
    parts |= {f"gate/{name}": part for name, part in gate.members.items()}
    parts |= {f"table/{name}": part for name, part in memory.tables.items()}
    return parts | {"slots": memory.linear.slots}


class Twin:
    """The small parts, tables and linear weights of a copy, each beside what it is a copy of."""

    def __init__(self, live: Mapping[str, object], own: Mapping[str, object]) -> None:
        self._pairs: dict[str, tuple[Any, Any]] = {name: (part, own[name]) for name, part in live.items()}

    def follow(self, touched: Touched, steps: TuningSteps) -> int:
        """Be what the live parts are, in the rows that were touched; how many rows that were.

        `steps` are told of each step of what is tuned again.
        """
        n, weights = 0, np.zeros(0, dtype=np.int64)
        emptied: list[int] = []
        linear: tuple[LinearMemory, CompactLinear] | None = None
        for name, columns in touched.emptied.items():  # also where no row was written beside the column
            part, twin = self._pairs[name]
            linear, emptied = (part, twin), columns
        for (name, attribute), rows in touched.of_parts.items():
            part, twin = self._pairs[name]
            if isinstance(twin, CompactLinear):
                linear = part, twin
                if attribute == part.NOTED:
                    weights = np.union1d(weights, _below(rows or (), len(part.slots)))
            elif isinstance(twin, CompactTable):
                if attribute == part.NOTED:
                    changed = _below(rows or (), len(part))
                    twin.copy_rows(part, changed)
                    n += len(changed)
            else:
                n += _copied(part, twin, attribute, rows)
        if linear is not None:  # once its places are known
            linear[1].copy_rows(linear[0], weights, emptied, steps)
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
