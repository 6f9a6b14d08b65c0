"""The measures, against values worked out by hand and against what must hold for any ranks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import DataError
from lifelong_widgets.evaluation import hit_rate, mrr, ndcg

MEASURES = [hit_rate, ndcg, mrr]
ranks_of_any_stream = st.lists(st.integers(0, 200), min_size=1, max_size=50)


def test_by_hand() -> None:
    ranks = [1, 2, 10, 11, 0]
    assert hit_rate(ranks, 10) == pytest.approx(3 / 5)
    assert ndcg(ranks, 10) == pytest.approx((1 + 1 / math.log2(3) + 1 / math.log2(11)) / 5)
    assert mrr(ranks, 100) == pytest.approx((1 + 1 / 2 + 1 / 10 + 1 / 11) / 5)
    assert mrr(ranks, 10) == pytest.approx((1 + 1 / 2 + 1 / 10) / 5)


@pytest.mark.parametrize("measure", MEASURES)
def test_nan_is_a_miss_and_no_event_has_no_measure(measure) -> None:
    assert measure([1.0, math.nan], 10) == measure([1, 0], 10) == 0.5
    assert math.isnan(measure([], 10))


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("ranks", [[-1], [1.5], [[1, 2]]])
def test_what_is_no_rank_is_refused(measure, ranks) -> None:
    with pytest.raises(DataError, match="rank"):
        measure(ranks, 10)


@pytest.mark.parametrize("measure", MEASURES)
def test_a_list_has_at_least_one_place(measure) -> None:
    with pytest.raises(DataError, match="at least 1"):
        measure([1], 0)


@given(ranks=ranks_of_any_stream, k=st.integers(1, 150))
def test_bounds_and_order(ranks: list[int], k: int) -> None:
    hr, gain, reciprocal = hit_rate(ranks, k), ndcg(ranks, k), mrr(ranks, k)
    assert 0 <= reciprocal <= gain <= hr <= 1
    assert hit_rate(ranks, k + 1) >= hr and ndcg(ranks, k + 1) >= gain and mrr(ranks, k + 1) >= reciprocal


@given(ranks=ranks_of_any_stream, k=st.integers(1, 150), seed=st.integers(0, 100))
def test_the_order_of_events_does_not_matter_and_parts_average(ranks: list[int], k: int, seed: int) -> None:
    shuffled = np.random.default_rng(seed).permutation(ranks)
    half = len(ranks) // 2
    for measure in MEASURES:
        whole = measure(ranks, k)
        assert measure(shuffled, k) == pytest.approx(whole)
        if half:
            parts = half * measure(ranks[:half], k) + (len(ranks) - half) * measure(ranks[half:], k)
            assert parts / len(ranks) == pytest.approx(whole)
