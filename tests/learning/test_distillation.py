"""Held to what it once said, a network drifts less; told nothing of it, nothing changes."""

from __future__ import annotations

import numpy as np
import torch

from lifelong_widgets.learning import Distillation, Examples, OnlineUpdater, score
from lifelong_widgets.learning.distillation import N_SCORED
from lifelong_widgets.models import Network

N_ITEMS, LENGTH = 60, 8


def examples(low: int, high: int, n: int, rng: np.random.Generator) -> Examples:
    """People who take items from `low` up to `high`."""
    return Examples(
        rng.integers(low, high, size=(n, LENGTH)),
        np.ones((n, LENGTH), dtype=np.float32),
        rng.integers(low, high, size=n),
        np.ones(n, dtype=np.float32),
    )


def trained() -> tuple[Network, OnlineUpdater, Examples]:
    """A network that knows the first half of the items, and the examples it learned last."""
    network, updater, rng = (
        Network(embedding_dim=16, hidden_dim=32, history_length=LENGTH),
        OnlineUpdater(),
        None,
    )
    network.build(0, seed=0)
    network.items.grow(np.zeros((N_ITEMS, 0), dtype=np.float32))
    updater.build(network)
    rng = np.random.default_rng(0)
    for _ in range(150):
        updater.step(examples(0, 30, 16, rng), rng, learning_rate=0.003)
    return network, updater, examples(0, 30, 32, rng)


def drift(strength: float | None) -> float:
    """How far the scores of old examples moved while as many new ones were learned, the old ones replayed."""
    network, updater, old = trained()
    said, rng = score(network, old, np.random.default_rng(1)), np.random.default_rng(2)
    distillation = None if strength is None else Distillation(said, strength)
    for _ in range(60):
        batch = Examples.concatenate([examples(30, N_ITEMS, 16, rng), old])
        updater.step(batch, rng, learning_rate=0.003, distillation=distillation)
    now = score(network, old, np.random.default_rng(1))
    assert (now.items == said.items).all()
    return float(np.square(now.scores - said.scores).mean())


def test_scores_of_old_examples_drift_less_the_more_firmly_they_are_held() -> None:
    free, light, firm = drift(None), drift(0.1), drift(1.0)
    assert firm < light < free / 2


def test_a_strength_of_nothing_is_a_step_without() -> None:
    assert drift(0.0) == drift(None)


def test_what_is_kept_is_what_the_network_says() -> None:
    network, _, old = trained()
    said = score(network, old, np.random.default_rng(1))
    every = network.score_all(old.history_items, old.history_rewards)
    assert said.items.shape == said.scores.shape == (32, N_SCORED)
    assert (said.items[:, 0] == old.targets).all()
    torch.testing.assert_close(
        torch.from_numpy(said.scores), every.gather(1, torch.from_numpy(said.items)), atol=1e-5, rtol=1e-5
    )
