"""What every reducer must do, and what some of them promise beyond."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from scipy import sparse
from sklearn.base import clone

from lifelong_widgets.featurizers import REDUCERS, autoencoder
from lifelong_widgets.featurizers.reduction import PcaReducer, RandomProjection, Reducer


def topics(n_rows: int = 60, n_inputs: int = 40, n_topics: int = 4) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Rows about one of some topics, each with inputs of its own; a sparse matrix and the topics."""
    rng = np.random.default_rng(0)
    topic = np.arange(n_rows) % n_topics
    of_topic = np.arange(n_inputs) % n_topics == topic[:, None]
    return sparse.csr_matrix(
        rng.random((n_rows, n_inputs)) * (of_topic & (rng.random(of_topic.shape) < 0.7))
    ), topic


@pytest.fixture(autouse=True)
def _short_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here does not need a well-trained network."""
    monkeypatch.setattr(autoencoder, "_STEPS", 150)


@pytest.fixture(params=REDUCERS)
def reducer(request: pytest.FixtureRequest) -> Reducer:
    return REDUCERS[request.param](n_components=8, seed=3)


def test_dense_and_sparse_rows_give_the_same(reducer: Reducer) -> None:
    rows, _ = topics()
    thin = reducer.fit(rows).transform(rows)
    assert thin.shape == (60, 8)
    np.testing.assert_array_equal(reducer.transform(rows.toarray()), thin)
    np.testing.assert_allclose(clone(reducer).fit(rows.toarray()).transform(rows), thin, atol=1e-6)


def test_rows_of_one_topic_stay_together(reducer: Reducer) -> None:
    rows, topic = topics()
    thin = reducer.fit(rows).transform(rows)
    thin /= np.linalg.norm(thin, axis=1, keepdims=True)
    similar = thin @ thin.T
    np.fill_diagonal(similar, -2)
    assert (topic[similar.argmax(axis=1)] == topic).mean() > 0.7  # a guess: 0.25


def test_a_row_is_the_same_to_the_bit_alone_and_beside_others(reducer: Reducer) -> None:
    rows, _ = topics()
    thin = reducer.fit(rows).transform(rows)
    for n in (0, 17, 59):
        np.testing.assert_array_equal(reducer.transform(rows[[n]])[0], thin[n])


def test_a_row_of_zeros_stays_one(reducer: Reducer) -> None:
    rows, _ = topics()
    assert not reducer.fit(rows).transform(np.zeros((2, 40))).any()


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "rows",
    [np.ones((5, 3)), np.zeros((5, 3)), np.zeros((5, 0)), np.zeros((0, 3)), np.ones((1, 5)), np.eye(3)],
    ids=["alike", "empty", "no inputs", "no rows", "one row", "fewer than components"],
)
def test_the_width_is_always_the_same(reducer: Reducer, rows: np.ndarray) -> None:
    thin = reducer.fit(rows).transform(rows)
    assert thin.shape == (len(rows), 8)
    assert np.isfinite(thin).all()


def test_one_seed_one_result_and_no_global_one(reducer: Reducer) -> None:
    rows, _ = topics()
    torch.manual_seed(1)
    np.random.seed(1)
    before = torch.random.get_rng_state(), np.random.get_state()[1]
    first = reducer.fit(rows).transform(rows)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])
    torch.manual_seed(2)
    np.random.seed(2)
    np.testing.assert_array_equal(clone(reducer).fit(rows).transform(rows), first)


def test_the_state_is_arrays_and_json_and_brings_everything_back(reducer: Reducer) -> None:
    rows, _ = topics()
    expected = reducer.fit(rows).transform(rows)
    state = reducer.get_state()
    json.dumps({key: value for key, value in state.items() if not isinstance(value, np.ndarray)})
    np.testing.assert_array_equal(clone(reducer).set_state(state).transform(rows), expected)


def test_pca_is_that_of_the_centred_rows() -> None:
    rows = topics()[0].toarray()
    thin = PcaReducer(3).fit(rows).transform(rows)
    u, s, _ = np.linalg.svd(rows - rows.mean(axis=0), full_matrices=False)
    np.testing.assert_allclose(np.abs(thin), np.abs(u[:, :3] * s[:3]), atol=1e-8)


def test_pca_of_a_wide_sparse_matrix_stays_sparse(monkeypatch: pytest.MonkeyPatch) -> None:
    """20,000 x 20,000 would be 3 GB as a dense one."""
    rng = np.random.default_rng(0)
    n = 100_000
    place = rng.integers(20_000, size=n), rng.zipf(1.5, size=n) % 20_000
    rows = sparse.csr_matrix((np.ones(n), place), shape=(20_000, 20_000))

    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("made dense")

    monkeypatch.setattr(sparse.csr_matrix, "toarray", refuse)
    assert PcaReducer(4).fit(rows).transform(rows[:10]).shape == (10, 4)


def test_random_projection_needs_no_fit_and_keeps_lengths() -> None:
    rows = topics(n_inputs=2_000)[0]
    thin = RandomProjection(n_components=256, seed=0).transform(rows)
    ratio = np.linalg.norm(thin, axis=1) / np.linalg.norm(rows.toarray(), axis=1)
    assert ratio.min() > 0.75 and ratio.max() < 1.25
    np.testing.assert_array_equal(RandomProjection(256, 0).fit(rows).transform(rows), thin)
    assert (RandomProjection(256, 1).transform(rows) != thin).any()


def test_the_autoencoder_restores_what_was_struck_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of one topic with no input in common lie together: they were learned to restore one another."""
    monkeypatch.undo()  # the whole training
    rows, _ = topics(n_rows=400)
    codes = REDUCERS["autoencoder"](8, seed=0).fit(rows)
    one_topic, other = np.zeros((2, 40)), np.zeros((1, 40))
    one_topic[0, 0:20:4], one_topic[1, 20:40:4], other[0, 1:21:4] = 1, 1, 1
    a, b, c = (row / np.linalg.norm(row) for row in codes.transform(np.vstack([one_topic, other])))
    assert a @ b > 0.6 > 0.3 > a @ c
