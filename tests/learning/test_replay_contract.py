"""What every way to keep and to draw must do: bounded, exact, deterministic, nothing that was not put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import traitlets
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError, FormatError
from lifelong_widgets.learning import Examples, ReplayBuffer, Scored
from lifelong_widgets.learning.distillation import N_SCORED

RETENTION = ReplayBuffer.class_traits()["retention"].values  # type: ignore[attr-defined]
SAMPLING = ReplayBuffer.class_traits()["sampling"].values  # type: ignore[attr-defined]
POLICIES: list[dict[str, Any]] = [
    {"retention": keep, "sampling": draw} for keep in RETENTION for draw in SAMPLING
]
POLICIES.append({"retention": "reservoir", "distillation": 0.5})


def examples(start: int, n: int) -> Examples:
    number = np.arange(start, start + n)
    return Examples(
        np.stack([number, number + 1], axis=1), np.ones((n, 2), np.float32), number, number.astype(np.float32)
    )


def users_of(some: Examples) -> np.ndarray:
    """Person 0 has half of the examples, person 1 a quarter, and so on."""
    return np.array([min(int(number & -number).bit_length(), 6) for number in (some.targets + 1).tolist()])


def add(buffer: ReplayBuffer, some: Examples, rng: np.random.Generator, mark: Any = None) -> None:
    said = Scored(*(np.repeat(part[:, None], N_SCORED, axis=1) for part in (some.targets, some.rewards)))
    buffer.add(some, rng, mark, users_of(some), 1 + some.rewards % 7, said)


def filled(n: int, capacity: int, seed: int = 0, **policy: Any) -> ReplayBuffer:
    buffer = ReplayBuffer(capacity=capacity, **policy)
    buffer.build(history_length=2)
    add(buffer, examples(0, n), np.random.default_rng(seed))
    return buffer


def same(first: Any, second: Any) -> None:
    assert first.keys() == second.keys()
    for name, value in first.items():
        if isinstance(value, dict):
            same(value, second[name])
        else:
            np.testing.assert_array_equal(value, second[name])


@pytest.fixture(params=POLICIES, ids=lambda policy: "-".join(map(str, policy.values())))
def policy(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


@settings(max_examples=30)
@given(st.integers(1, 400), st.booleans())
def test_a_state_takes_few_bytes_and_loses_none(n_values: int, negative: bool) -> None:
    """Rewards are codes of eight bits while they take at most 256 values; `-0.0` stays what it is."""
    values = np.linspace(-1, 1, n_values, dtype=np.float32)
    values[0] = -0.0 if negative else 0.0
    some = examples(0, 400)
    some = replace(some, history_rewards=np.resize(values, (400, 2)))
    first, second = (ReplayBuffer(capacity=400) for _ in range(2))
    for buffer in (first, second):
        buffer.build(history_length=2)
    first.add(some, np.random.default_rng(0))
    state = first.get_state()
    coded = len(np.unique(values.view(np.int32))) <= 256
    assert state["history_rewards"].itemsize == (1 if coded else 4) and state["history_items"].itemsize == 2
    second.set_state(state)
    slots = np.arange(400)
    old, new = (buffer.examples(slots).history_rewards for buffer in (first, second))
    np.testing.assert_array_equal(old.view(np.int32), new.view(np.int32))


@settings(max_examples=30)
@given(n=st.integers(0, 300), capacity=st.integers(1, 50))
def test_it_is_bounded_and_keeps_whole_examples(n: int, capacity: int) -> None:
    for policy in POLICIES:
        buffer = filled(n, capacity, **policy)
        assert len(buffer) == min(n, capacity) and buffer.n_seen == n
        kept = buffer.examples(np.arange(len(buffer)))
        np.testing.assert_array_equal(kept.history_items[:, 0], kept.targets)
        np.testing.assert_array_equal(kept.rewards, kept.targets.astype(np.float32))
        assert len(set(kept.targets.tolist())) == len(buffer)
        said = buffer.scored(np.arange(len(buffer)))
        assert (said is not None) == ("distillation" in policy)
        if said is not None:
            np.testing.assert_array_equal(said.items, np.repeat(kept.targets[:, None], N_SCORED, axis=1))
            np.testing.assert_array_equal(said.scores[:, 0], kept.rewards)


def test_an_empty_one_gives_nothing(policy: dict[str, Any]) -> None:
    assert len(filled(0, 5, **policy).sample_slots(3, np.random.default_rng(0))) == 0


def test_samples_come_from_the_filled_slots(policy: dict[str, Any]) -> None:
    slots = filled(3, 100, **policy).sample_slots(500, np.random.default_rng(0))
    assert len(slots) == 500 and set(slots.tolist()) <= {0, 1, 2}


def test_one_by_one_or_at_once_is_the_same(policy: dict[str, Any]) -> None:
    buffer, rng = ReplayBuffer(capacity=10, **policy), np.random.default_rng(0)
    buffer.build(history_length=2)
    for number in range(200):
        add(buffer, examples(number, 1), rng)
    same(buffer.get_state(), filled(200, 10, **policy).get_state())


def test_state_goes_on_exactly(policy: dict[str, Any]) -> None:
    first = filled(70, 20, **policy)
    second = ReplayBuffer(capacity=20, **policy)
    second.build(history_length=2)
    second.set_state(first.get_state())
    drawn = []
    for buffer in (first, second):
        rng = np.random.default_rng(3)
        add(buffer, examples(1000, 50), rng)
        slots = buffer.sample_slots(30, rng)
        buffer.note_losses(slots, np.linspace(0, 3, 30, dtype=np.float32)[slots])
        drawn.append(buffer.sample_slots(30, rng))
    same(first.get_state(), second.get_state())
    np.testing.assert_array_equal(*drawn)


@settings(max_examples=40)
@given(
    before=st.integers(0, 40), batches=st.lists(st.integers(0, 30), max_size=4), capacity=st.integers(1, 20)
)
def test_reverting_newest_first_leaves_what_was_marked(
    before: int, batches: list[int], capacity: int
) -> None:
    for policy in POLICIES:
        buffer, rng = filled(before, capacity, **policy), np.random.default_rng(1)
        states, draws, marks = [], [], []

        def drawn(buffer: ReplayBuffer = buffer) -> list[int]:
            return list(buffer.sample_slots(9, np.random.default_rng(5)).tolist())

        for number, n in enumerate(batches):
            states.append(buffer.get_state())
            draws.append(drawn())
            marks.append(buffer.mark())
            for row in range(n):
                add(buffer, examples(1000 * (number + 1) + row, 1), rng, marks[-1])
                slots = buffer.sample_slots(3, rng)
                buffer.note_losses(slots, slots.astype(np.float32), marks[-1])
        for state, draw, mark in zip(states[::-1], draws[::-1], marks[::-1], strict=True):
            buffer.revert(mark)
            same(buffer.get_state(), state)
            assert drawn() == draw


def test_views_cannot_be_written(policy: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="read-only"):
        filled(5, 5, **policy).items[0] = 9


def test_bad_sizes_are_refused(policy: dict[str, Any]) -> None:
    with pytest.raises(traitlets.TraitError):
        ReplayBuffer(capacity=0)
    with pytest.raises(DataError, match="cannot change after"):
        filled(5, 5, **policy).capacity = 6
    small = ReplayBuffer(capacity=2, **policy)
    small.build(history_length=2)
    with pytest.raises(FormatError, match="do not fit"):
        small.set_state(filled(5, 5, **policy).get_state())


@pytest.mark.parametrize(
    "damage",
    [
        lambda state: state["strata"].update(owner=state["strata"]["owner"][:-1]),
        lambda state: state["strata"].update(n_seen=state["strata"]["n_seen"] * 0),
        lambda state: state["strata"].update(groups=state["strata"]["groups"][::-1].copy()),
        lambda state: state["strata"].update(full=state["strata"]["full"].astype(float)),
        lambda state: state.update(losses=state["losses"] * np.float32(np.nan)),
        lambda state: state.update(losses=-state["losses"]),
        lambda state: state.update(losses=state["losses"][1:]),
        lambda state: state.update(history_rewards=state["history_rewards"] + np.uint8(1)),
        lambda state: state.update(history_rewards=state["history_rewards"].astype(np.int64)),
        lambda state: state.update(reward_values=state["reward_values"] * np.float32(np.inf)),
        lambda state: state.update(reward_values=state["reward_values"].astype(object)),
    ],
)
def test_a_damaged_state_is_refused(damage: Callable[[dict[str, Any]], None]) -> None:
    policy = {"retention": "user_stratified", "sampling": "prioritised"}
    state = filled(30, 10, **policy).get_state()
    damage(state)
    buffer = ReplayBuffer(capacity=10, **policy)
    buffer.build(history_length=2)
    with pytest.raises(FormatError, match="replay buffer"):
        buffer.set_state(state)


def test_a_user_stratified_one_has_to_know_whose_they_are() -> None:
    buffer = ReplayBuffer(retention="user_stratified")
    buffer.build(history_length=2)
    with pytest.raises(DataError, match="the `users`"):
        buffer.add(examples(0, 1), np.random.default_rng(0))


def test_one_with_a_distillation_has_to_know_what_the_model_says() -> None:
    buffer = ReplayBuffer(distillation=1.0)
    buffer.build(history_length=2)
    with pytest.raises(DataError, match="what the model says"):
        buffer.add(examples(0, 1), np.random.default_rng(0))
    assert buffer.n_seen == 0


@pytest.mark.parametrize("name", ["scores", "score_items"])
def test_damaged_scores_are_refused(name: str) -> None:
    state = filled(5, 5, distillation=1.0).get_state()
    state[name] = state[name][:, 1:]
    with pytest.raises(FormatError, match=f"replay buffer: {name}"):
        filled(5, 5, distillation=1.0).set_state(state)
