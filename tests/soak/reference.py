"""What a log implies, in the plainest way: a recommender without a journal, led through it entry by entry."""

from __future__ import annotations

from collections.abc import Iterable

from lifelong_widgets.data import Catalog, Feedback, FeedbackKinds, Interactions
from lifelong_widgets.journal import Entry, Journal, Op
from lifelong_widgets.recommender import Recommender


def reference(journal: Journal, catalog: Catalog, **settings: object) -> Recommender:
    """The model of a journal that began with `catalog` and `settings`."""
    rec, entries = Recommender(catalog, **settings), list(journal.entries())
    undone = set(_undone(entries))
    entries = [entry for entry in entries if entry.id not in undone]
    of_call: dict[int, list[Feedback]] = {}
    for entry in entries:
        if entry.op is Op.EVENT and entry.feedback and entry.call:
            of_call.setdefault(entry.call, []).append(entry.feedback)
    for entry in entries:
        _follow(rec, entry, of_call.get(entry.id, []), journal)
    rec.recommend("nobody")  # gives rows to items that were added last
    return rec


def _undone(entries: Iterable[Entry]) -> Iterable[int]:
    for entry in entries:
        if entry.op is Op.UNDO and entry.body:
            for first, last in entry.body["taken_back"]:
                yield from range(first, last + 1)


def _follow(rec: Recommender, entry: Entry, events: list[Feedback], journal: Journal) -> None:
    body = entry.body or {}
    if entry.feedback and entry.op is Op.LEARN:
        rec.learn_one(entry.feedback)
    elif entry.feedback and entry.op is Op.OBSERVE:
        rec.observe(entry.feedback)
    elif entry.op is Op.LEARN_MANY and events:
        rec.learn_many(Interactions.from_events(events, rec.kinds), body["batch_size"], progress=False)
    elif entry.op is Op.FIT and events:
        rec.fit(Interactions.from_events(events, rec.kinds), progress=False)
    elif entry.op is Op.ADD:
        rec.catalog.add(list(journal.items(body["start"], body["stop"])))
    elif entry.op is Op.SET:
        setattr(rec.parts[body["part"]], body["name"], body["value"])
    elif entry.edge and entry.op is Op.FOLLOW:
        rec.follow(*entry.edge)
    elif entry.edge:
        rec.unfollow(*entry.edge[:2])
    elif entry.op is Op.KINDS:
        rec.kinds = FeedbackKinds.from_dict(body)
