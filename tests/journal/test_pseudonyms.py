"""People's ids do not reach the disk."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.journal import Journal, Op
from tests.journal.logs import files, new


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    with new(tmp_path / "shop.lw", pseudonymize=True) as journal, journal.transaction():
        for user in ("Zarathustra", "ann", 7, "7", 7):
            journal.append_event(Op.LEARN, Feedback(user, "b1", shown=("b1", 2)))
        journal.append_fit([Feedback("Zarathustra", 2)], {"max_epochs": None})
    return tmp_path / "shop.lw"


def test_ids_are_in_no_file_and_known_by_the_key(shop: Path) -> None:
    with Journal.open(shop) as journal:
        names = [entry.feedback.user for entry in journal.entries() if entry.feedback]
        assert names == [journal.pseudonym(user) for user in ("Zarathustra", "ann", 7, "7", 7, "Zarathustra")]
        assert len(set(names)) == 4 and all(isinstance(n, str) and len(n) == 33 for n in names)
        assert all(journal.pseudonym(name) == name for name in names)
        assert journal.count_events("Zarathustra") == journal.count_events(names[0]) == 2
        assert journal.first_entry_of(7) == 3 and journal.first_entry_of("7") == 4
        assert [step.id for step in journal.steps(without_user="Zarathustra")] == [2, 3, 4, 5]
        with journal.transaction():  # by its pseudonym, as what was read gives it: the same person
            journal.append_event(Op.LEARN, Feedback(names[0], "b1"))
        assert journal.count_events("Zarathustra") == 3
        assert not [file for file, data in files(shop) if b"Zarathustra" in data]
        journal.erase("Zarathustra")
        journal.scrub()
        assert journal.was_forgotten("Zarathustra") and journal.was_forgotten(names[0])
        assert not [file for file, data in files(shop) if str(names[0]).encode() in data]
    assert not [file for file, data in files(shop) if b"Zarathustra" in data]


def test_the_key_is_for_its_owner_only(shop: Path) -> None:
    assert stat.S_IMODE((shop / "pseudonyms.key").stat().st_mode) == 0o600


def test_two_journals_have_nothing_in_common(shop: Path, tmp_path: Path) -> None:
    with new(tmp_path / "other", pseudonymize=True) as other, Journal.open(shop) as journal:
        assert other.pseudonym("ann") != journal.pseudonym("ann")
        foreign = other.pseudonym("ann")
        assert journal.pseudonym(foreign) != foreign  # the other's pseudonym is an id like any other here
    with new(tmp_path / "plain") as plain:
        assert plain.pseudonym("ann") == "ann" and not plain.pseudonymize
        with pytest.raises(DataError):
            plain.pseudonym("")


@pytest.mark.parametrize("key", [None, b"", b"zz" * 32, b"ab" * 31, b"\xff" * 64, b"ab" * 32])
def test_a_key_that_is_missing_damaged_or_anothers(shop: Path, key: bytes | None) -> None:
    path = shop / "pseudonyms.key"
    right = path.read_bytes()
    path.unlink()
    if key is not None:
        path.write_bytes(key)
    with pytest.raises(FormatError, match=r"pseudonyms.key|belongs to another journal"):
        Journal.open(shop)
    with Journal.open(shop, read_only=True) as reader:  # which needs no key, until it is asked for an id
        assert len(list(reader.entries())) == 7
        with pytest.raises(FormatError):
            reader.count_events("ann")
    path.write_bytes(right)
    with Journal.open(shop) as journal:
        assert journal.count_events("ann") == 1


def test_a_key_is_never_overwritten(shop: Path) -> None:
    key = (shop / "pseudonyms.key").read_bytes()
    with pytest.raises(DataError, match="already"):
        new(shop, pseudonymize=True)
    assert (shop / "pseudonyms.key").read_bytes() == key
    (shop / "journal.sqlite").rename(shop.with_name("moved"))
    with new(shop, pseudonymize=True):
        assert (shop / "pseudonyms.key").read_bytes() == key
