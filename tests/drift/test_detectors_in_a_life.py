"""A recommender whose monitor has another detector is saved, undone and replayed like any other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.drift import DETECTORS
from lifelong_widgets.recommender import Recommender

CATALOG = pd.DataFrame({"item": [f"i{n}" for n in range(12)]})
SMALL = {"embedding_dim": 4, "hidden_dim": 8, "replay_ratio": 1, "min_events": 10}


def live(rec: Recommender, first: int, last: int) -> int:
    """Events of which the first twenty are hits and the others are not; how many rang."""
    rang = 0
    for n in range(first, last):
        item = f"i{n % 12}"
        shown = (item,) if n < 20 else (f"i{(n + 1) % 12}",)
        rang += rec.learn_one(Feedback(f"p{n % 3}", item, "like", shown=shown)).alarm
    return rang


@pytest.mark.parametrize("detector", DETECTORS)
def test_it_goes_on_after_a_file_as_if_nothing_had_happened(detector: str, tmp_path: Path) -> None:
    rec = Recommender(Catalog.from_pandas(CATALOG), detector=detector, **SMALL)
    live(rec, 0, 25)
    rec.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    assert again.drift.detector == detector and again.digest() == rec.digest()
    assert live(rec, 25, 40) == live(again, 25, 40)
    assert again.digest() == rec.digest()


@pytest.mark.parametrize("detector", ["page_hinkley", "kswin", "hddm_a"])
def test_undo_and_a_journal_take_it_back_to_the_bit(detector: str, tmp_path: Path) -> None:
    rec = Recommender.open(tmp_path / "shop.lw", Catalog.from_pandas(CATALOG), detector=detector, **SMALL)
    live(rec, 0, 25)
    before = rec.drift.state()
    live(rec, 25, 30)
    rec.undo(5)
    after = rec.drift.state()
    assert before.pop("outcomes").tolist() == after.pop("outcomes").tolist() and before == after
    rec.drift.detector = "adwin"
    live(rec, 30, 34)
    digest = rec.digest()
    assert rec.audit(progress=False).equal
    rec.close()
    with Recommender.open(tmp_path / "shop.lw") as again:
        assert again.drift.detector == "adwin" and again.digest() == digest


def test_what_was_saved_without_a_detector_has_adwin() -> None:
    old = Path(__file__).parent.parent / "engine" / "fixtures" / "recommender-v1.lw"
    assert Recommender.load(old).drift.detector == "adwin"
