"""What is tested: the verbs of a learner, and what has to hold before a log is put to it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Id, Interactions
from lifelong_widgets.data.feedback import check_same_kinds
from lifelong_widgets.data.ids import IdIndex
from lifelong_widgets.errors import DataError, DataWarning, warn


class Ranked(Protocol):
    """What a learner answers with: at least the ids, best first."""

    @property
    def items(self) -> Sequence[Id]:
        """The ids of the list, best first."""


class Learner(Protocol):
    """What can be tested here: `Recommender`, `RecencyPopularity`, or yours with the same verbs."""

    @property
    def catalog(self) -> Catalog:
        """The items that it can recommend; it may be shared with other learners."""

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Ranked:
        """The best `k` items for `user`; a prediction changes nothing.

        One that takes ``now`` too is told the time of the event, in seconds.
        """

    def learn_one(self, feedback: Feedback) -> Any:
        """Learn from one event. An answer with a true `alarm` puts a mark on the curve."""

    def observe(self, feedback: Feedback) -> Any:
        """Take one event into the history without learning from it."""


def is_told_now(learner: Learner) -> bool:
    """Whether a learner's lists are of a moment that it wants to be told."""
    return "now" in inspect.signature(learner.recommend).parameters


@runtime_checkable
class CountsItems(Protocol):
    """A learner that can say how often each item was taken in what it has learned, as `Recommender` can."""

    def item_event_counts(self) -> Mapping[Id, int]:
        """How many events have spoken for each item so far; items without any may be left out."""


def events_so_far(learners: Mapping[str, Learner]) -> dict[Id, int] | None:
    """How many events each item has had, by those learners that can say; None if nobody can.

    All of them are told the same stream, so that the largest number is the one of who was told the most.
    """
    known = [learner.item_event_counts() for learner in learners.values() if isinstance(learner, CountsItems)]
    if not known:
        return None
    most: dict[Id, int] = {}
    for counts in known:
        for item, count in counts.items():
            most[item] = max(count, most.get(item, 0))
    return most


@runtime_checkable
class Remembers(Protocol):
    """A learner that can say whether it has met an event before, as `Recommender` can."""

    def remembers(self, event: Feedback) -> bool:
        """Whether it has learned or observed this very event, as far as it remembers."""


def warn_if_learned(learners: Mapping[str, Learner], log: Interactions) -> None:
    """Warn of learners that have met events of `log` before: their ranks would tell nothing.

    Events at the very beginning of `log` may have twins at the end of what came before, and are not asked
    about.
    """
    later = [event for event in log if event.time is not None and event.time > log.times[0]]
    met = [
        name
        for name, learner in learners.items()
        if isinstance(learner, Remembers) and any(learner.remembers(event) for event in later)
    ]
    if met:
        warn(
            f"{' and '.join(map(repr, met))} learned events of this log before, so that this run does not "
            "test them on what is new to them: prequential teaches the learners that it is given. Make new "
            "ones with what came before the log (rec = Recommender(catalog), rec.fit(past), and then "
            "rec.frozen_twin() for a twin), or load what was saved before the first run",
            DataWarning,
        )


def rank_of(item: Id, items: Sequence[Id]) -> int:
    """The place of `item` in a list, from 1; 0 if it is not there.

    >>> rank_of("b", ("a", "b")), rank_of("c", ("a", "b"))
    (2, 0)
    """
    return items.index(item) + 1 if item in items else 0


def admit(item: Id, catalog: Catalog, arrivals: Catalog | None) -> bool:
    """Add `item` to `catalog`, as `arrivals` knows it or else by its id alone; False if it is there."""
    if item in catalog:
        return False
    known = arrivals is not None and item in arrivals
    catalog.add(arrivals[item] if known and arrivals else {"item": item})
    return True


class Due:
    """Hands out the items of a catalogue as the time comes at which each was released.

    >>> films = Catalog.from_records([{"item": 1, "released": 9}, {"item": 2}, {"item": 3, "released": 5}])
    >>> due = Due(films)
    >>> due.until(5.0), due.until(10.0), due.until(11.0)
    ([3], [1], [])
    """

    def __init__(self, catalog: Catalog | None) -> None:
        dated = [(item.released, item.id) for item in catalog or () if item.released is not None]
        dated.sort(key=lambda pair: pair[0])
        self._dated, self._n = dated, 0

    def until(self, time: float | None) -> list[Id]:
        """The ids of those released by `time` that were not handed out before; None is no time."""
        begin = self._n
        while time is not None and self._n < len(self._dated) and self._dated[self._n][0] <= time:
            self._n += 1
        return [id for _, id in self._dated[begin : self._n]]


def catalog_after(catalog: Catalog, log: Interactions) -> Catalog:
    """What of a catalogue was there at the end of a log: what the log names, and what had been released.

    To fit on the beginning of a stream without a look ahead; the rest comes by `prequential`'s ``arrivals``
    when it is released. Among items with dates, one without has always been there, as to a `Recommender`. A
    catalogue without a single date knows nothing of when its items came: of those that the log does not name
    none was there, and each comes with its first event.

    >>> import pandas as pd
    >>> films = Catalog.from_records([{"item": 1, "released": 9}, {"item": 2}, {"item": 3}, {"item": 4}])
    >>> log = Interactions.from_pandas(pd.DataFrame({"user": "ada", "item": [2], "time": [7]}))
    >>> list(catalog_after(films, log).ids), list(catalog_after(films.subset([2, 3, 4]), log).ids)
    ([2, 3, 4], [2])
    """
    end = float(log.times[-1]) if len(log) else -np.inf
    undated = -np.inf if any(item.released is not None for item in catalog) else np.inf
    named = set(log.items)
    return catalog.subset(
        item.id
        for item in catalog
        if item.id in named or (undated if item.released is None else item.released) <= end
    )


def check_learners(learners: Mapping[str, Learner], learn: bool) -> None:
    """Refuse what has not the verbs of a learner."""
    for name, learner in learners.items():
        for verb in ("catalog", "recommend", "learn_one" if learn else "observe"):
            if not hasattr(learner, verb):
                raise DataError(
                    f"{name!r:.80} is no learner: type {type(learner).__name__} has no {verb}. Give a "
                    "Recommender, a baseline such as RecencyPopularity, or what has the same verbs"
                )


def check_log(log: object, verb: str) -> None:
    """Refuse what is no log; `verb` is what would be done with it."""
    if not isinstance(log, Interactions):
        raise DataError(
            f"{verb} Interactions, not a {type(log).__name__}; Interactions.from_pandas(frame, …) makes them "
            "of a DataFrame, Interactions.from_csv(path, …) of a file"
        )


def check_ids(learners: Mapping[str, Learner], log: Interactions, arrivals: Catalog | None) -> None:
    """What would stop the run half-way, found before it starts."""
    catalogs = [learner.catalog for learner in learners.values()]
    if arrivals is not None:
        for catalog in catalogs:
            missing = set(arrivals.text_columns) - set(catalog.text_columns)
            if missing:
                raise DataError(
                    f"arrivals has the text column {min(missing)!r}, which a learner's catalogue lacks; "
                    "make both from the same columns, for instance catalog = arrivals.subset(ids)"
                )
        catalogs.append(arrivals)
    for catalog in {id(catalog): catalog for catalog in catalogs}.values():
        for item in log.items:
            catalog.index.get(item)  # refuses 196 where "196" is known
    for learner in learners.values():
        users = getattr(learner, "users", None)
        if isinstance(users, IdIndex):
            for user in log.users:
                users.get(user)


def check_kinds(learners: Mapping[str, Learner], log: Interactions) -> None:
    """Refuse a log with kinds of feedback that a learner does not know, or that mean something else to it."""
    for learner in learners.values():
        kinds = getattr(learner, "kinds", None)
        if isinstance(kinds, FeedbackKinds):
            check_same_kinds(log.kinds, log.kind_names, kinds)
