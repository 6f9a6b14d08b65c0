"""The folder of checkpoints, and files that are the old or the new one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.files import remove_leftovers, replacing, sync_folder
from lifelong_widgets.journal import CHECKPOINTS, Checkpoints, Journal, Op
from tests.journal.logs import new


def write(checkpoints: Checkpoints, *ids: int) -> None:
    for id in ids:
        path = checkpoints.write(id, lambda aside, id=id: aside.write_text(str(id)))  # type: ignore[misc]
        assert path == checkpoints.path(id) and path.read_text() == str(id)


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_the_newest_and_the_pinned_stay(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "c", keep=2)
    assert checkpoints.ids() == []
    write(checkpoints, 0, 5, 7, 9)
    assert checkpoints.ids() == [9, 7, 0]
    checkpoints.pinned.add(7)
    write(checkpoints, 11, 20)
    assert checkpoints.ids() == [20, 11, 7, 0]  # the pinned one is not counted
    checkpoints.pinned = {0}
    write(checkpoints, 20)  # once more, in its own place
    assert checkpoints.ids() == [20, 11, 0]
    assert Checkpoints(tmp_path / "c", keep=1).ids() == [20, 11, 0]  # looking prunes nothing


def test_stretches_are_discarded_with_the_pinned(tmp_path: Path) -> None:
    for first, stop, left in (
        (5, None, [4, 0]),
        (4, 6, [9, 6, 0]),
        (0, None, []),
        (0, 1, [9, 6, 5, 4]),
        (10, None, [9, 6, 5, 4, 0]),
        (6, 6, [9, 6, 5, 4, 0]),
    ):
        checkpoints = Checkpoints(tmp_path / f"{first} {stop}", keep=9)
        checkpoints.discard(first, stop)  # no folder yet
        write(checkpoints, 0, 4, 5, 6, 9)
        checkpoints.pinned = {0, 5, 9}
        checkpoints.discard(first, stop)
        assert checkpoints.ids() == left, (first, stop)


def test_other_files_are_neither_seen_nor_touched(tmp_path: Path) -> None:
    others = [
        "mine.lw",
        "5.lw",
        "000000000005.lw.bak",
        "00000000000a.lw",
        "\u0660" * 11 + "5.lw",
        "1000000000005.lw",
    ]
    for other in others:
        (tmp_path / other).write_text("mine")
    checkpoints = Checkpoints(tmp_path, keep=1)
    write(checkpoints, 1, 2, 3)
    checkpoints.discard(0)
    assert checkpoints.ids() == [] and names(tmp_path) == sorted(others)


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, keep=2)
    write(checkpoints, 1, 2)

    def full(aside: Path) -> None:
        aside.write_text("half")
        raise OSError(28, "No space left on device")

    def broken(aside: Path) -> None:
        aside.write_text("half")
        raise ZeroDivisionError

    failures: list[tuple[Callable[[Path], Any], type[BaseException]]] = [
        (full, LifelongWidgetsError),
        (broken, ZeroDivisionError),
        (lambda _: None, LifelongWidgetsError),  # wrote nothing at all
    ]
    for writer, error in failures:
        for id in (2, 3):
            with pytest.raises(error):
                checkpoints.write(id, writer)
    assert names(tmp_path) == ["000000000001.lw", "000000000002.lw"]
    assert checkpoints.path(2).read_text() == "2"


def test_ids_and_counts_that_cannot_be(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for id in (-1, 10**12, 1.0, "1", True):
        with pytest.raises(DataError, match="named by the id of an entry"):
            checkpoints.path(id)  # type: ignore[arg-type]
    for keep in (0, -1, 1.0, True):
        with pytest.raises(DataError, match="at least 1"):
            Checkpoints(tmp_path, keep)  # type: ignore[arg-type]
    (tmp_path / "file").touch()
    with pytest.raises(LifelongWidgetsError, match="could not be made"):
        Checkpoints(tmp_path / "file").write(1, lambda aside: aside.touch())
    with pytest.raises(LifelongWidgetsError, match="could not be made"):
        Checkpoints(tmp_path / "no" / "c").write(1, lambda aside: aside.touch())


def test_what_killed_writers_left_is_removed_by_a_writer_only(tmp_path: Path) -> None:
    shop = tmp_path / "shop.lw"
    new(shop).close()
    (shop / CHECKPOINTS).mkdir()
    left = [place / f".lw-{n}.aside" for n in range(2) for place in (shop, shop / CHECKPOINTS)]
    left.append(shop / ".lw-0.aside-journal")
    for file in left:
        file.write_text("half")
    mine = shop / "notes.txt"
    mine.write_text("mine")
    Journal.open(shop, read_only=True).close()
    assert all(file.exists() for file in left)
    Journal.open(shop).close()
    assert not any(file.exists() for file in left) and mine.exists()
    remove_leftovers(tmp_path / "nowhere")


# ---------------------------------------------------------------------------------------------- replacing


def test_a_failure_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    def write_new() -> None:
        with replacing(path) as aside:
            aside.write_text("new")
            assert path.read_text() == "old" and aside.parent == tmp_path

    with pytest.raises(KeyboardInterrupt), replacing(path) as aside:
        aside.write_text("half")
        raise KeyboardInterrupt
    for call in ("os.replace", "os.fsync"):

        def refuse(*_: object) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(call, refuse)
        with pytest.raises(LifelongWidgetsError, match=r"file could not be written: .*Input/output"):
            write_new()
        monkeypatch.undo()
        assert path.read_text() == "old" and names(tmp_path) == ["file"]
    write_new()
    assert path.read_text() == "new" and names(tmp_path) == ["file"]


def test_the_file_is_synced_before_it_is_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import lifelong_widgets.files as module

    done: list[str] = []
    replace, sync_file = module.os.replace, module.sync_file
    monkeypatch.setattr(module, "sync_file", lambda path: (done.append("sync file"), sync_file(path)))
    monkeypatch.setattr(module.os, "replace", lambda a, b: (done.append("rename"), replace(a, b)))
    monkeypatch.setattr(module, "sync_folder", lambda path: (done.append("sync folder"), sync_folder(path)))
    with replacing(tmp_path / "file") as aside:
        aside.write_text("new")
        done.append("write")
    assert done == ["write", "sync file", "rename", "sync folder"]


def test_a_folder_is_no_file_to_replace(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="is a folder"), replacing(tmp_path):
        raise AssertionError
    with pytest.raises(FormatError, match="no folder"), replacing(tmp_path / "no" / "file"):
        raise AssertionError
    assert names(tmp_path) == []


def test_a_checkpoint_may_have_the_longest_name(tmp_path: Path) -> None:
    with replacing(tmp_path / ("n" * 255)) as aside:
        aside.write_text("new")
    assert names(tmp_path) == ["n" * 255]


def test_a_journal_goes_on_beside_its_checkpoints(tmp_path: Path) -> None:
    with new(tmp_path / "j") as journal:
        checkpoints = Checkpoints(journal.folder / CHECKPOINTS)
        with journal.transaction():
            id = journal.append_event(Op.LEARN, Feedback("ann", "b1"))
        journal.sync()
        write(checkpoints, id)
        journal.erase("ann")
        assert checkpoints.ids() == [1]
        journal.scrub()
        assert checkpoints.ids() == []
