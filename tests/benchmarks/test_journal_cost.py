"""What it costs to write a click down before it is learned: CPU time, with and without, in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.recommender import Recommender

pytestmark = pytest.mark.benchmark

EVENTS = 1_200


def cpu_seconds(action: Callable[[], object]) -> float:
    start = time.process_time()
    action()
    return time.process_time() - start


def _learned_and_written(rec: Recommender, event: Feedback) -> None:
    """The click, and the checkpoint that it may have begun."""
    rec.learn_one(event)
    assert rec._recording
    rec._recording.wait()


def test_a_journal_adds_at_most_half_to_the_cost_of_a_click(tmp_path: Path) -> None:
    """Checkpoints, which other threads of the process write, are in the sum of the one that has a journal.

    And in that one only: each is waited for before anything else is measured.
    """
    rng = np.random.default_rng(0)
    catalog = Catalog.from_pandas(pd.DataFrame({"item": range(1_000), "categories": ["a", "b"] * 500}))
    plain = Recommender(catalog)
    written = Recommender.open(tmp_path / "shop.lw", catalog, synchronous="NORMAL", checkpoint_every=500)
    without, with_journal = [], []
    for number in range(EVENTS):
        shown = tuple(rng.permutation(1_000)[:20].tolist())
        event = Feedback(f"person {number % 50}", shown[3], "like", shown=shown, id=f"click-{number}")
        without.append(cpu_seconds(lambda event=event: plain.learn_one(event)))
        with_journal.append(cpu_seconds(lambda event=event: _learned_and_written(written, event)))
    warm = EVENTS // 6
    ratio = sum(with_journal[warm:]) / sum(without[warm:])
    each = 1e6 * (np.median(with_journal[warm:]) - np.median(without[warm:]))
    print(f"a click with a journal costs {ratio:.2f} times one without; {each:.0f} µs of it are the entry's")
    assert written.digest() == plain.digest()
    written.close()
    assert ratio <= 1.5
