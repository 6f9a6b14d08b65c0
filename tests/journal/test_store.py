"""What is written is what is read, and what fails was never there."""

from __future__ import annotations

import re
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, Feedback, Item
from lifelong_widgets.data.ids import LONGEST_ID
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.journal import Journal, Op
from tests.journal.logs import SHELF, new

ODD_IDS = (
    7, "7", -7, "-7", 0, "0", "007", 2**63 - 1, -(2**63), str(2**63), "7.0", "1e3", " 7", "NULL", "x'00'",
    "a\0b", "\0", "\x01\x1b\x7f", "\u202eabc\u2066", "\u2028", "e\u0301", "\u00e9", "\ufeff",
    "😀", "\U0010ffff", "'; DROP TABLE entries; --", '"', "\\u0041", "~" + "0" * 32, " ", "\n",
)  # fmt: skip

FORGET = {"salt": "0" * 32, "hash": "ab" * 32, "n_events": 2, "first": 1}
BODIES: dict[Op, list[dict[str, Any]]] = {
    Op.LEARN_MANY: [{"batch_size": 1}, {"batch_size": 2**62}],
    Op.FIT: [{"max_epochs": None}, {"max_epochs": 0}, {"max_epochs": 12}],
    Op.ADD: [{"start": 2, "stop": 2}, {"start": 0, "stop": 2**40}],
    Op.SET: [
        {"part": "p", "name": "n", "value": value} for value in (0.1, -0.0, 1, -(2**63), True, "é\0", "")
    ],
    Op.KINDS: [DEFAULT_KINDS.to_dict(), DEFAULT_KINDS.with_weights(like=1e-300).to_dict()],
    Op.UNDO: [{"taken_back": []}, {"taken_back": [[1, 1], [2, 3]]}],
    Op.FORGET: [FORGET],
}
WRONG_BODIES: dict[Op, list[Any]] = {
    Op.LEARN_MANY: [{}, {"batch_size": 0}, {"batch_size": 1.0}, {"batch_size": True}, {"batch_size": 2**63}],
    Op.FIT: [{}, {"max_epochs": -1}, {"max_epochs": "1"}, {"max_epochs": None, "more": 1}, None, []],
    Op.ADD: [{"start": 3, "stop": 2}, {"start": -1, "stop": 2}, {"start": 1}],
    Op.SET: [
        {"part": "p", "name": "n", "value": value}
        for value in (float("nan"), float("inf"), None, [1], 2**63, np.float32(1), "\ud800")
    ],
    Op.KINDS: [{"like": {}}, {"like": {"name": "skip"}}, {"like": {"name": "like", "weight": -1}}],
    Op.UNDO: [{"taken_back": pairs} for pairs in ([[2, 1]], [[0, 1]], [[1, 99]], [[1]], [1], 1)],
    Op.FORGET: [{**FORGET, "salt": "xyz" * 20}, {**FORGET, "first": 10**6}, {**FORGET, "n_events": -1}],
}  # fmt: skip


@pytest.fixture
def journal(tmp_path: Path) -> Any:
    with new(tmp_path / "shop.lw") as journal:
        yield journal


def again(journal: Journal) -> Journal:
    journal.close()
    return Journal.open(journal.folder)


def learn(journal: Journal, *feedbacks: Feedback) -> list[int]:
    with journal.transaction():
        return [journal.append_event(Op.LEARN, feedback) for feedback in feedbacks]


# ------------------------------------------------------------------------------------------- round trips


def test_every_op_comes_back_as_it_was(journal: Journal) -> None:
    before, number = time.time(), 0
    full = Feedback("ann", 2, "like", 1234567890.123456, 4.5, ("b1", 2, "2", 2**63 - 1), "click-1")
    wanted: list[tuple[Op, Feedback | None, int | None, Any]] = []
    with journal.transaction():
        for op in (Op.LEARN, Op.OBSERVE):
            for event in (full, Feedback("bob", "b1"), Feedback("bob", "b1", shown=())):
                number += 1
                event = Feedback(
                    event.user, event.item, event.kind, event.time, event.value, event.shown, f"e{number}"
                )
                assert journal.append_event(op, event) == number
                wanted.append((op, event, None, None))
        for op, bodies in BODIES.items():
            for body in bodies:
                number += 1
                assert journal.append(op, body) == number
                wanted.append((op, None, None, body))
        header = journal.append(Op.LEARN_MANY, {"batch_size": 2})
        wanted.append((Op.LEARN_MANY, None, None, {"batch_size": 2}))
        journal.append_events([full, Feedback(7, 7)], header)
        wanted += [(Op.EVENT, full, header, None), (Op.EVENT, Feedback(7, 7), header, None)]
        call = journal.append_fit([Feedback("7", 7), Feedback(7, "7")], {"max_epochs": 3})
        wanted += [(Op.EVENT, Feedback("7", 7), call, None), (Op.EVENT, Feedback(7, "7"), call, None)]
        wanted.append((Op.FIT, None, None, {"max_epochs": 3}))
    for reopen in (False, True):
        read = again(journal) if reopen else journal
        entries = list(read.entries())
        assert [(e.op, e.feedback, e.call, e.body) for e in entries] == wanted
        assert [e.id for e in entries] == list(range(1, len(wanted) + 1))
        assert all(before <= e.recorded <= time.time() for e in entries)
        assert repr([e.body for e in entries]) == repr([body for *_, body in wanted])  # 1 is not True, -0.0
        assert read.last_id == call == len(wanted)
        break_at = read.entries(after=3, until=5)
        assert [e.id for e in break_at] == [4, 5]
        assert not list(read.entries(until=-(2**70))) and not list(read.entries(after=2**70))
        assert not list(read.steps(until=-(2**70))) and len(list(read.entries(until=2**70))) == call
        assert len(read.last_events(2**70)) == 0  # a fit is the last that was done
        assert 3 in read and 0 not in read and call + 1 not in read and 2**70 not in read and "3" not in read
    read.close()


def test_ids_keep_their_type_and_every_character(journal: Journal) -> None:
    events = [
        Feedback(id, item, shown=(id, item)) for id, item in zip(ODD_IDS, reversed(ODD_IDS), strict=True)
    ]
    learn(journal, *events)
    journal = again(journal)
    found = [entry.feedback for entry in journal.entries()]
    assert found == events
    assert [type(event.user) for event in found if event] == [type(event.user) for event in events]
    for id in ODD_IDS:
        assert journal.count_events(id) == 1, id
    assert journal.first_entry_of(7) == 1 and journal.first_entry_of("7") == 2
    journal.erase(7)
    assert journal.count_events("7") == 1 and journal.count_events(7) == 0
    assert journal.was_forgotten(7) and not journal.was_forgotten("7")
    journal.close()


def test_long_ids_and_numbers_of_the_edge(journal: Journal) -> None:
    long = "é" * LONGEST_ID
    numbers = (-0.0, 5e-324, 3e38, -3e38, 0.1 + 0.2, 1e16)
    events = [Feedback(long, "b1", shown=(long,), id=long), *(Feedback("ann", 2, value=n) for n in numbers)]
    learn(journal, *events, Feedback("ann", 2, time=-62135596800.0), Feedback("ann", 2, time=1e9 + 1e-6))
    journal = again(journal)
    found = [entry.feedback for entry in journal.entries()]
    assert found[: len(events)] == events and journal.has_event(long)
    assert [event.time for event in found[-2:] if event] == [-62135596800.0, 1e9 + 1e-6]
    journal.close()


def test_an_event_that_is_too_long_is_refused_and_nothing_is_written(journal: Journal) -> None:
    shown = tuple(f"{number:0{LONGEST_ID}d}" for number in range(68_000))
    learn(journal, Feedback("ann", 2))
    with pytest.raises(DataError, match="has at most 67,108,864 bytes"):
        learn(journal, Feedback("ann", 2), Feedback("bob", "b1", shown=shown))
    assert journal.last_id == 1 and len(list(journal.entries())) == 1


def test_events_without_an_id_are_many_and_one_with_it_is_one(journal: Journal) -> None:
    learn(journal, Feedback("ann", 2), Feedback("ann", 2), Feedback("ann", 2, id="click-1"))
    with pytest.raises(DataError, match="event with this id already"):
        learn(journal, Feedback("bob", 2), Feedback("bob", 2, id="click-1"))
    with pytest.raises(DataError, match="event with this id already"), journal.transaction():
        call = journal.append(Op.LEARN_MANY, {"batch_size": 2})
        journal.append_events([Feedback("bob", 2, id=id) for id in ("new", "newer", "new")], call)
    with pytest.raises(DataError, match="event with this id already"), journal.transaction():
        journal.append_fit([Feedback("bob", 2), Feedback("bob", 2, id="click-1")], {"max_epochs": 1})
    assert journal.last_id == 3 and journal.count_events("bob") == 0
    assert journal.has_event("click-1") and not journal.has_event("new") and not journal.has_event("\ud800")
    assert learn(journal, Feedback("bob", 2, id="new")) == [4]  # and it goes on


def test_a_body_that_does_not_belong_to_the_op_is_refused(journal: Journal) -> None:
    for op, bodies in WRONG_BODIES.items():
        for body in bodies:
            with pytest.raises(DataError), journal.transaction():
                journal.append(op, body)
    for op in (Op.LEARN, Op.OBSERVE, Op.EVENT):
        with pytest.raises(DataError, match="append_event"), journal.transaction():
            journal.append(op, {})
    for op, call in ((Op.EVENT, None), (Op.LEARN, 1), (Op.FIT, None), (Op.FIT, 1)):
        with pytest.raises(DataError), journal.transaction():
            journal.append_event(op, Feedback("ann", 2), call)
    for no_header in (0, 1, 99, 2**70, "1"):
        with pytest.raises(DataError), journal.transaction():
            journal.append_event(Op.LEARN, Feedback("ann", 2))
            journal.append_events([Feedback("ann", 2)], no_header)  # type: ignore[arg-type]
    assert journal.last_id == 0 and not list(journal.entries())


def test_items_come_back_in_their_places(journal: Journal) -> None:
    more = [
        Item(f"n{n}", "\u202e\0é", ("A", "B"), {"blurb": "\ud83d".encode("utf-8", "replace").decode()})
        for n in range(600)
    ]
    more.append(Item("2", "Twin of 2", image="a.png", audio="a.ogg"))
    with journal.transaction():
        assert journal.append_items(more) == 1 and journal.n_items == 603
    journal = again(journal)
    assert list(journal.items()) == [item.to_record() for item in [*SHELF, *more]]
    assert list(journal.items(1, 3)) == [item.to_record() for item in [SHELF[1], more[0]]]
    assert (
        list(journal.items(603)) == list(journal.items(5, 2)) == []
        and len(list(journal.items(-5, 10**9))) == 603
    )
    assert [entry.body for entry in journal.entries()] == [{"start": 2, "stop": 603}]
    with pytest.raises(RuntimeError), journal.transaction():
        journal.append_items([Item("late", "Late")])
        raise RuntimeError
    assert journal.n_items == 603 and journal.last_id == 1
    with journal.transaction():
        assert journal.append_items([]) == 2  # says so, and adds none
    assert journal.n_items == 603
    journal.close()


# ------------------------------------------------------------------------------------------ transactions


def test_what_is_rolled_back_was_never_there(journal: Journal) -> None:
    learn(journal, Feedback("ann", 2))
    with pytest.raises(KeyboardInterrupt), journal.transaction():
        journal.append_event(Op.LEARN, Feedback("bob", 2, id="x"))
        journal.append_items([Item("late", "Late")])
        assert (journal.last_id, journal.n_items) == (3, 3)
        raise KeyboardInterrupt
    assert (journal.last_id, journal.n_items) == (1, 2) and not journal.has_event("x")
    assert learn(journal, Feedback("bob", 2, id="x")) == [2]
    journal = again(journal)
    assert [entry.id for entry in journal.entries()] == [1, 2]
    journal.close()


def test_transactions_do_not_nest_and_appends_need_one(journal: Journal) -> None:
    for attempt in (
        lambda: journal.append_event(Op.LEARN, Feedback("ann", 2)),
        lambda: journal.append(Op.FIT, {"max_epochs": 1}),
        lambda: journal.append_items([Item("x", "X")]),
        lambda: journal.append_fit([Feedback("ann", 2)], {"max_epochs": 1}),
        lambda: journal.append_events([Feedback("ann", 2)], 1),
    ):
        with pytest.raises(LifelongWidgetsError, match="are appended within"):
            attempt()
    assert journal.last_id == 0 and journal.n_items == 2
    with journal.transaction():
        journal.append_event(Op.LEARN, Feedback("ann", 2))
        with pytest.raises(LifelongWidgetsError, match="within another one"), journal.transaction():
            pass
        with pytest.raises(LifelongWidgetsError, match="within a transaction"):
            journal.scrub()
        with pytest.raises(LifelongWidgetsError, match="within another one"):
            journal.erase("ann")
        journal.append_event(Op.LEARN, Feedback("ann", 2))
    assert journal.last_id == 2 and [entry.id for entry in again(journal).entries()] == [1, 2]


def test_an_erasure_that_fails_leaves_everything(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(journal, Feedback("ann", 2))
    before = journal.digest()

    def full(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr("lifelong_widgets.journal.schema.set_meta", full)
    with pytest.raises(LifelongWidgetsError):
        journal.erase("ann")
    monkeypatch.undo()
    assert journal.digest() == before and not journal.unscrubbed and journal.tombstones == []


def test_a_closed_journal_and_a_reader_say_what_they_are(journal: Journal) -> None:
    assert repr(journal) == "<Journal shop.lw: 0 entries, 2 items>"
    learn(journal, Feedback("ann", 2))
    assert repr(journal) == "<Journal shop.lw: 1 entry, 2 items>"
    with Journal.open(journal.folder, read_only=True) as reader:
        assert repr(reader) == "<Journal shop.lw: 1 entry, 2 items, read-only>"
        with pytest.raises(LifelongWidgetsError, match="read_only=True"), reader.transaction():
            pass
        with pytest.raises(LifelongWidgetsError, match="read_only=True"):
            reader.scrub()
        with pytest.raises(LifelongWidgetsError, match="read_only=True"):
            reader.erase("ann")
        learn(journal, Feedback("bob", 2))
        assert reader.last_id == 2 and [e.feedback for e in reader.entries()][1] == Feedback("bob", 2)
    journal.close()
    journal.close()
    assert repr(journal) == "<Journal shop.lw: closed>"
    for attempt in (
        lambda: list(journal.entries()),
        lambda: journal.has_event("x"),
        lambda: journal.transaction().__enter__(),
        lambda: journal.digest(),
        lambda: journal.scrub(),
    ):
        with pytest.raises(LifelongWidgetsError, match="is closed; open it again"):
            attempt()


def test_creating_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    with new(tmp_path / "j") as journal:
        learn(journal, Feedback("ann", 2))
    with pytest.raises(DataError, match="already"):
        new(tmp_path / "j")
    with pytest.raises(LifelongWidgetsError, match="could not be made"):
        new(tmp_path / "no" / "j")
    with pytest.raises(DataError, match="synchronous"):
        new(tmp_path / "k", synchronous="OFF")
    with pytest.raises(DataError, match="JSON"):
        Journal.create(tmp_path / "l", {"seed": float("nan")}, SHELF)
    assert not Journal.exists(tmp_path / "l")
    with pytest.raises(FormatError, match="no journal"):
        Journal.open(tmp_path / "l")
    with new(tmp_path / "l", synchronous="FULL") as journal:  # what failed is not in the way
        assert journal.genesis == {"seed": 0}
    with Journal.open(tmp_path / "j") as journal:
        assert journal.last_id == 1
    stray = tmp_path / "m" / "journal.sqlite-wal"
    stray.parent.mkdir()
    stray.write_bytes(b"all that is left of another one")
    with pytest.raises(DataError, match="without its journal"):
        new(tmp_path / "m")
    assert stray.read_bytes() == b"all that is left of another one"


# ------------------------------------------------------------------------------------- what can be undone


def test_the_last_events_are_those_that_count(journal: Journal) -> None:
    def last(n: int) -> list[int]:
        return [entry.id for entry in journal.last_events(n)]

    assert last(5) == []
    with journal.transaction():
        journal.append_event(Op.LEARN, Feedback("ann", 2))
        journal.append_fit([Feedback("ann", 2)], {"max_epochs": 1})  # 2, 3
    assert last(5) == []
    learn(journal, *(Feedback(user, 2) for user in ("ann", "bob", "ann")))  # 4, 5, 6
    with journal.transaction():
        call = journal.append(Op.LEARN_MANY, {"batch_size": 2})  # 7
        journal.append_events([Feedback("ann", n) for n in range(3)], call)  # 8, 9, 10
        journal.append(Op.SET, {"part": "p", "name": "n", "value": 1})  # 11
        journal.append_event(Op.OBSERVE, Feedback("bob", 2))  # 12
    assert last(2) == [12, 10] and last(99) == [12, 10, 9, 8, 6, 5, 4]
    with journal.transaction():
        journal.append(Op.UNDO, {"taken_back": [[9, 12]]})  # 13
    assert last(2) == [8, 6] and last(1) == [8]
    learn(journal, Feedback("ann", 2))  # 14
    with journal.transaction():
        journal.append(Op.UNDO, {"taken_back": [[5, 8], [14, 14]]})
    assert last(99) == [4]
    journal.erase("ann")
    assert last(99) == []
    learn(journal, Feedback("bob", 2))
    assert last(99) == [journal.last_id]
    with journal.transaction():
        journal.append_fit([], {"max_epochs": None})
    assert last(99) == []


# -------------------------------------------------------------------------------------------- click path


def test_a_click_is_one_insert(journal: Journal) -> None:
    seen: list[str] = []
    journal._db.set_trace_callback(seen.append)
    learn(journal, Feedback("ann", 2, id="x"))
    journal._db.set_trace_callback(None)
    assert [re.split(r"[ (]", statement)[0] for statement in seen] == ["BEGIN", "INSERT", "COMMIT"]
