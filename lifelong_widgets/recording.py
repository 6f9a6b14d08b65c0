"""Writing an engine down while it learns."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

import traitlets

from lifelong_widgets.data import Feedback, Interactions, Item
from lifelong_widgets.data.social import Edge
from lifelong_widgets.engine import Engine
from lifelong_widgets.errors import DataError, JournalWarning, LifelongWidgetsError, warn
from lifelong_widgets.journal import CHECKPOINTS, Checkpoints, IdRanges, Journal, Op
from lifelong_widgets.parts import Part, WholeNumber
from lifelong_widgets.progress import ProgressCallback
from lifelong_widgets.restoring import base_of, checkpoint_of, rebuild, write_checkpoint
from lifelong_widgets.state_file import Tree, packed

E = TypeVar("E", bound=Engine)


class JournalSettings(Part):
    """How a journal is kept."""

    synchronous = traitlets.Enum(
        ["NORMAL", "FULL"],
        default_value="NORMAL",
        help="FULL waits for the disk at every event; NORMAL may lose the last ones when the power fails.",
    ).tag(config=True)
    checkpoint_every = WholeNumber(
        1000, min=1, help="Events between two checkpoints: what is replayed at most when it is opened again."
    ).tag(config=True)
    keep_checkpoints = WholeNumber(3, min=1, help="How many of the newest checkpoints are kept.").tag(
        config=True
    )

    @property
    def durability(self) -> Literal["NORMAL", "FULL"]:
        """`synchronous`, as a type checker wants it."""
        return "FULL" if self.synchronous == "FULL" else "NORMAL"


class Recording:
    """One engine that is written down as it learns. Made by `begin` or `resume`.

    Entries are appended within the transaction of the step that they describe, so that the log and the model
    hold the same events at any moment somebody could look. What follows the commit, a checkpoint, can fail
    without the step failing: that is told by a warning at the next one.
    """

    def __init__(self, engine: Engine, journal: Journal, settings: JournalSettings) -> None:
        self.engine, self.journal, self._settings = engine, journal, settings
        self.checkpoints = Checkpoints(journal.folder / CHECKPOINTS, settings.keep_checkpoints)
        self.checkpoints.pinned |= {entry.id for entry in journal.acts(Op.FIT)[-1:]}
        self._since_checkpoint = 0
        self._fitted = False  # in this verb: a checkpoint is due
        self._writing: threading.Thread | None = None
        self._failure: Exception | None = None
        self._busy = threading.RLock()  # held by a verb; `close` from another cell waits for it
        self._within = False  # a verb
        self._kinds = engine.kinds  # as they are written
        self._changes: list[
            tuple[str, str, Any]
        ] = []  # of hyperparameters, as they happened, not written yet
        self._observe()
        _OPEN[_key(journal.folder)], _HELD[_key(journal.folder)] = self, journal

    def lead(self, engine: Engine) -> None:
        """Write down `engine` from now on, which holds what the one before holds."""
        self._unobserve()
        self.engine, self._kinds = engine, engine.kinds
        self._observe()

    # ---- steps -------------------------------------------------------------------------------------

    @contextmanager
    def verb(self) -> Iterator[None]:
        """For as long as log and model may not hold the same: nobody else writes, looks in or closes.

        Another thread waits. When the block has ended well, a checkpoint that is due is begun: nothing that
        fails there can fail the verb.

        Raises:
            LifelongWidgetsError: this very thread is within another verb, such as in its progress callback.
        """
        with self._busy:
            self._refuse_within()
            self._within = True
            try:
                yield
            finally:
                self._within, fitted, self._fitted = False, self._fitted, False
            if fitted or self._since_checkpoint >= self._settings.checkpoint_every:
                self._checkpoint(wait=fitted)

    @contextmanager
    def event(self, op: Op, feedback: Feedback) -> Iterator[int]:
        """Write one event; it is durable when the block has ended, and was never there if it raises."""
        with self._transaction():
            yield self.journal.append_event(op, feedback)
        self._since_checkpoint += 1

    @contextmanager
    def batch(self, feedbacks: list[Feedback], call: int | None, batch_size: int) -> Iterator[int]:
        """Write a batch of the `learn_many` call with this id, None for the first; yields the id."""
        with self._transaction():
            if call is None:
                call = self.journal.append(Op.LEARN_MANY, {"batch_size": batch_size})
            self.journal.append_events(feedbacks, call)
            yield call
        self._since_checkpoint += len(feedbacks)

    def edges(self, op: Op, edges: Sequence[Edge]) -> None:
        """Write that these edges are there from now on, or no longer."""
        with self._transaction():
            self.journal.append_edges(op, edges)
        self._since_checkpoint += len(edges)

    def fit(self, interactions: Interactions, max_epochs: int | None) -> None:
        """Write a fit that is done."""
        with self._transaction():
            call = self.journal.append_fit(interactions, {"max_epochs": max_epochs})
            self._attach(call, self.engine.catalog.slice(0, self.journal.n_items), fitted=True)
        self.checkpoints.pinned = {0, call}
        self._fitted = True

    def undo(self, taken_back: IdRanges) -> None:
        """Write that these events were taken back."""
        with self._transaction():
            self.journal.append(Op.UNDO, {"taken_back": [list(pair) for pair in taken_back]})

    def after_undo(self, first: int) -> None:
        """The events from `first` on are taken back: checkpoints that know them help nobody any more."""
        if any(id >= first for id in self.checkpoints.ids()[:1]):
            self._checkpoint()

    def flush(self) -> None:
        """Write what has changed besides events: new items, hyperparameters, kinds."""
        with self._busy, self._transaction():
            pass

    # ---- checkpoints -------------------------------------------------------------------------------

    def checkpoint(self) -> None:
        """Write a checkpoint now.

        Raises:
            LifelongWidgetsError: it could not be written; no event is lost.
        """
        with self._busy:
            self._refuse_within()
            self._checkpoint(wait=True)
            failure, self._failure = self._failure, None
        if failure is not None:
            raise LifelongWidgetsError(self._sad(failure)) from failure

    def after_erasure(self) -> bool:
        """Somebody was erased and the engine is without them: let the files follow.

        Returns:
            Whether they have. If not, because a reader is in the way or the disk refuses, a warning says so,
            and opening the journal again to write ends it.
        """
        self._checkpoint(wait=True)
        try:
            self.journal.scrub()
        except LifelongWidgetsError as error:
            warn(
                f"what was erased is forgotten, but its bytes are still in the journal's files: {error}. "
                "Opening it again to write overwrites them",
                JournalWarning,
            )
            return False
        return True

    def wait(self) -> None:
        """Return when no checkpoint is being written."""
        if self._writing is not None:
            self._writing.join()
            self._writing = None

    def close(self, remedy: str = "open it again") -> None:
        """Write what is pending and a checkpoint, and let go of the files. A second time does nothing.

        `remedy` is what whoever learns afterwards is told to do.
        """
        with self._busy:
            self._refuse_within()
            if self.journal.closed:
                return
            try:
                self.flush()
                if self._since_checkpoint:
                    self._checkpoint(wait=True)
            finally:
                self.abandon(remedy)
            self._tell()

    def abandon(self, remedy: str = "open it again") -> None:
        """Let go of the files without writing what is pending."""
        with self._busy:
            self.wait()
            self._unobserve()
            self.journal.close(remedy)

    def _refuse_within(self) -> None:
        if self._within:
            raise LifelongWidgetsError(
                f"another verb of the recommender in {self.journal.folder} is under way, such as the one "
                "whose progress this is; wait until it has returned"
            )

    def _checkpoint(self, wait: bool = False) -> None:
        """Copy the state and let a thread write it; if one is at it, do nothing unless `wait`. No error."""
        if self._writing is not None and self._writing.is_alive() and not wait:
            return
        self.wait()
        self._since_checkpoint = 0
        try:
            self.flush()
            tree = checkpoint_of(self.engine, self.journal)
            thread = threading.Thread(target=self._write, args=(tree,), name="lifelong-widgets checkpoint")
            thread.start()
        except Exception as error:  # no memory, no thread, a full disk: the event before it is safe
            self._failure = error
            return
        self._writing = thread
        if wait:
            self.wait()

    def _write(self, tree: Tree) -> None:
        try:
            self.journal.sync()
            write_checkpoint(self.checkpoints, tree)
        except Exception as error:  # in a thread, where nobody would hear of it
            self._failure = error

    def _tell(self) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            warn(self._sad(failure), JournalWarning)

    def _sad(self, failure: Exception) -> str:
        return (
            f"a checkpoint of {self.journal.folder} could not be written: {failure}. No event is lost: the "
            "log has them all, but opening it will take longer. The next one is tried in its turn"
        )

    # ---- changes besides events --------------------------------------------------------------------

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._tell()  # before the step: a warning may be an error
        engine = self.engine
        engine.apply_items([])  # so that items added since are written before the step that draws from them
        n_items, n_changes, kinds = len(engine.network.items), len(self._changes), engine.kinds
        if self.journal.n_items == n_items and not n_changes and kinds is self._kinds:
            with self.journal.transaction():
                yield
            return
        with self.journal.transaction():
            if n_items > self.journal.n_items:
                new = engine.catalog.slice(self.journal.n_items, n_items)
                self._attach(self.journal.append_items(new), new, fitted=False)
            for part, name, value in self._changes[:n_changes]:
                self.journal.append(Op.SET, {"part": part, "name": name, "value": value})
            if kinds != self._kinds:
                self.journal.append(Op.KINDS, kinds.to_dict())
            yield
        del self._changes[:n_changes]
        self._kinds = kinds

    def _attach(self, entry: int, items: list[Item], fitted: bool) -> None:
        """Keep what files gave of the items of an entry: they may be gone when it is repeated."""
        files = self.engine.features.from_files(items, fitted)
        if files is not None:
            self.journal.attach(entry, packed(files))

    def _observe(self) -> None:
        for part in self.engine.parts.values():
            part.observe(self._note, list(part.traits(config=True)))

    def _unobserve(self) -> None:
        for part in self.engine.parts.values():
            part.unobserve(self._note, list(part.traits(config=True)))

    def _note(self, change: Any) -> None:
        """A hyperparameter was set. Each time counts: some make their part start afresh."""
        name = next(name for name, part in self.engine.parts.items() if part is change["owner"])
        if self._changes and self._changes[-1][:2] == (name, change["name"]) and _live(change):
            self._changes.pop()  # a slider on its way
        self._changes.append((name, change["name"], change["new"]))


def _live(change: Any) -> bool:
    return bool(change["owner"].traits()[change["name"]].metadata.get("live"))


_OPEN: WeakValueDictionary[str, Recording] = WeakValueDictionary()
# Apart from them the journals: who drops a recommender may keep its journal, and Python's collector may find
# the recording before the journal, which holds the lock of the folder.
_HELD: WeakValueDictionary[str, Journal] = WeakValueDictionary()
_TAKEN_OVER = "it was opened again elsewhere in this process: use that one"


def _key(folder: Path) -> str:
    return str(folder.resolve())


def let_go(folder: Path) -> None:
    """Close what this process has open there: a cell that opens a journal is run again and again."""
    before, held = _OPEN.pop(_key(folder), None), _HELD.pop(_key(folder), None)
    if before is not None:
        try:
            before.close(_TAKEN_OVER)
        except LifelongWidgetsError as error:  # its folder may be gone
            warn(f"closing what was open in {folder}: {error}", JournalWarning)
    if held is not None:
        held.close(_TAKEN_OVER)


def begin(engine: Engine, folder: Path, settings: JournalSettings, pseudonymize: bool) -> Recording:
    """A new journal that begins with `engine` as it is now.

    Raises:
        DataError: there is a journal already, or the engine knows people by ids that must not be written.
        LifelongWidgetsError: the system refuses.
    """
    if known := len({*engine.users, *engine.graph.people}) if pseudonymize else 0:
        raise DataError(
            "pseudonymize=True needs a recommender that has met nobody yet: this one knows "
            f"{known} people by their own ids. Open the journal first, then fit and follow"
        )
    let_go(folder)
    # one that has read files is not made again from its settings: they may be gone
    read = engine.features.reads_files_of(engine.catalog.slice(0, len(engine.network.items)))
    fresh = not len(engine.users) and not len(engine.graph.people) and not engine.n_fits and not read
    genesis = {
        "id": secrets.token_hex(16),  # a checkpoint of another journal is known by it
        "seed": engine.seed,
        "settings": engine.settings(),
        "kinds": engine.kinds.to_dict(),
        "text_columns": list(engine.catalog.text_columns),
        "n_items": len(engine.network.items),
        "fresh": fresh,
    }
    base = None if fresh else base_of(engine, str(genesis["id"]))
    journal = Journal.create(
        folder,
        genesis,
        engine.catalog.slice(0, len(engine.network.items)),
        before=None if base is None else lambda: write_checkpoint(Checkpoints(folder / CHECKPOINTS), base),
        synchronous=settings.durability,
        pseudonymize=pseudonymize,
    )
    return Recording(engine, journal, settings)


def resume(
    cls: type[E], folder: Path, settings: JournalSettings, progress: bool | ProgressCallback
) -> tuple[E, Recording]:
    """The engine that the journal in `folder` implies, and its recording."""
    let_go(folder)
    journal = Journal.open(folder, synchronous=settings.durability)
    try:
        # a checkpoint ahead of a log that lost its end when the power failed
        Checkpoints(folder / CHECKPOINTS).discard(journal.last_id + 1)
        engine, start = rebuild(cls, journal, progress=progress)
        recording = Recording(engine, journal, settings)
        recording._since_checkpoint = journal.last_id - start
        with recording.verb():  # which begins a checkpoint if it is due
            pass
    except BaseException:
        journal.close()
        raise
    return engine, recording
