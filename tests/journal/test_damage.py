"""A file that is not as we wrote it is refused, or is read as what was written; never anything else."""

from __future__ import annotations

import random
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import FormatError, LifelongWidgetsError
from lifelong_widgets.journal import Journal, Op
from lifelong_widgets.journal.entries import COLUMNS, checksum
from tests.journal.logs import SHELF, new

N = 120


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of some pages with every sort of row, closed."""
    folder = tmp_path_factory.mktemp("whole") / "shop.lw"
    with new(folder) as journal:
        with journal.transaction():
            for n in range(N):
                shown = (f"b{n}", n, "b1")
                journal.append_event(Op.LEARN, Feedback(f"person {n % 7}", f"b{n}", shown=shown, id=f"e{n}"))
            call = journal.append(Op.LEARN_MANY, {"batch_size": 8})
            journal.append_events([Feedback(n % 5, n, time=n, value=n / 3) for n in range(N)], call)
            journal.append_fit([Feedback("person 1", n) for n in range(9)], {"max_epochs": None})
            journal.append(Op.UNDO, {"taken_back": [[2, 4]]})
        journal.erase("person 3")
        journal.scrub()
    return folder


def contents(folder: Path, read_only: bool) -> Any:
    """All that can be read; or what it says of the damage, as an error of ours."""
    with Journal.open(folder, read_only=read_only) as journal:
        return (
            [(e.id, e.op, e.recorded, e.feedback, e.call, e.body) for e in journal.entries()],
            list(journal.items()),
            journal.genesis,
            journal.tombstones,
            [entry.id for entry in journal.last_events(10)],
            journal.digest(),
            sorted(f"e{n}" for n in range(N) if journal.has_event(f"e{n}")),
        )


def damaged(whole: Path, place: Path, data: bytes) -> Path:
    place.mkdir(exist_ok=True)
    for file in place.glob("journal.sqlite*"):
        file.unlink()
    (place / "journal.sqlite").write_bytes(data)
    return place


def by_sql(whole: Path, place: Path, *statements: str) -> Path:
    folder = Path(shutil.copytree(whole, place / "shop.lw"))
    connection = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
    for statement in statements:
        connection.execute(statement)
    connection.close()
    return folder


# --------------------------------------------------------------------------------------- anything at all


def test_a_file_cut_short_is_damaged(whole: Path, tmp_path: Path) -> None:
    data = (whole / "journal.sqlite").read_bytes()
    cuts = [0, 1, 15, 16, 50, 99, 100, 101, 4095, 4096, 4097, *range(8000, len(data), 4096), len(data) - 1]
    for cut in cuts:
        folder = damaged(whole, tmp_path / "cut", data[:cut])
        for read_only in (True, False):
            with pytest.raises(FormatError, match="journal"):
                contents(folder, read_only)


def test_random_bytes_are_no_journal(whole: Path, tmp_path: Path) -> None:
    rng = random.Random(0)
    data = (whole / "journal.sqlite").read_bytes()
    for size in (1, 100, 5000, 40000):
        for start in (0, 16, 100):  # with the header of the true one
            folder = damaged(whole, tmp_path / "random", data[:start] + rng.randbytes(size))
            for read_only in (True, False):
                with pytest.raises(FormatError):
                    contents(folder, read_only)


def test_a_changed_byte_is_found_or_changes_nothing(whole: Path, tmp_path: Path) -> None:
    """Everywhere: the header, the b-trees, the cells, the free space."""
    rng, data, right = random.Random(1), (whole / "journal.sqlite").read_bytes(), contents(whole, True)
    found = 0
    places = [*range(0, 100, 3), *(rng.randrange(len(data)) for _ in range(70))]
    for number, at in enumerate(places):
        changed = bytearray(data)
        changed[at] ^= 1 << rng.randrange(8) if number % 2 else rng.randrange(1, 256)
        folder = damaged(whole, tmp_path / "flip", bytes(changed))
        try:
            assert contents(folder, read_only=number % 3 > 0) == right, at
        except FormatError:
            found += 1
    assert len(places) > found > len(places) // 4


def test_pages_that_were_swapped_or_emptied_are_found(whole: Path, tmp_path: Path) -> None:
    data, right = (whole / "journal.sqlite").read_bytes(), contents(whole, True)
    pages = [data[at : at + 4096] for at in range(0, len(data), 4096)]
    for at in range(len(pages)):
        for other in (bytes(4096), pages[at - 1], pages[len(pages) // 2]):
            if other == pages[at]:
                continue
            mixed = b"".join([*pages[:at], other, *pages[at + 1 :]])
            for read_only in (True, False):
                with suppress(FormatError):
                    assert contents(damaged(whole, tmp_path / "page", mixed), read_only) == right, at


def test_the_write_ahead_log_of_another_journal_gives_nothing_of_it(whole: Path, tmp_path: Path) -> None:
    right = contents(whole, True)
    with new(tmp_path / "other") as other:
        with other.transaction():
            other.append_event(Op.LEARN, Feedback("stranger", "b1"))
        wal = (tmp_path / "other" / "journal.sqlite-wal").read_bytes()
        assert b"stranger" in wal
    for read_only in (True, False):
        folder = Path(shutil.copytree(whole, tmp_path / f"mixed{read_only}"))
        (folder / "journal.sqlite-wal").write_bytes(wal)
        with suppress(FormatError):
            assert contents(folder, read_only) == right


# --------------------------------------------------------------------------------- made by somebody else


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("PRAGMA user_version = 4", "has format version 4; this version .* reads up to 3"),
        ("PRAGMA user_version = 3", "differs in attachments"),
        ("PRAGMA user_version = 2", "differs in attachments"),
        ("PRAGMA user_version = 0", "format version 0"),
        ("PRAGMA user_version = -5", "format version -5"),
        ("PRAGMA application_id = 252006675", "not a journal of lifelong-widgets"),
        ("PRAGMA application_id = 0", "not a journal of lifelong-widgets"),
        (
            "CREATE TRIGGER spy AFTER INSERT ON entries BEGIN DELETE FROM entries; END",
            "not a journal as lifelong-widgets writes it; it differs in spy",
        ),
        ("CREATE VIEW spy AS SELECT * FROM entries", "differs in spy"),
        ("CREATE TABLE spy (x)", "differs in spy"),
        ("CREATE INDEX spy ON entries (user)", "differs in spy"),
        ("CREATE VIRTUAL TABLE spy USING fts5 (x)", "differs in spy"),
        ("DROP INDEX entries_event", "differs in entries_event"),
        ("ALTER TABLE entries ADD COLUMN spy", "differs in entries"),
        ("ANALYZE", "differs in sqlite_stat1"),
        ("DROP TABLE items", "differs in items"),
        ("DELETE FROM meta WHERE name = 'genesis'", "table meta is not as"),
        ("UPDATE meta SET value = '{}' WHERE name = 'genesis'", "value 'genesis' of meta"),
        ("INSERT INTO meta VALUES ('more', '1', 0)", "value 'more' of meta"),
    ],
)
def test_a_file_with_anything_that_is_not_ours_is_refused(
    whole: Path, tmp_path: Path, statement: str, message: str
) -> None:
    folder = by_sql(whole, tmp_path, statement)
    for read_only in (True, False):
        with pytest.raises(FormatError, match=message) as caught:
            Journal.open(folder, read_only=read_only)
        assert str(folder) in str(caught.value)
    with pytest.raises(FormatError):  # and the lock was given back
        Journal.open(folder)


def test_a_trigger_that_would_run_never_does(whole: Path, tmp_path: Path) -> None:
    folder = by_sql(
        whole,
        tmp_path,
        "CREATE TEMP TABLE x (y)",
        "CREATE TRIGGER spy BEFORE DELETE ON entries BEGIN SELECT 1; END",
    )
    before = (folder / "journal.sqlite").read_bytes()
    with pytest.raises(FormatError):
        Journal.open(folder)
    assert (folder / "journal.sqlite").read_bytes() == before


def set_cell(column: str, value: str) -> str:
    return f"UPDATE entries SET {column} = {value} WHERE id = 10"


@pytest.mark.parametrize(
    "statement",
    [
        set_cell("checksum", "checksum + 1"),
        set_cell("checksum", "'x'"),
        set_cell("user", "'mallory'"),
        set_cell("user", "NULL"),
        set_cell("user", "x'00ff'"),
        set_cell("user", "CAST(x'ff' AS TEXT)"),
        set_cell("item", "7.5"),
        set_cell("item", "1e999"),
        set_cell("op", "'dance'"),
        set_cell("op", "'observe'"),
        set_cell("op", "x'6c6561726e'"),
        set_cell("kind", "''"),
        set_cell("time", "9e99"),
        set_cell("time", "'noon'"),
        set_cell("value", "1e999"),
        set_cell("value", "-1e999"),
        set_cell("shown", "'['"),
        set_cell("shown", "'[NaN]'"),
        set_cell("shown", "'[1.5]'"),
        set_cell("shown", "'{}'"),
        set_cell("shown", "'[' || replace(hex(zeroblob(200000)), '00', '[') || ']'"),
        set_cell("call", "3"),
        set_cell("body", "'{}'"),
        set_cell("recorded", "'now'"),
        set_cell("id", "-4"),
        set_cell("id", "0"),
        set_cell("id", "100000"),
        set_cell("event", "'other'"),
    ],
)
def test_a_row_that_was_changed_is_found(whole: Path, tmp_path: Path, statement: str) -> None:
    folder = by_sql(whole, tmp_path, statement)
    with (
        pytest.raises(FormatError, match=r"shop.lw.* damaged"),
        Journal.open(folder, read_only=True) as journal,
    ):
        list(journal.entries(after=-10))


def forged(values: dict[str, Any]) -> str:
    """An INSERT whose checksum is right: the rules for what a row holds have to find it."""
    row = {name: values.get(name) for name in COLUMNS[:-1]}
    cells = tuple(row.values())

    def literal(cell: Any) -> str:
        if isinstance(cell, str):
            return "'" + cell.replace("'", "''") + "'"
        return "NULL" if cell is None else repr(cell)

    written = [*map(literal, cells), str(checksum(cells))]
    return f"INSERT INTO entries VALUES ({', '.join(written)})"


EVENT = {"id": 1000, "op": "learn", "recorded": 1.5, "user": "a", "item": "b", "kind": "click"}


@pytest.mark.parametrize(
    "change",
    [
        {"id": -3},
        {"op": "dance"},
        {"user": ""},
        {"item": None},
        {"item": 1.5},
        {"kind": ""},
        {"kind": None},
        {"time": 1e13},
        {"value": 1e300},
        {"shown": "[NaN]"},
        {"shown": "[1e999]"},
        {"shown": '["\\ud800"]'},
        {"shown": "[" * 100_000},
        {"shown": "7"},
        {"shown": "[99999999999999999999]"},
        {"call": 3},
        {"op": "event"},
        {"op": "event", "call": 1000},
        {"op": "event", "call": -1},
        {"body": "{}"},
        {"event": ""},
        {"op": "undo", "body": '{"taken_back":[[1,2]]}'},
    ],
)
def test_a_row_that_was_forged_with_its_checksum_is_named(
    whole: Path, tmp_path: Path, change: dict[str, Any]
) -> None:
    folder = by_sql(whole, tmp_path, forged({**EVENT, **change}))
    named = rf"damaged at entry {change.get('id', 1000)}:"
    with Journal.open(folder) as journal, pytest.raises(FormatError, match=named):
        list(journal.entries(after=-10))


@pytest.mark.parametrize(
    ("op", "body"),
    [
        ("undo", '{"taken_back":[[1,1000]]}'),
        ("undo", '{"taken_back":[[-1,1]]}'),
        ("undo", '{"taken_back":[[1]]}'),
        ("undo", '{"taken_back":[],"x":1}'),
        ("undo", "[]"),
        ("undo", None),
        ("undo", "{"),
        ("set", '{"part":"a","name":"b","value":NaN}'),
        ("set", '{"part":"a","name":"b","value":1e999}'),
        ("set", '{"part":"a","name":"b","value":"\\ud800"}'),
        ("add", '{"start":5,"stop":1}'),
        ("learn_many", '{"batch_size":0}'),
        ("learn_many", '{"batch_size":true}'),
        ("fit", '{"max_epochs":1.5}'),
        ("kinds", '{"like":{"name":"like","weight":-1}}'),
        ("forget", '{"salt":"","hash":"","n_events":1,"first":1}'),
    ],
)
def test_a_forged_body_is_named(whole: Path, tmp_path: Path, op: str, body: str | None) -> None:
    folder = by_sql(whole, tmp_path, forged({"id": 1000, "op": op, "recorded": 0.5, "body": body}))
    with Journal.open(folder) as journal, pytest.raises(FormatError, match="damaged at entry 1000:"):
        list(journal.steps())


@pytest.mark.parametrize("call", [7, 999, 2000])
def test_an_event_of_a_call_that_is_not_there_is_damage(whole: Path, tmp_path: Path, call: int) -> None:
    folder = by_sql(whole, tmp_path, forged({**EVENT, "op": "event", "call": call}))
    with Journal.open(folder) as journal:
        if call > 1000:  # a fit whose end is missing does not occur
            assert all(step.id < 1000 for step in journal.steps())
            with journal.transaction():
                journal.append_event(Op.LEARN, Feedback("a", "b"))
            with pytest.raises(FormatError, match="interrupts the fit"):
                list(journal.steps())
        else:
            with pytest.raises(FormatError, match=f"entry {call} is not the learn_many"):
                list(journal.steps())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE items SET record = '{}' WHERE position = 1",
        "UPDATE items SET checksum = 0 WHERE position = 0",
        "UPDATE items SET position = 7 WHERE position = 1",
        "UPDATE items SET position = -7 WHERE position = 0",
        "DELETE FROM items WHERE position = 0",
        "UPDATE items SET record = x'00' WHERE position = 1",
        "UPDATE items SET record = CAST(x'ff' AS TEXT) WHERE position = 1",
    ],
)
def test_a_damaged_item_is_named(whole: Path, tmp_path: Path, statement: str) -> None:
    folder = by_sql(whole, tmp_path, statement)
    named = "damaged.* item|Could not decode to UTF-8 column 'record'"
    with pytest.raises(FormatError, match=named), Journal.open(folder) as journal:
        list(journal.items())


def test_a_cell_longer_than_any_of_ours_is_refused(whole: Path, tmp_path: Path) -> None:
    folder = by_sql(whole, tmp_path, "UPDATE entries SET shown = zeroblob(70000000) WHERE id = 10")
    with pytest.raises(FormatError), Journal.open(folder, read_only=True) as journal:
        list(journal.entries())


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to("nowhere"), Path.touch])
def test_what_is_no_file_is_no_journal(tmp_path: Path, make: Callable[[Path], object]) -> None:
    make(tmp_path / "journal.sqlite")
    for read_only in (True, False):
        with pytest.raises(FormatError, match="journal"):
            Journal.open(tmp_path, read_only=read_only)


def test_a_foreign_process_that_writes_meanwhile_is_said(whole: Path, tmp_path: Path) -> None:
    folder = by_sql(whole, tmp_path)
    with Journal.open(folder) as journal:
        connection = sqlite3.connect(folder / "journal.sqlite", isolation_level=None)
        connection.execute("BEGIN EXCLUSIVE")
        journal._db.execute("PRAGMA busy_timeout = 10")
        with pytest.raises(LifelongWidgetsError, match="is in use"), journal.transaction():
            journal.append_event(Op.LEARN, Feedback("a", "b"))
        connection.execute("ROLLBACK")
        connection.close()
        with journal.transaction():
            journal.append_event(Op.LEARN, Feedback("a", "b"))
        assert list(journal.items()) == [item.to_record() for item in SHELF]
