"""Reading the tables of an open journal, in pages, so that nobody waits for a reader to end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from lifelong_widgets.data import Id, SocialGraph
from lifelong_widgets.data.ids import LONGEST_ID
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.journal.entries import COLUMNS, Entry, Op, Row, checksum, entry_of, from_json
from lifelong_widgets.journal.ranges import IdRanges
from lifelong_widgets.journal.schema import attachment, own_error
from lifelong_widgets.journal.tombstones import Tombstone

_PAGE = 256  # rows; no statement stays open between two pages, and so no reader holds up `scrub`
_SELECT = f"SELECT {', '.join(COLUMNS)} FROM entries"
OF_USER = "(user = :user OR (item = :user AND kind IS NULL))"
"""Which entries hold a person: as who did something, as who follows, as who is followed."""

Values = Sequence[Any] | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Profile:
    """How many events there are, those taken back too, and whether any id of a user, an item is a string."""

    n_events: int
    text_users: bool
    text_items: bool


class Log:
    """What an open journal holds.

    Args:
        connection: gives the connection, or raises if it may not be used (closed, or in a forked child).
        path: of the file, for messages.
    """

    def __init__(self, connection: Callable[[], sqlite3.Connection], path: Path) -> None:
        self._connection, self._path = connection, path
        self._known_back, self._newest_undo = IdRanges(), 0

    def last_id(self) -> int:
        """The id of the last entry, or 0."""
        return int(self._value("SELECT max(id) FROM entries") or 0)

    def n_items(self) -> int:
        """How many items there are."""
        last = self._value("SELECT max(position) FROM items")
        return 0 if last is None else int(last) + 1

    def items(self, start: int, stop: int) -> Iterator[dict[str, Any]]:
        """The records of the items at the places from `start` up to, not including, `stop`."""
        place = start
        while place < stop:
            rows = self._rows(
                "SELECT position, record, checksum FROM items WHERE position >= ? AND position < ? "
                "ORDER BY position LIMIT ?",
                (place, stop, _PAGE),
            )
            for row in rows:
                yield self._record(row, place)
                place += 1
            if not rows:
                raise FormatError(f"{self._path} is damaged: the item at place {place} is missing")

    def entries(self, after: int, until: int) -> Iterator[Entry]:
        """The entries with ids above `after` and up to `until`, in order.

        Raises:
            LifelongWidgetsError: somebody was forgotten while they were read, so that half of what was given
                out may know the person and the rest not.
        """
        forgotten = self._last_of(Op.FORGET)
        while after < until:
            rows = self._rows(
                f"{_SELECT} WHERE id > ? AND id <= ? ORDER BY id LIMIT ?", (after, until, _PAGE)
            )
            if self._last_of(Op.FORGET) != forgotten:
                raise LifelongWidgetsError(
                    f"somebody was erased from {self._path} while it was read; read again"
                )
            if not rows:
                return
            for row in rows:
                if not row[0] > after:  # a forged tree, which could lead round and round
                    raise FormatError(
                        f"{self._path} is damaged at entry {row[0]}: it comes after entry {after}"
                    )
                after = row[0]
                yield entry_of(row, str(self._path))

    def acts(self, op: Op, until: int) -> list[Entry]:
        """The entries of an op that is no event, up to `until`; found without reading the events."""
        rows = self._rows(
            f"{_SELECT} WHERE op = ? AND user IS NULL AND id <= ? ORDER BY id", (op.value, until)
        )
        return [entry_of(row, str(self._path)) for row in rows]

    def taken_back(self, until: int) -> IdRanges:
        """The ids of the events that UNDO entries up to `until` take back."""
        return IdRanges(
            pair for entry in self.acts(Op.UNDO, until) for pair in (entry.body or {})["taken_back"]
        )

    def _taken_back_so_far(self) -> IdRanges:
        """`taken_back` of the whole log. What was read of it stays: only the UNDOs since are read again."""
        rows = self._rows(
            f"{_SELECT} WHERE op = ? AND user IS NULL AND id > ? ORDER BY id",
            (Op.UNDO.value, self._newest_undo),
        )
        for entry in (entry_of(row, str(self._path)) for row in rows):
            self._known_back.add((entry.body or {})["taken_back"])
            self._newest_undo = entry.id
        return self._known_back

    def tombstones(self) -> list[Tombstone]:
        """Who was forgotten, in order."""
        entries = self.acts(Op.FORGET, self.last_id())
        return [Tombstone(entry.id, entry.recorded, **(entry.body or {})) for entry in entries]

    def batch_size_of(self, call: int) -> int:
        """The batch size of the LEARN_MANY entry `call`."""
        entry = self.entry(call)
        if entry is None or entry.op is not Op.LEARN_MANY:
            raise FormatError(f"{self._path} is damaged: entry {call} is not the learn_many it should be")
        return int((entry.body or {})["batch_size"])

    def entry(self, id: int) -> Entry | None:
        """One entry, or None if there is none with this id."""
        rows = self._rows(f"{_SELECT} WHERE id = ?", (id,))
        return entry_of(rows[0], str(self._path)) if rows else None

    def attachment(self, entry: int) -> bytes | None:
        """What was kept beside an entry, or None."""
        try:
            return attachment(self._connection(), entry, self._path)
        except sqlite3.Error as error:
            raise own_error(error, self._path) from error

    def checksum_of(self, id: int) -> int:
        """The checksum of an entry; 0 if there is none."""
        return int(self._value("SELECT checksum FROM entries WHERE id = ?", (id,)) or 0)

    def last_events(self, n: int) -> list[Entry]:
        """The last `n` events since the last FIT that were not taken back, newest first."""
        at, end = self.last_id() + 1, self._last_of(Op.FIT)
        taken_back = self._taken_back_so_far()
        found: list[Entry] = []
        while len(found) < n:
            rows = self._rows(
                f"{_SELECT} WHERE id < ? AND id > ? AND kind IS NOT NULL ORDER BY id DESC LIMIT ?",
                (at, end, _PAGE),
            )
            if not rows:
                break
            at = rows[-1][0]
            counted = (row for row in rows if row[0] not in taken_back)
            found += [entry_of(row, str(self._path)) for row in islice(counted, min(n - len(found), _PAGE))]
        return found

    def has_event(self, event: str) -> bool:
        """Whether an event has the `Feedback.id` `event`; what cannot be one, none has."""
        if type(event) is not str or len(event) > LONGEST_ID:
            return False
        try:
            return self._value("SELECT 1 FROM entries WHERE event = ?", (event,)) is not None
        except UnicodeEncodeError:  # no file can hold it
            return False

    def of_user(self, user: Id) -> tuple[int, int | None]:
        """How many events `user` has and edges from and to them, and the id of the first. Reads it all."""
        count, first = self._rows(f"SELECT count(*), min(id) FROM entries WHERE {OF_USER}", {"user": user})[0]
        return count, first

    def graph(self, until: int) -> SocialGraph:
        """Who follows whom at `until`. Reads the whole log."""
        found, after = SocialGraph(), 0
        while rows := self._rows(
            f"{_SELECT} WHERE id > ? AND id <= ? AND kind IS NULL AND user IS NOT NULL ORDER BY id LIMIT ?",
            (after, until, _PAGE),
        ):
            for entry in (entry_of(row, str(self._path)) for row in rows):
                if entry.edge is None or entry.id <= after:
                    raise FormatError(f"{self._path} is damaged at entry {entry.id}: it is no edge")
                after = entry.id
                try:
                    if entry.op is Op.FOLLOW:
                        found.add(*entry.edge)
                    else:
                        found.remove(*entry.edge[:2])
                except DataError as error:
                    raise FormatError(f"{self._path} is damaged at entry {entry.id}: {error}") from None
        return found

    def profile(self, until: int) -> Profile:
        """What is known of the events up to `until` without reading them in."""
        counted = self._rows(
            "SELECT count(*), sum(typeof(user) = 'text'), sum(typeof(item) = 'text') FROM entries "
            "WHERE kind IS NOT NULL AND id <= ?",
            (until,),
        )[0]
        return Profile(counted[0], bool(counted[1]), bool(counted[2]))

    def _last_of(self, op: Op) -> int:
        return int(self._value("SELECT max(id) FROM entries WHERE op = ? AND user IS NULL", (op.value,)) or 0)

    def _record(self, row: Row, place: int) -> dict[str, Any]:
        position, text, written = row
        try:
            if written != checksum((position, text)):
                raise ValueError("its checksum is wrong")
            record = from_json(text)
            if position != place or type(record) is not dict or "item" not in record:
                raise ValueError("it is no item, or another one is missing")
        except (DataError, TypeError, ValueError) as error:
            raise FormatError(f"{self._path} is damaged at item {position!r:.80}: {error}") from None
        return record

    def _value(self, query: str, values: Values = ()) -> Any:
        rows = self._rows(query, values)
        return rows[0][0] if rows else None

    def _rows(self, query: str, values: Values = ()) -> list[Any]:
        try:
            return self._connection().execute(query, values).fetchall()
        except sqlite3.Error as error:
            raise own_error(error, self._path) from error
