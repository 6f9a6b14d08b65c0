"""What is learned can be taken back bit for bit, and put into a file and read again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import Content, EpisodicMemory, Gate, Ledger, Moment, Past
from lifelong_widgets.memory.circumstances import N_PAUSES
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.state_file import digest_of

N_ITEMS = 12
EVENT = st.tuples(
    st.lists(st.integers(0, N_ITEMS - 1), max_size=6),
    st.integers(0, N_ITEMS - 1),
    st.floats(0, 1e6),
    st.sampled_from([0.2, 1.0, 3.0]),
)
LIFE = st.lists(EVENT, max_size=12)


def memory() -> EpisodicMemory:
    made = EpisodicMemory(n_neighbors=3, n_candidates=4)
    made.build()
    made._linear._slots.limit = 5  # so that places are given up
    return made


def live(made: EpisodicMemory, life: list[Any], ledger: Ledger | None = None) -> None:
    for last, item, now, weight in life:
        pause = now / 3.0 if last else float("inf")
        made.learn(np.array(last, dtype=np.int64), 3 * len(last), pause, item, now, weight, ledger)


@settings(max_examples=60, deadline=None)
@given(LIFE, LIFE)
def test_a_life_that_is_taken_back_leaves_no_trace(kept: list[Any], undone: list[Any]) -> None:
    made, ledger = memory(), Ledger()
    live(made, kept)
    before = digest_of(made.get_state())
    live(made, undone, ledger)
    ledger.revert()
    assert digest_of(made.get_state()) == before
    live(made, undone)
    other = memory()
    live(other, kept)
    live(other, undone)
    assert digest_of(made.get_state()) == digest_of(other.get_state())


@settings(max_examples=40, deadline=None)
@given(LIFE, LIFE)
def test_what_is_read_from_a_state_goes_on_alike(before: list[Any], after: list[Any]) -> None:
    one, other = memory(), memory()
    live(one, before)
    other.set_state(one.get_state(), N_ITEMS)
    assert digest_of(one.get_state()) == digest_of(other.get_state())
    live(one, after)
    live(other, after)
    assert digest_of(one.get_state()) == digest_of(other.get_state())


@settings(max_examples=30, deadline=None)
@given(LIFE, st.lists(st.integers(0, N_ITEMS - 1), max_size=5))
def test_looking_changes_nothing(life: list[Any], last: list[int]) -> None:
    made = memory()
    live(made, life)
    before = digest_of(made.get_state())
    items = np.array(last, dtype=np.int64)
    past = Past(items, np.ones(len(items), np.float32), np.zeros(len(items)), np.unique(items), Moment(9.0))
    seen = made.candidates(
        past,
        np.linspace(-1, 1, N_ITEMS, dtype=np.float32),
        Content(
            lambda items: np.stack([items % 2, items % 3], axis=1).astype(np.float32),
            (0, 2),
            lambda: np.ones(1, dtype=np.float32),
        ),
    )
    assert np.array_equal(seen.items, np.unique(seen.items)) and np.isfinite(seen.features).all()
    assert np.array_equal(seen.consumed, np.isin(seen.items, items))
    assert digest_of(made.get_state()) == before


@pytest.mark.parametrize("limit", [70, 2048])
def test_a_batch_in_which_the_linear_member_grows_can_be_taken_back(limit: int) -> None:
    """Its matrix is square: rows that were kept are narrower than what they would be put back into."""
    rec = Recommender(Catalog.from_records({"item": n} for n in range(200)), embedding_dim=4, hidden_dim=4)
    rec.memory._linear._slots.limit = limit
    for n in range(40):
        rec.learn_one(user="ada", item=n)
    before, mark = rec.digest(), rec.mark()
    rec.apply_batch([Feedback("ada", n) for n in range(40, 110)], mark=mark)
    after = rec.digest()
    rec.revert(mark)
    assert rec.digest() == before
    rec.apply_batch([Feedback("ada", n) for n in range(40, 110)])
    assert rec.digest() == after


def test_an_interrupt_within_a_batch_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = Recommender(Catalog.from_records({"item": n} for n in range(200)), embedding_dim=4, hidden_dim=4)
    rec.learn_one(user="ada", item=1)
    before, taken = rec.digest(), []
    append = rec.histories.append

    def interrupted(*event: Any, **others: Any) -> None:
        taken.append(event)
        if len(taken) == 90:
            raise KeyboardInterrupt
        append(*event, **others)

    with monkeypatch.context() as patch:
        patch.setattr(rec.histories, "append", interrupted)
        with pytest.raises(KeyboardInterrupt):
            rec.apply_batch([Feedback("ada", n) for n in range(2, 102)])
    assert rec.digest() == before and len(taken) == 90


def test_memory_is_taken_by_the_items_that_had_events() -> None:
    made = memory()
    made.learn(np.zeros(0, dtype=np.int64), 0, float("inf"), 99_999, 0.0, 1.0)
    made.learn(np.array([99_999]), 1, 1.0, 99_998, 1.0, 1.0)
    assert sum(part.nbytes for part in made._neighbors.get_state()["followers"].values()) < 100
    assert made.n_bytes < 20_000


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("popularity", "items", np.array([N_ITEMS + 3])),
        ("popularity", "logs", np.zeros((1, 2))),
        ("popularity", "counts", np.array([-9.0, 1.0])),
        ("popularity", "items", np.array([1, 0])),
        ("popularity", "pools", np.full((4, 256), 1, dtype=np.int32)),
        ("pauses", "items", np.array([N_ITEMS + 3])),
        ("pauses", "items", np.array([1, 0])),
        ("pauses", "counts", np.zeros((2, N_PAUSES), dtype=np.int32)),
        ("pauses", "counts", np.full((2, N_PAUSES), -1, dtype=np.int32)),
        ("pauses", "counts", np.full((2, N_PAUSES), 2**31 - 1, dtype=np.int32)),
        ("pauses", "counts", np.ones((2, N_PAUSES + 1), dtype=np.int32)),
        ("successors", "departures", np.array([np.nan, 1.0])),
        ("successors", "departures", np.array([-1.0, 1.0])),
        ("linear", "weights", np.full((2, 2), np.inf, dtype=np.float32)),
    ],
)
def test_a_state_that_fits_nothing_is_refused(part: str, name: str, value: np.ndarray) -> None:
    made = memory()
    live(made, [([0], 1, 5.0, 1.0), ([1], 0, 6.0, 1.0)])
    state = made.get_state()
    state[part] = {**state[part], name: value}
    with pytest.raises(FormatError):
        memory().set_state(state, N_ITEMS)


def test_a_clock_that_no_integer_holds_is_refused() -> None:
    made = memory()
    live(made, [([0], 1, 5.0, 1.0)])
    state = made.get_state()
    state["linear"]["slots"]["tick"] = 2**70
    with pytest.raises(FormatError, match="tick"):
        memory().set_state(state, N_ITEMS)


def test_the_gate_of_another_width_is_refused() -> None:
    one, other = Gate(gate_hidden_dim=4), Gate(gate_hidden_dim=8)
    one.build(0)
    other.build(0)
    with pytest.raises(FormatError, match="parameters"):
        other.set_state(one.get_state(), 0, 0)
