"""The linear model: Gauss-Seidel finds the ridge solution that is computed directly; its places are few."""

from __future__ import annotations

import numpy as np
import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.evaluation import LinearModel
from lifelong_widgets.memory.slots import Slots
from tests.evaluation.baseline_learners import teach
from tests.evaluation.learners import catalog_of, log_of

N, DECAY, RIDGE = 12, 0.8, 5.0


def stream(n: int = 1200, seed: int = 0) -> list[tuple[int, int]]:
    """Twelve people on walks among the items, mostly one or two further."""
    random = np.random.default_rng(seed)
    places, events = random.integers(N, size=12), []
    for _ in range(n):
        user = int(random.integers(12))
        step = random.choice([1, 2, random.integers(N)])
        places[user] = (places[user] + step) % N
        events.append((user, int(places[user])))
    return events


def direct(events: list[tuple[int, int]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """G, B and the ridge solution, by the book."""
    gram, targets = np.zeros((N, N)), np.zeros((N, N))
    histories: dict[int, np.ndarray] = {}
    for user, item in events:
        x = histories.get(user, np.zeros(N))
        gram += np.outer(x, x)
        targets[:, item] += x
        histories[user] = DECAY * x + np.eye(N)[item]
    return gram, targets, np.linalg.solve(gram + RIDGE * np.eye(N), targets)


def learner(**settings: int) -> LinearModel:
    return LinearModel(catalog_of(*range(N)), decay=DECAY, ridge=RIDGE, history_length=60, **settings)


def weights(model: LinearModel) -> np.ndarray:
    """W in the order of the catalogue."""
    places = model._model._slots.of(np.arange(N))
    return model._model._weights[np.ix_(places, places)]


def distance(model: LinearModel, solution: np.ndarray) -> float:
    return float(np.linalg.norm(weights(model) - solution) / np.linalg.norm(solution))


def test_gauss_seidel_converges_to_the_ridge_solution() -> None:
    events = stream()
    gram, targets, solution = direct(events)
    model = teach(learner(), events)
    places = model._model._slots.of(np.arange(N))
    np.testing.assert_allclose(model._model._gram[np.ix_(places, places)], gram, rtol=1e-3)
    np.testing.assert_allclose(model._model._targets[np.ix_(places, places)], targets, rtol=1e-3)

    distances = [distance(model, solution)]
    for _ in range(40):
        for row in range(N):
            model._model._solve_rows(np.array([row]))
        distances.append(distance(model, solution))
    assert distances[-1] < 1e-3
    assert distances[-1] < distances[5] < distances[0]


def test_on_the_stream_it_stays_near_the_solution_as_that_moves() -> None:
    events = stream()
    for n in (300, 600, 1200):
        _, _, solution = direct(events[:n])
        lazy, usual = (teach(learner(random_rows=rows), events[:n]) for rows in (0, 2))
        assert distance(usual, solution) < 0.1
        assert distance(usual, solution) < distance(lazy, solution)


def test_fit_solves_exactly_and_goes_on_from_there() -> None:
    events = stream(600)
    model = learner()
    model.fit(log_of(events[:400]))
    assert distance(model, direct(events[:400])[2]) < 1e-4
    before = distance(model, direct(events)[2])
    teach(model, events[400:])
    assert distance(model, direct(events)[2]) < 0.1 < before


def test_scores_are_the_history_times_the_weights() -> None:
    events = stream(300)
    model = teach(learner(), events)
    x = np.zeros(N)
    for user, item in events:
        x = DECAY * x + np.eye(N)[item] if user == 3 else x
    want = x @ weights(model)
    ranked = model.recommend(3, k=N, exclude_seen=False)
    scored = {item: score for item, score in zip(ranked.items, ranked.scores, strict=True) if score > 0}
    assert scored == pytest.approx({item: want[item] for item in range(N) if want[item] > 0}, rel=1e-3)


def test_rows_with_few_links_are_solved_the_same_way() -> None:
    """Thirty islands of two: a row is linked to two of sixty, which is the sparse path."""
    events = [(island, 2 * island + step % 2) for step in range(20) for island in range(30)]
    model = LinearModel(catalog_of(*range(60)), decay=DECAY, ridge=RIDGE)
    alone = LinearModel(catalog_of(0, 1), decay=DECAY, ridge=RIDGE)
    teach(model, events)
    teach(alone, [(0, step % 2) for step in range(20)])
    model.solve(), alone.solve()
    places = model._model._slots.of(np.array([0, 1]))
    solved = alone._model._weights[:2, :2]
    np.testing.assert_allclose(model._model._weights[np.ix_(places, places)], solved, rtol=1e-4)
    for _ in range(3):
        for row in range(60):
            model._model._solve_rows(np.array([row]))
    np.testing.assert_allclose(model._model._weights[np.ix_(places, places)], solved, rtol=1e-3)


def test_no_more_items_than_there_are_places() -> None:
    catalog = catalog_of(*range(500))
    model = LinearModel(catalog, ridge=1.0, max_items=100)
    teach(model, [(step % 7, step) for step in range(500)])
    assert (
        model._model._gram.shape == model._model._targets.shape == model._model._weights.shape == (100, 100)
    )
    assert sorted(model._model._slots.items.tolist()) == list(range(400, 500))
    assert np.array_equal(model._model._gram, model._model._gram.T)
    teach(model, [("new", 3)])  # which takes the place of 400, and of all that was known about it
    place = model._model._slots.of(np.array([3]))[0]
    for matrix in (model._model._gram, model._model._targets, model._model._weights):
        assert not matrix[place].any() and not matrix[:, place].any()
    assert len(model.recommend("new", k=999).items) == 499
    for _ in range(20):
        teach(model, [("ada", 3), ("ada", 4)])
    model.observe(Feedback("me", 3))
    assert model.recommend("me", k=1).items == (4,)


def test_the_place_that_is_given_up_is_the_least_recently_used() -> None:
    slots = Slots(limit=3)
    assert [slots.take(item) for item in (7, 8, 9, 7, 5)] == [
        (0, True), (1, True), (2, True), (0, False), (1, True),
    ]  # fmt: skip
    assert slots.of(np.array([7, 8, 9, 5])).tolist() == [0, -1, 2, 1]
    assert len(slots) == 3
