"""Where tastes recur, replay keeps what naive fine-tuning with as many steps on as large batches forgets.

The short form of ``python -m tests.benchmarks.recurring_tastes``.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.benchmarks.recurring_tastes import COLUMNS, figures, share_left


def test_replay_cuts_forgetting_by_half_and_does_not_do_so_by_learning_nothing() -> None:
    found = figures([1, 2], conflict=False, rate=0.01, events=150, arms=["replay", "recent", "popular"])
    arms = ("replay", "recent", "popular")
    mean = {arm: dict(zip(COLUMNS, found[arm].mean(axis=0).tolist(), strict=True)) for arm in arms}
    print(mean)
    assert mean["recent"]["forgetting"] > 0.05  # else there is nothing to cut
    assert mean["replay"]["forgetting"] < 0.5 * mean["recent"]["forgetting"]
    assert mean["replay"]["accuracy"] > mean["recent"]["accuracy"] + 0.1
    for arm in ("replay", "recent"):  # both learn the season that is on
        assert mean[arm]["plasticity"] > mean["popular"]["plasticity"] + 0.05


def test_what_is_left_is_a_ratio_of_means_with_an_interval_around_it() -> None:
    naive = np.array([0.4, 0.5, 0.6])
    share, low, high = share_left(naive / 4 + np.array([0.01, -0.02, 0.01]), naive)
    assert share == pytest.approx(0.25)
    assert low <= 0.25 <= high
    assert high - low < 0.1
    assert np.isnan(share_left(naive, np.array([0.02, -0.03, 0.01]))).all()  # nothing was forgotten
