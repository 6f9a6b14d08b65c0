"""Outcomes to watch."""

from __future__ import annotations

import numpy as np

from lifelong_widgets.drift import DriftMonitor


def outcomes(seed: int, *phases: tuple[int, float]) -> np.ndarray:
    """Bernoulli hits: for each phase its length and its hit rate."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.random(n) < rate for n, rate in phases])


def watch(monitor: DriftMonitor, hits: np.ndarray, first: int = 1) -> list[int]:
    """Feed `hits` in as events `first`, `first` + 1, …; the event numbers of the alarms raised."""
    return [n for n, hit in enumerate(hits.tolist(), start=first) if monitor.update(hit, n)]


def assert_same_state(one: DriftMonitor, other: DriftMonitor) -> None:
    left, right = one.state(), other.state()
    np.testing.assert_array_equal(left.pop("outcomes"), right.pop("outcomes"))
    assert left == right
    assert (one.mean, one.status) == (other.mean, other.status)
