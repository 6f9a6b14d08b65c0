"""Propensities: distributions, exact, and what is really drawn."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError
from lifelong_widgets.exploration import (
    Candidates,
    EpsilonGreedy,
    LinearPosterior,
    LinearThompson,
    LinUCB,
    Policy,
    Softmax,
)

POLICIES: dict[str, Callable[[], Policy]] = {
    "greedy": lambda: EpsilonGreedy(0.0),
    "epsilon": lambda: EpsilonGreedy(0.3),
    "uniform": lambda: EpsilonGreedy(1.0),
    "softmax": lambda: Softmax(0.7),
    "cold softmax": lambda: Softmax(1e-3),
    "thompson": lambda: LinearThompson(2, n_samples=64),
    "ucb": lambda: LinUCB(2),
    "ucb and epsilon": lambda: LinUCB(2, epsilon=0.2),
}
of_all = pytest.mark.parametrize("name", POLICIES)
scores = st.lists(st.floats(-50, 50, allow_subnormal=False), min_size=1, max_size=7)


def pool_of(values: list[float]) -> Candidates:
    features = np.column_stack([np.ones(len(values)), np.asarray(values) / 10])
    return Candidates(tuple(range(len(values))), values, features)


@of_all
@given(scores, st.integers(1, 9), st.integers(0, 99))
def test_a_slate_has_propensities_of_a_distribution(
    name: str, values: list[float], k: int, seed: int
) -> None:
    pool, policy = pool_of(values), POLICIES[name]()
    slate = policy.draw(pool, k, np.random.default_rng(seed))
    assert len(slate.places) == len(set(slate.places)) == len(slate.propensities) == min(k, len(pool))
    assert all(0.0 < chance <= 1.0 for chance in slate.propensities)
    assert slate.first.shape == (len(pool),)
    assert (slate.first >= 0).all() and slate.first.sum() == pytest.approx(1.0)
    assert slate.first[slate.places[0]] == pytest.approx(slate.propensities[0])
    if k >= len(pool):
        assert slate.propensities[-1] == pytest.approx(1.0)  # one is left


@of_all
@given(scores, st.data())
def test_what_is_taken_is_not_chosen_again(name: str, values: list[float], data: st.DataObject) -> None:
    pool, policy = pool_of(values), POLICIES[name]()
    taken = data.draw(st.lists(st.integers(0, len(pool) - 1), unique=True, max_size=len(pool) - 1))
    chances = policy.probabilities(pool, np.random.default_rng(0), taken)
    assert not chances[taken].any() and chances.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["greedy", "epsilon", "uniform", "softmax", "ucb and epsilon"])
@given(scores, st.integers(0, 99))
def test_logged_propensities_are_those_of_the_policy(name: str, values: list[float], seed: int) -> None:
    pool, policy, rng = pool_of(values), POLICIES[name](), np.random.default_rng(seed)
    slate = policy.draw(pool, 3, rng)
    assert policy.propensities(pool, slate.places, rng) == pytest.approx(slate.propensities)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5), st.floats(0.2, 5))
def test_plackett_luce_by_brute_force(values: list[float], temperature: float) -> None:
    pool, policy, rng = pool_of(values), Softmax(temperature), np.random.default_rng(0)
    worth = np.exp(np.array(values) / temperature)
    k, total = min(3, len(values)), 0.0
    for places in itertools.permutations(range(len(values)), k):
        formula, left = 1.0, worth.sum()
        for place in places:
            formula *= worth[place] / left
            left -= worth[place]
        assert math.prod(policy.propensities(pool, places, rng)) == pytest.approx(formula)
        total += formula
    assert total == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["epsilon", "uniform", "softmax", "thompson", "ucb and epsilon"])
def test_slates_come_as_often_as_their_propensities_say(name: str) -> None:
    pool, policy, rng = pool_of([1.0, 0.4, 0.0, -0.3]), POLICIES[name](), np.random.default_rng(1)
    if isinstance(policy, LinearThompson):
        policy = LinearThompson(2, n_samples=512)  # the shares are then near what they estimate
    n, counts, said = 3000, dict[tuple[int, ...], int](), dict[tuple[int, ...], float]()
    for _ in range(n):
        slate = policy.draw(pool, 2, rng)
        counts[slate.places] = counts.get(slate.places, 0) + 1
        said[slate.places] = said.get(slate.places, 0.0) + math.prod(slate.propensities)
    for places, count in counts.items():
        chance = said[places] / count
        # five standard errors: of a dozen slates in five policies none is outside by chance
        assert abs(count / n - chance) < 5 * math.sqrt(chance * (1 - chance) / n) + 0.005


def test_the_weights_of_thompsons_shares_are_unbiased() -> None:
    # E[1/p̂ · 1{a}] = P(a is within reach) = 1 - (1 - p)^n for each item
    pool, rng = pool_of([0.3, 0.0, -0.3]), np.random.default_rng(0)
    policy = LinearThompson(2, n_samples=8)
    exact = LinearThompson(2, n_samples=20_000).probabilities(pool, rng)
    weights = np.zeros(3)
    for _ in range(4000):
        slate = policy.draw(pool, 1, rng)
        weights[slate.places[0]] += 1 / slate.propensities[0]
    assert weights / 4000 == pytest.approx(1 - (1 - exact) ** 8, abs=0.1)


def test_epsilon_greedy_by_hand() -> None:
    pool, rng = pool_of([1.0, 3.0, 2.0]), np.random.default_rng(0)
    assert EpsilonGreedy(0.3).probabilities(pool, rng) == pytest.approx([0.1, 0.8, 0.1])
    assert EpsilonGreedy(0.3).probabilities(pool, rng, [1]) == pytest.approx([0.15, 0.0, 0.85])
    assert EpsilonGreedy(0.0).draw(pool, 3, rng).places == (1, 2, 0)


@of_all
def test_the_same_seed_gives_the_same_slates(name: str) -> None:
    pool = pool_of([0.1, 0.5, 0.2, 0.9])
    one, other = (POLICIES[name]().draw(pool, 3, np.random.default_rng(7)) for _ in range(2))
    assert (one.places, one.propensities) == (other.places, other.propensities)


@given(st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=6), st.sampled_from([1e-300, 1.0, 1e300]))
def test_softmax_bears_any_finite_score(values: list[float], temperature: float) -> None:
    pool = Candidates(tuple(range(len(values))), values)
    slate = Softmax(temperature).draw(pool, len(values), np.random.default_rng(0))
    assert all(0.0 < chance <= 1.0 for chance in slate.propensities)


def test_the_posterior_is_ridge_regression_in_any_portions() -> None:
    rng = np.random.default_rng(0)
    rows, rewards = rng.normal(size=(30, 3)), rng.normal(size=30)
    one, portions = LinearPosterior(3, 2.0, 0.5), LinearPosterior(3, 2.0, 0.5)
    one.learn(rows, rewards)
    for start in range(0, 30, 7):
        portions.learn(rows[start : start + 7], rewards[start : start + 7])
    precision = 2.0 * np.eye(3) + rows.T @ rows / 0.25
    assert one.mean == pytest.approx(np.linalg.solve(precision, rows.T @ rewards / 0.25))
    assert portions.mean == pytest.approx(one.mean)
    covariance = np.linalg.inv(precision)
    assert one.deviation(rows) == pytest.approx(np.sqrt(np.einsum("ij,jk,ik->i", rows, covariance, rows)))
    assert np.cov(one.sample(20_000, rng).T) == pytest.approx(covariance, abs=0.1 * covariance.max())


def test_a_prior_mean_is_what_is_believed_before_anything_was_seen() -> None:
    posterior = LinearPosterior(2, prior_precision=4.0, noise=1.0, prior_mean=[0.0, 0.5])
    assert posterior.mean == pytest.approx([0.0, 0.5])
    posterior.learn([[0.0, 1.0]] * 4, [1.0] * 4)  # four rows weigh as much as a precision of four
    assert posterior.mean == pytest.approx([0.0, 0.75])
    ranked = LinUCB(2, alpha=1e-9, prior_mean=[0.0, 1.0])
    assert ranked.draw(pool_of([1.0, 3.0, 2.0]), 3, np.random.default_rng(0)).places == (1, 2, 0)


def test_linear_policies_find_the_best_arm() -> None:
    arms, chances = np.eye(4), np.array([0.2, 0.3, 0.8, 0.4])
    for policy in (LinearThompson(4, n_samples=50), LinUCB(4, alpha=2.0)):
        rng = np.random.default_rng(3)
        pool = Candidates(("a", "b", "c", "d"), np.zeros(4), arms)
        chosen = []
        for _ in range(400):
            place = policy.draw(pool, 1, rng).places[0]
            chosen.append(place)
            policy.learn(arms[[place]], np.array([float(rng.random() < chances[place])]))
        assert np.mean(np.array(chosen[200:]) == 2) > 0.8, policy


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: EpsilonGreedy(1.1), "epsilon is 1.1; it must be a number from 0 to 1"),
        (lambda: EpsilonGreedy(float("nan")), "epsilon is nan"),
        (lambda: EpsilonGreedy("much"), "epsilon is 'much'"),  # type: ignore[arg-type]
        (lambda: Softmax(0), "temperature is 0; it must be a finite number above 0"),
        (lambda: LinUCB(0), "dim is 0"),
        (lambda: LinUCB(2, alpha=-1), "alpha is -1"),
        (lambda: LinearThompson(2, n_samples=0), "n_samples is 0"),
        (
            lambda: LinearPosterior(2).learn([[1.0]], [1.0]),
            r"finite \(n, 2\) array, not one of shape \(1, 1\)",
        ),
        (lambda: LinearPosterior(1).learn([[1.0]], [float("nan")]), "rewards are 1 finite numbers"),
        (lambda: LinUCB(2, prior_mean=[1.0]), "prior_mean is 2 finite numbers"),
        (lambda: Candidates((), []), "no candidate"),
        (lambda: Candidates(("a", "a"), [1, 2]), "'a' is there twice"),
        (lambda: Candidates(("a", "b"), [1, float("inf")]), "2 finite numbers"),
        (lambda: Candidates(("a",), [1], [[1.0], [2.0]]), r"a finite \(1, d\) array"),
        (lambda: Candidates(("a",), [1]).remaining([0]), "all 1 candidates are taken"),
        (
            lambda: LinUCB(2).draw(Candidates(("a",), [1]), 1, np.random.default_rng(0)),
            "LinUCB reads features",
        ),
        (lambda: Softmax().draw(pool_of([1.0]), 0, np.random.default_rng(0)), "k is 0"),
    ],
)
def test_what_cannot_be_used_is_named(make: Callable[[], object], message: str) -> None:
    with pytest.raises(DataError, match=message):
        make()
