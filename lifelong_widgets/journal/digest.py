"""A name for what a log makes of a model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from lifelong_widgets.data import Feedback
from lifelong_widgets.journal.entries import to_json
from lifelong_widgets.journal.steps import (
    AddItems,
    Fit,
    Follow,
    Learn,
    LearnBatch,
    Observe,
    Set,
    Step,
    Unfollow,
)


def digest_of(
    steps: Iterable[Step],
    records: Callable[[int, int], Iterable[dict[str, Any]]],
    attachment: Callable[[int], bytes | None],
) -> str:
    """SHA-256 of the steps, without ids and times of recording.

    `records` gives the items of a stretch, `attachment` what is kept beside the entry of a step.

    A log from which somebody was erased has the digest of one that never held them.
    """
    found = hashlib.sha256()
    for step in steps:
        for line in _lines(step, records):
            found.update(to_json(line).encode())
            found.update(b"\n")
        if isinstance(step, (AddItems, Fit)) and (kept := attachment(step.id)) is not None:
            found.update(hashlib.sha256(kept).digest())
    return found.hexdigest()


def _lines(step: Step, records: Callable[[int, int], Iterable[dict[str, Any]]]) -> Iterator[Any]:
    if isinstance(step, (Learn, Observe)):
        yield [type(step).__name__, *_event(step.feedback)]
    elif isinstance(step, (LearnBatch, Fit)):
        yield [type(step).__name__, len(step.feedbacks), step.max_epochs if isinstance(step, Fit) else None]
        yield from map(_event, step.feedbacks)
    elif isinstance(step, AddItems):
        yield ["AddItems", step.stop - step.start]
        yield from records(step.start, step.stop)
    elif isinstance(step, Set):
        yield ["Set", step.part, step.name, step.value]
    elif isinstance(step, Follow):
        yield ["Follow", *step.edge]
    elif isinstance(step, Unfollow):
        yield ["Unfollow", *step.edge[:2]]
    else:
        yield ["SetKinds", step.kinds]


def _event(event: Feedback) -> list[Any]:
    return [event.user, event.item, event.kind, event.time, event.value, event.shown, event.id]
