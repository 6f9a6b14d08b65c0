"""The largest of many values, found without partitioning them all."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.memory.scores import DenseScores, largest


@given(
    st.integers(0, 40_000),
    st.integers(1, 60),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
def test_they_are_those_of_a_sort(n: int, k: int, n_distinct: int, seed: int) -> None:
    """With many ties and with none, with and without values of minus infinity."""
    rng = np.random.default_rng(seed)
    values = rng.choice([rng.normal(size=n), rng.integers(n_distinct, size=n)]).astype(np.float32)
    values[rng.random(n) < rng.choice([0.0, 0.5, 1.0])] = -np.inf
    places = largest(values, k)
    assert len(set(places.tolist())) == min(n, k)
    assert np.array_equal(np.sort(values[places]), np.sort(values)[max(n - k, 0) :])


def test_what_is_hidden_is_not_among_the_best_of_a_large_catalogue() -> None:
    scores = DenseScores(np.arange(100_000, dtype=np.float32))
    best = scores.best(20, hidden=np.arange(99_950, 100_000))
    assert np.sort(best).tolist() == list(range(99_930, 99_950))


def test_values_that_are_no_numbers_come_last() -> None:
    values = np.arange(100_000, dtype=np.float32)
    values[::3] = np.nan
    assert np.sort(largest(values, 2)).tolist() == [99_997, 99_998]
