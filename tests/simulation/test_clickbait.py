"""The truth of the clickbait world against what happens in it; and that a discount finds it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lifelong_widgets.data import Feedback, Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.simulation import ClickbaitWorld, Lived
from tests.benchmarks import clickbait as benchmark


class Shows:
    """A fixed list for each person; what they did is kept."""

    def __init__(self, world: ClickbaitWorld, discount: float) -> None:
        self._lists = {
            person: [world.catalog.ids[place] for place in world.best_list(number, discount)]
            for number, person in enumerate(world.people)
        }
        self.events: list[Feedback] = []

    def recommend(self, user: Id, k: int, exclude_seen: bool, reasons: bool) -> Listed:
        return Listed(self._lists[user][:k])

    def learn_one(self, feedback: Feedback, /) -> None:
        self.events.append(feedback)


class Listed:
    def __init__(self, items: Sequence[Id]) -> None:
        self.items = items


def test_a_visit_is_worth_what_the_truth_says() -> None:
    world = ClickbaitWorld(seed=3, memory=0.0)
    for discount in (0.0, 1.0):
        lists = [world.best_list(person, discount) for person in range(40)]
        expected = np.mean([world.visit_value(person, own) for person, own in enumerate(lists)])
        lived = world.live(Shows(world, discount), n_days=60)
        assert lived.visits.tolist() == [40.0] * 60  # everybody comes, whatever they saw
        spread = 3 * np.sqrt(lived.clicks.var() / 60) / 40
        assert abs(lived.reward / 2400 - expected) < spread


def test_the_chances_of_a_list_by_hand() -> None:
    world = ClickbaitWorld(seed=1)
    odds, none = np.exp(world.promises[0, [4, 7]]), np.exp(0.5)
    one, both = none + odds[0], none + odds.sum()
    np.testing.assert_allclose(
        world.click_chances(0, [4, 7]), [0.1 * odds[0] / one + 0.9 * odds[0] / both, 0.9 * odds[1] / both]
    )
    assert world.click_chances(0, [4]) == pytest.approx(odds[0] / one)


def test_the_greedy_choice_is_wrong_only_where_there_is_clickbait() -> None:
    def ratios(**settings: float) -> list[float]:
        found = []
        for seed in range(3):
            world = ClickbaitWorld(seed=seed, **settings)  # type: ignore[arg-type]
            greedy, patient = (
                np.mean([world.visit_value(one, world.best_list(one, discount)) for one in range(40)])
                for discount in (0.0, 1.0)
            )
            found.append(float(patient / greedy))
        return found

    assert all(1.5 < ratio < 3.0 for ratio in ratios())
    assert all(1.0 <= ratio < 1.2 for ratio in ratios(stay_bait=0.85))
    # nor does any list do as well as that of the greedy: it is no world of nothing but traps
    world = ClickbaitWorld(seed=0)
    shelf = np.random.default_rng(0).permutation(60)[:10].tolist()
    patient = [world.visit_value(one, world.best_list(one)) for one in range(40)]
    assert np.mean([world.visit_value(one, shelf) for one in range(40)]) < 0.7 * np.mean(patient)


def test_people_come_back_as_they_were_served() -> None:
    world = ClickbaitWorld(seed=2, memory=1.0)
    greedy, patient = (world.live(Shows(world, discount), n_days=30) for discount in (0.0, 1.0))
    assert greedy.visits[:3].sum() == pytest.approx(patient.visits[:3].sum(), rel=0.3)
    assert patient.visits[15:].sum() > 1.3 * greedy.visits[15:].sum()
    assert "clicks" in repr(greedy) and isinstance(greedy, Lived)


def test_what_a_learner_is_told() -> None:
    world = ClickbaitWorld(seed=1)
    shows = Shows(world, 1.0)
    lived = world.live(shows, n_days=3, k=7)
    again = Shows(world, 1.0)
    world.live(again, n_days=3, k=7)
    assert shows.events == again.events and len(shows.events) == lived.reward
    days: dict[tuple[Id, int], list[float]] = {}
    for event in shows.events:
        assert event.shown is not None and len(event.shown) == 7 and event.item in event.shown
        assert event.time is not None
        days.setdefault((event.user, int((event.time - 1.7e9) // 86_400)), []).append(event.time)
    gaps = np.concatenate([np.diff(times) for times in days.values()])
    assert gaps.min() > 0 and gaps.max() < 1800  # a visit is one session of a recommender as it comes


def test_nonsense_is_refused() -> None:
    for name, wrong in {
        "n_people": 0,
        "n_categories": 1.5,
        "n_bait": 11,
        "items_per_category": -1,
        "stay": 1.0,
        "stay_bait": -0.1,
        "memory": 1.1,
    }.items():
        with pytest.raises(DataError, match=name.split("_")[0]):
            ClickbaitWorld(**{name: wrong})  # type: ignore[arg-type]


def test_a_discount_earns_more_where_there_is_clickbait() -> None:
    """Three seeds of ``python -m tests.benchmarks.clickbait``, which has the figures, made small."""
    found = benchmark.figures("bait", [1, 2, 5], ["clicks", "values"], days=6, people=24)
    clicks, values = found["clicks"], found["values"]
    assert values[:, 0].sum() > 1.1 * clicks[:, 0].sum()
    assert (values[:, 2] / values[:, 0]).mean() < 0.8 * (clicks[:, 2] / clicks[:, 0]).mean()
    assert "ratio of clicks" in benchmark.report(found)
    np.testing.assert_array_equal(
        benchmark.figures("bait", [2], ["values"], days=6, people=24)["values"][0], values[1]
    )
