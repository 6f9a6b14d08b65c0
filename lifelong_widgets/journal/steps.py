"""The log, cut into the steps that are applied to a model. Nothing here knows where the log is kept.

A log records what was asked for, and a model is what remains of it: without what was taken back, without
whoever is forgotten. A call that learned many events in batches is cut into batches anew from those that
remain, so that the model is the one that the call would have made had the others never been there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from lifelong_widgets.data import Feedback, Id
from lifelong_widgets.data.social import Edge
from lifelong_widgets.errors import FormatError
from lifelong_widgets.journal.entries import EVENT_OPS, Entry, Op
from lifelong_widgets.journal.ranges import IdRanges


@dataclass(frozen=True, slots=True)
class Learn:
    """Learn one event."""

    id: int
    feedback: Feedback


@dataclass(frozen=True, slots=True)
class Observe:
    """Take note of one event without learning it."""

    id: int
    feedback: Feedback


@dataclass(frozen=True, slots=True)
class LearnBatch:
    """Learn these events in one step; `id` is that of the last one."""

    id: int
    feedbacks: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """Fit to this log."""

    id: int
    feedbacks: tuple[Feedback, ...]
    max_epochs: int | None


@dataclass(frozen=True, slots=True)
class AddItems:
    """Add the items at the places from `start` up to, not including, `stop`."""

    id: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Set:
    """Set a hyperparameter."""

    id: int
    part: str
    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class SetKinds:
    """Set what the kinds of feedback mean; `kinds` as `FeedbackKinds.from_dict` takes it."""

    id: int
    kinds: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Follow:
    """Let somebody follow somebody else."""

    id: int
    edge: Edge


@dataclass(frozen=True, slots=True)
class Unfollow:
    """Let somebody no longer follow somebody else; the weight says nothing."""

    id: int
    edge: Edge


Step = Learn | Observe | LearnBatch | Fit | AddItems | Set | SetKinds | Follow | Unfollow


def steps_of(
    entries: Iterable[Entry],
    *,
    leave_out: IdRanges,
    without_user: Id | None = None,
    batch_size_of: Callable[[int], int],
    file: str = "the journal",
) -> Iterator[Step]:
    """The steps that `entries`, which are in order, stand for.

    Args:
        entries: A stretch of a log. It may begin within a LEARN_MANY call, and end within one or within a
            FIT (which then does not occur).
        leave_out: Ids of the events that do not count.
        without_user: Whose events, and edges from and to whom, do not count either.
        batch_size_of: The batch size of the LEARN_MANY call with this id; asked for those that began before
            the stretch.
        file: For messages.

    Memory: one batch, or one FIT.

    Raises:
        FormatError: an EVENT entry whose call is not there, or a FIT that something else interrupts.

    >>> from lifelong_widgets.data import Feedback
    >>> log = [Entry(1, Op.LEARN_MANY, 0.0, body={"batch_size": 2})] + [
    ...     Entry(id, Op.EVENT, 0.0, Feedback(user, id), call=1) for id, user in enumerate("abba", start=2)]
    >>> [step.id for step in steps_of(log, leave_out=IdRanges(), batch_size_of={1: 2}.__getitem__)]
    [3, 5]
    >>> [step.id for step in steps_of(log, leave_out=IdRanges([(2, 2)]), batch_size_of={1: 2}.__getitem__)]
    [4, 5]
    """
    batch: list[Feedback] = []  # events of the LEARN_MANY `call` that are not yet a step
    call = size = last = 0
    newest: tuple[int, int] = (0, 0)  # the LEARN_MANY that began last, and its batch size
    fit: list[Feedback] = []  # events of the FIT that comes at `ahead`, 0 if none is awaited
    ahead = 0
    for entry in entries:
        if ahead and not (entry.id == ahead if entry.op is Op.FIT else entry.call == ahead):
            raise FormatError(
                f"{file} is damaged at entry {entry.id}: it interrupts the fit of entry {ahead}"
            )
        of_fit = entry.op is Op.EVENT and entry.call is not None and entry.call > entry.id
        if of_fit:
            ahead = entry.call or 0
        if entry.op is Op.LEARN_MANY:
            newest = (entry.id, _body(entry)["batch_size"])
            continue
        if without_user is not None and entry.is_of(without_user):
            continue
        if entry.feedback is not None:
            if entry.id in leave_out:
                continue
            if of_fit:
                fit.append(entry.feedback)
                continue
        elif entry.op is Op.FIT and not fit:
            ahead = 0
            continue
        if batch and entry.call != call:
            yield LearnBatch(last, tuple(batch))
            batch.clear()
        if entry.op is Op.EVENT and entry.feedback is not None and entry.call is not None:
            if entry.call != call:
                call = entry.call
                size = newest[1] if call == newest[0] else batch_size_of(call)
            batch.append(entry.feedback)
            last = entry.id
            if len(batch) == size:
                yield LearnBatch(last, tuple(batch))
                batch.clear()
        elif entry.op is Op.FIT:
            yield Fit(entry.id, tuple(fit), _body(entry)["max_epochs"])
            fit, ahead = [], 0
        else:
            yield from _single(entry)
    if batch:
        yield LearnBatch(last, tuple(batch))


def _single(entry: Entry) -> Iterator[Step]:
    if entry.op in EVENT_OPS and entry.feedback is not None:
        yield (Learn if entry.op is Op.LEARN else Observe)(entry.id, entry.feedback)
    elif entry.edge is not None:
        yield (Follow if entry.op is Op.FOLLOW else Unfollow)(entry.id, entry.edge)
    elif entry.op is Op.ADD:
        yield AddItems(entry.id, **_body(entry))
    elif entry.op is Op.SET:
        yield Set(entry.id, **_body(entry))
    elif entry.op is Op.KINDS:
        yield SetKinds(entry.id, _body(entry))


def _body(entry: Entry) -> dict[str, Any]:
    return entry.body or {}
