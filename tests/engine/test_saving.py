from __future__ import annotations

import ctypes
import gc
import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from lifelong_widgets import Catalog
from lifelong_widgets.compression import CompressedRecommender
from lifelong_widgets.errors import DataWarning, FormatError, LifelongWidgetsError
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.saving import KIND, VERSION
from lifelong_widgets.state_file import Tree, read_tree, write_tree
from tests.engine.worlds import SMALL, assert_same_state, checkerboard


@pytest.fixture(scope="module")
def saved_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For tests that only read it."""
    return _saved(tmp_path_factory.mktemp("saved"))[1]


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Recommender, Path]:
    return _saved(tmp_path)


def _saved(folder: Path) -> tuple[Recommender, Path]:
    catalog, log = checkerboard()
    rec = Recommender(catalog, capacity=100, **SMALL)
    rec.fit(log.before(0.6), progress=False)
    shown = rec.recommend("p1").items
    for event in log.after(0.6)[:30]:
        rec.learn_one(user=event.user, item=event.item, kind="like", shown=shown)
    path = folder / "mine.lw"
    rec.save(path)
    return rec, path


def test_a_loaded_recommender_continues_bit_for_bit(saved: tuple[Recommender, Path]) -> None:
    rec, path = saved
    twin = Recommender.load(path)
    assert_same_state(rec, twin)
    assert twin.settings() == rec.settings() and twin.kinds == rec.kinds
    assert twin.catalog.to_records() == rec.catalog.to_records()
    _, log = checkerboard(seed=1)
    for each in (rec, twin):
        each.catalog.add({"item": "late", "title": "Late thing", "categories": ["North"]})
        for event in log[:100]:
            each.learn_one(event)
        each.learn_one(user=7, item="late", kind="dislike", shown=["late"])
    assert_same_state(rec, twin)
    assert repr(rec.recommend("p1")) == repr(twin.recommend("p1"))


def test_an_untrained_and_a_frozen_one_are_saved_too(tmp_path: Path) -> None:
    catalog, _ = checkerboard()
    rec = Recommender(catalog, **SMALL)
    for each in (rec, rec.frozen_twin()):
        each.save(tmp_path / "x.lw")
        again = Recommender.load(tmp_path / "x.lw")
        assert_same_state(each, again)
        assert again.frozen == each.frozen


def test_a_failed_save_leaves_the_earlier_file(
    saved: tuple[Recommender, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    rec, path = saved
    before = path.read_bytes()

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full_disk)
    with pytest.raises(LifelongWidgetsError, match="No space left"):
        rec.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["mine.lw"]


def test_where_it_cannot_be_saved_is_said(saved_file: Path, tmp_path: Path) -> None:
    rec = Recommender.load(saved_file)
    with pytest.raises(FormatError, match="is a folder"):
        rec.save(tmp_path)
    with pytest.raises(FormatError, match="no folder"):
        rec.save(tmp_path / "nowhere" / "x.lw")


def test_files_that_are_none_of_ours_are_refused(saved_file: Path, tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="there is no file"):
        Recommender.load(tmp_path / "missing.lw")
    whole = saved_file.read_bytes()
    for name, content in {
        "empty": b"",
        "text": b"hello",
        "cut": whole[: len(whole) // 2],
        "header only": whole[:200],
        "huge header": (2**60).to_bytes(8, "little") + whole[8:],
    }.items():
        bad = tmp_path / name
        bad.write_bytes(content)
        with pytest.raises(FormatError, match=name):
            Recommender.load(bad)
    other = tmp_path / "other"
    save_file({"a": torch.zeros(1)}, other)
    with pytest.raises(FormatError, match="not a recommender file"):
        Recommender.load(other)
    copy, whole = tmp_path / "model.lws", tmp_path / "model.llw"
    rec = Recommender(Catalog.from_records([{"item": 1}, {"item": 2}]), embedding_dim=8)
    rec.compress().save(copy)
    rec.save(whole)
    with pytest.raises(FormatError, match=r"a serving copy: lw\.compression\.CompressedRecommender\.load"):
        Recommender.load(copy)
    with pytest.raises(FormatError, match=r"a recommender: lw\.Recommender\.load"):
        CompressedRecommender.load(whole)


def _rewrite(path: Path, target: Path, change: Callable[[Tree], object], version: int = VERSION) -> None:
    """As a forger would: the digest fits what was changed."""
    tree = read_tree(path, KIND, VERSION)
    change(tree)
    write_tree(target, tree, KIND, version)


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.pop("settings"),
        lambda t: t.update(settings={"embedding_dim": -1}),
        lambda t: t.update(settings={"nonsense": 1}),
        lambda t: t.update(catalog=[{"title": "no id"}]),
        lambda t: t.update(state={}),
        lambda t: t["state"]["network"].update(projection=torch.zeros(3, 3)),
        lambda t: t["state"]["histories"].pop("items"),
        lambda t: t["state"]["network"].update({"items.rows": torch.zeros(2, 2)}),
        lambda t: np.add(t["state"]["histories"]["items"], 999_999, t["state"]["histories"]["items"]),
        lambda t: np.add(t["state"]["buffer"]["targets"], 999_999, t["state"]["buffer"]["targets"]),
        lambda t: t["state"]["network"]["projection"].mul_(torch.nan),
        lambda t: np.multiply(t["state"]["histories"]["rewards"], np.nan, t["state"]["histories"]["rewards"]),
        lambda t: t["state"]["histories"].update(
            consumed_offsets=t["state"]["histories"]["consumed_offsets"] + 1
        ),
        lambda t: t["state"]["users"].append("one too many"),
        lambda t: t["catalog"].pop(),
        lambda t: t.update(kinds=None),
        lambda t: t["state"].update(rng={"bit_generator": "PCG64", "state": {"state": -1, "inc": 0}}),
        lambda t: t["state"].update(n_events="many"),
    ],
)
def test_a_damaged_document_is_a_format_error(
    saved_file: Path, tmp_path: Path, change: Callable[[Tree], object]
) -> None:
    bad = tmp_path / "bad.lw"
    _rewrite(saved_file, bad, change)
    with pytest.raises(FormatError):
        Recommender.load(bad)


def test_a_newer_version_is_refused_by_name(saved_file: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.lw"
    _rewrite(saved_file, newer, lambda tree: None, version=VERSION + 1)
    with pytest.raises(
        FormatError,
        match=f"format version '{VERSION + 1}'; this version of lifelong-widgets reads up to {VERSION}",
    ):
        Recommender.load(newer)


def test_a_flipped_bit_is_found(saved_file: Path, tmp_path: Path) -> None:
    whole, bad = bytearray(saved_file.read_bytes()), tmp_path / "bad.lw"
    for place in np.random.default_rng(0).integers(len(whole), size=40).tolist():
        whole[place] ^= 4
        bad.write_bytes(whole)
        with pytest.raises(FormatError):
            Recommender.load(bad)
        whole[place] ^= 4


def test_a_file_of_version_1_is_read_to_the_same_lists() -> None:
    """Written by the first release; never to be written again."""
    with pytest.warns(DataWarning, match="begins empty"):
        rec = Recommender.load(Path(__file__).parent / "fixtures" / "recommender-v1.lw")
    assert (rec.n_events, rec.n_fits, list(rec.users)) == (24, 1, ["ada", "bob", "cy", "dan"])
    # of the network, which was all there was: the fast memory, which came later, is empty
    past = rec.ranker.past_of(rec.users.get("ada"))
    scores = rec.ranker.look(rec.users.get("ada")).network_scores
    best = np.argsort(-scores, kind="stable")[:3]
    assert [rec.catalog.ids[index] for index in best] == ["b1", "b0", "b2"] and len(past.items)
    assert scores[best] == pytest.approx((0.012663167, 0.011760800, 0.008493464), rel=1e-4)
    assert rec.gate.n_steps == 0
    assert set(rec.recommend("dan").items) == {"b0", "b2", "b4"}  # what was consumed is still known
    assert rec.learn_one(user="ada", item="b5", kind="like").n_events == 25


@pytest.mark.parametrize("version", [3, 4, 5])
def test_an_older_file_is_read_without_its_fast_memory(version: int) -> None:
    """Which was another. Never to be written again."""
    with pytest.warns(DataWarning, match="begins empty"):
        rec = Recommender.load(Path(__file__).parent / "fixtures" / f"recommender-v{version}.lw")
    assert (rec.n_events, rec.n_fits, set(rec.users)) == (15, 1, {"a", "b", "c", 7})
    assert rec.gate.n_steps == 0 and rec.memory.popularity.n_events == 0
    assert len(rec.recommend("a", k=3, exclude_seen=False)) == 3
    assert rec.learn_one(user="a", item="b5", kind="like").n_events == 16


def test_a_file_of_version_7_has_its_fast_memory() -> None:
    """Never to be written again."""
    rec = Recommender.load(Path(__file__).parent / "fixtures" / "recommender-v7.lw")
    assert (rec.n_events, rec.n_fits, set(rec.users)) == (15, 1, {"a", "b", "c", 7})
    assert rec.gate.n_steps == 10 and rec.memory.popularity.n_events == 13
    assert rec.recommend("a", k=3, exclude_seen=False).items == ("b6", "b4", "b5")
    assert rec.learn_one(user="a", item="b5", kind="like").n_events == 16


def test_the_file_is_safetensors_and_json_alone(saved_file: Path) -> None:
    with safe_open(saved_file, framework="pt") as file:
        assert file.metadata()["version"] == str(VERSION - 1), "it has no graph"
        assert (
            json.loads(file.get_tensor("document").numpy().tobytes())["settings"]["json"]["embedding_dim"]
            == 16
        )


def test_files_of_many_sizes_leave_nothing_behind(tmp_path: Path) -> None:
    """safetensors.torch makes a ctypes type for each size: some 15 MB in a million clicks with a journal."""

    def types() -> int:
        gc.collect()
        return len(ctypes.Array.__subclasses__())

    write_tree(tmp_path / "tree", {"array": np.zeros(7)}, "lifelong-widgets test", 1)
    before = types()
    for size in range(50):
        write_tree(tmp_path / "tree", {"array": np.zeros(1000 + size)}, "lifelong-widgets test", 1)
    assert types() < before + 25  # others may make one meanwhile
