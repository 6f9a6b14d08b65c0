"""The real recommender before simulated people: an explorer's log tells what the greedy list is worth."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Id, datasets
from lifelong_widgets.evaluation import LinearRewards, cross_fitted, off_policy_report
from lifelong_widgets.exploration import (
    EpsilonGreedy,
    Explorer,
    ImpressionLog,
    LastLayer,
    LinearThompson,
    Policy,
    Softmax,
)
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.simulation import SimulatedPeople

N_ITEMS = 10


@pytest.fixture(scope="module")
def shop() -> tuple[Recommender, SimulatedPeople]:
    data = datasets.load("bookshop", n_events=600)
    rec = Recommender(data.catalog, embedding_dim=8, hidden_dim=16, history_length=10)
    rec.learn_many(data.interactions, progress=False)
    return rec, SimulatedPeople(data.catalog, n_people=200, seed=1)


def chance(people: SimulatedPeople, person: Id, item: Id) -> float:
    """Exactly, of a list of one: a softmax between the item and clicking on nothing, whose utility is 2."""
    return float(1.0 / (1.0 + np.exp(2.0 - people.utility(person, [item])[0])))


@pytest.mark.parametrize(
    ("policy", "target"),
    [
        (EpsilonGreedy(0.5), EpsilonGreedy(0.0)),
        (Softmax(0.5), EpsilonGreedy(0.0)),
        (LinearThompson(10, n_samples=100), Softmax(1.0)),
    ],
)
def test_the_value_of_another_list_is_found(
    shop: tuple[Recommender, SimulatedPeople], policy: Policy, target: Policy
) -> None:
    rec, people = shop
    features = LastLayer(rec)
    explorer = Explorer(rec, policy, pool=N_ITEMS, features=features)
    other = Explorer(rec, target, pool=N_ITEMS)
    log = ImpressionLog()
    for person in people.people * 2:
        shown = explorer.recommend(person, k=1)
        click = people.choose(person, shown)
        log.append(shown.impression(None if click is None else click.item))
        explorer.learn(log[-1])  # a policy that changes as it goes logs what it was at that moment
    truth = np.mean(
        [
            sum(share * chance(people, person, item) for item, share in other.distribution(person).items())
            for person in people.people
        ]
    )
    model = cross_fitted(log, lambda part: LinearRewards(part, features), folds=2)
    report = off_policy_report(log, other, reward_model=model)
    for name in ("ips", "snips", "dr"):
        # twice the interval: of nine intervals of 95 % one may well miss
        margin = report[name].high - report[name].low
        assert abs(report[name].value - truth) < margin < 0.5, (name, truth, report)
    assert report["ips"].effective_sample_size < len(log)
