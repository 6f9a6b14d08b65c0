"""One writer and many readers; what is fixed from the beginning; a journal for one that has lived."""

from __future__ import annotations

import gc
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import traitlets

from lifelong_widgets.data import DEFAULT_KINDS, Catalog, Feedback, FeedbackKind, Interactions
from lifelong_widgets.errors import (
    DataError,
    DataWarning,
    FormatError,
    JournalLockedError,
    LifelongWidgetsError,
    SettingError,
)
from lifelong_widgets.journal import Journal
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, opened
from tests.engine.worlds import checkerboard


def test_how_often_to_write_a_checkpoint_is_said_in_words(tmp_path: Path) -> None:
    """Bug: "it must be a whole number, 1 … … (the default is 1000)"."""
    with pytest.raises(
        SettingError, match=r"every is 0; it must be a whole number, at least 1 \(the default is 1"
    ):
        opened(tmp_path / "shop.lw", checkpoint_every=0)


def test_a_misspelled_setting_of_the_journal_is_recognized(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'checkpoint_evry'; did you mean 'checkpoint_every'"):
        opened(tmp_path / "shop.lw", checkpoint_evry=10)
    assert not (tmp_path / "shop.lw").exists()


def test_an_item_that_is_known_stays_what_it_was_and_that_is_said(tmp_path: Path) -> None:
    before = Catalog.from_records([{"item": 1, "title": "Ant"}, {"item": 2, "title": "Bee"}])
    after = Catalog.from_records([{"item": 1, "title": "Ant"}, {"item": 2, "title": "Hornet"}, {"item": 3}])
    Recommender.open(tmp_path / "shop.lw", before, embedding_dim=4).close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Recommender.open(tmp_path / "shop.lw", before).close()
    with pytest.warns(DataWarning, match="of 1 of the items, such as 2, the journal has another title"):
        rec = Recommender.open(tmp_path / "shop.lw", after)
    assert [item.title for item in rec.catalog] == ["Ant", "Bee", "3"]
    rec.close()


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
    with pytest.raises(LifelongWidgetsError, match="closed; it was opened again elsewhere in this process"):
        first.learn_one(log[1])
    second.learn_one(log[1])
    with pytest.raises(JournalLockedError):
        Journal.open(shop)
    second.close()


def test_a_dropped_recommender_whose_journal_is_still_there_locks_nobody_out(
    shop: Path, log: Interactions
) -> None:
    """Bug: the journal was found by its recording, which Python's collector may free before the journal."""
    first = opened(shop)
    first.learn_one(log[0])
    journal = first.journal
    del first
    gc.collect()
    assert journal is not None and not journal.closed
    second = opened(shop)  # raised JournalLockedError, naming this very process
    assert journal.closed and second.n_events == 1
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
    with pytest.raises(FormatError, match=r"Recommender.load reads saved"):
        Recommender.open(tmp_path / "file.lw")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "letter.txt").write_text("Dear")
    with pytest.raises(DataError, match=r"holds other things, such as letter.txt"):
        opened(tmp_path / "home")
    assert [file.name for file in (tmp_path / "home").iterdir()] == ["letter.txt"]
    opened(shop).close()
    with pytest.raises(DataError, match="belongs to another catalogue"):
        Recommender.open(shop, Catalog.from_records([{"item": "of another shop"}]))
    with Recommender.open(shop, read_only=True) as rec, pytest.raises(DataError, match="lies within"):
        assert rec.journal is not None
        rec.journal.export(shop / "log.csv")
    with pytest.raises(FormatError, match=r"opened with Recommender.open"):
        Recommender.load(shop)


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
    with pytest.raises(DataError, match="under their own ids"):
        fresh().journal_to(shop, pseudonymize=True)
    other = fresh(seed=1)
    with pytest.raises(DataError, match="began with another model"):
        other.journal_to(shop)
    with pytest.raises(DataError, match="met nobody yet"):
        second.journal_to(shop.with_name("p.lw"), pseudonymize=True)
    with pytest.raises(DataError, match="frozen twin"):
        second.frozen_twin().journal_to(shop.with_name("q.lw"))


def test_a_notebook_goes_on_with_a_journal_from_before_the_reduction_was_left_open(
    shop: Path, log: Interactions
) -> None:
    before = fresh(reduction="svd")  # which was written down where nobody had chosen
    before.journal_to(shop)
    before.learn_one(log[0])
    before.close()
    now = fresh()
    now.journal_to(shop)
    assert now.digest() == before.digest()
    now.close()
    with pytest.raises(DataError, match="began with another model"):
        fresh(reduction="pca").journal_to(shop)


def test_full_synchronous_gives_the_same_bits(shop: Path, log: Interactions) -> None:
    plain = fresh()
    with opened(shop, synchronous="FULL") as rec, warnings.catch_warnings():
        warnings.simplefilter("error")
        for event in log[:10]:
            rec.learn_one(event)
            plain.learn_one(event)
        assert rec.digest() == plain.digest()


def test_what_a_journal_cannot_be_is_said_in_our_words(tmp_path: Path) -> None:
    """Bug: traitlets', the system's and safetensors' own messages came through."""
    shelf = Catalog.from_records([{"item": 1}])
    with pytest.raises(SettingError, match=r"synchronous is 'full'; it must be NORMAL \| FULL"):
        Recommender.open(tmp_path / "j", shelf, synchronous="full")
    with pytest.raises(SettingError, match="synchronous is 'full'"):
        Recommender(shelf, embedding_dim=8).journal_to(tmp_path / "j", synchronous="full")
    with pytest.raises(FormatError, match=r"could not be made: there is no folder .*no$"):
        Recommender.open(tmp_path / "no" / "j", shelf, embedding_dim=8)
    (tmp_path / "items.csv").write_text("item,title\n1,Fog\n")
    with pytest.raises(FormatError, match=r"not a file of lifelong-widgets.*from_csv") as refused:
        Recommender.load(tmp_path / "items.csv")
    assert "header" not in str(refused.value)
