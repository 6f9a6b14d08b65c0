from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.learning import Examples
from lifelong_widgets.learning.at_items import summed_by_item


@given(
    st.sampled_from([1, 3, 600, 10**6]),
    st.integers(0, 9),
    st.integers(0, 5),
    st.integers(1, 7),
    st.sampled_from([0, 1, 3]),
    st.integers(0, 2**32),
)
def test_each_item_has_the_sum_of_its_places(
    n_items: int, m: int, n: int, length: int, n_averages: int, seed: int
) -> None:
    """Whatever an item is in a batch, and however large its number; in the order of the numbers, once."""
    rng, dim = np.random.default_rng(seed), 4
    items, gradients = rng.integers(n_items, size=m), rng.normal(size=(m, dim))
    rewards = rng.choice([-1.0, 0.0, 0.5], size=(n, length))
    histories = rng.integers(n_items, size=(n, length))
    examples = Examples(histories, rewards, np.zeros(n, dtype=np.int64), np.ones(n))
    weights = rng.normal(size=(n, n_averages, length)) * (rewards != 0)[:, None] if n_averages else None
    of_inputs = rng.normal(size=(n, n_averages or length, dim))

    expected: dict[int, np.ndarray] = {}
    for item, gradient in zip(items.tolist(), gradients, strict=True):
        expected[item] = expected.get(item, np.zeros(dim)) + gradient
    at_history = of_inputs if weights is None else np.einsum("nal,nad->nld", weights, of_inputs)
    for person, place in np.argwhere(rewards != 0).tolist():
        item = int(histories[person, place])
        expected[item] = expected.get(item, np.zeros(dim)) + at_history[person, place]

    distinct, sums = summed_by_item(items, gradients, examples, weights, of_inputs)
    assert distinct.tolist() == sorted(expected)
    assert sums == pytest.approx(np.array([expected[item] for item in sorted(expected)]).reshape(-1, dim))
