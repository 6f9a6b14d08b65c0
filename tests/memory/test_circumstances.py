"""What is taken after which pause, and what the gate is told of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.compression.small_parts import pack_circumstances, unpack_circumstances
from lifelong_widgets.data import Catalog
from lifelong_widgets.errors import FormatError
from lifelong_widgets.memory import FEATURES, Ledger, Moment, Past
from lifelong_widgets.memory.candidates import describe
from lifelong_widgets.memory.circumstances import N_PAUSES, OPENING, Circumstances, pause_kind
from lifelong_widgets.memory.popularity import PopularityBank
from lifelong_widgets.recommender import Recommender
from lifelong_widgets.state_file import digest_of

EVENTS = st.lists(st.tuples(st.integers(0, N_PAUSES - 1), st.integers(0, 9)), max_size=30)
ALL = np.arange(12)
HOUR = 3_600.0


def lived(events: list[tuple[int, int]], ledger: Ledger | None = None) -> Circumstances:
    made = Circumstances(N_PAUSES)
    for kind, item in events:
        made.learn(kind, item, ledger)
    return made


@settings(max_examples=40, deadline=None)
@given(EVENTS, st.integers(0, N_PAUSES - 1))
def test_the_affinity_is_what_its_formula_says(events: list[tuple[int, int]], kind: int) -> None:
    of_kind = np.array([[(k, i) for k, i in events].count((kind, item)) for item in ALL])
    counts = np.array([[i for _, i in events].count(item) for item in ALL])
    share = (of_kind.sum() + 1) / (len(events) + N_PAUSES)
    expected = 0.5 * np.log((of_kind + 4 * share) / ((counts + 4) * share))
    assert np.allclose(lived(events).affinity(ALL, kind), expected, atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(EVENTS)
def test_counts_are_packed_without_loss(events: list[tuple[int, int]]) -> None:
    state = lived(events).get_state()
    again = unpack_circumstances(pack_circumstances(state), N_PAUSES)
    assert digest_of(again) == digest_of(state)
    other = Circumstances(N_PAUSES)
    other.set_state(again, 10)
    assert np.array_equal(other.affinity(ALL, 2), lived(events).affinity(ALL, 2))


@settings(max_examples=40, deadline=None)
@given(EVENTS, EVENTS)
def test_what_was_learned_can_be_taken_back(
    kept: list[tuple[int, int]], undone: list[tuple[int, int]]
) -> None:
    made, ledger = lived(kept), Ledger()
    for kind, item in undone:
        made.learn(kind, item, ledger)
    ledger.revert()
    assert digest_of(made.get_state()) == digest_of(lived(kept).get_state())
    assert np.array_equal(made.affinity(ALL, 1), lived(kept).affinity(ALL, 1))


def test_packed_counts_that_are_none_are_refused() -> None:
    packed = pack_circumstances({"items": np.array([3]), "counts": np.full((1, N_PAUSES), -1, np.int32)})
    with pytest.raises(FormatError, match="count"):
        unpack_circumstances(packed, N_PAUSES)


def test_pauses_are_told_apart() -> None:
    kinds = [pause_kind(seconds) for seconds in (0.0, 1_800.0, 1_801.0, 1e5, 1e7, float("inf"))]
    assert kinds == [0, 0, 1, 2, 3, 4]
    assert kinds[2] == OPENING


def test_how_long_a_click_takes_says_nothing() -> None:
    """Bug of the first version: on votes a pause of seconds is how long the very statement was read."""
    assert pause_kind(2.0) == pause_kind(20.0) == pause_kind(200.0)
    quick, slow = (facts([0, 1], [1_000.0, 900.0], 1_000.0 + seconds)[2] for seconds in (1.0, 59.0))
    assert np.array_equal(quick, slow)


def column(name: str) -> int:
    return FEATURES.index(name)


def facts(items: list[int], times: list[float], now: float, departures: float = 0.0) -> np.ndarray:
    """What the gate is told about the items 0 to 2 for somebody who had `items`, the latest first."""
    past = Past(
        np.array(items, dtype=np.int64),
        np.ones(len(items), np.float32),
        np.array(times, dtype=np.float64),
        np.unique(np.array(items, dtype=np.int64)),
        Moment(now),
    )
    return describe(np.arange(3), {}, PopularityBank(), past, departures).features


def test_it_is_time_again_when_as_much_has_passed_as_always() -> None:
    day = 24 * HOUR
    due = facts([1, 0, 0, 1, 0], [9.5 * day, 9 * day, 8 * day, 7.5 * day, 7 * day], 10 * day)
    assert due[0, column("repeats.rhythm")] == pytest.approx(1.0)  # each day, and a day ago
    assert due[0, column("repeats.overdue")] == pytest.approx(0.0, abs=1e-6)
    assert due[1, column("repeats.rhythm")] == pytest.approx(0.25)  # each second day, and half a day ago
    assert due[1, column("repeats.overdue")] == pytest.approx(np.log(0.25) / 3, rel=1e-5)
    assert due[0, column("repeats.rhythm_in_events")] == pytest.approx(0.75)  # each 1.5 events, and 2 ago
    assert not due[2, [column("repeats.rhythm"), column("repeats.rhythm_in_events")]].any()
    early = facts([0], [9 * day], 10 * day)
    assert not early[0, [column("repeats.rhythm"), column("repeats.overdue")]].any()  # once is no rhythm


def test_the_context_says_where_in_a_sitting_a_person_is() -> None:
    within = facts([0, 1, 0, 2], [1_000.0, 900.0, 800.0, -9_000.0], 1_060.0, departures=3.0)[0]
    assert within[column("context.sitting")] == pytest.approx(0.3)
    assert within[column("context.opens")] == 0.0
    assert within[column("context.repeated")] == pytest.approx(0.25)
    assert within[column("context.departures")] == pytest.approx(np.log1p(3.0) / 5.0)
    usual = (2 * np.log1p(100.0 / 60) + np.log1p(9_800.0 / 60)) / 3
    assert within[column("context.gap_to_usual")] == pytest.approx((np.log1p(1.0) - usual) / 5.0, rel=1e-5)
    for items, times in [([], []), ([0], [1_000.0])]:
        assert facts(items, times, 1e6)[0, column("context.opens")] == 1.0


def test_what_people_come_for_is_told_from_what_they_find_then() -> None:
    rec = Recommender(Catalog.from_records({"item": n} for n in range(4)), embedding_dim=4, hidden_dim=4)
    for visit in range(6):
        for step, item in enumerate((0, 1)):  # first the one, then the other, each second day
            rec.learn_one(user="ada", item=item, time=1e9 + 2 * 24 * HOUR * visit + 60.0 * step)
    now, ada = 1e9 + 2 * 24 * HOUR * 6, 0
    later, at_once = (
        rec.ranker.features_of(ada, np.array([0, 1]), moment) for moment in (now, now - 48 * HOUR + 90.0)
    )
    for name in ("popularity.after_pause", "popularity.fits"):
        assert later[0, column(name)] > later[1, column(name)]
        assert at_once[0, column(name)] < at_once[1, column(name)]
    assert (later[:, column("popularity.opens")] == at_once[:, column("popularity.opens")]).all()
    assert later[0, column("popularity.opens")] > 0.9 > 0.1 > later[1, column("popularity.opens")]


@pytest.mark.parametrize("group", ["popularity", "repeats"])
def test_of_what_is_switched_off_the_context_says_nothing(group: str) -> None:
    rec = Recommender(Catalog.from_records({"item": n} for n in range(4)), **{f"use_{group}": False})
    for item in (0, 1, 0, 1):
        rec.learn_one(user="ada", item=item)
    told = dict(zip(FEATURES, rec.ranker.features_of(0, np.array([2]))[0].tolist(), strict=True))
    assert told["context.history_length"] > 0
    assert (told["context.popularity"] == 0) == (group == "popularity")
    assert (told["context.repeated"] == 0) == (group == "repeats")
