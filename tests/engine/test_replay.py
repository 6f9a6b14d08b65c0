"""Every way to keep and to draw lives with a journal: restored, undone and forgotten bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.errors import FormatError
from lifelong_widgets.learning import ReplayBuffer
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, live, opened

POLICIES = [  # each way to keep and each way to draw; every pair of them is in the contract of the buffer
    {"retention": "user_stratified", "sampling": "prioritised"},
    {"retention": "item_stratified", "sampling": "hard"},
    {"retention": "recent", "sampling": "uniform"},
    {"retention": "reservoir", "sampling": "prioritised"},
    {"retention": "item_stratified", "sampling": "prioritised", "distillation": 0.5},
]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: "-".join(map(str, policy.values())))
def test_a_life_is_restored_undone_and_forgotten(
    shop: Path, log: Interactions, policy: dict[str, Any]
) -> None:
    rec = opened(shop, replay_ratio=3, **policy)
    live(rec, log, undone=3)
    before = rec.digest()
    for event in log[:3]:
        rec.learn_one(event)
    rec.undo(3)
    assert rec.digest() == before and rec.audit(**QUIET).equal
    assert rec.forget("p1", **QUIET).proven
    without = fresh(replay_ratio=3, **policy)
    live(without, log, without="p1", undone=3)
    assert rec.buffer.items.tolist() == without.buffer.items.tolist()
    before = rec.digest()
    rec.close()
    with Recommender.open(shop, **QUIET) as again:
        assert again.digest() == before and again.buffer.retention == policy["retention"]


def test_a_failed_step_leaves_losses_and_strata_alone(log: Interactions) -> None:
    rec = fresh(retention="user_stratified", sampling="prioritised", capacity=20)
    rec.learn_many(log[:60], **QUIET)
    before = rec.digest()
    rec.updater.learning_rate = 0.1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ReplayBuffer, "add", lambda *_: (_ for _ in ()).throw(MemoryError()))
        with pytest.raises(MemoryError):
            rec.learn_one(log[70])
    rec.updater.learning_rate = 0.0002
    assert rec.digest() == before


def test_what_costs_much_is_replayed_more_often(log: Interactions) -> None:
    """After a change of taste the model is surprised by what follows, and goes over that again."""
    rec = fresh(sampling="prioritised", replay_ratio=4, priority_exponent=1.0, capacity=200)
    rec.fit(log, **QUIET)
    for number in range(40):
        rec.learn_one(Feedback("turncoat", f"i{number % 24}", "like"))
    rng = np.random.default_rng(0)
    drawn = rec.buffer.sample_slots(4000, rng)
    losses = rec.buffer.get_state()["losses"]
    assert losses[drawn].mean() > 1.1 * losses.mean()


def test_a_distillation_is_saved_and_its_absence_leaves_no_trace(tmp_path: Path, log: Interactions) -> None:
    with_it, without = fresh(distillation=0.5, replay_ratio=3), fresh(replay_ratio=3)
    for rec in (with_it, without):
        rec.fit(log[:100], **QUIET)
        rec.learn_many(log[100:150], **QUIET)
    assert without.buffer.get_state().keys() == with_it.buffer.get_state().keys() - {"score_items", "scores"}
    assert without.buffer.scored(np.arange(3)) is None
    with_it.save(tmp_path / "mine.lw")
    again = Recommender.load(tmp_path / "mine.lw")
    assert again.digest() == with_it.digest()
    for rec in (again, with_it):
        rec.learn_one(log[160])
    assert again.digest() == with_it.digest()


def test_scores_of_items_that_do_not_exist_are_refused(log: Interactions) -> None:
    rec = fresh(distillation=0.5)
    rec.learn_many(log[:60], **QUIET)
    state = rec.get_state()
    state["buffer"]["score_items"][3, 2] = 10_000
    with pytest.raises(FormatError, match="refers to items beyond"):
        rec.set_state(state)
