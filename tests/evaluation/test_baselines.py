"""Recent popularity: what fades, what ties, what is hidden, and that fit and learn_one agree."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lifelong_widgets.data import DEFAULT_KINDS, Feedback, FeedbackKind, Interactions
from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.evaluation import RecencyPopularity
from tests.evaluation.learners import catalog_of, log_of

DAY = 86_400.0


def seen(item: str, day: float, kind: str = "view", user: str = "someone") -> Feedback:
    return Feedback(user, item, kind, time=day * DAY)


def test_two_old_events_weigh_as_much_as_one_a_half_life_later() -> None:
    popular = RecencyPopularity(catalog_of("old", "new"), half_life="2D")
    for feedback in (seen("old", 0), seen("old", 0), seen("new", 2)):
        popular.learn_one(feedback)
    assert [row.score for row in popular.recommend("me", k=2)] == pytest.approx([1.0, 1.0])
    popular.learn_one(seen("new", 2))
    assert popular.recommend("me", k=2).items == ("new", "old")
    assert popular.recommend("me", k=2)[1].score == pytest.approx(0.5)


def test_ties_keep_the_order_of_the_catalogue() -> None:
    popular = RecencyPopularity(catalog_of("c", "a", "b", "d"))
    assert popular.recommend("me", k=3).items == ("c", "a", "b")
    popular.learn_one(seen("d", 1))
    assert popular.recommend("me", k=3).items == ("d", "c", "a")
    assert popular.recommend("me", k=9).items == ("d", "c", "a", "b")


def test_what_was_consumed_is_hidden_and_what_was_only_viewed_is_not() -> None:
    popular = RecencyPopularity(catalog_of("a", "b", "c"))
    popular.learn_one(seen("a", 0, "purchase", "ada"))
    popular.learn_one(seen("b", 0, "view", "ada"))
    assert popular.recommend("ada", k=3).items == ("b", "c")
    assert popular.recommend("ada", k=3, exclude_seen=False).items == ("a", "b", "c")
    assert popular.recommend("bob", k=3).items == ("a", "b", "c")


def test_weights_count_and_what_speaks_against_an_item_does_not() -> None:
    kinds = DEFAULT_KINDS.with_weights(like=3.0).with_kind(FeedbackKind("glance", weight=0.0))
    popular = RecencyPopularity(catalog_of("a", "b", "c"), kinds=kinds)
    for user, (item, kind) in enumerate([("a", "rating"), ("a", "rating"), ("b", "like")]):
        popular.learn_one(Feedback(user, item, kind, time=0.0))
    for kind in ("dislike", "glance"):
        popular.learn_one(Feedback("x", "c", kind, time=0.0))
    assert popular.recommend("y", k=3).items == ("b", "a", "c")
    assert popular.recommend("y", k=3)[2].score == 0.0
    assert popular.recommend("x", k=3).items == ("b", "a")


def test_an_observed_event_is_remembered_but_not_counted() -> None:
    popular = RecencyPopularity(catalog_of("a", "b"))
    popular.observe(seen("b", 0, "click", "ada"))
    assert popular.recommend("bob", k=1).items == ("a",)
    assert popular.recommend("ada", k=2).items == ("a",)


def test_a_feedback_without_a_time_happens_now() -> None:
    popular = RecencyPopularity(catalog_of("a", "b"), half_life="1D")
    for feedback in (seen("a", 10), Feedback("x", "b", "view"), Feedback("x", "b", "view")):
        popular.learn_one(feedback)
    assert popular.recommend("me", k=1).items == ("b",)
    assert popular.recommend("me", k=2)[1].score == pytest.approx(0.5)


def test_centuries_do_not_overflow() -> None:
    popular = RecencyPopularity(catalog_of("a", "b", "c"), half_life="1s")
    for year, item in [(0, "c"), (100, "b"), (200, "a")]:
        popular.learn_one(seen(item, 365 * year))
    assert popular.recommend("me", k=3).items == ("a", "b", "c")


def test_the_catalogue_may_grow() -> None:
    catalog = catalog_of("a")
    popular = RecencyPopularity(catalog)
    popular.learn_one(seen("a", 0))
    catalog.add({"item": "b"})
    assert popular.recommend("me", k=5).items == ("a", "b")
    popular.learn_one(seen("b", 1))
    assert popular.recommend("me", k=5).items == ("b", "a")


@settings(max_examples=40, deadline=None)
@given(
    events=st.lists(
        st.tuples(
            st.integers(0, 5), st.integers(0, 8), st.sampled_from(list(DEFAULT_KINDS)), st.integers(0, 90)
        ),
        min_size=1,
        max_size=60,
    )
)
def test_fit_is_the_same_as_learning_one_by_one(events: list[tuple[int, int, str, int]]) -> None:
    frame = pd.DataFrame(events, columns=["user", "item", "kind", "time"])
    log = Interactions.from_pandas(frame.assign(time=frame["time"] * DAY))
    fitted, taught = (RecencyPopularity(catalog_of(*range(9))) for _ in range(2))
    fitted.fit(log)
    for event in log:
        taught.learn_one(event)
    for user in range(6):
        one, other = fitted.recommend(user, k=9), taught.recommend(user, k=9)
        np.testing.assert_allclose([row.score for row in one], [row.score for row in other], rtol=1e-9)
        assert set(one.items) == set(other.items)


@given(k=st.integers(1, 30), counts=st.lists(st.integers(0, 3), min_size=1, max_size=20))
def test_the_first_k_are_the_first_of_the_whole_order(k: int, counts: list[int]) -> None:
    popular = RecencyPopularity(catalog_of(*range(len(counts))))
    for item, count in enumerate(counts):
        for _ in range(count):
            popular.learn_one(Feedback("x", item, "view", time=0.0))
    order = sorted(range(len(counts)), key=lambda item: (-counts[item], item))
    assert popular.recommend("me", k=k).items == tuple(order[:k])


def test_a_wrong_event_changes_nothing() -> None:
    popular = RecencyPopularity(catalog_of("a", "b"))
    popular.learn_one(seen("b", 0))
    for learn in (popular.learn_one, popular.observe):
        with pytest.raises(UnknownItemError, match="'z'"):
            learn(seen("z", 1))
        with pytest.raises(DataError, match="did you mean 'like'"):
            learn(seen("a", 1, "lik"))
    with pytest.raises(UnknownItemError, match="'z'"):
        popular.fit(log_of([("me", "a"), ("me", "z")]))
    assert popular.recommend("me", k=2).items == ("b", "a")


def test_a_half_life_that_is_a_number_is_seconds_as_a_text_too() -> None:
    """Bug: pandas takes "3600", as a command line gives it, for nanoseconds."""
    assert RecencyPopularity(catalog_of("a"), half_life="3600").half_life == 3600.0


@pytest.mark.parametrize("half_life", ["soon", 0, -3.0, "0s", True, float("nan"), float("inf"), None])
def test_a_half_life_is_a_positive_duration(half_life) -> None:
    with pytest.raises(DataError, match="half_life must be a positive duration such as '7D'"):
        RecencyPopularity(catalog_of("a"), half_life=half_life)


def test_a_half_life_may_be_written_in_several_ways() -> None:
    catalog = catalog_of("a")
    ways = ["90min", 5400, 5400.0, timedelta(minutes=90)]
    assert {RecencyPopularity(catalog, half_life=way).half_life for way in ways} == {5400.0}


def test_a_list_has_at_least_one_item() -> None:
    with pytest.raises(DataError, match="at least 1"):
        RecencyPopularity(catalog_of("a")).recommend("me", k=0)
