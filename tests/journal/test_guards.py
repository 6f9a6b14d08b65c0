"""What would leave a log that is not the truth is refused, or mended, before it does."""

from __future__ import annotations

import os
import shutil
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.journal import Journal, Op
from lifelong_widgets.journal.entries import event_row
from lifelong_widgets.journal.log import Log
from tests.journal.logs import SHELF, new


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with new(tmp_path / "shop.lw") as journal:
        with journal.transaction():
            journal.append_event(Op.LEARN, Feedback("ann", "b1"))
        yield journal


def in_a_fork(work: Callable[[], object]) -> int:
    """The exit code of a forked child that does `work` and ends without any cleaning up."""
    child = os.fork()
    if not child:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_a_child_forked_within_a_transaction_ends_it_neither_way(journal: Journal) -> None:
    """The child leaves the block too; a COMMIT or ROLLBACK of its own would tear the parent's apart."""
    block = journal.transaction()
    block.__enter__()
    journal.append_event(Op.LEARN, Feedback("bob", "b1"))

    def commit() -> None:
        try:
            block.__exit__(None, None, None)
        except LifelongWidgetsError as error:
            assert "before this process was forked" in str(error)
        else:
            raise AssertionError("the child committed")

    def roll_back() -> None:
        assert block.__exit__(ValueError, ValueError(), None) is False

    assert (in_a_fork(commit), in_a_fork(roll_back)) == (0, 0) and journal.last_id == 2
    journal.append_event(Op.LEARN, Feedback("eve", "b1"))
    block.__exit__(None, None, None)
    journal.close()
    with Journal.open(journal.folder) as again:
        assert [e.feedback.user for e in again.entries() if e.feedback] == ["ann", "bob", "eve"]


def test_an_event_of_a_call_that_is_not_there_is_not_written(journal: Journal) -> None:
    for call in (1, 2, 99, -1):
        with pytest.raises(DataError, match="no learn_many entry"), journal.transaction():
            journal.append_events([Feedback("ann", "b1")], call)
    with journal.transaction():
        call = journal.append(Op.LEARN_MANY, {"batch_size": 2})
        journal.append_events([Feedback("ann", "b1")], call)  # within the transaction of its header too
    assert journal.last_id == 3 and len(list(journal.steps())) == 2


def test_an_erasure_that_was_rolled_back_leaves_nothing_to_scrub(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Journal._run

    def interrupted(self: Journal, call: Any, *arguments: Any) -> Any:
        if arguments == ("COMMIT",):
            raise KeyboardInterrupt
        return run(self, call, *arguments)

    monkeypatch.setattr(Journal, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.erase("ann")
    monkeypatch.undo()
    assert not journal.unscrubbed and journal.count_events("ann") == 1 and journal.last_id == 1
    journal.erase("ann")
    assert journal.unscrubbed and journal.last_id == 2


def test_ctrl_c_after_the_commit_of_an_erasure_does_not_forget_to_scrub(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Journal._run

    def interrupted(self: Journal, call: Any, *arguments: Any) -> Any:
        answer = run(self, call, *arguments)
        if arguments == ("COMMIT",):
            raise KeyboardInterrupt
        return answer

    monkeypatch.setattr(Journal, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        journal.erase("ann")
    monkeypatch.undo()
    assert journal.unscrubbed and journal.count_events("ann") == 0 and journal.last_id == 2


def test_a_log_ahead_without_its_journal_is_not_laid_over_a_new_one(journal: Journal, tmp_path: Path) -> None:
    other = tmp_path / "other.lw"
    other.mkdir()
    shutil.copy(journal.folder / "journal.sqlite-wal", other / "journal.sqlite-wal")
    with pytest.raises(DataError, match="without its journal; put the two together"):
        Journal.create(other, {"seed": 1}, SHELF)
    assert not Journal.exists(other) and (other / "journal.sqlite-wal").exists()
    (other / "journal.sqlite-wal").unlink()
    with Journal.create(other, {"seed": 1}, SHELF) as made:  # and the lock was given back
        assert made.last_id == 0


def test_a_name_that_no_folder_can_have(tmp_path: Path) -> None:
    for name in ("a\0b", "n" * 300):
        with pytest.raises(FormatError, match="cannot be used as a path"):
            new(tmp_path / name)


def test_entries_that_go_round_in_a_circle_end(tmp_path: Path) -> None:
    """A forged b-tree can answer `id > 5` with entry 3; to ask on from there would never end."""

    class Circle:
        def execute(self, query: str, _values: object) -> Circle:
            self.count = "max(id)" in query
            return self

        def fetchall(self) -> list[Any]:
            if self.count:
                return [(0,)]
            return [event_row(id, Op.LEARN, 1.0, Feedback("ann", 1), None) for id in (1, 2, 3, 3)]

    log = Log(Circle, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(FormatError, match="damaged at entry 3: it comes after entry 3"):
        list(log.entries(0, 10))


def test_more_events_than_there_can_be(journal: Journal) -> None:
    assert [entry.id for entry in journal.last_events(10**30)] == [1]
    assert journal.last_events(0) == journal.last_events(-1) == []
