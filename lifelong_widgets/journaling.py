"""The journal and the engine together: what is written, and how a model is made of it again."""

from __future__ import annotations

import secrets
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal, TypeVar
from weakref import WeakValueDictionary

import traitlets

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.engine import Engine
from lifelong_widgets.errors import DataError, DivergenceError, FormatError, LifelongWidgetsError
from lifelong_widgets.featurizers import FeatureSettings
from lifelong_widgets.journal import (
    CHECKPOINTS,
    AddItems,
    Checkpoints,
    Fit,
    Journal,
    Learn,
    LearnBatch,
    Observe,
    Op,
    Set,
    Step,
)
from lifelong_widgets.parts import Part
from lifelong_widgets.progress import ProgressCallback, held_interrupts, track
from lifelong_widgets.state_file import Tree, damage_of, read_tree, write_tree

KIND = "lifelong-widgets checkpoint"
VERSION = 1
_SILENT = 200  # entries that are replayed without a bar: they take less than a second

E = TypeVar("E", bound=Engine)


class JournalWarning(UserWarning):
    """Something about a journal's files that cost no event, but that somebody should look at."""


class JournalSettings(Part):
    """How a journal is kept."""

    synchronous = traitlets.Enum(
        ["NORMAL", "FULL"],
        default_value="NORMAL",
        help="FULL waits for the disk at every event; NORMAL may lose the last ones when the power fails.",
    ).tag(config=True)
    checkpoint_every = traitlets.Int(
        1000, min=1, help="Events between two checkpoints: what is replayed at most when it is opened again."
    ).tag(config=True)
    keep_checkpoints = traitlets.Int(3, min=1, help="How many of the newest checkpoints are kept.").tag(
        config=True
    )

    @property
    def durability(self) -> Literal["NORMAL", "FULL"]:
        """`synchronous`, as a type checker wants it."""
        return "FULL" if self.synchronous == "FULL" else "NORMAL"


class Recording:
    """One engine that is written down as it learns. Made by `begin` or `resume`.

    Entries are appended within the transaction of the step that they describe, so that the log and the model
    hold the same events at any moment somebody could look.
    """

    def __init__(self, engine: Engine, journal: Journal, settings: JournalSettings) -> None:
        self.engine, self.journal, self._settings = engine, journal, settings
        self.checkpoints = Checkpoints(journal.folder / CHECKPOINTS, settings.keep_checkpoints)
        self.checkpoints.pinned |= {entry.id for entry in journal.acts(Op.FIT)[-1:]}
        self._since_checkpoint = 0
        self._writing: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._busy = threading.RLock()  # held by a step; `close` from another cell waits for it
        self._known = (engine.settings(), engine.kinds)
        self._changed = False
        for part in engine.parts.values():
            part.observe(self._note, list(part.traits(config=True)))
        _hand_over(self)

    # ---- writing -----------------------------------------------------------------------------------

    @contextmanager
    def event(self, op: Op, feedback: Feedback) -> Iterator[int]:
        """Write one event; it is durable when the block has ended, and was never there if it raises."""
        with self._transaction():
            yield self.journal.append_event(op, feedback)

    @contextmanager
    def batch(self, feedbacks: list[Feedback], call: int | None, batch_size: int) -> Iterator[int]:
        """Write a batch of the `learn_many` call with this id, None for the first; yields the id."""
        with self._transaction():
            if call is None:
                call = self.journal.append(Op.LEARN_MANY, {"batch_size": batch_size})
            self.journal.append_events(feedbacks, call)
            yield call

    def fit(self, interactions: Interactions, max_epochs: int | None) -> None:
        """Write a fit that is done, and make a checkpoint of it."""
        with self._transaction():
            call = self.journal.append_fit(interactions, {"max_epochs": max_epochs})
        self.checkpoints.pinned = {0, call}
        self.checkpoint(wait=True)

    def undo(self, ranges: list[list[int]]) -> None:
        """Write that these events were taken back."""
        with self._transaction():
            self.journal.append(Op.UNDO, {"taken_back": ranges})

    def after_undo(self, first: int) -> None:
        """The events from `first` on are taken back: checkpoints that know them help nobody any more."""
        if any(id >= first for id in self.checkpoints.ids()[:1]):
            self.checkpoint()

    def flush(self) -> None:
        """Write what has changed besides events: new items, hyperparameters, kinds."""
        self.engine.apply_items([])  # those that nothing has asked for yet
        if self._has_changes():
            with self._transaction():
                pass

    def count(self, n_events: int) -> None:
        """So many events were learned: make a checkpoint if it is time, and warn if the last one failed."""
        self._since_checkpoint += n_events
        if self._since_checkpoint >= self._settings.checkpoint_every:
            self.checkpoint()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            warnings.warn(
                f"a checkpoint of {self.journal.folder} could not be written: {failure}. No event is lost: "
                "the log has them all, but opening it will take longer. The next one is tried in its turn",
                JournalWarning,
                stacklevel=4,
            )

    def checkpoint(self, wait: bool = False) -> None:
        """Write a checkpoint in the background; if one is being written, do nothing unless `wait`."""
        if self._writing is not None and self._writing.is_alive() and not wait:
            return
        self.wait()
        self.flush()
        id, tree = self.journal.last_id, _checkpoint_tree(self.engine, self.journal)
        self._since_checkpoint = 0
        self._writing = threading.Thread(
            target=self._write, args=(id, tree), name="lifelong-widgets checkpoint"
        )
        self._writing.start()
        if wait:
            self.wait()

    def wait(self) -> None:
        """Return when no checkpoint is being written."""
        if self._writing is not None:
            self._writing.join()
            self._writing = None

    def close(self) -> None:
        """Write what is pending and a checkpoint, and let go of the files. A second time does nothing."""
        with self._busy:
            if self.journal.closed:
                return
            try:
                self.flush()
                if self._since_checkpoint:
                    self.checkpoint(wait=True)
                self.wait()
            finally:
                for part in self.engine.parts.values():
                    part.unobserve(self._note, list(part.traits(config=True)))
                self.journal.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._busy:
            known = self._known
            try:
                with self.journal.transaction():
                    self._write_changes()
                    yield
            except BaseException:
                self._known, self._changed = known, True
                raise

    def _has_changes(self) -> bool:
        engine = self.engine
        return (
            self._changed
            or engine.kinds is not self._known[1]
            or len(engine.network.items) > self.journal.n_items
        )

    def _write_changes(self) -> None:
        if not self._has_changes():
            return
        engine, (settings, kinds) = self.engine, self._known
        start, stop = self.journal.n_items, len(engine.network.items)
        if stop > start:
            self.journal.append_items(engine.catalog.slice(start, stop))
        for name, part in engine.parts.items():
            for setting, value in part.settings().items():
                if value != settings[setting]:
                    self.journal.append(Op.SET, {"part": name, "name": setting, "value": value})
        if engine.kinds is not kinds and engine.kinds != kinds:
            self.journal.append(Op.KINDS, engine.kinds.to_dict())
        self._known, self._changed = (engine.settings(), engine.kinds), False

    def _write(self, id: int, tree: Tree) -> None:
        try:
            self.journal.sync()
            self.checkpoints.write(id, lambda aside: write_tree(aside, tree, KIND, VERSION))
        except (LifelongWidgetsError, OSError, MemoryError, RuntimeError) as error:
            self._failure = error

    def _note(self, _change: Any) -> None:
        self._changed = True


_OPEN: WeakValueDictionary[str, Recording] = WeakValueDictionary()


def _hand_over(recording: Recording) -> None:
    _OPEN[str(recording.journal.folder.resolve())] = recording


def let_go(folder: Path) -> None:
    """Close what this process has open there: a cell that opens a journal is run again and again."""
    before = _OPEN.pop(str(folder.resolve()), None)
    if before is not None:
        before.close()


# ---- making a model of a journal -----------------------------------------------------------------------


def begin(engine: Engine, folder: Path, settings: JournalSettings, pseudonymize: bool) -> Recording:
    """A new journal that begins with `engine` as it is now.

    Raises:
        DataError: there is a journal already, or the engine knows people by ids that must not be written.
    """
    if pseudonymize and len(engine.users):
        raise DataError(
            "pseudonymize=True needs a recommender that has met nobody yet: this one knows "
            f"{len(engine.users)} people by their own ids. Open the journal first, then fit"
        )
    fresh = not len(engine.users) and not engine.n_fits
    genesis = {
        "id": secrets.token_hex(16),  # a checkpoint of another journal is known by it
        "seed": engine.seed,
        "settings": engine.settings(),
        "kinds": engine.kinds.to_dict(),
        "text_columns": list(engine.catalog.text_columns),
        "n_items": len(engine.network.items),
        "fresh": fresh,
    }
    if not fresh:  # first: a journal without its base would be none
        if Journal.exists(folder):
            raise DataError(f"there is a journal in {folder} already; Recommender.open({str(folder)!r})")
        folder.mkdir(exist_ok=True)
        tree = {
            **engine.get_tree(),
            "journal": genesis["id"],
            "entry": 0,
            "n_items": len(engine.network.items),
        }
        Checkpoints(folder / CHECKPOINTS).write(0, lambda aside: write_tree(aside, tree, KIND, VERSION))
    journal = Journal.create(
        folder,
        genesis,
        engine.catalog.slice(0, len(engine.network.items)),
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
        checkpoints = Checkpoints(folder / CHECKPOINTS, settings.keep_checkpoints)
        for stone in journal.tombstones:  # of a `forget` that was broken off
            checkpoints.discard(stone.first, stone.id)
        checkpoints.discard(journal.last_id + 1)  # ahead of a log that lost its end when the power failed
        if journal.unscrubbed:
            scrub(journal)
        engine, start = rebuild(cls, journal, progress=progress)
        recording = Recording(engine, journal, settings)
        recording.count(journal.last_id - start)
    except BaseException:
        journal.close()
        raise
    return engine, recording


def scrub(journal: Journal) -> bool:
    """Leave no byte of who was erased; False, with a warning, if a reader is in the way."""
    try:
        journal.scrub()
    except LifelongWidgetsError as error:
        warnings.warn(
            f"what was erased is forgotten, but its bytes are still in the journal's files: {error}. Opening "
            "it again to write overwrites them",
            JournalWarning,
            stacklevel=3,
        )
        return False
    return True


def rebuild(
    cls: type[E],
    journal: Journal,
    *,
    until: int | None = None,
    before: int | None = None,
    from_the_beginning: bool = False,
    without_user: Id | None = None,
    without_ids: Sequence[Sequence[int]] = (),
    progress: bool | ProgressCallback = False,
    description: str = "replay",
) -> tuple[E, int]:
    """The engine at entry `until`, and the checkpoint that it was made from (0 for the beginning).

    Args:
        cls: what to make.
        journal: the log; the checkpoints lie beside it.
        until: the last entry, unless given.
        before: only checkpoints before this entry.
        from_the_beginning: use no checkpoint but the base.
        without_user: as if this person had never been.
        without_ids: as if the events with ids in these ranges had been taken back.
        progress: a bar, silence or a callback; Ctrl-C raises KeyboardInterrupt.
        description: of the bar.

    Raises:
        FormatError: the journal is damaged, or no checkpoint can be used.
    """
    _check_genesis(journal)
    end = journal.last_id if until is None else until
    newest = end if before is None else min(end, before - 1)
    engine, start = None, 0
    if not from_the_beginning:
        for id in _usable(journal, newest, end):
            engine = _from_checkpoint(cls, journal, id)
            if engine is not None:
                start = id
                break
    if engine is None:
        engine = _beginning(cls, journal)
    n = end - start
    show = progress if callable(progress) else bool(progress) and n > _SILENT
    with held_interrupts() as interrupt, track(n, description, show) as bar:
        at = start
        for step in journal.steps(start, end, without_user, without_ids):
            with damage_of(f"{journal.folder}, entry {step.id},"):
                _apply(engine, step, journal, interrupt)
            if interrupt.is_set():
                raise KeyboardInterrupt
            bar.update(step.id - at)
            at = step.id
    return engine, start


def contents(journal: Journal) -> tuple[Catalog, Interactions]:
    """The items that a journal knows, and the events that count, as a log with the kinds of today."""
    acts = journal.acts(Op.KINDS)
    with damage_of(journal.folder):
        kinds = FeedbackKinds.from_dict((acts[-1].body or {}) if acts else journal.genesis["kinds"])
        return _catalog(journal, journal.n_items), journal.to_interactions(kinds)


def begins_with(cls: type[E], folder: Path, engine: E) -> bool:
    """Whether the journal in `folder` began with exactly what `engine` is now."""
    with Journal.open(folder, read_only=True) as journal:
        first = _beginning(cls, journal)
    n = len(first.catalog)
    return first.digest() == engine.digest() and list(first.catalog) == list(engine.catalog)[:n]


def base_knows(journal: Journal, user: Id) -> bool:
    """Whether the person was learned before the journal began."""
    if journal.genesis["fresh"]:
        return False
    tree = read_tree(Checkpoints(journal.folder / CHECKPOINTS).path(0), KIND, VERSION)
    return user in tree["state"]["users"]


def _check_genesis(journal: Journal) -> None:
    kinds_of = {"id": str, "seed": int, "settings": dict, "kinds": dict, "text_columns": list, "n_items": int}
    for name, kind in {**kinds_of, "fresh": bool}.items():
        if type(journal.genesis.get(name)) is not kind:
            raise FormatError(f"{journal.folder} is damaged: its beginning has no {name}")
    if not 0 <= journal.genesis["n_items"] <= journal.n_items:
        raise FormatError(f"{journal.folder} is damaged: it does not hold the items that it began with")


def _usable(journal: Journal, newest: int, end: int) -> list[int]:
    """The ids of the checkpoints from which `end` can be reached by going forward only."""
    undos = [
        (entry.id, min((first for first, _ in (entry.body or {})["taken_back"]), default=entry.id))
        for entry in journal.acts(Op.UNDO, end)
    ]
    undos += [(stone.id, stone.first) for stone in journal.tombstones]
    ids = Checkpoints(journal.folder / CHECKPOINTS).ids()
    return [
        id for id in ids if 0 < id <= newest and not any(first <= id < taken_at for taken_at, first in undos)
    ]


def _from_checkpoint(cls: type[E], journal: Journal, id: int) -> E | None:
    path = Checkpoints(journal.folder / CHECKPOINTS).path(id)
    try:
        return _read_checkpoint(cls, journal, path, id)
    except FormatError as error:
        if path.exists():  # a reader may find that the writer has just pruned it
            warnings.warn(
                f"the checkpoint of entry {id} cannot be used, so the one before it is: {error}",
                JournalWarning,
                stacklevel=2,
            )
        return None


def _beginning(cls: type[E], journal: Journal) -> E:
    genesis = journal.genesis
    with damage_of(journal.folder):
        if not genesis["fresh"]:
            return _read_checkpoint(cls, journal, Checkpoints(journal.folder / CHECKPOINTS).path(0), 0)
        catalog = _catalog(journal, genesis["n_items"])
        kinds = FeedbackKinds.from_dict(genesis["kinds"])
        return cls(catalog, kinds, genesis["seed"], **genesis["settings"])


def _read_checkpoint(cls: type[E], journal: Journal, path: Path, id: int) -> E:
    tree = read_tree(path, KIND, VERSION)
    with damage_of(path):
        if tree["journal"] != journal.genesis["id"] or tree["entry"] != id:
            raise FormatError(f"it is the checkpoint of entry {tree['entry']!r:.80}, or of another journal")
        seed = journal.genesis["seed"]
        return cls.from_saved(
            catalog=_catalog(journal, tree["n_items"]),
            kinds=FeedbackKinds.from_dict(tree["kinds"]),
            seed=seed,
            frozen=False,
            settings=tree["settings"],
            features=FeatureSettings().make(seed).set_state(tree["features"]),
            state=tree["state"],
        )


def _catalog(journal: Journal, n_items: int) -> Catalog:
    return Catalog.from_records(journal.items(0, n_items), text=journal.genesis["text_columns"])


def _checkpoint_tree(engine: Engine, journal: Journal) -> Tree:
    return {
        **engine.get_tree(),
        "journal": journal.genesis["id"],
        "entry": journal.last_id,
        "n_items": len(engine.network.items),
    }


def _apply(engine: Engine, step: Step, journal: Journal, interrupt: threading.Event) -> None:
    """One step. Those that had raised in a life without the events left out do nothing, as they had then."""
    if isinstance(step, (Learn, Observe)):
        with suppress(DivergenceError):
            engine.apply_event(step.feedback, learning=isinstance(step, Learn))
    elif isinstance(step, LearnBatch):
        with suppress(DivergenceError):
            engine.apply_batch(list(step.feedbacks))
    elif isinstance(step, Fit):
        if any(engine.kinds[event.kind].reward for event in step.feedbacks):
            log = Interactions.from_events(step.feedbacks, engine.kinds)
            engine.apply_fit(log, interrupt, max_epochs=step.max_epochs)
    elif isinstance(step, AddItems):
        engine.apply_items(list(journal.items(step.start, step.stop)))
    elif isinstance(step, Set):
        setattr(engine.parts[step.part], step.name, step.value)
    else:
        engine.kinds = FeedbackKinds.from_dict(step.kinds)


def ranges_of(ids: Iterable[int]) -> list[list[int]]:
    """Ids as ranges of a first and a last one, in order.

    >>> ranges_of([7, 3, 4, 5])
    [[3, 5], [7, 7]]
    """
    ranges: list[list[int]] = []
    for id in sorted(ids):
        if ranges and ranges[-1][1] == id - 1:
            ranges[-1][1] = id
        else:
            ranges.append([id, id])
    return ranges
