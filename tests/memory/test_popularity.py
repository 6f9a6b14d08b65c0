from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.memory import popularity as room
from lifelong_widgets.memory.popularity import HALF_LIVES_IN_EVENTS, HALF_LIVES_IN_SECONDS, PopularityBank

EVENTS = st.lists(
    st.tuples(st.integers(0, 6), st.floats(0, 3e7), st.sampled_from([0.5, 1.0, 2.0])), min_size=1, max_size=30
)


@given(EVENTS)
def test_it_is_the_sum_of_what_is_left_of_each_event(events: list[tuple[int, float, float]]) -> None:
    bank = PopularityBank()
    for item, now, weight in events:
        bank.add(item, now, weight)
    clocks = [(now, float(n)) for n, (_, now, _) in enumerate(events)]
    latest = max(now for now, _ in clocks), float(len(events))
    shares = []
    for half_lives, which in ((HALF_LIVES_IN_SECONDS, 0), (HALF_LIVES_IN_EVENTS, 1)):
        for half_life in half_lives:
            sums = np.zeros(7)
            for (item, _, weight), clock in zip(events, clocks, strict=True):
                sums[item] += weight * 2.0 ** (-(latest[which] - clock[which]) / half_life)
            shares.append(sums)
    for column, sums in enumerate(shares):
        seen = sums > 1e-250  # below that the sum itself has lost its digits
        relative = bank.relative(np.arange(7))[:, column]
        if seen.any():
            expected = np.log2(sums[seen]) - np.log2(sums[seen].max())
            np.testing.assert_allclose(relative[seen], expected, rtol=1e-4, atol=1e-3)


@settings(max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 40), st.floats(0, 1e6)), min_size=1, max_size=80), st.integers(1, 9))
def test_the_most_popular_are_at_hand_however_many_items_there_are(
    events: list[tuple[int, float]], k: int
) -> None:
    pool, room._POOL = room._POOL, 10  # so that most items are not in it
    try:
        bank = PopularityBank()
        for item, now in events:
            bank.add(item, now)
        taken = np.unique([item for item, _ in events])
        expected: set[int] = set()
        for half_life in room._RANKED.tolist():
            popular = bank.relative(taken)[:, half_life]
            bound = np.sort(popular)[::-1][:k][-1]
            assert {int(item) for item in taken[popular > bound]} <= set(bank.top(k).tolist())
            expected |= {int(item) for item in taken[popular >= bound]}
        assert set(bank.top(k).tolist()) <= expected
        hidden = taken[::2]
        assert not set(bank.top(k, hidden).tolist()) & set(hidden.tolist())
    finally:
        room._POOL = pool


def test_a_jump_of_the_clock_changes_no_order() -> None:
    """A log of the nineties, and then a click of today."""
    bank = PopularityBank()
    for item, now in [(0, 0.0), (1, 60.0), (1, 90.0)]:
        bank.add(item, now)
    before = bank.relative(np.array([0, 1]))
    bank.add(2, 1e9)
    after = bank.relative(np.array([0, 1]))
    np.testing.assert_allclose(after[0] - after[1], before[0] - before[1], atol=0.1)
