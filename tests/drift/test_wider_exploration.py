"""An alarm can widen what an explorer tries; the chances that it logs are those of the wider policy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.exploration import Candidates as Pool
from lifelong_widgets.exploration import EpsilonGreedy, Explorer, LinearThompson, LinUCB, Softmax
from lifelong_widgets.recommender import Recommender

SMALL: dict[str, Any] = {"embedding_dim": 4, "hidden_dim": 8, "detector": "always", "min_events": 10}


def live(rec: Recommender, first: int, last: int) -> None:
    for n in range(first, last):
        rec.learn_one(Feedback(f"p{n % 3}", f"i{n % 12}", "like", shown=(f"i{(n + 1) % 12}",)))


def test_an_explorer_tries_more_while_the_answer_lasts_and_logs_that_chance() -> None:
    catalog = Catalog.from_records({"item": f"i{n}"} for n in range(12))
    rec = Recommender(catalog, adaptation="exploration", adaptation_events=20, **SMALL)
    explorer = Explorer(rec, EpsilonGreedy(0.1), pool=12)

    def chance_of_others() -> float:
        first = explorer.distribution("p0", exclude_seen=False)
        return (1.0 - max(first.values())) * 12 / 11

    assert chance_of_others() == pytest.approx(0.1)
    live(rec, 0, 10)
    assert chance_of_others() == pytest.approx(0.4)
    shown = explorer.recommend("p0", k=1, exclude_seen=False)
    assert shown.propensities[0] == pytest.approx(
        dict(zip(shown.pool, shown.first, strict=True))[shown.items[0]]
    )
    rec.drift.detector = "never"
    live(rec, 0, 20)
    assert chance_of_others() == pytest.approx(0.1) and explorer.policy_now is explorer.policy


def test_every_policy_widens_and_a_factor_of_one_changes_nothing() -> None:
    pool = Pool(tuple("abcd"), np.array([3.0, 2.0, 1.0, 0.0]), features=np.eye(4))
    thompson, ucb = LinearThompson(dim=4), LinUCB(dim=4, alpha=0.1)
    for policy in (thompson, ucb):
        policy.learn(np.eye(4)[[0] * 30 + [1] * 4], np.array([0.7] * 30 + [0.6] * 4))
    for policy in (EpsilonGreedy(0.2), Softmax(0.5), thompson):
        same, plain, wide = (
            one.probabilities(pool, np.random.default_rng(0))
            for one in (policy.widened(1.0), policy, policy.widened(3.0))
        )
        assert np.array_equal(same, plain) and wide.max() < plain.max()
    rng = np.random.default_rng(0)
    assert pool.items[ucb.probabilities(pool, rng).argmax()] == "a"
    assert pool.items[ucb.widened(20.0).probabilities(pool, rng).argmax()] in "cd"
    thompson.widened(3.0).learn(np.eye(4)[[3]], np.ones(1))  # one posterior, however wide
    assert thompson.posterior.mean[3] > 0
