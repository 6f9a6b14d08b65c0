"""Model drift: a model that did not learn has not moved, one that did has, and the movers are named."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.drift import ModelSnapshot, cosine_distances, model_drift
from lifelong_widgets.errors import DataError
from lifelong_widgets.recommender import Recommender

PEOPLE = [f"p{n}" for n in range(12)]


@pytest.fixture
def rec() -> Iterator[Recommender]:
    catalog = Catalog.from_pandas(
        pd.DataFrame({"item": [f"i{n}" for n in range(40)], "categories": ["ab"[n % 2] for n in range(40)]})
    )
    yield Recommender(catalog, embedding_dim=8, hidden_dim=16, replay_ratio=2, learning_rate=0.02)


def lists(**of: tuple[str, ...]) -> ModelSnapshot:
    return ModelSnapshot(of, (), np.zeros((0, 0), dtype=np.float32))


def test_a_model_that_learned_nothing_has_not_moved(rec: Recommender) -> None:
    digest = rec.digest()
    found = model_drift(ModelSnapshot.of(rec, PEOPLE), ModelSnapshot.of(rec, PEOPLE))
    assert (found.embedding_shift, found.overlap, found.most_moved) == (0, pytest.approx(1), ())
    assert (found.n_items, found.n_lists) == (40, 12)
    assert rec.digest() == digest


def test_what_was_learned_moves_items_and_lists(rec: Recommender) -> None:
    before = ModelSnapshot.of(rec, PEOPLE)
    for n in range(60):
        rec.learn_one(Feedback(PEOPLE[n % 12], f"i{n % 5}"))
    found = model_drift(before, ModelSnapshot.of(rec, PEOPLE))
    assert found.embedding_shift is not None and found.embedding_shift > 0.01
    assert found.overlap is not None and found.overlap < 0.95
    assert len(found.most_moved) == 5 and found.most_moved[0][1] >= found.most_moved[-1][1] > 0
    assert found.status == f"lists agree to {found.overlap:.2f}"


def test_a_snapshot_does_not_follow_the_model(rec: Recommender) -> None:
    before = ModelSnapshot.of(rec, PEOPLE)
    vectors = before.vectors.copy()
    for item in ("i0", "i1", "i2"):
        rec.learn_one(Feedback("p0", item))
    np.testing.assert_array_equal(before.vectors, vectors)
    assert not np.array_equal(ModelSnapshot.of(rec, PEOPLE).vectors, vectors)


def test_items_that_came_in_between_are_left_out(rec: Recommender) -> None:
    before = ModelSnapshot.of(rec, PEOPLE)
    rec.catalog.add({"item": "new", "categories": ["a"]})
    after = ModelSnapshot.of(rec, PEOPLE)
    assert len(after.items) == len(after.vectors) == 41
    assert model_drift(before, after).n_items == 40


def test_a_model_without_vectors_is_compared_by_its_lists() -> None:
    @dataclass
    class Answer:
        items: tuple[str, ...]

    class Fixed:
        def recommend(self, user: object, k: int = 10) -> Answer:
            return Answer(("a", "b", "c")[:k])

    found = model_drift(*[ModelSnapshot.of(Fixed(), PEOPLE, k=2)] * 2)
    assert found.embedding_shift is None and found.overlap == pytest.approx(1)


def test_too_few_lists_are_said() -> None:
    found = model_drift(lists(ada=("x",), bob=()), lists(ada=("x",), bob=("x",), eve=("x",)))
    assert (found.overlap, found.status) == (None, "too few lists: 1 of 10")


def test_the_overlap_is_the_mean_over_people() -> None:
    one, other = lists(ada=("x", "y"), bob=("x", "y")), lists(ada=("x", "y"), bob=("u", "v"))
    assert model_drift(one, other, min_lists=2).overlap == pytest.approx(0.5)


matrices = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.floats(-1e3, 1e3, width=32), min_size=width, max_size=width), min_size=1, max_size=6
    )
)


@given(matrices, st.floats(0.01, 1e3))
def test_cosine_distance_is_bounded_and_minds_directions_only(rows: list[list[float]], scale: float) -> None:
    one = np.array(rows)
    other = one[::-1]
    found = cosine_distances(one, other)
    assert ((found >= 0) & (found <= 2)).all()
    np.testing.assert_allclose(found, cosine_distances(other, one), atol=1e-12)
    np.testing.assert_allclose(found, cosine_distances(scale * one, other), atol=1e-6)
    assert not cosine_distances(one, one).any()


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(DataError, match="same shape"):
        cosine_distances([[1, 2]], [[1]])
    with pytest.raises(DataError, match="not finite"):
        cosine_distances([[1, 2]], [[1, np.inf]])
    with pytest.raises(DataError, match="min_lists"):
        model_drift(lists(), lists(), min_lists=0)
