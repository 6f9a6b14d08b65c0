"""One writer, many readers, and processes that die at any instant."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lifelong_widgets.data import Feedback, Item
from lifelong_widgets.errors import JournalLockedError, LifelongWidgetsError
from lifelong_widgets.journal import CHECKPOINTS, Checkpoints, Journal, Op
from tests.journal.logs import files, new

ROOT = Path(__file__).parents[2]
PREPARE = """
import sys, time
from pathlib import Path
from lifelong_widgets.data import Feedback
from lifelong_widgets.journal import Journal, Op
folder = Path(sys.argv[1])
def ready(): print("ready", flush=True)
"""


@contextmanager
def process(folder: Path, program: str) -> Iterator[subprocess.Popen[str]]:
    """Another Python that is ready (or dead); it is killed at the end if it still lives."""
    other = subprocess.Popen(
        [sys.executable, "-c", PREPARE + program, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert other.stdout is not None
    try:
        other.stdout.readline()
        yield other
    finally:
        other.kill()
        other.wait(60)
        other.stdout.close()


def killed(life: Callable[[], object]) -> None:
    """A process that does this and is killed then. Forked, so that it need not import everything again."""

    def child() -> None:
        life()
        os.kill(os.getpid(), signal.SIGKILL)

    other = multiprocessing.get_context("fork").Process(target=child)
    other.start()
    other.join(60)
    assert other.exitcode == -signal.SIGKILL


def learn(journal: Journal, *users: str) -> None:
    for user in users:
        with journal.transaction():
            journal.append_event(Op.LEARN, Feedback(user, "b1"))


def users(journal: Journal) -> list[object]:
    return [entry.feedback.user for entry in journal.entries() if entry.feedback]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with new(tmp_path / "shop.lw") as journal:
        learn(journal, "ann", "bob")
    return tmp_path / "shop.lw"


# ------------------------------------------------------------------------------------------------- lock


def test_a_second_writer_in_this_process_is_refused_at_once(shop: Path) -> None:
    with Journal.open(shop) as journal:
        for attempt in (lambda: Journal.open(shop), lambda: new(shop), lambda: Journal.open(f"{shop}/.")):
            with pytest.raises(JournalLockedError, match=rf"this process \({os.getpid()}\).*read_only=True"):
                attempt()
        learn(journal, "eve")  # who has it is not disturbed
        with Journal.open(shop, read_only=True) as reader:
            assert users(reader) == ["ann", "bob", "eve"]
        with pytest.raises(JournalLockedError):  # nor did the reader take the lock along
            Journal.open(shop)
    with Journal.open(shop) as journal:
        assert journal.last_id == 3


def test_a_writer_elsewhere_is_named_and_its_death_frees_the_lock(shop: Path) -> None:
    program = """
with Journal.open(folder) as journal:
    with journal.transaction():
        journal.append_event(Op.LEARN, Feedback("eve", "b1"))
    with journal.transaction():
        journal.append_event(Op.LEARN, Feedback("lost", "b1"))
        ready()
        time.sleep(600)
"""
    with process(shop, program) as other:
        with pytest.raises(JournalLockedError, match=rf"the process {other.pid} on .*read_only=True"):
            Journal.open(shop)
        with Journal.open(shop, read_only=True) as reader:
            assert users(reader) == ["ann", "bob", "eve"]  # what is committed, and no more
        other.kill()
        other.wait(60)
    with Journal.open(shop) as journal:
        assert users(journal) == ["ann", "bob", "eve"]
        learn(journal, "dan")
    with Journal.open(shop, read_only=True) as reader:
        assert users(reader) == ["ann", "bob", "eve", "dan"]


def test_a_forked_child_neither_writes_nor_closes_what_is_its_parents(shop: Path) -> None:
    with Journal.open(shop) as journal:
        context = multiprocessing.get_context("fork")
        answers = context.Queue()

        def child() -> None:
            try:
                with journal.transaction():
                    journal.append_event(Op.LEARN, Feedback("child", "b1"))
            except LifelongWidgetsError as error:
                answers.put(str(error))
            try:
                list(journal.entries())
            except LifelongWidgetsError as error:
                answers.put(str(error))
            answers.put(repr(journal))
            journal.close()
            with Journal.open(shop, read_only=True) as own:
                answers.put(str(own.last_id))

        process = context.Process(target=child)
        process.start()
        said = [answers.get(timeout=60) for _ in range(4)]
        process.join(60)
        assert process.exitcode == 0
        assert all("before this process was forked" in each for each in said[:2]) and said[3] == "2"
        with pytest.raises(JournalLockedError):
            Journal.open(shop)
        learn(journal, "eve")
    with Journal.open(shop, read_only=True) as reader:
        assert users(reader) == ["ann", "bob", "eve"]


def test_a_folder_that_was_a_crashed_create_is_begun_again(tmp_path: Path) -> None:
    def items() -> Iterator[Item]:
        yield Item("a", "A")
        os.kill(os.getpid(), signal.SIGKILL)

    killed(lambda: Journal.create(tmp_path / "shop.lw", {}, items()))
    shop = tmp_path / "shop.lw"
    assert not Journal.exists(shop) and len(list(shop.glob("*.aside*")) + list(shop.glob(".lw-*"))) >= 1
    with new(shop) as journal:
        learn(journal, "ann")
    assert {file.name for file, _ in files(shop)} <= {"journal.sqlite", "lock"}


# ------------------------------------------------------------------------------------------------ kill -9


def test_kill_before_the_commit_leaves_nothing_and_after_it_all(shop: Path) -> None:
    def amid() -> None:
        journal = Journal.open(shop)
        with journal.transaction():
            call = journal.append(Op.LEARN_MANY, {"batch_size": 2})
            journal.append_event(Op.EVENT, Feedback("eve", "b1", id="x"), call)
            journal.append_events([Feedback("dan", n) for n in range(20_000)], call)  # SQLite caches less
            os.kill(os.getpid(), signal.SIGKILL)

    def after() -> None:
        journal = Journal.open(shop)
        with journal.transaction():
            journal.append_fit([Feedback("eve", "b1", id="x"), Feedback("dan", "b1")], {"max_epochs": 1})

    killed(amid)
    with Journal.open(shop) as journal:
        assert users(journal) == ["ann", "bob"] and journal.last_id == 2 and not journal.has_event("x")
    killed(after)
    with Journal.open(shop, read_only=True) as reader:
        assert users(reader) == ["ann", "bob", "eve", "dan"]
    with Journal.open(shop) as journal:
        assert journal.last_id == 5 and journal.has_event("x")


def test_an_erasure_that_was_committed_but_not_scrubbed_is_ended(shop: Path) -> None:
    def life() -> None:
        journal = Journal.open(shop)
        with journal.transaction():
            for n in range(3000):
                user = "Zarathustra" if n % 3 else "bob"
                journal.append_event(Op.LEARN, Feedback(user, n, shown=(n, n + 1)))
        checkpoints = Checkpoints(shop / CHECKPOINTS, keep=9)
        for id in (1, 2, 10, 3000):
            checkpoints.write(id, lambda aside: aside.write_bytes(b"of Zarathustra"))
        journal.erase("Zarathustra")

    killed(life)
    assert any(b"Zarathustra" in data for _, data in files(shop))
    with Journal.open(shop, read_only=True) as reader:
        assert reader.unscrubbed and reader.count_events("Zarathustra") == 0
    checkpoints = Checkpoints(shop / CHECKPOINTS)
    with Journal.open(shop) as journal:
        assert not journal.unscrubbed and journal.was_forgotten("Zarathustra")
        assert not [file for file, data in files(shop) if b"Zarathustra" in data and file.suffix != ".lw"]
        assert journal.tombstones[0].first == 4 and checkpoints.ids() == [2, 1]
        assert journal.count_events("bob") == 1001


def test_a_reader_in_the_way_puts_scrubbing_off(shop: Path) -> None:
    with Journal.open(shop) as journal, Journal.open(shop, read_only=True) as reader:
        learn(journal, *(["Zarathustra"] * 50))
        reading = reader._db.execute("SELECT * FROM entries")
        reading.fetchone()  # and it stays open, in the midst of a read
        journal.erase("Zarathustra")
        journal._db.execute("PRAGMA busy_timeout = 50")
        with pytest.raises(LifelongWidgetsError, match="call scrub\\(\\) again when the reader is done"):
            journal.scrub()
        assert journal.unscrubbed and journal.count_events("Zarathustra") == 0
        reading.close()
        journal.scrub()
        assert not journal.unscrubbed
        assert not [file for file, data in files(shop) if b"Zarathustra" in data]


def test_a_reader_that_goes_on_after_an_erasure_is_told(shop: Path) -> None:
    with Journal.open(shop) as journal:
        learn(journal, *(["ann", "eve"] * 300))
        with Journal.open(shop, read_only=True) as reader:
            reading = reader.entries()
            next(reading)
            journal.erase("eve")
            journal.scrub()
            with pytest.raises(LifelongWidgetsError, match=r"erased .* while it was read"):
                list(reading)
            assert reader.count_events("eve") == 0 and len(list(reader.entries())) == 303


@pytest.mark.parametrize("user", ["Zarathustra-4711", "Ωμέγα 😀 person", 7_310_577_301_234_567])
def test_no_byte_of_somebody_is_left_among_thousands_of_rows(tmp_path: Path, user: str | int) -> None:
    wanted = user.encode() if isinstance(user, str) else user.to_bytes(7, "big")
    with new(tmp_path / "j") as journal:
        for n in range(4):
            with journal.transaction():
                for m in range(800):
                    who = user if m % 4 == n else f"p{m % 50}"
                    journal.append_event(Op.LEARN, Feedback(who, m, shown=(m, n), id=f"{n} {m}"))
                    if m % 200 == 0:
                        journal.append_items([])
        assert any(wanted in data for _, data in files(tmp_path))
        others = [entry.feedback for entry in journal.entries() if entry.feedback]
        others = [event for event in others if event.user != user]
        journal.erase(user)
        journal.scrub()
        for file, data in files(tmp_path):
            assert wanted not in data, file
        assert [entry.feedback for entry in journal.entries() if entry.feedback] == others
        learn(journal, "ann")
    for file, data in files(tmp_path):
        assert wanted not in data, file
    with Journal.open(tmp_path / "j") as journal:
        assert journal.was_forgotten(user) and journal.tombstones[0].n_events == 800


def test_synced_entries_are_in_the_files(shop: Path) -> None:
    with Journal.open(shop) as journal:
        learn(journal, "eve")
        journal.sync()
        assert any(b"eve" in data for _, data in files(shop))
        with pytest.raises(JournalLockedError):  # syncing gave no lock back
            Journal.open(shop)
        learn(journal, "dan")
        assert users(journal)[-2:] == ["eve", "dan"]


def test_a_reader_waits_for_nobody(shop: Path) -> None:
    with Journal.open(shop) as journal, Journal.open(shop, read_only=True) as reader:
        with journal.transaction():
            journal.append_event(Op.LEARN, Feedback("eve", "b1"))
            # Who waited would wait in vain, and get an error: the lock is held until after this.
            assert users(reader) == ["ann", "bob"]
        assert users(reader) == ["ann", "bob", "eve"]
