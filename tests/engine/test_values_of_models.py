"""Values beside every kind of click model: each of them learns, is undone, saved and loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.learning.optimizers import OPTIMIZERS
from lifelong_widgets.models import Network
from lifelong_widgets.models.registry import MODELS
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.value import Awaiting, Slate, ValueLearner
from tests.engine.lives import fresh

TINY: dict[str, Any] = {
    "embedding_dim": 8,
    "hidden_dim": 8,
    "history_length": 6,
    "discount": 0.9,
    "session_gap": 40.0,
    "target_update": 2,
}
KINDS: dict[str, dict[str, Any]] = {
    **{name: {"model": name} for name in MODELS},
    **{f"{name} steps": {"optimizer": name} for name in OPTIMIZERS},
    "gated": {"fusion": "gated", "modality_dropout": 0.5},
    "gated pairs": {"fusion": "gated", "model": "mlp"},
    "late": {"fusion": "late"},
    "learned text": {"text_features": "cnn"},
    "learned text in pairs": {"text_features": "gru", "model": "lstm_click"},
    "two layers": {"model": "mlp", "n_hidden_layers": 2, "activation": "tanh"},
    "bpr": {"model": "two_tower", "objective": "bpr"},
    "distilled": {"model": "mlp", "distillation": 0.5},
    "decomposed": {"model": "mlp", "slate_decomposition": True, "double_q": False},
}


def clicks(log: Interactions, first: int, stop: int) -> list[Feedback]:
    """Events a second apart, but for a night after each tenth: somebody has left then."""
    return [
        Feedback(event.user, event.item, "like", float(number + 100 * (number // 10)))
        for number, event in enumerate(log[first:stop], start=first)
    ]


@pytest.mark.parametrize("settings", KINDS.values(), ids=KINDS.keys())
def test_learned_undone_saved_and_loaded(settings: dict[str, Any], log: Interactions, tmp_path: Path) -> None:
    rec = fresh(**{**TINY, **settings})
    for event in clicks(log, 0, 24):
        rec.learn_one(event)
    before, steps = rec.digest(), rec.value.n_steps
    for event in clicks(log, 24, 32):
        rec.learn_one(event)
    table = rec.values("p1", 8)
    assert rec.value.n_steps > steps > 4 and len({row.value for row in table}) > 1
    assert all(np.isfinite([row.chance, row.value, row.product]).all() for row in table)
    assert tuple(row.item for row in table) == rec.recommend("p1", 8).items
    rec.undo(8)
    assert rec.digest() == before
    rec.save(tmp_path / "one.lw")
    again = Recommender.load(tmp_path / "one.lw")
    assert again.digest() == before
    for each in (rec, again):
        each.catalog.add({"item": "late", "title": "Came late", "categories": "North"})
        each.learn_many(clicks_of(log), progress=False)
        each.learn_one(user="p1", item="late", kind="like", time=1e6)
    assert again.digest() == rec.digest() != before


def clicks_of(log: Interactions) -> Interactions:
    return Interactions.from_events(clicks(log, 32, 40))


@pytest.mark.parametrize("model", MODELS)
def test_a_value_is_found_by_every_model(model: str) -> None:
    """After 0 people stay for another click, after 1 they leave: ``Q = 1 + γ`` and ``Q = 1``."""
    made = ValueLearner(discount=0.9, value_learning_rate=0.01)
    made.build(Network(model=model, embedding_dim=8, hidden_dim=16, history_length=3), content_dim=0, seed=1)
    made.grow(np.zeros((3, 0), dtype=np.float32))
    nothing = np.zeros(3, dtype=np.int64), np.zeros(3, dtype=np.float32)
    after_0 = nothing[0], np.array([1, 0, 0], dtype=np.float32)
    alone = Slate(np.array([2]), np.ones(1, dtype=np.float32))
    for visit in range(120):
        now = visit * 1e5
        first = visit % 2
        made.learn([Awaiting(0, now, *nothing, item=first, reward=1.0)], [alone])
        if first == 0:
            made.learn([Awaiting(0, now + 1, *after_0, item=2, reward=1.0)], [alone])
    values, next_values = made.values(*nothing), made.values(*after_0)
    assert values is not None and next_values is not None
    assert values[0] == pytest.approx(1.9, abs=0.2) and values[1] == pytest.approx(1.0, abs=0.2)
    assert next_values[2] == pytest.approx(1.0, abs=0.2)
