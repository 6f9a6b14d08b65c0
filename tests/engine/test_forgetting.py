"""To forget somebody is to be one that never saw them; pseudonyms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.errors import (
    DataError,
    JournalWarning,
    LifelongWidgetsError,
)
from lifelong_widgets.journal import Journal
from lifelong_widgets.progress import ProgressEvent
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, live, opened
from tests.engine.worlds import assert_same_state


def test_to_forget_is_to_be_one_that_never_saw_them(shop: Path, log: Interactions) -> None:
    for person in ("p4", "p0", str(log[150].user)):
        path = shop.with_name(f"{person}.lw")
        rec, never = opened(path), fresh()
        live(rec, log)
        live(never, log, without=person)
        certificate = rec.forget(person, **QUIET)
        assert_same_state(rec, never)
        assert certificate.proven and certificate.model == rec.digest() and certificate.n_events > 0
        assert certificate.is_of(person) and not certificate.is_of("p7")
        assert person not in rec.users and rec.audit(**QUIET).equal
        assert json.loads(certificate.to_json())["never_seen"] == rec.digest()
        assert person not in certificate.to_json().replace("person", "")
        rec.close()
        with Recommender.open(path) as again:
            assert again.digest() == certificate.model
            assert again.journal is not None and again.journal.was_forgotten(person)


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


def test_a_disk_that_refuses_after_the_erasure_cannot_bring_the_person_back(
    shop: Path, log: Interactions, monkeypatch: pytest.MonkeyPatch
) -> None:
    rec = opened(shop, checkpoint_every=2)
    for person in ("Zarathustra", "bob", "Zarathustra", "bob"):
        rec.learn_one(user=person, item="i1")

    def refuse(*_: object) -> None:
        raise LifelongWidgetsError("the file is busy")

    monkeypatch.setattr("lifelong_widgets.journal.checkpoints.Checkpoints._remove", refuse)
    with pytest.warns(JournalWarning, match="still in the journal's files"):
        assert not rec.forget("Zarathustra", **QUIET).scrubbed
    assert list(rec.users) == ["bob"]
    monkeypatch.undo()
    rec.learn_one(user="bob", item="i2")
    rec.close()
    with Recommender.open(shop) as again:
        assert list(again.users) == ["bob"] and again.audit(**QUIET).equal
    assert not any(b"Zarathustra" in file.read_bytes() for file in shop.rglob("*") if file.is_file())


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
