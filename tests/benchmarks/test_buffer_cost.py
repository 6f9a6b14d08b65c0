"""To keep an example and to draw a batch cost little more than to copy the same rows with bare numpy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lifelong_widgets.learning import Examples, ReplayBuffer
from tests.benchmarks.test_click_cost import cpu_seconds

pytestmark = pytest.mark.benchmark

LENGTH, CAPACITY, BATCH = 50, 20_000, 256
ADDED = 200  # examples between two looks at the clock


def examples(n: int) -> Examples:
    rng = np.random.default_rng(1)
    return Examples(
        rng.integers(1000, size=(n, LENGTH)),
        rng.choice([0.0, 1.0], size=(n, LENGTH)).astype(np.float32),
        rng.integers(1000, size=n),
        rng.choice([-1.0, 1.0], size=n).astype(np.float32),
    )


class Ours:
    """A buffer that is offered examples one by one, or in a block, and gives batches."""

    def __init__(self, full: bool, **policy: str) -> None:
        self._buffer, self._rng = ReplayBuffer(capacity=CAPACITY, **policy), np.random.default_rng(0)
        self._buffer.build(LENGTH)
        self.block = examples(ADDED)
        self._each = [self.block[n : n + 1] for n in range(ADDED)]
        self._losses = np.ones(1, dtype=np.float32)
        if full:
            many = examples(2 * CAPACITY)
            self._buffer.add(many, self._rng, losses=1 + self._rng.random(len(many), dtype=np.float32))

    def add(self) -> None:
        buffer, rng, losses = self._buffer, self._rng, self._losses
        if len(buffer) + ADDED > CAPACITY > buffer.n_seen:
            buffer.build(LENGTH)  # so that it is always filled and never full
        for one in self._each:
            buffer.add(one, rng, losses=losses)

    def add_block(self) -> None:
        self._buffer.add(self.block, self._rng)

    def sample(self) -> None:
        self._buffer.examples(self._buffer.sample_slots(BATCH, self._rng))


class Floor:
    """The same rows in and out of the same arrays: no count, no policy, no class."""

    def __init__(self) -> None:
        self._items = np.ones((CAPACITY, LENGTH), dtype=np.int32)
        self._worth = np.ones((CAPACITY, LENGTH), dtype=np.float32)
        self._targets, self._rewards = np.ones(CAPACITY, dtype=np.int32), np.ones(CAPACITY, dtype=np.float32)
        self._rng, self._at = np.random.default_rng(0), 0
        self._block = examples(ADDED)

    def _next(self) -> int:
        self._at = (self._at + ADDED) % CAPACITY
        return self._at

    def add(self) -> None:
        past, worth = self._block.history_items, self._block.history_rewards
        targets, rewards = self._block.targets, self._block.rewards
        for row, slot in enumerate(range(self._next(), self._at + ADDED)):
            self._items[slot] = past[row]
            self._worth[slot] = worth[row]
            self._targets[slot] = targets[row]
            self._rewards[slot] = rewards[row]

    def add_block(self) -> None:
        slots = slice(self._next(), self._at + ADDED)
        self._items[slots], self._worth[slots] = self._block.history_items, self._block.history_rewards
        self._targets[slots], self._rewards[slots] = self._block.targets, self._block.rewards

    def sample(self) -> None:
        slots = self._rng.integers(CAPACITY, size=BATCH)
        self._items.take(slots, axis=0).astype(np.int64)
        self._worth.take(slots, axis=0)
        self._targets.take(slots).astype(np.int64)
        self._rewards.take(slots)


def held(what: str, ours: Callable[[], None], floor: Callable[[], None], n: int, bar: float) -> None:
    for _ in range(20):
        ours()
        floor()
    ratios = []
    for _ in range(4):
        mine, least = cpu_seconds(ours, floor, rounds=80)
        ratios.append(mine / least)
        print(f"{what}: {n / mine:,.0f} a second, bare numpy {n / least:,.0f}: × {ratios[-1]:.2f}")
        if ratios[-1] < bar:
            return
    raise AssertionError(f"{what} costs {min(ratios):.2f} times the bare copies")


@pytest.mark.parametrize(
    ("policy", "full", "bar"),
    [
        ({}, False, 3.5),
        ({}, True, 3.5),
        ({"retention": "recent"}, True, 3.5),
        ({"retention": "item_stratified"}, True, 4.5),
        ({"sampling": "prioritised"}, True, 4.0),
        ({"sampling": "hard"}, True, 4.0),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else str(value),
)
def test_a_single_add(policy: dict[str, str], full: bool, bar: float) -> None:
    held(f"add {policy}", Ours(full, **policy).add, Floor().add, ADDED, bar)


def test_a_block_of_adds() -> None:
    """Of a full reservoir: a few of the block stay."""
    held("add of 200", Ours(full=True).add_block, Floor().add_block, ADDED, 10.0)


@pytest.mark.parametrize(("sampling", "bar"), [("uniform", 2.0), ("hard", 4.0), ("prioritised", 2.0)])
def test_a_sample(sampling: str, bar: float) -> None:
    held(f"{sampling} sample of {BATCH}", Ours(full=True, sampling=sampling).sample, Floor().sample, 1, bar)
