from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from lifelong_widgets.errors import FormatError
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, assert_same_state, checkerboard


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Recommender, Path]:
    catalog, log = checkerboard()
    rec = Recommender(catalog, capacity=100, **SMALL)
    rec.fit(log.before(0.6), progress=False)
    shown = rec.recommend("p1").items
    for event in log.after(0.6)[:30]:
        rec.learn_one(user=event.user, item=event.item, kind="like", shown=shown)
    path = tmp_path / "mine.lw"
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
    with pytest.raises(OSError, match="No space left"):
        rec.save(path)
    assert path.read_bytes() == before
    assert os.listdir(path.parent) == ["mine.lw"]


def test_where_it_cannot_be_saved_is_said(saved: tuple[Recommender, Path], tmp_path: Path) -> None:
    rec, _ = saved
    with pytest.raises(FormatError, match="is a folder"):
        rec.save(tmp_path)
    with pytest.raises(FormatError, match="no folder"):
        rec.save(tmp_path / "nowhere" / "x.lw")


def test_files_that_are_none_of_ours_are_refused(saved: tuple[Recommender, Path], tmp_path: Path) -> None:
    _, path = saved
    with pytest.raises(FormatError, match="there is no file"):
        Recommender.load(tmp_path / "missing.lw")
    whole = path.read_bytes()
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
    with pytest.raises(FormatError, match="not a saved recommender"):
        Recommender.load(other)


def _rewrite(path: Path, target: Path, change: object, version: str = "1") -> None:
    tensors = load_file(path)
    document = json.loads(tensors["document"].numpy().tobytes())
    change(document, tensors)  # type: ignore[operator]
    tensors["document"] = torch.from_numpy(np.frombuffer(json.dumps(document).encode(), np.uint8).copy())
    save_file(tensors, target, metadata={"format": "lifelong-widgets recommender", "version": version})


@pytest.mark.parametrize(
    "change",
    [
        lambda d, t: d.pop("settings"),
        lambda d, t: d.update(settings={"embedding_dim": -1}),
        lambda d, t: d.update(settings={"nonsense": 1}),
        lambda d, t: d.update(catalog=[{"title": "no id"}]),
        lambda d, t: d.update(state={}),
        lambda d, t: t.update({"state/network/projection": torch.zeros(3, 3)}),
        lambda d, t: t.pop("state/histories/items"),
        lambda d, t: t.update({"state/network/items.rows": torch.zeros(2, 2)}),
        lambda d, t: t["state/histories/items"].add_(999_999),
        lambda d, t: t["state/buffer/targets"].add_(999_999),
        lambda d, t: t["state/network/projection"].mul_(torch.nan),
        lambda d, t: t["state/histories/rewards"].mul_(torch.nan),
        lambda d, t: t["state/histories/consumed_offsets"].add_(1),
        lambda d, t: d["state"]["users"]["json"].append("one too many"),
        lambda d, t: d["catalog"].pop(),
    ],
)
def test_a_damaged_document_is_a_format_error(
    saved: tuple[Recommender, Path], tmp_path: Path, change: object
) -> None:
    bad = tmp_path / "bad.lw"
    _rewrite(saved[1], bad, change)
    with pytest.raises(FormatError):
        Recommender.load(bad)


def test_a_newer_version_is_refused_by_name(saved: tuple[Recommender, Path], tmp_path: Path) -> None:
    newer = tmp_path / "newer.lw"
    _rewrite(saved[1], newer, lambda d, t: None, version="2")
    with pytest.raises(
        FormatError, match="format version '2'; this version of lifelong-widgets reads up to 1"
    ):
        Recommender.load(newer)


def test_the_file_is_safetensors_and_json_alone(saved: tuple[Recommender, Path]) -> None:
    with safe_open(saved[1], framework="pt") as file:
        assert file.metadata()["version"] == "1"
        assert json.loads(file.get_tensor("document").numpy().tobytes())["settings"]["embedding_dim"] == 16
