"""Test, then learn: every event first asks each learner for a list, and only then teaches it."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.data import Catalog, Feedback, Id, Interactions
from lifelong_widgets.errors import DataError, LifelongWidgetsError
from lifelong_widgets.evaluation.learners import (
    Due,
    Learner,
    admit,
    check_ids,
    check_kinds,
    check_learners,
    check_log,
    events_so_far,
    is_told_now,
    rank_of,
    warn_if_learned,
)
from lifelong_widgets.evaluation.report import PrequentialReport
from lifelong_widgets.progress import ProgressCallback, Stop, held_interrupts, track
from lifelong_widgets.recommendations import check_flags

_EVENTS_PER_UPDATE = 20  # of the progress bar: often enough to look alive, seldom enough to cost nothing


def prequential(
    learners: Learner | Mapping[str, Learner],
    log: Interactions,
    k: int = 10,
    *,
    depth: int = 100,
    arrivals: Catalog | None = None,
    exclude_seen: bool = True,
    learn: bool = True,
    warm_up: int | Interactions = 0,
    about: Mapping[str, Any] | None = None,
    progress: bool | ProgressCallback = True,
) -> PrequentialReport:
    """Replay `log` in time order: each event tests the learners' lists, then it is learned.

    For each event every learner is asked for its best `depth` items for that user, and told what time it is
    if its `recommend` takes a ``now``. The rank of the item that
    was really taken is its place there (a miss if it is not). Then the learner learns the event together with
    the list that it had shown. Events of a kind that speaks *against* the item (skip, dislike) test nothing
    and are only learned.

    An item that a learner's catalogue does not hold yet cannot have been recommended: that event is a miss
    for it, and only then the item is added. So the catalogue grows as the stream goes, without a look ahead.

    Ctrl-C (or a `Stop` from the progress callback) ends the run *between* two events, so that no learner is
    left within a step; the report covers what was done. A second Ctrl-C interrupts at once. An error of this
    package that a learner raises on the way, such as a loss that is not finite, ends the run in the same
    manner: the report says which in `error`. Learners that took the event before the one that failed keep it.

    The learners have learned `log` afterwards (or observed it). A second run with the same ones would test
    them on what they know, and on items that people have consumed: a `DataWarning` says so. Fit them anew.

    Args:
        learners: One learner, or several by name. They may share a catalogue object.
        log: What to replay. What came before it is for `fit`.
        k: Length of the lists for HR and nDCG.
        depth: Length of the lists that are asked for, and of MRR; at least `k`.
        arrivals: Where titles, categories and texts of new items come from. Without it, or for an item that
            it does not hold either, a new item has an id and nothing else. Its items that are `released` come
            into the catalogues at that time, before the first event from then on is tested.
        exclude_seen: Ask for lists without what the user has consumed. A repeated event is then a miss.
        learn: False to test only: the events still become the users' histories (`observe`).
        warm_up: The events of the same stream that came before `log`, or how many there were. Fifths and
            event numbers of the report are those of the whole stream. Which items were `cold` is read from
            the events themselves; else from a learner that can say what it was fitted with, as a
            `Recommender` can, and then holds for all; else, without a warm-up, `log` is the whole stream.
        about: Facts for the report (a ``"title"``, settings), as JSON-able values.
        progress: True for a bar, False for none, or a callback.

    Returns:
        Ranks, metrics per fifth, the rolling curve and the cost per event.

    Raises:
        DataError: What is no learner or no log, a number out of range, users or items that are strings here
            and integers there, a kind that means something else to a learner with `kinds` (or nothing), or
            `arrivals` with text columns that a catalogue lacks. Nothing is learned then.

    Source: A. P. Dawid, "Present position and potential developments: the prequential approach", 1984;
    J. Vinagre, A. M. Jorge and J. Gama, "Evaluation of recommender systems in streaming environments", 2014.

    >>> import pandas as pd
    >>> from lifelong_widgets.data import Catalog, Interactions
    >>> from lifelong_widgets.evaluation import RecencyPopularity
    >>> catalog = Catalog.from_pandas(pd.DataFrame({"item": ["a", "b"], "title": ["A", "B"]}))
    >>> log = Interactions.from_pandas(pd.DataFrame(
    ...     {"user": ["u", "v", "w"], "item": ["b", "b", "c"], "time": [0, 1, 2]}
    ... ))
    >>> report = prequential(RecencyPopularity(catalog), log, k=1, progress=False)
    >>> report.ranks["live"]  # "b" is second at first, then on top; "c" is new
    array([2, 1, 0], dtype=int32)
    >>> len(catalog)
    3
    """
    named: dict[str, Learner] = dict(learners) if isinstance(learners, Mapping) else {"live": learners}
    n_before = len(warm_up) if isinstance(warm_up, Interactions) else warm_up
    _check(named, k, depth, n_before)
    check_flags(exclude_seen=exclude_seen, learn=learn)
    check_learners(named, learn)
    check_log(log, "prequential replays")
    check_ids(named, log, arrivals)
    check_kinds(named, log)
    warn_if_learned(named, log)
    run = _Run(named, log, depth, arrivals, exclude_seen, learn, n_before)
    if isinstance(warm_up, Interactions):
        counts = np.bincount(warm_up.item_codes, minlength=len(warm_up.items)).tolist()
        before: dict[Id, int] | None = dict(zip(warm_up.items, counts, strict=True))
    else:
        before = events_so_far(named)
    knows_earlier = before is not None or not warm_up
    run.item_events = before or {}
    started = time.perf_counter()
    with track(len(log), "test, then learn", progress) as bar, held_interrupts() as interrupt:
        stopped = run.go(bar, k, interrupt)
    return PrequentialReport(
        k=k,
        depth=depth,
        warm_up=n_before,
        n_stream=n_before + len(log),
        n_events=run.n_events,
        n_new_items=run.n_new_items,
        positions=np.array(run.positions, dtype=np.int64),
        ranks={name: np.array(ranks, dtype=np.int32) for name, ranks in run.ranks.items()},
        rank_us={name: _microseconds(cost) for name, cost in run.rank_ns.items()},
        learn_us={name: _microseconds(cost) for name, cost in run.learn_ns.items()},
        alarms={name: tuple(alarms) for name, alarms in run.alarms.items()},
        seconds=time.perf_counter() - started,
        interrupted=stopped,
        error=run.error,
        about=dict(about or {}),
        earlier=np.array(run.earlier, dtype=np.int32) if knows_earlier else None,
        people=np.array(run.people, dtype=np.int64),
    )


class _Run:
    """The books of one replay. An event is entered when all learners are through with it, or not at all."""

    def __init__(
        self,
        learners: dict[str, Learner],
        log: Interactions,
        depth: int,
        arrivals: Catalog | None,
        exclude_seen: bool,
        learn: bool,
        warm_up: int,
    ) -> None:
        self.learners, self.log, self.depth = learners, log, depth
        self.arrivals, self.exclude_seen, self.learn, self.warm_up = arrivals, exclude_seen, learn, warm_up
        self.due = Due(arrivals)
        self.told_now = {name for name, learner in learners.items() if is_told_now(learner)}
        self.n_events = self.n_new_items = 0
        self.error: str | None = None
        self.busy = ""  # the learner that an error comes from
        self.positions: list[int] = []
        self.item_events: dict[Id, int] = {}
        self.earlier: list[int] = []
        self.people: list[int] = []
        self.code_of = {user: code for code, user in enumerate(log.users)}
        self.ranks: dict[str, list[int]] = {name: [] for name in learners}
        self.rank_ns: dict[str, list[int]] = {name: [] for name in learners}
        self.learn_ns: dict[str, list[int]] = {name: [] for name in learners}
        self.alarms: dict[str, list[int]] = {name: [] for name in learners}

    def go(self, bar: Any, k: int, interrupt: threading.Event) -> bool:
        """Replay the log; True if it was stopped before its end."""
        positive = {name: self.log.kinds[name].positive for name in self.log.kind_names}
        first = next(iter(self.ranks.values()))
        hits, counted = 0, 0
        try:
            for event in self.log:
                if interrupt.is_set():
                    return True
                try:
                    self._take(event, positive[event.kind])
                except LifelongWidgetsError as error:
                    self.error = f"{self.busy} at event {self.warm_up + self.n_events + 1:,}: {error}"
                    return True
                if self.n_events % _EVENTS_PER_UPDATE == 0 or self.n_events == len(self.log):
                    hits += sum(1 for rank in first[counted:] if 0 < rank <= k)
                    counted = len(first)
                    figures = {f"HR@{k}": hits / counted} if counted else {}
                    bar.update((self.n_events - 1) % _EVENTS_PER_UPDATE + 1, **figures)
        except (KeyboardInterrupt, Stop):
            return self.n_events < len(self.log)
        return False

    def _take(self, event: Feedback, test: bool) -> None:
        """One event: all lists first, then the catalogues grow, then all learn."""
        clock = time.process_time_ns
        lists: dict[str, tuple[Id, ...]] = {}
        rank_ns: dict[str, int] = {}
        learn_ns: dict[str, int] = {}
        alarms: list[str] = []
        for item in self.due.until(event.time):
            self.n_new_items += self._grow(item)
        if test:
            for name, learner in self.learners.items():
                self.busy = name
                moment = {"now": event.time} if name in self.told_now else {}
                start = clock()
                ranked = learner.recommend(
                    event.user, k=self.depth, exclude_seen=self.exclude_seen, reasons=False, **moment
                )
                rank_ns[name] = clock() - start
                lists[name] = tuple(ranked.items)
        arrived = self._grow(event.item)
        for name, learner in self.learners.items():
            self.busy = name
            lesson = _with_list(event, lists[name]) if test else event
            start = clock()
            update = learner.learn_one(lesson) if self.learn else learner.observe(lesson)
            learn_ns[name] = clock() - start
            if getattr(update, "alarm", False):
                alarms.append(name)

        self.n_events += 1
        self.n_new_items += arrived
        position = self.warm_up + self.n_events
        if test:
            self.positions.append(position)
            self.earlier.append(self.item_events.get(event.item, 0))
            self.people.append(self.code_of[event.user])
        self.item_events[event.item] = self.item_events.get(event.item, 0) + 1
        for name in self.learners:
            if test:
                self.ranks[name].append(rank_of(event.item, lists[name]))
                self.rank_ns[name].append(rank_ns[name])
            self.learn_ns[name].append(learn_ns[name])
        for name in alarms:
            self.alarms[name].append(position)

    def _grow(self, item: Id) -> bool:
        """Add `item` to each catalogue that does not hold it; a shared one is asked once it has it."""
        arrived = False
        for name, learner in self.learners.items():
            self.busy = name
            arrived |= admit(item, learner.catalog, self.arrivals)
        return arrived


def _microseconds(nanoseconds: list[int]) -> NDArray[np.float32]:
    return (np.array(nanoseconds, dtype=np.float64) / 1000.0).astype(np.float32)


def _with_list(event: Feedback, shown: tuple[Id, ...]) -> Feedback:
    # dataclasses.replace() would take three times as long
    return Feedback(event.user, event.item, event.kind, event.time, event.value, shown, event.id)


def _check(learners: Mapping[str, Learner], k: int, depth: int, warm_up: int) -> None:
    if not learners:
        raise DataError("no learner to test; give a recommender, or several by name")
    for name, number, least in (("k", k, 1), ("depth", depth, k), ("warm_up", warm_up, 0)):
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number < math.inf:
            raise DataError(f"{name} must be a whole number of at least {least}, not {number!r}")
