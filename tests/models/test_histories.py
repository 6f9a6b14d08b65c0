from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.models import Histories

Event = tuple[int, int, float, int, bool]
EVENTS = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(0, 9),
        st.sampled_from([-1.0, 0.25, 1.0]),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=80,
)


@given(EVENTS, st.integers(1, 5))
def test_it_is_the_last_events_of_each_person_and_the_set_of_what_they_consumed(
    events: list[Event], length: int
) -> None:
    histories = Histories(length)
    for event in events:
        histories.append(*event)
    for user in range(42):
        own = [event for event in events if event[0] == user][::-1]
        recent = own[:length]
        padding = [0] * (length - len(recent))
        assert histories.items_of(user).tolist() == [event[1] for event in recent] + padding
        assert histories.rewards_of(user).tolist() == [event[2] for event in recent] + padding
        assert histories.kinds_of(user).tolist() == [event[3] for event in recent] + padding
        consumed = [event[1] for event in own[::-1] if event[4]]
        assert histories.consumed_by(user).tolist() == list(dict.fromkeys(consumed))


@given(EVENTS)
def test_a_copy_is_equal_and_apart(events: list[Event]) -> None:
    histories = Histories(3)
    for event in events:
        histories.append(*event)
    before = histories.get_state()
    copy = histories.copy()
    copy.append(0, 5, 1.0, 0, True)
    for name, array in histories.get_state().items():
        np.testing.assert_array_equal(array, before[name])


def test_reading_somebody_new_makes_no_row() -> None:
    histories = Histories(3)
    assert histories.items_of(7).tolist() == [0, 0, 0]
    assert histories.consumed_by(None).tolist() == []
    assert len(histories) == 0
