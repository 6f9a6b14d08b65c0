"""Random logs, written call by call, and what they should come to by a model that is plainly right."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from lifelong_widgets.data import Feedback, Item
from lifelong_widgets.journal import Entry, Journal, Op, Step

USERS = ("ann", "bob", 7, "7")
SHELF = [Item("b1", "Fog", ("Crime",), {"blurb": "Grey."}), Item(2, "Tide")]


@dataclass(frozen=True)
class Call:
    """One call: `parts` are its events, interrupted between two parts by the change of a setting."""

    op: Op
    parts: tuple[tuple[Feedback, ...], ...] = ()
    size: int = 0  # of a batch; of an UNDO, how many events

    @property
    def events(self) -> tuple[Feedback, ...]:
        return tuple(itertools.chain.from_iterable(self.parts))


@st.composite
def calls(draw: st.DrawFn, most: int = 10) -> list[Call]:
    number = itertools.count()

    def events(fewest: int, most: int) -> tuple[Feedback, ...]:
        users = draw(st.lists(st.sampled_from(USERS), min_size=fewest, max_size=most))
        return tuple(Feedback(user, next(number)) for user in users)

    made = []
    for _ in range(draw(st.integers(0, most))):
        op = draw(st.sampled_from([Op.LEARN, Op.OBSERVE, *[Op.LEARN_MANY] * 3, Op.FIT, Op.SET, Op.UNDO]))
        if op in (Op.LEARN, Op.OBSERVE):
            made.append(Call(op, (events(1, 1),)))
        elif op is Op.LEARN_MANY:
            parts = tuple(events(0, 6) for _ in range(draw(st.integers(1, 3))))
            made.append(Call(op, parts, draw(st.integers(1, 4))))
        elif op is Op.FIT:
            made.append(Call(op, (events(0, 4),)))
        else:
            made.append(Call(op, size=draw(st.integers(1, 5))))
    return made


def write(journal: Journal, calls: list[Call], without: object = None) -> None:
    """As a recommender writes them, with one transaction for each step; `without` somebody's events."""

    def kept(events: tuple[Feedback, ...]) -> list[Feedback]:
        return [event for event in events if event.user != without]

    for call in calls:
        with journal.transaction():
            if call.op in (Op.LEARN, Op.OBSERVE):
                for event in kept(call.events):
                    journal.append_event(call.op, event)
            elif call.op is Op.FIT:
                journal.append_fit(kept(call.events), {"max_epochs": None})
            elif call.op is Op.LEARN_MANY:
                header = journal.append(Op.LEARN_MANY, {"batch_size": call.size})
                for at, part in enumerate(call.parts):
                    if at:
                        journal.append(Op.SET, setting(at))
                    journal.append_events(kept(part), header)
            elif call.op is Op.SET:
                journal.append(Op.SET, setting(call.size))
            else:
                ids = [entry.id for entry in journal.last_events(call.size)]
                if ids:
                    journal.append(Op.UNDO, {"taken_back": [[id, id] for id in ids]})


def setting(value: int) -> dict[str, Any]:
    return {"part": "updater", "name": "rate", "value": value}


def naive_steps(entries: list[Entry], left_out: Collection[int], without_user: object = None) -> list[str]:
    """All in memory, one idea after the other."""
    by_id = {entry.id: entry for entry in entries}
    kept = [
        entry
        for entry in entries
        if entry.feedback is None or not (entry.id in left_out or entry.feedback.user == without_user)
    ]
    of_fit = {
        entry.id: [e.feedback for e in kept if e.call == entry.id] for entry in kept if entry.op is Op.FIT
    }
    rows = [
        entry
        for entry in kept
        if entry.op is not Op.LEARN_MANY
        and not (entry.op is Op.FIT and not of_fit[entry.id])
        and not (entry.call is not None and entry.call in of_fit)
        and not (entry.call is not None and entry.call not in by_id)  # a fit that is cut off
    ]

    def stretch(entry: Entry) -> tuple[str, int]:
        return ("call", entry.call) if entry.call is not None else ("alone", entry.id)

    found = []
    for (sort, id), group in itertools.groupby(rows, stretch):
        events = list(group)
        if sort == "call":
            size = (by_id[id].body or {})["batch_size"]
            for at in range(0, len(events), size):
                chunk = events[at : at + size]
                found.append(f"LearnBatch {chunk[-1].id} {[e.feedback for e in chunk]}")
            continue
        (entry,) = events
        if entry.op is Op.FIT:
            found.append(f"Fit {id} {of_fit[id]}")
        elif entry.op in (Op.LEARN, Op.OBSERVE):
            found.append(f"{entry.op.value.capitalize()} {id} {[entry.feedback]}")
        elif entry.op is Op.SET:
            found.append(f"Set {id} {(entry.body or {})['value']}")
    return found


def spelled(step: Step, with_id: bool = True) -> str:
    """A step as `naive_steps` writes it."""
    events = getattr(step, "feedbacks", None) or getattr(step, "feedback", None)
    shown = getattr(step, "value", None) if events is None else list(as_tuple(events))
    return f"{type(step).__name__} {step.id if with_id else ''} {shown}"


def as_tuple(events: Any) -> tuple[Feedback, ...]:
    return events if isinstance(events, tuple) else (events,)


def ids_undone(entries: list[Entry]) -> set[int]:
    return {
        id
        for entry in entries
        if entry.op is Op.UNDO
        for first, last in (entry.body or {})["taken_back"]
        for id in range(first, last + 1)
    }


def new(folder: Path, **options: Any) -> Journal:
    return Journal.create(folder, {"seed": 0}, SHELF, **options)


def files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file of a journal that holds data, and what is in it."""
    return ((file, file.read_bytes()) for file in sorted(folder.rglob("*")) if file.is_file())
