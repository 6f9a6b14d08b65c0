from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
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


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name])
        assert np.asarray(array).dtype == np.asarray(other[name]).dtype


def filled() -> Histories:
    histories = Histories(2)
    for user, item in ((0, 9), (0, 4), (1, 4), (0, 6)):
        histories.append(user, item, 1.0, 0, True)
    return histories


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
        assert histories.consumed_by(user).tolist() == sorted(set(consumed))
        assert histories.consumed_by(user).dtype == histories.items_of(user).dtype == np.int64


@given(EVENTS)
def test_a_copy_is_equal_and_apart(events: list[Event]) -> None:
    histories = Histories(3)
    for event in events:
        histories.append(*event)
    before = histories.get_state()
    copy = histories.copy()
    assert_same(copy.get_state(), before)
    copy.append(0, 5, 1.0, 0, True)
    assert_same(histories.get_state(), before)


@given(EVENTS, EVENTS, EVENTS)
def test_reverting_newest_first_leaves_what_was_marked_and_goes_on_alike(
    before: list[Event], since: list[Event], later: list[Event]
) -> None:
    histories = Histories(3)
    for event in before:
        histories.append(*event)
    untouched = histories.copy()
    first = histories.mark()
    for event in since:
        histories.append(*event, mark=first)
    between, second = histories.get_state(), histories.mark()
    for event in later:
        histories.append(*event, mark=second)
    histories.revert(second)
    assert_same(histories.get_state(), between)
    histories.revert(first)
    assert_same(histories.get_state(), untouched.get_state())
    for event in later:
        histories.append(*event)
        untouched.append(*event)
    assert_same(histories.get_state(), untouched.get_state())


def test_a_file_from_before_they_were_sorted_is_read() -> None:
    histories = Histories(2)
    state = filled().get_state()
    state["consumed"] = np.array([9, 4, 6, 4], dtype=np.int64)
    state["items"] = state["items"].astype(np.int64)
    histories.set_state(state)
    assert [histories.consumed_by(user).tolist() for user in range(2)] == [[4, 6, 9], [4]]
    assert_same(histories.get_state(), filled().get_state())


@pytest.mark.parametrize(
    ("name", "damaged", "message"),
    [
        ("consumed", np.array([9, 9, 6, 4]), "twice"),
        ("consumed", np.array([9, -1, 6, 4]), "indices of items"),
        ("consumed", np.array([9, 2**40, 6, 4]), "indices of items"),
        ("consumed", np.array([9.0, 4.0, 6.0, 4.0]), "indices of items"),
        ("consumed", np.zeros((4, 1), dtype=np.int32), "offsets"),
        ("consumed_offsets", np.array([0, 5, 4]), "offsets"),
        ("consumed_offsets", np.array([0, 4]), "offsets"),
        ("items", np.full((2, 2), -1), "indices of items"),
        ("items", np.zeros((2, 3), dtype=np.int32), "shapes"),
        ("rewards", np.full((2, 2), np.inf, dtype=np.float32), "not finite"),
    ],
)
def test_a_damaged_state_is_refused_and_changes_nothing(name: str, damaged: np.ndarray, message: str) -> None:
    histories = filled()
    before = histories.get_state()
    with pytest.raises(FormatError, match=message):
        histories.set_state({**before, name: damaged})
    assert_same(histories.get_state(), before)


def test_a_consumed_item_takes_little_memory() -> None:
    tracemalloc.start()
    try:
        histories = Histories(3)
        before = tracemalloc.get_traced_memory()[0]
        for item in np.random.default_rng(0).permutation(20_000).tolist():
            histories.append(0, item, 1.0, 0, True)
        taken = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert taken < 6 * 20_000  # four bytes each, and the room that an array keeps to grow


def test_reading_somebody_new_makes_no_row() -> None:
    histories = Histories(3)
    assert histories.items_of(7).tolist() == [0, 0, 0]
    assert histories.consumed_by(None).tolist() == []
    assert len(histories) == 0
