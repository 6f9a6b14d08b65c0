"""People who have done something, until it is known whether they stayed."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
from lifelong_widgets.value import Awaiting, Pending

NOTHING = np.zeros(2, dtype=np.int64), np.zeros(2, dtype=np.float32)
GAP, MOST = 3.0, 3
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 5),
        st.none() | st.integers(0, 9).map(float) | st.sampled_from([50.0, 4e9, -4e9]),
        st.sampled_from(["event", "undo", "save"]),
    ),
    max_size=40,
)


def awaiting(person: int, time: float | None, item: int = 0) -> Awaiting:
    return Awaiting(person, time, *NOTHING, item=item, reward=1.0)


def listed(pending: Pending) -> list[tuple[int, float | None]]:
    state = pending.get_state()
    times = [time if timed else None for time, timed in zip(state["times"], state["timed"], strict=True)]
    return list(zip(state["people"].tolist(), times, strict=True))


class Obvious:
    """The same with a list that is gone through from its beginning."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, float | None]] = []

    def event(self, person: int, time: float | None) -> tuple[bool, list[int]]:
        was_there = any(row[0] == person for row in self.rows)
        self.rows = [row for row in self.rows if row[0] != person]
        left: list[int] = []
        if time is not None:
            timed = [row for row in self.rows if row[1] is not None]
            near = [abs(row[1] - time) <= GAP for row in timed if row[1] is not None]
            gone_through = timed[: near.index(True) if True in near else len(timed)][:MOST]
            left = [row[0] for row in gone_through if row[1] is not None and row[1] < time]
            ahead = [row for row in gone_through if row[0] not in left]
            self.rows = [row for row in self.rows if row not in gone_through] + ahead
        self.rows.append((person, time))
        return was_there, left


@settings(max_examples=300, deadline=None)
@given(EVENTS)
def test_as_a_list_would_do_it(events: list[tuple[int, float | None, str]]) -> None:
    pending, obvious = Pending(2), Obvious()
    for person, time, what in events:
        before = listed(pending), copy.deepcopy(obvious.rows)
        mark = pending.mark()
        was_there = pending.take(person, mark) is not None
        left = [] if time is None else [one.person for one in pending.left(time, GAP, MOST, mark)]
        pending.put(awaiting(person, time), mark)
        assert (was_there, left) == obvious.event(person, time)
        if what == "undo":
            pending.revert(mark)
            obvious.rows = before[1]
            assert listed(pending) == before[0]
        elif what == "save":
            again = Pending(2)
            again.set_state(pending.get_state(), n_items=1, n_people=6)
            pending = again
        assert listed(pending) == obvious.rows
        assert len(pending) == len(obvious.rows)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(GAP, 1e12) | st.just(1e300), max_size=8), st.integers(0, 3))
def test_whoever_is_before_them_with_a_wrong_clock(ahead: list[float], silent: int) -> None:
    """Those behind have left a gap after their own event; a clock that goes back later changes nothing."""
    pending = Pending(2)
    for person, time in enumerate(ahead):
        pending.put(awaiting(person, 2 * GAP + 2.0 + time))
    for person in range(20, 20 + silent):
        pending.put(awaiting(person, 0.0))
    assert [one.person for one in pending.left(GAP + 1.0, GAP, most=99)] == list(range(20, 20 + silent))
    assert [row[0] for row in listed(pending)] == list(range(len(ahead)))


def test_no_more_at_once_than_asked_for() -> None:
    pending = Pending(2)
    for person in range(10):
        pending.put(awaiting(person, float(person)))
    assert [one.person for one in pending.left(now=9.0, gap=1.0, most=5)] == [0, 1, 2, 3, 4]
    assert [one.person for one in pending.left(now=9.0, gap=1.0, most=5)] == [5, 6, 7]
    assert 8 in pending and 7 not in pending
    for _ in range(9):  # the same where the clock has gone back
        assert not pending.left(now=-9.0, gap=1.0, most=1)
    assert [person for person, _ in listed(pending)] == [9, 8]


def test_damage() -> None:
    pending = Pending(2)
    pending.put(awaiting(1, 5.0))
    for name, wrong in {
        "people": np.array([7]),
        "items": np.array([-1], dtype=np.int32),
        "timed": np.array([9], dtype=np.uint8),
        "rewards": np.array([np.nan]),
        "history_items": np.zeros((1, 3), dtype=np.int32),
    }.items():
        with pytest.raises(FormatError, match=name):
            Pending(2).set_state({**pending.get_state(), name: wrong}, n_items=3, n_people=2)
    twice = {name: np.concatenate([array, array]) for name, array in pending.get_state().items()}
    with pytest.raises(FormatError, match="twice"):
        Pending(2).set_state(twice, n_items=3, n_people=2)
