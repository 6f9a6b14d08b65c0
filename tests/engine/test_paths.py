"""What is no path, or none that the system could use, is refused by every verb in the same words."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lifelong_widgets.data import Catalog, Interactions
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError
from lifelong_widgets.files import as_path, replacing
from lifelong_widgets.journal import CHECKPOINTS, Checkpoints, Journal
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, checkerboard

PATHS: dict[str, tuple[Any, str]] = {
    "None": (None, "not a NoneType"),
    "a number": (5, "not a int"),
    "a number too large to print": (10**5000, "not a int"),
    "bytes": (b"shop.lw", "not a bytes"),
    "a list": (["shop.lw"], "not a list"),
    "empty": ("", "is empty"),
    "a null character": ("a\0b.csv", "null"),
    "half of a character": ("a\ud800b.csv", "surrogate"),
    "a long name": ("x" * 300 + ".csv", "too long"),
    "a long path": ("x" * 5000 + ".csv", "too long"),
    "a long path of short names": ("x/" * 2500 + "a.csv", "too long"),
    "no room for what lies within": ("x/" * 2028 + "a.csv", "too long"),
}

VERBS: dict[str, Callable[[Recommender, Any], object]] = {
    "open": lambda _, path: Recommender.open(path, checkerboard()[0], **SMALL),
    "open, read-only": lambda _, path: Recommender.open(path, read_only=True),
    "load": lambda _, path: Recommender.load(path),
    "journal_to": lambda _, path: Recommender(checkerboard()[0], **SMALL).journal_to(path),
    "journal_to, when there is one": lambda rec, path: rec.journal_to(path),
    "save": lambda rec, path: rec.save(path),
    "export": lambda rec, path: rec.journal and rec.journal.export(path, progress=False),
    "Journal.open": lambda _, path: Journal.open(path),
    "Journal.create": lambda _, path: Journal.create(path, {"seed": 0}, []),
    "Journal.exists": lambda _, path: Journal.exists(path),
    "Certificate.save": lambda rec, path: rec.forget("ada", progress=False).save(path),
}


@pytest.fixture
def rec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Recommender]:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    with Recommender.open(tmp_path / "shop.lw", checkerboard()[0], capacity=50, **SMALL) as rec:
        rec.learn_one(user="ada", item="i3", kind="like")
        yield rec


@pytest.mark.parametrize("verb", VERBS)
def test_what_is_no_path_is_refused(rec: Recommender, tmp_path: Path, verb: str) -> None:
    before = rec.digest()
    for given, message in PATHS.values():
        if verb == "Certificate.save":
            rec.learn_one(user="ada", item="i3", kind="like")
        with pytest.raises(FormatError, match=message) as caught:
            VERBS[verb](rec, given)
        assert len(str(caught.value)) < 500 and str(caught.value).isprintable()
        assert not os.listdir(tmp_path / "work")
    if verb != "Certificate.save":
        assert rec.digest() == before
    rec.learn_one(user="bob", item="i4", kind="like")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("read", [Catalog.from_csv, Catalog.from_parquet, Interactions.from_csv])
def test_what_is_no_path_is_no_table_either(read: Callable[[Any], object], path: str) -> None:
    with pytest.raises(FormatError) as caught:
        read(PATHS[path][0])
    assert str(caught.value).isprintable()


def test_a_loop_of_links_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(FormatError, match="symbolic links"):
        as_path(tmp_path / "loop")


def test_what_the_system_does_not_let_us_look_at_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_right(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", no_right)
    with pytest.raises(FormatError, match=r"'shop\.lw' cannot be used as a path: Permission denied"):
        as_path("shop.lw")


def test_what_is_there_and_what_is_not_are_paths(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for name in ("file", "file/within", "nowhere", "nowhere/within", "x" * 255, "käse", "."):
        assert as_path(str(tmp_path / name)) == tmp_path / name == as_path(tmp_path / name)


def test_a_file_can_have_the_longest_of_names(tmp_path: Path) -> None:
    target = tmp_path / ("x" * 255)
    with replacing(target) as aside:
        aside.write_text("whole")
    assert target.read_text() == "whole" and os.listdir(tmp_path) == [target.name]


# ---- what else the system, or a file, would not have ----------------------------------------------------


def test_a_folder_that_cannot_be_synced_is_told_by_our_own_error(
    rec: Recommender, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec.checkpoint()
    assert rec.journal
    checkpoints = Checkpoints(rec.journal.folder / CHECKPOINTS)

    def broken(_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("lifelong_widgets.journal.checkpoints.sync_folder", broken)
    with pytest.raises(LifelongWidgetsError, match=r"checkpoints could not be synced: .*Input/output error"):
        checkpoints.discard(1)


def test_an_item_that_no_entry_could_hold_does_not_end_the_life_of_a_journal(rec: Recommender) -> None:
    before = rec.digest()
    with pytest.raises(
        DataError, match=r"'n2' has 73,400,320 characters, .* in title; there can be 4,000,000"
    ):
        rec.catalog.add([{"item": "n1"}, {"item": "n2", "title": "t" * (70 << 20)}])
    assert rec.digest() == before and len(rec.catalog) == 24
    rec.catalog.add({"item": "n2", "title": "\x1f" * 4_000_000})  # the longest that there can be
    rec.learn_one(user="ada", item="n2", kind="like")
    rec.undo()
    assert rec.audit(progress=False).equal


def test_an_event_whose_id_no_entry_could_hold_is_refused_and_nothing_called_damaged(
    rec: Recommender,
) -> None:
    assert rec.journal
    before, last_id = rec.digest(), rec.journal.last_id
    with pytest.raises(DataError, match=r"id of a feedback .* has 73,400,320 characters; there can be 1,000"):
        rec.learn_one(user="ada", item="i1", id="x" * (70 << 20))
    for given in ("x" * (70 << 20), "x" * 1001, "\ud800", "", 5, ["x"]):
        assert not rec.journal.has_event(given)  # type: ignore[arg-type]
    assert (rec.digest(), rec.journal.last_id) == (before, last_id)
    rec.learn_one(user="ada", item="i1", id="é" * 1000)
    assert rec.journal.has_event("é" * 1000)
