"""What would have to be left undone for an item not to be in a list."""

from __future__ import annotations

import signal
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import Catalog, Feedback
from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.explanation.counterfactual import Counterfactual, Gone, Standing, search
from lifelong_widgets.memory import NETWORK_ALONE
from lifelong_widgets.recommender import Recommender
from tests.engine.worlds import SMALL, assert_same_state
from tests.explanation.test_explanation import life


def really_without(rec: Recommender, user: Any, places: list[int]) -> Recommender:
    """A copy whose file never had these events in the person's past; what was learned stays."""
    state, person = rec.get_state(), rec.users.get(user)
    assert person is not None
    there = np.flatnonzero(state["histories"]["rewards"][person])[places]
    for name in ("items", "rewards", "kinds", "times"):
        row = state["histories"][name][person]
        kept = np.delete(row, there)
        row[:] = 0
        row[: len(kept)] = kept
    return Recommender.from_saved(
        rec.catalog, rec.kinds, rec.seed, False, rec.settings(), rec.features, state
    )


@pytest.mark.parametrize(
    "settings_of", [{}, {"discount": 0.9, "session_gap": 1e6}, NETWORK_ALONE, {"model": "cnn"}]
)
def test_the_item_leaves_the_list_of_who_really_did_not_do_it(settings_of: dict[str, Any]) -> None:
    rec = life(7, 80, n_items=40, **settings_of)
    before, n_found = rec.digest(), 0
    for user in range(2):
        for item in rec.recommend(user, k=4).items[2:]:
            found = rec.counterfactual(user, item, k=4)
            if not found.found:
                continue
            n_found += 1
            places = [event.place for event in found.events]
            listed = really_without(rec, user, places).recommend(user, k=4)
            assert item not in listed.items and listed[3].title == found.instead
            for kept in combinations(places, len(places) - 1):  # each of them is needed
                assert item in really_without(rec, user, list(kept)).recommend(user, k=4).items
    assert n_found and rec.digest() == before


def test_scores_without_events_are_those_of_who_did_not_do_them() -> None:
    rec = life(8, 80)
    person = rec.users.get(2)
    other = really_without(rec, 2, [0, 3, 4])
    look = rec.ranker.look_without(person, [0, 3, 4])
    for item in range(20):
        assert rec.ranker.score_of(person, item, look=look) == other.ranker.score_of(person, item)
    nothing = rec.ranker.look_without(person, [])
    assert [rec.ranker.score_of(person, n, look=nothing) for n in range(20)] == [
        rec.ranker.score_of(person, n) for n in range(20)
    ]


@settings(max_examples=60)
@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6), st.floats(0.0, 3.0))
def test_sets_of_one_and_two_are_the_smallest(worth: list[float], needed: float) -> None:
    """Against all sets there are, where events add up."""

    def standing(gone: Gone) -> Standing:
        margin = sum(amount for event, amount in enumerate(worth) if event not in gone) - needed
        return Standing(1 if margin > 1e-9 else None, margin, None)

    if standing(frozenset()).rank is None:
        return
    found = search(standing, range(len(worth)))
    sets = [frozenset(each) for n in range(1, len(worth) + 1) for each in combinations(range(len(worth)), n)]
    out = [each for each in sets if standing(each).rank is None]
    assert bool(out) == bool(found.gone) and found.finished
    assert found.stays_without_any == (standing(frozenset(range(len(worth)))).rank is not None)
    if out:
        assert standing(found.gone).rank is None
        if found.is_smallest:
            assert len(found.gone) == min(map(len, out))


def test_what_is_popular_with_all_has_no_counterfactual() -> None:
    rec = Recommender(Catalog.from_records({"item": n, "title": f"Thing {n}"} for n in range(30)), **SMALL)
    for n in range(60):
        rec.learn_one(user=f"p{n}", item=0, kind="like", time=float(n))
    rec.observe(Feedback("eve", 7, "like"))
    found = rec.counterfactual("eve", 0, k=3)
    assert not found.found and found.finished and found.stays_without_any and found.rank == 1
    assert "without any past" in str(found) and not len(found.to_pandas())


def test_a_search_ends_when_it_is_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
    rec = life(7, 120, n_items=40)
    item = rec.recommend(1, k=4).items[0]
    looked = rec.ranker.look_without
    calls: list[int] = []

    def interrupted(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            signal.raise_signal(signal.SIGINT)
        return looked(*args)

    monkeypatch.setattr(rec.ranker, "look_without", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        found = rec.counterfactual(1, item, k=4)
    finally:
        signal.signal(signal.SIGINT, before)
    assert not found.finished and len(calls) == 3 and not found.is_smallest
    monkeypatch.undo()
    again = life(7, 120, n_items=40)
    assert_same_state(rec, again)


def test_work_is_bounded() -> None:
    """However many events there are, and however little each does."""
    asked = []

    def standing(gone: Gone) -> Standing:
        asked.append(gone)
        return Standing(1, 1.0 - 1e-6 * len(gone), None)

    found = search(standing, range(600))
    assert not found.finished and not found.gone and len(asked) <= 1000


def test_refusals_and_words() -> None:
    rec = life(7, 120, n_items=40)
    listed = rec.recommend(1, k=40).items
    with pytest.raises(DataError, match=r"is not among the 2 best .* k=… asks about a longer"):
        rec.counterfactual(1, listed[5], k=2)
    with pytest.raises(UnknownItemError):
        rec.counterfactual(1, "nothing")
    with pytest.raises(DataError, match="k is 0"):
        rec.counterfactual(1, listed[0], k=0)
    drawn = next(found for item in listed[:10] if (found := rec.counterfactual(1, item)).found)
    assert isinstance(drawn, Counterfactual) and "would not be in the list without" in repr(drawn)
    assert list(drawn.to_pandas().columns) == ["place", "item", "title", "kind", "time", "amount"]
    assert "<table>" in drawn._repr_html_()
