from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import Ledger
from lifelong_widgets.memory.past_lists import PastLists
from lifelong_widgets.state_file import digest_of


def filled(n: int, n_candidates: int = 60) -> tuple[PastLists, np.random.Generator]:
    """Each list has its number in the first feature, the right item 1 in the second and the others 0."""
    lists, rng = PastLists(2), np.random.default_rng(0)
    for number in range(n):
        features = np.zeros((n_candidates, 2), dtype=np.float32)
        right = number * 7 % n_candidates
        features[:, 0], features[right, 1] = number % 2048, 1.0  # whole numbers that half precision holds
        lists.add(features, right, 1.0, rng)
    return lists, rng


def test_the_oldest_gives_up_its_place() -> None:
    lists, rng = filled(2_040)
    assert len(lists) == 2_000
    numbers = set(lists.sample(20_000, rng).features[:, 0, 0].tolist())
    assert numbers == set(map(float, range(40, 2_040)))


@given(st.integers(1, 33), st.data())
def test_of_a_short_list_each_is_kept_once(n_candidates: int, data: st.DataObject) -> None:
    right, lists = data.draw(st.integers(0, n_candidates - 1)), PastLists(1)
    features = np.arange(n_candidates, dtype=np.float32)[:, None]
    lists.add(features, right, 1.0, np.random.default_rng(0))
    kept = lists.sample(1, np.random.default_rng(0)).features[0, :n_candidates, 0]
    assert kept[0] == right and sorted(kept) == list(range(n_candidates))


@given(st.integers(1, 200))
def test_the_right_one_comes_first_and_the_others_stand_for_all(n_candidates: int) -> None:
    lists, rng = filled(3, n_candidates)
    one = lists.sample(1, rng)
    assert one.features[0, 0, 1] == 1.0 and not one.features[0, 1:, 1].any()
    n_others = int(one.facts[0, 0]) - 1
    assert n_others == min(n_candidates - 1, 32)
    if n_others:
        assert n_others * np.exp(one.facts[0, 1]) == pytest.approx(n_candidates - 1)


def test_the_sample_estimates_the_sum_over_all() -> None:
    """What the correction is for: the mean over many samples of a list is the sum over its candidates."""
    rng = np.random.default_rng(1)
    features = rng.standard_normal((150, 1)).astype(np.float32)
    lists = PastLists(1)
    for _ in range(500):
        lists.add(features, 0, 1.0, rng)
    drawn = lists.sample(2_000, rng)
    sums = np.exp(drawn.features[:, 1:, 0] + drawn.facts[:, [1]]).sum(1)
    assert np.mean(sums) == pytest.approx(np.exp(features[1:, 0]).sum(), rel=0.02)


def test_what_was_added_can_be_taken_back() -> None:
    for n in (0, 15, 16, 2_005):  # before and after the arrays have grown, and when an old one was lost
        (lists, rng), ledger = filled(n), Ledger()
        before = digest_of(lists.get_state())
        lists.add(np.ones((5, 2), dtype=np.float32), 0, 0.5, rng, ledger)
        assert digest_of(lists.get_state()) != before
        ledger.revert()
        assert digest_of(lists.get_state()) == before


def test_a_state_is_taken_back_or_refused() -> None:
    lists, rng = filled(10)
    other = PastLists(2)
    other.set_state(lists.get_state())
    assert digest_of(other.get_state()) == digest_of(lists.get_state())
    assert other.sample(1, np.random.default_rng(5)).features.any()
    other.add(np.ones((5, 2), dtype=np.float32), 0, 1.0, rng)
    assert len(other) == 11 and len(lists) == 10
    for column, value in ((0, 0.0), (0, 34.0), (0, 1.5), (1, -1.0), (2, -1.0)):
        state = lists.get_state()
        state["facts"][3, column] = value
        with pytest.raises(FormatError, match="past lists"):
            other.set_state(state)
    with pytest.raises(FormatError, match="past lists"):
        PastLists(3).set_state(lists.get_state())
