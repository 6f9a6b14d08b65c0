"""What all widgets on one recommender share: the live model, its frozen twin, what happened so far."""

from __future__ import annotations

import itertools
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Generator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, ParamSpec, TypeAlias, TypeVar
from weakref import WeakValueDictionary

from lifelong_widgets.data import Feedback, Id
from lifelong_widgets.data.ids import as_id
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.recommendations import check_k
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople
from lifelong_widgets.updates import Update
from lifelong_widgets.widgets.crowd import Crowd, SimulationResult, Visit, share_kinds
from lifelong_widgets.widgets.job import Job
from lifelong_widgets.widgets.lists import Lists, Shown
from lifelong_widgets.widgets.scoreboard import HIT, Scoreboard
from lifelong_widgets.widgets.worker import Throttle, Worker

_KEPT_CLICKS = 10_000  # ids of clicks, so that a repeated one is recognised
_SLICE = 0.03  # seconds of simulation between two looks at the queue
_REFRESH = 1.0  # seconds between new lists while others' clicks change the model
_VISITS_PER_CLICK = 20  # after which a crowd that clicks on nothing has had enough

_log = logging.getLogger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Change:
    """What listeners are told, in the owner thread.

    `what` is ``"list"`` (there is a new list for `user`; `click` if it answers one), ``"figures"``,
    ``"user"`` (the current person), ``"job"`` or ``"error"`` (`message`; `click` if one caused it).
    """

    what: Literal["list", "figures", "user", "job", "error"]
    user: Id | None = None
    click: str | None = None
    message: str = ""


Listener: TypeAlias = Callable[[Change], None]


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

    def __init__(self, rec: Recommender, user: Id = "me", k: int = 20, seed: int = 0) -> None:
        self.rec = rec
        self.lists = Lists(rec, check_k(k))
        self.seed = seed
        self.scores = Scoreboard()
        self.worker = Worker("lifelong-widgets")
        self.twin = self.worker.call(rec.frozen_twin)
        self._n_fits = rec.n_fits
        self.last_update: Update | None = None
        self.job: Job[SimulationResult] | None = None
        self._user = as_id(user, "user")
        self._present: Crowd | None = None
        self._given: defaultdict[Id, dict[Id, set[str]]] = defaultdict(dict)
        self._clicks: OrderedDict[str, None] = OrderedDict()
        self._click_numbers = itertools.count(1)
        self._listeners: list[Listener] = []
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
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def shown(self, user: Id | None = None) -> Shown:
        """The list that is on screen for a person (the current one by default); made if there is none."""
        return self.worker.call(self.lists.latest, self._user if user is None else as_id(user, "user"))

    def given(self, user: Id) -> dict[Id, set[str]]:
        """The kinds of feedback that this person gave here, by item. Owner thread only."""
        return self._given.get(user, {})

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

        Args:
            item: what was clicked on.
            kind: how.
            click: an id of this very click. One that was here before is answered again and not learned.
            user: who clicked; the current person by default.
            version: of the list that was on screen (`Shown.version`), the latest by default.

        Returns:
            The update, when it is done; None for a repeated click.

        Raises:
            UnknownItemError: the item is not in the catalogue.
            DataError: an unknown kind, or an id that is none.
        """
        person = self._user if user is None else as_id(user, "user")
        _ = self.rec.catalog[item], self.rec.kinds[kind]
        name = click or f"kernel-{next(self._click_numbers)}"
        return self.worker.submit(self._answer, person, item, kind, name, version)

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

        This is how to save or compress a recommender whose widgets are in use: called straight from a cell
        it would read a model that is just being changed. A running simulation waits meanwhile.

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
        return self.worker.call(function, *args, **kwargs)

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
        self._refresh.close()
        self._listeners.clear()
        self.worker.close()
        if _SESSIONS.get(id(self.rec)) is self:
            del _SESSIONS[id(self.rec)]

    def __repr__(self) -> str:
        return f"<LiveSession: {self.scores.clicks} clicks learned, {self._user!r} looks on>"

    # --------------------------------------------------------------------------- in the owner's thread

    def _answer(self, user: Id, item: Id, kind: str, click: str, version: int | None) -> Update | None:
        try:
            return self._feedback(user, item, kind, click, version)
        except BaseException as error:
            self._tell(Change("error", click=click, message=explain(error)))
            raise

    def _feedback(self, user: Id, item: Id, kind: str, click: str, version: int | None) -> Update | None:
        if click in self._clicks:
            self._tell(Change("list", user, click))
            return None
        on_screen = self.lists.find(user, version).recommendations.items
        start = time.perf_counter()
        feedback = Feedback(user, item, kind=kind, shown=on_screen, id=click)
        update = self.rec.learn_one(feedback)
        self._remember(click, user, item, kind)
        self.lists.renew(user, kind, item)
        self.scores.step(update.loss, time.perf_counter() - start)
        self.last_update = update
        self._tell(Change("list", user, click))
        # The twin's test is not on the way to the screen.
        share_kinds(self.rec, self.twin)
        outcome = None
        if self.rec.kinds[kind].positive:
            instead = self.twin.recommend(user, HIT, reasons=False).items
            outcome = (item in on_screen[:HIT], item in instead)
        self.twin.observe(feedback)
        self.scores.visit(outcome, own=True)
        if update.alarm:
            self.scores.mark("alarm")
        self._tell(Change("figures"))
        self._refresh.touch()
        return update

    def _simulate(self, n: int, job: Job[SimulationResult]) -> Generator[int, None, SimulationResult]:
        crowd = self._crowd()
        visits = clicks = live_hits = frozen_hits = 0
        deadline = time.monotonic() + _SLICE
        while clicks < n and visits < _VISITS_PER_CLICK * n and not job.cancelled:
            visit = crowd.visit(self.lists.k)
            self._count(visit)
            visits, clicks = visits + 1, clicks + (visit.update is not None)
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
        return SimulationResult(visits, clicks, live_hits / seen, frozen_hits / seen, job.cancelled)

    def _count(self, visit: Visit) -> None:
        if visit.update is not None:
            self.last_update = visit.update
            self.scores.step(visit.update.loss, visit.seconds)
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

    def _remember(self, click: str, user: Id, item: Id, kind: str) -> None:
        self._clicks[click] = None
        if len(self._clicks) > _KEPT_CLICKS:
            self._clicks.popitem(last=False)
        self._given[user].setdefault(item, set()).add(kind)

    def _refresh_lists(self) -> None:
        for user in self.lists.refresh():
            self._tell(Change("list", user))

    # Telling

    def _tell(self, change: Change) -> None:
        for listener in list(self._listeners):
            try:
                listener(change)
            except Exception:  # one listener's trouble is not that of the others, nor of the click
                _log.exception("a listener failed on %r", change)

    def _tell_job(self, job: Job[SimulationResult]) -> None:
        error = job.error()
        self._tell(Change("job", message=explain(error) if error else ""))


def explain(error: BaseException) -> str:
    """What to show of an error: ours are written for people; of others the type helps to find the cause."""
    return str(error) if isinstance(error, LifelongWidgetsError) else f"{type(error).__name__}: {error}"


_SESSIONS: WeakValueDictionary[int, LiveSession] = WeakValueDictionary()
