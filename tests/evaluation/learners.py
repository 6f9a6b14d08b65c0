"""Small learners with the verbs that `prequential` asks for, whose right answers are obvious."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import pandas as pd

from lifelong_widgets.data import Catalog, Feedback, Id, Interactions


def catalog_of(*items: Id) -> Catalog:
    return Catalog.from_records({"item": item, "title": f"title of {item}"} for item in items)


def log_of(events: Iterable[tuple[Id, Id] | tuple[Id, Id, str]]) -> Interactions:
    """A log of (user, item) or (user, item, kind), one a second."""
    rows = [(*event, "click")[:3] for event in events]
    frame = pd.DataFrame(rows, columns=["user", "item", "kind"])
    return Interactions.from_pandas(frame.assign(time=range(len(frame))))


@dataclass(frozen=True)
class Shown:
    items: tuple[Id, ...]


@dataclass(frozen=True)
class Answer:
    alarm: bool = False


@dataclass
class Scripted:
    """Shows what it is told to, and writes down what it is asked and taught."""

    catalog: Catalog
    show: Callable[[Scripted, Id, int], tuple[Id, ...]] = lambda self, user, k: ()
    alarm_at: tuple[int, ...] = ()
    before_learning: Callable[[Scripted, Feedback], None] = lambda self, feedback: None
    asked: list[tuple[Id, int, bool]] = field(default_factory=list)
    learned: list[Feedback] = field(default_factory=list)
    observed: list[Feedback] = field(default_factory=list)
    sizes_when_asked: list[int] = field(default_factory=list)

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Shown:
        assert not reasons
        self.asked.append((user, k, exclude_seen))
        self.sizes_when_asked.append(len(self.catalog))
        return Shown(self.show(self, user, k))

    def learn_one(self, feedback: Feedback) -> Answer:
        assert feedback.item in self.catalog
        self.before_learning(self, feedback)
        self.learned.append(feedback)
        return Answer(alarm=len(self.learned) in self.alarm_at)

    def observe(self, feedback: Feedback) -> None:
        self.observed.append(feedback)


def oracle(catalog: Catalog, log: Interactions, place: int = 1) -> Scripted:
    """Knows the future, and shows the item that comes next in `place`."""
    future = [event.item for event in log]

    def show(self: Scripted, user: Id, k: int) -> tuple[Id, ...]:
        others = [item for item in self.catalog.ids if item != future[len(self.learned)]]
        return (*others[: place - 1], future[len(self.learned)], *others[place - 1 :])[:k]

    return Scripted(catalog, show)
