"""The drift monitor: what it promises about alarms, and that it can be put away and taken up again."""

from __future__ import annotations

import json

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.drift import DriftMonitor
from lifelong_widgets.errors import DataError
from tests.drift.streams import assert_same_state, outcomes, watch


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_false_alarms_are_rare_on_a_steady_stream(rate: float) -> None:
    alarms = sum(len(watch(DriftMonitor(), outcomes(seed, (10_000, rate)))) for seed in range(10))
    assert alarms <= 1  # in 100,000 steady events


def test_a_halved_hit_rate_is_noticed_soon() -> None:
    delays = []
    for seed in range(15):
        alarms = watch(DriftMonitor(), outcomes(seed, (2_000, 0.2), (2_000, 0.1)))
        assert alarms and alarms[0] > 2_000
        delays.append(alarms[0] - 2_000)
    assert np.median(delays) <= 600


def test_a_deeper_fall_is_noticed_sooner() -> None:
    def delay(to: float) -> float:
        streams = [outcomes(seed, (2_000, 0.4), (3_000, to)) for seed in range(10)]
        return float(np.median([watch(DriftMonitor(), hits)[0] - 2_000 for hits in streams]))

    assert delay(0.05) < delay(0.25)


def test_a_rise_is_an_improvement_and_no_alarm() -> None:
    monitor = DriftMonitor()
    assert watch(monitor, outcomes(3, (2_000, 0.1), (2_000, 0.3))) == []
    assert monitor.improvements and monitor.improvements[0] > 2_000
    assert monitor.status == "steady"


def test_a_fall_among_the_first_events_is_found_once_there_are_enough() -> None:
    monitor = DriftMonitor(min_events=400)
    alarms = watch(monitor, outcomes(5, (200, 0.6), (1_000, 0.05)))
    assert alarms and 400 <= alarms[0] <= 500


def test_after_an_alarm_the_next_fall_is_an_alarm_too() -> None:
    monitor = DriftMonitor()
    alarms = watch(monitor, outcomes(1, (1_500, 0.5), (1_500, 0.25), (1_500, 0.05)))
    assert len(alarms) == 2
    assert 1_500 < alarms[0] < 3_000 < alarms[1]
    assert monitor.alarms == alarms


def test_the_status_tells_the_story() -> None:
    monitor = DriftMonitor()
    assert monitor.mean is None
    watch(monitor, outcomes(0, (120, 0.5)))
    assert monitor.status == "too few events: 120 of 300"
    watch(monitor, outcomes(0, (880, 0.5)), first=121)
    assert monitor.status == "steady"
    assert monitor.mean == pytest.approx(0.5, abs=0.1)
    n = 1_000
    while not monitor.update(False, n := n + 1):
        assert n < 1_500
    assert monitor.status == "alarm 0 events ago"
    monitor.update(True, n + 1)
    assert monitor.status == "alarm 1 event ago"
    watch(monitor, outcomes(0, (300, 0.5)), first=n + 2)
    assert monitor.status == "steady"
    assert monitor.n_outcomes == n + 301


def test_event_numbers_are_the_callers_own() -> None:
    # Events without a list on screen are no outcomes, so event numbers run ahead of outcomes.
    monitor = DriftMonitor()
    hits = outcomes(2, (1_000, 0.6), (600, 0.1)).tolist()
    alarms = [3 * n for n, hit in enumerate(hits) if monitor.update(hit, 3 * n)]
    assert alarms == monitor.alarms and alarms[0] > 3_000
    assert monitor.n_outcomes == 1_600


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 1_200), drop=st.sampled_from([0.5, 0.2, 0.05]))
def test_a_restored_monitor_continues_as_if_nothing_had_happened(seed: int, cut: int, drop: float) -> None:
    hits = outcomes(seed, (600, 0.5), (600, drop))
    unbroken, first = DriftMonitor(min_events=100), DriftMonitor(min_events=100)
    watch(unbroken, hits[:cut])
    watch(first, hits[:cut])
    state = first.state()
    written = json.dumps({key: value for key, value in state.items() if key != "outcomes"})
    second = DriftMonitor(min_events=100)
    second.restore({**json.loads(written), "outcomes": state["outcomes"]})
    assert (second.status, second.mean, second.n_outcomes) == (first.status, first.mean, first.n_outcomes)
    assert watch(second, hits[cut:], cut + 1) == watch(unbroken, hits[cut:], cut + 1)
    assert second.alarms == unbroken.alarms and second.improvements == unbroken.improvements
    np.testing.assert_array_equal(second.state()["outcomes"], unbroken.state()["outcomes"])


def test_sensitivity_may_be_changed_while_it_watches() -> None:
    hits = outcomes(4, (1_000, 0.3), (400, 0.2))
    calm, turned = DriftMonitor(delta=1e-6), DriftMonitor(delta=1e-6)
    assert watch(calm, hits) == watch(turned, hits) == []
    turned.delta = 0.5
    later = outcomes(5, (200, 0.2))
    assert watch(calm, later, 1_401) == []
    assert watch(turned, later, 1_401) != []


def test_hits_counted_at_another_depth_are_not_mixed() -> None:
    monitor = DriftMonitor(top_k=10)
    watch(monitor, outcomes(0, (500, 0.5)))
    monitor.top_k = 20
    assert monitor.mean is None and monitor.status == "too few events: 0 of 300"


@settings(max_examples=30)
@given(
    seed=st.integers(0, 100),
    lengths=st.lists(st.integers(0, 120), min_size=1, max_size=6),
    later=st.integers(0, 200),
)
def test_reverting_newest_first_leaves_what_was_marked_and_goes_on_alike(
    seed: int, lengths: list[int], later: int
) -> None:
    monitor, rng = DriftMonitor(min_events=30, delta=0.2), np.random.default_rng(seed)
    watch(monitor, rng.random(40) < 0.8)
    marked = []
    for number, length in enumerate(lengths):  # the rate falls and rises, so there are alarms in between
        untouched = DriftMonitor(**monitor.settings())
        untouched.restore(monitor.state())
        marked.append((untouched, monitor.mark()))
        watch(monitor, rng.random(length) < (0.1, 0.9)[number % 2], first=1000 * number)
    coming = rng.random(later) < 0.4
    for untouched, mark in marked[::-1]:
        monitor.revert(mark)
        assert_same_state(monitor, untouched)
        twin = DriftMonitor(**monitor.settings())
        twin.restore(monitor.state())
        assert twin.mean == monitor.mean
    assert watch(monitor, coming) == watch(untouched, coming)
    assert_same_state(monitor, untouched)


def test_reverting_across_an_alarm_brings_back_what_came_before_it() -> None:
    monitor = DriftMonitor(min_events=50)
    watch(monitor, outcomes(0, (400, 0.9)))
    untouched = DriftMonitor(min_events=50)
    untouched.restore(monitor.state())
    mark = monitor.mark()
    assert watch(monitor, outcomes(1, (400, 0.1)), first=401)
    monitor.revert(mark)
    assert_same_state(monitor, untouched)
    fall = outcomes(2, (400, 0.2))
    assert watch(monitor, fall, first=401) == watch(untouched, fall, first=401) != []


def test_a_reset_monitor_is_as_good_as_new() -> None:
    monitor = DriftMonitor(min_events=50)
    watch(monitor, outcomes(0, (500, 0.9), (300, 0.1)))
    assert monitor.alarms
    monitor.reset()
    assert (monitor.alarms, monitor.n_outcomes, monitor.mean) == ([], 0, None)
    assert monitor.min_events == 50 and monitor.status == "too few events: 0 of 50"


@pytest.mark.parametrize(
    "damage",
    [
        {"outcomes": np.array([0, 2], dtype=np.uint8)},
        {"outcomes": np.zeros((2, 2), dtype=np.uint8)},
        {"n_outcomes": 1},
        {"alarms": None},
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(damage: dict[str, object]) -> None:
    monitor = DriftMonitor()
    watch(monitor, outcomes(0, (50, 0.5)))
    before = monitor.state()
    with pytest.raises(DataError, match="not the state of a DriftMonitor"):
        monitor.restore({**before, **damage})
    after = monitor.state()
    np.testing.assert_array_equal(after.pop("outcomes"), before.pop("outcomes"))
    assert after == before


def test_a_state_without_a_field_is_refused() -> None:
    with pytest.raises(DataError, match="n_outcomes"):
        DriftMonitor().restore({"outcomes": np.zeros(0, dtype=np.uint8), "alarms": [], "improvements": []})


def test_settings_are_kept_within_their_bounds() -> None:
    with pytest.raises(traitlets.TraitError):
        DriftMonitor(delta=0.0)
    with pytest.raises(DataError, match="did you mean 'delta'"):
        DriftMonitor(dela=0.1)
