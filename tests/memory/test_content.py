"""Likeness of content, what is missing in it, and items that nobody has taken."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets import Catalog, Feedback, Interactions, Recommender
from lifelong_widgets.memory.content import Content, ContentScores

TABLE = np.array(
    [[1, 0, 0, 1], [0, 1, 0, 1], [0, 0, 1, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 5]], dtype=np.float32
)


def content(bounds: tuple[int, ...], weights: list[float]) -> Content:
    return Content(lambda items: TABLE[items], bounds, lambda: np.array(weights, dtype=np.float32))


def test_a_row_as_a_whole_is_a_cosine() -> None:
    scores = ContentScores(content((0, 4), [1.0]), np.array([0]), 0.9).of(np.arange(6))
    assert scores == pytest.approx([1.0, 0.5, 0.0, 0.5**0.5, 0.0, 0.5**0.5])


def test_a_modality_that_is_missing_on_either_side_has_no_opinion() -> None:
    apart = content((0, 3, 4), [1.0, 1.0])
    scores = ContentScores(apart, np.array([0]), 0.9).of(np.arange(6))
    assert scores == pytest.approx([1.0, 0.5, 0.0, 1.0, 0.0, 1.0]), "not halved where there is one only"
    scores = ContentScores(apart, np.array([3]), 0.9).of(np.arange(6))
    assert scores == pytest.approx([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]), "the history says nothing of the second"


def test_weights_decide_between_modalities() -> None:
    for weights, expected in (([1.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([3.0, 1.0], 0.25)):
        scores = ContentScores(content((0, 3, 4), weights), np.array([0]), 0.9).of(np.array([1]))
        assert scores == pytest.approx([expected])


def test_the_terms_of_a_history_add_up_to_the_score() -> None:
    scores = ContentScores(content((0, 4), [1.0]), np.array([0, 1, 3]), 0.9)
    assert scores.terms(np.arange(6)).sum(0) == pytest.approx(scores.of(np.arange(6)), abs=1e-6)


def shop() -> tuple[Recommender, Interactions]:
    """Two circles, told apart by the words of what they read; the catalogue holds more than anybody took."""
    tongues = ("lune soleil mer nuit", "moon sun sea night")
    catalog = Catalog.from_records({"item": n, "title": tongues[n % 2]} for n in range(60))
    rng = np.random.default_rng(0)
    log = Interactions.from_events(
        Feedback(f"u{n % 20}", 2 * int(rng.integers(15)) + n % 2, "like", time=float(n)) for n in range(400)
    )
    small = {"embedding_dim": 8, "hidden_dim": 8, "history_length": 8, "n_text_components": 4, "epochs": 4}
    return Recommender(catalog, **small), log


def test_a_fit_does_not_push_away_what_nobody_has_taken() -> None:
    rec, log = shop()
    rec.recommend("u0")
    before = rec.network.items.embeddings.clone()
    rec.fit(log, progress=False)
    untaken = slice(30, 60)
    assert rec.network.items.embeddings[untaken].equal(before[untaken])
    assert not rec.network.items.n_updates[untaken].any() and rec.network.items.n_updates[:30].all()
    rec.learn_one(user="u0", item=44, kind="like", time=500.0)
    assert rec.network.items.n_updates[untaken].any(), "now they are there, and were not taken"


def test_an_item_without_events_is_placed_by_its_content() -> None:
    rec, log = shop()
    rec.fit(log, progress=False)
    rec.catalog.add([{"item": "fr", "title": "lune mer"}, {"item": "en", "title": "moon sea"}])
    for person, own, other in (("u0", "fr", "en"), ("u1", "en", "fr")):
        listed = rec.recommend(person, k=62, exclude_seen=False).items
        assert listed.index(own) < listed.index(other)
