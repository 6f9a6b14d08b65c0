"""The explorer in front of recommenders: the real one, a baseline, and one of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import RecencyPopularity
from lifelong_widgets.exploration import (
    EpsilonGreedy,
    Explorer,
    LastLayer,
    LinearThompson,
    LinUCB,
    Policy,
    Softmax,
)
from lifelong_widgets.recommendations import Recommendations
from lifelong_widgets.recommender import Recommender


def shelf(n: int = 12) -> Catalog:
    return Catalog.from_pandas(
        pd.DataFrame({"item": range(n), "title": [f"Book {number}" for number in range(n)]})
    )


def recommender(n: int = 12) -> Recommender:
    rec = Recommender(shelf(n), embedding_dim=8, hidden_dim=8)
    for item in (3, 5):
        rec.learn_one(user="ada", item=item, kind="like")
    return rec


class Fixed:
    def __init__(self, *scores: float) -> None:
        self.scores = scores

    def recommend(self, user: Id, k: int, exclude_seen: bool) -> Recommendations:
        n = min(k, len(self.scores))
        return Recommendations(user, tuple(range(n)), self.scores[:n], shelf())


@pytest.mark.parametrize("make", [recommender, lambda: RecencyPopularity(shelf())])
@pytest.mark.parametrize("policy", [EpsilonGreedy(0.5), Softmax(0.5)])
def test_a_slate_is_out_of_the_pool(make: Callable[[], Recommender], policy: Policy) -> None:
    rec = make()
    explorer = Explorer(rec, policy, pool=6)
    pool = rec.recommend("ada", k=6)
    for _ in range(5):
        shown = explorer.recommend("ada", k=4)
        assert len(shown) == 4 and set(shown.items) <= set(pool.items) == set(shown.pool)
        assert sum(shown.first) == pytest.approx(1.0)
        assert shown.scores == tuple(dict(zip(pool.items, pool.scores, strict=True))[i] for i in shown.items)


def test_greedy_is_the_recommender_itself() -> None:
    rec = recommender()
    shown = Explorer(rec, EpsilonGreedy(0.0)).recommend("ada", k=5)
    assert shown.items == rec.recommend("ada", k=5).items
    assert shown.propensities == (1.0,) * 5 and not any(shown.explored)


def test_what_explored_means() -> None:
    explorer = Explorer(Fixed(3, 2, 1), EpsilonGreedy(1.0), seed=4)
    for _ in range(10):
        shown = explorer.recommend("ada", k=3)
        left = [0, 1, 2]
        for item, explored in zip(shown.items, shown.explored, strict=True):
            assert explored == (item != left[0])
            left.remove(item)


def test_the_same_seed_gives_the_same_slates_and_prediction_changes_nothing() -> None:
    rec = recommender()
    before = rec.recommend("ada", k=10).scores
    one, other, third = (Explorer(rec, Softmax(0.1), seed=seed) for seed in (1, 1, 2))
    slates = [[explorer.recommend("ada", k=5) for _ in range(5)] for explorer in (one, other, third)]
    assert slates[0] == slates[1] != slates[2]
    assert rec.recommend("ada", k=10).scores == before


@pytest.mark.parametrize("policy", [LinearThompson(10, n_samples=32), LinUCB(10, alpha=1.0, epsilon=0.1)])
def test_linear_policies_on_the_last_layer_learn_what_is_clicked(policy: Policy) -> None:
    rec = recommender()
    explorer = Explorer(rec, policy, pool=12, features=LastLayer(rec))
    for _ in range(100):
        shown = explorer.recommend("ada", k=3)
        explorer.learn(shown.impression(clicked=7 if 7 in shown.items else None))
    clicked = [explorer.recommend("ada", k=1).items[0] == 7 for _ in range(30)]
    assert np.mean(clicked) > 0.5


def test_the_last_layer_knows_items_that_came_since() -> None:
    rec = recommender()
    features = LastLayer(rec)
    rec.catalog.add({"item": 77, "title": "New"})
    assert features("ada", [77, 1]).shape == (2, 10)


def test_a_click_is_logged_by_its_item() -> None:
    shown = Explorer(Fixed(3, 2, 1), EpsilonGreedy(0.3)).recommend("ada", k=2)
    seen = shown.impression(clicked=shown.items[1], reward=2.0)
    assert (seen.clicked, seen.reward, seen.pool, seen.first) == (2, 2.0, shown.pool, shown.first)
    with pytest.raises(DataError, match="99 was clicked, but the list holds 2 other items"):
        shown.impression(clicked=99)


def test_it_draws_itself() -> None:
    shown = Explorer(Fixed(3, 2, 1), EpsilonGreedy(0.3)).recommend("<b>", k=2)
    assert repr(shown).splitlines()[0] == f"2 recommendations for '<b>', {sum(shown.explored)} explored"
    assert "p 0.800" in repr(shown)
    assert "&lt;b&gt;" in shown._repr_html_() and "<b>" not in shown._repr_html_()


def test_nothing_to_recommend_is_an_empty_list() -> None:
    shown = Explorer(Fixed(), EpsilonGreedy(0.3)).recommend("ada", k=2)
    assert len(shown) == 0 and repr(shown) == "0 recommendations for 'ada', 0 explored"
    with pytest.raises(DataError, match="the slate is empty"):
        shown.impression()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Explorer(Fixed(1), Softmax(), pool=0), "pool is 0"),
        (lambda: Explorer(Fixed(1), Softmax(), seed=-1), "seed is -1"),
        (lambda: Explorer(Fixed(1), LinUCB(2)), r"give features=LastLayer\(recommender\)"),
        (lambda: Explorer(Fixed(1), Softmax()).recommend("ada", k=0), "k is 0"),
        (lambda: Explorer(Fixed(1), Softmax(), pool=3).recommend("ada", k=4), "the pool has 3 candidates"),
    ],
)
def test_what_cannot_be_used_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
