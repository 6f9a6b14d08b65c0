"""An engine that can be written down, and what follows from that: undo, time travel, forgetting, audit."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import replace
from types import TracebackType
from typing import Any, Self

import traitlets

from lifelong_widgets.assembly import Snapshot, check_graph, make_parts
from lifelong_widgets.certificates import AuditReport, Certificate, utc
from lifelong_widgets.data import (
    DEFAULT_KINDS,
    Catalog,
    Feedback,
    FeedbackKinds,
    Id,
    Interactions,
    SocialGraph,
)
from lifelong_widgets.data.display import brief
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.data.social import Edge, edge_of
from lifelong_widgets.engine import Applied, Engine
from lifelong_widgets.errors import (
    DataError,
    DataWarning,
    FormatError,
    LifelongWidgetsError,
    PrivacyError,
    SettingError,
    warn,
)
from lifelong_widgets.files import as_path
from lifelong_widgets.journal import IdRanges, Journal, Op
from lifelong_widgets.learning import FitReport
from lifelong_widgets.parts import refusal
from lifelong_widgets.progress import (
    ProgressCallback,
    check_progress,
    deferred_interrupts,
    held_interrupts,
)
from lifelong_widgets.recommendations import check_flags
from lifelong_widgets.recording import JournalSettings, Recording, begin, resume
from lifelong_widgets.restoring import base_knows, begins_with, rebuild
from lifelong_widgets.undo import UndoStack


class DurableEngine(Engine):
    """An engine with a memory of its own life: the last steps always, all of them with a journal.

    Attributes:
        read_only: whether it is a look at a journal or at the past, which learns nothing.
        n_rebuilds: how often what was learned was replaced in place (`forget`, a long `undo`). Who keeps
            something that was made from it looks at this.
    """

    read_only: bool = False
    n_rebuilds: int = 0
    _recording: Recording | None = None
    _reader: Journal | None = None
    _name_of: Callable[[Id], Id] | None = None
    _stack: UndoStack | None = None
    _moment: int | None = None

    # ------------------------------------------------------------------------------ opening and closing

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        catalog: Catalog | None = None,
        kinds: FeedbackKinds | None = None,
        seed: int | None = None,
        *,
        graph: SocialGraph | None = None,
        read_only: bool = False,
        pseudonymize: bool | None = None,
        progress: bool | ProgressCallback = True,
        **settings: Any,
    ) -> Self:
        """The recommender that lives in the folder `path`; one is made there if there is none.

        Whatever it learns is in the journal there when the verb returns. Opened again, after a `close`, a
        crash or ``kill -9``, it is bit for bit what it was: the newest checkpoint, and the log since. It has
        a catalogue of its own, `rec.catalog`: add new items there.

        One process at a time may write. In this process, opening it again closes what was open before.

        Args:
            path: the folder; its parent must be there.
            catalog: the items. Needed to begin; later, items that are new in it are added, and a
                `DataWarning` says how many others are not as they were: those stay what they are.
            kinds: what feedback is worth; as it was, unless given.
            seed: of everything random, 0 unless given; fixed from the beginning.
            graph: who follows whom, to begin with: its edges are written down. A journal that knows any has
                its own, and then this is not looked at (who unfollowed or was forgotten stays so).
            read_only: look at it as it is now, also while another process writes.
            pseudonymize: keep people under pseudonyms: their ids never reach the disk. Fixed from the
                beginning. The key lies in the folder; who has it can test whether a given id is there.
            progress: a bar if there is much to replay, silence, or a callback.
            **settings: hyperparameters, as for `Recommender`, and ``synchronous``, ``checkpoint_every`` and
                ``keep_checkpoints``. Those that are not ``live`` are fixed from the beginning.

        Raises:
            JournalLockedError: another process writes there.
            FormatError: something else is there, or it is damaged, or of a newer version; or no folder can be
                called so.
            DataError: nothing is there and no catalogue was given, or what is fixed differs.

        Example:
            >>> import tempfile
            >>> import pandas as pd
            >>> from lifelong_widgets.recommender import Recommender
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> folder = tempfile.TemporaryDirectory()
            >>> path = folder.name + "/shop.lw"
            >>> with Recommender.open(path, shelf, embedding_dim=8) as rec:
            ...     _ = rec.learn_one(user="ada", item=2, kind="like")
            ...     before = rec.digest()
            >>> with Recommender.open(path) as rec:
            ...     rec.n_events, rec.digest() == before
            (1, True)
            >>> folder.cleanup()
        """
        check_flags(read_only=read_only)
        check_progress(progress)
        if pseudonymize is not None:
            check_flags(pseudonymize=pseudonymize)
        folder = as_path(path)
        own = {
            name: settings.pop(name) for name in JournalSettings.class_traits(config=True) if name in settings
        }
        journal_settings = _journal_settings(own)
        check_graph(graph)
        # refuses what no part knows, before anything is opened
        make_parts(settings, also=JournalSettings.class_traits(config=True))
        if folder.is_file():
            raise FormatError(
                f"{path} is a file, a journal is a folder; Recommender.load reads saved recommenders"
            )
        if not Journal.exists(folder):
            if catalog is None or read_only:
                raise DataError(
                    f"there is no journal in {path}; to begin one give the items: "
                    f"Recommender.open({os.fspath(path)!r}, catalog)"
                )
            items = catalog.subset(catalog.ids) if isinstance(catalog, Catalog) else catalog
            engine = cls(items, kinds or DEFAULT_KINDS, 0 if seed is None else seed, **settings)
            recording = begin(engine, folder, journal_settings, bool(pseudonymize))
            engine._attach(recording)
            try:
                engine._begin_graph(graph)
            except BaseException:
                recording.abandon()
                raise
            return engine
        if read_only:
            return cls._look(Journal.open(folder, read_only=True), None, progress)
        engine, recording = resume(cls, folder, journal_settings, progress)
        engine._attach(recording)
        try:
            engine._take_on(catalog, kinds, seed, pseudonymize, settings)
            engine._begin_graph(graph)
        except BaseException:
            recording.abandon()
            raise
        return engine

    def journal_to(
        self, path: str | os.PathLike[str], *, pseudonymize: bool = False, **settings: Any
    ) -> None:
        """Write down, from now on, all that is learned, in a new journal in the folder `path`.

        If there is a journal that began with exactly this model, such as when a notebook is run again, it is
        gone on with: this recommender becomes what it was when that journal was last written.

        What was learned before is kept as it is: people in it cannot be forgotten. To be able to forget
        anybody, begin with `open`.

        Args:
            path: the folder; its parent must be there.
            pseudonymize: as for `open`; only for a recommender that has met nobody yet.
            **settings: ``synchronous``, ``checkpoint_every``, ``keep_checkpoints``.

        Raises:
            DataError: there is a journal of another model, or this recommender has one already, is frozen or
                only a look at the past.
            JournalLockedError: another process writes there.
        """
        self._refuse_if_read_only("begin a journal")
        if self.frozen:
            raise DataError("a frozen twin has no journal; give the live recommender one")
        folder = as_path(path)
        if self._recording is not None and not self._recording.journal.closed:
            if self._recording.journal.folder.resolve() == folder.resolve():
                return
            raise DataError(
                f"this recommender is written to {self._recording.journal.folder}; close() it first"
            )
        journal_settings = _journal_settings(settings)
        self._sync_with_catalog()
        if not Journal.exists(folder):
            self._attach(begin(self, folder, journal_settings, pseudonymize))
            return
        with Journal.open(folder, read_only=True) as there:
            if pseudonymize != there.pseudonymize:
                kept = "pseudonyms" if there.pseudonymize else "their own ids"
                raise DataError(f"the journal in {path} keeps people under {kept}, from its beginning on")
        if not begins_with(type(self), folder, self):
            raise DataError(
                f"the journal in {path} began with another model; to go on with it: "
                f"rec = Recommender.open({os.fspath(path)!r}), or choose another folder"
            )
        engine, recording = resume(type(self), folder, journal_settings, True)
        try:
            self.catalog.add(list(engine.catalog.slice(len(self.catalog))))
            for name, part in self.parts.items():
                for setting, value in engine.parts[name].settings().items():
                    if value != getattr(part, setting):  # live ones only: the others made the two begin alike
                        setattr(part, setting, value)
            self.kinds = engine.kinds
            self._replace_by(engine)
        except BaseException:
            recording.abandon()
            raise
        recording.lead(self)
        self._attach(recording)

    @property
    def journal(self) -> Journal | None:
        """The journal, to read from and to export; None without one."""
        return self._recording.journal if self._recording is not None else self._reader

    def checkpoint(self) -> None:
        """Write a checkpoint now, so that opening it again replays nothing. They are also made by themselves.

        Raises:
            DataError: there is no journal.
            LifelongWidgetsError: it could not be written.
        """
        self._recorded("checkpoint").checkpoint()

    def close(self) -> None:
        """Write a last checkpoint and let go of the journal, which another process may then write.

        Nothing is lost without it. Afterwards the recommender cannot learn; one without a journal still can.
        """
        if self._recording is not None:
            self._recording.close()
        if self._reader is not None:
            self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -------------------------------------------------------------------------------------- who follows whom

    def follow(self, follower: Id, followed: Id, weight: float = 1.0) -> None:
        """Let `follower` follow (or trust) `followed` from now on; a known edge takes the new weight.

        Costs O(1). Nothing is learned by it: what the network reads of people with ``person_features=``
        ``"neighbor_tastes"`` or ``"node_embedding"`` is different at once, also of people who have done
        nothing yet. With a journal it is written down first. `undo` takes back events only; `unfollow` this.

        Raises:
            DataError: an id that cannot be used or clashes with a known one, somebody who would follow
                themselves, a weight that is no finite number above 0, or a read-only recommender.
            LifelongWidgetsError: the journal could not be written.

        After an error everything is as it was.

        Example:
            >>> from lifelong_widgets.recommender import Recommender
            >>> shelf = Catalog.from_records([{"item": 1, "title": "Ant"}, {"item": 2, "title": "Bee"}])
            >>> rec = Recommender(shelf, person_features="neighbor_tastes")
            >>> rec.follow("ada", "bob")
            >>> rec.graph
            SocialGraph(1 edge among 2 people)
        """
        self._record_edges(Op.FOLLOW, [edge_of(follower, followed, weight)])

    def unfollow(self, follower: Id, followed: Id) -> None:
        """Let `follower` no longer follow `followed`; as `follow`, and with its errors.

        Raises:
            DataError: there is no such edge, too.
        """
        self._record_edges(Op.UNFOLLOW, [edge_of(follower, followed)])

    # ---------------------------------------------------------------------------------------- time travel

    def undo(self, n: int = 1, progress: bool | ProgressCallback = True) -> tuple[Feedback, ...]:
        """Take back the last `n` events: the model is then, bit for bit, what it would be without them.

        The last few (`UndoStack`) at once; more are replayed from a checkpoint, which needs a journal. There,
        undoing is an entry of its own: nothing is deleted.

        Returns:
            The events, newest first.

        Raises:
            DataError: `n` is not a whole number of at least 1, or there are not so many events (a fit, or
                what came before the journal, cannot be taken back).
        """
        check_progress(progress)
        if type(n) is not int or n < 1:
            raise DataError(f"n is {n!r:.80}; undo takes back a whole number of events, at least 1")
        self._refuse_if_read_only("undo")
        if self.privacy.on:
            raise PrivacyError(
                "what was learned in private is not undone: noise that was shown once is spent, and showing "
                "the model with it and without it would tell what it hid; forget() makes it anew"
            )
        if self._recording is None:
            if not len(self._undo):
                raise DataError(
                    "there is nothing to undo: no event was learned since the recommender was made, loaded "
                    "or fitted; Recommender.open keeps them all, so that they can be taken back"
                )
            if not self._undo.reaches(n):
                raise DataError(
                    f"without a journal the last {len(self._undo)} events can be taken back, though not a "
                    f"part of a batch when settings, items or edges have changed since, and not {n}; "
                    "Recommender.open keeps them all"
                )
            with deferred_interrupts():
                return tuple(self._undo.take_back(n))
        recording = self._recorded("undo")
        with recording.verb():
            entries = recording.journal.last_events(n)
            if len(entries) < n:
                count = f"there are {len(entries)} events to take back, not {n}"
                raise DataError(
                    f"{count if entries else 'there is nothing to undo'}: a fit, and what came before the "
                    "journal, cannot be undone"
                )
            ranges, first = IdRanges((entry.id, entry.id) for entry in entries), entries[-1].id
            if self._undo.reaches(n):
                with deferred_interrupts():
                    recording.undo(ranges)
                    self._undo.take_back(n)
            else:
                recording.flush()
                conditions = self.conditions()
                fresh, _ = rebuild(
                    type(self), recording.journal, before=first, without_ids=ranges, progress=progress,
                    description="undo",
                )  # fmt: skip
                self.refuse_unless(conditions, "undo")
                with deferred_interrupts():
                    recording.undo(ranges)
                    self._replace_by(fresh)
            recording.after_undo(first)
        return tuple(entry.feedback for entry in entries if entry.feedback is not None)

    @property
    def can_undo(self) -> bool:
        """Whether there is an event that `undo` takes back."""
        if self.read_only or self.privacy.on:
            return False
        if self._recording is None:
            return len(self._undo) > 0
        journal = self._recording.journal
        return not journal.closed and (len(self._undo) > 0 or bool(journal.last_events(1)))

    def _latest_event(self) -> Feedback | None:
        """The last event since the last fit, with its person as known here; None if it is not kept."""
        if self._recording is None or len(self._undo):
            return self._undo.latest
        return next((entry.feedback for entry in self._recording.journal.last_events(1)), None)

    def at(self, event_id: int, progress: bool | ProgressCallback = True) -> Self:
        """This recommender as it was just after the entry `event_id` (`Update.event_id`), to look at.

        It recommends and explains, and learns nothing. 0 is the beginning. Events that were taken back later
        are in it, people who were forgotten since are not.

        Raises:
            DataError: no journal, or no such entry.
        """
        check_progress(progress)
        journal = self.journal
        if journal is None:
            raise DataError("at() needs a journal: Recommender.open(path, catalog)")
        if self._recording is not None:
            self._recording.flush()
        if type(event_id) is not int or not 0 <= event_id <= journal.last_id:
            raise DataError(
                f"event_id is {event_id!r:.80}; it must be a whole number from 0, the beginning, to "
                f"{journal.last_id}, the last entry of {journal.folder}"
            )
        return type(self)._look(journal, event_id, progress, keep=False)

    # --------------------------------------------------------------------------------- forgetting, audit

    def forget(
        self, user: Id, *, verify: bool = True, progress: bool | ProgressCallback = True
    ) -> Certificate:
        """Forget a person: they leave the journal, and the model becomes one that never knew them.

        Their events go, and the edges from and to them.

        It is rebuilt, from the newest checkpoint before their first event, by learning all the others' events
        again; so it takes as long as these took. Checkpoints that know the person are removed, and their
        bytes are overwritten. A salted hash remains, by which `Certificate.is_of` knows the id again. What
        left the folder before (exports, saved files, backups) is not reached.

        Until the new model is ready nothing is changed: Ctrl-C, or a crash, leaves everything as it was.
        After a crash later than that, opening the journal ends what was begun.

        Args:
            user: whom.
            verify: make a second model, from the beginning of the journal and by the same log without the
                person, and compare the two by hash. Costs as much as all that was ever learned.
            progress: a bar, silence or a callback.

        Raises:
            DataError: no journal, nothing is held about them, or they were learned before it began.
            LifelongWidgetsError: the two models differ; nothing was changed.
        """
        check_flags(verify=verify)
        check_progress(progress)
        recording = self._recorded("forget")
        with recording.verb():
            return self._forget(recording, user, verify, progress)

    def audit(self, progress: bool | ProgressCallback = True) -> AuditReport:
        """Make the model anew from the beginning of its journal, and compare the two by hash.

        Raises:
            DataError: no journal.
        """
        check_progress(progress)
        journal = self.journal
        if journal is None:
            raise DataError("audit() needs a journal: Recommender.open(path, catalog)")
        if self._recording is not None:
            self._recording.flush()
        end = journal.last_id if self._moment is None else self._moment
        other, _ = rebuild(
            type(self), journal, until=end, from_the_beginning=True, progress=progress, description="audit"
        )
        mine, replayed = self.digest(), other.digest()
        return AuditReport(mine == replayed, mine, replayed, journal.digest(end), end)

    # ---------------------------------------------------------------------------------------- in here

    @property
    def _undo(self) -> UndoStack:
        if self._stack is None:
            self._stack = UndoStack(self)
        return self._stack

    def known_as(self, user: Id) -> Id:
        """The id under which `user` stands in `users` and in the journal: their own, or a pseudonym."""
        return as_id(user, "user") if self._name_of is None else self._name_of(user)

    def _as_known(self, feedback: Feedback) -> Feedback:
        return feedback if self._name_of is None else replace(feedback, user=self._name_of(feedback.user))

    def _record_event(self, feedback: Feedback, learning: bool) -> tuple[Applied, int | None]:
        """Learn or observe one event, and write it down first if there is a journal."""
        if self._recording is None:
            with self._undo.step([feedback], learning) as mark:
                return self.apply_event(feedback, learning, mark), None
        recording, op = self._recorded("learn"), Op.LEARN if learning else Op.OBSERVE
        with (
            deferred_interrupts(),
            recording.verb(),
            self._undo.step([feedback], learning) as mark,
            recording.event(op, feedback) as id,
        ):
            applied = self.apply_event(feedback, learning, mark)
        return applied, id

    def _record_batch(
        self, batch: list[Feedback], call: int | None, batch_size: int
    ) -> tuple[float, int | None]:
        """Learn one batch, and write it down first if there is a journal; the loss and the call's id."""
        if self._recording is None:
            with self._undo.step(batch) as mark:
                return self.apply_batch(batch, mark), None
        recording = self._recorded("learn")
        with (
            deferred_interrupts(),
            recording.verb(),
            self._undo.step(batch) as mark,
            recording.batch(batch, call, batch_size) as call,
        ):
            loss = self.apply_batch(batch, mark)
        return loss, call

    def _record_edges(self, op: Op, edges: Iterable[Edge]) -> None:
        """Let edges come or go, and write that down first if there is a journal."""
        self._refuse_if_read_only(op.value)
        known = [Edge(self.known_as(edge[0]), self.known_as(edge[1]), edge[2]) for edge in edges]
        with deferred_interrupts(), nullcontext() if self._recording is None else self._recording.verb():
            for edge in known:
                self.refuse_edge(edge, op is Op.FOLLOW)
            if self._recording is not None:
                self._recording.edges(op, known)
            for edge in known:  # which cannot fail any more
                self.apply_edge(edge, op is Op.FOLLOW)

    def _begin_graph(self, graph: SocialGraph | None) -> None:
        """Take the edges of a graph if there never was one here."""
        if graph is not None and len(graph) and not len(self.graph.people):
            self._record_edges(Op.FOLLOW, (Edge(*edge) for edge in graph))

    def _record_fit(self, log: Interactions, progress: bool | ProgressCallback) -> FitReport:
        """Fit a log and, when that is done, write it down; if that fails, be as before."""
        if self._recording is None:
            with held_interrupts() as interrupt:
                report = self.apply_fit(log, interrupt, progress)
            self._undo.clear()
            return report
        recording = self._recorded("fit")
        with recording.verb():
            recording.flush()  # so that what was changed before the fit is written even if it fails
            before = self.snapshot()
            with held_interrupts() as interrupt:
                report = self.apply_fit(log, interrupt, progress)
                with deferred_interrupts():
                    try:
                        recording.fit(log, report.epochs if report.interrupted else None)
                    except BaseException:
                        self.put_back(before)
                        raise
                    self._undo.clear()
        return report

    def _forget(
        self, recording: Recording, user: Id, verify: bool, progress: bool | ProgressCallback
    ) -> Certificate:
        journal, name = recording.journal, self.known_as(user)
        if base_knows(journal, name):
            raise DataError(
                f"{user!r:.80} was learned before the journal began, so that the model cannot be made "
                "without them; begin with Recommender.open(path, catalog) and fit it there"
            )
        first = journal.first_entry_of(name)
        if first is None:
            raise DataError(f"nothing is held about {user!r:.80}")
        recording.flush()
        recording.wait()
        conditions = self.conditions()
        fresh, start = rebuild(
            type(self), journal, before=first, without_user=name, progress=progress, description="forget"
        )
        model, never_seen = fresh.digest(), None
        if verify:
            other, _ = rebuild(
                type(self), journal, from_the_beginning=True, without_user=name, progress=progress,
                description="verify",
            )  # fmt: skip
            never_seen = other.digest()
            if never_seen != model:
                raise LifelongWidgetsError(
                    f"two models that never saw this person differ ({model[:16]}…, {never_seen[:16]}…): the "
                    "journal does not reproduce here. Nothing was erased; audit() tells more"
                )
        self.refuse_unless(conditions, "forget")
        with deferred_interrupts():
            journal.erase(name)
            self._replace_by(fresh)  # before anything that the disk may refuse
            scrubbed = recording.after_erasure()
        stone = journal.tombstones[-1]
        return Certificate(
            stone.id, utc(stone.recorded), stone.salt, stone.hash, stone.n_events, start, model, never_seen,
            journal.digest(), scrubbed,
        )  # fmt: skip

    def _log_as_known(self, log: Interactions) -> Interactions:
        return log if self._name_of is None else log.with_users([self._name_of(user) for user in log.users])

    def put_back(self, before: Snapshot) -> None:
        """Be again as at a snapshot of this engine; earlier events are taken back by a journal only then."""
        super().put_back(before)
        self._undo.clear()  # its marks know arrays that were replaced

    def _replace_by(self, other: Engine) -> None:
        self.adopt(other)
        self._undo.clear()
        self.n_rebuilds += 1

    def _attach(self, recording: Recording) -> None:
        self._recording = recording
        self._name_of = recording.journal.pseudonym if recording.journal.pseudonymize else None

    @classmethod
    def _look(
        cls, journal: Journal, moment: int | None, progress: bool | ProgressCallback, keep: bool = True
    ) -> Self:
        end = journal.last_id if moment is None else moment
        try:
            engine, _ = rebuild(cls, journal, until=end, progress=progress)
        except BaseException:
            if keep:
                journal.close()
            raise
        engine.read_only, engine._moment = True, end
        engine._name_of = journal.pseudonym if journal.pseudonymize else None
        engine._reader = journal if keep else None
        return engine

    def _take_on(
        self,
        catalog: Catalog | None,
        kinds: FeedbackKinds | None,
        seed: int | None,
        pseudonymize: bool | None,
        settings: dict[str, Any],
    ) -> None:
        """What was given when a journal was opened again: what may change is changed, the rest must agree."""
        journal = self._recorded("open").journal
        fixed = {"seed": (seed, self.seed), "pseudonymize": (pseudonymize, journal.pseudonymize)}
        for name, part in self.parts.items():
            for setting, trait in part.traits(config=True).items():
                if setting in settings and not trait.metadata.get("live"):
                    fixed[setting] = (settings[setting], self.parts[name].settings()[setting])
        for what, (given, known) in fixed.items():
            if given is not None and given != known:
                raise DataError(
                    f"{what} is {given!r:.80} here and {known!r:.80} in the journal {journal.folder}, where "
                    "it is fixed from the beginning; leave it out, or begin another journal"
                )
        for part in self.parts.values():
            for setting in part.traits(config=True, live=True):
                if setting in settings:
                    setattr(part, setting, settings[setting])
        if kinds is not None and kinds != self.kinds:
            self.kinds = kinds
        if catalog is not None:
            new = [item for item in catalog if item.id not in self.catalog]
            if len(self.catalog) and len(new) == len(catalog):
                raise DataError(
                    f"none of the {len(new):,} items is in the journal {journal.folder}: it belongs to "
                    "another catalogue. If they are all new, rec.catalog.add(...) them"
                )
            self._warn_of_changed(catalog)
            self.catalog.add(new)

    def _warn_of_changed(self, catalog: Catalog) -> None:
        """Say that an item that is known stays what it was, where another is given for it."""
        changed = []
        for item in catalog:
            if item.id not in self.catalog:
                continue
            known = self.catalog[item.id]
            if (item.title, item.categories, item.texts) != (known.title, known.categories, known.texts):
                changed.append(item.id)
        if changed:
            warn(
                f"of {len(changed):,} of the items, such as {changed[0]!r:.80}, the journal has another "
                "title, other categories or other texts, and goes on with its own: open adds items that are "
                "new and changes none",
                DataWarning,
            )

    def _recorded(self, verb: str) -> Recording:
        self._refuse_if_read_only(verb)
        if self._recording is None:
            raise DataError(f"{verb}() needs a journal: Recommender.open(path, catalog)")
        return self._recording

    def _refuse_if_read_only(self, verb: str) -> None:
        if self.read_only:
            raise DataError(
                f"this is a look at the model as it was at entry {self._moment}, which cannot {verb}; "
                "call it on the live recommender"
            )


def _journal_settings(given: dict[str, Any]) -> JournalSettings:
    """How a journal is to be kept.

    Raises:
        DataError: a setting that there is not.
        SettingError: one that is out of bounds or not among its choices.
    """
    try:
        return JournalSettings(**given)
    except traitlets.TraitError as error:
        raise SettingError(refusal(JournalSettings, given, brief) or str(error)) from None
