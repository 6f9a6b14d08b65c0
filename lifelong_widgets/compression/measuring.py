"""What a model shows on events that it has not learned, and how near a copy comes to that."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lifelong_widgets.compression.live import Live
from lifelong_widgets.compression.parts import empty_bytes
from lifelong_widgets.compression.report import CompressionReport, Kept
from lifelong_widgets.compression.serving import CompressedRecommender
from lifelong_widgets.compression.small_parts import empty_bytes_of_histories
from lifelong_widgets.data import Feedback, Id, Interactions
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError, DataWarning, warn
from lifelong_widgets.memory import Ranker
from lifelong_widgets.models import Histories, one_thread
from lifelong_widgets.progress import ProgressCallback, Stop, track

K = 10
"""Length of the lists."""

_PEOPLE = 200  # whose lists are compared where there are no events
_TIMED = 100  # whose lists are timed

Told = Callable[[], object]
"""What hears of each list that was made."""


def _nobody() -> None:
    pass


@dataclass(frozen=True, slots=True)
class Shown:
    """The lists of one model.

    Attributes:
        users: whose each is, (n,).
        lists: the items of each by their indices.
        gains: 1 / log2(1 + rank) of the item that was taken, 0 if it was not in the list, (n,); None without
            events.
    """

    users: list[Id]
    lists: list[frozenset[int]]
    gains: NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class Baseline:
    """What the live model shows and weighs, to hold copies against.

    Attributes:
        shown: its lists.
        n_bytes: of a float32 file of all that it serves with, without empty places.
        n_bytes_live: the same with the empty places of tables of neighbours and histories, as it holds it.
        held_out: the events; None for lists of people alone.
    """

    shown: Shown
    n_bytes: int
    n_bytes_live: int
    held_out: list[Feedback] | None


def baseline_of(live: Live, held_out: Interactions | None, told: Told = _nobody) -> Baseline:
    """What the live model shows on `held_out`, or to up to 200 people without it. It is as it was afterwards.

    `told` is called after each of these events, or people.

    Raises:
        DataError: `held_out` is no log, has no event that speaks for its item, or kinds that are unknown
            here.

    Warns:
        DataWarning: some of `held_out` was learned.
    """
    events = None if held_out is None else _events(live, held_out)
    whole = CompressedRecommender(live, "float32", following=False)
    n_bytes = whole.n_bytes
    empty = empty_bytes(live.memory) + empty_bytes_of_histories(live.histories.get_state())
    return Baseline(
        _shown(live, live.ranker, live.histories, live.users, events, told), n_bytes, n_bytes + empty, events
    )


def report_of(
    small: CompressedRecommender, live: Live, baseline: Baseline, told: Told = _nobody
) -> CompressionReport:
    """How near a copy comes to the live model that it was made from; `told` as for `baseline_of`."""
    parts = small.parts
    ranker, histories, users = parts.ranker, parts.histories, parts.users
    shown, before = _shown(live, ranker, histories, users, baseline.held_out, told), baseline.shown
    overlaps = np.array(
        [len(one & other) / max(len(one), 1) for one, other in zip(before.lists, shown.lists, strict=True)]
    )
    ones = np.ones(len(overlaps))
    costs = _times((live.ranker, ranker), len(users))
    ndcg = hit_rate = None
    if before.gains is not None and shown.gains is not None:
        ndcg = _ratio(shown.gains, before.gains, shown.users)
        hit_rate = _ratio(shown.gains > 0, before.gains > 0, shown.users)
    return CompressionReport(
        method=str(small.plan),
        bytes_before=baseline.n_bytes,
        bytes_live=baseline.n_bytes_live,
        bytes_after=small.n_bytes,
        rank_us_before=_median(costs[0]),
        rank_us_after=_median(costs[1]),
        overlap_at_10=_ratio(overlaps, ones, shown.users),
        ndcg_kept=ndcg,
        hit_rate_kept=hit_rate,
        ndcg_live=float("nan") if before.gains is None else float(before.gains.mean()),
        n_lists=len(overlaps),
        n_people=len(set(shown.users)),
        interrupted=small.interrupted,
        note=_note_on(small, live),
    )


def _note_on(small: CompressedRecommender, live: Live) -> str:
    neighbors, n_items = small.plan.neighbors, len(live.network.items)
    if neighbors is None or neighbors.kept < min(n_items, live.memory.n_neighbors):
        return ""
    return f"{neighbors} leaves out nothing: of {n_items:,} items none has more neighbours"


def compress(
    live: Live,
    methods: Any,
    held_out: Interactions | None = None,
    progress: bool | ProgressCallback = False,
) -> CompressedRecommender:
    """A copy made by some methods, with its report; see `Recommender.compress`."""
    if not len(live.network.items):
        raise DataError("there is nothing to compress: the catalogue is empty")
    small = CompressedRecommender(live, methods, progress=progress)
    measured = held_out if isinstance(held_out, Interactions) else _evenly(len(live.users), _PEOPLE)
    with track(2 * len(measured), "measure", progress, unit="list") as bar:

        def told() -> None:
            with suppress(Stop):  # a report of fewer lists would look like one of all
                bar.update(1)

        small.report = report_of(small, live, baseline_of(live, held_out, told), told)
    return small


@one_thread()
def _shown(
    live: Live,
    ranker: Ranker,
    histories: Histories,
    users: IdIndex,
    events: list[Feedback] | None,
    told: Told,
) -> Shown:
    """The lists that a ranker makes, of which its histories are a part; these are as they were afterwards."""
    if events is None:
        return _shown_to_people(ranker, users, told)
    kinds, codes = live.kinds, {name: code for code, name in enumerate(live.kinds)}
    n_items, new = len(live.network.items), dict[Id, int]()
    seen, lists, gains = [], [], []
    mark = histories.mark()
    ranker.changed()
    try:
        for event in events:
            name, kind = live.known_as(event.user), kinds[event.kind]
            person = users.get(name)
            if person is None:
                person = new.setdefault(name, len(users) + len(new))
            row = live.catalog.index_of(event.item) if event.item in live.catalog else n_items
            if kind.reward > 0:
                best = ranker.best(person, K, True)[0]
                places = np.flatnonzero(best == row)
                seen.append(event.user)
                lists.append(frozenset(best.tolist()))
                gains.append(1.0 / np.log2(2.0 + places[0]) if len(places) else 0.0)
            if row < n_items:
                histories.append(
                    person, row, kind.reward, codes[kind.name], kind.consumes, event.time, mark=mark
                )
                ranker.changed()
            told()
    finally:
        histories.revert(mark)
        ranker.changed()
    return Shown(seen, lists, np.array(gains))


def _shown_to_people(ranker: Ranker, users: IdIndex, told: Told) -> Shown:
    """The lists of up to 200 people, evenly spaced, or of nobody in particular."""
    people = _evenly(len(users), _PEOPLE)
    lists = []
    for person in people:
        lists.append(frozenset(ranker.best(person, K, True)[0].tolist()))
        told()
    names: list[Id] = ["nobody" if person is None else users.ids[person] for person in people]
    return Shown(names, lists, None)


@one_thread()
def _times(rankers: tuple[Ranker, Ranker], n_people: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Microseconds of CPU of a list by each of two rankers, in turn: what slows one down slows both."""
    costs: tuple[list[float], list[float]] = [], []
    for ranker in rankers:  # what is compiled at first is not counted
        ranker.best(None, K, True)
    for person in _evenly(n_people, _TIMED):
        for ranker, of_ranker in zip(rankers, costs, strict=True):
            ranker.changed()
            start = time.process_time_ns()
            ranker.best(person, K, True)
            of_ranker.append((time.process_time_ns() - start) / 1000.0)
            ranker.changed()
    return np.array(costs[0]), np.array(costs[1])


def _evenly(n_people: int, most: int) -> list[int | None]:
    """Up to so many people, evenly spaced; nobody in particular if there are none."""
    evenly = np.unique(np.linspace(0, n_people - 1, most).astype(int)).tolist() if n_people else []
    return [*evenly] or [None]


def _events(live: Live, log: object) -> list[Feedback]:
    if not isinstance(log, Interactions):
        raise DataError(f"held_out is a log of events (Interactions), not a {type(log).__name__}")
    events = list(log)
    for name in log.kind_names:
        if name not in live.kinds:
            raise DataError(f"held_out has the kind {name!r:.80}, which the recommender does not know")
    if not any(live.kinds[event.kind].reward > 0 for event in events):
        raise DataError("held_out has no event that speaks for its item, so that there is nothing to measure")
    for user in log.users:
        live.users.get(live.known_as(user))  # raises for "196" where 196 is known
    _warn_if_learned(live, events)
    return events


def _warn_if_learned(live: Live, events: list[Feedback]) -> None:
    """Those of the first moment may have twins at the end of what was learned, and are not asked about."""
    later = [event for event in events if event.time is not None and event.time > (events[0].time or 0.0)]
    if n := sum(map(live.remembers, later)):
        warn(
            f"the recommender has learned {n:,} of the {len(events):,} events of held_out already, so that "
            "they do not tell what a copy keeps on events that are new to it: hold some back, such as "
            "rec.fit(log.before(0.9)) and then held_out=log.after(0.9)",
            DataWarning,
        )


def _ratio(above: NDArray[Any], below: NDArray[Any], users: list[Id]) -> Kept:
    from lifelong_widgets.intervals import interval_of, ratio_of_sums  # scipy: not before it is needed

    columns = above.astype(np.float64)[:, None], below.astype(np.float64)[:, None]
    return Kept(ratio_of_sums(*columns), *interval_of(*columns, users, "bootstrap"))


def _median(values: NDArray[np.float64]) -> Kept:
    """With an interval by order statistics, which assumes nothing of the distribution."""
    ordered = np.sort(values)
    n = len(ordered)
    margin = 0.98 * n**0.5
    low, high = max(int(n / 2 - margin), 0), min(int(np.ceil(n / 2 + margin)), n - 1)
    return Kept(float(np.median(ordered)), float(ordered[low]), float(ordered[high]))
