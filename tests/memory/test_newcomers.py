"""Which items nobody has taken yet, and since when they are there."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.memory import ALWAYS, Newcomers
from lifelong_widgets.memory.popularity import LONGEST, PopularityBank
from lifelong_widgets.memory.scores import DenseScores

TIMES = st.lists(st.sampled_from([ALWAYS, 0.0, 5.0, 9.0, 60.0]), max_size=30)


@given(TIMES, TIMES, st.sets(st.integers(0, 59)), st.sampled_from([0.0, 5.0, 59.0, 60.0]))
def test_they_are_those_there_without_an_event_the_latest_first(
    first: list[float], second: list[float], taken: set[int], now: float
) -> None:
    released = first + second
    bank, grown = PopularityBank(), Newcomers(np.array(first))
    grown.grow(np.array(second))
    for item in sorted(taken & set(range(len(released)))):
        bank.add(item, now=1.0)
    new = [item for item in range(len(released)) if item not in taken]
    there = [item for item in new if item >= len(first) or released[item] <= now or now == 0.0]
    there.sort(key=lambda item: (-released[item], -item))
    assert grown.there(now, bank).tolist() == there, "what was added later is there, and without a clock all"
    assert grown.unreleased(now, bank).tolist() == sorted(set(new) - set(there))
    again = Newcomers(np.array(released), n_listed=len(first))
    assert again.there(now, bank).tolist() == there


def test_the_newest_and_the_likeliest_are_named_and_nothing_that_was_consumed() -> None:
    released = np.arange(200.0)
    newcomers, bank = Newcomers(released), PopularityBank()
    bank.add(40, now=1.0)
    likely = np.zeros(200, dtype=np.float32)
    likely[[3, 40, 70, 180]] = [2.0, 9.0, 3.0, 8.0]
    named = newcomers.named({"content": DenseScores(likely)}, bank, np.array([70]), now=150.0).tolist()
    assert {3, 146, 147, 148, 149, 150} <= set(named)
    assert not {40, 70, 180} & set(named), "taken, consumed, not yet released"
    assert len(named) <= 15, "few, however many there are"


def test_the_age_of_what_nobody_has_taken_is_told_and_no_other() -> None:
    newcomers, bank = Newcomers(np.array([0.0, ALWAYS, 0.0])), PopularityBank()
    bank.add(2, now=0.0)
    told = np.full(3, LONGEST, dtype=np.float32)
    newcomers.tell_age(told, np.arange(3), bank, now=2 * 86_400.0)
    assert told.round(1).tolist() == [1.0, LONGEST, LONGEST]
