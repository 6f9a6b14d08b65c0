"""Every detector behind the monitor: falls are alarms, rises are none, and a state goes on bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st
from river.drift import KSWIN

from lifelong_widgets.drift import DETECTORS, DUMMIES, DriftMonitor, make_detector
from lifelong_widgets.drift.detectors import _BinaryKSWIN
from lifelong_widgets.errors import DataError
from tests.drift.streams import assert_same_state, outcomes, watch

REAL = [name for name in DETECTORS if name not in DUMMIES]


@pytest.mark.parametrize("detector", REAL)
def test_a_deep_fall_is_an_alarm(detector: str) -> None:
    for seed in range(3):
        alarms = watch(DriftMonitor(detector=detector), outcomes(seed, (1_000, 0.6), (600, 0.1)))
        assert alarms and 1_000 < alarms[0] <= 1_400


@pytest.mark.parametrize("detector", REAL)
def test_a_rise_is_an_improvement_and_no_alarm(detector: str) -> None:
    for seed in range(3):
        monitor = DriftMonitor(detector=detector)
        assert watch(monitor, outcomes(seed, (1_000, 0.1), (600, 0.6))) == []
        assert any(n > 1_000 for n in monitor.improvements)


@pytest.mark.parametrize("detector", REAL)
def test_a_fall_after_a_rise_is_an_alarm_too(detector: str) -> None:
    hits = outcomes(1, (700, 0.1), (1_000, 0.6), (700, 0.1))
    alarms = watch(DriftMonitor(detector=detector), hits)
    assert alarms and alarms[0] > 1_700


@pytest.mark.parametrize("detector", REAL)
def test_a_steady_stream_is_mostly_quiet(detector: str) -> None:
    found = sum(len(watch(DriftMonitor(detector=detector), outcomes(seed, (2_500, 0.2)))) for seed in (0, 1))
    assert found <= 1


@pytest.mark.parametrize("detector", REAL)
def test_a_fall_among_the_first_events_is_found_late_and_not_lost(detector: str) -> None:
    monitor = DriftMonitor(detector=detector, min_events=400)
    alarms = watch(monitor, outcomes(5, (200, 0.8), (1_000, 0.05)))
    assert alarms and 400 <= alarms[0] <= 500


@pytest.mark.parametrize("detector", REAL)
def test_a_smaller_delta_is_slower(detector: str) -> None:
    hits = outcomes(3, (1_500, 0.6), (900, 0.1))
    calm, nervous = (watch(DriftMonitor(detector=detector, delta=d), hits) for d in (1e-6, 0.002))
    assert 1_500 < nervous[0] <= calm[0]


@pytest.mark.parametrize("detector", DETECTORS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 600), up=st.booleans())
def test_a_restored_monitor_continues_as_if_nothing_had_happened(
    detector: str, seed: int, cut: int, up: bool
) -> None:
    hits = outcomes(seed, (300, 0.1 if up else 0.7), (300, 0.7 if up else 0.1))
    unbroken = DriftMonitor(detector=detector, min_events=60, delta=0.01)
    watch(unbroken, hits[:cut])
    second = DriftMonitor(detector=detector, min_events=60, delta=0.01)
    second.restore(unbroken.state())
    assert_same_state(second, unbroken)
    assert watch(second, hits[cut:], cut + 1) == watch(unbroken, hits[cut:], cut + 1)
    assert_same_state(second, unbroken)


@pytest.mark.parametrize("detector", DETECTORS)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), lengths=st.lists(st.integers(0, 90), min_size=1, max_size=4))
def test_reverting_leaves_what_was_marked_and_goes_on_alike(
    detector: str, seed: int, lengths: list[int]
) -> None:
    monitor, rng = (
        DriftMonitor(detector=detector, min_events=30, delta=0.2),
        np.random.default_rng(seed),
    )
    watch(monitor, rng.random(50) < 0.8)
    marked = []
    for number, length in enumerate(lengths):  # the rate falls and rises, so there are alarms in between
        untouched = DriftMonitor(**monitor.settings())
        untouched.restore(monitor.state())
        marked.append((untouched, monitor.mark()))
        watch(monitor, rng.random(length) < (0.1, 0.9)[number % 2], first=1000 * number)
    coming = rng.random(150) < 0.4
    for untouched, mark in marked[::-1]:
        monitor.revert(mark)
        assert_same_state(monitor, untouched)
    assert watch(monitor, coming) == watch(untouched, coming)
    assert_same_state(monitor, untouched)


def test_never_says_that_it_does_not_look() -> None:
    monitor = DriftMonitor(detector="never")
    assert watch(monitor, outcomes(0, (600, 0.9), (600, 0.0))) == []
    assert monitor.status == "not watched" and monitor.mean == pytest.approx(0.45, abs=0.05)


def test_always_rings_as_often_as_it_may() -> None:
    assert watch(DriftMonitor(detector="always", min_events=100), outcomes(0, (350, 1.0))) == [100, 200, 300]


def test_another_detector_starts_the_watch_afresh_and_keeps_the_alarms() -> None:
    monitor = DriftMonitor()
    alarms = watch(monitor, outcomes(0, (1_000, 0.6), (600, 0.1)))
    before = monitor.n_restarts
    monitor.detector = "page_hinkley"
    assert monitor.n_restarts == before + 1
    assert monitor.mean is None and monitor.state()["outcomes"].size == 0
    assert monitor.alarms == alarms != []


def test_an_unknown_detector_is_refused() -> None:
    with pytest.raises(traitlets.TraitError):
        DriftMonitor(detector="adwim")
    with pytest.raises(DataError, match="did you mean 'adwin'"):
        make_detector("adwim", 0.002, 300)


@pytest.mark.parametrize(("rate", "alpha"), [(0.5, 0.05), (0.2, 0.01)])
def test_our_kswin_finds_what_rivers_does(rate: float, alpha: float) -> None:
    ours, theirs = (kind(alpha=alpha, window_size=60, stat_size=20, seed=3) for kind in (_BinaryKSWIN, KSWIN))
    found = []
    for n, hit in enumerate(outcomes(4, (250, rate), (150, 0.9)).tolist()):
        ours.update(int(hit))
        theirs.update(int(hit))
        assert ours.drift_detected == theirs.drift_detected and ours.window == theirs.window
        found += [n] * ours.drift_detected
    assert found
