"""Distances: known values, bounds, symmetry, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.drift import (
    jensen_shannon_divergence,
    population_stability_index,
    rank_biased_overlap,
)
from lifelong_widgets.errors import DataError

counts = st.integers(1, 12).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(0, 500), min_size=n, max_size=n).filter(any)] * 2)
)
rankings = st.lists(st.integers(0, 30), min_size=1, max_size=15, unique=True)
chances = st.floats(0.05, 0.98)


@given(counts)
def test_psi_is_symmetric_not_negative_and_zero_for_the_same(pair: tuple[list[int], list[int]]) -> None:
    one, other = pair
    psi = population_stability_index(one, other)
    assert psi >= 0 and psi == pytest.approx(population_stability_index(other, one))
    assert population_stability_index(one, one) == 0


@given(counts)
def test_js_is_symmetric_bounded_and_zero_for_the_same(pair: tuple[list[int], list[int]]) -> None:
    one, other = pair
    js = jensen_shannon_divergence(one, other)
    assert 0 <= js <= 1 and js == pytest.approx(jensen_shannon_divergence(other, one), abs=1e-12)
    assert jensen_shannon_divergence(one, one) == 0
    if not any(a and b for a, b in zip(one, other, strict=True)):
        assert js == pytest.approx(1)


@given(counts, st.integers(2, 1000))
def test_js_is_of_shares_so_that_a_multiple_is_the_same(
    pair: tuple[list[int], list[int]], times: int
) -> None:
    one, other = pair
    more = [times * count for count in other]
    assert jensen_shannon_divergence(one, more) == pytest.approx(
        jensen_shannon_divergence(one, other), abs=1e-9
    )


def test_js_of_known_distributions() -> None:
    # m = (3/4, 1/4): ½·log2(4/3) + ½·(½·log2(2/3) + ½·log2(2))
    expected = 0.5 * math.log2(4 / 3) + 0.25 * (math.log2(2 / 3) + 1)
    assert jensen_shannon_divergence([7, 0], [3, 3]) == pytest.approx(expected)


def test_psi_of_known_distributions() -> None:
    # The textbook's: 0.2 → 0.3 and 0.8 → 0.7
    expected = 0.1 * math.log(0.3 / 0.2) + -0.1 * math.log(0.7 / 0.8)
    assert population_stability_index([20, 80], [30, 70], pseudo_count=0) == pytest.approx(expected)


def test_psi_of_an_empty_bin_is_finite_only_with_a_pseudo_count() -> None:
    assert population_stability_index([1, 1], [1, 0], pseudo_count=0) == math.inf
    assert 0 < population_stability_index([100, 100], [200, 0]) < 10


def test_distances_of_the_largest_floats_are_finite() -> None:
    big = [1e308, 1e308]
    assert jensen_shannon_divergence(big, [1, 1]) == 0
    assert population_stability_index(big, [1, 1]) == pytest.approx(0)


@settings(deadline=None)
@given(rankings, rankings, chances)
def test_rbo_is_symmetric_and_bounded(one: list[int], other: list[int], p: float) -> None:
    rbo = rank_biased_overlap(one, other, p)
    assert 0 <= rbo <= 1 and rbo == pytest.approx(rank_biased_overlap(other, one, p))


@given(rankings, chances)
def test_rbo_of_a_list_with_itself_is_one_and_with_a_strange_one_zero(items: list[int], p: float) -> None:
    assert rank_biased_overlap(items, items, p) == pytest.approx(1)
    assert rank_biased_overlap(items, [-1 - item for item in items], p) == 0


@given(rankings.filter(lambda items: len(items) > 3), chances)
def test_rbo_minds_a_swap_at_the_top_more_than_one_at_the_end(items: list[int], p: float) -> None:
    top = [items[1], items[0], *items[2:]]
    end = [*items[:-2], items[-1], items[-2]]
    assert rank_biased_overlap(items, top, p) < rank_biased_overlap(items, end, p)


@given(rankings, chances, st.data())
def test_a_list_and_its_beginning_agree_as_far_as_it_is_known(
    items: list[int], p: float, data: st.DataObject
) -> None:
    beginning = items[: data.draw(st.integers(1, len(items)))]
    assert rank_biased_overlap(beginning, items, p) == pytest.approx(1)


def test_rbo_of_known_lists() -> None:
    # (1 − p)/p · Σ X_d/d p^d + X_4/4 p^4 at p = 0.9, with X = 0, 1, 2, 3 and then 0, 2, 2, 3
    by_hand = (0.1 / 0.9) * (0.5 * 0.9**2 + 2 / 3 * 0.9**3 + 3 / 4 * 0.9**4) + 3 / 4 * 0.9**4
    assert rank_biased_overlap("abcd", "baxc") == pytest.approx(
        (0.1 / 0.9) * (2 / 2 * 0.9**2 + 2 / 3 * 0.9**3 + 3 / 4 * 0.9**4) + 3 / 4 * 0.9**4
    )
    assert rank_biased_overlap("abcd", "xabc") == pytest.approx(by_hand)


def test_rbo_of_lists_of_different_lengths_by_hand() -> None:
    # S = "ab", L = "bxc", p = 0.5. X = 0, 1, 1; formula 32 with s = 2, l = 3.
    head = 0 + 1 / 2 * 0.25 + 1 / 3 * 0.125
    tail = 1 * (3 - 2) / (2 * 3) * 0.125
    end = ((1 - 1) / 3 + 1 / 2) * 0.125
    assert rank_biased_overlap("ab", "bxc", p=0.5) == pytest.approx(head + tail + end)


@pytest.mark.parametrize(
    ("one", "other", "words"),
    [
        ([1, 2], [1, 2, 3], "same length"),
        ([], [], "same length"),
        ([[1]], [[1]], "same length"),
        ([0, 0], [1, 2], "at least one event"),
        ([1, -1], [1, 2], "not negative"),
        ([1, np.nan], [1, 2], "finite"),
        (["a"], [1], "list of numbers"),
    ],
)
def test_what_is_no_distribution_is_refused(one: list[float], other: list[float], words: str) -> None:
    for distance in (population_stability_index, jensen_shannon_divergence):
        with pytest.raises(DataError, match=words):
            distance(one, other)


def test_what_is_no_ranking_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        rank_biased_overlap([], [1])
    with pytest.raises(DataError, match="twice"):
        rank_biased_overlap([1, 1], [1, 2])
    for p in (0, 1, 1.5, float("nan"), True, "0.9"):
        with pytest.raises(DataError, match="p is"):
            rank_biased_overlap([1], [1], p)  # type: ignore[arg-type]
    with pytest.raises(DataError, match="pseudo_count"):
        population_stability_index([1], [1], pseudo_count=-1)
