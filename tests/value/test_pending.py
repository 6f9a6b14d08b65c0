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
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 4),
        st.none() | st.integers(0, 9).map(float),
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
        before = len(self.rows)
        self.rows = [row for row in self.rows if row[0] != person]
        left = []
        for row in list(self.rows):
            if row[1] is not None:
                if time is None or row[1] >= time - 3:
                    break
                left.append(row[0])
                self.rows.remove(row)
        self.rows.append((person, time))
        return len(self.rows) - 1 + len(left) < before, left


@settings(max_examples=200, deadline=None)
@given(EVENTS)
def test_as_a_list_would_do_it(events: list[tuple[int, float | None, str]]) -> None:
    pending, obvious = Pending(2), Obvious()
    for person, time, what in events:
        before = listed(pending), copy.deepcopy(obvious.rows)
        mark = pending.mark()
        was_there = pending.take(person, mark) is not None
        left = [] if time is None else [one.person for one in pending.older_than(time - 3, 99, mark)]
        pending.put(awaiting(person, time), mark)
        assert (was_there, left) == obvious.event(person, time)
        if what == "undo":
            pending.revert(mark)
            obvious.rows = before[1]
            assert listed(pending) == before[0]
        elif what == "save":
            again = Pending(2)
            again.set_state(pending.get_state(), n_items=1, n_people=5)
            pending = again
        assert listed(pending) == obvious.rows
        assert len(pending) == len(obvious.rows)


def test_no_more_at_once_than_asked_for() -> None:
    pending = Pending(2)
    for person in range(10):
        pending.put(awaiting(person, float(person)))
    assert [one.person for one in pending.older_than(8.0, most=5)] == [0, 1, 2, 3, 4]
    assert [one.person for one in pending.older_than(8.0, most=5)] == [5, 6, 7]
    assert 8 in pending and 7 not in pending


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
