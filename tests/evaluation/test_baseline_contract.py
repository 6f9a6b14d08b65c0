"""What every simple learner owes: growth, determinism, predictions that change nothing, errors, ties."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from lifelong_widgets.data import Feedback
from lifelong_widgets.errors import DataError, UnknownItemError
from lifelong_widgets.evaluation import prequential
from tests.evaluation.baseline_learners import LEARNERS, READERS, inside, teach
from tests.evaluation.learners import catalog_of, log_of

of_all = pytest.mark.parametrize("name", LEARNERS)
of_readers = pytest.mark.parametrize("name", READERS)


def some_events(n: int = 60, people: int = 4, items: int = 6, seed: int = 0) -> list[tuple[int, int]]:
    random = np.random.default_rng(seed)
    return list(
        zip(random.integers(people, size=n).tolist(), random.integers(items, size=n).tolist(), strict=True)
    )


@of_all
def test_before_anything_is_learned_the_list_is_the_catalogue(name: str) -> None:
    learner = LEARNERS[name](catalog_of("c", "a", "b"))
    assert learner.recommend("nobody", k=2).items == ("c", "a")
    assert learner.recommend("nobody", k=9).items == ("c", "a", "b")


@of_all
def test_the_catalogue_may_grow_at_any_time(name: str) -> None:
    catalog = catalog_of("a", "b")
    learner = teach(LEARNERS[name](catalog), [("ada", "a"), ("ada", "b"), ("bob", "b")])
    catalog.add({"item": "new"})
    assert set(learner.recommend("eve", k=9).items) == {"a", "b", "new"}
    assert set(learner.recommend("bob", k=9, exclude_seen=False).items) == {"a", "b", "new"}
    for number in range(200):
        catalog.add({"item": f"later {number}"})
    teach(learner, [(f"user {number}", item) for number in range(5) for item in ("b", "later 150")])
    assert learner.recommend("bob", k=1).items == ("later 150",)
    assert len(learner.recommend("ada", k=999).items) == len(catalog) - 2


@of_all
def test_the_same_events_give_the_same_lists(name: str) -> None:
    one, other = (teach(LEARNERS[name](catalog_of(*range(6))), some_events()) for _ in range(2))
    assert inside(one) == inside(other)
    for user in range(5):
        first, second = (
            one.recommend(user, k=6, exclude_seen=False),
            other.recommend(user, k=6, exclude_seen=False),
        )
        assert (first.items, first.scores) == (second.items, second.scores)


@of_all
def test_a_prediction_changes_nothing(name: str) -> None:
    catalog = catalog_of(*range(6))
    learner = teach(LEARNERS[name](catalog), some_events())
    catalog.add({"item": 99})
    before = inside(learner)
    for user in (0, 1, 2, 3, 4, 77):
        for exclude_seen in (True, False):
            learner.recommend(user, k=3, exclude_seen=exclude_seen)
            learner.recommend(user, k=100, exclude_seen=exclude_seen, reasons=False)
    assert inside(learner) == before
    teach(learner, [(0, 99)])
    assert inside(learner) != before


@of_all
def test_a_list_has_no_item_twice_and_its_scores_do_not_rise(name: str) -> None:
    learner = teach(LEARNERS[name](catalog_of(*range(9))), some_events())
    for user in range(5):
        for k in (1, 4, 9):
            for exclude_seen in (True, False):
                ranked = learner.recommend(user, k=k, exclude_seen=exclude_seen)
                assert len(set(ranked.items)) == len(ranked.items) == len(ranked.scores)
                assert list(ranked.scores) == sorted(ranked.scores, reverse=True)
                assert np.isfinite(ranked.scores).all()
                assert ranked.items == learner.recommend(user, k=9, exclude_seen=exclude_seen).items[:k]


@of_all
def test_what_was_consumed_is_hidden_if_that_is_wished(name: str) -> None:
    learner = teach(
        LEARNERS[name](catalog_of("a", "b", "c", "d")), [("ada", "a"), ("ada", "b"), ("bob", "a")]
    )
    teach(learner, [("ada", "c")], kind="view")  # which consumes nothing
    assert sorted(learner.recommend("ada", k=9).items) == ["c", "d"]
    assert sorted(learner.recommend("ada", k=9, exclude_seen=False).items) == ["a", "b", "c", "d"]
    assert sorted(learner.recommend("bob", k=9).items) == ["b", "c", "d"]


@of_all
def test_what_speaks_against_an_item_hides_it_and_teaches_nothing(name: str) -> None:
    events = [("ada", "a"), ("ada", "b"), ("bob", "a")]
    one, other = (teach(LEARNERS[name](catalog_of("a", "b", "c")), events) for _ in range(2))
    teach(one, [("eve", "c"), ("bob", "c")], kind="dislike")
    assert "c" not in one.recommend("eve", k=3).items and "c" in one.recommend("ada", k=3).items
    for user in ("ada", "bob", "somebody"):
        first, second = (
            one.recommend(user, k=3, exclude_seen=False),
            other.recommend(user, k=3, exclude_seen=False),
        )
        assert (first.items, first.scores) == (second.items, second.scores)


@of_all
def test_ties_keep_the_order_of_the_catalogue(name: str) -> None:
    learner = teach(
        LEARNERS[name](catalog_of("z", "b", "c", "a")), [("ada", "z"), ("bob", "z"), ("eve", "z")]
    )
    teach(learner, [("ada", "c"), ("bob", "b"), ("eve", "a")])
    teach(learner, [("me", "z")])
    ranked = learner.recommend("me", k=3)
    assert ranked.items == ("b", "c", "a")
    assert len(set(ranked.scores)) == 1


@of_all
def test_a_wrong_event_changes_nothing(name: str) -> None:
    learner = teach(LEARNERS[name](catalog_of(*range(6))), some_events())
    before = inside(learner)
    for learn in (learner.learn_one, learner.observe):
        with pytest.raises(UnknownItemError, match="99"):
            learn(Feedback(0, 99))
        with pytest.raises(DataError, match="did you mean 'like'"):
            learn(Feedback(0, 1, "lik"))
    with pytest.raises(UnknownItemError, match="99"):
        learner.fit(log_of([(0, 1), (0, 99)]))
    assert inside(learner) == before


@of_all
def test_a_list_has_at_least_one_item(name: str) -> None:
    with pytest.raises(DataError, match="at least 1"):
        LEARNERS[name](catalog_of("a")).recommend("me", k=0)


@of_all
def test_memory_does_not_grow_with_events(name: str) -> None:
    def size(thing: Any) -> int:
        if isinstance(thing, (bytes, str)):
            return len(thing)
        return sum(map(size, thing)) if isinstance(thing, (list, tuple)) else 1

    events = [(user, item) for user in range(4) for item in range(6)] + some_events(3000)
    learner = teach(LEARNERS[name](catalog_of(*range(6))), events)
    before = size(inside(learner))
    teach(learner, some_events(3000, seed=1))
    assert size(inside(learner)) <= before + 8  # the text of the random state is not always as long


@of_readers
def test_an_observed_event_moves_the_list_of_that_person_only(name: str) -> None:
    events = [(user, item) for user in range(8) for item in (("a", "b"), ("x", "y"))[user % 2]]
    learner = teach(READERS[name](catalog_of("x", "y", "a", "b")), events)
    others = learner.recommend(0, k=4, exclude_seen=False)
    learner.observe(Feedback("me", "a"))
    assert learner.recommend("me", k=1).items == ("b",)
    learner.observe(Feedback("me", "x"))
    assert learner.recommend("me", k=1).items == ("y",)
    again = learner.recommend(0, k=4, exclude_seen=False)
    assert (again.items, again.scores) == (others.items, others.scores)


@of_readers
def test_somebody_new_sees_what_is_popular_now(name: str) -> None:
    learner = READERS[name](catalog_of("old", "new", "b"), half_life="1D")
    for day, item in [(0, "old"), (0, "old"), (9, "new")]:
        learner.learn_one(Feedback("ada", item, time=86_400.0 * day))
    ranked = learner.recommend("me", k=3)
    assert ranked.items == ("new", "old", "b")
    assert ranked[0].reason == "popular now" and ranked.scores == pytest.approx([0, 2 / 2**9 - 1, -1])


@of_readers
@pytest.mark.parametrize("history_length", [0, -1, 2.5, True])
def test_settings_are_checked(name: str, history_length: Any) -> None:
    setting = {"sequence kNN": "window", "last item": "capacity"}.get(name, "history_length")
    with pytest.raises(DataError, match=f"{setting} must be a whole number of at least 1"):
        READERS[name](catalog_of("a"), **{setting: history_length})
    with pytest.raises(DataError, match="half_life must be a positive duration"):
        READERS[name](catalog_of("a"), half_life="soon")


def test_they_all_run_beside_each_other() -> None:
    catalog = catalog_of(*range(3))  # the others arrive
    log = log_of([(user, (step + user) % 8) for step in range(60) for user in range(3)])
    report = prequential(
        {name: make(catalog) for name, make in LEARNERS.items()}, log, exclude_seen=False, k=1, progress=False
    )
    hits = {name: report.fifth(5, name)["HR@1"] for name in LEARNERS}
    assert hits["last item"] == hits["linear"] == 1.0  # a cycle of eight
    assert hits["popularity"] < 0.5
