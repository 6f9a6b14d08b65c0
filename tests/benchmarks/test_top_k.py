"""The best of a large catalogue by the network cost no more than a product and a partial sort of numpy."""

from __future__ import annotations

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from lifelong_widgets.memory.scores import DenseScores
from lifelong_widgets.models import Network, one_thread
from tests.benchmarks.test_click_cost import cpu_seconds

pytestmark = pytest.mark.benchmark

K = 20
NOTHING = np.zeros(0, dtype=np.int64)


@pytest.mark.parametrize(("n_items", "rounds"), [(100_000, 60), (1_000_000, 8)])
def test_the_best_twenty_beside_numpy(n_items: int, rounds: int) -> None:
    """From the same vector of the person; the bar is a tenth above numpy, and a margin for the clock."""
    network = Network()
    network.build(content_dim=0, seed=0)
    network.items.grow(np.zeros((n_items, 0), dtype=np.float32))
    rng = np.random.default_rng(0)
    items = rng.integers(n_items, size=(1, network.history_length))
    rewards = np.ones(items.shape, dtype=np.float32)
    rows = network.items.rows.numpy()

    def ours() -> np.ndarray:
        return DenseScores(next(network.score_each(items, rewards))).best(K, hidden=NOTHING)

    def numpys() -> np.ndarray:
        query = network.queries(network.user_vectors(items, rewards))[0].numpy()
        return np.argpartition(-(rows @ query), K - 1)[:K]

    with one_thread(), threadpool_limits(1):
        assert np.array_equal(np.sort(ours()), np.sort(numpys()))
        ratios = []
        for _ in range(4):
            mine, least = cpu_seconds(ours, numpys, rounds=rounds)
            ratios.append(mine / least)
            print(f"{n_items:,}: {mine * 1e6:.0f} µs, numpy {least * 1e6:.0f} µs: × {ratios[-1]:.2f}")
            if ratios[-1] < 1.15:
                return
    raise AssertionError(f"the best {K} of {n_items:,} cost {min(ratios):.2f} times what numpy takes")
