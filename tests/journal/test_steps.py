"""The log, cut into steps: against a naive model."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import FormatError
from lifelong_widgets.journal import Entry, IdRanges, Journal, LearnBatch, Op, Step
from lifelong_widgets.journal.steps import steps_of
from tests.journal.logs import USERS, Call, calls, ids_undone, naive_steps, new, spelled, write

NUMBERS = st.integers(1, 40)
RANGES = st.lists(st.tuples(NUMBERS, NUMBERS).map(sorted), max_size=3)


class _Paper:
    """A log in memory, with the verbs by which `write` writes one."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(Journal, name)

    def transaction(self) -> _Paper:
        return self

    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...

    def append(self, op: Op, body: dict[str, Any]) -> int:
        self.entries.append(Entry(len(self.entries) + 1, op, 0.0, body=body))
        return len(self.entries)

    def append_event(self, op: Op, feedback: Feedback, call: int | None = None) -> int:
        self.entries.append(Entry(len(self.entries) + 1, op, 0.0, feedback, call))
        return len(self.entries)

    def append_events(self, feedbacks: list[Feedback], call: int) -> None:
        for feedback in feedbacks:
            self.append_event(Op.EVENT, feedback, call)

    def append_fit(self, feedbacks: list[Feedback], body: dict[str, Any]) -> int:
        self.append_events(feedbacks, len(self.entries) + len(feedbacks) + 1)
        return self.append(Op.FIT, body)

    def last_events(self, n: int) -> list[Entry]:
        undone = ids_undone(self.entries)
        found: list[Entry] = []
        for entry in reversed(self.entries):
            if entry.op is Op.FIT:
                break
            if entry.feedback is not None and entry.id not in undone:
                found.append(entry)
        return found[:n]


def on_paper(calls: list[Call], without: object = None) -> list[Entry]:
    paper = _Paper()
    write(paper, calls, without)  # type: ignore[arg-type]
    return paper.entries


def cut(entries: list[Entry], whole: list[Entry], left_out: IdRanges, user: object = None) -> list[Step]:
    sizes = {entry.id: (entry.body or {})["batch_size"] for entry in whole if entry.op is Op.LEARN_MANY}
    return list(steps_of(entries, leave_out=left_out, without_user=user, batch_size_of=sizes.__getitem__))  # type: ignore[arg-type]


@settings(max_examples=120)
@given(calls(), RANGES, st.sampled_from([None, *USERS]), st.data())
def test_steps_are_those_of_a_naive_model(
    log: list[Call], ranges: list[list[int]], user: object, data: st.DataObject
) -> None:
    entries = on_paper(log)
    stop = data.draw(st.integers(0, len(entries)))
    stretch = entries[:stop]
    gone = {id for first, last in ranges for id in range(first, last + 1)} | ids_undone(stretch)
    left_out = IdRanges([*ranges, *((id, id) for id in ids_undone(stretch))])
    assert all((id in left_out) == (id in gone) for id in range(60))
    steps = cut(stretch, entries, left_out, user)
    assert [spelled(step) for step in steps] == naive_steps(stretch, gone, user)
    for at, step in enumerate(steps):  # and from any step on
        assert cut(stretch[step.id :], entries, left_out, user) == steps[at + 1 :]
    assert [step.id for step in steps] == sorted({step.id for step in steps})


@settings(max_examples=60)
@given(calls(), st.sampled_from(USERS))
def test_without_somebody_is_as_if_they_had_never_been(log: list[Call], user: object) -> None:
    log = [call for call in log if call.op is not Op.UNDO]  # which takes back another one then
    entries, never = on_paper(log), on_paper(log, without=user)
    steps = cut(entries, entries, IdRanges(), user)
    assert [spelled(step, with_id=False) for step in steps] == [
        spelled(step, with_id=False) for step in cut(never, never, IdRanges())
    ]


@settings(max_examples=12)
@given(calls(8), st.sampled_from(USERS), st.data())
def test_a_journal_reads_its_steps_at_any_moment(log: list[Call], user: Any, data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as place, new(Path(place) / "j") as journal:
        write(journal, log)
        entries = list(journal.entries())
        assert [(e.id, e.op, e.feedback, e.call, e.body) for e in entries] == [
            (e.id, e.op, e.feedback, e.call, e.body) for e in on_paper(log)
        ]
        until = data.draw(st.integers(0, len(entries) + 2))
        stretch = entries[:until]
        steps = list(journal.steps(until=until))
        assert [spelled(step) for step in steps] == naive_steps(stretch, ids_undone(stretch))
        for at, step in enumerate(steps):
            assert list(journal.steps(step.id, until)) == steps[at + 1 :]
        without = list(journal.steps(without_user=user, without_ids=[(1, 2)]))
        assert [spelled(step) for step in without] == naive_steps(entries, ids_undone(entries) | {1, 2}, user)
        expected, n = journal.steps(without_user=user), journal.count_events(user)
        expected_steps = [spelled(step) for step in expected]
        assert n == sum(e.feedback is not None and e.feedback.user == user for e in entries)
        journal.erase(user)
        assert [spelled(step) for step in journal.steps()] == expected_steps
        assert journal.count_events(user) == 0 and journal.first_entry_of(user) is None
        assert journal.was_forgotten(user)


def test_the_digest_after_an_erasure_is_that_of_a_log_without_the_person(tmp_path: Path) -> None:
    log = [
        Call(Op.FIT, ((Feedback("ann", 1), Feedback("bob", 2)),)),
        Call(
            Op.LEARN_MANY, (tuple(Feedback(user, n) for n, user in enumerate(["ann", "bob", "ann"] * 4)),), 3
        ),
        Call(Op.LEARN, ((Feedback("ann", 3),),)),
        Call(Op.OBSERVE, ((Feedback("bob", 3, time=4.5, value=-0.0, shown=(2, "2"), id="x"),),)),
    ]
    with new(tmp_path / "a") as one, new(tmp_path / "b") as other:
        write(one, log)
        write(other, log, without="ann")
        assert one.digest() != other.digest()
        moment = one.digest(until=10)
        one.erase("ann")
        assert one.digest() == other.digest() and one.digest(until=10) != moment


def test_batches_end_with_their_call_and_where_something_comes_between() -> None:
    events = [Feedback("ann", n) for n in range(9)]
    many = [Call(Op.LEARN_MANY, (tuple(events[:3]), tuple(events[3:6])), 2), Call(Op.LEARN_MANY, ((), ()), 5)]
    entries = on_paper([*many, Call(Op.LEARN_MANY, (tuple(events[6:]),), 2)])
    steps = cut(entries, entries, IdRanges())
    batches = [[event.item for event in step.feedbacks] for step in steps if isinstance(step, LearnBatch)]
    assert batches == [[0, 1], [2], [3, 4], [5], [6, 7], [8]]
    close = on_paper(
        [Call(Op.LEARN_MANY, (tuple(events[:3]),), 2), Call(Op.LEARN_MANY, (tuple(events[3:6]),), 2)]
    )
    steps = cut(close, close, IdRanges())
    assert [len(step.feedbacks) for step in steps if isinstance(step, LearnBatch)] == [2, 1, 2, 1]


def test_memory_stays_that_of_a_batch() -> None:
    """The entries are taken one by one: a batch is out before the next one is read."""
    taken = 0

    def many() -> Any:
        nonlocal taken
        yield Entry(1, Op.LEARN_MANY, 0.0, body={"batch_size": 5})
        for id in range(2, 10**9):
            taken += 1
            yield Entry(id, Op.EVENT, 0.0, Feedback("ann", id), call=1)

    steps = steps_of(many(), leave_out=IdRanges([(2, 3)]), batch_size_of={1: 5}.__getitem__)
    first = next(steps)
    assert isinstance(first, LearnBatch) and len(first.feedbacks) == 5 and taken == 7


def test_what_interrupts_a_fit_is_damage() -> None:
    event, other = Entry(1, Op.EVENT, 0.0, Feedback("ann", 1), call=3), Feedback("bob", 1)
    for between in (
        Entry(2, Op.LEARN, 0.0, other),
        Entry(2, Op.EVENT, 0.0, other, call=9),
        Entry(2, Op.FIT, 0.0, body={"max_epochs": None}),
        Entry(2, Op.SET, 0.0, body={"part": "a", "name": "b", "value": 1}),
    ):
        for left_out in (IdRanges(), IdRanges([(1, 2)])):
            with pytest.raises(FormatError, match="entry 2: it interrupts the fit of entry 3"):
                list(steps_of([event, between], leave_out=left_out, batch_size_of={}.__getitem__))
