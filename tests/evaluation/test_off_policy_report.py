"""From an explorer's log to estimates of another explorer, in a world whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import cache

import numpy as np
import pytest

from lifelong_widgets.data import Id
from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import (
    ItemRates,
    LinearRewards,
    cross_fitted,
    off_policy_report,
    slate_value,
)
from lifelong_widgets.exploration import EpsilonGreedy, Explorer, Impression, ImpressionLog, Softmax
from lifelong_widgets.simulation import ClickWorld


@cache
def world() -> ClickWorld:
    return ClickWorld(n_people=300, n_items=6, seed=2)


@cache
def softmax_log() -> ImpressionLog:
    return world().log(Explorer(world().scorer(noise=1.0), Softmax(1.0)), n_impressions=1500, seed=1)


def test_every_estimate_but_the_average_finds_the_truth() -> None:
    target = Explorer(world().scorer(noise=0.3), Softmax(0.5))
    truth, report = (
        world().value(target),
        off_policy_report(softmax_log(), target, reward_model=cross_fitted(softmax_log(), ItemRates)),
    )
    for name in ("ips", "clipped", "snips", "dr"):
        assert report[name].low < truth < report[name].high, name
        assert report[name].missing_support == 0.0
    assert report["average"].high < truth
    assert not (report["ips"].warnings or report["snips"].warnings or report["dr"].warnings)
    assert list(report.to_pandas().index) == ["average", "ips", "clipped", "snips", "direct", "dr"]
    assert "doubly robust" in repr(report) and "direct: no weight corrects the model" in repr(report)


def test_the_explorers_own_value_is_the_average() -> None:
    explorer = Explorer(world().scorer(noise=1.0), Softmax(1.0))
    report = off_policy_report(softmax_log(), explorer)
    assert report["ips"].value == pytest.approx(report["average"].value)
    assert report["ips"].low < world().value(explorer) < report["ips"].high


def test_a_greedy_log_cannot_answer_for_others_and_says_so() -> None:
    log = world().log(Explorer(world().scorer(noise=1.0), EpsilonGreedy(0.0)), n_impressions=400)
    report = off_policy_report(log, Explorer(world().scorer(), Softmax(1.0)))
    assert report["ips"].missing_support == pytest.approx(0.7, abs=0.2)
    assert any("support is missing for" in warning for warning in report["ips"].warnings)
    assert any("mean weight" in warning for warning in report["ips"].warnings)


def test_without_pools_missing_support_is_not_known() -> None:
    log = ImpressionLog(
        Impression(row.user, row.slate, row.propensities, row.clicked) for row in softmax_log()
    )
    report = off_policy_report(log, Explorer(world().scorer(), Softmax(1.0)), interval="normal")
    assert report["ips"].missing_support is None


def test_a_model_on_features_beats_one_that_knows_items_only() -> None:
    column = {item: place for place, item in enumerate(world().items)}
    row = {person: place for place, person in enumerate(world().people)}
    rng = np.random.default_rng(0)
    known = world().clicks + rng.normal(size=world().clicks.shape) * 0.02

    def features(user: Id, items: Sequence[Id]) -> np.ndarray:
        return np.array([[1.0, known[row[user], column[item]]] for item in items])

    log = softmax_log()
    by_item = cross_fitted(log, ItemRates)
    by_both = cross_fitted(log, lambda part: LinearRewards(part, features))
    errors = [
        np.mean([(model(p, world().items) - world().clicks[row[p]]) ** 2 for p in {one.user for one in log}])
        for model in (by_item, by_both)
    ]
    assert errors[1] < 0.2 * errors[0]
    with pytest.raises(DataError, match="'nobody' is not in the log"):
        by_item("nobody", ["item-0"])


def test_nobody_is_predicted_from_what_they_did() -> None:
    # each of ten people clicks on an item of their own, which nobody else has seen
    log = ImpressionLog(Impression(user, (f"item-{user}",), (0.5,), 1) for user in range(10))
    model = cross_fitted(log, lambda part: ItemRates(part, shrinkage=0.0))
    assert all(model(user, [f"item-{user}"])[0] == 1.0 for user in range(10))  # the mean of the others
    half = ImpressionLog(
        Impression(user, (f"item-{user}",), (0.5,), 1 if user < 5 else None) for user in range(10)
    )
    assert all(0 < cross_fitted(half, ItemRates)(user, [f"item-{user}"])[0] < 1 for user in range(10))


def test_whole_slates_along_the_cascade() -> None:
    small = ClickWorld(n_people=25, n_items=4, seed=5)
    logging = Explorer(small.scorer(noise=1.0), Softmax(2.0))
    target = Explorer(small.scorer(), Softmax(1.0))
    truth = small.slate_value(target, k=2)
    found = [
        slate_value(small.log(logging, 400, k=2, each=1, seed=seed), target, interval="normal")
        for seed in range(6)
    ]
    mean = np.mean([one.value for one in found])
    error = np.std([one.value for one in found], ddof=1) / math.sqrt(len(found))
    assert abs(mean - truth) < 4 * error
    assert np.mean([one.low < truth < one.high for one in found]) >= 0.5
    assert small.slate_value(target, k=1) == pytest.approx(small.value(target))


def test_the_worlds_own_log_agrees_with_its_values() -> None:
    small = ClickWorld(n_people=25, n_items=4, seed=5)
    explorer = Explorer(small.scorer(), EpsilonGreedy(0.5))
    clicks = [row.clicked is not None for row in small.log(explorer, 4000, k=2, each=1)]
    truth = small.slate_value(explorer, k=2)
    assert np.mean(clicks) == pytest.approx(truth, abs=4 * math.sqrt(truth * (1 - truth) / 4000))


def test_what_the_target_never_shows_has_no_chance() -> None:
    explorer = Explorer(world().scorer(), EpsilonGreedy(0.5), pool=3)
    pool = explorer.recommend("person-0", k=3).pool
    other = next(item for item in world().items if item not in pool)
    assert explorer.propensities("person-0", (other, pool[0])) == (0.0, 0.0)
    assert explorer.propensities("person-0", (pool[0], other, pool[1]))[1:] == (0.0, 0.0)
    assert explorer.propensities("person-0", (pool[0],))[0] == explorer.distribution("person-0")[pool[0]]


def test_asking_a_target_does_not_move_it() -> None:
    one, other = (Explorer(world().scorer(), Softmax(1.0), seed=3) for _ in range(2))
    one.distribution("person-0")
    off_policy_report(softmax_log()[:50], one)
    assert one.recommend("person-0", k=4) == other.recommend("person-0", k=4)


class Half:
    def distribution(self, user: Id, exclude_seen: bool = True) -> Mapping[Id, float]:
        return {"item-0": 0.5}

    def propensities(self, user: Id, slate: Sequence[Id], exclude_seen: bool = True) -> Sequence[float]:
        return (0.5, 0.5)


def test_what_cannot_be_used_is_named() -> None:
    with pytest.raises(DataError, match="no impressions"):
        off_policy_report(ImpressionLog(), Half())
    with pytest.raises(DataError, match="no impressions"):
        slate_value(ImpressionLog(), Half())
    with pytest.raises(DataError, match=r"are to sum to 1.*their sum is 0.5"):
        off_policy_report(softmax_log()[:5], Half())
    with pytest.raises(DataError, match="2 propensities for a slate of 1"):
        slate_value(softmax_log()[:5], Half())
    with pytest.raises(DataError, match="no estimate 'snip'; did you mean 'snips'"):
        off_policy_report(softmax_log()[:5], Explorer(world().scorer(), Softmax()))["snip"]
    with pytest.raises(DataError, match="two people and two folds"):
        cross_fitted(ImpressionLog([Impression("ada", ("a",), (1.0,))]), ItemRates)
    with pytest.raises(DataError, match="no impressions to learn"):
        ItemRates(ImpressionLog())
