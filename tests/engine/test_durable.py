"""A recommender with a journal: opened again, undone, looked at as it was, and made to forget."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import traitlets

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, Interactions
from lifelong_widgets.errors import (
    DataError,
    FormatError,
    JournalLockedError,
    LifelongWidgetsError,
    UnknownItemError,
)
from lifelong_widgets.journal import Journal
from lifelong_widgets.journaling import JournalWarning
from lifelong_widgets.progress import ProgressEvent, Stop
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, assert_same_state, checkerboard

SETTINGS: dict[str, Any] = {**SMALL, "capacity": 60, "epochs": 2, "patience": 2}
QUIET: dict[str, Any] = {"progress": False}


def fresh(**settings: Any) -> Recommender:
    return Recommender(checkerboard()[0], **{**SETTINGS, **settings})


def opened(path: Path, **settings: Any) -> Recommender:
    return Recommender.open(path, checkerboard()[0], **{**SETTINGS, "checkpoint_every": 40, **settings})


def live(rec: Recommender, log: Interactions, without: str | None = None, undone: int = 0) -> list[int]:
    """A life with everything in it; the ids of its single events."""
    kept = [event for event in log if event.user != without]
    whole = Interactions.from_events(kept[:120])
    rec.fit(whole, **QUIET)
    ids = []
    for number, event in enumerate(kept[120:160]):
        shown = ("i0", "i1", str(event.item))
        ids.append(rec.learn_one(Feedback(event.user, event.item, "like", event.time, shown=shown)).event_id)
        if number == 10:
            rec.updater.learning_rate = 0.001
        if number == 15:
            rec.catalog.add({"item": "late", "title": "Came late", "categories": "North"})
            rec.observe(Feedback("p1", "late", "view"))
        if number == 20:
            rec.kinds = rec.kinds.with_weights(skip=0.4)
            rec.learn_one(user="p2", item="i3", kind="skip")
    if undone:
        rec.undo(undone)
    rec.learn_many(Interactions.from_events(kept[160:230]), batch_size=16, **QUIET)
    return [id for id in ids if id is not None]


@pytest.fixture(scope="module")
def log() -> Interactions:
    return checkerboard()[1]


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return tmp_path / "shop.lw"


@pytest.fixture
def lived(shop: Path, log: Interactions) -> Iterator[tuple[Recommender, list[int]]]:
    rec = opened(shop)
    yield rec, live(rec, log)
    rec.close()


# ------------------------------------------------------------------------------------------- restoring


def test_a_journal_changes_no_bit_and_gives_them_all_back(shop: Path, log: Interactions) -> None:
    plain, rec = fresh(), opened(shop)
    live(plain, log, undone=3)
    live(rec, log, undone=3)
    assert_same_state(rec, plain)
    assert rec.digest() == plain.digest()
    rec.close()
    with Recommender.open(shop) as again:
        assert_same_state(again, plain)
        assert again.kinds == plain.kinds and list(again.catalog.ids) == list(plain.catalog.ids)
        again.learn_one(user="p3", item="i5")
        plain.learn_one(user="p3", item="i5")
        assert again.digest() == plain.digest()


def test_what_was_never_closed_is_all_there(shop: Path, log: Interactions) -> None:
    """The process dies in the midst of it: no `close`, no last checkpoint."""
    program = (
        "import os, sys; from pathlib import Path; from tests.engine import test_durable as t;"
        "rec = t.opened(Path(sys.argv[1])); t.live(rec, t.checkerboard()[1], undone=2);"
        "print(rec.digest(), flush=True); os._exit(9)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program, str(shop)], capture_output=True, text=True, cwd=root, timeout=120
    )
    assert done.returncode == 9, done.stderr
    with Recommender.open(shop) as rec:
        assert rec.digest() == done.stdout.strip()
        assert rec.audit(**QUIET).equal


def test_an_item_that_nothing_has_asked_for_yet_is_written_by_close(shop: Path) -> None:
    with opened(shop) as rec:
        rec.catalog.add({"item": "late"})
    with Recommender.open(shop) as again:
        assert "late" in again.catalog


def test_a_damaged_checkpoint_is_said_and_the_one_before_is_used(
    shop: Path, lived: tuple[Recommender, list[int]]
) -> None:
    rec, _ = lived
    rec.close()
    before = rec.digest()
    newest = max((shop / "checkpoints").iterdir())
    whole = bytearray(newest.read_bytes())
    whole[len(whole) // 2] ^= 1
    newest.write_bytes(whole)
    with pytest.warns(JournalWarning, match="cannot be used, so the one before it is"):
        again = Recommender.open(shop)
    assert again.digest() == before
    again.close()


def test_without_any_checkpoint_the_log_is_enough(shop: Path, lived: tuple[Recommender, list[int]]) -> None:
    rec, _ = lived
    rec.close()
    for file in (shop / "checkpoints").iterdir():
        file.unlink()
    with Recommender.open(shop) as again:
        assert again.digest() == rec.digest()


def test_the_newest_checkpoints_are_kept_and_that_of_the_fit(
    shop: Path, lived: tuple[Recommender, list[int]]
) -> None:
    rec, ids = lived
    rec.checkpoint()
    there = sorted(int(file.stem) for file in (shop / "checkpoints").iterdir())
    assert len(there) <= 4 and there[0] < ids[0] and rec.journal is not None
    assert there[-1] == rec.journal.last_id


def test_a_checkpoint_that_cannot_be_written_costs_no_event(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop, checkpoint_every=5)

    def full_disk(*_: object) -> None:
        raise LifelongWidgetsError("the disk is full")

    monkeypatch.setattr("lifelong_widgets.journaling.write_tree", full_disk)
    with pytest.warns(JournalWarning, match="No event is lost"):
        for event in log[:30]:
            rec.learn_one(event)
    monkeypatch.undo()
    digest = rec.digest()
    rec.close()
    with Recommender.open(shop) as again:
        assert again.digest() == digest


def test_a_log_that_lost_its_end_outweighs_a_checkpoint_ahead_of_it(shop: Path, log: Interactions) -> None:
    """Power failure with synchronous=NORMAL: a checkpoint must not bring back what the log has not."""
    rec, ahead = opened(shop), shop / "checkpoints" / f"{10**6:012d}.lw"
    for event in log[:20]:
        rec.learn_one(event)
    rec.close()
    ahead.write_bytes(max((shop / "checkpoints").iterdir()).read_bytes())
    with Recommender.open(shop) as again:
        assert again.digest() == rec.digest() and not ahead.exists()


def test_a_fit_that_was_stopped_is_repeated_as_it_was(shop: Path, log: Interactions) -> None:
    rec = opened(shop, epochs=30)
    n = 0

    def stop(event: ProgressEvent) -> None:
        nonlocal n
        n += 1
        if n == 100:
            raise Stop

    report = rec.fit(log, progress=stop)
    assert report.interrupted and report.epochs >= 1
    rec.learn_one(log[0])
    n = 99
    assert rec.fit(log, progress=stop).epochs == 0  # stopped at once
    rec.learn_one(log[1])
    assert rec.audit(**QUIET).equal
    rec.close()


# --------------------------------------------------------------------------------- nothing half-learned


def test_an_event_that_cannot_be_learned_is_not_written(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    rec.learn_one(log[0])
    before = rec.digest()
    assert rec.journal is not None
    for wrong, error in (
        ({"item": "nowhere"}, UnknownItemError),
        ({"item": "i1", "kind": "hug"}, DataError),
        ({"item": "i1", "value": float("nan")}, DataError),
    ):
        with pytest.raises(error):
            rec.learn_one(user="p1", **wrong)  # type: ignore[arg-type]
    rec.updater.learning_rate = 0.1
    rec.network.projection.data.fill_(np.inf)
    with pytest.raises(LifelongWidgetsError, match="loss"):
        rec.learn_one(user="p1", item="i1")
    assert rec.journal.last_id == 1
    rec.close()
    with pytest.warns(JournalWarning), Recommender.open(shop) as again:  # the checkpoint knows infinity
        assert again.n_events == 1
        again.updater.learning_rate = SMALL.get("learning_rate", 0.0002)
        assert again.digest() == before


def test_an_event_that_cannot_be_written_is_not_learned(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit itself fails, after the step: the step is taken back, bit for bit."""
    rec = opened(shop)
    live(rec, log)
    before = rec.digest()
    assert rec.journal is not None
    original = Journal.transaction

    class Full:
        def __init__(self, journal: Journal) -> None:
            self.inner = original(journal)

        def __enter__(self) -> None:
            self.inner.__enter__()

        def __exit__(self, *_: object) -> None:
            error = LifelongWidgetsError("the disk is full")
            self.inner.__exit__(LifelongWidgetsError, error, None)
            raise error

    monkeypatch.setattr(Journal, "transaction", lambda journal: Full(journal))
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.learn_one(user="new person", item="i1", shown=("i1", "i2"))
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.learn_many(log[:50], **QUIET)
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.fit(log, **QUIET)
    with pytest.raises(LifelongWidgetsError, match="full"):
        rec.undo()
    assert rec.digest() == before
    monkeypatch.undo()
    rec.learn_one(user="new person", item="i1", shown=("i1", "i2"))
    assert rec.audit(**QUIET).equal
    rec.close()


def test_an_event_that_comes_twice_is_learned_once(shop: Path) -> None:
    rec = opened(shop)
    click = Feedback("ada", "i1", "like", id="click-1")
    assert not rec.learn_one(click).repeated
    before = rec.digest()
    again = rec.learn_one(click)
    assert again.repeated and again.n_events == 1 and np.isnan(again.loss) and rec.digest() == before
    rec.close()
    with Recommender.open(shop) as later:
        assert later.learn_one(user="ada", item="i1", kind="like", id="click-1").repeated


# ------------------------------------------------------------------------------- one writer, many readers


def test_a_second_writer_is_refused_at_once_and_a_reader_is_not(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    rec.learn_one(log[0])
    program = (
        "import sys; from lifelong_widgets.recommender import Recommender as R;"
        "from lifelong_widgets.errors import JournalLockedError\n"
        "try: R.open(sys.argv[1])\n"
        "except JournalLockedError as error: print(error)\n"
        "print(R.open(sys.argv[1], read_only=True).digest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(shop)], capture_output=True, text=True, timeout=120, check=True
    )
    refused, digest = done.stdout.strip().splitlines()
    assert "read_only=True" in refused and digest == rec.digest()
    rec.close()


def test_running_the_cell_again_takes_the_journal_over(shop: Path, log: Interactions) -> None:
    first = opened(shop)
    first.learn_one(log[0])
    second = opened(shop)
    assert second.digest() == first.digest()
    with pytest.raises(LifelongWidgetsError, match="closed"):
        first.learn_one(log[1])
    second.learn_one(log[1])
    with pytest.raises(JournalLockedError):
        Journal.open(shop)
    second.close()


def test_a_reader_learns_nothing(shop: Path, lived: tuple[Recommender, list[int]]) -> None:
    rec, _ = lived
    reader = Recommender.open(shop, read_only=True)
    assert reader.recommend("p1").items == rec.recommend("p1").items
    for attempt in (
        lambda: reader.learn_one(user="p1", item="i1"),
        lambda: reader.observe(Feedback("p1", "i1")),
        lambda: reader.undo(),
        lambda: reader.forget("p1"),
        lambda: reader.fit(checkerboard()[1]),
        lambda: reader.learn_many(checkerboard()[1]),
    ):
        with pytest.raises(DataError, match="cannot"):
            attempt()
    assert reader.audit(**QUIET).equal
    reader.close()


def test_what_is_fixed_from_the_beginning_must_agree(shop: Path) -> None:
    opened(shop).close()
    for wrong in ({"embedding_dim": 8}, {"seed": 5}, {"pseudonymize": True}):
        with pytest.raises(DataError, match="fixed from the beginning"):
            Recommender.open(shop, **wrong)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="embeding_dim"):
        Recommender.open(shop, embeding_dim=8)
    with pytest.raises(traitlets.TraitError):
        Recommender.open(shop, synchronous="SOMETIMES")
    more = Catalog.from_records([*checkerboard()[0].to_records(), {"item": "new", "title": "New"}])
    kinds = DEFAULT_KINDS.with_kind(FeedbackKind("hug", 2.0))
    with Recommender.open(shop, more, kinds, learning_rate=0.005) as rec:
        rec.learn_one(user="ada", item="new", kind="hug")
    with Recommender.open(shop) as rec:
        assert rec.updater.learning_rate == 0.005 and "new" in rec.catalog and "hug" in rec.kinds


def test_what_is_there_instead_is_said(tmp_path: Path, shop: Path) -> None:
    with pytest.raises(DataError, match="to begin one give the items"):
        Recommender.open(tmp_path / "none.lw")
    fresh().save(tmp_path / "file.lw")
    with pytest.raises(FormatError, match=r"Recommender.load reads it"):
        Recommender.open(tmp_path / "file.lw")
    opened(shop).close()
    with pytest.raises(FormatError, match=r"opened with Recommender.open"):
        Recommender.load(shop)


# --------------------------------------------------------------------------------------- undo and the past


def test_undo_is_as_if_it_had_never_been(shop: Path, log: Interactions) -> None:
    """At once or from a checkpoint, of single events and of parts of batches."""
    for n in (1, 5, 7, 20, 75, 100):
        rec, plain = opened(shop.with_name(f"{n}.lw")), fresh()
        for each, last in ((rec, 230), (plain, 230 - n)):
            each.fit(log[:100], **QUIET)
            for event in log[100 : min(150, last)]:
                each.learn_one(event)
            if last > 150:
                each.learn_many(log[150:last], batch_size=16, **QUIET)
        taken = rec.undo(n, **QUIET)
        assert [event.item for event in taken] == [event.item for event in reversed(list(log[230 - n : 230]))]
        assert_same_state(rec, plain)
        assert rec.audit(**QUIET).equal
        rec.close()
        with Recommender.open(rec.journal.folder) as again:  # type: ignore[union-attr]
            assert again.digest() == plain.digest()


def test_undo_without_a_journal_reaches_the_last_few(log: Interactions) -> None:
    rec = fresh()
    digests = []
    for event in log[:20]:
        digests.append(rec.digest())
        rec.learn_one(Feedback(event.user, event.item, "like", shown=(event.item,)))
    assert len(rec.undo(3)) == 3 and rec.digest() == digests[17]
    with pytest.raises(DataError, match="keeps them all"):
        rec.undo(50)
    rec.undo(1)
    assert rec.digest() == digests[16]
    for wrong in (0, -1, 1.0, True, "2"):
        with pytest.raises(DataError, match="whole number"):
            rec.undo(wrong)  # type: ignore[arg-type]


def test_a_part_of_a_batch_is_repeated_under_the_conditions_of_then(shop: Path, log: Interactions) -> None:
    def change_rate(rec: Recommender) -> None:
        rec.updater.learning_rate = 0.01

    def change_kinds(rec: Recommender) -> None:
        rec.kinds = rec.kinds.with_weights(like=3)

    def add_item(rec: Recommender) -> None:
        rec.catalog.add({"item": "late"})
        rec.recommend("p1")

    for change in (change_rate, change_kinds, add_item):
        rec, plain = opened(shop.with_name(f"{change.__name__}.lw")), fresh()
        rec.learn_many(log[:32], progress=False)
        change(rec)
        rec.undo(3)
        plain.learn_many(log[:29], progress=False)
        change(plain)
        assert rec.digest() == plain.digest(), change.__name__
        with pytest.raises(DataError, match="a part of a batch"):
            live = fresh()
            live.learn_many(log[:32], progress=False)
            change(live)
            live.undo(3)
        rec.close()


def test_undo_of_the_first_event_of_all(log: Interactions) -> None:
    rec = fresh()
    before = rec.digest()
    rec.learn_one(log[0])
    rec.undo()
    assert rec.digest() == before


def test_a_fit_cannot_be_undone(lived: tuple[Recommender, list[int]]) -> None:
    rec, _ = lived
    before = rec.digest()
    with pytest.raises(DataError, match="a fit"):
        rec.undo(10_000)
    assert rec.digest() == before


def test_any_moment_can_be_looked_at(shop: Path, log: Interactions) -> None:
    rec = opened(shop, checkpoint_every=7)
    moments = {0: rec.digest()}
    for event in log[:30]:
        id = rec.learn_one(event).event_id or 0
        moments[id] = rec.digest()
    rec.undo(12)
    for event in log[50:55]:
        id = rec.learn_one(event).event_id or 0
        moments[id] = rec.digest()
    for id in (0, 3, 18, 19, 30, 32, 35):
        then = rec.at(id, **QUIET)
        assert then.digest() == moments[id], id
        assert then.read_only and then.recommend("p1", k=3).items
    assert rec.at(31, **QUIET).digest() == moments[18]  # the undo itself
    for wrong in (-1, 99, 1.0, "3"):
        with pytest.raises(DataError, match="from 0, the beginning, to"):
            rec.at(wrong)  # type: ignore[arg-type]
    rec.close()


# ------------------------------------------------------------------------------------------- forgetting


def test_to_forget_is_to_be_one_that_never_saw_them(shop: Path, log: Interactions) -> None:
    for person in ("p4", "p0", str(log[150].user)):
        path = shop.with_name(f"{person}.lw")
        rec, never = opened(path), fresh()
        live(rec, log)
        live(never, log, without=person)
        certificate = rec.forget(person, **QUIET)
        assert_same_state_of_life(rec, log, person)
        assert certificate.proven and certificate.model == rec.digest() and certificate.n_events > 0
        assert certificate.is_of(person) and not certificate.is_of("p7")
        assert person not in rec.users and rec.audit(**QUIET).equal
        assert json.loads(certificate.to_json())["never_seen"] == rec.digest()
        assert person not in certificate.to_json().replace("person", "")
        rec.close()
        with Recommender.open(path) as again:
            assert again.digest() == certificate.model
            assert again.journal is not None and again.journal.was_forgotten(person)


def assert_same_state_of_life(rec: Recommender, log: Interactions, person: str) -> None:
    """Against a plain recommender that is given the others' events by the same calls."""
    never = fresh()
    never.fit(Interactions.from_events(e for e in list(log)[:120] if e.user != person), **QUIET)
    for number, event in enumerate(list(log)[120:160]):
        if event.user != person:
            shown = ("i0", "i1", str(event.item))
            never.learn_one(Feedback(event.user, event.item, "like", event.time, shown=shown))
        if number == 10:
            never.updater.learning_rate = 0.001
        if number == 15:
            never.catalog.add({"item": "late", "title": "Came late", "categories": "North"})
            never.observe(Feedback("p1", "late", "view"))
        if number == 20:
            never.kinds = never.kinds.with_weights(skip=0.4)
            never.learn_one(user="p2", item="i3", kind="skip")
    rest = Interactions.from_events(e for e in list(log)[160:230] if e.user != person)
    never.learn_many(rest, batch_size=16, **QUIET)
    assert_same_state(rec, never)


def test_nothing_of_the_forgotten_is_left_in_any_file(shop: Path, log: Interactions) -> None:
    rec, secret = opened(shop, checkpoint_every=5), "Zarathustra-4711"
    for event in log[:40]:
        rec.learn_one(event)
        rec.learn_one(user=secret, item=event.item)
    assert any(secret.encode() in file.read_bytes() for file in shop.rglob("*") if file.is_file())
    rec.forget(secret, **QUIET)
    for file in shop.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    rec.learn_one(user=secret, item="i3")  # may come back
    assert rec.audit(**QUIET).equal
    rec.close()


def test_a_reader_in_the_way_of_scrubbing_is_said(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rec = opened(shop)
    rec.learn_one(user="ada", item="i1")
    rec.learn_one(user="bob", item="i2")

    def read(_journal: Journal) -> None:
        raise LifelongWidgetsError("it is being read")

    monkeypatch.setattr(Journal, "scrub", read)
    with pytest.warns(JournalWarning, match="still in the journal's files"):
        certificate = rec.forget("ada", **QUIET)
    assert not certificate.scrubbed and certificate.proven and "ada" not in rec.users
    monkeypatch.undo()
    rec.close()
    with Recommender.open(shop) as again:
        assert again.journal is not None and not again.journal.unscrubbed and again.n_events == 1


def test_a_fit_of_the_forgotten_alone_never_was(shop: Path, log: Interactions) -> None:
    rec, never = opened(shop), fresh()
    rec.fit(Interactions.from_events(Feedback("ada", f"i{n}", time=n) for n in range(12)), **QUIET)
    for each in (rec, never):
        each.learn_one(log[0])
    rec.forget("ada", **QUIET)
    assert rec.digest() == never.digest() and rec.n_fits == 0
    rec.close()


def test_a_forgetting_that_is_broken_off_changes_nothing(shop: Path, log: Interactions) -> None:
    rec = opened(shop)
    live(rec, log)
    before = rec.digest()

    def press(_event: ProgressEvent) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rec.forget("p4", progress=press)
    assert rec.digest() == before and rec.audit(**QUIET).equal
    with pytest.raises(DataError, match="nothing is held about"):
        rec.forget("nobody")
    rec.close()


def test_pseudonyms_keep_ids_off_the_disk(shop: Path, log: Interactions) -> None:
    secret = "Zarathustra-4711"
    rec = opened(shop, pseudonymize=True, checkpoint_every=5)
    plain = fresh()
    for each in (rec, plain):
        for event in log[:20]:
            each.learn_one(event)
            each.learn_one(user=secret, item=event.item, shown=("i1",))
    assert rec.recommend(secret).items == plain.recommend(secret).items
    assert rec.explain(secret, "i1") == plain.explain(secret, "i1")
    assert rec.frozen_twin().recommend(secret).items == plain.recommend(secret).items
    assert rec.compress().recommend(secret).items == plain.compress().recommend(secret).items
    assert secret not in rec.users
    assert not any(secret.encode() in file.read_bytes() for file in shop.rglob("*") if file.is_file())
    rec.close()
    with Recommender.open(shop) as again:
        assert again.recommend(secret).items == plain.recommend(secret).items
        assert again.forget(secret, **QUIET).n_events == 20


# ------------------------------------------------------------------------------ a journal for a living one


def test_a_notebook_that_is_run_again_goes_on_where_it_was(shop: Path, log: Interactions) -> None:
    def cells() -> Recommender:
        rec = fresh()
        rec.fit(log[:100], **QUIET)
        rec.journal_to(shop)
        return rec

    first = cells()
    for event in log[100:120]:
        first.learn_one(event)
    first.updater.learning_rate = 0.003
    first.catalog.add({"item": "late", "title": "Late"})
    first.learn_one(user="ada", item="late")
    first.close()
    second = cells()
    assert second.digest() == first.digest() and "late" in second.catalog
    second.learn_one(log[130])
    assert second.audit(**QUIET).equal
    with pytest.raises(DataError, match="before the journal began"):
        second.forget(log[0].user)
    assert second.forget("ada", **QUIET).proven
    second.close()
    other = fresh(seed=1)
    with pytest.raises(DataError, match="began with another model"):
        other.journal_to(shop)
    with pytest.raises(DataError, match="met nobody yet"):
        second.journal_to(shop.with_name("p.lw"), pseudonymize=True)
    with pytest.raises(DataError, match="frozen twin"):
        second.frozen_twin().journal_to(shop.with_name("q.lw"))


def test_full_synchronous_gives_the_same_bits(shop: Path, log: Interactions) -> None:
    plain = fresh()
    with opened(shop, synchronous="FULL") as rec, warnings.catch_warnings():
        warnings.simplefilter("error")
        for event in log[:10]:
            rec.learn_one(event)
            plain.learn_one(event)
        assert rec.digest() == plain.digest()
