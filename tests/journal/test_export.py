"""The events as a file for others, and as a log."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, Interactions
from lifelong_widgets.data.tables import read_table
from lifelong_widgets.errors import DataError, FormatError, LifelongWidgetsError, MissingExtraError
from lifelong_widgets.journal import Journal, Op
from lifelong_widgets.journal_commands import _write_items
from tests.journal.logs import files, new

NAMES = ["event", "user", "item", "kind", "time", "value", "shown", "id", "call"]
SUFFIXES = [".parquet", ".csv", ".jsonl"]
ODD = ['a,b"c', "new\nline", "\r", "é\u2028東京 😀", "\u202eabc", " x ", "NA", "null", "=1+1", "1e5", "\\n"]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with new(tmp_path / "j") as journal:
        with journal.transaction():
            for n, text in enumerate(ODD):
                shown = (text, n) if n % 2 else None
                event = Feedback(
                    text, f"i{n}", "like", 1e9 + n, n / 3 if n % 3 else None, shown, f"id {text}"
                )
                journal.append_event(Op.LEARN if n % 4 else Op.OBSERVE, event)
            call = journal.append(Op.LEARN_MANY, {"batch_size": 2})
            journal.append_events([Feedback("ann", f"i{n}", time=2e9 + n) for n in range(6)], call)
            journal.append_fit([Feedback("bob", "i1", time=3e9)], {"max_epochs": None})
            last = journal.append_event(Op.LEARN, Feedback("eve", "i1", time=3e9 + 1))
            journal.append(Op.UNDO, {"taken_back": [[2, 2], [last, last]]})
        yield journal


def same(one: Interactions, other: Interactions) -> bool:
    return (
        list(one.users) == list(other.users)
        and list(one.items) == list(other.items)
        and list(one.kind_names) == list(other.kind_names)
        and np.array_equal(one.times, other.times)
        and np.array_equal(one.values, other.values, equal_nan=True)
        and all(
            np.array_equal(getattr(one, codes), getattr(other, codes))
            for codes in ("user_codes", "item_codes", "kind_codes")
        )
    )


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_gives_the_same_log(journal: Journal, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_text("what was there before")
    journal.export(path, progress=False)
    log = journal.to_interactions(DEFAULT_KINDS)
    assert len(log) == len(ODD) - 1 + 7 and ODD[1] not in list(log.users) and "eve" not in list(log.users)
    frame = read_table(path)
    assert list(frame.columns) == NAMES and len(frame) == len(log)
    assert same(Interactions.from_pandas(frame), log)
    if suffix != ".jsonl":
        read = Interactions.from_parquet if suffix == ".parquet" else Interactions.from_csv
        assert same(read(path), log)
    assert [int(id) for id in frame["event"]] == [e.id for e in journal.events()]
    shown = [value for value in frame["shown"] if isinstance(value, (str, list)) and value]
    decoded = [json.loads(value) if isinstance(value, str) else value for value in shown]
    assert decoded == [[text, n] for n, text in enumerate(ODD) if n % 2 and n != 1]
    journal.export(path, until=5, progress=False)  # before the undo
    assert len(read_table(path)) == 5
    assert not list(tmp_path.glob(".lw-*"))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_integers_stay_integers_where_the_format_has_them(tmp_path: Path, suffix: str) -> None:
    with new(tmp_path / "j") as journal:
        with journal.transaction():
            for user in (2**63 - 1, -7, 0):
                journal.append_event(Op.LEARN, Feedback(user, 7, time=1e9))
        journal.export(tmp_path / f"log{suffix}", progress=False)
        read = Interactions.from_pandas(read_table(tmp_path / f"log{suffix}"))
        wanted = [2**63 - 1, -7, 0]
        assert list(read.users) == ([str(user) for user in wanted] if suffix == ".csv" else wanted)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_mixed_ids_are_all_text_in_a_table_of_types(tmp_path: Path, suffix: str) -> None:
    with new(tmp_path / "j") as journal:
        with journal.transaction():
            for user in (7, "ann", 8):
                journal.append_event(Op.LEARN, Feedback(user, "b1", time=1e9))
        journal.export(tmp_path / f"log{suffix}", progress=False)
        users = list(read_table(tmp_path / f"log{suffix}")["user"])
        assert users == ([7, "ann", 8] if suffix == ".jsonl" else ["7", "ann", "8"])


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_many_chunks_and_none(tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lifelong_widgets.journal.export._CHUNK", 7)
    with new(tmp_path / "j") as journal:
        journal.export(tmp_path / f"none{suffix}", progress=False)
        assert (tmp_path / f"none{suffix}").exists()
        with journal.transaction():
            for n in range(50):
                journal.append_event(Op.LEARN, Feedback(f"p{n}", n, time=n))
        seen: list[float] = []
        journal.export(tmp_path / f"log{suffix}", progress=lambda event: seen.append(event.done))
        assert list(read_table(tmp_path / f"log{suffix}")["user"]) == [f"p{n}" for n in range(50)]
        assert seen and max(seen) == 50


def test_an_event_without_a_time_has_that_of_its_recording(tmp_path: Path) -> None:
    with new(tmp_path / "j") as journal:
        with journal.transaction():
            journal.append_event(Op.LEARN, Feedback("ann", 7))
        journal.export(tmp_path / "log.csv", progress=False)
        (entry,) = journal.entries()
        assert Interactions.from_csv(tmp_path / "log.csv").times[0] == entry.recorded
        assert journal.to_interactions(DEFAULT_KINDS).times[0] == entry.recorded


def test_what_cannot_be_exported_is_said_and_leaves_the_old_file(journal: Journal, tmp_path: Path) -> None:
    before = {file: data for file, data in files(tmp_path) if "sqlite" not in file.name}
    for path, message in (
        (tmp_path / "log.xlsx", "neither .parquet, .csv nor .jsonl"),
        (tmp_path / "log", "neither .parquet, .csv nor .jsonl"),
        (tmp_path / "no" / "log.csv", "no folder"),
    ):
        with pytest.raises(FormatError, match=message):
            journal.export(path, progress=False)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(FormatError, match="is a folder"):
        journal.export(tmp_path / "folder.csv", progress=False)
    with journal.transaction():
        journal.append_event(Op.LEARN, Feedback("nul\0", "i1", kind="odd"))
    (tmp_path / "log.csv").write_text("old")
    with pytest.raises(DataError, match="NUL character"):
        journal.export(tmp_path / "log.csv", progress=False)
    assert (tmp_path / "log.csv").read_text() == "old"
    (tmp_path / "log.csv").unlink()
    assert before == {file: data for file, data in files(tmp_path) if "sqlite" not in file.name}
    for suffix in (".parquet", ".jsonl"):
        journal.export(tmp_path / f"nul{suffix}", progress=False)
        assert list(read_table(tmp_path / f"nul{suffix}")["user"])[-1] == "nul\0"
    with pytest.raises(DataError, match="odd"):
        journal.to_interactions(DEFAULT_KINDS)
    kinds = DEFAULT_KINDS.with_kind(FeedbackKind("odd"))
    assert len(journal.to_interactions(kinds)) == len(list(journal.events()))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_ctrl_c_and_a_full_disk_leave_the_old_file(
    journal: Journal, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"log{suffix}"
    path.write_text("old")

    def press(_event: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        journal.export(path, progress=press)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("lifelong_widgets.files.sync_file", full)
    with pytest.raises(LifelongWidgetsError, match="No space left"):
        journal.export(path, progress=False)
    assert path.read_text() == "old" and not list(tmp_path.glob(".lw-*"))


def test_a_reader_exports_while_the_writer_writes(journal: Journal, tmp_path: Path) -> None:
    with Journal.open(journal.folder, read_only=True) as reader, journal.transaction():
        n = len(list(reader.events()))
        journal.append_event(Op.LEARN, Feedback("late", "i1"))
        reader.export(tmp_path / "log.jsonl", progress=False)
        assert len(read_table(tmp_path / "log.jsonl")) == n


def test_without_pyarrow_there_is_no_parquet_and_our_error(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: a bare ModuleNotFoundError, or that of pandas for the items."""
    for name in ("pyarrow", "pyarrow.parquet"):
        monkeypatch.setitem(sys.modules, name, None)  # what is not installed looks like this
    (tmp_path / "log.parquet").write_text("the one before")
    remedy = r"Parquet needs pyarrow: pip install 'lifelong-widgets\[parquet\]'"
    with pytest.raises(MissingExtraError, match=f"writing {remedy}"):
        journal.export(tmp_path / "log.parquet")
    with pytest.raises(MissingExtraError, match="writing Parquet"):
        _write_items(Catalog.from_records([{"item": 1}]), str(tmp_path / "items.parquet"))
    with pytest.raises(MissingExtraError, match=f"reading {remedy}"):
        read_table(tmp_path / "log.parquet")
    assert {path.name for path in tmp_path.iterdir()} == {"j", "log.parquet"}
    assert (tmp_path / "log.parquet").read_text() == "the one before"
