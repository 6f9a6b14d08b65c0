"""Journals of every version that was ever written can be read (`fixtures/make_v1.py` wrote these)."""

from __future__ import annotations

import shutil
import warnings
from collections import Counter
from pathlib import Path

import pytest

from lifelong_widgets.errors import DataWarning, FormatError, JournalWarning
from lifelong_widgets.journal import (
    AddItems,
    Fit,
    Journal,
    Learn,
    LearnBatch,
    Observe,
    Op,
    Set,
    SetKinds,
    Step,
)
from lifelong_widgets.recommender import Recommender

FIXTURES = Path(__file__).parent / "fixtures"
DIGEST = "e952de7f14c1d552401f7b05f55631a10cf71587167c1f1dfd09615122df37b4"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "v1", tmp_path / "shop.lw"))


def brief(step: Step) -> str:
    match step:
        case Learn(feedback=event) | Observe(feedback=event):
            return f"{event.user} {event.kind} {event.item}"
        case LearnBatch(feedbacks=events) | Fit(feedbacks=events):
            return " ".join(f"{event.user}{event.item}" for event in events)
        case AddItems(start=start, stop=stop):
            return f"{start}:{stop}"
        case Set(part=part, name=name, value=value):
            return f"{part}.{name}={value}"
        case SetKinds(kinds=kinds):
            return f"skip={kinds['skip']['weight']}"
    raise AssertionError(step)


def test_the_log_of_version_1(shop: Path) -> None:
    with Journal.open(shop) as journal:
        ops = Counter(entry.op for entry in journal.entries())
        assert set(ops) == set(Op) - {Op.FOLLOW, Op.UNFOLLOW}, "the fixture holds every op of its version"
        assert ops[Op.EVENT] == 10 and ops[Op.LEARN] == 5 and sum(ops.values()) == journal.last_id - 2
        assert journal.n_items == 6 and journal.genesis["seed"] == 3 and not journal.pseudonymize
        assert [f"{type(step).__name__}: {brief(step)}" for step in journal.steps()] == [
            "Fit: ab1 ab2 bb2 bb3 cb1 cb4",
            "Learn: a like b3",
            "Learn: 7 dislike b5",
            "Observe: b view b1",
            "AddItems: 5:6",
            "Set: updater.learning_rate=0.005",
            "LearnBatch: ab6 bb4",
            "LearnBatch: cb2 ab5",
            "SetKinds: skip=0.4",
            "Learn: c purchase b6",
            "Learn: a click b4",
        ]
        click = next(entry for entry in journal.entries() if entry.op is Op.LEARN).feedback
        assert click and (click.value, click.shown, click.id) == (4.5, ("b3", "b4"), "click-1")
        assert click.time == 1e9 + 10
        assert list(journal.items())[5] == {
            "item": "b6", "title": "Späte Ernte", "categories": ["Poetry"], "blurb": "東京"
        }  # fmt: skip
        assert journal.digest() == DIGEST
        assert journal.was_forgotten("d") and not journal.was_forgotten("a")
        assert not journal.unscrubbed and b"db1" not in (shop / "journal.sqlite").read_bytes()


def test_the_recommender_of_version_1_lives_on(shop: Path) -> None:
    """Which bits its model has depends on the processor, so that no literal can say it."""
    with Recommender.open(shop) as rec:
        assert rec.journal is not None and rec.journal.digest() == DIGEST
        assert rec.n_events == 15 and rec.n_fits == 1 and set(rec.users) == {"a", "b", "c", 7}
        assert rec.updater.learning_rate == 0.005 and rec.kinds["skip"].weight == 0.4
        assert rec.audit(progress=False).equal
        assert rec.learn_one(user="d", item="b6", kind="like").event_id == 26
        assert [event.user for event in rec.undo(2)] == ["d", "a"]
        rec.learn_one(user="e", item="b1")
        digest = rec.digest()
    with Recommender.open(shop) as again:
        assert again.digest() == digest and again.audit(progress=False).equal


def test_a_checkpoint_of_version_1(shop: Path) -> None:
    (shop / "checkpoints").mkdir()
    (shop / "000000000025.lw").rename(shop / "checkpoints" / "000000000025.lw")
    # its model had no fast memory: what the log implies today is learned from the log
    with pytest.warns(JournalWarning, match="another fast memory"):
        rec = Recommender.open(shop)
    assert rec.gate.n_steps and rec.audit(progress=False).equal
    assert rec.n_events == 15 and set(rec.users) == {"a", "b", "c", 7}
    assert len(rec.recommend("c", k=6, exclude_seen=False)) == 6
    rec.close()


def test_a_checkpoint_of_another_journal_is_not_taken(shop: Path, tmp_path: Path) -> None:
    (shop / "checkpoints").mkdir()
    (shop / "000000000025.lw").rename(shop / "checkpoints" / "000000000025.lw")
    other = Path(shutil.copytree(FIXTURES / "v1_pseudonyms", tmp_path / "other.lw"))
    shutil.copytree(shop / "checkpoints", other / "checkpoints")
    with pytest.warns(JournalWarning, match="another journal"):
        rec = Recommender.open(other)
    assert rec.audit(progress=False).equal
    rec.close()


def test_pseudonyms_of_version_1(tmp_path: Path) -> None:
    shop = Path(shutil.copytree(FIXTURES / "v1_pseudonyms", tmp_path / "shop.lw"))
    with Recommender.open(shop) as rec:
        assert rec.journal is not None and rec.journal.count_events("a") == 6
        assert rec.journal.pseudonym("a") == "~e440a0e2c07faaee21125d7202d96ac2"
        assert rec.journal.pseudonym(7) == "~b1cc8a8209a91d4f012e4b207d8909fb"
        assert rec.recommend("b", k=2).items and rec.audit(progress=False).equal
        rec.learn_one(user="a", item="b1")
        assert rec.journal.count_events("a") == 7
    (shop / "pseudonyms.key").unlink()
    with pytest.raises(FormatError, match="put the file back"):
        Recommender.open(shop)


def test_the_fixtures_are_whole_files_without_a_pending_log() -> None:
    for name in ("v1", "v1_pseudonyms"):
        assert not (FIXTURES / name / "checkpoints").exists()
        assert (FIXTURES / name / "journal.sqlite").read_bytes()[:16] == b"SQLite format 3\0"
        assert not (FIXTURES / name / "journal.sqlite-wal").exists()


@pytest.mark.parametrize("version", [2, 3, 4])
def test_a_checkpoint_that_lacks_what_is_kept_today(tmp_path: Path, version: int) -> None:
    """What the log implies today is learned from the log."""
    shop = Path(shutil.copytree(FIXTURES / f"checkpoint_v{version}", tmp_path / "shop.lw"))
    newest = next(shop.glob("*.lw"))
    (shop / "checkpoints").mkdir()
    newest.rename(shop / "checkpoints" / newest.name)
    with pytest.warns(JournalWarning, match="another fast memory"):
        rec = Recommender.open(shop)
    assert rec.n_events == 15 and set(rec.users) == {"a", "b", "c", 7}
    assert rec.gate.n_steps > 0 and rec.memory.popularity.n_events > 0
    assert len(rec.recommend("c", k=6, exclude_seen=False)) == 6
    assert rec.audit(progress=False).equal
    rec.close()


def test_a_checkpoint_of_version_5_is_gone_on_from(tmp_path: Path) -> None:
    """Never to be written again."""
    shop = Path(shutil.copytree(FIXTURES / "checkpoint_v5", tmp_path / "shop.lw"))
    newest = next(shop.glob("*.lw"))
    (shop / "checkpoints").mkdir()
    newest.rename(shop / "checkpoints" / newest.name)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rec = Recommender.open(shop)
    assert rec.n_events == 15 and set(rec.users) == {"a", "b", "c", 7}
    assert rec.gate.n_steps > 0 and rec.memory.popularity.n_events > 0
    assert rec.learn_one(user="a", item="b5", kind="like").n_events == 16
    rec.close()


def test_the_recommender_of_version_2_lives_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its pictures are not there any more: what was made of them is in the log."""
    shop = Path(shutil.copytree(FIXTURES / "v2", tmp_path / "shop.lw"))
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "an older version wrote", DataWarning)  # what it begins with
        with Recommender.open(shop) as rec:
            assert rec.journal is not None and rec.audit(progress=False).equal
            assert rec.n_events == 7 and rec.n_fits == 1 and set(rec.users) == {"a", "b", "c"}
            rows = rec.network.items.array[:, rec.network.embedding_dim :]
            assert rows.any(axis=1).tolist() == [True, True, True, True, False], "the last had no picture"
            assert len({tuple(row) for row in rows}) == 5
            rec.learn_one(user="d", item="b4", kind="like")
            digest = rec.digest()
        with Recommender.open(shop) as again:
            assert again.digest() == digest and again.audit(progress=False).equal


def test_the_recommender_of_version_3_lives_on(tmp_path: Path) -> None:
    """With the edges that it knows, and without those of somebody who was forgotten."""
    shop = Path(shutil.copytree(FIXTURES / "v3", tmp_path / "shop.lw"))
    with Recommender.open(shop) as rec:
        assert rec.journal is not None and rec.audit(progress=False).equal
        edges = [("a", "b", 0.5), ("c", 7, 1.0)]
        assert list(rec.graph) == edges == list(rec.journal.graph())
        assert rec.n_events == 8 and set(rec.users) == {"a", "b", "c", 7}
        assert rec.people.rows([rec.people.index_of("a")]).any()  # type: ignore[union-attr]
        rec.follow("e", "a")
        digest = rec.digest()
    with Recommender.open(shop) as again:
        assert again.digest() == digest and again.audit(progress=False).equal
