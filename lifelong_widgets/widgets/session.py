"""What all widgets on one recommender share: the live model, its frozen twin, what happened so far."""

from __future__ import annotations

import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakValueDictionary

from lifelong_widgets.data import Feedback, Id
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.recommendations import check_k
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople
from lifelong_widgets.updates import Update
from lifelong_widgets.widgets.answers import Answers
from lifelong_widgets.widgets.budget import withheld
from lifelong_widgets.widgets.changes import Change, Listener, Listeners
from lifelong_widgets.widgets.crowd import Crowd, SimulationResult, Visit, share_kinds
from lifelong_widgets.widgets.forgotten import Forgotten
from lifelong_widgets.widgets.inbox import Inbox
from lifelong_widgets.widgets.job import Job
from lifelong_widgets.widgets.lists import Act, Latest, Lists, Shown
from lifelong_widgets.widgets.marks import Marks
from lifelong_widgets.widgets.scoreboard import HIT, Scoreboard
from lifelong_widgets.widgets.wording import explain
from lifelong_widgets.widgets.worker import Throttle, Worker

ME: Id = "me"  # who looks on if nobody else does

_KEPT_CLICKS = 10_000  # ids of clicks, so that a repeated one is recognised
_SLICE = 0.03  # seconds of simulation between two looks at the queue
_REFRESH = 1.0  # seconds between new lists while others' clicks change the model
_VISITS_PER_CLICK = 20  # after which a crowd that clicks on nothing has had enough

P = ParamSpec("P")
T = TypeVar("T")


class LiveSession:
    """A recommender on screen.

    One thread owns the engine; every method may be called from any thread, validates, and queues. While a
    session is in use, let it do the learning: call `feedback`, not `rec.learn_one`, and `call` for whatever
    else is asked of the recommender, such as saving it.

    `close` frees engine, twin and thread. Without it they stay as long as a widget shows them, and ipywidgets
    keeps every widget until it is closed, also one whose variable or cell is gone.

    Hit rates: a visit is a list shown to somebody. A simulated person is shown the live list *and* the
    frozen twin's, each counts a hit if they would take something from its first ten, and a coin says which of
    the two clicks is learned. A real person sees only the live list, so their click tests where either
    model had the item they took, which flatters the live one; `Scoreboard` counts those clicks as "own".

    Args:
        rec: the live model. The twin is a copy of it as it is now.
        user: who is looking; anybody, also a person the model has never seen.
        k: how long the lists are.
        seed: of the simulated people.

    Raises:
        DataError: `user` is not an id, or `k` is less than 1.

    Example:
        >>> import pandas as pd
        >>> from lifelong_widgets.data import Catalog
        >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
        >>> session = LiveSession(Recommender(shelf, embedding_dim=8), k=3)
        >>> session.feedback(2, "like").result().n_events
        1
        >>> 2 in session.shown("me").recommendations.items
        False
    """

    def __init__(self, rec: Recommender, user: Id = ME, k: int = 20, seed: int = 0) -> None:
        self.rec = rec
        self.lists = Lists(rec, check_k(k))
        self.marks = Marks()
        self.forgotten = Forgotten(rec)
        self.seed = seed
        self.scores = Scoreboard()
        self.name = uuid.uuid4().hex
        self.worker = Worker("lifelong-widgets")
        self.inbox = Inbox(self.worker)
        self.twin = self.worker.call(rec.frozen_twin)
        self._n_fits, self._n_rebuilds = rec.n_fits, rec.n_rebuilds
        self.last_update: Update | None = None
        self.latest: Latest | None = None
        self.job: Job[SimulationResult] | None = None
        self._user = as_id(user, "user")
        self._present: Crowd | None = None
        self._clicks: OrderedDict[str, None] = OrderedDict()
        self._listeners = Listeners()
        self._tell = self._listeners.tell
        self._answers = Answers(self.worker, self.lists, self.scores, self._tell)
        self._refresh = Throttle(self.worker, _REFRESH, self._refresh_lists)
        _SESSIONS[id(rec)] = self

    @classmethod
    def of(cls, engine: Recommender | LiveSession) -> LiveSession:
        """The session on `engine`: itself, the one that its other widgets use, or a new one.

        A recommender that was fitted since is another model: its session is closed, and a new one with a new
        twin and new scores takes over its person, list length and simulated people.

        Raises:
            DataError: `engine` is neither a recommender nor a session.
        """
        if isinstance(engine, LiveSession):
            return engine
        if not isinstance(engine, Recommender):
            raise DataError(f"a widget shows a Recommender or a LiveSession, not {engine!r:.80}")
        known = _SESSIONS.get(id(engine))
        if known is None or known.rec is not engine:
            return cls(engine)
        if known._n_fits == engine.n_fits:
            if known._n_rebuilds != engine.n_rebuilds:
                known.worker.call(known._catch_up)
            return known
        known.call(known.close)  # between two steps: one thread at a time may use a recommender
        fresh = cls(engine, known.user, known.lists.k, known.seed)
        if known._present is not None:
            fresh.use_people(known._present.people)
        return fresh

    # ------------------------------------------------------------------------------------- who looks on

    @property
    def user(self) -> Id:
        """The current person."""
        return self._user

    def choose_user(self, user: Id) -> Future[None]:
        """Make `user` the current person.

        Raises:
            DataError: `user` is not an id.
        """
        return self.worker.submit(self._choose_user, as_id(user, "user"))

    def set_length(self, k: int) -> Future[None]:
        """Make the lists `k` long.

        Raises:
            DataError: `k` is less than 1.
        """
        return self.worker.submit(self._set_length, check_k(k))

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` at every `Change`, in the owner thread; call what this returns to stop.

        An exception of a listener is logged; the others are told all the same.
        """
        return self._listeners.add(listener)

    def shown(self, user: Id | None = None) -> Shown:
        """The list that is on screen for a person (the current one by default); made if there is none."""
        return self.worker.call(self.lists.latest, self._user if user is None else as_id(user, "user"))

    # ---------------------------------------------------------------------------------------- the verbs

    def feedback(
        self,
        item: Id,
        kind: str = "click",
        click: str | None = None,
        user: Id | None = None,
        version: int | None = None,
    ) -> Future[Update | None]:
        """Learn one click, and make a new list.

        Of clicks that come fast every one is learned and answered, in their order; a new list is made, and
        told to listeners, for as many of them together as came within a moment (60 ms).

        Args:
            item: what was clicked on.
            kind: how.
            click: an id of this very click. One that was here before is answered again and not learned.
            user: who clicked; by default whose list `version` was or, without one, the current person.
            version: of the list that was on screen (`Shown.version`), the latest by default. The click is no
                test of a list that is not kept any more.

        Returns:
            The update, when it is done; None for a repeated click. The future raises DataError if nobody
            knows any more whose list it was.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, an id or a version that is none.
        """
        person = None if user is None else as_id(user, "user")
        if version is not None and type(version) is not int:
            raise DataError(f"version is {version!r:.40}; it must be the whole number of a list, or None")
        _ = self.rec.catalog[item], self.rec.kinds[kind]
        return self.worker.submit(self._told, self._feedback, person, click, item, kind, version)

    def undo(
        self, n: int = 1, click: str | None = None, user: Id | None = None
    ) -> Future[tuple[Feedback, ...]]:
        """Take back the last `n` clicks, whosesoever they are: the model is as if they had never been.

        Args:
            n: how many, at least 1.
            click: an id of this very wish, as for `feedback`: one that was here before takes nothing back.
            user: who wants it and is told; the current person by default.

        Returns:
            The events taken back, newest first, when it is done. The future raises DataError if there are
            not so many.

        Raises:
            DataError: `user` is not an id.

        Example:
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> session = LiveSession(Recommender(shelf, embedding_dim=8))
            >>> _ = session.feedback(2, "like")
            >>> [event.item for event in session.undo().result()], session.rec.n_events
            ([2], 0)
        """
        person = None if user is None else as_id(user, "user")
        return self.worker.submit(self._told, self._undo, person, click, n)

    @property
    def can_undo(self) -> bool:
        """Whether there is a click to take back: any in the journal, or else the last few. Owner thread."""
        return self.rec.can_undo

    def set_hyperparameter(self, part: str, name: str, value: Any) -> Future[None]:
        """Set a live hyperparameter between two steps, for instance ``("updater", "learning_rate", 0.001)``.

        The future raises traitlets.TraitError if the value is out of bounds.

        Raises:
            DataError: there is no such part, or no such hyperparameter of it that may change while it learns.
        """
        if part not in self.rec.parts or name not in self.rec.parts[part].traits(config=True, live=True):
            raise DataError(f"{part}.{name} is not a hyperparameter that may change while the model learns")
        return self.worker.submit(setattr, self.rec.parts[part], name, value)

    def run_simulation(self, n: int = 500) -> Job[SimulationResult]:
        """Let simulated people look at lists until they have clicked `n` times. Returns at once.

        Raises:
            DataError: `n` is less than 1.
            LifelongWidgetsError: a simulation is running already.
        """
        if type(n) is not int or n < 1:
            raise DataError(f"n is {n!r}; it must be a whole number of at least 1")
        if self.job is not None and not self.job.done:
            raise LifelongWidgetsError("a simulation is running: wait for it or `cancel()` it (session.job)")
        self.job = Job(self.worker, lambda job: self._simulate(n, job), n, self._tell_job)
        return self.job

    def swap_tastes(self) -> Future[None]:
        """Turn the fashion among the simulated people: a drift whose moment is known."""
        return self.worker.submit(self._swap_tastes)

    @property
    def people(self) -> SimulatedPeople:
        """The simulated people, whose tastes are known."""
        return self.worker.call(self._crowd).people

    def use_people(self, people: SimulatedPeople) -> None:
        """Let these people click, for instance those of ``SimulatedPeople.from_truth(...)``."""
        self.worker.call(setattr, self, "_present", self._gather(people))

    def call(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `function` between two steps, after everything queued so far, and return its result.

        This is how to save or compress a recommender whose widgets are in use, and how to let it forget
        somebody (``session.call(rec.forget, "ada")``): called straight from a cell it would meet a model that
        is just being changed. A running simulation waits meanwhile. If the model was rebuilt, lists and marks
        of people whom it does not know any more go, and the twin starts anew from what it is now. Who was
        forgotten is named by no widget any more; if they looked on, ``"me"`` does from now.

        Raises:
            LifelongWidgetsError: the session is closed. What `function` raises is raised here.

        Example:
            >>> import os, tempfile
            >>> import pandas as pd
            >>> from lifelong_widgets.data import Catalog
            >>> shelf = Catalog.from_pandas(pd.DataFrame({"item": [1, 2, 3], "title": ["Ant", "Bee", "Cat"]}))
            >>> rec = Recommender(shelf, embedding_dim=8)
            >>> session = LiveSession(rec)
            >>> _ = session.feedback(2, "like")
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     file = os.path.join(folder, "mine.lw")
            ...     session.call(rec.save, file)
            ...     Recommender.load(file).n_events
            1
        """
        return self.worker.call(self._between_steps, lambda: function(*args, **kwargs))

    def wait(self) -> None:
        """Return when everything queued so far is done, a running simulation excepted."""
        self.worker.call(lambda: None)

    def close(self) -> None:
        """Stop: cancel a simulation, drop what is queued, tell nobody more. Widgets stay as they are.

        Frees engine, twin and thread as soon as nobody else holds them; closing the widgets alone does not
        end a session that has a name.
        """
        if self.job is not None:
            self.job.cancel()
        self.inbox.close()
        self._answers.close()
        self._refresh.close()
        self._listeners.clear()
        self.worker.close()
        if _SESSIONS.get(id(self.rec)) is self:
            del _SESSIONS[id(self.rec)]

    def __repr__(self) -> str:
        return f"<LiveSession: {self.scores.clicks} clicks learned, {self._user!r} looks on>"

    # --------------------------------------------------------------------------- in the owner's thread

    def _told(
        self,
        task: Callable[Concatenate[Id | None, str | None, P], T],
        user: Id | None,
        click: str | None,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Do what `click` asks for; if it fails, that is told too."""
        try:
            self._catch_up()
            return task(user, click, *args, **kwargs)
        except BaseException as error:
            clicks = () if click is None else (click,)
            self._tell(Change("error", clicks=clicks, message=explain(error)))
            raise

    def _feedback(
        self, user: Id | None, click: str | None, item: Id, kind: str, version: int | None
    ) -> Update | None:
        if click in self._clicks:
            self._answers.owe(self._viewer(user), click)
            return None
        user = self._clicker(user, version)
        seen = self.lists.find(user, version)
        on_screen = None if seen is None else seen.recommendations.items
        start = time.perf_counter()
        feedback = Feedback(user, item, kind=kind, shown=on_screen, id=click)
        update = self.rec.learn_one(feedback)
        self._remember(click)
        if update.repeated:  # in a life before this one: the journal has it
            self._answers.owe(user, click)
            return None
        self.marks.add(user, item, kind)
        kept_back = withheld(self.rec, update)
        self.lists.note(user, Act(kind, item, withheld=kept_back))
        self.latest = Latest(Act(kind, item, user=user), told=user)
        if not kept_back:
            self.scores.step(update.loss)
        self.last_update = update
        self._answers.owe(user, click, time.perf_counter() - start)
        # The twin's test is not on the way to the screen.
        share_kinds(self.rec, self.twin)
        outcome = None
        if self.rec.kinds[kind].positive and on_screen is not None:
            instead = self.twin.recommend(user, HIT, reasons=False).items
            outcome = (item in on_screen[:HIT], item in instead)
        self.twin.observe(feedback)
        self.scores.visit(outcome, own=True)
        if update.alarm:
            self.scores.mark("alarm")
        self._tell(Change("figures"))
        self._refresh.touch()
        return update

    def _undo(self, user: Id | None, click: str | None, n: int) -> tuple[Feedback, ...]:
        user = self._viewer(user)
        if click in self._clicks:
            self._answers.owe(user, click)
            return ()
        undone = self.rec.undo(n, progress=False)
        self._n_rebuilds = self.rec.n_rebuilds  # the twin follows in a way of its own
        self._remember(click)
        self.last_update = self.latest = None
        self.scores.taken_back(len(undone))
        for event in undone:
            whose = self._real_name(event.user)
            self.marks.take_back(whose, event.item, event.kind)
            for viewer in {user, whose}:
                self.lists.note(viewer, Act(event.kind, event.item, True, None if whose == viewer else whose))
        self._answers.owe(user, click)
        if not self._undone_by_twin(undone):
            self._renew_twin()
        self._tell(Change("figures"))
        self._refresh.touch()
        return undone

    def _viewer(self, user: Id | None) -> Id:
        """`user`, if they are named, or whoever looks on now that it is this task's turn."""
        return self._user if user is None else user

    def _clicker(self, user: Id | None, version: int | None) -> Id:
        """Who clicked. Another person may look on now than when the click was made: the list knows."""
        if user is not None or version is None:
            return self._viewer(user)
        owner = self.lists.owner(version)
        if owner is None:
            raise DataError(
                "this list is too old to know whose it was: the click was not learned; click again"
            )
        return owner

    def _undone_by_twin(self, undone: tuple[Feedback, ...]) -> bool:
        """Take the same events out of the twin's histories, if the last that it saw are just these."""
        try:
            seen = self.twin.undo(len(undone), progress=False)
        except DataError:  # it was made after some of them, or they are too long ago
            return False
        return [(event.item, event.kind, event.id) for event in seen] == [
            (event.item, event.kind, event.id) for event in undone
        ]

    def _between_steps(self, task: Callable[[], T]) -> T:
        try:
            return task()
        finally:
            self._catch_up()

    def _catch_up(self) -> None:
        """If the model was rebuilt, as `forget` does it, let go of what was made from the one before."""
        if self._n_rebuilds == self.rec.n_rebuilds:
            return
        self._n_rebuilds = self.rec.n_rebuilds
        self.last_update = self.latest = None
        named = {*self.lists.people, *self.marks.people, self._user}
        strangers = [user for user in named if self.rec.known_as(user) not in self.rec.users]
        for user in strangers:
            self.lists.drop(user)
            self.scores.taken_back(self.marks.forget(user))
        self._renew_twin()
        if self.forgotten.look():
            self._let_go([user for user in strangers if user in self.forgotten])
        self._refresh_lists()
        self._tell(Change("figures"))

    def _let_go(self, people: list[Id]) -> None:
        """These were forgotten, and perhaps people whom only a widget names: nobody names them any more."""
        before = self._user
        if before in people:
            self._user = ME
        for user in people:
            self.lists.forget(user)
            self._answers.redirect(user, self._user)
        self._tell(Change("people"))  # first, that nobody takes the new person for a name in the log
        if self._user != before:
            self._tell(Change("user", self._user))

    def _real_name(self, user: Id) -> Id:
        """Who it is, if they were here: a journal may know a pseudonym only."""
        here = (name for name in (*self.marks.people, *self.lists.people) if self.rec.known_as(name) == user)
        return next(here, user)

    def _renew_twin(self) -> None:
        self.twin = self.rec.frozen_twin()
        if self._present is not None:
            self._present.twin = self.twin
        self.scores.restart()

    def _simulate(self, n: int, job: Job[SimulationResult]) -> Generator[int, None, SimulationResult]:
        crowd = self._crowd()
        visits = clicks = kept_back = live_hits = frozen_hits = 0
        deadline = time.monotonic() + _SLICE
        while clicks < n and visits < _VISITS_PER_CLICK * n and not job.cancelled:
            visit = crowd.visit(self.lists.k)
            self._count(visit)
            visits, clicks = visits + 1, clicks + (visit.update is not None)
            kept_back += visit.update is not None and withheld(self.rec, visit.update)
            live_hits, frozen_hits = live_hits + visit.live_hit, frozen_hits + visit.frozen_hit
            if time.monotonic() >= deadline:
                self._tell(Change("figures"))
                self._refresh.touch()
                yield clicks
                deadline = time.monotonic() + _SLICE
        self._refresh_lists()
        self._tell(Change("figures"))
        yield clicks
        seen = max(visits, 1)
        hits = live_hits / seen, frozen_hits / seen
        return SimulationResult(visits, clicks, *hits, job.cancelled, kept_back)

    def _count(self, visit: Visit) -> None:
        if visit.update is not None:
            self.last_update = visit.update
            if visit.click is not None:
                self.latest = Latest(Act(visit.click.kind, visit.click.item, user=visit.click.user))
            if not withheld(self.rec, visit.update):
                self.scores.step(visit.update.loss)
            self.scores.took(visit.seconds)
        self.scores.visit((visit.live_hit, visit.frozen_hit), own=False)
        if visit.update is not None and visit.update.alarm:
            self.scores.mark("alarm")

    def _crowd(self) -> Crowd:
        if self._present is None:
            self._present = self._gather(SimulatedPeople(self.rec.catalog, seed=self.seed))
        return self._present

    def _gather(self, people: SimulatedPeople) -> Crowd:
        return Crowd(self.rec, self.twin, people, self.seed)

    def _swap_tastes(self) -> None:
        self._crowd().people.drift(how="swap")
        self.scores.mark("swap")
        self._tell(Change("figures"))

    def _choose_user(self, user: Id) -> None:
        if user != self._user:
            self._user = user
            self._tell(Change("user", user))

    def _set_length(self, k: int) -> None:
        self.lists.k = k
        self._refresh_lists()

    def _remember(self, click: str | None) -> None:
        if click is not None:
            self._clicks[click] = None
        if len(self._clicks) > _KEPT_CLICKS:
            self._clicks.popitem(last=False)

    def _refresh_lists(self) -> None:
        for user in self.lists.refresh():
            self._tell(Change("list", user))

    def _tell_job(self, job: Job[SimulationResult]) -> None:
        error = job.error()
        self._tell(Change("job", message=explain(error) if error else ""))


_SESSIONS: WeakValueDictionary[int, LiveSession] = WeakValueDictionary()
