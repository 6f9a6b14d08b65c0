"""What every replay policy must do: bounded, exact, deterministic, and what it keeps is what was put in."""

from __future__ import annotations

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning import Examples, ReservoirReplayBuffer

POLICIES = [ReservoirReplayBuffer]


def examples(start: int, n: int) -> Examples:
    number = np.arange(start, start + n)
    return Examples(
        np.stack([number, number + 1], axis=1), np.ones((n, 2), np.float32), number, number.astype(np.float32)
    )


def filled(
    policy: type[ReservoirReplayBuffer], n: int, capacity: int, seed: int = 0
) -> ReservoirReplayBuffer:
    buffer = policy(capacity=capacity)
    buffer.build(history_length=2)
    buffer.add(examples(0, n), np.random.default_rng(seed))
    return buffer


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> type[ReservoirReplayBuffer]:
    return request.param


@settings(max_examples=30)
@given(n=st.integers(0, 300), capacity=st.integers(1, 50))
def test_it_is_bounded_and_keeps_whole_examples(n: int, capacity: int) -> None:
    for policy in POLICIES:
        buffer = filled(policy, n, capacity)
        assert len(buffer) == min(n, capacity) and buffer.n_seen == n
        kept = buffer.examples(np.arange(len(buffer)))
        np.testing.assert_array_equal(kept.history_items[:, 0], kept.targets)
        np.testing.assert_array_equal(kept.rewards, kept.targets.astype(np.float32))
        assert len(set(kept.targets.tolist())) == len(buffer)


def test_an_empty_one_gives_nothing(policy: type[ReservoirReplayBuffer]) -> None:
    assert len(filled(policy, 0, 5).sample_slots(3, np.random.default_rng(0))) == 0


def test_samples_come_from_the_filled_slots(policy: type[ReservoirReplayBuffer]) -> None:
    slots = filled(policy, 3, 100).sample_slots(500, np.random.default_rng(0))
    assert set(slots.tolist()) == {0, 1, 2}


def test_one_by_one_or_at_once_is_the_same(policy: type[ReservoirReplayBuffer]) -> None:
    buffer, rng = policy(capacity=10), np.random.default_rng(0)
    buffer.build(history_length=2)
    for number in range(200):
        buffer.add(examples(number, 1), rng)
    np.testing.assert_array_equal(buffer.items, filled(policy, 200, 10).items)


def test_state_goes_on_exactly(policy: type[ReservoirReplayBuffer]) -> None:
    first = filled(policy, 70, 20)
    second = policy(capacity=20)
    second.build(history_length=2)
    second.set_state(first.get_state())
    for buffer in (first, second):
        buffer.add(examples(1000, 50), np.random.default_rng(3))
    for name, value in first.get_state().items():
        np.testing.assert_array_equal(value, second.get_state()[name])


@settings(max_examples=50)
@given(
    before=st.integers(0, 40), batches=st.lists(st.integers(0, 30), max_size=4), capacity=st.integers(1, 20)
)
def test_reverting_newest_first_leaves_what_was_marked(
    before: int, batches: list[int], capacity: int
) -> None:
    for policy in POLICIES:
        buffer, rng = filled(policy, before, capacity), np.random.default_rng(1)
        states, marks = [], []
        for number, n in enumerate(batches):
            states.append(buffer.get_state())
            marks.append(buffer.mark())
            for row in range(n):
                buffer.add(examples(1000 * (number + 1) + row, 1), rng, marks[-1])
        for state, mark in zip(states[::-1], marks[::-1], strict=True):
            buffer.revert(mark)
            for name, value in buffer.get_state().items():
                np.testing.assert_array_equal(value, state[name])


def test_views_cannot_be_written(policy: type[ReservoirReplayBuffer]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        filled(policy, 5, 5).items[0] = 9


def test_bad_sizes_are_refused(policy: type[ReservoirReplayBuffer]) -> None:
    with pytest.raises(traitlets.TraitError):
        policy(capacity=0)
    with pytest.raises(DataError, match="cannot change after"):
        filled(policy, 5, 5).capacity = 6
    small = policy(capacity=2)
    small.build(history_length=2)
    with pytest.raises(FormatError, match="do not fit"):
        small.set_state(filled(policy, 5, 5).get_state())


def test_a_reservoir_keeps_each_example_equally_often() -> None:
    n, capacity, rounds = 40, 10, 2000
    kept = np.zeros(n)
    for seed in range(rounds):
        kept[filled(ReservoirReplayBuffer, n, capacity, seed).items] += 1
    expected = rounds * capacity / n
    deviation = np.abs(kept - expected) / np.sqrt(expected * (1 - capacity / n))
    assert deviation.max() < 4.5
