"""What each way to keep or to draw promises of its own."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.learning import Examples, ReplayBuffer
from lifelong_widgets.learning.strata import Strata
from lifelong_widgets.learning.sum_tree import SumTree
from tests.learning.test_replay_contract import examples, filled


def of_items(items: list[int]) -> Examples:
    targets = np.array(items)
    nothing = np.zeros((len(items), 2))
    return Examples(
        nothing.astype(np.int64), nothing.astype(np.float32), targets, np.ones(len(items), np.float32)
    )


def test_a_reservoir_keeps_each_example_equally_often() -> None:
    n, capacity, rounds = 40, 10, 2000
    kept = np.zeros(n)
    for seed in range(rounds):
        kept[filled(n, capacity, seed).items] += 1
    expected = rounds * capacity / n
    deviation = np.abs(kept - expected) / np.sqrt(expected * (1 - capacity / n))
    assert deviation.max() < 4.5


def test_the_recent_ones_are_the_last() -> None:
    assert sorted(filled(73, 10, retention="recent").items.tolist()) == list(range(63, 73))


@pytest.mark.parametrize("retention", ["item_stratified", "user_stratified"])
def test_a_stratified_one_keeps_the_rare_whole_and_shares_the_rest(retention: str) -> None:
    rng = np.random.default_rng(0)
    groups = np.where(rng.random(5000) < 0.9, 0, rng.integers(1, 4, size=5000))
    groups[[7, 900, 2500]] = 9  # three of five thousand, one of them long ago
    stream = of_items(groups.tolist() if retention == "item_stratified" else list(range(5000)))
    buffer = ReplayBuffer(capacity=100, retention=retention)
    buffer.build(history_length=2)
    buffer.add(stream, rng, users=groups)
    kept = np.bincount(groups[buffer.items] if retention == "user_stratified" else buffer.items, minlength=10)
    assert kept[9] == 3
    assert kept[:4].min() > 20 and kept[:4].max() < 30  # and not 90 of group 0


def test_a_full_group_keeps_a_uniform_sample_of_its_own() -> None:
    """Chrysakis and Moens (2020), proposition 1: of group 0 every example is kept equally often."""
    n, rounds = 60, 1500
    times = np.zeros(n)
    for seed in range(rounds):
        buffer = ReplayBuffer(capacity=10, retention="user_stratified")
        buffer.build(history_length=2)
        buffer.add(examples(0, n), np.random.default_rng(seed), users=np.zeros(n, dtype=np.int64))
        times[buffer.items] += 1
    expected = rounds * 10 / n
    assert (np.abs(times - expected) / np.sqrt(expected)).max() < 4.5


@settings(max_examples=60)
@given(st.lists(st.integers(0, 5), max_size=60), st.integers(1, 8))
def test_strata_know_the_largest_groups(groups: list[int], capacity: int) -> None:
    strata, rng, slots = Strata(capacity), np.random.default_rng(0), {}
    for group in groups:
        strata.count(group)
        slot = len(slots) if len(slots) < capacity else strata.slot_for(group, rng)
        if slot is not None:
            before = slots.get(slot)
            sizes = np.bincount(list(slots.values()), minlength=6) if slots else np.zeros(6)
            if before is not None and before != group:
                assert sizes[before] == sizes.max()
            slots[slot] = group
            strata.put(slot, group)
    assert strata.get_state()["owner"].tolist() == [slots[slot] for slot in sorted(slots)]


def test_prioritised_draws_go_by_the_loss_and_the_weights_take_it_back() -> None:
    buffer = filled(4, 4, sampling="prioritised", priority_exponent=1.0, importance_exponent=1.0)
    losses = np.array([1.0, 2.0, 3.0, 4.0], dtype=np.float32)
    buffer.note_losses(np.arange(4), losses)
    slots = buffer.sample_slots(40_000, np.random.default_rng(0))
    np.testing.assert_allclose(np.bincount(slots) / 40_000, losses / 10, atol=0.01)
    weights = buffer.importance_weights(np.arange(4))
    assert weights is not None
    np.testing.assert_allclose(weights, losses.min() / losses, rtol=1e-6)
    # so that every example counts the same in the long run
    all_weights = buffer.importance_weights(slots)
    assert all_weights is not None
    counted = np.bincount(slots, weights=all_weights)
    np.testing.assert_allclose(counted / counted.sum(), 0.25, atol=0.01)


def test_an_example_that_costs_nothing_is_still_drawn_now_and_then() -> None:
    buffer = filled(2, 2, sampling="prioritised")
    buffer.note_losses(np.array([0, 1]), np.array([0.0, 0.0], dtype=np.float32))
    assert set(buffer.sample_slots(50, np.random.default_rng(0)).tolist()) == {0, 1}


def test_hard_draws_prefer_the_large_losses() -> None:
    buffer = filled(100, 100, sampling="hard")
    buffer.note_losses(np.arange(100), np.arange(100, dtype=np.float32))
    hard = buffer.sample_slots(1000, np.random.default_rng(0)).mean()
    assert hard > 80 > filled(100, 100).sample_slots(1000, np.random.default_rng(0)).mean()
    assert buffer.importance_weights(np.arange(3)) is None


@settings(max_examples=100)
@given(
    # one group of blocks, two of which the last is not full, two and four full ones
    st.sampled_from([1, 2, 13, 17, 32, 45, 64]),
    st.lists(st.tuples(st.integers(0, 63), st.floats(0, 100)), max_size=40),
    st.lists(st.floats(0, 0.999999)),
)
def test_a_sum_tree_is_what_a_running_sum_is(
    capacity: int, sets: list[tuple[int, float]], where: list[float]
) -> None:
    tree, weights = SumTree(capacity), np.zeros(capacity)
    for slot, weight in sets:
        weights[slot % capacity] = weight
        tree.set(np.array([slot % capacity]), np.array([weight]))
    assert tree.total == pytest.approx(weights.sum())
    np.testing.assert_array_equal(tree.weights(np.arange(capacity)), weights)
    at_once = SumTree(capacity)
    at_once.set(np.arange(capacity), weights)
    assert at_once.total == tree.total  # whatever was set before
    if tree.total > 0:
        masses = np.array([*(share * tree.total for share in where), np.nextafter(tree.total, 0.0)])
        found, edges = tree.find(masses), np.cumsum(weights)
        assert (weights[found] > 0).all()
        for mass, slot in zip(masses.tolist(), found.tolist(), strict=True):
            assert edges[slot] - weights[slot] <= mass * (1 + 1e-9) + 1e-9
            assert mass <= edges[slot] * (1 + 1e-9) + 1e-9
        assert weights[tree.find(np.array([tree.total, 2.0 * tree.total]))].all()  # drawn back from the end
    else:
        with pytest.raises(ValueError, match="without any weight"):
            tree.find(np.zeros(1))


@pytest.mark.parametrize("capacity", [5, 16, 17, 64, 100, 4096])
def test_the_edges_of_a_sum_tree_belong_to_the_slot_behind_them(capacity: int) -> None:
    """Whole numbers, of which no sum is rounded: each slot, block and group begins exactly at its mass."""
    weights = np.random.default_rng(0).integers(1, 9, size=capacity).astype(float)
    tree, ends = SumTree(capacity), np.cumsum(weights)
    tree.set(np.arange(capacity), weights)
    assert tree.find((ends - weights) + 0.25).tolist() == list(range(capacity))
    masses = np.arange(0.5, ends[-1], 0.5)
    masses = masses[~np.isin(masses, ends)]
    assert tree.find(masses).tolist() == np.searchsorted(ends, masses, side="right").tolist()
