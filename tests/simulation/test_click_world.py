"""The world whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration import EpsilonGreedy, Explorer
from lifelong_widgets.simulation import ClickWorld


def test_the_best_and_the_uniform_policy_have_the_values_one_can_read_off() -> None:
    world = ClickWorld(n_people=40, n_items=5, seed=1)
    greedy, uniform = (Explorer(world.scorer(), EpsilonGreedy(epsilon)) for epsilon in (0.0, 1.0))
    assert world.value(greedy) == pytest.approx(world.clicks.max(axis=1).mean())
    assert world.value(uniform) == pytest.approx(world.clicks.mean())


def test_the_same_seed_gives_the_same_log() -> None:
    logs = [
        list(
            ClickWorld(40, 5, seed=1).log(
                Explorer(ClickWorld(40, 5, seed=1).scorer(), EpsilonGreedy(0.5), seed=2), 30, k=3, seed=seed
            )
        )
        for seed in (7, 7, 8)
    ]
    assert logs[0] == logs[1] != logs[2]


def test_people_come_in_rows_and_click_at_most_once() -> None:
    world = ClickWorld(n_people=40, n_items=5, seed=1, patience=1.0)
    log = world.log(Explorer(world.scorer(), EpsilonGreedy(0.5)), 400, k=5, each=4)
    assert [row.user for row in log][::4] == [row.user for row in log][3::4]
    places = np.bincount([row.clicked or 0 for row in log], minlength=6)
    assert places[1] > places[2] > places[4]


def test_noise_makes_a_worse_recommender() -> None:
    world = ClickWorld(n_people=100, n_items=8, seed=1)
    values = [world.value(Explorer(world.scorer(noise), EpsilonGreedy(0.0))) for noise in (0.0, 1.0, 5.0)]
    assert values[0] > values[1] > values[2]


def test_no_world_of_nobody() -> None:
    with pytest.raises(DataError, match="0 people and 5 items"):
        ClickWorld(0, 5)
    with pytest.raises(DataError, match="patience is 2"):
        ClickWorld(1, 1, patience=2)
