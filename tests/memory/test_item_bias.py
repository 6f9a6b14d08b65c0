from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import Ledger
from lifelong_widgets.memory.item_bias import ItemBias
from lifelong_widgets.state_file import digest_of


def test_it_finds_how_often_items_are_taken_when_nothing_else_is_known() -> None:
    bias, rng = ItemBias(), np.random.default_rng(0)
    items, shares = np.array([3, 7, 8]), np.array([0.6, 0.3, 0.1])
    for _ in range(4_000):
        bias.learn(items, bias.of(items), rng.choice(3, p=shares), 1.0, learning_rate=0.5)
    softmax = np.exp(bias.of(items)) / np.exp(bias.of(items)).sum()
    assert softmax == pytest.approx(shares, abs=0.05)


@given(
    st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=8, unique=True), min_size=1, max_size=12),
    st.integers(0, 11),
)
def test_a_list_says_nothing_on_balance_and_can_be_taken_back(lists: list[list[int]], kept: int) -> None:
    bias, rng = ItemBias(), np.random.default_rng(0)
    ledger, before = Ledger(), digest_of(bias.get_state())
    for n, listed in enumerate(lists):
        items = np.array(sorted(listed))
        if n <= kept:
            ledger, before = Ledger(), digest_of(bias.get_state())
        scores = bias.of(items) + rng.standard_normal(len(items)).astype(np.float32)
        bias.learn(items, scores, int(rng.integers(len(items))), 1.0, 0.1, ledger)
    ledger.revert()
    assert digest_of(bias.get_state()) == before


def test_what_is_sure_of_itself_and_right_changes_nothing() -> None:
    bias = ItemBias()
    bias.learn(np.array([1, 2]), np.array([50.0, 0.0]), 0, 1.0, 0.1)
    assert bias.of(np.array([1, 2])) == pytest.approx(0.0, abs=1e-6)


def test_a_state_goes_on_alike_and_a_wrong_one_is_refused() -> None:
    bias, again = ItemBias(), ItemBias()
    bias.learn(np.array([1, 30]), np.zeros(2), 1, 1.0, 0.1)
    again.set_state(bias.get_state(), 31)
    for one in (bias, again):
        one.learn(np.array([0, 30]), np.zeros(2), 0, 2.0, 0.1)
    assert digest_of(bias.get_state()) == digest_of(again.get_state())
    state = bias.get_state()
    for wrong in (
        {"slopes": -state["slopes"]},
        {"slopes": state["slopes"][:-1]},
        {"values": state["values"] * np.nan},
    ):
        with pytest.raises(FormatError):
            again.set_state({**state, **wrong}, 31)
    with pytest.raises(FormatError, match="more than items"):
        again.set_state(state, 30)
