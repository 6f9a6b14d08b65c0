"""The journal: a folder that one writer appends to and anybody may read."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, cast, get_args

from lifelong_widgets.data import Feedback, FeedbackKinds, Id, Interactions, Item, SocialGraph
from lifelong_widgets.data.display import listing
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.data.social import Edge
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.files import as_path, remove_leftovers, replacing, sync_file, sync_folder
from lifelong_widgets.journal import schema
from lifelong_widgets.journal.checkpoints import Checkpoints
from lifelong_widgets.journal.digest import digest_of
from lifelong_widgets.journal.entries import EVENT_OPS, Entry, Op, Row, body_row, edge_row, event_row
from lifelong_widgets.journal.export import export
from lifelong_widgets.journal.lock import WriterLock
from lifelong_widgets.journal.log import OF_USER, Log
from lifelong_widgets.journal.pseudonyms import Pseudonyms
from lifelong_widgets.journal.ranges import IdRanges
from lifelong_widgets.journal.steps import Step, steps_of
from lifelong_widgets.journal.tombstones import Tombstone, tombstone_body
from lifelong_widgets.progress import ProgressCallback

CHECKPOINTS = "checkpoints"
_OURS = {CHECKPOINTS, "lock", "lock.holder", "pseudonyms.key"}
"""The name of the folder of checkpoints within that of the journal."""


class Journal:
    """An append-only log of everything that was asked of a model, with the items that it knows.

    Made by `create` or `open`; a context manager that closes it. One object of one process may write,
    any number may read meanwhile, in this process and in others. One thread at a time may use an object, and
    no child that is forked may: SQLite takes the parent's locks for the child's own.

    What is promised: an entry whose transaction has ended is there after the process is killed at any
    moment. With ``synchronous="FULL"`` it is there after a power failure as well; with ``"NORMAL"`` (the
    default, and several times as fast) a power failure may cost the last transactions, though never the
    order or the wholeness of the others. What `sync` has waited for is safe with both.

    Attributes:
        folder: where it is.
        read_only: whether it was opened to read.
        genesis: what the model was before the first entry, as `create` was given it.
        closed: whether `close` was called.

    >>> import tempfile
    >>> shop = tempfile.TemporaryDirectory()
    >>> journal = Journal.create(Path(shop.name) / "shop.lw", {"seed": 0}, [Item("b1", "Fog")])
    >>> with journal.transaction():
    ...     journal.append_event(Op.LEARN, Feedback("ada", "b1"))
    1
    >>> [step.feedback.user for step in journal.steps()]
    ['ada']
    >>> journal.close()
    >>> shop.cleanup()
    """

    def __init__(
        self,
        folder: Path,
        lock: WriterLock | None,
        synchronous: schema.Synchronous,
    ) -> None:
        """Use `create` or `open`, which see to the lock."""
        self.folder, self.read_only, self.closed = folder, lock is None, False
        self._lock, self._path, self._pid = lock, folder / schema.FILE, os.getpid()
        self._db = schema.connect(self._path, self.read_only, synchronous)
        self._last_id = self._n_items = 0
        self._inode = self._path.stat().st_ino
        self._void: list[list[int]] = []
        self._remedy = ""
        try:
            self._log = Log(self._live, self._path)
            self._within = False
            meta = self._reload()
            self.genesis: dict[str, Any] = meta["genesis"]
            self._key_check: str | None = meta["pseudonyms"]
            self._pseudonyms = None if self.read_only or self._key_check is None else self._key()
        except BaseException:
            self._db.close()
            raise

    # ---- opening and closing -----------------------------------------------------------------------

    @staticmethod
    def exists(folder: str | os.PathLike[str]) -> bool:
        """Whether there is a journal in `folder`, which may not be there either."""
        return (as_path(folder) / schema.FILE).exists()

    @classmethod
    def create(
        cls,
        folder: str | os.PathLike[str],
        genesis: dict[str, Any],
        items: Iterable[Item],
        *,
        before: Callable[[], object] | None = None,
        synchronous: schema.Synchronous = "NORMAL",
        pseudonymize: bool = False,
    ) -> Journal:
        """A new journal in `folder`, which is made unless it is there. The first items have no entry.

        It is made aside and renamed: killed at any moment, there is no journal or the whole new one.

        Args:
            folder: Its parent must be there.
            genesis: What the model starts from, ready for JSON.
            items: The first items of the catalogue.
            before: Called when the folder is locked, to write what the journal cannot be without.
            synchronous: See `Journal`.
            pseudonymize: Whether people are written under pseudonyms, whose key lies beside the log.

        Raises:
            DataError: there is a journal already, or an argument cannot be written.
            JournalLockedError: another writer has it.
            LifelongWidgetsError: the system refuses.
        """
        folder = as_path(folder)
        _check_synchronous(synchronous)
        if not folder.parent.is_dir():
            raise FormatError(f"the folder {folder} could not be made: there is no folder {folder.parent}")
        try:
            folder.mkdir(exist_ok=True)
            sync_folder(folder.parent)
        except (OSError, ValueError) as error:  # ValueError: a null character
            raise LifelongWidgetsError(f"the folder {folder} could not be made: {error}") from error
        foreign = [file.name for file in folder.iterdir() if not _is_ours(file.name)]
        if foreign:
            raise DataError(
                f"{folder} holds other things, such as {listing(foreign, most=3)}; a journal has a "
                "folder of its own, which is made for it"
            )
        lock = WriterLock(folder)
        try:
            if cls.exists(folder):
                raise DataError(f"there is a journal in {folder} already; open it, or choose another folder")
            stray = folder / f"{schema.FILE}-wal"
            if (
                stray.exists()
            ):  # SQLite would lay it over the new file, and it may be all there is of an old one
                raise DataError(f"{stray} is there without its journal; put the two together, or remove it")
            remove_leftovers(folder)
            Checkpoints(folder / CHECKPOINTS).discard(0)  # of a journal that was killed before it began
            if before is not None:
                before()
            check = Pseudonyms.make(folder).check if pseudonymize else None
            with replacing(folder / schema.FILE) as aside:
                schema.write_new(aside, genesis, items, check)
            return cls(folder, lock, synchronous)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def open(
        cls,
        folder: str | os.PathLike[str],
        *,
        read_only: bool = False,
        synchronous: schema.Synchronous = "NORMAL",
    ) -> Journal:
        """The journal in `folder`.

        Opening to write checks the file, removes what killed writers left aside, and ends an erasure that was
        broken off before its `scrub` (unless a reader is in the way: then `unscrubbed` stays true).

        Raises:
            FormatError: there is none, or it is damaged, of a newer version, or something else.
            JournalLockedError: another writer has it.
            LifelongWidgetsError: the system refuses.
        """
        folder = as_path(folder)
        _check_synchronous(synchronous)
        if not cls.exists(folder):
            raise FormatError(f"there is no journal in {folder}; Recommender.open(path, catalog) begins one")
        if read_only:
            return cls(folder, None, synchronous)
        lock = WriterLock(folder)
        try:
            for place in (folder, folder / CHECKPOINTS):
                remove_leftovers(place)
            journal = cls(folder, lock, synchronous)
        except BaseException:
            lock.release()
            raise
        try:
            if journal.unscrubbed:
                journal._scrubbed()
        except BaseException:
            journal.close()
            raise
        return journal

    def close(self, remedy: str = "open it again") -> None:
        """Close it; a second time does nothing. `remedy` is what whoever uses it afterwards is told to do.

        In a forked child this only marks it as closed: the files belong to the parent.
        """
        if self.closed:
            return
        self.closed, self._remedy = True, remedy
        if os.getpid() != self._pid:
            return
        self._db.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        name = self.folder.name or str(self.folder)
        if self.closed or os.getpid() != self._pid:
            return f"<Journal {name}: closed>"
        n = self.last_id  # of the last entry; those of people who were forgotten are counted too
        entries = "1 entry" if n == 1 else f"{n:,} entries"
        return f"<Journal {name}: {entries}, {self.n_items:,} items{', read-only' if self.read_only else ''}>"

    # ---- writing -----------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """A context in which entries are appended: all of them are kept when it ends, or none if it raises.

        What an ``append`` raises has to leave the context too, so that nothing is half written.

        Raises:
            LifelongWidgetsError: within another one, or the journal is open to read, closed, or a forked
                process's; or the system refuses to write.
        """
        db = self._writable()
        if not self._in_place():
            raise LifelongWidgetsError(
                f"{self._path} was removed or replaced since it was opened; open it again"
            )
        if self._within:
            raise LifelongWidgetsError("a transaction of the journal cannot be opened within another one")
        self._within = True
        try:
            self._run(db.execute, "BEGIN IMMEDIATE")
            yield
            self._run(self._live().execute, "COMMIT")  # not in a child that was forked within the block
        except BaseException:
            if not self.closed and os.getpid() == self._pid:
                if db.in_transaction:
                    self._run(db.execute, "ROLLBACK")
                self._reload()  # a Ctrl-C may have come when the commit was already done
            raise
        finally:
            self._within = False

    def append_event(self, op: Op, feedback: Feedback, call: int | None = None) -> int:
        """Append one event and return its id. This is on the path of every click.

        Raises:
            DataError: an event that cannot be written, or whose `Feedback.id` is there already.
            LifelongWidgetsError: outside a transaction, or the system refuses.
        """
        id = self._last_id + 1
        self._insert(event_row(id, op, time.time(), self._named(feedback), call))
        self._last_id = id
        return id

    def append_events(self, feedbacks: Iterable[Feedback], call: int) -> None:
        """Append EVENT entries of the LEARN_MANY entry `call`.

        Raises:
            As `append_event`.
            DataError: `call` is no LEARN_MANY entry.
        """
        self._appendable()
        header = self._log.entry(call) if call in self else None
        if header is None or header.op is not Op.LEARN_MANY:
            raise DataError(f"entry {call!r:.80} is no learn_many entry, of which events could be part")
        self._insert_events(feedbacks, call)

    def append_fit(self, feedbacks: Iterable[Feedback], body: dict[str, Any]) -> int:
        """Append the EVENT entries of a fit and then its FIT entry, whose id is returned.

        Raises:
            As `append_event`.
        """
        events = feedbacks if isinstance(feedbacks, Sized) else list(feedbacks)
        call = self._last_id + len(events) + 1
        row = body_row(call, Op.FIT, time.time(), body)
        self._insert_events(events, call)
        self._insert(row)
        self._last_id = call
        return call

    def append_edges(self, op: Op, edges: Iterable[Edge]) -> None:
        """Append an entry for each edge: that it is there from now on (FOLLOW), or no longer (UNFOLLOW).

        Raises:
            As `append_event`.
        """
        now, id = time.time(), self._last_id
        self._run(schema.make_room_for_edges, self._appendable())

        def rows() -> Iterator[Row]:
            nonlocal id
            for edge in edges:
                id += 1
                named = Edge(self.pseudonym(edge.follower), self.pseudonym(edge.followed), edge.weight)
                yield edge_row(id, op, now, named)

        self._run(self._appendable().executemany, schema.INSERT, rows())
        self._last_id = id

    def append(self, op: Op, body: dict[str, Any]) -> int:
        """Append an entry that is no event, with the body that `Entry` describes, and return its id.

        Raises:
            DataError: another body.
            LifelongWidgetsError: as `append_event`.
        """
        id = self._last_id + 1
        self._insert(body_row(id, op, time.time(), body))
        self._last_id = id
        return id

    def append_items(self, items: Iterable[Item]) -> int:
        """Append items to the catalogue, and the ADD entry that says so, whose id is returned.

        Raises:
            As `append`.
        """
        start = self.n_items
        rows = list(schema.item_rows(items, start))
        self._run(self._appendable().executemany, schema.INSERT_ITEM, rows)
        self._n_items = start + len(rows)
        return self.append(Op.ADD, {"start": start, "stop": self._n_items})

    def attach(self, entry: int, data: bytes) -> None:
        """Keep `data` beside an entry: what its step had from elsewhere, such as from files.

        Raises:
            LifelongWidgetsError: as `append_event`.
        """
        self._run(schema.attach, self._appendable(), entry, data)

    def erase(self, user: Id) -> int:
        """Delete every event of `user` and edge from or to them, and append a tombstone, in one transaction.

        Returns the id of the tombstone. From then on the log is one without the person, and the checkpoints
        that the tombstone names are void. Their bytes are gone from the folder after `scrub`. Until then the
        journal holds a note, by which opening it to write ends what a crash broke off between the two.

        Raises:
            LifelongWidgetsError: as `transaction`.
        """
        user = self.pseudonym(user)
        with self.transaction():
            n_entries, first = self._log.of_user(user)
            body = tombstone_body(user, n_entries, first or self._last_id + 1)
            self._run(self._appendable().execute, f"DELETE FROM entries WHERE {OF_USER}", {"user": user})
            id = self.append(Op.FORGET, body)
            self._void = [*self._void, [int(body["first"]), id]]
            self._run(schema.set_meta, self._db, "unscrubbed", self._void)
        return id

    @property
    def unscrubbed(self) -> bool:
        """Whether bytes of somebody erased may still be in the folder, until `scrub`."""
        return bool(self._void)

    def scrub(self) -> None:
        """Leave nothing of those erased in the bytes of the folder: void checkpoints, log and its copies.

        Takes about as long as copying the log. What the file system has left on blocks that it has given
        back is out of reach.

        Raises:
            LifelongWidgetsError: somebody else is in the midst of a read for 5 s; `unscrubbed` stays true.
        """
        if not self._scrubbed():
            raise LifelongWidgetsError(
                f"{self._path} is being read, so that what was erased is still in its write-ahead log; "
                "call scrub() again when the reader is done"
            )

    def _scrubbed(self) -> bool:
        db = self._writable()
        if self._within:
            raise LifelongWidgetsError("scrub() cannot be called within a transaction")
        checkpoints = Checkpoints(self.folder / CHECKPOINTS)
        for first, stop in self._void:
            checkpoints.discard(first, stop)
        # secure_delete has overwritten the rows; but where SQLite had moved rows from page to page, copies
        # stay in the gaps. So the file is made anew from what remains, and the write-ahead log, which holds
        # every page as it was, is cut to nothing.
        self._run(db.execute, "VACUUM")
        busy, _, _ = self._run(db.execute, "PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            return False
        # Last: killed at any moment before this, all of it is done once more.
        self._run(schema.set_meta, db, "unscrubbed", [])
        self._void = []
        return True

    def sync(self) -> None:
        """Wait until every entry is on the disk, whatever `synchronous` is. May be called by any thread.

        To be called before a checkpoint is written: after a power failure a checkpoint must not be ahead of
        the log.
        """
        # Not through SQLite, which syncs its log only when there is something to move out of it. And only the
        # log: closing a second handle of a file that SQLite has locked gives its locks back, says POSIX.
        pending = self._path.with_name(f"{schema.FILE}-wal")
        try:
            with suppress(FileNotFoundError):  # nothing in it, or another thread has just closed the journal
                sync_file(pending)
            sync_folder(self.folder)
        except OSError as error:
            raise LifelongWidgetsError(f"{pending} could not be synced: {error}") from error

    # ---- reading -----------------------------------------------------------------------------------

    @property
    def last_id(self) -> int:
        """The id of the last entry, 0 if there is none. It never becomes smaller, unless rolled back."""
        return self._log.last_id() if self.read_only else self._last_id

    @property
    def n_items(self) -> int:
        """How many items there are."""
        return self._log.n_items() if self.read_only else self._n_items

    def items(self, start: int = 0, stop: int | None = None) -> Iterator[dict[str, Any]]:
        """The records of the items at these places, for `Catalog.from_records` and `Catalog.add`."""
        total = self.n_items
        return self._log.items(max(start, 0), total if stop is None else min(stop, total))

    def entries(self, after: int = 0, until: int | None = None) -> Iterator[Entry]:
        """The entries with ids above `after` and up to `until`, in order, read while they are taken.

        Raises:
            FormatError: a damaged one; the message names it.
            LifelongWidgetsError: somebody was forgotten meanwhile.
        """
        return self._log.entries(after, self._end(until))

    def __contains__(self, id: object) -> bool:
        """Whether there is an entry `id`."""
        return type(id) is int and 0 < id < 2**63 and self._log.entry(id) is not None

    def checksum_of(self, id: int) -> int:
        """The checksum of an entry, which also covers when it was recorded; 0 if there is none."""
        return self._log.checksum_of(id)

    def attachment(self, entry: int) -> bytes | None:
        """What was kept beside an entry, or None.

        Raises:
            FormatError: it is damaged.
        """
        return self._log.attachment(entry)

    def has_event(self, feedback_id: str) -> bool:
        """Whether an event with this `Feedback.id` is in the log, taken back or not."""
        return self._log.has_event(feedback_id)

    def acts(self, op: Op, until: int | None = None) -> list[Entry]:
        """The entries of an op that is no event, up to `until`, in order."""
        return self._log.acts(op, self._end(until))

    def last_events(self, n: int) -> list[Entry]:
        """The last `n` events that count, newest first: neither taken back, nor in a fit or before one.

        There may be fewer.
        """
        return self._log.last_events(n)

    def steps(
        self,
        after: int = 0,
        until: int | None = None,
        without_user: Id | None = None,
        without_ids: Iterable[Sequence[int]] = (),
    ) -> Iterator[Step]:
        """What is to be applied to the model after entry `after` to be where the log is at `until`.

        Left out are the events that an UNDO up to `until` took back, those of `without_user` with the edges
        from and to them, and the events with ids in the ranges `without_ids` (pairs of a first and a last
        id). See `steps_of` for the batches.

        Args:
            after: 0, or the id of a step. What it left out must not have been in the model of that step.
            until: The last entry, unless given.
            without_user: As if this person were forgotten.
            without_ids: As if these were taken back.

        Raises:
            FormatError: a damaged entry.
            LifelongWidgetsError: somebody was forgotten meanwhile.
        """
        end = self._end(until)
        return steps_of(
            self._log.entries(after, end),
            leave_out=IdRanges([*self._log.taken_back(end), *without_ids]),
            without_user=None if without_user is None else self.pseudonym(without_user),
            batch_size_of=self._log.batch_size_of,
            file=str(self._path),
        )

    def events(self, until: int | None = None) -> Iterator[Entry]:
        """The entries of the events that count at `until`, in order: those not taken back."""
        end = self._end(until)
        taken_back = self._log.taken_back(end)
        return (
            entry
            for entry in self._log.entries(0, end)
            if entry.op in EVENT_OPS and entry.id not in taken_back
        )

    def graph(self, until: int | None = None) -> SocialGraph:
        """Who follows whom at `until`, by the names that are written here. Reads the whole log.

        What a model knew before its journal began is not in it.
        """
        return self._log.graph(self._end(until))

    def entries_of(self, user: Id) -> Iterator[Entry]:
        """The events of `user`, those taken back too, and edges from and to them. Reads the whole log."""
        return self._log.entries_of(self.pseudonym(user))

    def count_events(self, user: Id) -> int:
        """How many events of `user`, taken back or not, and edges from and to them. Reads it all."""
        return self._log.of_user(self.pseudonym(user))[0]

    def taken_back(self) -> IdRanges:
        """The ids of the events that were taken back."""
        return self._log.taken_back(self.last_id)

    def first_entry_of(self, user: Id) -> int | None:
        """The id of the first event of `user`, or edge from or to them; or None. Reads the whole log."""
        return self._log.of_user(self.pseudonym(user))[1]

    @property
    def tombstones(self) -> list[Tombstone]:
        """Those who were forgotten, in order."""
        return self._log.tombstones()

    def was_forgotten(self, user: Id) -> bool:
        """Whether `user` was forgotten at some time (and may have come back). 10 ms for each tombstone."""
        name = self.pseudonym(user)
        return any(tombstone.is_of(name) for tombstone in self.tombstones)

    def digest(self, until: int | None = None) -> str:
        """SHA-256 of the steps up to `until`, the same for logs that make the same of the same beginning.

        Ids and the times of recording are left out: after `erase` it is that of a log without the person.
        """
        return digest_of(self.steps(until=until), self._log.items, self._log.attachment)

    def to_interactions(self, kinds: FeedbackKinds, until: int | None = None) -> Interactions:
        """The events that count, as a log; an event without a time has the one when it was recorded.

        Raises:
            DataError: an event whose kind is not in `kinds`.
        """
        events, recorded = [], []
        for entry in self.events(until):
            events.append(cast(Feedback, entry.feedback))
            recorded.append(entry.recorded)
        return Interactions.from_events(events, kinds, times=recorded)

    def export(
        self,
        path: str | os.PathLike[str],
        until: int | None = None,
        progress: bool | ProgressCallback = True,
    ) -> None:
        """Write the events that count to a ``.parquet``, ``.csv`` or ``.jsonl`` file, by its suffix.

        The columns: ``event`` (the entry's id), ``user``, ``item``, ``kind``, ``time`` (the event's own, or
        when it was recorded), ``value``, ``shown`` (a JSON list, or nothing), ``id`` (the event's own),
        ``call``. `Interactions` reads the file. A file that is there already is replaced at the end.

        Raises:
            FormatError: another suffix, or no such folder.
            DataError: a text that the format cannot hold.
            LifelongWidgetsError: the system refuses to write.
            Stop: what `progress` raises goes through; there is no half of a file, and the old one stays.
        """
        target, end = as_path(path), self._end(until)
        if self.folder.resolve() in target.resolve().parents:
            raise DataError(f"{path} lies within the journal; export to another folder")
        export(target, self.events(end), self._log.profile(end), progress)

    # ---- people's names ----------------------------------------------------------------------------

    @property
    def pseudonymize(self) -> bool:
        """Whether people are written under pseudonyms."""
        return self._key_check is not None

    def pseudonym(self, user: Id) -> Id:
        """The name under which `user` is written: `user` itself, or the pseudonym if there are any.

        A pseudonym of this journal is its own pseudonym.

        Raises:
            DataError: no id.
            FormatError: the journal was opened to read, without its key or with that of another one.
        """
        if self._key_check is None:
            return as_id(user, "user")
        if self._pseudonyms is None:  # opened to read, which does not need the key: then this names the file
            self._pseudonyms = self._key()
        return self._pseudonyms.of(user)

    # ---- inside ------------------------------------------------------------------------------------

    def _live(self) -> sqlite3.Connection:
        if self.closed:
            raise LifelongWidgetsError(f"the journal {self.folder} is closed; {self._remedy}")
        if os.getpid() != self._pid:
            raise LifelongWidgetsError(
                f"the journal {self.folder} was opened before this process was forked, and SQLite does not "
                "survive that; open it with read_only=True in a process that is spawned"
            )
        return self._db

    def _writable(self) -> sqlite3.Connection:
        if self.read_only:
            raise LifelongWidgetsError(f"the journal {self.folder} was opened with read_only=True")
        return self._live()

    def _in_place(self) -> bool:
        """Whether the file is the one that was opened: what is written to one that is gone is lost."""
        try:
            return self._path.stat().st_ino == self._inode
        except OSError:
            return False

    def _appendable(self) -> sqlite3.Connection:
        db = self._writable()
        if not self._within:
            raise LifelongWidgetsError("entries are appended within `with journal.transaction():`")
        return db

    def _end(self, until: int | None) -> int:
        if until is not None and type(until) is not int:
            raise DataError(f"until is {until!r:.80}; it is the id of an entry, or None for the last one")
        return self.last_id if until is None else max(0, min(until, self.last_id))

    def _key(self) -> Pseudonyms:
        found = Pseudonyms.load(self.folder)
        if found.check != self._key_check:
            raise FormatError(f"the key in {self.folder} belongs to another journal; put the right one back")
        return found

    def _reload(self) -> dict[str, Any]:
        self._last_id, self._n_items = self._log.last_id(), self._log.n_items()
        meta: dict[str, Any] = self._run(schema.meta, self._db, self._path)
        self._void = meta["unscrubbed"]
        return meta

    def _named(self, feedback: Feedback) -> Feedback:
        name = feedback.user if self._key_check is None else self.pseudonym(feedback.user)
        return feedback if name == feedback.user else replace(feedback, user=name)

    def _insert(self, row: Row) -> None:
        self._run(self._appendable().execute, schema.INSERT, row)

    def _insert_events(self, feedbacks: Iterable[Feedback], call: int) -> None:
        now, id = time.time(), self._last_id

        def rows() -> Iterator[Row]:
            nonlocal id
            for feedback in feedbacks:
                id += 1
                yield event_row(id, Op.EVENT, now, self._named(feedback), call)

        self._run(self._appendable().executemany, schema.INSERT, rows())
        self._last_id = id

    def _run(self, run: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return run(*arguments)
        except sqlite3.IntegrityError as error:
            raise DataError(
                f"{self._path} holds an event with this id already ({error}); ask has_event() first"
            ) from error
        except sqlite3.Error as error:
            raise schema.own_error(error, self._path, writing=True) from error


def _check_synchronous(synchronous: object) -> None:
    known = get_args(schema.Synchronous)
    if synchronous not in known:
        raise DataError(f"synchronous={synchronous!r:.80}; it is {' or '.join(map(repr, known))}")


def _is_ours(name: str) -> bool:
    return name in _OURS or name.startswith((schema.FILE, ".lw-"))
