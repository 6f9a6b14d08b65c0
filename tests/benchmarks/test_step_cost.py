"""A step and a score cost little more than the least that torch would do for them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from lifelong_widgets.learning import Examples, OnlineUpdater
from lifelong_widgets.models import Network, one_thread
from tests.benchmarks.test_click_cost import cpu_seconds

pytestmark = pytest.mark.benchmark

LENGTH, DIM, NEGATIVES = 50, 64, 300


@pytest.fixture(autouse=True)
def _one_thread() -> object:
    with one_thread():
        yield


class Ours:
    """The online step, with marks as the engine gives them, and the scores of one person."""

    def __init__(self, n_items: int, content_dim: int, n: int) -> None:
        self._network, self._updater = Network(), OnlineUpdater()
        self._network.build(content_dim, seed=0)
        rng = np.random.default_rng(0)
        content = rng.normal(size=(n_items, content_dim)) / max(content_dim, 1) ** 0.5
        self._network.items.grow(content.astype(np.float32))
        self._updater.build(self._network)
        self._batches = batches(n_items, n)
        self._rng, self._mark, self._turn = rng, self._updater.mark(), 0

    def next(self) -> Examples:
        self._turn += 1
        return self._batches[self._turn % len(self._batches)]

    def step(self) -> None:
        self._mark = self._updater.mark(self._mark)
        self._updater.step(self.next(), self._rng, mark=self._mark)

    def score(self) -> None:
        batch = self.next()
        self._network.score_all(batch.history_items[:1], batch.history_rewards[:1])


class Floor:
    """The same shapes in plain torch: a bag of the history, one dense layer, a softmax, sparse SGD."""

    def __init__(self, n_items: int, n: int) -> None:
        self._items = torch.nn.EmbeddingBag(n_items, DIM, mode="mean", sparse=True)
        self._layer = torch.nn.Linear(DIM, DIM)
        self._sgd = torch.optim.SGD([*self._items.parameters(), *self._layer.parameters()], lr=0.01)
        self._batches, self._turn = batches(n_items, n), 0
        self._n_items, self._rng = n_items, np.random.default_rng(0)

    def step(self) -> None:
        self._turn += 1
        batch = self._batches[self._turn % len(self._batches)]
        negatives = torch.from_numpy(self._rng.integers(self._n_items, size=NEGATIVES))
        targets = torch.from_numpy(batch.targets)
        users = self._layer(self._items(torch.from_numpy(batch.history_items)))
        ahead = functional.embedding(torch.cat([targets, negatives]), self._items.weight, sparse=True)
        own, others = ahead.split([len(batch), NEGATIVES])
        logits = torch.cat([(users * own).sum(1, keepdim=True), users @ others.T], dim=1)
        loss = functional.cross_entropy(logits, torch.zeros(len(batch), dtype=torch.int64))
        self._sgd.zero_grad()
        loss.backward()
        self._sgd.step()


def batches(n_items: int, n: int) -> list[Examples]:
    rng = np.random.default_rng(1)
    return [
        Examples(
            rng.integers(n_items, size=(n, LENGTH)),
            np.ones((n, LENGTH), dtype=np.float32),
            rng.integers(n_items, size=n),
            np.ones(n, dtype=np.float32),
        )
        for _ in range(32)
    ]


@pytest.mark.parametrize(("n_items", "content_dim", "n", "bar"), [(1682, 100, 2, 2.0), (100_000, 0, 32, 2.0)])
def test_a_step_beside_sparse_sgd_of_plain_torch(n_items: int, content_dim: int, n: int, bar: float) -> None:
    """Ours has a hidden layer of 128 and Adam more; what it has less is a graph."""
    ours, floor = Ours(n_items, content_dim, n), Floor(n_items, n)
    for _ in range(20):
        ours.step()
        floor.step()
    ratios = []
    for _ in range(3):
        mine, least = cpu_seconds(ours.step, floor.step, rounds=150)
        ratios.append(mine / least)
        print(f"{n} events: step {mine * 1e6:.0f} µs, plain torch {least * 1e6:.0f} µs: × {ratios[-1]:.2f}")
        if ratios[-1] < bar:
            return
    raise AssertionError(f"a step costs {min(ratios):.2f} times a bare sparse step")


def test_a_score_beside_its_matrix_product() -> None:
    """With 100,000 items the product is the score; reading a history must not show."""
    ours = Ours(100_000, 32, 1)
    rows = ours._network.items.rows
    query = torch.ones(1, rows.shape[1])
    ratios = []
    for _ in range(3):
        mine, least = cpu_seconds(ours.score, lambda: query @ rows.T)
        ratios.append(mine / least)
        print(f"score {mine * 1e6:.0f} µs, the product {least * 1e6:.0f} µs: × {ratios[-1]:.2f}")
        if ratios[-1] < 1.5:
            return
    raise AssertionError(f"a score costs {min(ratios):.2f} times its matrix product")
