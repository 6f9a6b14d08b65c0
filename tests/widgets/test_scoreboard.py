"""The running figures stay right and small however long a life is."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.widgets.scoreboard import NEEDED, WINDOW, Curve, Scoreboard


@given(st.integers(1, 500), st.integers(1, 20).map(lambda half: 2 * half))
def test_a_curve_is_bounded_in_order_and_reaches_to_near_the_end(n: int, points: int) -> None:
    curve = Curve(columns=1, points=points)
    for visit in range(1, n + 1):
        curve.add(visit)
    kept = curve.rows[:, 0]
    assert len(kept) < points
    assert np.all(np.diff(kept) > 0)
    assert n - (kept[-1] if len(kept) else 0) <= max(1, 2 * n / points) + 1


def test_the_rate_is_that_of_the_window() -> None:
    scores = Scoreboard()
    for _ in range(WINDOW):
        scores.visit((False, True), own=False)
    for _ in range(WINDOW // 2):
        scores.visit((True, True), own=True)
    assert (scores.live, scores.frozen) == (0.5, 1.0)
    assert scores.summary()["own"] == WINDOW // 2


def test_there_is_no_rate_before_enough_visits() -> None:
    scores = Scoreboard()
    for _ in range(NEEDED - 1):
        scores.visit((True, False), own=False)
    assert scores.live is None
    scores.visit((True, False), own=False)
    assert scores.live == 1.0


def test_a_loss_that_is_not_a_number_does_not_spoil_the_mean() -> None:
    scores = Scoreboard()
    scores.step(2.0)
    scores.step(float("nan"))
    scores.took(0.004)
    scores.took(0.006)
    assert scores.loss == 2.0
    assert scores.latency is not None and abs(scores.latency - 5.0) < 1e-9


def test_the_curve_goes_over_the_wire_as_five_rows() -> None:
    scores = Scoreboard()
    scores.step(1.5)
    scores.took(0.01)
    for _ in range(3):
        scores.visit((True, False), own=False)
    rows = np.frombuffer(scores.curve(), dtype="<f4").reshape(5, -1)
    assert rows[0].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(rows[1]).all()
    assert rows[3].tolist() == [1.5, 1.5, 1.5]
