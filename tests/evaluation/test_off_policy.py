"""Estimates of a policy's value: by hand, against a known truth, and what they say of themselves."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import Estimate
from lifelong_widgets.evaluation.off_policy import average, direct_method, doubly_robust, ips, snips
from lifelong_widgets.intervals import interval_of, ratio_of_sums
from tests.evaluation.bandit_logs import Setting, settings

UNBIASED = ("IPS", "SNIPS", "doubly robust")


@cache
def setting(name: str) -> Setting:
    return settings(n_people=200)[name]


@cache
def estimates(name: str, n_logs: int = 100) -> dict[str, list[Estimate]]:
    found: dict[str, list[Estimate]] = {}
    for seed in range(n_logs):
        for method, estimate in setting(name).draw(seed, n_users=100, each=3).estimates().items():
            found.setdefault(method, []).append(estimate)
    return found


def values(name: str, method: str) -> np.ndarray:
    return np.array([estimate.value for estimate in estimates(name)[method]])


def coverage(name: str, method: str) -> float:
    truth = setting(name).truth
    return float(np.mean([one.low <= truth <= one.high for one in estimates(name)[method]]))


@pytest.mark.parametrize("method", UNBIASED)
def test_the_mean_over_many_logs_is_the_truth(method: str) -> None:
    found = values("near", method)
    assert abs(found.mean() - setting("near").truth) < 3 * found.std(ddof=1) / math.sqrt(len(found))


@pytest.mark.parametrize("method", UNBIASED)
def test_intervals_hold_the_truth_about_as_often_as_they_say(method: str) -> None:
    assert coverage("near", method) >= 0.88


def test_the_average_of_the_log_is_not_the_targets_value() -> None:
    found = values("near", "average")
    assert found.mean() < setting("near").truth - 20 * found.std(ddof=1) / math.sqrt(len(found))
    assert coverage("near", "average") < 0.3  # at best; the more impressions, the less


def test_a_good_model_lowers_the_variance() -> None:
    assert values("near", "doubly robust").std() < 0.9 * values("near", "IPS").std()
    assert values("near", "SNIPS").std() < values("near", "IPS").std()


def test_a_wrong_model_leaves_doubly_robust_unbiased_and_the_direct_method_lost() -> None:
    here, wrong = setting("near"), np.full_like(setting("near").world.clicks, 0.9)
    both = [here.draw(seed, 100, 3).estimates(wrong, "normal") for seed in range(100)]
    robust, direct = (
        np.array([one[method].value for one in both]) for method in ("doubly robust", "direct method")
    )
    assert abs(robust.mean() - here.truth) < 3 * robust.std(ddof=1) / 10
    assert direct == pytest.approx(0.9)


def test_wrong_propensities_are_noticed_by_their_mean_weight() -> None:
    here, log = setting("near"), setting("near").draw(1)
    logged, target = (table[log.rows, log.chosen] for table in (here.logging, here.target))
    assert not ips(log.rewards, logged, target).warnings
    assert any("mean weight" in warning for warning in ips(log.rewards, logged / 2, target).warnings)


def test_missing_support_is_said_and_makes_ips_too_low() -> None:
    here, found = setting("no support"), estimates("no support", 20)
    for method in ("IPS", "SNIPS", "doubly robust"):
        for one in found[method]:
            assert one.missing_support is not None and 0.2 < one.missing_support < 0.9
            assert any("support is missing for" in warning for warning in one.warnings)
    assert max(one.value for one in found["IPS"]) < here.truth


def test_by_hand() -> None:
    rewards, logged, target = [1.0, 0.0, 2.0, 0.0], [0.5, 0.25, 0.2, 0.5], [0.25, 0.5, 1.0, 0.0]
    # weights 0.5, 2, 5, 0
    assert ips(rewards, logged, target).value == pytest.approx((0.5 + 10.0) / 4)
    assert ips(rewards, logged, target, clip=3.0).value == pytest.approx((0.5 + 6.0) / 4)
    found = snips(rewards, logged, target)
    assert found.value == pytest.approx(10.5 / 7.5)
    assert found.effective_sample_size == pytest.approx(7.5**2 / (0.25 + 4 + 25))
    assert (found.largest_weight, found.mean_weight) == (5.0, pytest.approx(7.5 / 4))
    robust = doubly_robust(rewards, logged, target, predicted=[0.5] * 4, expected=[0.5] * 4)
    assert robust.value == pytest.approx(0.5 + (0.5 * 0.5 - 2 * 0.5 + 5 * 1.5) / 4)
    assert average(rewards).value == 0.75
    assert direct_method([0.5, 1.0]).value == 0.75


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 1)), min_size=1, max_size=30))
def test_the_policy_of_the_log_is_worth_its_average(events: list[tuple[float, float]]) -> None:
    rewards, logged = zip(*events, strict=True)
    mean = pytest.approx(np.mean(rewards), abs=1e-9)
    assert ips(rewards, logged, logged).value == mean
    assert snips(rewards, logged, logged).value == mean
    assert doubly_robust(rewards, logged, logged, [0.3] * len(events), [0.3] * len(events)).value == mean


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 1)), min_size=1, max_size=30))
def test_snips_stays_within_the_rewards_and_clipping_only_lowers(
    events: list[tuple[float, float, float]],
) -> None:
    rewards, logged, target = zip(*events, strict=True)
    assert min(rewards) - 1e-9 <= snips(rewards, logged, target).value <= max(rewards) + 1e-9
    assert ips(rewards, logged, target, clip=2.0).value <= ips(rewards, logged, target).value + 1e-12


def test_few_impressions_and_few_people_are_said() -> None:
    found = ips([1.0, 0.0, 1.0], [0.5] * 3, [0.5] * 3, ["ada", "ada", "bob"])
    assert any("effective sample size is 3" in warning for warning in found.warnings)
    assert any("only 2 rewarded impressions" in warning for warning in found.warnings)
    assert any("rests on 2 users" in warning for warning in found.warnings)
    assert "! too few" in repr(found)


def test_a_target_that_was_never_shown_has_no_value() -> None:
    found = ips([1.0] * 50, [1.0] * 50, [0.0] * 50)
    assert math.isnan(found.value) and math.isnan(found.low) and "no support at all" in repr(found)
    assert math.isnan(snips([1.0] * 50, [1.0] * 50, [0.0] * 50).value)
    assert doubly_robust([1.0] * 50, [1.0] * 50, [0.0] * 50, [0.5] * 50, [0.5] * 50).value == 0.5


def test_one_impression_of_great_weight_is_said() -> None:
    found = ips([1.0] * 200, [0.001] + [1.0] * 199, [1.0] * 200)
    assert any("one impression has 83% of all weight" in warning for warning in found.warnings)


def test_intervals_are_of_people_and_not_of_impressions() -> None:
    rng = np.random.default_rng(0)
    once = rng.random((60, 1))
    many, users = np.repeat(once, 20, axis=0), np.repeat(np.arange(60), 20).tolist()
    for how in ("bootstrap", "normal"):
        alone = interval_of(once, np.ones_like(once), range(60), how)  # type: ignore[arg-type]
        copied = interval_of(many, np.ones_like(many), users, how)  # type: ignore[arg-type]
        assert copied == pytest.approx(alone)  # to ask somebody twenty times over is not to ask twenty people
    both = [interval_of(once, np.ones_like(once), range(60), how) for how in ("bootstrap", "normal")]  # type: ignore[arg-type]
    assert both[0] == pytest.approx(both[1], abs=0.02)
    assert all(math.isnan(end) for end in interval_of(many, np.ones_like(many), [0] * 1200, "normal"))
    assert math.isnan(ratio_of_sums(once, np.zeros_like(once)))


def test_more_people_than_are_resampled_have_the_normal_interval() -> None:
    values = np.random.default_rng(0).random((2500, 1))
    ones = np.ones_like(values)
    assert interval_of(values, ones, range(2500), "bootstrap") == interval_of(
        values, ones, range(2500), "normal"
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ips([], [], []), "rewards has the shape"),
        (lambda: ips([1.0, 0.0], [0.5], [0.5]), "logged has the shape"),
        (lambda: ips([1.0], [0.0], [0.5]), r"logged\[0\] is 0; a probability here is above 0"),
        (lambda: ips([1.0, 1.0], [0.5, 1.5], [0.5, 0.5]), r"logged\[1\] is 1.5"),
        (lambda: ips([1.0], [0.5], [-0.1]), r"target\[0\] is -0.1; a probability here is at least 0"),
        (lambda: ips([float("nan")], [0.5], [0.5]), r"rewards\[0\] is nan"),
        (lambda: ips(["much"], [0.5], [0.5]), "rewards is"),
        (lambda: ips([1.0], [0.5], [0.5], clip=0), "clip is 0"),
        (lambda: ips([1.0], [0.5], [0.5], users=["a", "b"]), "users has 2 entries for 1 impressions"),
        (lambda: ips([1.0], [0.5], [0.5], interval="exact"), "interval is 'exact'"),  # type: ignore[arg-type]
        (lambda: doubly_robust([1.0], [0.5], [0.5], [0.1, 0.2], [0.1]), "predicted has the shape"),
    ],
)
def test_what_cannot_be_used_is_named(call: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        call()
