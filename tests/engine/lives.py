"""A recommender with a journal, a plain one beside it, and a life for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, checkerboard

SETTINGS: dict[str, Any] = {**SMALL, "capacity": 60, "epochs": 2, "patience": 2}
QUIET: dict[str, Any] = {"progress": False}


def fresh(**settings: Any) -> Recommender:
    return Recommender(checkerboard()[0], **{**SETTINGS, **settings})


def opened(path: Path, **settings: Any) -> Recommender:
    return Recommender.open(path, checkerboard()[0], **{**SETTINGS, "checkpoint_every": 40, **settings})


def live(rec: Recommender, log: Interactions, without: str | None = None, undone: int = 0) -> list[int]:
    """A life with everything in it, or the same one `without` somebody; the ids of its single events."""

    def part(first: int, stop: int) -> Interactions:
        return Interactions.from_events(event for event in log[first:stop] if event.user != without)

    rec.fit(part(0, 120), **QUIET)
    ids = []
    for number, event in enumerate(log[120:160]):
        if event.user != without:
            shown = ("i0", "i1", str(event.item))
            update = rec.learn_one(Feedback(event.user, event.item, "like", event.time, shown=shown))
            ids.append(update.event_id or 0)
        if number == 10:
            rec.updater.learning_rate = 0.001
        if number == 15:
            rec.catalog.add({"item": "late", "title": "Came late", "categories": "North"})
            rec.observe(Feedback("p1", "late", "view"))
        if number == 20:
            rec.kinds = rec.kinds.with_weights(skip=0.4)
            rec.learn_one(user="p2", item="i3", kind="skip")
    if undone:
        rec.undo(undone)
    rec.learn_many(part(160, 230), batch_size=16, **QUIET)
    return ids
