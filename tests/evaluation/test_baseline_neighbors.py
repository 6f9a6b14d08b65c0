"""Sparse rows: equal to a dense matrix while there is room, and the heaviest entries when there is not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.evaluation import ItemKNN, SequenceKNN
from lifelong_widgets.memory.neighbor_table import NeighborTable
from tests.evaluation.baseline_learners import teach
from tests.evaluation.learners import catalog_of

N = 8
distinct = st.lists(st.integers(0, N - 1), max_size=N, unique=True)
changes = st.lists(st.tuples(st.booleans(), st.integers(0, N - 1), distinct, st.integers(1, 9)), max_size=20)
streams = st.lists(st.tuples(st.integers(0, 2), st.integers(0, N - 1)), min_size=1, max_size=50)


@given(changes=changes, rows=st.lists(st.integers(0, N + 3), min_size=1, max_size=6))
def test_a_table_with_room_is_a_dense_matrix(
    changes: list[tuple[bool, int, list[int], int]], rows: list[int]
) -> None:
    table, dense = NeighborTable(capacity=N), np.zeros((N + 4, N))
    for is_row, one, many, gain in changes:
        others, gains = np.array(many, dtype=np.int64), gain * np.arange(1.0, len(many) + 1)
        if is_row:
            table.add_to_row(one, others, gains)
            dense[one, others] += gains
        else:
            table.add_to_column(others, one, gains)
            dense[others, one] += gains
    factors = 0.5 ** np.arange(len(rows))
    np.testing.assert_allclose(
        table.sum(np.array(rows), factors, N).dense(N), factors @ dense[rows], rtol=1e-5
    )


def test_a_full_row_gives_up_its_lightest() -> None:
    table = NeighborTable(capacity=2)
    for column, gain in [(0, 5.0), (1, 1.0), (2, 2.0), (0, 1.0)]:
        table.add_to_column(np.array([3]), column, np.array([gain]))
    np.testing.assert_allclose(table.sum(np.array([3]), np.ones(1), 4).dense(4), [6, 0, 2, 0])
    table.add_to_row(
        3, np.array([2, 1]), np.array([1.0, 9.0])
    )  # 2 is there and stays, 1 takes the place of 0
    np.testing.assert_allclose(table.sum(np.array([3]), np.ones(1), 4).dense(4), [0, 9, 3, 0])
    table.add_to_row(3, np.array([0, 1, 2, 3]), np.array([4.0, 3.0, 2.0, 1.0]))  # more than there is room for
    np.testing.assert_allclose(table.sum(np.array([3]), np.ones(1), 4).dense(4), [4, 12, 0, 0])


@given(events=streams)
def test_sequence_knn_is_its_formula(events: list[tuple[int, int]]) -> None:
    knn = teach(
        SequenceKNN(catalog_of(*range(N)), window=4, decay=0.7, history_decay=0.6, backward=0.5), events
    )
    weights, counts = np.zeros((N, N)), np.zeros(N)
    histories: dict[int, list[int]] = {}
    for user, item in events:
        history = histories.setdefault(user, [])
        for distance, other in enumerate(history[:-5:-1]):
            weights[other, item] += 0.7**distance
            weights[item, other] += 0.5 * 0.7**distance
        counts[item] += 1
        history.append(item)
    for user, history in histories.items():
        want = sum(
            0.6**place * weights[item] / (counts[item] + 5) ** 0.5 / (counts + 5) ** 0.375
            for place, item in enumerate(history[:-5:-1])
        )
        ranked = knn.recommend(user, k=N, exclude_seen=False)
        scored = {item: score for item, score in zip(ranked.items, ranked.scores, strict=True) if score > 0}
        assert scored == pytest.approx({item: want[item] for item in range(N) if want[item] > 0}, rel=1e-4)


@given(events=streams, shrinkage=st.sampled_from([0.0, 5.0]))
def test_item_knn_is_its_formula(events: list[tuple[int, int]], shrinkage: float) -> None:
    knn = teach(ItemKNN(catalog_of(*range(N)), shrinkage=shrinkage), events)
    pairs, counts = np.zeros((N, N)), np.zeros(N)
    had: dict[int, set[int]] = {}
    for user, item in events:
        for other in had.setdefault(user, set()):
            pairs[item, other] += 1
            pairs[other, item] += item != other
        counts[item] += 1
        had[user].add(item)
    sizes = np.maximum(counts + shrinkage, 1e-9)
    for user, items in had.items():
        want = sum(pairs[item] / np.sqrt(sizes[item] * sizes) for item in items)
        ranked = knn.recommend(user, k=N, exclude_seen=False)
        scored = {item: score for item, score in zip(ranked.items, ranked.scores, strict=True) if score > 0}
        assert scored == pytest.approx({item: want[item] for item in range(N) if want[item] > 0}, rel=1e-4)


def test_room_for_the_heaviest_neighbours_is_enough() -> None:
    random = np.random.default_rng(0)
    people = np.repeat(np.arange(200), 10)
    items = (people % 10) * 10 + random.integers(10, size=len(people))
    noisy = np.where(random.random(len(people)) < 0.1, random.integers(100, size=len(people)), items)
    events = [*zip(people.tolist(), noisy.tolist(), strict=True), ("me", 40), ("me", 41)]
    wide, narrow = (teach(SequenceKNN(catalog_of(*range(100)), capacity=c), events) for c in (100, 20))
    assert set(wide.recommend("me", k=5).items) <= set(range(40, 50))
    assert set(narrow.recommend("me", k=5).items) <= set(range(40, 50))


def test_where_rows_are_short_the_nearest_are_kept() -> None:
    knn = teach(
        SequenceKNN(catalog_of(*range(N)), capacity=2, decay=0.5), [("ada", item) for item in range(5)]
    )
    teach(knn, [("me", 4)])  # whose row has the two that came just before
    ranked = knn.recommend("me", k=N)
    assert [item for item, score in zip(ranked.items, ranked.scores, strict=True) if score > 0] == [3, 2]
