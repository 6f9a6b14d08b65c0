"""Making a model of a journal: the newest checkpoint that can be used, and the log since."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeVar, cast

from lifelong_widgets.assembly import has_fast_memory, settings_of_today
from lifelong_widgets.data import Catalog, FeedbackKinds, Id, Interactions
from lifelong_widgets.engine import Engine
from lifelong_widgets.errors import DivergenceError, FormatError, JournalWarning, warn
from lifelong_widgets.featurizers import AUTO, FeatureSettings
from lifelong_widgets.journal import (
    CHECKPOINTS,
    AddItems,
    Checkpoints,
    Fit,
    Follow,
    Journal,
    Learn,
    LearnBatch,
    Observe,
    Op,
    Set,
    Step,
    Unfollow,
)
from lifelong_widgets.progress import ProgressCallback, held_interrupts, track
from lifelong_widgets.state_file import Tree, damage_of, read_tree, unpacked, write_tree

_KIND = "lifelong-widgets checkpoint"
_VERSION = 5  # 1 had no fast memory, 2 to 4 others
_SILENT = 200  # entries that are replayed without a bar: they take less than a second

E = TypeVar("E", bound=Engine)


def rebuild(
    cls: type[E],
    journal: Journal,
    *,
    until: int | None = None,
    before: int | None = None,
    from_the_beginning: bool = False,
    without_user: Id | None = None,
    without_ids: Iterable[Sequence[int]] = (),
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
        bar.update(end - at)
    return engine, start


def checkpoint_of(engine: Engine, journal: Journal) -> Tree:
    """All that is needed to go on from the last entry: a copy, which the engine does not touch any more."""
    return _checkpoint(engine, journal.genesis["id"], journal.last_id, journal.checksum_of(journal.last_id))


def base_of(engine: Engine, journal_id: str) -> Tree:
    """The checkpoint that a journal begins with, whose engine had a life before it."""
    return _checkpoint(engine, journal_id, 0, 0)


def write_checkpoint(checkpoints: Checkpoints, tree: Tree) -> None:
    """Write it to its file.

    Raises:
        LifelongWidgetsError: the system refuses.
    """
    checkpoints.write(tree["entry"], lambda aside: write_tree(aside, tree, _KIND, _VERSION))


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
    mine, written = (cast(FeatureSettings, one.parts["features"]) for one in (engine, first))
    if mine.reduction == AUTO and mine.alike(written):
        written.reduction = AUTO  # versions before this one wrote "svd" where nobody had chosen
    n = len(first.catalog)
    return first.digest() == engine.digest() and list(first.catalog) == list(engine.catalog)[:n]


def base_knows(journal: Journal, user: Id) -> bool:
    """Whether the person was learned before the journal began."""
    if journal.genesis["fresh"]:
        return False
    tree = read_tree(Checkpoints(journal.folder / CHECKPOINTS).path(0), _KIND, _VERSION)
    return user in tree["state"]["users"] or user in tree.get("graph", {"people": ()})["people"]


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
            warn(
                f"the checkpoint of entry {id} cannot be used, so the one before it is: {error}",
                JournalWarning,
            )
        return None


def _beginning(cls: type[E], journal: Journal) -> E:
    genesis = journal.genesis
    with damage_of(journal.folder):
        if not genesis["fresh"]:
            return _read_checkpoint(cls, journal, Checkpoints(journal.folder / CHECKPOINTS).path(0), 0)
        catalog = _catalog(journal, genesis["n_items"])
        kinds = FeedbackKinds.from_dict(genesis["kinds"])
        engine = cls(catalog, kinds, genesis["seed"], **settings_of_today(genesis["settings"]))
        if engine.privacy.on:
            engine.privacy.take_key(genesis["noise_key"])
        return engine


def _read_checkpoint(cls: type[E], journal: Journal, path: Path, id: int) -> E:
    tree = read_tree(path, _KIND, _VERSION)
    with damage_of(path):
        if tree["entry"] != id:
            raise FormatError(f"it is the checkpoint of entry {tree['entry']!r:.80}")
        if tree["journal"] != journal.genesis["id"] or tree["checksum"] != journal.checksum_of(id):
            raise FormatError("it is of another journal, or of a copy of this one that went on by itself")
        if id and not has_fast_memory(tree["state"]):
            raise FormatError("an older version wrote it, whose models had another fast memory")
        seed = journal.genesis["seed"]
        return cls.from_saved(
            catalog=_catalog(journal, tree["n_items"]),
            kinds=FeedbackKinds.from_dict(tree["kinds"]),
            seed=seed,
            frozen=False,
            settings=tree["settings"],
            features=FeatureSettings().make(seed).set_state(tree["features"]),
            state=tree["state"],
            graph=tree.get("graph"),
        )


def _catalog(journal: Journal, n_items: int) -> Catalog:
    return Catalog.from_records(journal.items(0, n_items), text=journal.genesis["text_columns"])


def _checkpoint(engine: Engine, journal_id: str, entry: int, checksum: int) -> Tree:
    return {
        **engine.get_tree(),
        "journal": journal_id,
        "entry": entry,
        "checksum": checksum,
        "n_items": len(engine.network.items),
    }


def _from_files(journal: Journal, entry: int) -> Tree | None:
    """What files gave in a step; None if none was read, or if a version wrote it that did not keep this."""
    data = journal.attachment(entry)
    return None if data is None else unpacked(data)


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
            with suppress(DivergenceError):
                engine.apply_fit(
                    log, interrupt, max_epochs=step.max_epochs, files=_from_files(journal, step.id)
                )
    elif isinstance(step, AddItems):
        engine.apply_items(list(journal.items(step.start, step.stop)), _from_files(journal, step.id))
    elif isinstance(step, (Follow, Unfollow)):
        engine.apply_edge(step.edge, there=isinstance(step, Follow))
    elif isinstance(step, Set):
        if step.name not in engine.parts[step.part].traits(config=True):
            raise FormatError(f"{step.part} has no hyperparameter {step.name!r:.80}")
        setattr(engine.parts[step.part], step.name, step.value)
    else:
        engine.kinds = FeedbackKinds.from_dict(step.kinds)
