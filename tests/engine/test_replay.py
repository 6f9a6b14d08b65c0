"""Every way to keep and to draw lives with a journal: restored, undone and forgotten bit for bit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Interactions
from lifelong_widgets.learning import ReplayBuffer
from lifelong_widgets.recommender import Recommender
from tests.engine.lives import QUIET, fresh, live, opened

POLICIES = [  # each way to keep and each way to draw; every pair of them is in the contract of the buffer
    {"retention": "user_stratified", "sampling": "prioritised"},
    {"retention": "item_stratified", "sampling": "hard"},
    {"retention": "recent", "sampling": "uniform"},
    {"retention": "reservoir", "sampling": "prioritised"},
]


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: "-".join(policy.values()))
def test_a_life_is_restored_undone_and_forgotten(
    shop: Path, log: Interactions, policy: dict[str, str]
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
