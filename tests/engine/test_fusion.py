"""Early, late and gated fusion in a recommender."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets import Catalog, Feedback, Interactions, Recommender

FUSIONS = ("early", "late", "gated")
SMALL = {"embedding_dim": 8, "hidden_dim": 8, "history_length": 8, "n_text_components": 4, "epochs": 8}


def told_by_text(n: int = 600, seed: int = 0) -> tuple[Catalog, Interactions]:
    """Two circles who read what is in their language; the category of a book means nothing."""
    rng = np.random.default_rng(seed)
    tongues = ("lune soleil mer", "moon sun sea")
    records = [
        {"item": f"b{i}", "title": tongues[i % 2], "categories": [str(rng.integers(2))]} for i in range(60)
    ]
    people = rng.integers(40, size=n).tolist()
    events = [
        Feedback(f"u{person}", f"b{2 * rng.integers(30) + person % 2}", "like", time=float(when))
        for when, person in enumerate(people)
    ]
    return Catalog.from_records(records), Interactions.from_events(events)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_it_is_learned_saved_and_undone(fusion: str, tmp_path: Path) -> None:
    catalog, log = told_by_text()
    rec = Recommender(catalog, fusion=fusion, modality_dropout=0.3, seed=1, **SMALL)
    rec.fit(log, progress=False)
    before, listed = rec.digest(), rec.recommend("u1", k=5).items
    rec.learn_one(user="u1", item=listed[0], kind="like")
    assert rec.digest() != before
    rec.undo()
    assert rec.digest() == before
    rec.save(tmp_path / "one.lw")
    again = Recommender.load(tmp_path / "one.lw")
    assert again.digest() == before
    assert again.recommend("u1", k=5).items == listed
    assert rec.compress().recommend("u1", k=5).items[0] in rec.recommend("u1", k=10).items


@pytest.mark.parametrize("seed", range(3))
def test_the_gate_finds_out_which_modality_says_something(seed: int) -> None:
    catalog, log = told_by_text(seed=seed)
    rec = Recommender(catalog, fusion="gated", seed=seed, **SMALL)
    assert rec.modality_weights() == {"text": 1.0, "categories": 1.0}
    rec.fit(log, progress=False)
    weights = rec.modality_weights()
    assert weights["text"] > 1.1 * weights["categories"]
    assert sum(weights.values()) == pytest.approx(2.0)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_a_new_item_without_a_title_is_placed_by_what_it_has(fusion: str) -> None:
    catalog, log = told_by_text()
    rec = Recommender(catalog, fusion=fusion, seed=0, **SMALL)
    rec.fit(log, progress=False)
    catalog.add([{"item": "new", "title": "moon sun"}, {"item": "neuf", "title": "lune soleil"}])
    french, english = (rec.recommend(person, k=62, exclude_seen=False).items for person in ("u0", "u1"))
    assert english.index("new") < english.index("neuf")
    assert french.index("neuf") < french.index("new")
