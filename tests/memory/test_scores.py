"""The best of many values, found in one pass; unions and sums of what members say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.memory.scores import DenseScores, SparseScores, best_places, union


@given(
    st.integers(0, 3_000),
    st.integers(0, 60),
    st.integers(1, 4),
    st.integers(0, 2**32 - 1),
)
def test_the_best_are_those_of_a_sort(n: int, k: int, n_distinct: int, seed: int) -> None:
    """With many ties and with none, with values of minus infinity, with what is hidden."""
    rng = np.random.default_rng(seed)
    values = rng.choice([rng.normal(size=n), rng.integers(n_distinct, size=n)]).astype(np.float32)
    values[rng.random(n) < rng.choice([0.0, 0.5, 1.0])] = -np.inf
    hidden = np.flatnonzero(rng.random(n) < 0.2)
    places = best_places(values, k, hidden)
    shown = values.copy()
    shown[hidden] = -np.inf
    order = [place for place in np.argsort(-shown, kind="stable").tolist() if shown[place] > -np.inf]
    assert sorted(places.tolist()) == sorted(order[:k])


def test_what_is_hidden_is_not_among_the_best_of_a_large_catalogue() -> None:
    scores = DenseScores(np.arange(100_000, dtype=np.float32))
    best = scores.best(20, hidden=np.arange(99_950, 100_000))
    assert np.sort(best).tolist() == list(range(99_930, 99_950))


def test_values_that_are_no_numbers_are_never_chosen() -> None:
    values = np.arange(1_000, dtype=np.float32)
    values[::3] = np.nan
    assert np.sort(best_places(values, 2)).tolist() == [997, 998]


@given(st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)), st.lists(st.integers(0, 30)))
def test_sums_of_sparse_scores_are_those_of_dense_ones(a: list[int], b: list[int], hidden: list[int]) -> None:
    one, other = (SparseScores(union(np.array(x, dtype=np.int64)), np.zeros(0, np.float32)) for x in (a, b))
    one.values = 1.0 + np.arange(len(one.items), dtype=np.float32)
    other.values = 0.25 * np.arange(len(other.items), dtype=np.float32)
    both = one.plus(other)
    assert both.items.tolist() == sorted({*a, *b})
    assert np.array_equal(both.dense(31), one.dense(31) + other.dense(31))
    best = both.best(3, union(np.array(hidden, dtype=np.int64)))
    dense = both.dense(31)
    dense[hidden] = 0.0
    assert sorted(dense[best].tolist()) == np.sort(dense[dense > 0])[-3:].tolist()
